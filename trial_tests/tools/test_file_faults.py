"""A few rounds of ``tools/file_faults.py``; ``make faults`` does hundreds."""

from pathlib import Path
from unittest import SkipTest

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from tools.file_faults import FileFaults, NotWhole
from trial_tests.blobs.s3_server import SKIP


class FileFaultsTests(TestCase):
    """Each kind with a server of its own."""

    timeout = 120.0

    async def faults(self, kind: str) -> FileFaults:
        """Started, and ended with the test."""
        from twisted.internet import reactor

        faults = FileFaults(reactor, Path.cwd() / self.mktemp(), kind)
        self.addCleanup(lambda: Deferred.fromCoroutine(faults.stop()))
        await faults.start()
        return faults

    async def test_server_killed(self) -> None:
        """Nothing acknowledged is lost; and the tool would see it: a file with a hole in it is noticed."""
        faults = await self.faults("directory")
        await faults.run(2)
        self.assertEqual(faults.counts["rounds"], 2)
        largest = max(faults._server.data_dir.glob("files/kept/*/*/*"), key=lambda path: path.stat().st_size)
        content = largest.read_bytes()
        largest.write_bytes(content[:1000] + b"hole" + content[1004:])
        with self.assertRaises(NotWhole):
            await faults.run(0)

    async def test_on_s3(self) -> None:
        """The server is killed, and then its store."""
        if SKIP:
            raise SkipTest(SKIP)
        for kind, rounds in (("s3", 1), ("store", 1)):
            faults = await self.faults(kind)
            await faults.run(rounds)
            self.assertEqual(faults.counts["rounds"], rounds)
