"""What an owner does with the whole of a channel: give it away, let only administrators write, choose its stickers."""

from teamgram.database import Database, Transaction
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.admin_log import EmojiSetChanged, RightsChanged, StickerSetChanged, log_txn
from teamgram.domain.channels.channel import AdminRight, Flag
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.errors import MemberInvalid, NotASupergroup, PasswordMissing
from teamgram.domain.chats.chat import Banned
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import ChatNotModified, UserNotParticipant

SILENT = int(Banned(sum(Banned)) & ~Banned.VIEW_MESSAGES)
"""What members of a broadcast group may not do: its administrators alone write."""


class ChannelOwnership:
    """Changes what a channel is, and whose."""

    def __init__(self, database: Database, channels: Channels) -> None:
        self._database = database
        self._channels = channels

    async def give_away(self, actor: Actor, channel_id: int, user_id: int) -> None:
        """Make another member the owner: asks for the owner's password, and nobody here has one.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired.
            MemberInvalid: oneself; UserNotParticipant.
            PasswordMissing: otherwise always, as on the official server to who has none.
        """
        await self._database.read("give channel away", _check_gives_txn, actor, channel_id, user_id)
        raise PasswordMissing(str(actor.user_id))

    async def make_broadcast_group(self, actor: Actor, channel_id: int) -> None:
        """Let administrators alone write in a supergroup from now on, for good.

        How many are in it does not matter here: no number of members makes a supergroup too large.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ChatNotModified.
            NotASupergroup: a channel, or a forum.
        """
        await self._database.write("make broadcast group", self._broadcast_group_txn, actor, channel_id)

    def _broadcast_group_txn(self, txn: Transaction, actor: Actor, channel_id: int) -> None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_owns(seat)
        channel = seat.channel
        if channel.is_broadcast or channel.has(Flag.FORUM):
            raise NotASupergroup(str(channel_id))
        if channel.has(Flag.GIGAGROUP):
            raise ChatNotModified(str(channel_id))
        before, flags = channel.default_banned_rights, channel.flags | int(Flag.GIGAGROUP)
        store.update_channel_txn(txn, channel_id, flags=flags, default_banned_rights=SILENT, slowmode_seconds=0)
        log_txn(txn, actor, channel_id, RightsChanged(before, SILENT))
        self._channels.changed_after(txn, channel_id, tell=True, except_perm_auth_key_id=actor.perm_auth_key_id)

    async def choose_stickers(self, actor: Actor, channel_id: int, set_id: int, *, emoji: bool) -> None:
        """Give a supergroup stickers, or custom emoji, of its own.

        Args:
            set_id: 0 for none.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, NotASupergroup.
        """
        await self._database.write("group stickers", self._stickers_txn, actor, channel_id, set_id, emoji)

    def _stickers_txn(self, txn: Transaction, actor: Actor, channel_id: int, set_id: int, emoji: bool) -> None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_has(seat, AdminRight.CHANGE_INFO)
        channel = seat.channel
        if channel.is_broadcast:
            raise NotASupergroup(str(channel_id))
        before = channel.emoji_set_id if emoji else channel.sticker_set_id
        if before == set_id:
            return
        if emoji:
            store.update_channel_txn(txn, channel_id, emoji_set_id=set_id)
            log_txn(txn, actor, channel_id, EmojiSetChanged(before, set_id))
        else:
            store.update_channel_txn(txn, channel_id, sticker_set_id=set_id)
            log_txn(txn, actor, channel_id, StickerSetChanged(before, set_id))
        self._channels.changed_after(txn, channel_id, tell=True, except_perm_auth_key_id=actor.perm_auth_key_id)


def _check_gives_txn(txn: Transaction, actor: Actor, channel_id: int, user_id: int) -> None:
    seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now)
    rights.check_owns(seat)
    if user_id == actor.user_id:
        raise MemberInvalid(str(user_id))
    other = store.membership_txn(txn, channel_id, user_id)
    if other is None or not other.is_present:
        raise UserNotParticipant(str(user_id))
