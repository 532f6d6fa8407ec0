"""Key exchanges: unencrypted messages of any connection, the exchanges they belong to, the storing of the key.

The steps themselves are ``mtproto.exchange``'s. An exchange is found by its
nonces, not by its connection: HTTP sends each step over whichever connection
is free, and kurigram and Telethon may go on over a new one.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import urandom

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from teamgram.gnetway.conn_context import AWAITS_EXCHANGE, NOT_BLOCKED, ConnContext
from teamgram.gnetway.connections import Connections
from teamgram.gnetway.key_cache import AuthKeyCache
from teamgram.gnetway.settings import GnetwaySettings
from teamgram.interfaces.authsession import AuthKeyIdTaken, AuthKeys
from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType
from teamgram.mtproto.crypto.dh import DhPairs
from teamgram.mtproto.crypto.rsa import RsaPrivateKey
from teamgram.mtproto.envelope import pack_plain, unpack_plain
from teamgram.mtproto.exchange import ExchangeError, FinishedExchange, KeyCreated, ServerExchange, request_nonces
from teamgram.mtproto.message_id import next_server_msg_id
from teamgram.mtproto.transport.errors import TRANSPORT_FLOOD, WireError
from teamgram.net.token_buckets import Limit, TokenBuckets

#: msgs_ack#62d6b459: some clients acknowledge the answers; nothing is to be done.
_MSGS_ACK = bytes.fromhex("59b4d662")

#: Diffie-Hellman pairs made in a tick while some are missing: 2 ms at most.
_REFILL_A_TICK = 4

#: Addresses whose exchanges are counted at a time.
_MAX_ADDRESSES = 50_000


@dataclass(slots=True)
class _Exchange:
    """One exchange in progress, or just over and kept for repeated steps.

    Attributes:
        waiting: connections that asked for ``dh_gen_ok`` while the key is being stored.
    """

    steps: ServerExchange | FinishedExchange
    deadline: float
    storing: bool = False
    waiting: tuple[ConnContext, ...] = ()


class KeyExchanges:
    """All key exchanges of this process.

    Attributes:
        started, completed, failed, flooded: since the start; ``flooded`` were refused with -429.
    """

    _log = Logger()

    def __init__(
        self,
        connections: Connections,
        auth_keys: AuthKeyCache,
        auth_sessions: AuthKeys,
        rsa_keys: Sequence[RsaPrivateKey],
        settings: GnetwaySettings,
        clock: IReactorTime,
        random: Callable[[int], bytes] = urandom,
    ) -> None:
        self._connections = connections
        self._auth_keys = auth_keys
        self._auth_sessions = auth_sessions
        self._rsa_keys = tuple(rsa_keys)
        self._settings = settings
        self._seconds = clock.seconds
        rate = settings.key_exchanges_per_second
        self._allowance = TokenBuckets(Limit(2 * rate, rate), _MAX_ADDRESSES)
        self._random = random
        self._pairs = DhPairs(random)
        self._last_msg_id = 0
        # By both nonces, oldest first: all have the same time, so the first is the next to end.
        self._by_nonces: OrderedDict[tuple[bytes, bytes], _Exchange] = OrderedDict()
        # By the client's alone, while nothing came after its first message: of those that began with it, the newest.
        self._newest: dict[bytes, _Exchange] = {}
        self._tasks: set[Deferred[None]] = set()
        self.started = self.completed = self.failed = self.flooded = 0

    def __len__(self) -> int:
        return len(self._by_nonces)

    def message_received(self, conn: ConnContext, frame: bytes) -> None:
        """One unencrypted message: a step is answered at once, but the last one after the key is stored.

        Raises:
            WireError: not a step of an exchange that can go on.
        """
        _, body = unpack_plain(frame)
        if body[:4] == _MSGS_ACK:
            return
        nonce, server_nonce = request_nonces(body)
        now = self._seconds()
        exchange: _Exchange | None
        if server_nonce is None:
            exchange = self._newest.get(nonce)
            if exchange is None:
                # Who went on from the first answer has it ("Error Handling"), so this is another exchange:
                # a client that draws the same numbers again, or somebody who means to disturb the first.
                exchange = self._begin(conn, nonce, now)
        else:
            exchange = self._by_nonces.get((nonce, server_nonce))
            if exchange is None:
                raise ExchangeError("a step of no key exchange that is known")
        # Not the full idle time: whoever only began an exchange is no client yet.
        conn.close_date = max(conn.close_date, min(exchange.deadline, now + self._settings.first_frame_timeout))
        try:
            answer = exchange.steps.receive(body, now)
        except ExchangeError:
            self.failed += 1
            if not exchange.storing:
                self._forget(exchange)
            raise
        if not exchange.steps.is_at_first_step and self._newest.get(nonce) is exchange:
            del self._newest[nonce]
        if isinstance(answer, bytes):
            self._answer(conn, answer)
            return
        exchange.waiting += (conn,)
        conn.blocked = AWAITS_EXCHANGE
        conn.link.pause_reading()
        if answer is not None:
            exchange.storing = True
            self._store(exchange, answer, now)

    def tick(self) -> None:
        """Once a second: forget what took too long, make what the next exchanges need."""
        now = self._seconds()
        while self._by_nonces:
            exchange = next(iter(self._by_nonces.values()))
            if exchange.deadline > now:
                break
            self._forget(exchange)
        if not self.started:
            return  # Where nobody has asked yet, GMP and its tables are two megabytes for nothing.
        for _ in range(_REFILL_A_TICK):
            if not self._pairs.refill():
                break

    def stop(self) -> None:
        """Cancel what is being stored."""
        for task in list(self._tasks):
            task.cancel()

    def _begin(self, conn: ConnContext, nonce: bytes, now: float) -> _Exchange:
        if self._allowance.take(conn.address, now):
            self.flooded += 1
            raise WireError("too many key exchanges from its address", TRANSPORT_FLOOD)
        if len(self._by_nonces) >= self._settings.max_exchanges:
            self._forget(next(iter(self._by_nonces.values())))
        self.started += 1
        exchange = _Exchange(
            ServerExchange(self._rsa_keys, self._pairs, self._settings.dc_id, nonce, now, self._random),
            now + self._settings.exchange_timeout,
        )
        self._newest[nonce] = self._by_nonces[nonce, exchange.steps.server_nonce] = exchange
        return exchange

    def _forget(self, exchange: _Exchange) -> None:
        steps = exchange.steps
        self._by_nonces.pop((steps.nonce, steps.server_nonce), None)
        if self._newest.get(steps.nonce) is exchange:
            del self._newest[steps.nonce]

    def _store(self, exchange: _Exchange, created: KeyCreated, now: float) -> None:
        task: Deferred[None] = Deferred.fromCoroutine(self._stored(exchange, created, now))
        if not task.called:
            self._tasks.add(task)
            task.addBoth(self._store_ended, task)
        task.addErrback(lambda failure: self._log.failure("finishing a key exchange", failure=failure))

    def _store_ended(self, result: object, task: "Deferred[None]") -> object:
        self._tasks.discard(task)
        return result

    async def _stored(self, exchange: _Exchange, created: KeyCreated, now: float) -> None:
        info = AuthKeyInfo(
            auth_key_id=created.auth_key_id,
            auth_key=created.auth_key,
            key_type=_key_type(created),
            perm_auth_key_id=0 if created.temporary else created.auth_key_id,
            expires_at=int(now) + created.expires_in if created.temporary else 0,
            dc_id=created.dc_id,
        )
        answer = b""
        steps = exchange.steps
        assert isinstance(steps, ServerExchange)
        if self._auth_keys.get(created.auth_key_id) is not None:
            answer = steps.collision()
        else:
            try:
                await self._auth_sessions.set_auth_key(info, created.first_salt)
            except AuthKeyIdTaken:
                answer = steps.collision()
            except Exception:
                # Cancelled at a stop, too: the client hears nothing and begins anew.
                self._log.failure("storing auth key {auth_key_id}", auth_key_id=created.auth_key_id)
                self.failed += 1
                self._forget(exchange)
            else:
                self.completed += 1
                self._auth_keys.put(info)
                answer = steps.confirm()
        exchange.storing = False
        exchange.steps = steps.finished() or steps
        waiting, exchange.waiting = exchange.waiting, ()
        for conn in waiting:
            if conn.blocked != AWAITS_EXCHANGE or conn.closing:
                continue
            if not answer:
                self._connections.close(conn, "auth key could not be stored")
                continue
            conn.blocked = NOT_BLOCKED
            conn.close_date = self._seconds() + conn.idle_seconds
            self._answer(conn, answer)
            conn.link.resume_reading()

    def _answer(self, conn: ConnContext, body: bytes) -> None:
        self._last_msg_id = next_server_msg_id(self._seconds(), self._last_msg_id, response=True)
        conn.link.write_frame(pack_plain(self._last_msg_id, body))


def _key_type(created: KeyCreated) -> AuthKeyType:
    if not created.temporary:
        return AuthKeyType.PERM
    return AuthKeyType.MEDIA_TEMP if created.media else AuthKeyType.TEMP
