"""Jobs that tell a program: posts to an address, tried again while it is away, and to public ones alone."""

import json
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

from teamgram.openclaw.agent.delivery import OutboundChannel
from teamgram.openclaw.agent.job_webhooks import JobWebhooks
from teamgram.openclaw.config.sections import CronSection
from teamgram.openclaw.gateway.errors import GatewayError, unavailable
from trial_tests.openclaw.agent.test_job_delivery import DeliveryTestCase


class Program(Resource):
    """Listens; answers with ``code``."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.code = 200
        self.heard: list[tuple[dict[str, Any], Any]] = []

    def render_POST(self, request: Any) -> bytes:
        """Keep it."""
        self.heard.append((json.loads(request.content.read()), request.requestHeaders))
        request.setResponseCode(self.code)
        return b"x" * 100_000


class PostTests(TestCase):
    """On the wire."""

    async def setUp(self) -> None:
        """A program that listens here."""
        self.program = Program()
        port: Any = reactor.listenTCP(0, Site(self.program), interface="127.0.0.1")  # type: ignore[arg-type]
        self.addCleanup(port.stopListening)
        self.url = f"http://127.0.0.1:{port.getHost().port}/hook?x=1"

    async def post(self, **policy: Any) -> dict[str, Any]:
        section = CronSection(webhook_token="shared", webhook_ssrf_policy=policy)
        return await JobWebhooks(reactor, lambda: section).deliver(self.url, '{"a": 1}', "main", "key-1")

    async def test_post(self) -> None:
        """JSON, with the token and a key by which a repetition is known; what is answered is of no interest."""
        self.assertEqual(await self.post(allowPrivateNetwork=True), {"status": 200})
        ((body, headers),) = self.program.heard
        self.assertEqual(body, {"a": 1})
        self.assertEqual(headers.getRawHeaders("authorization"), ["Bearer shared"])
        self.assertEqual(headers.getRawHeaders("idempotency-key"), ["key-1"])

    async def test_refusals(self) -> None:
        """What may pass is told apart from what will not; this machine is no address unless that is allowed."""
        for code, kind in (
            (503, "UNAVAILABLE"),
            (429, "UNAVAILABLE"),
            (404, "INVALID_REQUEST"),
            (302, "INVALID_REQUEST"),
        ):
            self.program.code = code
            failing = Deferred.fromCoroutine(self.post(allowPrivateNetwork=True))
            error: Any = await self.assertFailure(failing, GatewayError)
            self.assertEqual(error.code, kind, code)
        before = len(self.program.heard)
        await self.assertFailure(Deferred.fromCoroutine(self.post()), GatewayError)
        self.assertEqual(len(self.program.heard), before)


class JobTests(DeliveryTestCase):
    """From the clock to the post."""

    def setUp(self) -> None:
        super().setUp()
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.failures = 0

        async def deliver(to: str, text: str, agent_id: str, key: str) -> dict[str, Any]:
            if self.failures:
                self.failures -= 1
                raise unavailable("away")
            self.posts.append((to, json.loads(text)))
            return {"status": 200}

        self.house.agents.deliveries.webhook = OutboundChannel(deliver, lambda peer: False)

    def test_posted(self) -> None:
        """The end of a run with its answer, as the event has it; ``cron.runs`` says that it went."""
        self.job(delivery={"mode": "webhook", "to": "https://example.org/hook"})
        self.house.advance(8)
        ((to, event),) = self.posts
        self.assertEqual(to, "https://example.org/hook")
        self.assertEqual((event["status"], event["summary"], event["jobName"]), ("ok", "time for tea", "talker"))
        self.assertEqual(self.entry()["deliveryStatus"], "delivered")

    def test_away(self) -> None:
        """It is tried again, also over a restart."""
        self.failures = 1
        self.job(delivery={"mode": "webhook", "to": "https://example.org/hook"})
        self.house.advance(8)
        self.assertEqual((self.posts, self.entry()["deliveryStatus"]), ([], "unknown"))
        self.house.advance(10)
        self.assertEqual((len(self.posts), self.entry()["deliveryStatus"]), (1, "delivered"))

    def test_failed_run(self) -> None:
        """Is posted, too; and the owners' alert may be one."""
        alert = {"after": 1, "mode": "webhook", "to": "https://example.org/alert"}
        failing = {"kind": "agentTurn", "message": "FAIL400"}
        wish = {"mode": "webhook", "to": "https://example.org/hook"}
        self.job(delivery=wish, payload=failing, failureAlert=alert)
        self.house.advance(8)
        posts = dict(self.posts)
        self.assertEqual(posts["https://example.org/hook"]["status"], "error")
        self.assertIn("failed", posts["https://example.org/alert"]["message"])

    def test_beside_an_announcement(self) -> None:
        """``completionDestination``: people and a program."""
        both = {"mode": "announce", "channel": "telegram", "to": "@ann"}
        self.job(delivery={**both, "completionDestination": {"mode": "webhook", "to": "https://example.org/done"}})
        self.house.advance(8)
        self.assertEqual((len(self.posts), len(self.said)), (1, 1))

    def test_whose(self) -> None:
        """Nobody who may only send makes the server ask an address."""
        writer = self.operator(scopes=["operator.write"])
        params = {"to": "https://example.org", "message": "x", "channel": "webhook", "idempotencyKey": "k"}
        self.assertEqual(self.error("send", writer, **params)["code"], "FORBIDDEN")
        self.assertEqual(self.posts, [])

    def test_no_address(self) -> None:
        """Is refused when the job is made."""
        for url in ("ftp://example.org", "https://ann:secret@example.org", "https://", "https://a b", "x", 7, None):
            error = self.error(
                "cron.add",
                name="x",
                schedule={"kind": "every", "everyMs": 60_000},
                sessionTarget="isolated",
                wakeMode="now",
                payload={"kind": "agentTurn", "message": "x"},
                delivery={"mode": "webhook", "to": url},
            )
            self.assertEqual(error["code"], "INVALID_REQUEST", url)
