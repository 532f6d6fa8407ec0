"""What agents say on a channel: jobs' announcements, replies to be delivered; none lost, none twice, failures told."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent import outgoing
from teamgram.openclaw.agent.delivery import OutboundChannel
from teamgram.openclaw.gateway.errors import invalid, unavailable
from trial_tests.openclaw.agent.agents import AgentsHouse, AgentsTestCase


class PlayedChannel:
    """A channel that takes what it is given, or refuses so many times.

    Attributes:
        said: (to, text) by key: what a channel was told twice under one key it shows once.
    """

    def __init__(self) -> None:
        self.said: dict[str, tuple[str, str]] = {}
        self.failures: list[Exception] = []
        self.attempts = 0

    async def deliver(self, to: str, text: str, agent_id: str, key: str) -> dict[str, Any]:
        """As the messenger."""
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        self.said[key] = (to, text)
        return {"messageId": "1"}

    def hang_in(self, house: AgentsHouse) -> None:
        """Become the house's channel; 7 is an owner."""
        channel = OutboundChannel(self.deliver, lambda peer: peer == "7")
        house.agents.deliveries.channels["telegram"] = channel


class DeliveryTestCase(AgentsTestCase):
    """A house with a channel."""

    def setUp(self) -> None:
        """The clock starts runs."""
        super().setUp()
        self.channel = PlayedChannel()
        self.channel.hang_in(self.house)
        self.house.agents.startService()

    @property
    def said(self) -> list[tuple[str, str]]:
        """What the channel shows."""
        return list(self.channel.said.values())

    def talk_with(self, peer: int, key: str) -> None:
        """A conversation with somebody on the channel."""
        runs = self.house.parts.runs
        session = runs.session_for(runs.parse_key(key))
        session.origin = {"channel": "telegram", "peer": peer}
        session.last_interaction_at = self.house.parts.now_ms()

    def job(self, **more: Any) -> Any:
        """Add a job that speaks once, in five seconds."""
        at = str(self.house.plane.lifetime.now_ms() + 5000)
        params = {
            "name": "talker",
            "schedule": {"kind": "at", "at": at},
            "sessionTarget": "isolated",
            "wakeMode": "now",
            "payload": {"kind": "agentTurn", "message": "time for tea"},
            "delivery": {"mode": "announce", "channel": "telegram", "to": "@ann"},
        }
        return self.ok("cron.add", **{name: value for name, value in (params | more).items() if value is not None})

    def entry(self) -> dict[str, Any]:
        """The newest entry of ``cron.runs``."""
        found: dict[str, Any] = self.ok("cron.runs")["entries"][0]
        return found


