"""One run of the gateway: when it began, on what, and whether it takes anybody in."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred


class Lifetime:
    """Asked by whoever needs the time, a folder or to know how far the start and the end have come.

    Attributes:
        boot_id: another one after each restart.
        is_ready: connects are accepted; until then they are told to come back.
        before_ready: what has to be done first; none of it fails.
        draining: everything is on its way down: nobody is let in.
    """

    def __init__(
        self, reactor: Any, data_dir: Path, state_dir: Path, version: str, restart: Callable[[str], None]
    ) -> None:
        """Args:
        restart: called with the reason when a client asked for a restart that is allowed.
        """
        self.reactor = reactor
        self.data_dir = data_dir
        self.state_dir = state_dir
        self.version = version
        self.boot_id = str(uuid.uuid4())
        self.started_at = self.seconds()
        self.is_ready = False
        self.before_ready: list[Deferred[None]] = []
        self.draining = False
        self._restart = restart

    def restarted(self) -> None:
        """As after a start: another boot id, nothing is on its way down."""
        self.boot_id = str(uuid.uuid4())
        self.started_at = self.seconds()
        self.draining = False

    def request_restart(self, reason: str) -> None:
        """Go down in order and come up again, once the answer to whoever asked is out."""
        self.reactor.callLater(0.05, self._restart, reason)

    def seconds(self) -> float:
        """Unix time."""
        return float(self.reactor.seconds())

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return round(self.seconds() * 1000)

    def uptime_ms(self) -> int:
        """Since the start, in milliseconds."""
        return round((self.seconds() - self.started_at) * 1000)
