"""What Prometheus reads of the edge."""

from twisted.trial.unittest import SynchronousTestCase

from prometheus_client import CollectorRegistry, generate_latest

from teamgram.gnetway.metrics import GnetwayCollector
from trial_tests.gnetway.client import sealed
from trial_tests.gnetway.edges import Gnetway
from trial_tests.gnetway.fakes import perm_key
from trial_tests.peer.transports import Intermediate

KEY = perm_key(1)


class GnetwayCollectorTests(SynchronousTestCase):
    def test_figures_follow_what_happens(self) -> None:
        """Connections, frames, failures and cached keys are read as they are at the scrape."""
        gnetway = Gnetway("tcp", KEY)
        registry = CollectorRegistry()
        registry.register(GnetwayCollector(gnetway.service))
        good, bad = gnetway.connect()[0], gnetway.connect()[0]
        client = Intermediate()
        frame = sealed(KEY)
        good.dataReceived(client.opening() + client.encode(frame))
        gnetway.session.room = 0
        good.dataReceived(client.encode(frame))
        bad.dataReceived(client.opening() + client.encode(frame[:-1] + bytes((frame[-1] ^ 1,))))
        expected = {
            ("gnetway_connections", (("transport", "tcp"),)): 1,
            ("gnetway_connections", (("transport", "http"),)): 0,
            ("gnetway_connections_paused", (("awaits", "data channel"),)): 1,
            ("gnetway_connections_opened_total", ()): 2,
            ("gnetway_wheel_entries", ()): 1,
            ("gnetway_frames_total", (("direction", "in"),)): 1,
            ("gnetway_decrypt_failures_total", ()): 1,
            ("gnetway_auth_keys_cached", ()): 1,
            ("gnetway_key_exchanges_total", (("outcome", "started"),)): 0,
        }
        for (name, labels), value in expected.items():
            self.assertEqual(registry.get_sample_value(name, dict(labels)), value, name)
        self.assertIn(b"# HELP gnetway_frames_total Encrypted frames.", generate_latest(registry))
