"""Parts of files over a database and a directory: what comes is kept until it is a file, within bounds."""

import os
import random
from hashlib import md5
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import Clock

from teamgram.blobs import DirectoryBlobs
from teamgram.database import Transaction
from teamgram.domain.errors import DomainError
from teamgram.domain.files.errors import (
    ChecksumInvalid,
    FilePartMissing,
    FilePartsInvalid,
    FilePartSizeChanged,
    FilePartSizeInvalid,
    StorageFull,
    UploadsTooMany,
)
from teamgram.domain.files.settings import FileSettings
from teamgram.domain.files.storage import Storage
from teamgram.domain.files.upload_store import LEAST_PART, Upload, upload_txn
from teamgram.domain.files.uploads import Uploads
from trial_tests.backends import BackendTestCase, on_every_backend

KIB = 1024
ME, OTHER = 10, 11


@on_every_backend
class UploadsTests(BackendTestCase):
    """One database, one directory."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_700_000_000)
        self.directory = Path(self.mktemp())

    def opened(self, min_free: int = 0, **settings: Any) -> Uploads:
        """As after a start."""
        blobs = DirectoryBlobs(self.directory, self.real_reactor, min_free_bytes=min_free)
        self.addCleanup(lambda: Deferred.fromCoroutine(blobs.close()))
        self.blobs = blobs
        database = self.database = self.open_database()
        return Uploads(database, Storage(blobs, database), self.clock, FileSettings(**settings))

    def staged(self) -> int:
        """How many pieces lie there."""
        return len(list(self.directory.glob("staged/*/*")))

    async def test_any_order_and_many_at_once(self) -> None:
        """Parts come last first and side by side; the file is they in order, and its pieces are gone."""
        uploads = self.opened()
        data = os.urandom(5 * 32 * KIB + 77)
        pieces = [data[at : at + 32 * KIB] for at in range(0, len(data), 32 * KIB)]
        await gatherResults(
            [Deferred.fromCoroutine(uploads.save_part(ME, 1, number, pieces[number])) for number in (5, 3, 4, 0, 2, 1)]
        )
        kept = await uploads.finish(ME, 1, 6, md5(data).hexdigest())
        self.assertEqual(await self.blobs.read(kept.name, 0, len(data)), data)
        await uploads.settled()
        self.assertEqual(self.staged(), 0)
        self.assertEqual(await uploads.finish(ME, 1, 6), kept)
        with self.assertRaises(FilePartsInvalid):
            await uploads.finish(ME, 1, 5)

    async def test_the_last_of_a_part_counts(self) -> None:
        """Also when it came before with other bytes."""
        uploads = self.opened()
        for data in (b"a" * KIB, b"b" * KIB, b"c" * 10):
            await uploads.save_part(ME, 1, 0, data)
        kept = await uploads.finish(ME, 1, 1)
        self.assertEqual(await self.blobs.read(kept.name, 0, 100), b"c" * 10)
        await uploads.settled()
        self.assertEqual(self.staged(), 0)

    async def test_begun_again_under_the_same_number(self) -> None:
        """A file that was joined makes way for another one."""
        uploads = self.opened()
        await uploads.save_part(ME, 1, 0, b"old")
        await uploads.finish(ME, 1, 1)
        await uploads.save_part(ME, 1, 0, b"new")
        kept = await uploads.finish(ME, 1, 1)
        self.assertEqual(await self.blobs.read(kept.name, 0, 10), b"new")

    async def test_a_restart_keeps_parts(self) -> None:
        """What was taken before it is there after it."""
        await self.opened().save_part(ME, 1, 0, b"x" * KIB)
        after = self.opened()
        await after.save_part(ME, 1, 1, b"y")
        self.assertEqual((await after.finish(ME, 1, 2)).size, KIB + 1)

    async def look(self) -> Upload:
        """What there is of my first file."""
        return await self.database.read("a look", upload_txn, ME, 1)

    async def test_looked_at_beforehand(self) -> None:
        """No second look is needed while that one holds."""
        uploads = self.opened()
        reads: list[str] = []
        self.database.observe = lambda description, _: reads.append(description)
        await uploads.save_part(ME, 1, 0, b"x")
        for _ in range(2):
            upload = await self.look()
            reads.clear()
            self.assertEqual((await uploads.finish(ME, 1, 1, "", upload)).size, 1)
            self.assertNotIn("upload", reads)
            await uploads.settled()

    async def test_changed_after_the_look(self) -> None:
        """Another part came, or it was joined: what is there now counts, within the same bounds."""
        uploads = self.opened()
        await uploads.save_part(ME, 1, 0, b"old")
        before = await self.look()
        await uploads.save_part(ME, 1, 0, b"new")
        kept = await uploads.finish(ME, 1, 1, md5(b"new").hexdigest(), before)
        # While it is still being noted, and after that.
        self.assertEqual(await uploads.finish(ME, 1, 1, "", before), kept)
        await uploads.settled()
        self.assertEqual(await uploads.finish(ME, 1, 1, "", before), kept)
        joined = await self.look()
        with self.assertRaises(ChecksumInvalid):
            await uploads.finish(ME, 1, 1, "0" * 32, joined)
        with self.assertRaises(FilePartMissing):
            await uploads.finish(ME, 1, 2, "", joined)

    async def test_everybody_has_their_own(self) -> None:
        """The same number of another account is another file."""
        uploads = self.opened()
        await uploads.save_part(ME, 1, 0, b"mine")
        with self.assertRaises(FilePartMissing):
            await uploads.finish(OTHER, 1, 1)
        await uploads.save_part(OTHER, 1, 0, b"theirs")
        kept = await uploads.finish(ME, 1, 1)
        self.assertEqual(await self.blobs.read(kept.name, 0, 10), b"mine")

    async def test_refused(self) -> None:
        """By name, and what is refused leaves no piece."""
        uploads = self.opened()
        await uploads.save_part(ME, 1, 1, b"x" * 2 * KIB)
        for number, data, total, error in (
            (0, b"x" * 1000, 0, FilePartSizeInvalid),
            (0, b"x" * KIB, 0, FilePartSizeChanged),
            (0, b"x" * 2 * KIB, 1, FilePartsInvalid),
        ):
            with self.assertRaises(error):
                await uploads.save_part(ME, 1, number, data, total)
        await uploads.save_part(ME, 1, 0, b"x" * 2 * KIB, 2)
        with self.assertRaises(FilePartsInvalid):
            await uploads.save_part(ME, 1, 0, b"x" * 2 * KIB, 3)
        self.assertEqual(self.staged(), 2)
        with self.assertRaises(ChecksumInvalid):
            await uploads.finish(ME, 1, 2, "0" * 32)
        self.assertEqual((await uploads.finish(ME, 1, 2, md5(b"x" * 4 * KIB).hexdigest().upper())).size, 4 * KIB)

    async def test_an_account_has_its_part(self) -> None:
        """Of bytes and of files; small parts count as larger ones, and what became a file counts no more."""
        uploads = self.opened(account_bytes=3 * LEAST_PART, account_uploads=2)
        await uploads.save_part(ME, 1, 0, b"x" * KIB)
        await uploads.save_part(ME, 1, 0, b"x" * KIB)
        await uploads.save_part(ME, 1, 1, b"x")
        await uploads.save_part(ME, 2, 0, b"x" * KIB)
        for file_id, number in ((2, 1), (3, 0)):
            with self.assertRaises(UploadsTooMany):
                await uploads.save_part(ME, file_id, number, b"x")
        await uploads.save_part(OTHER, 3, 0, b"x")
        await uploads.finish(ME, 1, 2)
        await uploads.save_part(ME, 2, 0, b"x" * KIB)
        await uploads.save_part(ME, 2, 1, b"x")
        await uploads.finish(ME, 2, 2)
        await uploads.save_part(ME, 3, 0, b"x")
        await uploads.save_part(ME, 4, 0, b"x")
        with self.assertRaises(UploadsTooMany):
            await uploads.save_part(ME, 5, 0, b"x")

    async def counted(self) -> tuple[list[Any], list[Any]]:
        """What is said to be in progress, by account, and what is."""

        def look(txn: Transaction) -> tuple[list[Any], list[Any]]:
            txn.execute(
                "SELECT user_id, open_uploads, held FROM upload_accounts WHERE open_uploads > 0 ORDER BY user_id"
            )
            said = [tuple(map(int, row)) for row in txn.fetchall()]
            txn.execute(
                "SELECT user_id, COUNT(*), SUM(held) FROM uploads WHERE blob_name = '' GROUP BY user_id ORDER BY 1"
            )
            return said, [tuple(map(int, row)) for row in txn.fetchall()]

        return await self.database.read("a count", look)

    async def test_what_is_counted_is_what_is_there(self) -> None:
        """After parts that came, came again, were refused, became files, and were too old, in any order."""
        chance = random.Random(12)
        uploads = self.opened(account_bytes=12 * LEAST_PART, account_uploads=4)
        for _ in range(150):
            user_id, file_id = chance.choice((ME, OTHER)), chance.randrange(6)
            what = chance.random()
            try:
                if what < 0.7:
                    size = chance.choice((KIB, 32 * KIB, 128 * KIB))
                    await uploads.save_part(user_id, file_id, chance.randrange(3), b"x" * size)
                elif what < 0.95:
                    await uploads.finish(user_id, file_id, chance.randrange(1, 4))
                    await uploads.settled()
                else:
                    self.clock.advance(50_000)
                    await uploads.sweep()
            except DomainError:
                pass
            said, there = await self.counted()
            self.assertEqual(said, there)
        self.clock.advance(90_000)
        await uploads.sweep()
        self.assertEqual(await self.counted(), ([], []))
        self.assertEqual(uploads.held_bytes, 0)

    async def test_ten_thousand_open_uploads(self) -> None:
        """That is the bound here: one more is refused, those that are open go on, and each that ends makes room."""
        many = 10_000
        uploads = self.opened(account_uploads=many)
        now = int(self.clock.seconds())

        def open_txn(txn: Transaction) -> None:
            txn.executemany(
                "INSERT INTO uploads (user_id, file_id, began_at, total_parts, held, parts, blob_name, size, md5)"
                f" VALUES ({ME}, ?, {now}, 0, {LEAST_PART}, 0, '', 0, '')",
                [(file_id,) for file_id in range(many)],
            )
            txn.insert_ignore("upload_accounts", {"user_id": ME, "open_uploads": many, "held": many * LEAST_PART})

        await self.database.write("many", open_txn)
        with self.assertRaises(UploadsTooMany):
            await uploads.save_part(ME, many, 0, b"x")
        self.assertEqual(self.staged(), 0)
        await uploads.save_part(OTHER, 1, 0, b"x")
        await uploads.save_part(ME, 5, 0, b"x")
        await uploads.finish(ME, 5, 1)
        await uploads.settled()
        await uploads.save_part(ME, many, 0, b"x")
        with self.assertRaises(UploadsTooMany):
            await uploads.save_part(ME, many + 1, 0, b"x")
        said, there = await self.counted()
        self.assertEqual(said, there)

    async def test_all_have_theirs(self) -> None:
        """What everybody has in progress is bounded, also after a restart."""
        await self.opened().save_part(ME, 1, 0, b"x")
        uploads = self.opened(all_bytes=LEAST_PART)
        with self.assertRaises(UploadsTooMany):
            await uploads.save_part(OTHER, 1, 0, b"x")
        await uploads.finish(ME, 1, 1)
        await uploads.settled()
        await uploads.save_part(OTHER, 1, 0, b"x")

    async def test_a_full_disk(self) -> None:
        """Nothing new is taken."""
        uploads = self.opened(min_free=1 << 60)
        with self.assertRaises(StorageFull):
            await uploads.save_part(ME, 1, 0, b"x")

    async def test_ends_after_a_day(self) -> None:
        """What nobody came back for goes, rows and pieces; what is younger stays."""
        uploads = self.opened()
        await uploads.save_part(ME, 1, 0, b"old")
        (old,) = self.directory.glob("staged/*/*")
        os.utime(old, (self.clock.seconds(), self.clock.seconds()))
        self.clock.advance(86_400 + 3601)
        await uploads.save_part(ME, 2, 0, b"young")
        self.assertEqual(await uploads.sweep(), 1)
        self.assertEqual(self.staged(), 1)
        with self.assertRaises(FilePartMissing):
            await uploads.finish(ME, 1, 1)
        self.assertEqual((await uploads.finish(ME, 2, 1)).size, 5)
