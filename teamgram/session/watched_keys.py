"""Auth keys that an operator watches: their frames and requests in the log, while nobody else's cost anything.

Whoever handles a frame or a request looks at ``SessionList.watched``, which is
False for everybody else. Ids, sizes, method names and outcomes are logged, no
content.
"""

from twisted.logger import Logger

from teamgram.interfaces.session import ConnRef, SessionData
from teamgram.session.main_auth import KeyTable
from teamgram.session.session_list import ClientSession, SessionList


class WatchedKeys:
    """The keys that are watched: a permanent one with all its temporary ones, or one of these alone."""

    _log = Logger()

    def __init__(self, table: KeyTable) -> None:
        self._table = table
        self._ids: set[int] = set()

    def set(self, auth_key_id: int, on: bool) -> frozenset[int]:
        """Watch a key, or stop watching it; all that are watched then. It need not be in memory."""
        if on:
            self._ids.add(auth_key_id)
        else:
            self._ids.discard(auth_key_id)
        for keys in self._table.lists.values():
            self.mark(keys)
        return frozenset(self._ids)

    def mark(self, keys: SessionList) -> None:
        """A key came into memory, or was bound."""
        keys.watched = keys.auth_key_id in self._ids or keys.wrapper_id in self._ids

    def frame_in(self, data: SessionData) -> None:
        """A frame of a watched key came, taken or not."""
        self._log.info(
            "key {auth_key_id}: frame of {size} bytes in, session {session_id}, connection {conn_id}",
            auth_key_id=data.auth_key_id,
            size=len(data.payload),
            session_id=data.session_id,
            conn_id=data.conn.conn_id,
        )

    def frame_out(self, session: ClientSession, conn: ConnRef, size: int, sent: bool) -> None:
        """A frame of a watched key was to leave."""
        self._log.info(
            "key {auth_key_id}: frame of {size} bytes out, session {session_id}, connection {conn_id}{lost}",
            auth_key_id=session.keys.auth_key_id,
            size=size,
            session_id=session.core.session_id,
            conn_id=conn.conn_id,
            lost="" if sent else ", which cannot carry it",
        )

    def answered(self, session: ClientSession, msg_id: int, method: str, seconds: float, outcome: str) -> None:
        """bff answered a request of a watched key."""
        wrapper = self._table.wrappers.get(session.keys.wrapper_id)
        self._log.info(
            "key {auth_key_id}: {method} (msg_id {msg_id}, session {session_id}, user {user_id}, layer {layer}):"
            " {outcome} after {ms:.1f} ms",
            auth_key_id=session.keys.auth_key_id,
            method=method,
            msg_id=msg_id,
            session_id=session.core.session_id,
            user_id=wrapper.user_id if wrapper is not None else 0,
            layer=session.layer or (wrapper.client.layer if wrapper is not None else 0),
            outcome=outcome,
            ms=seconds * 1000,
        )
