"""The bff's door: the gate, the limits, the error table, answers at once and later."""

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from teamgram.bff.caller import Caller, HandlerFailed
from teamgram.bff.registry import EncodedResult, RpcService, collect, rpc
from teamgram.domain.errors import DomainError, FloodWait
from teamgram.domain.flood.limits import FloodLimits, FloodSettings
from teamgram.domain.ids.username import UsernameInvalid
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.rpc import ASKING, RpcError, RpcMetadata, RpcRequest
from teamgram.mtproto.tl import NEWEST_LAYER, decode, encode, tl
from teamgram.mtproto.tl.errors import NotInLayerError
from teamgram.net.token_buckets import Limit

ANYBODY = RpcMetadata(9, 9, AuthKeyType.PERM, 1, 0, NEWEST_LAYER)
SOMEBODY = replace(ANYBODY, user_id=5)
SECRET = "the text of a message"


class Unmapped(DomainError):
    """A fact that the error table does not know."""


class Service(RpcService):
    """One method for each way in which an answer can come."""

    name = "RPCTest"

    def __init__(self) -> None:
        self.waiting: Deferred[Any] = Deferred()
        self.asking: list[int] = []

    @rpc("help.getNearestDc", login=False)
    def at_once(self, caller: RpcMetadata, query: Any) -> Any:
        return tl.nearestDc(country="DE", this_dc=2, nearest_dc=2)

    @rpc("help.getConfig", login=False)
    def encoded(self, caller: RpcMetadata, query: Any) -> EncodedResult:
        return EncodedResult(b"as it is")

    @rpc("account.updateStatus")
    async def without_waiting(self, caller: RpcMetadata, query: Any) -> bool:
        return bool(query.offline)

    @rpc("account.getAccountTTL")
    async def later(self, caller: RpcMetadata, query: Any) -> Any:
        self.asking = [ASKING.get()]
        days = await self.waiting
        self.asking.append(ASKING.get())
        return tl.accountDaysTTL(days=days)

    @rpc("auth.bindTempAuthKey", login=False)
    def with_the_request(self, caller: RpcMetadata, query: Any, request: RpcRequest) -> bool:
        return request.msg_id == 77

    @rpc("help.getCdnConfig", login=False)
    def newer_than_the_client(self, caller: RpcMetadata, query: Any) -> Any:
        raise NotInLayerError("cdnConfig is not in the client's layer")  # as encoding the answer does

    @rpc("account.checkUsername")
    def refused(self, caller: RpcMetadata, query: Any) -> bool:
        raise {"name": UsernameInvalid(), "wait": FloodWait(7), "bug": KeyError(SECRET), "unknown": Unmapped(SECRET)}[
            query.username
        ]

    @rpc("account.updateUsername")
    async def refused_later(self, caller: RpcMetadata, query: Any) -> bool:
        await self.waiting
        return self.refused(caller, query)


