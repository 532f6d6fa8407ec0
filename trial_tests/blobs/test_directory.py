"""Blobs as files: whole or not there, once for equal bytes, and never outside of their directory."""

import os
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial import unittest

from teamgram.blobs import BlobMissing, BlobsFull, DirectoryBlobs


class DirectoryBlobsTests(unittest.TestCase):
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

    async def test_joined_in_the_order_given(self) -> None:
        """Pieces become one blob under the SHA-256 of all of them, with its MD5 and size."""
        pieces = [os.urandom(300_000), b"x", os.urandom(1024)]
        staged = [await self.blobs.stage(piece) for piece in pieces]
        kept = await self.blobs.join(staged)
        whole = b"".join(pieces)
        self.assertEqual(
            (kept.name, kept.size, kept.md5), (sha256(whole).hexdigest(), len(whole), md5(whole).hexdigest())
        )
        self.assertEqual(await self.blobs.read(kept.name, 0, len(whole) + 5), whole)
        self.assertEqual(await self.blobs.read(kept.name, 299_990, 20), whole[299_990:300_010])
        self.assertEqual(await self.blobs.read(kept.name, len(whole), 20), b"")
        (path,) = self._files("kept")
        self.assertEqual(path.parts[-3:], (kept.name[:2], kept.name[2:4], kept.name))

    async def test_equal_bytes_once(self) -> None:
        """However often and however cut they come."""
        data = os.urandom(5000)
        first = await self.blobs.keep(data)
        again = await self.blobs.join([await self.blobs.stage(data[:1000]), await self.blobs.stage(data[1000:])])
        self.assertEqual(first, again)
        self.assertEqual(len(self._files("kept")), 1)

    async def test_discarded(self) -> None:
        """A piece that was dropped is joined no more; to drop it twice is no error, and nothing half-made stays."""
        staged = await self.blobs.stage(b"piece")
        other = await self.blobs.stage(b"other")
        await self.blobs.discard([staged])
        await self.blobs.discard([staged])
        with self.assertRaises(BlobMissing):
            await self.blobs.join([other, staged])
        self.assertEqual((len(self._files("staged")), self._files("new"), self._files("kept")), (1, [], []))

    async def test_names_are_no_paths(self) -> None:
        """A name that is none is refused, whatever file it would lead to."""
        (self.directory / "secret").write_bytes(b"secret")
        await self.blobs.keep(b"there")
        for name in ("../secret", "/etc/passwd", "", "ab/cd", "A" * 64, "a" * 63 + "\n", "a" * 64):
            with self.assertRaises(BlobMissing):
                await self.blobs.read(name, 0, 10)
            with self.assertRaises(BlobMissing):
                await self.blobs.join([name])

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
        await self.blobs.join([await self.blobs.stage(b"piece")])
        await self.blobs.keep(b"other")
        self.assertEqual(renamed, [True, True, True])
