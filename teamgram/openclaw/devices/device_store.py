"""Devices and tokens, on disk: what :mod:`pairing` knows, kept in one file that survives ``kill -9``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.devices.pairing import Pairing, PairRequest
from teamgram.openclaw.state_file import StateFile, read_json


class DeviceStore:
    """The pairing and its file.

    Attributes:
        pairing: all devices, and those that ask.
    """

    def __init__(self, path: Path, reactor: Any, now_ms: int, resolved: Callable[[PairRequest, str], None]) -> None:
        """Read what is there. Blocks.

        Args:
            resolved: called with (request, ``approved`` or ``rejected``).

        Raises:
            ValueError: the file is damaged, or a newer version's.
        """
        self.pairing = Pairing(resolved)
        self._file = StateFile(path, self.pairing.snapshot, reactor)
        self.pairing.restore(read_json(path), now_ms)

    def saved(self) -> Deferred[None]:
        """Fires when devices and tokens as they are now are on disk."""
        return self._file.save()

    def touch(self) -> None:
        """Something changed that may be lost in a crash."""
        self._file.touch()

    async def close(self) -> None:
        """Save what is not saved yet."""
        await self._file.close()
