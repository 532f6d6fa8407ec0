"""What a channel is set to: switches, slow mode and the channel that belongs to it. One transaction each."""

from teamgram.database import Database, Transaction
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.admin_log import LinkChanged, SlowModeChanged, Switched, log_txn
from teamgram.domain.channels.channel import AdminRight, Channel, Flag
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.errors import (
    ChannelNotPublic,
    LinkInvalid,
    NotABroadcast,
    NotASupergroup,
    SecondsInvalid,
)
from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import ChatNotModified
from teamgram.domain.chats.invite import ask_by_links_txn

SLOW_MODES = (0, 5, 10, 30, 60, 300, 900, 3600)
"""Seconds (core.telegram.org/method/channels.toggleSlowMode; TDLib's set_dialog_slow_mode_delay also has 5)."""

_MAX_LISTED = 500


_GROUPS_ONLY = (
    Flag.HIDDEN_PREHISTORY
    | Flag.JOIN_TO_SEND
    | Flag.PARTICIPANTS_HIDDEN
    | Flag.ANTISPAM
    | Flag.FORUM
    | Flag.JOIN_REQUEST
)
_BROADCASTS_ONLY = Flag.SIGNATURES | Flag.SIGNATURE_PROFILES
_RIGHT_FOR = {
    Flag.HIDDEN_PREHISTORY: AdminRight.CHANGE_INFO,
    Flag.SIGNATURES: AdminRight.CHANGE_INFO,
    Flag.SIGNATURE_PROFILES: AdminRight.CHANGE_INFO,
    Flag.JOIN_TO_SEND: AdminRight.BAN_USERS,
    Flag.JOIN_REQUEST: AdminRight.BAN_USERS,
    Flag.PARTICIPANTS_HIDDEN: AdminRight.BAN_USERS,
    Flag.ANTISPAM: AdminRight.DELETE_MESSAGES,
}
"""What an administrator needs to switch it, as TDLib's methods say; whatever is not here is the owner's."""


