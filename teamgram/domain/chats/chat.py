"""A basic group and who is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from teamgram.domain.files.file import Avatar

MAX_PARTICIPANTS = 200


class Role(IntEnum):
    """A participant's part in the group; the numbers are stored."""

    MEMBER = 0
    ADMIN = 1
    CREATOR = 2


class Standing(IntEnum):
    """Whether somebody is in the group; the numbers are stored."""

    PRESENT = 0
    LEFT = 1
    REMOVED = 2


class Banned(IntFlag):
    """What members may not do; the bits are those of TL's ``chatBannedRights``, and are stored."""

    VIEW_MESSAGES = 1 << 0
    SEND_MESSAGES = 1 << 1
    SEND_MEDIA = 1 << 2
    SEND_STICKERS = 1 << 3
    SEND_GIFS = 1 << 4
    SEND_GAMES = 1 << 5
    SEND_INLINE = 1 << 6
    EMBED_LINKS = 1 << 7
    SEND_POLLS = 1 << 8
    CHANGE_INFO = 1 << 10
    INVITE_USERS = 1 << 15
    PIN_MESSAGES = 1 << 17
    MANAGE_TOPICS = 1 << 18
    SEND_PHOTOS = 1 << 19
    SEND_VIDEOS = 1 << 20
    SEND_ROUNDVIDEOS = 1 << 21
    SEND_AUDIOS = 1 << 22
    SEND_VOICES = 1 << 23
    SEND_DOCS = 1 << 24
    SEND_PLAIN = 1 << 25


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who is, or was, in a group.

    Attributes:
        joined_at: unix seconds.
    """

    user_id: int
    inviter_id: int
    joined_at: int
    role: Role = Role.MEMBER
    standing: Standing = Standing.PRESENT


@dataclass(frozen=True, slots=True)
class Chat:
    """A basic group.

    Attributes:
        version: counts changes of the participants: who is there, and who administers. Clients follow them by it, and
            ask for all participants anew when it grows otherwise.
        participants: who is or was in it, by user id; only those of ``asked`` where not everybody was asked for.
        ttl_seconds: after which messages delete themselves, 0 for never.
        migrated_to: bare id of the supergroup that it became, 0 for none; ``migrated_to_hash``: its access hash.
        asked: those whose part is known; None: everybody's.
    """

    id: int
    title: str
    about: str
    creator_id: int
    created_at: int
    version: int
    default_banned_rights: int
    deactivated: bool
    noforwards: bool
    participants: Mapping[int, Participant]
    asked: frozenset[int] | None = None
    photo: Avatar | None = None
    ttl_seconds: int = 0
    migrated_to: int = 0
    migrated_to_hash: int = 0

    @property
    def members(self) -> list[int]:
        """The ids of those who are in it now, in the order of their ids.

        Raises:
            LookupError: not everybody was asked for.
        """
        if self.asked is not None:
            raise LookupError(f"only {len(self.asked)} participants of group {self.id} were read")
        return sorted(p.user_id for p in self.participants.values() if p.standing is Standing.PRESENT)

    def participant(self, user_id: int) -> Participant | None:
        """Somebody who is or was in the group; None: they never were.

        Raises:
            LookupError: they were not asked for.
        """
        if self.asked is not None and user_id not in self.asked:
            raise LookupError(f"user {user_id} of group {self.id} was not read")
        return self.participants.get(user_id)

    def member(self, user_id: int) -> Participant | None:
        """The participant if they are in the group now.

        Raises:
            LookupError: they were not asked for.
        """
        participant = self.participant(user_id)
        return participant if participant is not None and participant.standing is Standing.PRESENT else None

    def is_admin(self, user_id: int) -> bool:
        """Whether they administer the group (its creator does)."""
        participant = self.member(user_id)
        return participant is not None and participant.role is not Role.MEMBER
