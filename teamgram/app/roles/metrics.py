"""What Prometheus reads of the ways between processes."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from teamgram.cluster.links import MemberLinks


class LinksCollector(Collector):
    """Of the links to one kind of neighbours.

    Args:
        kind: ``session`` or an IDMap's target.
    """

    def __init__(self, kind: str, links: MemberLinks) -> None:
        self._kind = kind
        self._links = links

    def collect(self) -> Iterable[Metric]:
        """Every metric, as it is now."""
        name = self._kind.replace(".", "_")
        up = GaugeMetricFamily(f"cluster_{name}_link_up", "Whether a neighbour can be spoken to.", labels=["address"])
        waiting = GaugeMetricFamily(
            f"cluster_{name}_waiting_bytes", "Put on the stream to a neighbour and not sent.", labels=["address"]
        )
        items = CounterMetricFamily(f"cluster_{name}_sent_items", "Sent in messages on the stream.", labels=["address"])
        messages = CounterMetricFamily(f"cluster_{name}_sent_messages", "Those messages.", labels=["address"])
        for link in self._links:
            up.add_metric([link.address], link.outgoing is not None)
            waiting.add_metric([link.address], link.outgoing.waiting_bytes if link.outgoing is not None else 0)
            items.add_metric([link.address], link.sent_items)
            messages.add_metric([link.address], link.sent_messages)
        yield from (up, waiting, items, messages)
        yield CounterMetricFamily(
            f"cluster_{name}_member_changes", "How often the members of the ring became others.", self._links.moves
        )
