"""``/readyz`` while the database cannot be written, and after it."""

import json
import resource
import sqlite3

from twisted.internet.task import deferLater

from teamgram.mtproto.tl import tl
from trial_tests.app.operating import OperatingTestCase


class ReadyTests(OperatingTestCase):
    """SQLite: what is away is another process's doing, or the disk's."""

    async def not_ready(self, reason: str) -> None:
        await self.server.logged("not ready, the database takes no writes", within=30)
        status, text = await self.probe("/readyz")
        self.assertEqual(status, 503)
        [failing] = json.loads(text)["failing"]
        self.assertTrue(failing.startswith("database: "), failing)
        self.assertRegex(failing, reason)
        self.assertEqual((await self.probe("/healthz"))[0], 200)

    async def ready_again(self) -> None:
        await self.server.logged("the database takes writes again", within=30)
        self.assertEqual((await self.probe("/readyz"))[0], 200)

    async def test_a_lock_that_nobody_gives_back(self) -> None:
        """503 with the reason while it lasts, 200 by itself after it, one line in the log for each."""
        await self.server.logged("in the messenger")  # the last that a start writes
        lock = sqlite3.connect(self.server.data_dir / "teamgram.db", isolation_level=None)
        self.addCleanup(lock.close)
        lock.execute("BEGIN IMMEDIATE")
        await self.not_ready("no answer for 5 s|locked")
        await deferLater(self.reactor, 6)
        self.assertEqual(self.server.output.count("not ready, the database takes no writes"), 1)
        lock.execute("ROLLBACK")
        await self.ready_again()

    async def test_a_full_disk(self) -> None:
        """No byte more fits: the same, and afterwards people write as before."""
        session, _ = await self.sign_up_peer("Ada")
        await self.server.logged("in the messenger")
        _, hard = resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, (0, hard))
        await self.not_ready("full|I/O")
        resource.prlimit(self.server.pid, resource.RLIMIT_FSIZE, (hard, hard))
        await self.ready_again()
        await session.call(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="again", random_id=1))
