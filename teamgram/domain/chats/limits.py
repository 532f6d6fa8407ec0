"""Who may found groups and channels here, how many, and how large they grow: the operator's choice."""

from dataclasses import dataclass

from teamgram.domain.chats.chat import MAX_PARTICIPANTS


@dataclass(frozen=True, slots=True)
class ChatLimits:
    """Bounds for everybody alike.

    Attributes:
        groups, channels: whether anybody may found a basic group; a channel or supergroup.
        group_members: of a basic group.
        channels_of_one: channels and supergroups that one person may own.
        channel_members: of a channel or supergroup, 0 for no bound.
    """

    groups: bool = True
    channels: bool = True
    group_members: int = MAX_PARTICIPANTS
    channels_of_one: int = 500
    channel_members: int = 0


EVERYTHING = ChatLimits()
