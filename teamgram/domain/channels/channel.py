"""A channel or supergroup, and what somebody is in it."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

import msgspec

from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.files.file import Avatar
from teamgram.domain.ids.peer import marked_channel

MAX_CHANNELS = 500
"""Channels that somebody may be in; ``channels_limit_default`` in help.getAppConfig."""

FOREVER = 0x7FFFFFFF
"""``until_date`` of what has no end; also of what is to end too soon, or in more than a year."""


class Kind(IntEnum):
    """The numbers are stored."""

    BROADCAST = 0
    MEGAGROUP = 1


class Flag(IntFlag):
    """What a channel is set to; the bits are stored."""

    FORUM = 1 << 0
    SIGNATURES = 1 << 1
    NOFORWARDS = 1 << 2
    HIDDEN_PREHISTORY = 1 << 3
    JOIN_TO_SEND = 1 << 4
    JOIN_REQUEST = 1 << 5
    PARTICIPANTS_HIDDEN = 1 << 6
    SIGNATURE_PROFILES = 1 << 7
    ANTISPAM = 1 << 8
    GIGAGROUP = 1 << 9
    DELETED = 1 << 10
    FORUM_TABS = 1 << 11
    AUTOTRANSLATION = 1 << 12


class AdminRight(IntFlag):
    """What an administrator may do; the bits are those of TL's ``chatAdminRights``, and are stored."""

    CHANGE_INFO = 1 << 0
    POST_MESSAGES = 1 << 1
    EDIT_MESSAGES = 1 << 2
    DELETE_MESSAGES = 1 << 3
    BAN_USERS = 1 << 4
    INVITE_USERS = 1 << 5
    PIN_MESSAGES = 1 << 7
    ADD_ADMINS = 1 << 9
    ANONYMOUS = 1 << 10
    MANAGE_CALL = 1 << 11
    OTHER = 1 << 12
    MANAGE_TOPICS = 1 << 13
    POST_STORIES = 1 << 14
    EDIT_STORIES = 1 << 15
    DELETE_STORIES = 1 << 16
    MANAGE_DIRECT_MESSAGES = 1 << 17


ALL_RIGHTS = AdminRight(sum(AdminRight)) & ~AdminRight.ANONYMOUS
"""The owner's; anonymous they are when they choose to be."""


class Membership(msgspec.Struct, frozen=True, gc=False):
    """What somebody is in a channel. Nobody who was never there, and left without a ban, has one.

    Attributes:
        admin_rights: ``AdminRight`` bits.
        banned_rights: ``Banned`` bits of their own.
        banned_until: unix seconds; ``FOREVER`` or 0 for no end.
        hidden_up_to: the last message from before they came, where they do not see those.
    """

    standing: Standing = Standing.PRESENT
    role: Role = Role.MEMBER
    admin_rights: int = 0
    banned_rights: int = 0
    banned_until: int = 0
    rank: str = ""
    hidden_up_to: int = 0

    @property
    def is_present(self) -> bool:
        """Whether they are in it now."""
        return self.standing is Standing.PRESENT

    def without_ended_bans(self, now: int) -> "Membership":
        """As it is at that time (unix seconds)."""
        if not self.banned_until or self.banned_until >= FOREVER or self.banned_until > now:
            return self
        standing = Standing.LEFT if self.standing is Standing.REMOVED else self.standing
        return msgspec.structs.replace(self, standing=standing, banned_rights=0, banned_until=0)


PLAIN_MEMBER = Membership()
"""What most are: one object for all of them."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody's row in a channel.

    Attributes:
        joined_at, changed_at: unix seconds.
        promoted_by, restricted_by: who made them an administrator, restricted them or put them out; 0 for nobody.
    """

    user_id: int
    membership: Membership
    inviter_id: int = 0
    joined_at: int = 0
    promoted_by: int = 0
    restricted_by: int = 0
    changed_at: int = 0


NOBODY = Member(0, Membership(standing=Standing.LEFT))
"""Who was never there."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel or supergroup, without who is in it.

    Attributes:
        members: how many there are.
        flags: ``Flag`` bits.
        default_banned_rights: ``Banned`` bits, of a supergroup's members.
        linked_id: bare id of the channel that this is the discussion group of, or the other way around; 0 for none.
        migrated_from_chat_id: the basic group that it was before; ``migrated_from_max_id``: 0 or its last message.
    """

    id: int
    access_hash: int
    kind: Kind
    flags: int
    title: str
    about: str
    username: str
    creator_id: int
    created_at: int
    default_banned_rights: int = 0
    members: int = 0
    slowmode_seconds: int = 0
    ttl_seconds: int = 0
    linked_id: int = 0
    migrated_from_chat_id: int = 0
    migrated_from_max_id: int = 0
    sticker_set_id: int = 0
    emoji_set_id: int = 0
    photo_id: int = 0
    photo: Avatar | None = None

    @property
    def marked(self) -> int:
        """Its marked id: the owner of its box, and the peer of members' dialogs."""
        return marked_channel(self.id)

    @property
    def is_broadcast(self) -> bool:
        """Whether administrators post and the others read."""
        return self.kind is Kind.BROADCAST

    @property
    def is_public(self) -> bool:
        """Whether anybody may look into it."""
        return bool(self.username)

    def has(self, flag: Flag) -> bool:
        """Whether that is set."""
        # As plain ints: what an enum makes of & is dear.
        return bool(self.flags & int(flag))


@dataclass(frozen=True, slots=True)
class Seat:
    """A user in, or before, a channel: what every rule is asked about.

    Attributes:
        membership: None for who has none; bans that have ended are not in it.
        subscribes: they are in the channel whose discussion group this is.
    """

    channel: Channel
    user_id: int
    membership: Membership | None
    subscribes: bool = False

    @classmethod
    def at(
        cls,
        channel: Channel,
        user_id: int,
        membership: Membership | None,
        now: int,
        linked: Membership | None = None,
    ) -> "Seat":
        """As it is at that time (unix seconds).

        Args:
            linked: what they are in the channel that belongs to it.
        """
        return cls(
            channel,
            user_id,
            membership.without_ended_bans(now) if membership is not None and membership.banned_until else membership,
            linked is not None and not channel.is_broadcast and linked.is_present,
        )

    @property
    def is_present(self) -> bool:
        """Whether they are in it."""
        return self.membership is not None and self.membership.is_present

    @property
    def is_admin(self) -> bool:
        """Whether they administer it (its owner does)."""
        return self.membership is not None and self.membership.is_present and self.membership.role is not Role.MEMBER

    @property
    def is_owner(self) -> bool:
        """Whether it is theirs."""
        return self.membership is not None and self.membership.is_present and self.membership.role is Role.CREATOR

    def has(self, right: AdminRight) -> bool:
        """Whether they administer it with that right."""
        if not self.is_admin or self.membership is None:
            return False
        return self.membership.role is Role.CREATOR or bool(self.membership.admin_rights & int(right))

    @property
    def banned(self) -> int:
        """``Banned`` bits of what they may not do as a member, their own and everybody's."""
        own = self.membership.banned_rights if self.membership is not None else 0
        return own | self.channel.default_banned_rights

    @property
    def hidden_up_to(self) -> int:
        """Messages up to here are not theirs to see, 0 for none."""
        if self.membership is not None and self.membership.is_present:
            return self.membership.hidden_up_to
        return 0
