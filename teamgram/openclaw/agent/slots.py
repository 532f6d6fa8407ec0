"""How many runs ask models at once, and whose they are. Plain Python.

Two lanes of the same size (``agents.defaults.maxConcurrent``): one of the
owners, which nobody else can fill, and one of everybody else, in which a
person has a share and those who wait are served in turn.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

#: The person that all owners are: whom the operator named, and whoever has the gateway's secret.
OWNERS = ""

#: The part of its lane that one person may hold; a single slot where that is less.
SHARE = 4

Granted = Callable[[], None]


@dataclass(slots=True)
class _Queue:
    """What one person waits for, oldest first: runs that go on after a rest, and runs that begin."""

    again: OrderedDict[Hashable, Granted] = field(default_factory=OrderedDict)
    new: OrderedDict[Hashable, Granted] = field(default_factory=OrderedDict)

    def __bool__(self) -> bool:
        return bool(self.again or self.new)


class Slots:
    """Gives slots to runs (or to whatever hashable they are asked for).

    A run asks, holds, may rest (it waits for something that is no work, and
    holds nothing meanwhile) and ask again, and leaves.
    """

    def __init__(self, most: Callable[[], int]) -> None:
        """Args:
        most: the size of each lane, as configured now.
        """
        self._most = most
        self._holding: dict[Hashable, str] = {}
        self._held: Counter[str] = Counter()
        self._resting: dict[Hashable, str] = {}
        self._rest: Counter[str] = Counter()
        self._persons: dict[Hashable, str] = {}
        self._queues: OrderedDict[str, _Queue] = OrderedDict()

    def waits(self, run: Hashable) -> bool:
        """Whether it has asked and has not got a slot yet."""
        return run in self._persons

    def holds(self, run: Hashable) -> bool:
        """Whether it has a slot."""
        return run in self._holding

    def ask(self, run: Hashable, person: str, granted: Granted) -> None:
        """Call ``granted`` once there is a slot: at once if there is one now.

        Args:
            person: whose share it takes; :data:`OWNERS` for the owners' lane.
        """
        rested = self._resting.pop(run, None)
        if rested is not None:
            self._rest[rested] -= 1
        self._enqueue(run, person, granted, again=rested is not None)
        self._grant()

    def _enqueue(self, run: Hashable, person: str, granted: Granted, *, again: bool) -> None:
        queue = self._queues.setdefault(person, _Queue())
        (queue.again if again else queue.new)[run] = granted
        self._persons[run] = person

    def move(self, run: Hashable, person: str) -> None:
        """Let a run that waits wait as another person's."""
        before = self._persons.get(run)
        if before is None or before == person:
            return
        again = run in self._queues[before].again
        self._enqueue(run, person, self._unqueue(run), again=again)
        self._grant()

    def rest(self, run: Hashable) -> None:
        """Give the slot to others for a while; the run asks again."""
        person = self._holding.pop(run, None)
        if person is None:
            return
        self._held[person] -= 1
        self._resting[run] = person
        self._rest[person] += 1
        self._grant()

    def leave(self, run: Hashable) -> None:
        """The run needs nothing more: neither its slot nor its place in the queue."""
        if run in self._persons:
            self._unqueue(run)
        for kept, count in ((self._holding, self._held), (self._resting, self._rest)):
            person = kept.pop(run, None)
            if person is not None:
                count[person] -= 1
                if not count[person]:
                    del count[person]
        self._grant()

    def resized(self) -> None:
        """There may be more slots than before."""
        self._grant()

    def _unqueue(self, run: Hashable) -> Granted:
        person = self._persons.pop(run)
        queue = self._queues[person]
        granted = queue.again.pop(run) if run in queue.again else queue.new.pop(run)
        if not queue:
            del self._queues[person]
        return granted

    def _grant(self) -> None:
        while (run := self._next()) is not None:
            person = self._persons[run]
            granted = self._unqueue(run)
            self._holding[run] = person
            self._held[person] += 1
            if person in self._queues:
                # Everybody else who waits comes before this person's next one.
                self._queues.move_to_end(person)
            granted()

    def _next(self) -> Hashable | None:
        most = max(1, self._most())
        owners = self._queues.get(OWNERS)
        if owners is not None and self._held[OWNERS] < most:
            return next(iter(owners.again or owners.new))
        if sum(self._held.values()) - self._held[OWNERS] >= most:
            return None
        share = max(1, most // SHARE)
        for person, queue in self._queues.items():
            if person == OWNERS or self._held[person] >= share:
                continue
            if queue.again:
                return next(iter(queue.again))
            # What rests is in memory with all of its conversation: one person may not have any number of those.
            if self._held[person] + self._rest[person] < most:
                return next(iter(queue.new))
        return None
