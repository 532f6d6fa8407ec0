"""Which classes ``tools/run_trial.py`` runs, and in which order: those that take longest first.

How long each takes is what a run wrote down in ``trial_durations.tsv`` (``--record``): a guess that makes the workers
end at the same time, nothing more. A class that is not in there is guessed by how many tests it has.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.python.failure import Failure
from twisted.trial.runner import ErrorHolder, TestLoader

DURATIONS = Path(__file__).with_name("trial_durations.tsv")

#: Seconds for each test of a class that nobody has measured, and what a class must take to be written down.
GUESS_SECONDS = 0.1
WORTH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class TestClass:
    """What one worker runs in one go.

    Attributes:
        name: where it is, dotted.
        methods: of its tests, in trial's order.
        seconds: that it will take, as a guess.
    """

    name: str
    methods: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Attributes:
    classes: longest first.
    broken: (name, error) of what could not be loaded; each counts as a failure.
    """

    classes: list[TestClass]
    broken: list[tuple[str, str]]


def plan(names: Iterable[str]) -> Plan:
    """Load the named packages, modules, classes or tests and order what they have."""
    seconds = durations()
    found: dict[str, list[str]] = {}
    broken = []
    for test in _each(TestLoader().loadByNames(list(names), recurse=True)):
        if isinstance(test, ErrorHolder):
            broken.append((test.id(), _told(test)))
            continue
        name, _, method = test.id().rpartition(".")
        found.setdefault(name, []).append(method)
    classes = [
        TestClass(name, tuple(methods), seconds.get(name, GUESS_SECONDS * len(methods)))
        for name, methods in found.items()
    ]
    return Plan(sorted(classes, key=lambda one: -one.seconds), broken)


def durations(path: Path = DURATIONS) -> dict[str, float]:
    """Seconds by class."""
    if not path.exists():
        return {}
    rows = (line.split("\t") for line in path.read_text().splitlines())
    return {name: float(seconds) for name, seconds in rows}


def record(measured: dict[str, float], path: Path = DURATIONS) -> None:
    """Write down how long classes took now; what was not run keeps its row."""
    now = {**durations(path), **measured}
    rows = [f"{name}\t{seconds:.1f}\n" for name, seconds in sorted(now.items()) if seconds >= WORTH_SECONDS]
    path.write_text("".join(rows))


def _each(suite: Any) -> Iterator[Any]:
    try:
        tests = iter(suite)
    except TypeError:
        yield suite
        return
    for test in tests:
        yield from _each(test)


def _told(holder: Any) -> str:
    kind, value, trace = holder.error
    return str(Failure(value, kind, trace).getTraceback())
