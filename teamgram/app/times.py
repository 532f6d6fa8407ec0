"""How long things took, as histograms that cost two additions an observation."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import Metric

DATABASE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CACHE_BUCKETS = (0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)
"""Upper bounds in seconds."""


class Times:
    """A histogram for each label: two additions an observation, put into shape when it is scraped.

    Args:
        bounds: upper bounds in seconds, ascending.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def observe(self, label: str, seconds: float) -> None:
        """One more that took ``seconds``; ``label`` is one of a fixed set."""
        buckets = self._buckets.get(label)
        if buckets is None:
            buckets = self._buckets[label] = [0] * (len(self._bounds) + 1)
            self._seconds[label] = 0.0
        buckets[bisect_left(self._bounds, seconds)] += 1
        self._seconds[label] += seconds

    def family(self, name: str, text: str, label_name: str) -> Metric:
        """As Prometheus wants it: each bucket counts all below it."""
        from prometheus_client.core import HistogramMetricFamily

        family = HistogramMetricFamily(name, text, labels=[label_name])
        bounds = [*map(str, self._bounds), "+Inf"]
        for label, buckets in sorted(self._buckets.items()):
            total = 0
            cumulative = []
            for bound, number in zip(bounds, buckets, strict=True):
                total += number
                cumulative.append((bound, float(total)))
            family.add_metric([label], cumulative, self._seconds[label])
        return family
