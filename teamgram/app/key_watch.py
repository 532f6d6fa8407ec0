"""``debug`` for one auth key: its frames and requests in the log, while nobody else's cost anything.

While no key is watched nothing here is in anybody's way. The first one puts
watchers between gnetway and session, and before bff; the last one takes
them out again. Ids, sizes, method names and outcomes are logged, no content.
"""

from __future__ import annotations

from collections.abc import Awaitable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.interfaces.rpc import RpcError, RpcRequest
from teamgram.interfaces.session import ConnRef, SessionData

if TYPE_CHECKING:
    from teamgram.bff.caller import Caller
    from teamgram.gnetway.service import GnetwayService
    from teamgram.session.service import SessionService


class KeyWatch:
    """The keys that are watched."""

    _log = Logger()

    def __init__(self, gnetway: GnetwayService, session: SessionService, bff: Caller) -> None:
        self._gnetway = gnetway
        self._session = session
        self._bff = bff
        self._keys: set[int] = set()

    def set(self, auth_key_id: int, on: bool) -> frozenset[int]:
        """Watch a key, or stop watching it; all that are watched then."""
        if on:
            if not self._keys:
                self._begin()
            self._keys.add(auth_key_id)
        elif auth_key_id in self._keys:
            self._keys.remove(auth_key_id)
            if not self._keys:
                self._end()
        return frozenset(self._keys)

    # An attribute of the instance hides the class's method until del: the unwatched path is what it was.

    def _begin(self) -> None:
        self._take = self._session.send_data
        self._session.send_data = self._frame_in
        self._gnetway.send_data = self._frame_out  # type: ignore[method-assign]
        self._bff.call = self._call  # type: ignore[method-assign]

    def _end(self) -> None:
        self._session.send_data = self._take
        del self._gnetway.send_data
        del self._bff.call

    def _frame_in(self, data: SessionData) -> None:
        if data.auth_key_id in self._keys or data.perm_auth_key_id in self._keys:
            self._log.info(
                "key {auth_key_id}: frame of {size} bytes in, session {session_id}, connection {conn_id}",
                auth_key_id=data.auth_key_id,
                size=len(data.payload),
                session_id=data.session_id,
                conn_id=data.conn.conn_id,
            )
        self._take(data)

    def _frame_out(self, conn: ConnRef, auth_key_id: int, server_salt: int, session_id: int, payload: bytes) -> bool:
        sent = self._gnetway.dispatcher.send_data(conn, auth_key_id, server_salt, session_id, payload)
        if self._is_watched(auth_key_id):
            self._log.info(
                "key {auth_key_id}: frame of {size} bytes out, session {session_id}, connection {conn_id}{lost}",
                auth_key_id=auth_key_id,
                size=len(payload),
                session_id=session_id,
                conn_id=conn.conn_id,
                lost="" if sent else ", which cannot carry it",
            )
        return sent

    def _is_watched(self, auth_key_id: int) -> bool:
        keys = self._session.stage.keys.lists.get(auth_key_id)
        return auth_key_id in self._keys or (keys is not None and keys.wrapper_id in self._keys)

    def _call(self, request: RpcRequest) -> bytes | Awaitable[bytes]:
        caller = request.metadata
        call = type(self._bff).call
        if caller.auth_key_id not in self._keys and caller.perm_auth_key_id not in self._keys:
            return call(self._bff, request)
        started = perf_counter()
        try:
            answer = call(self._bff, request)
        except RpcError as error:
            self._answered(request, started, f"{error.code} {error.message}")
            raise
        if isinstance(answer, bytes):
            self._answered(request, started, f"{len(answer)} bytes")
            return answer
        waiting: Deferred[bytes] = answer if isinstance(answer, Deferred) else Deferred.fromCoroutine(answer)  # type: ignore[arg-type]

        def settled(result: Any) -> Any:
            if isinstance(result, bytes):
                self._answered(request, started, f"{len(result)} bytes")
            else:
                error = result.value
                text = f"{error.code} {error.message}" if isinstance(error, RpcError) else type(error).__name__
                self._answered(request, started, text)
            return result

        return waiting.addBoth(settled)

    def _answered(self, request: RpcRequest, started: float, outcome: str) -> None:
        caller = request.metadata
        self._log.info(
            "key {auth_key_id}: {method} (msg_id {msg_id}, session {session_id}, user {user_id}, layer {layer}):"
            " {outcome} after {ms:.1f} ms",
            auth_key_id=caller.auth_key_id,
            method=request.method,
            msg_id=request.msg_id,
            session_id=caller.session_id,
            user_id=caller.user_id,
            layer=caller.layer,
            outcome=outcome,
            ms=(perf_counter() - started) * 1000,
        )