class ChannelSettings:
    """What administrators set a channel to."""

    def __init__(self, database: Database, channels: Channels) -> None:
        self._database = database
        self._channels = channels

    async def switch(self, actor: Actor, channel_id: int, wanted: dict[Flag, bool], *, links_too: bool = False) -> None:
        """Switch some settings on or off.

        Args:
            links_too: where one has to ask before one comes in, one has to by the links as well, or no longer.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ChatNotModified.
            NotASupergroup, NotABroadcast: the other kind has that setting.
            ChannelNotPublic: nobody comes into it by themselves, so nobody asks to.
            LinkInvalid: what happened before is hidden in no group that is public or a channel's.
        """
        await self._database.write("switch channel settings", self._switch_txn, actor, channel_id, wanted, links_too)

    def _switch_txn(
        self, txn: Transaction, actor: Actor, channel_id: int, wanted: dict[Flag, bool], links_too: bool
    ) -> None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        channel = seat.channel
        flags = channel.flags
        for flag, on in wanted.items():
            right = _RIGHT_FOR.get(flag)
            if right is None:
                rights.check_owns(seat)
            else:
                rights.check_has(seat, right)
            if channel.is_broadcast and flag & _GROUPS_ONLY:
                raise NotASupergroup(str(channel_id))
            if not channel.is_broadcast and flag & _BROADCASTS_ONLY:
                raise NotABroadcast(str(channel_id))
            if on and flag is Flag.HIDDEN_PREHISTORY and (channel.is_public or channel.linked_id):
                raise LinkInvalid(str(channel_id))
            if on and flag is Flag.JOIN_REQUEST and not (channel.is_public or channel.linked_id):
                raise ChannelNotPublic(str(channel_id))
            flags = flags | int(flag) if on else flags & ~int(flag)
        changed_links = links_too and ask_by_links_txn(txn, channel.marked, wanted[Flag.JOIN_REQUEST])
        if flags == channel.flags and not changed_links:
            raise ChatNotModified(str(channel_id))
        store.update_channel_txn(txn, channel_id, flags=flags)
        for flag, on in wanted.items():
            if channel.has(flag) is not on:
                log_txn(txn, actor, channel_id, Switched(str(flag.name), on))
        self._told(txn, actor, channel_id)

    async def set_slow_mode(self, actor: Actor, channel_id: int, seconds: int) -> None:
        """Have members wait between two messages.

        Args:
            seconds: one of ``SLOW_MODES``.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ChatNotModified, NotASupergroup, SecondsInvalid.
        """
        await self._database.write("channel slow mode", self._slow_mode_txn, actor, channel_id, seconds)

    def _slow_mode_txn(self, txn: Transaction, actor: Actor, channel_id: int, seconds: int) -> None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_has(seat, AdminRight.BAN_USERS)
        channel = seat.channel
        if channel.is_broadcast or channel.has(Flag.GIGAGROUP):
            raise NotASupergroup(str(channel_id))
        if seconds not in SLOW_MODES:
            raise SecondsInvalid(str(seconds))
        if channel.slowmode_seconds == seconds:
            raise ChatNotModified(str(channel_id))
        store.update_channel_txn(txn, channel_id, slowmode_seconds=seconds)
        log_txn(txn, actor, channel_id, SlowModeChanged(channel.slowmode_seconds, seconds))
        self._told(txn, actor, channel_id)

    async def link(self, actor: Actor, broadcast_id: int, group_id: int) -> None:
        """Make a supergroup the place where a channel's posts are spoken of, or end that.

        Args:
            broadcast_id: 0: whatever the group belongs to; ``group_id`` 0: whatever belongs to the channel.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ChatNotModified.
            NotABroadcast, NotASupergroup.
            LinkInvalid: the group hides what was written before somebody came.
        """
        await self._database.write("link channels", self._link_txn, actor, broadcast_id, group_id)

    def _link_txn(self, txn: Transaction, actor: Actor, broadcast_id: int, group_id: int) -> None:
        seats = {
            channel_id: store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
            for channel_id in sorted({broadcast_id, group_id} - {0})
        }
        before: dict[int, Channel] = {}
        for channel_id, seat in seats.items():
            channel = seat.channel
            if channel.is_broadcast:
                rights.check_has(seat, AdminRight.CHANGE_INFO)
            else:
                rights.check_has(seat, AdminRight.PIN_MESSAGES)
            if channel.is_broadcast is not (channel_id == broadcast_id):
                raise (NotABroadcast if channel_id == broadcast_id else NotASupergroup)(str(channel_id))
            if not channel.is_broadcast and broadcast_id and channel.has(Flag.HIDDEN_PREHISTORY):
                raise LinkInvalid(str(channel_id))
            before[channel_id] = channel
        # Those that they belonged to before are left alone now.
        after = dict.fromkeys(before, 0)
        for channel in before.values():
            if channel.linked_id and channel.linked_id not in after:
                after[channel.linked_id] = 0
        if broadcast_id and group_id:
            after |= {broadcast_id: group_id, group_id: broadcast_id}
        before |= store.channels_txn(txn, set(after) - set(before))
        changed = {
            channel_id: linked
            for channel_id, linked in after.items()
            if channel_id in before and before[channel_id].linked_id != linked
        }
        if not changed:
            raise ChatNotModified(str(broadcast_id or group_id))
        for channel_id, linked in sorted(changed.items()):
            store.update_channel_txn(txn, channel_id, linked_id=linked)
            log_txn(txn, actor, channel_id, LinkChanged(before[channel_id].linked_id, linked))
            self._told(txn, actor, channel_id)

    async def groups_to_link(self, user_id: int) -> list[int]:
        """The supergroups that somebody may make a channel's: those in which they may pin."""
        return await self._database.read("groups for discussion", _groups_to_link_txn, user_id)

    def _told(self, txn: Transaction, actor: Actor, channel_id: int) -> None:
        self._channels.changed_after(txn, channel_id, tell=True, except_perm_auth_key_id=actor.perm_auth_key_id)


def _groups_to_link_txn(txn: Transaction, user_id: int) -> list[int]:
    txn.execute(
        "SELECT c.id FROM channel_members m JOIN channels c ON c.id = m.channel_id"
        " WHERE m.user_id = ? AND m.standing = ? AND c.kind = 1 AND c.linked_id = 0 AND (c.flags & ?) = 0"
        " AND (m.role = ? OR (m.role = ? AND (m.admin_rights & ?) <> 0)) ORDER BY c.id DESC LIMIT ?",
        (
            user_id,
            int(Standing.PRESENT),
            int(Flag.DELETED | Flag.GIGAGROUP),
            int(Role.CREATOR),
            int(Role.ADMIN),
            int(AdminRight.PIN_MESSAGES),
            _MAX_LISTED,
        ),
    )
    return [row[0] for row in txn.fetchall()]
