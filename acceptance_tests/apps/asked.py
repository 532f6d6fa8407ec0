"""What apps asked of the server, as ``watched_server`` wrote it down, and what of it is bad manners."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: So often a client may ask the same in ``WINDOW`` seconds; opening a page again is a cause, a loop is none.
MOST_TIMES = 3
WINDOW = 2.0
#: What ``watched_server`` writes when it begins again.
RESTARTED = "(restarted)"
#: So long after that a client may ask again by each way on which it comes back (Web A has two) what was not answered.
RETURNING = 5.0


@dataclass(frozen=True)
class Asked:
    """One request.

    Attributes:
        at: unix seconds.
        key: the permanent key that asked.
        client: its version, as ``initConnection`` said it.
        query, answer: in words; an error is ``error 400 NAME``.
        session: of the key; a client that fetches files has one for each of its connections.
    """

    at: float
    key: int
    client: str
    method: str
    query: str
    answer: str
    session: int = 0

    @property
    def is_error(self) -> bool:
        """Whether it was answered with an RPC error."""
        return self.answer.startswith("error ")


def read_asked(file: Path) -> list[Asked]:
    """All of the file so far; a line that is being written is left for the next time."""
    if not file.exists():
        return []
    whole = file.read_text(encoding="utf-8").rpartition("\n")[0]
    return [Asked(**json.loads(line)) for line in whole.splitlines()]


def repeated(asked: Iterable[Asked]) -> list[str]:
    """The requests that one session asked more than ``MOST_TIMES`` times, with the same arguments, within ``WINDOW``.

    Those of the first seconds after a restart are not counted.
    """
    times: dict[tuple[int, int, str], list[float]] = defaultdict(list)
    counted_from = float("-inf")
    for one in asked:
        if one.method == RESTARTED:
            counted_from = one.at + RETURNING
        elif one.at >= counted_from:
            times[one.key, one.session, one.query].append(one.at)
    return [
        query[:200]
        for (_, _, query), moments in times.items()
        if any(later - sooner < WINDOW for sooner, later in zip(moments, moments[MOST_TIMES:], strict=False))
    ]


def unreadable(asked: Iterable[Asked]) -> list[str]:
    """What could not be decoded again: a request or an answer that is not of the schema."""
    return [f"{one.method}: {one.answer[:200]}" for one in asked if "unreadable: " in one.answer + one.query]


def refused_often(asked: Iterable[Asked]) -> list[str]:
    """The requests that one key was refused more than ``MOST_TIMES`` times, however slowly."""
    times = Counter((one.key, one.query) for one in asked if one.is_error)
    return [query[:200] for (_, query), count in times.items() if count > MOST_TIMES]