class AnnounceTests(DeliveryTestCase):
    """Jobs."""

    def test_named(self) -> None:
        """To whom the job names."""
        self.job()
        self.house.advance(6)
        self.assertEqual(self.said, [("@ann", "time for tea")])
        self.assertEqual((self.entry()["delivered"], self.entry()["deliveryStatus"]), (True, "delivered"))

    def test_last(self) -> None:
        """Without a name to the owner who talked with the agent last, never to a stranger."""
        self.talk_with(7, "agent:main:telegram:direct:7")
        self.house.advance(1)  # the stranger's is the newer one, not one of the same moment
        self.talk_with(8, "agent:main:telegram:direct:8")
        self.job(delivery={"mode": "announce"})
        self.job(delivery=None)
        self.job(delivery={"mode": "none"})
        self.house.advance(6)
        self.assertEqual(self.said, [("7", "time for tea")] * 2)

    def test_the_jobs_own_session(self) -> None:
        """A job made in somebody's conversation answers there."""
        self.talk_with(-5, "agent:main:telegram:group:-5")
        self.job(sessionKey="agent:main:telegram:group:-5", delivery={"mode": "announce", "channel": "last"})
        self.house.advance(6)
        self.assertEqual(self.said, [("-5", "time for tea")])

    def test_nobody(self) -> None:
        """With nobody to tell, the log says so, and the main session."""
        self.job(delivery={"mode": "announce"})
        self.house.advance(6)
        self.assertEqual(self.entry()["deliveryStatus"], "not-delivered")
        self.assertIn("delivery.to is missing", self.entry()["deliveryError"])
        self.assertIn('What the job "talker" had to say reached nobody', self.history()[-1][1])

    def test_silent(self) -> None:
        """``NO_REPLY`` is for nobody, and no trouble."""
        self.job(payload={"kind": "agentTurn", "message": "NO_REPLY"})
        self.house.advance(6)
        self.assertEqual((self.said, self.entry()["deliverySuppressionReason"]), ([], "silent-reply"))
        self.assertEqual(self.history(), [])

    def test_again_later(self) -> None:
        """A channel that fails is asked again; the log follows."""
        self.channel.failures = [RuntimeError("down"), unavailable("still down")]
        self.job()
        self.house.advance(6)
        self.assertEqual((self.said, self.entry()["deliveryStatus"]), ([], "unknown"))
        self.assertIn("RuntimeError", self.entry()["deliveryError"])
        self.house.advance(40)
        self.assertEqual((self.said, self.entry()["deliveryStatus"]), ([("@ann", "time for tea")], "delivered"))
        self.assertNotIn("deliveryError", self.entry())

    def test_given_up(self) -> None:
        """After five attempts the owner hears of it, in the main session and on the channel."""
        self.talk_with(7, "agent:main:telegram:direct:7")
        self.channel.failures = [unavailable("down")] * 5
        self.job()
        self.house.step_seconds = 1.0
        self.house.advance(6 + sum(outgoing.RETRY_SECONDS) + 5)
        self.assertEqual((self.entry()["deliveryStatus"], self.entry()["deliveryError"]), ("not-delivered", "down"))
        (told,) = self.said
        self.assertEqual(told[0], "7")
        self.assertIn("talker", told[1])
        self.assertIn("reached nobody", self.history()[-1][1])

    def test_refused(self) -> None:
        """What will never go is not tried again."""
        self.channel.failures = [invalid("nobody in the messenger is @ann")]
        self.job()
        self.house.advance(60)
        self.assertEqual((self.channel.attempts, self.entry()["deliveryStatus"]), (1, "not-delivered"))

    def test_killed_before_it_went(self) -> None:
        """What waited is delivered by the next process."""
        self.channel.failures = [unavailable("down")] * 9
        self.job()
        self.house.advance(6)
        later = self.house.again()
        self.addCleanup(later.close)
        channel = PlayedChannel()
        channel.hang_in(later)
        later.agents.startService()
        later.advance(6)
        self.assertEqual(list(channel.said.values()), [("@ann", "time for tea")])
        self.assertEqual(later.agents.cron.log[-1]["deliveryStatus"], "delivered")

    def test_killed_while_it_ran(self) -> None:
        """Whoever was to hear of the job hears that it was cut off."""
        self.job(payload={"kind": "agentTurn", "message": "chunks=100 delay=0.1"})
        self.house.advance(6)
        later = self.house.again()
        self.addCleanup(later.close)
        later.agents.startService()
        later.advance(1)
        self.assertEqual(later.agents.cron.log[-1]["status"], "error")
        self.assertIn("The gateway restarted", self.history(client=self.operator(later))[-1][1])

    def test_failed_jobs(self) -> None:
        """The owner hears of a job that fails, once an hour; ``failureAlert`` says who else, or nobody."""
        every = {"kind": "every", "everyMs": 10_000}
        failing = {"kind": "agentTurn", "message": "FAIL400"}
        self.job(schedule=every, payload=failing, failureAlert={"to": "@boss", "after": 2})
        self.job(schedule=every, payload=failing, failureAlert=False)
        self.house.advance(55)
        (told,) = self.said
        self.assertEqual(told[0], "@boss")
        self.assertIn('The job "talker" failed', told[1])
        self.assertEqual(self.history(), [])


class DeliverTests(DeliveryTestCase):
    """``deliver: true``."""

    def test_chat(self) -> None:
        """A reply also goes to whom the session talks with, or whom the request names."""
        self.talk_with(8, "agent:main:telegram:direct:8")
        key = "agent:main:telegram:direct:8"
        self.send("hello", "a", sessionKey=key, deliver=True)
        self.send("hi", "b", deliver=True, originatingChannel="telegram", originatingTo="@bob")
        self.send("quiet", "c", deliver=True)
        self.send("quiet", "d", sessionKey=key)
        self.house.advance(2)
        self.assertEqual(self.said, [("8", "hello"), ("@bob", "hi")])

    def test_agent(self) -> None:
        """The final answer says what became of it; without a target it is refused at once."""
        error = self.error("agent", message="x", idempotencyKey="1", sessionKey="main", deliver=True)
        self.assertIn("delivery target is required", error["message"])
        self.channel.failures = [unavailable("down")]
        where: dict[str, Any] = {"channel": "telegram", "to": "@bob", "deliver": True}
        self.ok("agent", message="tell Bob", idempotencyKey="2", sessionKey="main", **where)
        self.house.advance(1)
        final = [f for f in self.client.take() if f.get("type") == "res"][-1]["payload"]
        delivered = final["result"]["deliveryStatus"]
        self.assertEqual((delivered["status"], delivered["error"]), ("retrying", "down"))
        self.house.advance(6)
        self.assertEqual(self.said, [("@bob", "tell Bob")])
        self.ok("agent", message="x", idempotencyKey="3", sessionKey="main", deliver=True, bestEffortDeliver=True)

    def test_failed_run(self) -> None:
        """A reply that there is not is not delivered."""
        self.send("FAIL400", "a", deliver=True, originatingChannel="telegram", originatingTo="@bob")
        self.house.advance(2)
        self.assertEqual(self.said, [])

    def test_disk_that_refuses(self) -> None:
        """The caller hears that nothing was kept."""

        def refuse() -> Deferred[None]:
            failing: Deferred[None] = Deferred()
            failing.errback(OSError("full"))
            return failing

        self.patch(self.house.agents.outgoing._file, "save", refuse)
        where: dict[str, Any] = {"channel": "telegram", "to": "@bob", "deliver": True}
        self.ok("agent", message="tell Bob", idempotencyKey="2", sessionKey="main", **where)
        self.house.advance(1)
        final = [f for f in self.client.take() if f.get("type") == "res"][-1]["payload"]
        self.assertIn("full", final["result"]["deliveryStatus"]["error"])
        self.assertEqual(self.said, [])
