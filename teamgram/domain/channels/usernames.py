"""Public names of channels: claimed where people's are, so that nobody has one that somebody else has."""

from teamgram.database import Database, Transaction
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.admin_log import UsernameChanged, log_txn
from teamgram.domain.channels.channel import Seat
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.errors import PublicChannelsTooMany
from teamgram.domain.chats.chats import Actor
from teamgram.domain.ids.peer import Peer
from teamgram.domain.ids.username import check_username, username_key
from teamgram.domain.users.store import claim_username_txn, peer_by_username_txn, release_username_txn
from teamgram.domain.users.users import UsernameNotModified, UsernameOccupied

MAX_PUBLIC = 10
"""Public channels that one may own; ``channels_public_limit_default`` in help.getAppConfig."""


class ChannelUsernames:
    """Makes channels public and private."""

    def __init__(self, database: Database, channels: Channels) -> None:
        self._database = database
        self._channels = channels

    async def check(self, user_id: int, channel_id: int, username: str) -> None:
        """Whether the user could give a channel of theirs that username; ``channel_id`` 0: one that is yet to be.

        Raises:
            UsernameInvalid, UsernameOccupied, PublicChannelsTooMany.
        """
        await self._database.read("check channel username", _check_txn, user_id, channel_id, check_username(username))

    async def set(self, actor: Actor, channel_id: int, username: str) -> None:
        """Give a channel a username, or (empty) take it off.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired.
            UsernameInvalid, UsernameNotModified, UsernameOccupied, PublicChannelsTooMany.
        """
        if username:
            check_username(username)
        await self._database.write("set channel username", self._set_txn, actor, channel_id, username)

    def _set_txn(self, txn: Transaction, actor: Actor, channel_id: int, username: str) -> None:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_owns(seat)
        before = seat.channel.username
        if before == username:
            raise UsernameNotModified(username)
        key = username_key(username)
        is_other = username_key(before) != key
        if username and not before:
            _check_room_txn(txn, actor.user_id)
        if username and is_other and not claim_username_txn(txn, key, Peer.channel(channel_id)):
            raise UsernameOccupied(username)
        if before and is_other:
            release_username_txn(txn, username_key(before))
        store.update_channel_txn(txn, channel_id, username=username)
        log_txn(txn, actor, channel_id, UsernameChanged(before, username))
        self._channels.changed_after(txn, channel_id, tell=True)

    async def public_of(self, user_id: int) -> list[int]:
        """The public channels that are the user's."""
        return await self._database.read("public channels", store.public_ids_txn, user_id)


def _check_room_txn(txn: Transaction, user_id: int) -> None:
    if len(store.public_ids_txn(txn, user_id)) >= MAX_PUBLIC:
        raise PublicChannelsTooMany(str(user_id))


def _check_txn(txn: Transaction, user_id: int, channel_id: int, username: str) -> None:
    owner = peer_by_username_txn(txn, username_key(username))
    if owner is not None and owner != Peer.channel(channel_id):
        raise UsernameOccupied(username)
    if owner is None:
        channel: Seat | None = store.seat_txn(txn, channel_id, user_id, 0) if channel_id else None
        if channel is None or not channel.channel.is_public:
            _check_room_txn(txn, user_id)
