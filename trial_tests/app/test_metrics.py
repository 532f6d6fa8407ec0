"""``/metrics`` of a running server, and that the dashboard and the operator's page name what is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.registry import Collector

from teamgram.app.times import Times
from teamgram.mtproto.tl import tl
from trial_tests.app.operating import OperatingTestCase

DOCS = Path(__file__).parents[2] / "docs"
#: What prometheus_client tells of any process; its names are not ours.
_COMMON = ("process_", "python_")


class ScrapeTests(OperatingTestCase):
    """One server, used a little."""

    async def test_it_counts_what_happened(self) -> None:
        """Sign-ups, a message and a push are found in the figures, and every documented name is there."""
        session, _ = await self.sign_up_peer("Ada")
        await session.call(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="hello", random_id=1))
        scraped = await self.scrape()
        for name, least in {
            'gnetway_connections{transport="tcp"}': 1,
            'gnetway_key_exchanges_total{outcome="completed"}': 1,
            'gnetway_frames_total{direction="in"}': 5,
            "gnetway_wheel_entries": 1,
            "session_sessions": 1,
            "session_devices_online": 1,
            'rpc_seconds_count{method="messages.sendMessage"}': 1,
            'rpc_seconds_bucket{le="+Inf",method="auth.signUp"}': 1,
            'cache_seconds_count{operation="get"}': 1,
            "reactor_delay_seconds": 0,
            'openclaw_connections{role="operator"}': 0,
            "process_resident_memory_bytes": 10_000_000,
        }.items():
            self.assertGreaterEqual(scraped.get(name, -1), least, name)
        transactions = [name for name in scraped if name.startswith("database_seconds_count")]
        self.assertGreater(len(transactions), 5)
        _, text = await self.probe("/metrics")
        self.check_documents(text)

    def check_documents(self, text: str) -> None:
        families = dict(re.findall(r"(?m)^# TYPE (\S+) (\S+)$", text))
        samples = {*families}
        for name, kind in families.items():
            if kind == "histogram":
                samples |= {f"{name}_bucket", f"{name}_count", f"{name}_sum"}
        page = (DOCS / "operations.md").read_text()
        told = set(
            re.findall(r"`((?:gnetway|session|rpc|database|cache|openclaw|updates|users|reactor)_[a-z_]+)", page)
        )
        self.assertEqual(told - samples, set(), "docs/operations.md tells of what is not there")
        mine = {name for name in families if not name.startswith(_COMMON)}
        self.assertEqual({name for name in mine if f"`{name}`" not in page}, set(), "docs/operations.md leaves out")
        dashboard = json.loads((DOCS / "grafana.json").read_text())
        drawn = set()
        for panel in dashboard["panels"]:
            for target in panel.get("targets", ()):
                drawn |= set(re.findall(r"\b[a-z]+_[a-z_]+\b(?!\()", target["expr"])) - {"histogram_quantile"}
        drawn -= {"method", "transaction"}
        self.assertEqual(drawn - samples, set(), "docs/grafana.json draws what is not there")
        shown = {re.sub(r"_(bucket|count|sum)$", "", name) for name in drawn}
        self.assertEqual(mine - shown - {"teamgram_info"}, set(), "docs/grafana.json leaves out")


class TimesTests(SynchronousTestCase):
    """The histograms."""

    def test_buckets_are_cumulative(self) -> None:
        """An observation at a bound counts for it, one above all only for +Inf."""
        times = Times((0.1, 1.0))
        for seconds in (0.1, 0.5, 7.0):
            times.observe("read", seconds)

        class One(Collector):
            def collect(self) -> Iterator[Metric]:
                yield times.family("t_seconds", "text", "what")

        registry = CollectorRegistry()
        registry.register(One())
        lines = generate_latest(registry).decode().splitlines()
        self.assertIn('t_seconds_bucket{le="0.1",what="read"} 1.0', lines)
        self.assertIn('t_seconds_bucket{le="1.0",what="read"} 2.0', lines)
        self.assertIn('t_seconds_bucket{le="+Inf",what="read"} 3.0', lines)
        self.assertIn('t_seconds_sum{what="read"} 7.6', lines)
