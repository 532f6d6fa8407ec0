"""One conversation in somebody's list."""

from dataclasses import dataclass

from teamgram.domain.boxes.message import Draft


@dataclass(frozen=True, slots=True)
class Dialog:
    """What ``owner_id`` has with ``peer`` (marked id).

    Attributes:
        top_message_id: the owner's newest message there; 0 when there is none (only a draft, or all deleted).
        read_inbox_max_id: up to here the owner has read; ``read_outbox_max_id``: up to here the others have.
        pts: of the channel it is with; else 0.
        pinned_order: 0 when not pinned; the greatest is on top.
    """

    owner_id: int
    peer: int
    top_message_id: int
    top_sent_at: int
    read_inbox_max_id: int
    read_outbox_max_id: int
    unread_count: int
    unread_mentions: int
    unread_mark: bool
    pinned_order: int
    folder_id: int
    pinned_message_id: int
    hidden_bar: bool
    draft: Draft | None
    pts: int = 0
    unread_reactions: int = 0
