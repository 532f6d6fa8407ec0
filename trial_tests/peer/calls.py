"""A client's session with calls to await, on whichever connection it is attached to."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from teamgram.mtproto.container import RPC_ERROR, RPC_RESULT, InnerMessage
from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.tl import NEWEST_LAYER, decode, decode_result, encode, tl
from trial_tests.peer.session import BAD_SERVER_SALT, ClientSession, Received, refused_msg_id

if TYPE_CHECKING:
    from trial_tests.peer.connection import PeerConnection

BAD_MSG_NOTIFICATION = 0xA7EFF811

DEFAULT_TIMEOUT = 10.0
"""Seconds."""


class CallFailed(Exception):
    """A call was answered by rpc_error, or its message by bad_msg_notification.

    Attributes:
        code: error_code.
        message: error_message; ``BAD_MSG`` for a bad_msg_notification.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class _Call:
    def __init__(self, body: bytes, answer: "Deferred[bytes]") -> None:
        self.body = body
        self.answer = answer


class PeerSession:
    """A session with calls to await; it may move from connection to connection.

    Attributes:
        core: identifiers, sealing and opening.
        received: messages that answered no call (updates, service messages), oldest first.
        follow_salt: take the new salt of a bad_server_salt and send the call again.
        acknowledge: acknowledge what the server wants acknowledged with the next message.
        layer: of ``invokeWithLayer``, 0 to wrap nothing.
    """

    def __init__(
        self,
        auth_key: AuthKey,
        *,
        reactor: Any,
        layer: int = NEWEST_LAYER,
        follow_salt: bool = True,
        acknowledge: bool = True,
        **options: Any,
    ) -> None:
        self.core = ClientSession(auth_key, seconds=reactor.seconds, **options)
        self.connection: PeerConnection
        self.received: list[Received] = []
        self.follow_salt = follow_salt
        self.acknowledge = acknowledge
        self.layer = layer
        self._initialised = layer == 0
        self._reactor = reactor
        self._calls: dict[int, _Call] = {}
        self._watchers: list[tuple[Callable[[Received], bool], Deferred[Received]]] = []

    def attach(self, connection: "PeerConnection") -> None:
        """Go on over ``connection``; the one before no longer gives us anything."""
        if hasattr(self, "connection") and self in self.connection.sessions:
            self.connection.sessions.remove(self)
        self.connection = connection
        connection.sessions.append(self)

    # Sending.

    def send(self, body: bytes, *, content_related: bool = True, quick_ack: bool = False) -> int:
        """One message, with acknowledgements beside it if any are due; its msg_id."""
        message = self.core.message(body, content_related=content_related)
        self.send_messages([message], quick_ack=quick_ack)
        return message.msg_id

    def send_messages(self, messages: Sequence[InnerMessage], *, quick_ack: bool = False) -> None:
        """Messages made by ``core.message``: one alone as it is, several in a container."""
        messages = list(messages)
        if self.acknowledge and self.core.to_ack:
            acks, self.core.to_ack = self.core.to_ack, []
            messages.append(self.core.message(encode(tl.msgs_ack(msg_ids=acks)), content_related=False))
        whole = messages[0] if len(messages) == 1 else self.core.container(messages)
        self.connection.send_frame(self.core.seal(whole).frame, quick_ack=quick_ack)

    async def call_raw(self, body: bytes, within: float = DEFAULT_TIMEOUT) -> bytes:
        """Send a boxed query as it is; its boxed result.

        Raises:
            CallFailed: rpc_error or bad_msg_notification.
        """
        (answer,) = self.start_calls([body])
        return await answer.addTimeout(within, self._reactor)

    def start_calls(self, bodies: Iterable[bytes]) -> "list[Deferred[bytes]]":
        """Send boxed queries, several of them in one container; a Deferred for each result."""
        messages, answers = [], []
        for body in bodies:
            message = self.core.message(body)
            messages.append(message)
            answers.append(self._expect(message.msg_id, body))
        self.send_messages(messages)
        return answers

    def send_call(self, message: InnerMessage) -> "Deferred[bytes]":
        """Send a query's message made by ``core.message``, perhaps not for the first time; its boxed result."""
        answer = self.expect(message)
        self.send_messages([message])
        return answer

    def expect(self, message: InnerMessage) -> "Deferred[bytes]":
        """The boxed result of a query's message that is sent by other means."""
        return self._expect(message.msg_id, message.body)

    async def call(self, query: Any, within: float = DEFAULT_TIMEOUT) -> Any:
        """Call a method; its result as an object of this session's layer.

        Raises:
            CallFailed: rpc_error or bad_msg_notification.
        """
        layer = self.layer or NEWEST_LAYER
        body = encode(query, layer)
        if not self._initialised:
            self._initialised = True
            body = encode(tl.invokeWithLayer(layer=layer, query=init_connection(body)), layer)
        return decode_result(query.NAME, await self.call_raw(body, within), layer)

    # Receiving.

    def take(self, messages: Iterable[Received]) -> None:
        """Messages of a frame for this session."""
        for message in messages:
            if not self._answers_call(message):
                self.received.append(message)
                for watcher in [watcher for watcher in self._watchers if watcher[0](message)]:
                    self._watchers.remove(watcher)
                    watcher[1].callback(message)

    async def wait_for(self, accept: Callable[[Received], bool], within: float = DEFAULT_TIMEOUT) -> Received:
        """The first message, come already or to come, that ``accept`` says True to."""
        for message in self.received:
            if accept(message):
                return message
        waiter: Deferred[Received] = Deferred()
        watcher = (accept, waiter)
        self._watchers.append(watcher)
        waiter.addTimeout(within, self._reactor)
        try:
            return await waiter
        finally:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

    async def wait_for_object(self, name: str, within: float = DEFAULT_TIMEOUT) -> Any:
        """The first message that is a TL object of this name."""
        wanted: list[Any] = []

        def accept(message: Received) -> bool:
            if message.constructor_id == RPC_RESULT:
                return False
            obj = decode(message.body)
            if getattr(obj, "NAME", "") != name:
                return False
            wanted.append(obj)
            return True

        await self.wait_for(accept, within)
        return wanted[-1]

    def _expect(self, msg_id: int, body: bytes) -> "Deferred[bytes]":
        answer: Deferred[bytes] = Deferred(lambda cancelled: self._forget(cancelled))
        self._calls[msg_id] = _Call(body, answer)
        return answer

    def _forget(self, answer: "Deferred[bytes]") -> None:
        for msg_id, call in list(self._calls.items()):
            if call.answer is answer:
                del self._calls[msg_id]

    def _answers_call(self, message: Received) -> bool:
        number = message.constructor_id
        if number == RPC_RESULT:
            req_msg_id, result = message.result
            call = self._calls.pop(req_msg_id, None)
            if call is None:
                return False
            if int.from_bytes(result[:4], "little") == RPC_ERROR:
                error = decode(result)
                call.answer.errback(CallFailed(error.error_code, error.error_message))
            else:
                call.answer.callback(result)
            return True
        if number == BAD_SERVER_SALT:
            bad_msg_id, salt = refused_msg_id(message.body)
            if not self.follow_salt:
                return False
            self.core.salt = salt
            call = self._calls.pop(bad_msg_id, None)
            if call is not None:
                again = self.core.message(call.body)
                self._calls[again.msg_id] = call
                self.send_messages([again])
            return False
        if number == BAD_MSG_NOTIFICATION:
            refused = decode(message.body)
            call = self._calls.pop(refused.bad_msg_id, None)
            if call is not None:
                call.answer.errback(CallFailed(refused.error_code, "BAD_MSG"))
            return False
        if number in _ANSWERS_WITH_MSG_ID:
            # pong and future_salts are answers without an rpc_result around them.
            call = self._calls.pop(int.from_bytes(message.body[4:12], "little", signed=True), None)
            if call is None:
                return False
            call.answer.callback(message.body)
            return True
        return False


_ANSWERS_WITH_MSG_ID = frozenset((0x347773C5, 0xAE500895))
"""pong and future_salts."""


def init_connection(query: bytes) -> Any:
    """initConnection around a boxed query, as a plain client fills it."""
    return tl.initConnection(
        api_id=1,
        device_model="peer",
        system_version="0",
        app_version="0",
        system_lang_code="en",
        lang_pack="",
        lang_code="en",
        query=query,
    )
