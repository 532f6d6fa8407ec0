"""The session stage as Prometheus sees it: counted as it goes, put into shape when it is scraped."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from teamgram.session.counts import LATENCY_BUCKETS, MethodTimes
from teamgram.session.stage import Stage


class SessionCollector(Collector):
    """Register once with the process's registry."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def collect(self) -> Iterable[Metric]:
        """Every metric of the stage."""
        yield from self._gauges()
        yield from self._counters()
        yield from self._methods()

    def _gauges(self) -> Iterable[Metric]:
        stage = self._stage
        wrappers = list(stage.keys.wrappers.values())
        sessions = [session for keys in stage.keys.lists.values() for session in keys.sessions]
        gauges = {
            "wrappers": ("Permanent keys (and unbound temporary ones) held in memory", len(wrappers)),
            "sessions": ("MTProto sessions held in memory", len(sessions)),
            "sessions_disconnected": (
                "Sessions that wait for their client to come back",
                len(stage.delivery.disconnected),
            ),
            "devices_online": ("Signed-in keys with a connected updates session", sum(w.online for w in wrappers)),
            "data_chan_frames": ("Frames in all session_data_chans", sum(len(w.session_data_chan) for w in wrappers)),
            "rpc_running": ("Requests that bff has not answered yet", len(stage.requests.running)),
            "large_request_bytes": ("Bytes of large requests that are not answered yet", stage.counts.large_bytes),
            "unsent_bytes": ("Bytes that wait for a connection", sum(s.core.outbox.queued_bytes for s in sessions)),
            "unacked_bytes": (
                "Bytes kept until the client acknowledges them",
                sum(s.core.outbox.unacked_bytes for s in sessions),
            ),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"session_{name}", text, value=value)

    def _counters(self) -> Iterable[Metric]:
        counts = self._stage.counts
        refused = CounterMetricFamily(
            "session_bad_msgs", "Messages refused, by bad_msg_notification code", labels=["code"]
        )
        for code, number in sorted(counts.refused.items()):
            refused.add_metric([str(code)], number)
        yield refused
        for name, text, number in (
            ("duplicates", "Messages that had been received before", counts.duplicates),
            ("resent", "Messages sent again", counts.resent),
            ("updates_dropped", "Times a session's waiting updates were dropped", counts.updates_dropped),
            ("given_up", "Sessions ended or emptied because all together kept too much", counts.given_up),
            ("fan_outs", "Updates for users with a device in memory", self._stage.push.fan_outs),
            ("updates_pushed", "Updates queued for sessions", self._stage.push.pushed),
        ):
            yield CounterMetricFamily(f"session_{name}", text, value=number)

    def _methods(self) -> Iterable[Metric]:
        times = HistogramMetricFamily("rpc_seconds", "Time of requests in bff", labels=["method"])
        errors = CounterMetricFamily("rpc_errors", "Requests answered with an error", labels=["method", "code"])
        for method, of_method in self._stage.routing.times():
            if any(of_method.buckets):
                times.add_metric([method], _cumulative(of_method), of_method.seconds)
            for code, number in sorted(of_method.errors.items()):
                errors.add_metric([method, str(code)], number)
        yield times
        yield errors


def _cumulative(times: MethodTimes) -> list[tuple[str, float]]:
    """Buckets as Prometheus wants them: each counts all below it."""
    total = 0
    buckets = []
    for bound, number in zip([*map(str, LATENCY_BUCKETS), "+Inf"], times.buckets, strict=True):
        total += number
        buckets.append((bound, float(total)))
    return buckets
