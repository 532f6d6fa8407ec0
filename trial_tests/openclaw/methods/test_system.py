"""Health, presence, logs and identity over the wire."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent.delivery import OutboundChannel
from trial_tests.openclaw.agent.test_job_delivery import DeliveryTestCase
from trial_tests.openclaw.approvals.test_approvals import ShapesTestCase
from trial_tests.openclaw.house import TOKEN, DeviceKey, House


class SystemMethodTests(SynchronousTestCase):
    """One house each."""

    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.operator = self.house.operator()

    def test_logs(self) -> None:
        """Lines after a cursor, at most so many; what looks like a secret, or is ours, is not shown."""
        for line in ("one", "password=hunter2 two", f"{TOKEN} three", "four"):
            self.house.service.logs.append(line)
        first = self.operator.request("logs.tail", {"limit": 3})["payload"]
        self.assertEqual(first["lines"], ["password=*** two", "*** three", "four"])
        self.assertTrue(first["truncated"])
        self.house.service.logs.append("five")
        more = self.operator.request("logs.tail", {"cursor": first["cursor"]})["payload"]
        self.assertEqual((more["lines"], more["reset"]), (["five"], False))
        self.assertTrue(self.operator.request("logs.tail", {"cursor": 10**9})["payload"]["reset"])

    def test_presence_ages(self) -> None:
        """Who left is shown as gone for five minutes, then not at all; connected clients and the gateway stay."""
        stays, leaves = self.house.client(), self.house.client()
        stays.hello(DeviceKey(1), client={"id": "openclaw-tui", "mode": "ui", "displayName": "stays"})
        leaves.hello(DeviceKey(2), client={"id": "openclaw-tui", "mode": "ui", "displayName": "leaves"})
        leaves.transport.loseConnection()

        def seen() -> dict[str, str]:
            entries = self.operator.request("system-presence")["payload"]
            self.operator.take()
            return {entry["host"]: entry["reason"] for entry in entries[1:]}

        self.assertEqual(seen(), {"leaves": "disconnect", "stays": "connect"})
        self.house.advance(330)
        self.assertEqual(seen(), {"stays": "connect"})

    def test_two_connections_of_one_device(self) -> None:
        """The device is there until the last of them is gone."""
        first, second = self.house.client(), self.house.client()
        for client in (first, second):
            client.hello(DeviceKey(1), client={"id": "openclaw-tui", "mode": "ui"})
        first.transport.loseConnection()
        self.assertEqual(self.operator.request("system-presence")["payload"][1]["reason"], "connect")
        second.transport.loseConnection()
        self.operator.take()
        self.assertEqual(self.operator.request("system-presence", request_id="z")["payload"][1]["reason"], "disconnect")

    def test_identity_lasts(self) -> None:
        """The gateway's own key is the same after a restart."""
        first = self.operator.request("gateway.identity.get")["payload"]
        again = House(directory=self.house.directory).operator().request("gateway.identity.get")["payload"]
        self.assertEqual(first, again)

    def test_health_sources(self) -> None:
        """What the parts add to the snapshot is in it after the next rebuild, and everybody hears."""
        self.house.plane.health.sources.append(lambda: {"channels": {"telegram": {"ok": True}}})
        self.house.advance(11)
        health = self.operator.request("health", {"probe": True})["payload"]
        self.assertEqual(health["channels"], {"telegram": {"ok": True}})
        event = self.operator.events("health")[-1]
        self.assertEqual(event["stateVersion"]["health"], self.house.plane.events.health_version)
        status = self.operator.request("channels.status", {})["payload"]
        self.assertEqual(status["channelOrder"], ["telegram"])


class ChannelTests(DeliveryTestCase, ShapesTestCase):
    """``channels.start|stop|logout`` of a channel that is there, and of others."""

    def test_switched(self) -> None:
        """It is told, and says so."""
        told: list[bool] = []

        async def switch(on: bool) -> None:
            told.append(on)

        self.house.agents.deliveries.channels["telegram"] = OutboundChannel(
            self.channel.deliver, lambda peer: False, switch
        )
        self.assertTrue(self.ok("channels.stop", channel="telegram")["stopped"])
        self.assertTrue(self.ok("channels.start", channel="telegram", accountId="default")["started"])
        self.assertEqual(told, [False, True])
        self.assertIn("does not support logout", self.error("channels.logout", channel="telegram")["message"])
        self.assertShape("ChannelsPairingListResult", self.ok("channels.pairing.list"))
        self.assertIn("unknown channel", self.error("channels.start", channel="whatsapp")["message"])
        self.assertIn("unknown account", self.error("channels.stop", channel="telegram", accountId="x")["message"])
