"""authsession as session sees it when it is in other processes, and the service that it asks there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grpclib.client import Channel

from teamgram.cluster.held_keys import HeldKeys
from teamgram.cluster.key_holders import KeyHolders
from teamgram.cluster.keys import device_message, device_of, found_message, key_found, key_message, key_of
from teamgram.cluster.links import MemberLinks
from teamgram.cluster.protos import authsession_grpc, authsession_pb2, frames_pb2
from teamgram.cluster.waiting import from_asyncio, to_asyncio
from teamgram.interfaces.authsession import AuthKeyIdTaken, SessionKeys
from teamgram.interfaces.keys import AuthKeyInfo, ClientInfo, FutureSalt


def _stub(channel: Channel) -> authsession_grpc.AuthSessionStub:
    return authsession_grpc.AuthSessionStub(channel)


class RemoteAuthSessions:
    """What session needs of ``interfaces.authsession.AuthSessions``; each may be asked twice.

    All of it raises ``NobodyAnswers`` when nobody does. Who is asked for a key's device gives the key to this process.
    """

    def __init__(self, links: MemberLinks, held: HeldKeys) -> None:
        self._links = links
        self._held = held

    async def query_auth_key(self, auth_key_id: int) -> AuthKeyInfo | None:
        """The key, or None when it is unknown, destroyed or expired."""
        question = frames_pb2.AuthKeyId(auth_key_id=auth_key_id)
        return key_found(await from_asyncio(self._links.ask(auth_key_id, lambda c: _stub(c).QueryAuthKey(question))))

    async def set_auth_key(self, key: AuthKeyInfo, first_salt: int) -> None:
        """Store a freshly exchanged key; on disk when this returns.

        Raises:
            AuthKeyIdTaken: another key has its id.
        """
        new = frames_pb2.NewAuthKey(key=key_message(key), first_salt=first_salt)
        stored = await from_asyncio(self._links.ask(key.auth_key_id, lambda c: _stub(c).SetAuthKey(new)))
        if stored.taken:
            raise AuthKeyIdTaken(key.auth_key_id)

    async def destroy_auth_key(self, auth_key_id: int) -> bool:
        """Forget a key; False when it was not there."""
        question = frames_pb2.AuthKeyId(auth_key_id=auth_key_id)
        destroyed = await from_asyncio(self._links.ask(auth_key_id, lambda c: _stub(c).DestroyAuthKey(question)))
        return bool(destroyed.was_there)

    async def future_salts(self, auth_key_id: int, now: int, count: int) -> Sequence[FutureSalt]:
        """Salts valid at ``now`` or later, oldest first; none for a key that is gone."""
        question = authsession_pb2.FutureSaltsRequest(auth_key_id=auth_key_id, now=now, count=count)
        answer = await from_asyncio(self._links.ask(auth_key_id, lambda c: _stub(c).GetFutureSalts(question)))
        return [FutureSalt(one.valid_since, one.valid_until, one.salt) for one in answer.salts]

    async def get_client(self, perm_auth_key_id: int) -> tuple[int, ClientInfo]:
        """(user_id or 0, device) of a permanent key."""
        question = authsession_pb2.ClientAsked(auth_key_id=perm_auth_key_id, holder=self._held.process)
        answer = await from_asyncio(self._links.ask(perm_auth_key_id, lambda c: _stub(c).GetClient(question)))
        self._held.got(perm_auth_key_id, answer.epoch)
        return answer.user_id, device_of(answer.device)

    async def set_client(self, perm_auth_key_id: int, client: ClientInfo, now: int) -> None:
        """Remember the layer and what ``initConnection`` said."""
        seen = authsession_pb2.ClientSeen(
            perm_auth_key_id=perm_auth_key_id,
            device=device_message(client),
            now=now,
            epoch=self._held.epoch(perm_auth_key_id),
        )
        await from_asyncio(self._links.ask(perm_auth_key_id, lambda c: _stub(c).SetClient(seen)))

    async def touch(self, perm_auth_key_id: int, client_addr: str, now: int) -> None:
        """Note that the device was active."""
        epoch = self._held.epoch(perm_auth_key_id)
        touched = authsession_pb2.ClientTouched(
            perm_auth_key_id=perm_auth_key_id, client_addr=client_addr, now=now, epoch=epoch
        )
        await from_asyncio(self._links.ask(perm_auth_key_id, lambda c: _stub(c).Touch(touched)))


class AuthSessionServer(authsession_grpc.AuthSessionBase):
    """The gRPC service over the real one.

    Args:
        holders: who has which key; of one that has it no more nothing is noted.
    """

    def __init__(self, auth_sessions: SessionKeys, holders: KeyHolders) -> None:
        self._auth_sessions = auth_sessions
        self._holders = holders

    async def QueryAuthKey(self, stream: Any) -> None:
        """See the .proto."""
        asked = await stream.recv_message()
        found = await to_asyncio(self._auth_sessions.query_auth_key(asked.auth_key_id))
        await stream.send_message(found_message(found))

    async def SetAuthKey(self, stream: Any) -> None:
        """See the .proto."""
        new = await stream.recv_message()
        taken = False
        try:
            await to_asyncio(self._auth_sessions.set_auth_key(key_of(new.key), new.first_salt))
        except AuthKeyIdTaken:
            taken = True
        await stream.send_message(frames_pb2.AuthKeyStored(taken=taken))

    async def DestroyAuthKey(self, stream: Any) -> None:
        """See the .proto."""
        asked = await stream.recv_message()
        was_there = await to_asyncio(self._auth_sessions.destroy_auth_key(asked.auth_key_id))
        await stream.send_message(authsession_pb2.AuthKeyDestroyed(was_there=was_there))

    async def GetFutureSalts(self, stream: Any) -> None:
        """See the .proto."""
        asked = await stream.recv_message()
        found = await to_asyncio(self._auth_sessions.future_salts(asked.auth_key_id, asked.now, asked.count))
        salts = [
            authsession_pb2.FutureSaltValue(valid_since=one.valid_since, valid_until=one.valid_until, salt=one.salt)
            for one in found
        ]
        await stream.send_message(authsession_pb2.FutureSalts(salts=salts))

    async def GetClient(self, stream: Any) -> None:
        """See the .proto."""
        asked = await stream.recv_message()
        epoch = await to_asyncio(self._holders.claim(asked.auth_key_id, asked.holder)) if asked.holder else 0
        user_id, client = await to_asyncio(self._auth_sessions.get_client(asked.auth_key_id))
        found = authsession_pb2.SignedInClient(user_id=user_id, device=device_message(client), epoch=epoch)
        await stream.send_message(found)

    async def SetClient(self, stream: Any) -> None:
        """See the .proto."""
        seen = await stream.recv_message()
        key = seen.perm_auth_key_id
        if not self._holders.is_over(key, seen.epoch):
            await to_asyncio(self._auth_sessions.set_client(key, device_of(seen.device), seen.now))
        await stream.send_message(authsession_pb2.Done())

    async def Touch(self, stream: Any) -> None:
        """See the .proto."""
        touched = await stream.recv_message()
        key = touched.perm_auth_key_id
        if not self._holders.is_over(key, touched.epoch):
            await to_asyncio(self._auth_sessions.touch(key, touched.client_addr, touched.now))
        await stream.send_message(authsession_pb2.Done())
