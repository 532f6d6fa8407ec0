"""Updates that are brought: in order for each chat, again when they were not taken, and only where they may go."""

import json
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

from teamgram.bots.api import BotApi
from teamgram.bots.errors import ApiError
from teamgram.bots.webhook_target import MAX_ANSWER, NotBrought, Reach, WebhookTarget, checked_url
from teamgram.bots.webhooks import STORE_SECONDS, Courier
from teamgram.domain.bots.bot import Webhook
from teamgram.domain.web_pages.checked_endpoints import NameLookup
from trial_tests.backends import on_every_backend
from trial_tests.bff.test_bots import BotTestCase


class UrlTests(SynchronousTestCase):
    """Where updates may be brought."""

    def test_urls(self) -> None:
        """HTTPS on some ports; with the operator's word, anywhere."""
        for url in ("https://example.org/x", "https://example.org:8443/", "example.org/x"):
            self.assertTrue(checked_url(url, private=False).startswith("https://"))
        for url in ("http://example.org/", "https://example.org:22/", "ftp://example.org/", "https://", "https://a b/",
                    "https://example.org:99999/", "file:///etc/passwd", "https://é.org/", "x" * 3000):  # fmt: skip
            self.assertRaises(ApiError, checked_url, url, private=False)
        self.assertEqual(checked_url("http://127.0.0.1:9/x", private=True), "http://127.0.0.1:9/x")

    def test_reach(self) -> None:
        """Public addresses only."""
        for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"):
            self.assertFalse(Reach(private=False).allows(address, 443), address)
        self.assertTrue(Reach(private=False).allows("93.184.215.14", 443))
        self.assertFalse(Reach(private=False).allows("93.184.215.14", 22))


class Receiver(Resource):
    """Keeps what it is brought, and answers as it is told."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.brought: list[tuple[dict[str, str], Any]] = []
        self.status, self.answer = 200, b"{}"
        self.more: dict[str, str] = {}

    def render_POST(self, request: Any) -> bytes:
        found = request.requestHeaders.getAllRawHeaders()
        headers = {name.decode().lower(): values[0].decode() for name, values in found}
        self.brought.append((headers, json.loads(request.content.read())))
        request.setResponseCode(self.status)
        for name, value in self.more.items():
            request.setHeader(name.encode(), value.encode())
        if self.status == 429:
            request.setHeader("retry-after", "7")
        return self.answer


class TargetTests(TestCase):
    """One bringing, on a real socket."""

    timeout = 30.0

    def setUp(self) -> None:
        self.targets: list[WebhookTarget] = []
        self.receiver = Receiver()
        site: Any = Site(self.receiver)
        listener: Any = reactor.listenTCP(0, site, interface="127.0.0.1")
        self.addCleanup(listener.stopListening)
        self.url = f"http://user:word@127.0.0.1:{listener.getHost().port}/hook?x=1"

    def target(self, *, private: bool = True, **more: Any) -> WebhookTarget:
        """One that is closed in the end."""
        target = WebhookTarget(reactor, Webhook(self.url, **more), Reach(private), NameLookup(reactor))
        self.targets.append(target)
        return target

    async def tearDown(self) -> None:
        for target in self.targets:
            await target.close()

    async def test_a_long_head(self) -> None:
        """Short lines without end, also in a later answer over the same connection, are cut off."""
        target = self.target()
        await target.bring({"update_id": 1})
        self.receiver.more = {f"X-{number}": "b" for number in range(40_000)}
        with self.assertRaises(NotBrought):
            await target.bring({"update_id": 2})
        self.receiver.more = {}
        await target.bring({"update_id": 3})

    async def test_taken(self) -> None:
        """What is brought, with what secrets, and what is made of the answer."""
        target = self.target(secret_token="s3cret")
        self.receiver.answer = b'{"method": "sendMessage"}'
        self.assertEqual(await target.bring({"update_id": 5}), {"method": "sendMessage"})
        self.receiver.answer = b"x" * (MAX_ANSWER + 1)
        self.assertEqual(await target.bring({"update_id": 6}), {})
        headers, update = self.receiver.brought[0]
        self.assertEqual(update, {"update_id": 5})
        self.assertEqual(headers["x-telegram-bot-api-secret-token"], "s3cret")
        self.assertEqual(headers["authorization"], "Basic dXNlcjp3b3Jk")
        self.assertEqual(headers["content-type"], "application/json")

    async def test_refused(self) -> None:
        """What the receiver says instead."""
        target = self.target()
        for status, seconds, gone in ((500, 0, False), (429, 7, False), (410, 0, True), (302, 0, False)):
            self.receiver.status = status
            error: Any = await self.assertFailure(Deferred.fromCoroutine(target.bring({})), NotBrought)
            self.assertTrue(str(error).startswith(f"Wrong response from the webhook: {status}"), error)
            self.assertEqual((error.retry_after, error.is_gone), (seconds, gone))

    async def test_not_there(self) -> None:
        """This machine is nobody's receiver unless the operator says so."""
        error = await self.assertFailure(Deferred.fromCoroutine(self.target(private=False).bring({})), NotBrought)
        self.assertIn("reserved", str(error))
        self.assertEqual(self.receiver.brought, [])


