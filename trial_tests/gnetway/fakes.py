"""Neighbours of gnetway that remember what they were told."""

from hashlib import sha1

from twisted.internet.defer import Deferred

from teamgram.interfaces.authsession import AuthKeyIdTaken
from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType
from teamgram.interfaces.session import ConnRef, DataChannelFull, SessionData


def perm_key(number: int = 1) -> AuthKeyInfo:
    """A permanent key that no exchange made; ``number`` tells keys apart."""
    auth_key = bytes((number * 7 + i) % 256 for i in range(256))
    return AuthKeyInfo(auth_key_id_of(auth_key), auth_key, AuthKeyType.PERM, auth_key_id_of(auth_key))


def auth_key_id_of(auth_key: bytes) -> int:
    """The 64 lower-order bits of the key's SHA-1, as a signed number."""
    return int.from_bytes(sha1(auth_key).digest()[12:20], "little", signed=True)


class FakeAuthSessions:
    """Keys in a dict; with ``hold`` set, queries wait for ``release``."""

    def __init__(self, *keys: AuthKeyInfo) -> None:
        self.keys = {key.auth_key_id: key for key in keys}
        self.first_salts: dict[int, int] = {}
        self.queried: list[int] = []
        self.hold = False
        self.failure: Exception | None = None
        self._waiting: list[Deferred[None]] = []

    async def query_auth_key(self, auth_key_id: int) -> AuthKeyInfo | None:
        self.queried.append(auth_key_id)
        await self._held()
        return self.keys.get(auth_key_id)

    async def set_auth_key(self, key: AuthKeyInfo, first_salt: int) -> None:
        await self._held()
        if key.auth_key_id in self.keys:
            raise AuthKeyIdTaken(key.auth_key_id)
        self.keys[key.auth_key_id] = key
        self.first_salts[key.auth_key_id] = first_salt

    def release(self) -> None:
        """Let everything that waits go on."""
        self.hold = False
        waiting, self._waiting = self._waiting, []
        for deferred in waiting:
            deferred.callback(None)

    async def _held(self) -> None:
        if self.hold:
            deferred: Deferred[None] = Deferred()
            self._waiting.append(deferred)
            await deferred
        if self.failure is not None:
            raise self.failure


class FakeSession:
    """``SessionInbound`` with a queue of ``room`` frames (None: endless)."""

    def __init__(self) -> None:
        self.room: int | None = None
        self.frames: list[SessionData] = []
        self.closed: list[tuple[int, int, int, ConnRef]] = []
        self.writable: list[tuple[ConnRef, bool]] = []

    def send_data(self, data: SessionData) -> None:
        if self.room is not None:
            if self.room == 0:
                raise DataChannelFull
            self.room -= 1
        self.frames.append(data)

    def close_session(self, perm_auth_key_id: int, auth_key_id: int, session_id: int, conn: ConnRef) -> None:
        self.closed.append((perm_auth_key_id, auth_key_id, session_id, conn))

    def set_writable(self, conn: ConnRef, writable: bool) -> None:
        self.writable.append((conn, writable))


class FakeLink:
    """A transport that remembers; ``accepts`` False refuses frames as an HTTP connection without request does."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.quick_acks: list[bytes] = []
        self.errors: list[int] = []
        self.calls: list[str] = []
        self.accepts = True

    def write_frame(self, frame: bytes) -> bool:
        if self.accepts:
            self.frames.append(frame)
        return self.accepts

    def can_carry(self, frames: int) -> bool:
        return self.accepts

    def write_quick_ack(self, token: bytes) -> None:
        self.quick_acks.append(token)

    def write_error(self, code: int) -> None:
        self.errors.append(code)

    def pause_reading(self) -> None:
        self.calls.append("pause_reading")

    def resume_reading(self) -> None:
        self.calls.append("resume_reading")

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")
