"""Conversations in somebody's list as TL."""

from typing import Any

from teamgram.bff.views.messages import draft_view, peer_view
from teamgram.domain.dialogs.dialog import Dialog
from teamgram.mtproto.tl import tl


def dialog_view(dialog: Dialog, notify_settings: Any, lifetime: int = 0) -> Any:
    """``dialog``.

    Args:
        lifetime: seconds after which messages there delete themselves.
    """
    return tl.dialog(
        pinned=dialog.pinned_order > 0,
        unread_mark=dialog.unread_mark,
        peer=peer_view(dialog.peer),
        top_message=dialog.top_message_id,
        read_inbox_max_id=dialog.read_inbox_max_id,
        read_outbox_max_id=dialog.read_outbox_max_id,
        unread_count=dialog.unread_count,
        unread_mentions_count=dialog.unread_mentions,
        unread_reactions_count=dialog.unread_reactions,
        unread_poll_votes_count=0,
        notify_settings=notify_settings,
        pts=dialog.pts or None,
        draft=draft_view(dialog.draft) if dialog.draft is not None else None,
        folder_id=dialog.folder_id or None,
        ttl_period=lifetime or None,
    )