class FakeTarget:
    """Takes what it is told to take."""

    def __init__(self) -> None:
        self.brought: list[str] = []
        self.refuses: dict[str, NotBrought] = {}
        self.answer: dict[str, Any] = {}
        self.hangs = False

    async def bring(self, update: dict[str, Any]) -> dict[str, Any]:
        text = update["message"]["text"]
        self.brought.append(text)
        if self.hangs:
            await Deferred()
        if text in self.refuses:
            raise self.refuses[text]
        return dict(self.answer)

    async def close(self) -> None:
        pass


@on_every_backend
class CourierTests(BotTestCase):
    """One bot's courier."""

    async def setUp(self) -> None:
        await super().setUp()
        self.target = FakeTarget()
        self.api = BotApi(self.house.domain, self.house.clock, b"k" * 32, private_webhooks=True)

    def courier(self) -> Courier:
        """A courier that has begun."""
        webhooks: Any = self.api.webhooks
        target: Any = self.target
        courier = Courier(
            self.bot.user.id, target, 2, self.house.domain, webhooks._views, self.house.clock, webhooks._carry
        )
        courier.start()
        # What is added last is done first: the database is closed after it.
        self.addCleanup(lambda: Deferred.fromCoroutine(courier.stop()))
        return courier

    async def until(self, *brought: str) -> None:
        """Wait until just these were brought, in whatever order."""
        for _ in range(500):
            if sorted(self.target.brought) == sorted(brought):
                return
            await deferLater(reactor, 0.01)
        self.assertEqual(self.target.brought, list(brought))

    async def confirmed(self) -> None:
        """Wait until nothing waits any more, and what a receiver answered was carried out."""
        for _ in range(500):
            if not (await self.inbox.state(self.bot.user.id)).waiting:
                await deferLater(reactor, 0.05)
                return
            await deferLater(reactor, 0.01)
        self.fail("updates were not confirmed")

    async def test_in_order(self) -> None:
        """Each once, in order, and confirmed."""
        self.courier()
        for text in ("one", "two", "three"):
            await self.anna.send(self.anna.peer(self.bot), text)
        await self.until("one", "two", "three")
        self.assertEqual(self.target.brought, ["one", "two", "three"])
        await self.confirmed()

    async def test_again(self) -> None:
        """What is refused comes again and holds up its own chat alone."""
        courier = self.courier()
        self.target.refuses["one"] = NotBrought("Wrong response from the webhook: 500 x")
        await self.anna.send(self.anna.peer(self.bot), "one")
        await self.anna.send(self.anna.peer(self.bot), "two")
        await self.boris.send(self.boris.peer(self.bot), "other")
        await self.until("one", "other")
        self.assertEqual(courier.last_error.message, "Wrong response from the webhook: 500 x")
        self.target.refuses.clear()
        self.house.clock.advance(2)
        await self.until("one", "other", "one", "two")
        self.assertEqual([one for one in self.target.brought if one != "other"], ["one", "one", "two"])

    async def test_crash(self) -> None:
        """What was not confirmed is brought by the next courier."""
        self.target.hangs = True
        courier = self.courier()
        await self.anna.send(self.anna.peer(self.bot), "one")
        await self.until("one")
        await courier.stop()
        self.target.hangs = False
        self.courier()
        await self.until("one", "one")

    async def test_store_away(self) -> None:
        """What could not be noted as taken is noted later, and what follows is brought then."""
        inbox: Any = self.inbox
        confirm, failures = inbox.confirm, [OSError("away")]

        async def failing(bot_id: int, update_id: int) -> None:
            if failures:
                raise failures.pop()
            await confirm(bot_id, update_id)

        self.patch(inbox, "confirm", failing)
        self.courier()
        await self.anna.send(self.anna.peer(self.bot), "one")
        await self.anna.send(self.anna.peer(self.bot), "two")
        await self.until("one")
        self.house.clock.advance(STORE_SECONDS)
        await self.until("one", "two")
        await self.confirmed()
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    async def test_answer(self) -> None:
        """A receiver may answer with a method; not with one that tells or takes webhooks away."""
        self.target.answer = {"method": "sendMessage", "chat_id": self.anna.user.id, "text": "at once"}
        self.courier()
        await self.anna.send(self.anna.peer(self.bot), "one")
        await self.until("one")
        await self.confirmed()
        await self.until("one")
        messages = (await self.anna.history(self.anna.peer(self.bot))).messages
        self.assertEqual(messages[0].message, "at once")

    async def test_methods(self) -> None:
        """Setting, telling, and no getUpdates meanwhile."""

        async def ask(method: str, **given: Any) -> Any:
            return await self.api.call(self.token, method, given, {}, "192.0.2.1")

        self.assertTrue(await ask("setWebhook", url="http://127.0.0.1:9/x", secret_token="abc", max_connections=5))
        info = await ask("getWebhookInfo")
        self.assertEqual((info["url"], info["max_connections"]), ("http://127.0.0.1:9/x", 5))
        self.assertNotIn("abc", json.dumps(info))
        error = await self.assertFailure(Deferred.fromCoroutine(ask("getUpdates")), ApiError)
        self.assertEqual(error.code, 409)
        self.assertEqual(await self.house.domain.bots.with_webhooks(), [self.bot.user.id])
        for wrong in ({"url": "http://127.0.0.1/", "secret_token": "a b"}, {"url": "ftp://x/"}):
            await self.assertFailure(Deferred.fromCoroutine(ask("setWebhook", **wrong)), ApiError)
        self.assertTrue(await ask("setWebhook", url=""))
        self.assertEqual((await ask("getWebhookInfo"))["url"], "")
        self.assertEqual(await ask("getUpdates"), [])
