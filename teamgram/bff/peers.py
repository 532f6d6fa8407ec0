"""From what a client writes to whom it means.

An ``InputPeer`` names a user by id and access_hash; the hash is compared in
constant time. Addressing somebody by id alone is refused, as on the official
server, or ids could be tried one by one.
"""

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.domain.channels.channel import Channel
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.errors import ChannelNotFound
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.users.user import SERVICE_USER_ID, User
from teamgram.domain.users.users import Users
from teamgram.interfaces.rpc import RpcMetadata

_SELF = frozenset({"inputPeerSelf", "inputUserSelf"})
_USER = frozenset({"inputPeerUser", "inputUser"})
_FROM_MESSAGE = frozenset({"inputPeerUserFromMessage", "inputUserFromMessage"})
# Some libraries write a peer where the schema has a channel.
_CHANNEL = frozenset({"inputPeerChannel", "inputChannel"})
_CHANNEL_FROM_MESSAGE = frozenset({"inputPeerChannelFromMessage", "inputChannelFromMessage"})


NamedIn = Callable[[RpcMetadata, Any, int], Awaitable[set[int]]]
"""The marked ids of everybody whom a message names, by its ``InputPeer`` and its id; none where there is no message."""


class InputPeers:
    """Resolves input users and input peers for a caller.

    The ``try_`` methods never wait: None means that the user is not in memory
    and the async method has to be asked.
    """

    def __init__(self, users: Users, channels: Channels) -> None:
        self._users = users
        self._channels = channels
        self._named_in: NamedIn | None = None

    def look_into_messages(self, named_in: "NamedIn") -> None:
        """By whom it is found out whether a message names somebody, who is addressed by it."""
        self._named_in = named_in

    def try_user(self, caller: RpcMetadata, input_user: Any) -> User | None:
        """The user at once, or None: ask ``user``.

        Raises:
            RpcError: ``USER_ID_INVALID``.
        """
        user_id = _user_id(caller, input_user, "USER_ID_INVALID")
        user = self._users.cached(user_id) if input_user.NAME not in _FROM_MESSAGE else None
        if user is not None:
            _check(caller, user, input_user, "USER_ID_INVALID")
        return user

    async def user(self, caller: RpcMetadata, input_user: Any) -> User:
        """The user that is meant.

        Raises:
            RpcError: ``USER_ID_INVALID``.
        """
        return await self._resolve(caller, input_user, "USER_ID_INVALID")

    def try_peer(self, caller: RpcMetadata, input_peer: Any) -> Peer | None:
        """The peer at once, or None: ask ``peer``.

        Raises:
            RpcError: ``PEER_ID_INVALID``.
        """
        if input_peer.NAME in _CHANNEL:
            channel = self._channels.cached(input_peer.channel_id)
            return None if channel is None else Peer.channel(_addressed(channel, input_peer).id)
        if input_peer.NAME in _CHANNEL_FROM_MESSAGE or input_peer.NAME in _FROM_MESSAGE:
            return None
        other = _not_a_user(input_peer)
        if other is not None:
            return other
        user_id = _user_id(caller, input_peer, "PEER_ID_INVALID")
        user = self._users.cached(user_id)
        if user is None:
            return None
        _check(caller, user, input_peer, "PEER_ID_INVALID")
        return Peer(PeerKind.USER, user_id)

    async def peer(self, caller: RpcMetadata, input_peer: Any) -> Peer:
        """The peer that is meant; whether the caller is in a group, or may see a channel, is asked elsewhere.

        Raises:
            RpcError: ``PEER_ID_INVALID``.
            ChannelNotFound.
        """
        if input_peer.NAME in _CHANNEL or input_peer.NAME in _CHANNEL_FROM_MESSAGE:
            return Peer.channel((await self.channel(caller, input_peer)).id)
        other = _not_a_user(input_peer)
        if other is not None:
            return other
        return Peer(PeerKind.USER, (await self._resolve(caller, input_peer, "PEER_ID_INVALID")).id)

    async def channel(self, caller: RpcMetadata, input_channel: Any) -> Channel:
        """The channel that is meant; whether the caller may see it is asked elsewhere.

        Raises:
            RpcError: ``CHANNEL_INVALID``.
            ChannelNotFound.
        """
        name = input_channel.NAME
        if name not in _CHANNEL and name not in _CHANNEL_FROM_MESSAGE:
            raise bad_request("CHANNEL_INVALID")
        channel_id = input_channel.channel_id
        if channel_id <= 0:
            raise ChannelNotFound(str(channel_id))
        channel = self._channels.cached(channel_id) or (await self._channels.get([channel_id])).get(channel_id)
        if channel is None:
            raise ChannelNotFound(str(channel_id))
        if name in _CHANNEL_FROM_MESSAGE:
            if not await self._is_named(caller, input_channel, channel.marked):
                raise ChannelNotFound(str(channel_id))
            return channel
        return _addressed(channel, input_channel)

    async def _resolve(self, caller: RpcMetadata, written: Any, error: str) -> User:
        user_id = _user_id(caller, written, error)
        user = self._users.cached(user_id)
        if user is None:
            user = (await self._users.get([user_id])).get(user_id)
            if user is None:
                raise bad_request(error)
        if written.NAME in _FROM_MESSAGE:
            if not await self._is_named(caller, written, user_id):
                raise bad_request(error)
            return user
        _check(caller, user, written, error)
        return user

    async def _is_named(self, caller: RpcMetadata, written: Any, marked: int) -> bool:
        """Whether the message by which somebody (marked id) is addressed names them, and is the caller's to see."""
        # Not through another message, through another one.
        is_nested = written.peer.NAME in _FROM_MESSAGE or written.peer.NAME in _CHANNEL_FROM_MESSAGE
        if is_nested or self._named_in is None:
            return False
        return marked in await self._named_in(caller, written.peer, written.msg_id)


def _not_a_user(input_peer: Any) -> Peer | None:
    name = input_peer.NAME
    if name == "inputPeerChat":
        if input_peer.chat_id <= 0:
            raise bad_request("PEER_ID_INVALID")
        return Peer(PeerKind.CHAT, input_peer.chat_id)
    return None


def _addressed(channel: Channel, written: Any) -> Channel:
    """The channel, addressed as it must be.

    Raises:
        ChannelNotFound.
    """
    if not compare_digest(_bytes(written.access_hash), _bytes(channel.access_hash)):
        raise ChannelNotFound(str(channel.id))
    return channel


def _user_id(caller: RpcMetadata, written: Any, error: str) -> int:
    name = written.NAME
    if name in _SELF:
        return caller.user_id
    if name in _USER or name in _FROM_MESSAGE:
        user_id: int = written.user_id
        if user_id > 0:
            return user_id
    raise bad_request(error)


def _check(caller: RpcMetadata, user: User, written: Any, error: str) -> None:
    """Whether the caller may address that user by what they wrote."""
    name = written.NAME
    if name in _SELF or user.id in (caller.user_id, SERVICE_USER_ID):
        return
    if not compare_digest(_bytes(written.access_hash), _bytes(user.access_hash)):
        raise bad_request(error)


def _bytes(access_hash: int) -> bytes:
    return access_hash.to_bytes(8, "little", signed=True)
