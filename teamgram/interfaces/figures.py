"""Who has figures for ``/metrics``; put into Prometheus's shape when somebody asks, and not before.

Prometheus's library, and the modules that speak its words, are two megabytes
that a server nobody scrapes need not have: those who have figures leave word
here, and are asked for them at the first scrape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric


class HasFigures(Protocol):
    """What Prometheus calls a collector."""

    def collect(self) -> Iterable[Metric]:
        """Its families, as they are now."""


MakeCollector = Callable[[], Any]
"""Gives a :class:`HasFigures`; called once, at the first scrape after it was added."""


class Figures:
    """Everybody of one process who has figures."""

    def __init__(self) -> None:
        self._collectors: dict[MakeCollector, HasFigures | None] = {}

    def add(self, make: MakeCollector) -> None:
        """Ask ``make`` for a collector when somebody scrapes; import what it needs in there."""
        self._collectors[make] = None

    def remove(self, make: MakeCollector) -> None:
        """Ask it no more."""
        self._collectors.pop(make, None)

    def collect(self) -> Iterator[Metric]:
        """All families, in the order in which their owners came."""
        for make, made in list(self._collectors.items()):
            if made is None:
                made = self._collectors[make] = make()
            yield from made.collect()

    def page(self) -> tuple[bytes, bytes]:
        """Prometheus's text of all, and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

        # All that it asks of a registry is ``collect``.
        return generate_latest(cast("CollectorRegistry", self)), CONTENT_TYPE_LATEST.encode()
