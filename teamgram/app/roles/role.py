"""What the processes of one role have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from twisted.logger import LogLevelFilterPredicate

from teamgram.app.config import sections
from teamgram.app.config.loader import Configuration
from teamgram.app.roles.neighbours import Trust
from teamgram.cluster.discovery import Discovery
from teamgram.cluster.flow import StreamQueue
from teamgram.gnetway.settings import ListenerSettings
from teamgram.interfaces.figures import Figures


@dataclass(frozen=True)
class RolePlace:
    """Where a role is built.

    Attributes:
        listeners, levels: as the configuration has them, found usable.
        address: where neighbours reach it.
        process: its name among all processes, another one with each start.
        discovery: who else is there.
    """

    configuration: Configuration
    data_dir: Path
    reactor: Any
    listeners: list[ListenerSettings]
    levels: LogLevelFilterPredicate
    address: str
    process: str
    trust: Trust
    discovery: Discovery
    figures: Figures


Step = tuple[str, Callable[[], Awaitable[object] | object]]


class RoleStages(Protocol):
    """One of them, built and not started.

    Attributes:
        file: its section of the configuration.
        services: what its port serves.
    """

    @property
    def file(self) -> sections.ServiceFile: ...

    @property
    def services(self) -> Sequence[Any]: ...

    async def start(self) -> None:
        """Serve; the port is open already."""

    def leave(self) -> None:
        """Have the neighbours send what is new to others."""

    def stop_steps(self) -> Sequence[Step]:
        """What ends it in order, with a name each; the port is closed after the first."""

    def not_ready(self) -> list[str]:
        """What does not serve now."""

    def degraded(self) -> list[str]:
        """What does not work now while everything else does."""

    def streams(self) -> list[tuple[str, StreamQueue[Any]]]:
        """The streams that live, with who is at the other end of each."""

    def load(self) -> int:
        """Client connections that it knows of, or requests under way."""

    def leads(self) -> bool:
        """Whether it does what one process does for all."""

    def lines(self) -> list[str]:
        """What its start prints."""
