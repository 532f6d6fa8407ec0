"""What ``/metrics`` shows of files."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from teamgram.domain.domain import Domain


class FilesCollector(Collector):
    """Register it once with the process's registry."""

    def __init__(self, domain: Domain) -> None:
        self._filing = domain.filing
        self._collecting = domain.collecting

    def collect(self) -> Iterable[Metric]:
        """Every metric of files, as it is now."""
        storage, uploads, images = self._filing.storage, self._filing.uploads, self._filing.images
        moved = CounterMetricFamily("files_bytes", "Bytes of files, by what became of them.", labels=["what"])
        moved.add_metric(["staged"], storage.staged_bytes)
        moved.add_metric(["kept"], storage.kept_bytes)
        moved.add_metric(["read"], storage.read_bytes)
        yield moved
        refused = CounterMetricFamily(
            "files_refused", "Times that the store of files did not do what it was asked.", labels=["reason"]
        )
        for reason, count in storage.refused.items():
            refused.add_metric([reason], count)
        yield refused
        collected = CounterMetricFamily("files_collected", "What nobody named any more, and went.", labels=["what"])
        collected.add_metric(["files"], self._collecting.collected.files)
        collected.add_metric(["blobs"], self._collecting.collected.blobs)
        yield collected
        yield GaugeMetricFamily("files_storage_failing", "1 while the store of files fails.", bool(storage.failing))
        yield GaugeMetricFamily("files_uploading_bytes", "Bytes of parts that are no file yet.", uploads.held_bytes)
        yield GaugeMetricFamily("files_pictures_waiting", "Pictures that wait for a worker.", images.waiting)
