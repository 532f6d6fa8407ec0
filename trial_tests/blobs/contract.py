"""What every engine does, whichever it is."""

import os
from hashlib import md5, sha256
from itertools import pairwise
from typing import Any

from teamgram.blobs import BlobMissing

MIB = 1 << 20


class BlobsContract:
    """Mixed into an engine's test case, which sets ``blobs``."""

    blobs: Any
    assertEqual: Any
    assertRaises: Any

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

    async def test_large(self) -> None:
        """Of several MiB in pieces of several lengths; every range of it is what was sent."""
        whole = os.urandom(11 * MIB + 333)
        cuts = [0, *range(MIB // 2, 9 * MIB, MIB // 2), 9 * MIB, 9 * MIB + 1, 10 * MIB + 1, 11 * MIB, len(whole)]
        staged = [await self.blobs.stage(whole[start:end]) for start, end in pairwise(cuts)]
        kept = await self.blobs.join(staged)
        self.assertEqual(kept.name, sha256(whole).hexdigest())
        for offset in range(0, len(whole), MIB):
            self.assertEqual(await self.blobs.read(kept.name, offset, MIB), whole[offset : offset + MIB])
        self.assertEqual(await self.blobs.join(staged), kept)
        pieces = await self.blobs.hashes(kept.name, 10 * MIB, MIB // 8, 16)
        self.assertEqual(len(pieces), 9)
        self.assertEqual(pieces[-1], (11 * MIB, 333, sha256(whole[11 * MIB :]).digest()))

    async def test_equal_bytes_once(self) -> None:
        """However often and however cut they come."""
        data = os.urandom(5000)
        first = await self.blobs.keep(data)
        again = await self.blobs.join([await self.blobs.stage(data[:1000]), await self.blobs.stage(data[1000:])])
        self.assertEqual(first, again)
        self.assertEqual([(one.name, one.size) for one in await self.blobs.stored("", 10)], [(first.name, 5000)])

    async def test_discarded(self) -> None:
        """A piece that was dropped is joined no more; to drop it twice is no error."""
        staged = await self.blobs.stage(b"piece")
        other = await self.blobs.stage(b"other")
        await self.blobs.discard([staged])
        await self.blobs.discard([staged])
        with self.assertRaises(BlobMissing):
            await self.blobs.join([other, staged])
        self.assertEqual(await self.blobs.stored("", 10), [])

    async def test_names_are_no_paths(self) -> None:
        """A name that is none is refused, whatever it would lead to."""
        await self.blobs.keep(b"there")
        for name in ("../secret", "/etc/passwd", "", "ab/cd", "A" * 64, "a" * 63 + "\n", "a" * 64):
            with self.assertRaises(BlobMissing):
                await self.blobs.read(name, 0, 10)
            with self.assertRaises(BlobMissing):
                await self.blobs.join([name])

    async def test_listed_and_removed(self) -> None:
        """In the order of their names, behind any of them; what was removed is there no more, and twice is no error."""
        names = sorted([(await self.blobs.keep(b"%d" % number)).name for number in range(20)])
        self.assertEqual([one.name for one in await self.blobs.stored("", 100)], names)
        self.assertEqual([one.name for one in await self.blobs.stored(names[6], 5)], names[7:12])
        await self.blobs.remove(names[3])
        await self.blobs.remove(names[3])
        with self.assertRaises(BlobMissing):
            await self.blobs.read(names[3], 0, 10)
        self.assertEqual(len(await self.blobs.stored("", 100)), 19)

    async def test_what_is_forgotten_goes(self) -> None:
        """Old pieces, and those only."""
        staged = await self.blobs.stage(b"piece")
        await self.blobs.drop_staged(1)
        await self.blobs.join([staged])
        await self.blobs.drop_staged(4e9)
        with self.assertRaises(BlobMissing):
            await self.blobs.join([staged])