class CallerTests(SynchronousTestCase):
    """What session gets back."""

    def setUp(self) -> None:
        self.service = Service()
        self.now = 1000.0
        settings = FloodSettings({"help.getNearestDc": Limit(2, 0.5)})
        self.caller = Caller([self.service], FloodLimits(settings, lambda: self.now))

    def call(self, query: Any, metadata: RpcMetadata = SOMEBODY) -> Any:
        return self.caller.call(RpcRequest(metadata, 77, "RPCTest", query.NAME, encode(query)))

    def error(self, query: Any, metadata: RpcMetadata = SOMEBODY) -> tuple[int, str]:
        error = self.assertRaises(RpcError, self.call, query, metadata)
        return error.code, error.message

    def test_an_answer_that_need_not_wait_is_bytes(self) -> None:
        """Neither a plain function nor an async one that finished at once costs a Deferred."""
        answer = self.call(tl.help.getNearestDc(), ANYBODY)
        self.assertEqual(decode(answer).country, "DE")
        self.assertIs(decode(self.call(tl.account.updateStatus(offline=True))), True)
        self.assertEqual(self.call(tl.help.getConfig(), ANYBODY), b"as it is")
        bind = tl.auth.bindTempAuthKey(perm_auth_key_id=1, nonce=1, expires_at=1, encrypted_message=b"")
        self.assertIs(decode(self.call(bind, ANYBODY)), True)

    def test_an_answer_that_waits_is_a_deferred(self) -> None:
        """The bytes come through it, encoded."""
        answer = self.call(tl.account.getAccountTTL())
        self.assertNoResult(answer)
        self.service.waiting.callback(180)
        self.assertEqual(decode(self.successResultOf(answer)).days, 180)

    def test_code_knows_whose_request_it_is_part_of(self) -> None:
        """Before and after it waited; nobody else's code does."""
        answer = self.call(tl.account.getAccountTTL())
        self.assertEqual(ASKING.get(), 0)
        self.service.waiting.callback(180)
        self.successResultOf(answer)
        self.assertEqual(self.service.asking, [SOMEBODY.perm_auth_key_id] * 2)

    def test_one_gate(self) -> None:
        """What needs an account is refused before it runs or is even read."""
        self.assertEqual(self.error(tl.account.updateStatus(offline=True), ANYBODY), (401, "AUTH_KEY_UNREGISTERED"))
        request = RpcRequest(ANYBODY, 77, "RPCTest", "account.updateStatus", b"rubbish")
        self.assertEqual(self.assertRaises(RpcError, self.caller.call, request).code, 401)

    def test_what_nobody_answers(self) -> None:
        """A method without a function is not implemented; a body that is none is a bad request."""
        self.assertEqual(self.error(tl.help.getSupport()), (400, "METHOD_NOT_IMPL"))
        body = encode(tl.account.updateStatus(offline=True))[:-1]
        request = RpcRequest(SOMEBODY, 77, "RPCTest", "account.updateStatus", body)
        self.assertEqual(self.assertRaises(RpcError, self.caller.call, request).code, 400)

    def test_what_the_client_s_layer_cannot_say(self) -> None:
        """A method whose answer has no form in the client's layer is not there for that client; no bug is logged."""
        self.assertEqual(self.error(tl.help.getCdnConfig(), ANYBODY), (400, "METHOD_NOT_IMPL"))
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_a_body_of_another_method(self) -> None:
        """What the routing says and what the body is must be the same method."""
        request = RpcRequest(SOMEBODY, 77, "RPCTest", "account.updateStatus", encode(tl.account.getAccountTTL()))
        self.assertEqual(self.assertRaises(RpcError, self.caller.call, request).code, 400)

    def test_domain_facts_have_their_names(self) -> None:
        """By the one table; a wait carries its seconds."""
        self.assertEqual(self.error(tl.account.checkUsername(username="name")), (400, "USERNAME_INVALID"))
        self.assertEqual(self.error(tl.account.checkUsername(username="wait")), (420, "FLOOD_WAIT_7"))

    def test_the_unexpected_is_internal_and_logged_once_without_content(self) -> None:
        """500, one logged failure that names the method and the kind, nothing of what was asked."""
        for username in ("bug", "unknown"):
            self.assertEqual(self.error(tl.account.checkUsername(username=username)), (500, "INTERNAL"))
            (failure,) = self.flushLoggedErrors(HandlerFailed)
            self.assertIn("account.checkUsername", failure.getErrorMessage())
            self.assertNotIn(SECRET, failure.getTraceback())
            self.assertIn("in refused", failure.getTraceback())

    def test_errors_that_come_later_are_the_same(self) -> None:
        """Through the Deferred come RpcErrors only."""
        for username, expected in (("name", 400), ("wait", 420), ("bug", 500)):
            self.service.waiting = Deferred()
            answer = self.call(tl.account.updateUsername(username=username))
            self.service.waiting.callback(None)
            self.assertEqual(self.failureResultOf(answer, RpcError).value.code, expected)
        (failure,) = self.flushLoggedErrors(HandlerFailed)
        self.assertIn("in refused_later", failure.getTraceback())
        self.assertNotIn(SECRET, failure.getTraceback())

    def test_a_request_given_up_is_cancelled_quietly(self) -> None:
        """Cancelling the answer cancels what it waits for and logs nothing."""
        answer = self.call(tl.account.getAccountTTL())
        answer.cancel()
        self.failureResultOf(answer, RpcError)
        self.assertTrue(self.service.waiting.called)

    def test_floods_wait(self) -> None:
        """Past the burst a key waits; another key does not."""
        for _ in range(2):
            self.call(tl.help.getNearestDc())
        self.assertEqual(self.error(tl.help.getNearestDc()), (420, "FLOOD_WAIT_2"))
        self.call(tl.help.getNearestDc(), replace(SOMEBODY, perm_auth_key_id=10))
        self.now += 2
        self.call(tl.help.getNearestDc())

    def test_two_functions_for_one_method_do_not_start(self) -> None:
        """Registering a method twice, or without a service's name, is an error at start."""
        self.assertRaises(ValueError, collect, [Service(), Service()])
        nameless = type("Nameless", (Service,), {"name": ""})
        self.assertRaises(ValueError, collect, [nameless()])
