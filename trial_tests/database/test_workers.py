"""Pool threads that take one job after another: none is lost, none waits for a thread that sleeps."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import TestCase

from teamgram.database import workers
from teamgram.database.workers import Job, Workers


class _Threads:
    """A pool without a database."""

    def __init__(self, reactor: Any, size: int) -> None:
        self.reactor = reactor
        self.started = 0
        self.error: Exception | None = None
        self.pool = ThreadPool(0, size)
        self.pool.start()

    def run(self, function: Any, *args: Any) -> Deferred[Any]:
        self.started += 1
        return deferToThreadPool(self.reactor, self.pool, self._run, function, *args)

    def _run(self, function: Any, *args: Any) -> Any:
        if self.error is not None:
            raise self.error
        return function(None, *args)


class WorkersTests(TestCase):
    """Workers."""

    timeout = 30.0

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.batches: list[int] = []

    def make(self, size: int, most: int, owner: Callable[[], int] = lambda: 0) -> Workers:
        self.threads = _Threads(self.reactor, size)
        made = Workers(
            self.reactor,
            self.threads,  # type: ignore[arg-type]
            self.work,
            size=size,
            most=most,
            max_waiting=100_000,
            owner=owner,
        )
        self.addCleanup(self.threads.pool.stop)
        self.addCleanup(made.close)
        return made

    def work(self, connection: Any, jobs: list[Job]) -> None:
        self.batches.append(len(jobs))
        for job in jobs:
            job.result = job.function(*job.args)

    async def test_one_turn_one_batch(self) -> None:
        """What is asked for in one turn of the reactor is worked on together."""
        made = self.make(size=1, most=100)
        results = await gatherResults([made.submit("job", lambda n: n, (n,)) for n in range(50)])
        self.assertEqual(results, list(range(50)))
        self.assertEqual(self.batches, [50])

    async def test_batch_bounded(self) -> None:
        """No call of work gets more jobs than it may."""
        made = self.make(size=1, most=7)
        await gatherResults([made.submit("job", lambda: None, ()) for _ in range(50)])
        self.assertEqual(max(self.batches), 7)
        self.assertEqual(sum(self.batches), 50)

    async def test_slow_job_delays_no_other(self) -> None:
        """While one thread is busy the others take what comes."""
        made = self.make(size=3, most=1)
        release = threading.Event()
        slow = made.submit("job", release.wait, (20,))
        for _ in range(20):
            await made.submit("job", lambda: None, ())
        self.assertFalse(slow.called)
        release.set()
        self.assertTrue(await slow)

    async def test_owners_take_turns(self) -> None:
        """Who asks once waits for one job of who asks much, and everybody's own are in their order."""
        asking = [1]
        made = self.make(size=1, most=1, owner=lambda: asking[0])
        done: list[int] = []
        submitted = [made.submit("job", done.append, (100 + number,)) for number in range(4)]
        for asking[0] in (2, 3):
            submitted += [made.submit("job", done.append, (asking[0] * 100 + number,)) for number in range(2)]
        await gatherResults(submitted)
        self.assertEqual(done, [100, 200, 300, 101, 201, 301, 102, 103])

    async def test_thread_lingers(self) -> None:
        """A thread is started once for jobs that come soon after one another, and returns to the pool when none do."""
        made = self.make(size=1, most=10)
        for _ in range(20):
            await made.submit("job", lambda: None, ())
        self.assertEqual(self.threads.started, 1)
        await deferLater(self.reactor, workers.LINGER * 4)
        self.assertEqual((made._running, made._lingering), (0, 0))
        await made.submit("job", lambda: None, ())
        self.assertEqual(self.threads.started, 2)

    async def test_around_the_end_of_lingering(self) -> None:
        """Jobs that come just when threads stop lingering are all done, and the counts come out even."""
        self.patch(workers, "LINGER", 0.001)
        made = self.make(size=3, most=2)
        rng = random.Random(1)
        for _ in range(400):
            await gatherResults([made.submit("job", lambda: None, ()) for _ in range(rng.randrange(1, 5))])
            await deferLater(self.reactor, rng.choice((0, 0.0009, 0.001, 0.0011)))
        await deferLater(self.reactor, 0.1)
        self.assertEqual((made._running, made._lingering, made.waiting), (0, 0, 0))

    async def test_no_connection(self) -> None:
        """Where no thread can begin the jobs fail with its error, and later ones are tried again."""
        made = self.make(size=2, most=1)
        self.threads.error = OSError("no server")
        for submitted in [made.submit("job", lambda: None, ()) for _ in range(5)]:
            with self.assertRaises(OSError):
                await submitted
        self.threads.error = None
        self.assertEqual(await made.submit("job", lambda: 5, ()), 5)

    async def test_close_wakes(self) -> None:
        """Closing does not wait for lingering threads to have enough of it."""
        self.patch(workers, "LINGER", 20)
        made = self.make(size=2, most=1)
        await gatherResults([made.submit("job", time.sleep, (0.01,)) for _ in range(4)])
        made.close()
        started = time.monotonic()
        while made._running:
            await deferLater(self.reactor, 0.001)
        self.assertLess(time.monotonic() - started, 10)
