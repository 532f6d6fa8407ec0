"""What Prometheus reads of the session stage."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from prometheus_client import CollectorRegistry, generate_latest

from teamgram.interfaces.rpc import RpcError
from teamgram.session import service_messages as wire
from teamgram.session.metrics import SessionCollector
from trial_tests.session.fakes import GET_CONFIG, GET_NEAREST_DC, GET_STATE, USER, Harness


class MetricsTests(SynchronousTestCase):
    def scrape(self, harness: Harness) -> dict[str, float]:
        registry = CollectorRegistry()
        registry.register(SessionCollector(harness.service.stage))
        lines = generate_latest(registry).decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}

    def test_what_happened_is_counted(self) -> None:
        """Requests by method, refusals by code, resends and pushes, and what is there now."""
        harness = Harness()
        harness.bff.answers["help.getConfig"] = RpcError(420, "FLOOD_WAIT", 3)
        harness.bff.slow.add("help.getNearestDc")
        client = harness.client()
        client.send(GET_CONFIG, salt=5)
        client.send(GET_CONFIG)
        client.send(GET_STATE)
        client.send(GET_NEAREST_DC)
        harness.turn()
        harness.push(USER, b"updt")
        harness.turn()
        client.connect()
        client.send(struct.pack("<Iq", wire.PING, 1))
        scraped = self.scrape(harness)
        expected = {
            'session_bad_msgs_total{code="48"}': 1,
            'rpc_errors_total{code="420",method="help.getConfig"}': 1,
            'rpc_seconds_count{method="updates.getState"}': 1,
            'rpc_seconds_bucket{le="30.0",method="updates.getState"}': 1,
            "session_rpc_running": 1,
            "session_sessions": 1,
            "session_devices_online": 1,
            "session_updates_pushed_total": 1,
            "session_resent_total": 4,
        }
        self.assertEqual({name: scraped.get(name) for name in expected}, expected)
        self.assertNotIn('rpc_seconds_count{method="help.getNearestDc"}', scraped)
        harness.bff.waiting[0][1].callback(b"\xb5\x75\x72\x99")
        self.assertEqual(self.scrape(harness)['rpc_seconds_count{method="help.getNearestDc"}'], 1)

    def test_an_idle_stage(self) -> None:
        """Before anything happened every metric is there or empty."""
        self.assertEqual(self.scrape(Harness())["session_sessions"], 0)
