"""twistd, with a note of how long each turn of the reactor takes: ``python -m tools.bench.timed_server -n teamgram …``.

Seconds of the reactor thread's CPU, a line each, without the wait for sockets and without what other threads and
programs take meanwhile. Each SIGUSR2 writes those since the last one into the file that ``TURNS_FILE`` names.
"""

import os
import signal
import time
from pathlib import Path
from typing import Any

from twisted.scripts.twistd import run

from teamgram.gnetway.short_rounds import ShortRounds

TURNS_FILE = "TEAMGRAM_TURNS_FILE"


def note_turns(file: Path) -> None:
    """Have every look for sockets from now on end a turn."""
    turns: list[float] = []
    began = time.thread_time()
    poll = ShortRounds.poll

    def timed(self: ShortRounds, timeout: float, most: int) -> list[tuple[int, int]]:
        nonlocal began
        turns.append(time.thread_time() - began)
        try:
            return poll(self, timeout, most)
        finally:
            began = time.thread_time()

    def write(*_: Any) -> None:
        written, turns[:] = turns[:], []
        partial = file.with_suffix(".partial")
        partial.write_text("".join(f"{seconds:.6f}\n" for seconds in written))
        partial.replace(file)

    ShortRounds.poll = timed  # type: ignore[method-assign]
    signal.signal(signal.SIGUSR2, write)


if __name__ == "__main__":
    note_turns(Path(os.environ[TURNS_FILE]))
    run()  # type: ignore[no-untyped-call]
