"""Jobs that wait for a thread: the owners take turns, so that who asks much keeps nobody else waiting."""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

J = TypeVar("J")


class FairQueue(Generic[J]):
    """First in, first out for each owner, one of each owner after the other. Not for several threads at once."""

    __slots__ = ("_by_owner", "_size")

    def __init__(self) -> None:
        self._by_owner: OrderedDict[int, deque[J]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def append(self, owner: int, job: J) -> None:
        """Behind everything of that owner; a new owner behind the others."""
        waiting = self._by_owner.get(owner)
        if waiting is None:
            waiting = self._by_owner[owner] = deque()
        waiting.append(job)
        self._size += 1

    def popleft(self) -> J:
        """The next owner's oldest.

        Raises:
            IndexError: nothing waits.
        """
        if not self._size:
            raise IndexError("nothing waits")
        owner, waiting = next(iter(self._by_owner.items()))
        job = waiting.popleft()
        self._size -= 1
        if waiting:
            self._by_owner.move_to_end(owner)
        else:
            del self._by_owner[owner]
        return job
