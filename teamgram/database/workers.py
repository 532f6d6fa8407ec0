"""Pool threads that take one job after another, so that a busy database costs no thread switch for each.

adbapi hands every single function to a thread, and its result back, by calls of
their own: most of a short transaction's cost. Here a thread that is done looks for
the next job itself, results go back together, and a thread that finds nothing
waits a moment before it returns to the pool.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from teamgram.database.errors import DatabaseOverloaded
from teamgram.database.fair_queue import FairQueue
from teamgram.database.pool import Pool, PooledConnection

#: Seconds that a thread with nothing to do waits for more before it returns to the pool.
LINGER = 0.05


class Job:
    """A function to run in a transaction, and what became of it.

    Attributes:
        began: when it was asked for, where times are observed.
        after: the transaction's ``call_after`` calls.
        tickets: see :mod:`teamgram.database.parallel`.
    """

    __slots__ = ("after", "args", "began", "deferred", "description", "error", "function", "result", "tickets")

    def __init__(self, description: str, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.description = description
        self.began = 0.0
        self.function = function
        self.args = args
        self.deferred: Deferred[Any] = Deferred()
        self.result: Any = None
        self.error: BaseException | None = None
        self.after: list[tuple[Callable[..., object], tuple[Any, ...]]] | None = None
        self.tickets: Sequence[int] = ()


class Workers:
    """Runs jobs on up to ``size`` of a pool's connections. Its methods belong to the reactor thread.

    Args:
        work: called in a pool thread with one or more jobs in the order of
            submission; leaves ``result``, or ``error``, in each and raises nothing.
        size: threads at once.
        most: the most jobs that one call of ``work`` gets.
        max_waiting: jobs that may be unsettled; one more is refused.
        in_order: which jobs to settle now that these have been worked on, where
            that is not simply all of them.
        owner: for whom a job is that is being submitted; the owners take turns.

    Attributes:
        observe: told each job's description and seconds from ``submit`` until it is settled; None: nobody.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        pool: Pool,
        work: Callable[[PooledConnection, list[Job]], None],
        *,
        size: int,
        most: int,
        max_waiting: int,
        in_order: Callable[[list[Job]], Iterable[Job]] = lambda jobs: jobs,
        owner: Callable[[], int] = lambda: 0,
    ) -> None:
        self.observe: Callable[[str, float], object] | None = None
        self._reactor = reactor
        self._pool = pool
        self._work = work
        self._size = size
        self._most = most
        self.max_waiting = max_waiting
        self._in_order = in_order
        self._owner = owner
        # Jobs submitted and not settled; who waits until there are none; whether _rouse will be called.
        self.waiting = 0
        self._idle: list[Deferred[None]] = []
        self._rousing = False
        # Shared with the pool's threads under the lock.
        self._lock = threading.Lock()
        self._queue: FairQueue[Job] = FairQueue()
        self._done: list[Job] = []
        self._running = 0
        self._lingering = 0
        self._closing = False
        self._more = threading.Semaphore(0)

    def submit(self, description: str, function: Callable[..., Any], args: tuple[Any, ...]) -> Deferred[Any]:
        """Queue a job; fires with what the function returned once that holds.

        Raises:
            DatabaseOverloaded: too many are waiting.
        """
        if self.waiting >= self.max_waiting:
            raise DatabaseOverloaded(f"{self.waiting} transactions are waiting")
        job = Job(description, function, args)
        if self.observe is not None:
            job.began = time.monotonic()
        self.waiting += 1
        owner = self._owner()
        with self._lock:
            self._queue.append(owner, job)
        if not self._rousing:
            self._rousing = True
            # Once the reactor has gone through everything it has read: what those requests ask for goes together.
            self._reactor.callLater(0, self._rouse)
        return job.deferred

    def when_idle(self) -> Deferred[None]:
        """Fires when everything submitted so far is settled."""
        if not self.waiting:
            return succeed(None)
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        return idle

    def close(self) -> None:
        """Send lingering threads back to the pool, which can then be closed without a wait."""
        with self._lock:
            self._closing = True
            woken, self._lingering = self._lingering, 0
        if woken:
            self._more.release(woken)

    def _rouse(self) -> None:
        """Let as many threads work as there are jobs for."""
        self._rousing = False
        with self._lock:
            wanted = -(-len(self._queue) // self._most)
            woken = min(wanted, self._lingering)
            self._lingering -= woken
            started = min(wanted - woken, self._size - self._running)
            self._running += started
        if woken:
            self._more.release(woken)
        for _ in range(started):
            self._pool.run(self._drain).addErrback(self._no_connection)

    def _no_connection(self, failure: Any) -> None:
        """A thread could not begin: if there is no other, nobody is left to take the jobs."""
        jobs: list[Job] = []
        with self._lock:
            self._running -= 1
            if not self._running:
                jobs.extend(self._queue.popleft() for _ in range(len(self._queue)))
        for job in jobs:
            job.error = failure.value
        self._settle(jobs)

    # In a pool thread.

    def _drain(self, connection: PooledConnection) -> None:
        """Work until there is nothing left for a while."""
        while True:
            jobs = self._take()
            if jobs:
                self._work(connection, jobs)
                self._hand_back(jobs)
            elif not self._linger():
                return

    def _take(self) -> list[Job]:
        with self._lock:
            queue = self._queue
            return [queue.popleft() for _ in range(min(len(queue), self._most))]

    def _hand_back(self, jobs: list[Job]) -> None:
        with self._lock:
            first = not self._done
            self._done.extend(jobs)
        if first:
            self._reactor.callFromThread(self._settle_done)

    def _linger(self) -> bool:
        """Wait for more; False when this thread is to return to the pool."""
        with self._lock:
            if self._queue:
                return True
            if self._closing:
                self._running -= 1
                return False
            self._lingering += 1
        if self._more.acquire(timeout=LINGER):
            return True
        with self._lock:
            if self._lingering:
                self._lingering -= 1
                self._running -= 1
                return False
        # Counted as woken in the very last moment: what was released for it is there.
        self._more.acquire()
        return True

    # Back in the reactor thread.

    def _settle_done(self) -> None:
        with self._lock:
            done, self._done = self._done, []
        self._settle(self._in_order(done))

    def _settle(self, jobs: Iterable[Job]) -> None:
        observe = self.observe
        now = time.monotonic() if observe is not None else 0.0
        for job in jobs:
            self.waiting -= 1
            if observe is not None:
                observe(job.description, now - job.began)
            if job.error is not None:
                job.deferred.errback(job.error)
                continue
            if job.after is not None:
                self._call_after(job.after)
            job.deferred.callback(job.result)
        if not self.waiting:
            idle, self._idle = self._idle, []
            for waiter in idle:
                waiter.callback(None)

    def _call_after(self, calls: list[tuple[Callable[..., object], tuple[Any, ...]]]) -> None:
        """One that raises is our bug and stops none of the others."""
        for function, args in calls:
            try:
                function(*args)
            except Exception:
                self._log.failure("call_after {function} failed", function=function)
