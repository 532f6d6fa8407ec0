"""Feeds targets and watches: errors that are not theirs, what the log says, time, memory."""

import gc
import hashlib
import os
import random
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.logger import globalLogPublisher

from tools.fuzz.all_targets import ALL_TARGETS
from tools.fuzz.targets import Target

SEEDS = Path(__file__).parent / "seeds"
SLOW_SECONDS = 0.05


class Fuzzer:
    """Runs targets; ``failures`` are (target, input, what happened)."""

    def __init__(self, seed: int = 1, report: Callable[[str], None] = print, keep: bool = True) -> None:
        self._seed = seed
        self._keep = keep
        self._report = report
        self._logged: list[str] = []
        self.failures: list[tuple[str, bytes, str]] = []
        self.slowest = 0.0

    def run(self, name: str, inputs: int) -> int:
        """So many inputs for one target, those kept of former failures before them; how many there were."""
        target = ALL_TARGETS[name](random.Random(f"{self._seed} {name}"))
        kept = [path.read_bytes() for path in sorted(SEEDS.glob(f"{name}-*"))]
        # Full collections of all that is here by now would count for whichever input they fall on.
        gc.collect()
        gc.freeze()
        globalLogPublisher.addObserver(self._log)  # type: ignore[arg-type]
        try:
            for data in kept:
                self._one(name, target, data)
            for _ in range(inputs):
                self._one(name, target, target.next_input())
                if len(self.failures) > 20:
                    break
        finally:
            globalLogPublisher.removeObserver(self._log)  # type: ignore[arg-type]
        return len(kept) + inputs

    def _log(self, event: dict[str, Any]) -> None:
        if "log_failure" in event:
            self._logged.append(event["log_failure"].getTraceback())

    def _one(self, name: str, target: Target, data: bytes) -> None:
        target.prepare()
        began = time.thread_time()
        try:
            target.take(data)
        except target.allowed:
            pass
        except Exception:
            self._failed(name, data, traceback.format_exc())
        took = time.thread_time() - began
        self.slowest = max(self.slowest, took)
        if took > SLOW_SECONDS:
            self._failed(name, data, f"took {took * 1e3:.0f} ms")
        if self._logged:
            self._failed(name, data, "".join(self._logged))
            self._logged.clear()

    def _failed(self, name: str, data: bytes, what: str) -> None:
        self.failures.append((name, data, what))
        if self._keep:
            SEEDS.mkdir(exist_ok=True)
            (SEEDS / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}").write_bytes(data)
        self._report(f"{name}: {what}")


def resident_bytes() -> int:
    """Of this process."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
