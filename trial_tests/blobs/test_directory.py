"""Blobs as files: whole or not there, once for equal bytes, and never outside of their directory."""

import errno
import os
import threading
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial import unittest

from teamgram.blobs import BlobMissing, BlobsAway, BlobsFull, DirectoryBlobs, directory
from trial_tests.blobs.contract import BlobsContract


class DirectoryBlobsTests(BlobsContract, unittest.TestCase):
    """One directory."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.blobs = self._opened()

    def _opened(self, **options: Any) -> DirectoryBlobs:
        from twisted.internet import reactor

        blobs = DirectoryBlobs(self.directory / "files", reactor, **options)
        self.addCleanup(lambda: Deferred.fromCoroutine(blobs.close()))
        return blobs

    def _files(self, under: str) -> list[Path]:
        return [path for path in (self.directory / "files" / under).rglob("*") if path.is_file()]

    async def test_closed(self) -> None:
        """Nothing begins any more: its thread would keep the process for ever."""
        await self.blobs.keep(b"data")
        await self.blobs.close()
        with self.assertRaises(BlobsAway):
            await self.blobs.keep(b"late")
        self.assertEqual([thread.name for thread in threading.enumerate() if "blobs" in thread.name], [])

    async def test_two_levels_of_folders(self) -> None:
        """So that none has too many names in it."""
        kept = await self.blobs.keep(b"data")
        (path,) = self._files("kept")
        self.assertEqual(path.parts[-3:], (kept.name[:2], kept.name[2:4], kept.name))

    async def test_no_links(self) -> None:
        """Where a file has one name only, one piece is written again; one that was dropped is missed."""
        staged = await self.blobs.stage(b"piece")

        def refused(*_: Any) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        patched = self.patch(os, "link", refused)
        kept = await self.blobs.join([staged])
        self.assertEqual(await self.blobs.read(kept.name, 0, 10), b"piece")
        patched.restore()
        await self.blobs.discard([staged])
        with self.assertRaises(BlobMissing):
            await self.blobs.join([staged])

    async def test_half_made(self) -> None:
        """What could not be joined leaves nothing."""
        staged = [await self.blobs.stage(b"piece"), "a" * 32]
        with self.assertRaises(BlobMissing):
            await self.blobs.join(staged)
        self.assertEqual((len(self._files("staged")), self._files("new"), self._files("kept")), (1, [], []))

    async def test_what_was_being_written_goes(self) -> None:
        """A file that a killed process left half-written is not there under any name, and is swept."""
        new = self.directory / "files" / "new"
        new.mkdir(parents=True)
        (new / "4194305-0123").write_bytes(b"half")  # no process has such a number
        (new / "1-0123").write_bytes(b"another one's")
        await self.blobs.keep(b"whole")
        self.assertEqual([path.name for path in self._files("new")], ["1-0123"])

    async def test_low_water_mark(self) -> None:
        """With less room than is to be left free nothing new is taken; what is there is still read."""
        kept = await self.blobs.keep(b"before")
        full = self._opened(min_free_bytes=1 << 60)
        with self.assertRaises(BlobsFull):
            await full.stage(b"new")
        with self.assertRaises(BlobsFull):
            await full.keep(b"new")
        self.assertEqual(await full.read(kept.name, 0, 10), b"before")
        self.assertIn("nothing new is taken", full.failing)
        fresh = self._opened(min_free_bytes=1 << 60)
        await fresh.check()
        self.assertEqual(fresh.failing, full.failing)

    async def test_full_whatever_the_mark_says(self) -> None:
        """A disk that is full, or a quota of the system's, is told as that, and it is over when it is over."""

        def full(*_: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        patched = self.patch(directory, "_write_all", full)
        with self.assertRaises(BlobsFull):
            await self.blobs.stage(b"new")
        self.assertIn("No space", self.blobs.failing)
        patched.restore()
        await self.blobs.stage(b"new")
        self.assertEqual((self.blobs.failing, self._files("new")), ("", []))

    async def test_whole_before_it_has_its_name(self) -> None:
        """At the moment of the renaming the bytes are synced: no crash can leave a name without them."""
        synced: list[int] = []
        renamed: list[bool] = []
        self.patch(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
        rename = Path.rename

        def watched(path: Path, target: Path) -> Path:
            renamed.append(path.stat().st_ino in synced)
            return rename(path, target)

        self.patch(Path, "rename", watched)
        staged = [await self.blobs.stage(b"piece"), await self.blobs.stage(b"and more")]
        await self.blobs.join(staged)
        await self.blobs.keep(b"other")
        # What is one piece is on disk already, and gets another name.
        await self.blobs.join(staged[:1])
        self.assertEqual(renamed, [True] * 2)
