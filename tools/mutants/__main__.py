"""Try every mutant and fail for each that no test notices.

    python -m tools.mutants [-j N] [--list] [SUBJECT …]

Each worker has a copy of the tree of its own; the tree itself is never changed. First all tests of the lists run in
one copy as it is: one that fails there, is skipped or takes longer than ten seconds could not notice anything, and
counts as a failure. Then the mutants, one process each. The last line is ``N mutants, N survived``; stale mutants and
those that break the program instead of the check are counted with the survivors.
"""

import argparse
import os
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from tools.mutants.mutant import Mutant, copy_tree, load
from tools.mutants.trying import try_mutant, without_mutants


def main(arguments: list[str]) -> int:
    """0 when none survived."""
    parser = argparse.ArgumentParser(prog="mutants", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-j", "--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    parser.add_argument("--list", action="store_true", help="print the mutants and try none")
    parser.add_argument("subjects", nargs="*", help="lists, or words of what --list prints; all by default")
    options = parser.parse_args(arguments)
    mutants = [one for one in load() if _wanted(one, options.subjects)]
    if options.list:
        print(*mutants, sep="\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="teamgram-mutants-") as directory:
        return try_all(mutants, Path(directory), max(1, options.jobs))


def _wanted(mutant: Mutant, subjects: Iterable[str]) -> bool:
    return not (words := list(subjects)) or any(word == mutant.subject or word in str(mutant) for word in words)


def try_all(mutants: list[Mutant], directory: Path, jobs: int) -> int:
    """0 when there are some and none survived."""
    started = time.monotonic()
    copy_tree(directory / "0")
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    wrong = without_mutants(directory / "0", tests)
    for test, why in wrong.items():
        print(f"without any mutant: {test}: {why}", flush=True)
    print(f"{len(tests)} tests without mutants: {time.monotonic() - started:.0f} s", flush=True)
    waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    for mutant in mutants:
        waiting.put(mutant)
    results: queue.SimpleQueue[tuple[Mutant, str]] = queue.SimpleQueue()
    workers = [
        threading.Thread(target=_work, args=(directory / str(number), waiting, results), daemon=True)
        for number in range(min(jobs, len(mutants)))
    ]
    for worker in workers:
        worker.start()
    survived = 0
    for number in range(1, len(mutants) + 1):
        mutant, why = results.get()
        if not why and (failing := [test for test in mutant.tests if test in wrong]):
            why = f"its tests are of no use: {', '.join(failing)}"
        survived += bool(why)
        print(f"[{number}/{len(mutants)}] {mutant}: {why or 'noticed'}", flush=True)
    print(f"{len(mutants)} mutants, {survived} survived", flush=True)
    return 0 if mutants and not survived and not wrong else 1


def _work(tree: Path, waiting: "queue.SimpleQueue[Mutant]", results: "queue.SimpleQueue[tuple[Mutant, str]]") -> None:
    if not tree.exists():
        copy_tree(tree)
    while True:
        try:
            mutant = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            why = try_mutant(tree, mutant)
        except Exception as error:  # told as a survivor: the others go on
            why = f"could not be tried: {error!r}"
        results.put((mutant, why))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
