"""When memory is given back, by a clock, and what the process does meanwhile."""

import platform

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.app.idle_memory import LOOK_EVERY, QUIET_LOOKS, QUIET_WORK, IdleMemory, trim_c_heap

MINUTE = int(QUIET_LOOKS * LOOK_EVERY)


class IdleMemoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.work = 0
        self.cpu = 0.0
        self.blocks = 100_000
        self.did: list[str] = []
        self.memory = IdleMemory(
            self.clock,
            lambda: self.work,
            cpu=lambda: self.cpu,
            blocks=lambda: self.blocks,
            collect=self.collect,
            trim=lambda: self.did.append("trim"),
        )
        self.memory.start()
        self.addCleanup(self.memory.stop)

    def collect(self) -> None:
        self.did.append("collect")
        self.blocks -= 50_000
        self.cpu += 1.0

    def busy(self, seconds: int, *, frames: int = 100, cpu: float = 0.0) -> None:
        """So long, with that much in each second."""
        for _ in range(seconds):
            self.work += frames
            self.cpu += cpu
            self.clock.advance(1)

    def test_after_a_quiet_minute(self) -> None:
        """First garbage, then pages; once, and not again while nothing comes or goes."""
        self.busy(30)
        self.blocks = 200_000
        self.busy(MINUTE - 1, frames=0)
        self.assertEqual(self.did, [])
        self.busy(1, frames=0)
        self.assertEqual(self.did, ["collect", "trim"])
        self.busy(10 * MINUTE, frames=0)
        self.assertEqual((self.did, self.memory.trimmed), (["collect", "trim"], 1))

    def test_never_beside_traffic(self) -> None:
        """Frames put it off, however much there is to give back, and the minute begins anew."""
        self.blocks = 400_000
        self.busy(10 * MINUTE, frames=QUIET_WORK)
        self.busy(MINUTE - int(LOOK_EVERY), frames=0)
        self.busy(1)
        self.busy(MINUTE - int(LOOK_EVERY), frames=0)
        self.assertEqual(self.did, [])

    def test_never_beside_other_work(self) -> None:
        """Agents and the database send no frames; the processor time tells."""
        self.blocks = 400_000
        self.busy(10 * MINUTE, frames=0, cpu=0.05)
        self.assertEqual(self.did, [])

    def test_pings_of_who_stays_are_quiet(self) -> None:
        """A few clients that stay connected do not keep the memory of the many that went."""
        self.blocks = 200_000
        self.busy(2 * MINUTE, frames=1)
        self.assertEqual(self.did, ["collect", "trim"])

    def test_again_when_more_went(self) -> None:
        """Sessions outlive their connections by minutes: when they have ended it is worth another time."""
        self.blocks = 400_000
        self.busy(2 * MINUTE, frames=0)
        self.blocks = 200_000
        self.busy(2 * MINUTE, frames=0)
        self.assertEqual(self.memory.trimmed, 2)

    def test_nothing_to_give_back(self) -> None:
        """A process that nobody used since its start is left alone."""
        self.busy(10 * MINUTE, frames=0)
        self.assertEqual(self.did, [])

    def test_c_library(self) -> None:
        """glibc is asked; another library has nothing to ask, which is no error."""
        self.assertIsInstance(trim_c_heap(), bool)
        if platform.libc_ver()[0] == "glibc":
            kept = [bytearray(1000) for _ in range(50_000)]
            del kept[::2], kept[:-1]
            self.assertTrue(trim_c_heap())
