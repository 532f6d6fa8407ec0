"""What Prometheus reads of the edge; counted where it happens, collected only when somebody asks."""

from collections import Counter
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from teamgram.gnetway.service import GnetwayService

KINDS = ("tcp", "websocket", "http")


class GnetwayCollector(Collector):
    """Register it once with the process's registry."""

    def __init__(self, service: GnetwayService) -> None:
        self._service = service

    def collect(self) -> Iterable[Metric]:
        """Every metric of the edge, as it is now."""
        yield from self._connections()
        yield from self._frames()
        yield from self._keys()

    def _connections(self) -> Iterable[Metric]:
        connections = self._service.connections
        kinds: Counter[str] = Counter()
        blocked: Counter[str] = Counter()
        unread = 0
        for conn in connections:
            kinds[conn.kind] += 1
            unread += not conn.writable
            if conn.blocked:
                blocked[conn.blocked] += 1
        open_now = GaugeMetricFamily("gnetway_connections", "Open client connections.", labels=["transport"])
        for kind in KINDS:
            open_now.add_metric([kind], kinds[kind])
        yield open_now
        waiting = GaugeMetricFamily(
            "gnetway_connections_paused", "Connections not being read, by what they wait for.", labels=["awaits"]
        )
        for reason, count in blocked.items():
            waiting.add_metric([reason], count)
        yield waiting
        yield GaugeMetricFamily("gnetway_connections_unread", "Connections whose client does not read.", unread)
        yield GaugeMetricFamily(
            "gnetway_unfinished_bytes", "Bytes of long frames that have begun.", connections.unfinished.total_bytes
        )
        yield GaugeMetricFamily("gnetway_wheel_entries", "Connections in the timing wheel.", len(connections.wheel))
        yield CounterMetricFamily("gnetway_connections_opened", "Connections accepted.", connections.opened)
        yield CounterMetricFamily("gnetway_connections_refused", "Connections above a limit.", connections.refused)

    def _frames(self) -> Iterable[Metric]:
        dispatcher = self._service.dispatcher
        frames = CounterMetricFamily("gnetway_frames", "Encrypted frames.", labels=["direction"])
        frames.add_metric(["in"], dispatcher.frames_in)
        frames.add_metric(["out"], dispatcher.frames_out)
        yield frames
        yield CounterMetricFamily(
            "gnetway_decrypt_failures", "Frames that did not open under their key.", dispatcher.decrypt_failures
        )

    def _keys(self) -> Iterable[Metric]:
        exchanges, auth_keys = self._service.exchanges, self._service.auth_keys
        outcomes = CounterMetricFamily("gnetway_key_exchanges", "Key exchanges, by outcome.", labels=["outcome"])
        for outcome in ("started", "completed", "failed", "flooded"):
            outcomes.add_metric([outcome], getattr(exchanges, outcome))
        yield outcomes
        yield GaugeMetricFamily("gnetway_key_exchanges_open", "Key exchanges in memory.", len(exchanges))
        yield GaugeMetricFamily("gnetway_auth_keys_cached", "Auth keys in the cache.", len(auth_keys))
        yield GaugeMetricFamily("gnetway_auth_key_queries", "Auth keys being asked for.", auth_keys.queries_in_flight)
