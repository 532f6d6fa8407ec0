"""Memory goes back to the system when nobody needs the process for a while.

What clients left behind when they went is free to Python and to the C
library, and both keep it for the next ones: 12,000 clients that came and went
left 160 MB. To look through everything for garbage and to give pages back
takes a tenth of a second in one piece, in which nobody is answered; so it is
done in a quiet minute and never beside traffic.
"""

import ctypes
import gc
import sys
import time
from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

LOOK_EVERY = 10.0
"""Seconds from one look to the next."""

QUIET_LOOKS = 6
"""Looks in a row that must find it quiet."""

QUIET_WORK = 20
"""Frames and connections between two looks that are still quiet: clients that stay connected ping now and then."""

QUIET_CPU = 0.02
"""Part of a processor that is still quiet, whoever uses it: agents, the database, timers."""

WORTH_IT = 0.05
"""Part of all allocated blocks that must have come or gone since the last time."""


def trim_c_heap() -> bool:
    """Have glibc give free pages back (``malloc_trim(3)``); False where there is no glibc."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return False
    return bool(trim(ctypes.c_size_t(0)))


class IdleMemory:
    """Looks every ten seconds whether now is the time.

    Args:
        work: frames and connections since the start.
        cpu: seconds of processor time that the process has used.
        blocks: how many blocks of memory Python has allocated.
        collect, trim: look for garbage; give pages back.

    Attributes:
        trimmed: how often it was done.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        work: Callable[[], int],
        *,
        cpu: Callable[[], float] = time.process_time,
        blocks: Callable[[], int] = sys.getallocatedblocks,
        collect: Callable[[], object] = gc.collect,
        trim: Callable[[], object] = trim_c_heap,
    ) -> None:
        self._work = work
        self._cpu = cpu
        self._blocks = blocks
        self._collect = collect
        self._trim = trim
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock
        self._quiet = 0
        self._last_work = 0
        self._last_cpu = 0.0
        self._last_blocks = 0
        self.trimmed = 0

    def start(self) -> None:
        """Look from now on; what is there at the start stays."""
        self._last_work, self._last_cpu, self._last_blocks = self._work(), self._cpu(), self._blocks()
        self._looking.start(LOOK_EVERY, now=False).addErrback(self._failed)

    def stop(self) -> None:
        """Look no more."""
        if self._looking.running:
            self._looking.stop()

    def _look(self) -> None:
        work, cpu = self._work(), self._cpu()
        is_quiet = work - self._last_work <= QUIET_WORK and cpu - self._last_cpu <= QUIET_CPU * LOOK_EVERY
        self._last_work, self._last_cpu = work, cpu
        self._quiet = self._quiet + 1 if is_quiet else 0
        if self._quiet >= QUIET_LOOKS and self._is_worth_it():
            self._give_back()

    def _is_worth_it(self) -> bool:
        return abs(self._blocks() - self._last_blocks) > WORTH_IT * self._last_blocks

    def _give_back(self) -> None:
        before = self._blocks()
        self._collect()
        self._trim()
        # What it took itself is no traffic.
        self._last_cpu, self._last_blocks = self._cpu(), self._blocks()
        self._quiet = 0
        self.trimmed += 1
        self._log.info(
            "quiet: looked for garbage and gave memory back; {blocks} of {before} blocks are left",
            blocks=self._last_blocks,
            before=before,
        )

    def _failed(self, failure: object) -> None:
        self._log.error("memory is no longer given back: {failure}", failure=failure)
