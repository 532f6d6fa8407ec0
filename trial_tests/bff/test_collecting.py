"""Files that nobody names any more, from the message that had them to the last byte."""

import os
from hashlib import sha256
from typing import Any

from teamgram.blobs import BlobMissing
from teamgram.database import Transaction
from teamgram.domain.files import collecting as rounds
from teamgram.domain.files import collecting_store, naming
from teamgram.domain.files.errors import StorageAway
from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_files import document, downloaded, location, picture, sent, uploaded

VIDEO = [tl.documentAttributeVideo(duration=3.0, w=100, h=100)]
GRACE = 7 * 86_400
DAY = 86_400


@on_every_backend
class CollectingTests(BackendTestCase):
    """Two people, and what becomes of what they sent."""

    async def setUp(self) -> None:
        self.house = House(self)
        self.ann, self.bob = await self.house.sign_up("Ann"), await self.house.sign_up("Bob")
        self.to_bob = self.ann.peer(self.bob)
        self.collecting, self.filing = self.house.domain.collecting, self.house.domain.filing

    async def later(self, seconds: float = GRACE + 1) -> tuple[int, int]:
        """Files and pieces of bytes that a round does away with after that time."""
        self.house.clock.advance(seconds)
        await self.filing.uploads.sweep()
        went = await self.collecting.round()
        return went.files, went.blobs

    async def totals(self) -> dict[str, int]:
        """What there is."""
        return await self.house.database.read("totals", collecting_store.totals_txn)

    async def is_there(self, data: bytes) -> bool:
        """Whether the store has these bytes."""
        try:
            return await self.filing.storage.read(sha256(data).hexdigest(), 0, len(data)) == data
        except BlobMissing:
            return False

    async def delete(self, message: Any, device: Device | None = None) -> None:
        """For everybody."""
        await (device or self.ann).call(tl.messages.deleteMessages(revoke=True, id=[message.id]))

    async def test_goes_after_the_grace_time(self) -> None:
        """Not before, not while one box has it, and its bytes an hour after it; what others send stays."""
        data, other = os.urandom(5000), os.urandom(5000)
        message = await sent(self.ann, self.to_bob, await document(self.ann, data))
        await sent(self.ann, self.to_bob, await document(self.ann, other, 2))
        await self.ann.call(tl.messages.deleteMessages(revoke=False, id=[message.id]))
        self.assertEqual(await self.later(), (0, 0))
        self.assertEqual(await self.later(), (0, 0))
        (left,) = [one for one in (await self.bob.history(self.bob.peer(self.ann))).messages if one.id <= 1]
        await self.delete(left, self.bob)
        self.assertEqual(await self.later(DAY), (0, 0))
        self.assertEqual(await self.later(GRACE - DAY), (0, 0))
        self.assertTrue(await self.is_there(data))
        self.assertEqual(await self.later(DAY + 1), (1, 0))
        self.assertEqual(await self.later(3601), (0, 1))
        self.assertEqual((await self.is_there(data), await self.is_there(other)), (False, True))
        totals = await self.totals()
        self.assertEqual((totals["documents"], totals["blobs"], totals["bytes"]), (1, 1, 5000))

    async def test_named_again(self) -> None:
        """What was noted as nobody's and then is somebody's stays; bytes that another file has, too."""
        data = os.urandom(3000)
        first = await sent(self.ann, self.to_bob, await document(self.ann, data))
        await self.bob.call(
            tl.messages.forwardMessages(
                from_peer=self.bob.peer(self.ann), to_peer=tl.inputPeerSelf(), id=[1], random_id=[5]
            )
        )
        await self.delete(first)
        self.assertEqual([await self.later(), await self.later()], [(0, 0), (0, 0)])
        (kept,) = (await self.bob.history(tl.inputPeerSelf())).messages
        self.assertEqual(await downloaded(self.bob, location(kept.media)), data)
        # Another document of the same bytes: the first goes, they stay.
        await sent(self.ann, self.to_bob, await document(self.ann, data, 3))
        await self.delete(kept, self.bob)
        self.assertEqual([await self.later(), await self.later(), await self.later()], [(0, 0), (1, 0), (0, 0)])
        self.assertTrue(await self.is_there(data))

    async def test_noted_and_named(self) -> None:
        """Who names a file or bytes that were noted a moment before is in time until the very end."""
        data = os.urandom(1000)
        message = await sent(self.ann, self.to_bob, await document(self.ann, data))
        await self.later(1)

        def noted(txn: Transaction) -> None:
            naming.end_txn(txn, "document", [message.media.document.id], 0)
            naming.end_txn(txn, "blob", [sha256(data).hexdigest()], 0)

        await self.house.database.write("noted", noted)
        self.assertEqual(await self.later(DAY * 2), (0, 0))
        self.assertEqual(((await self.totals())["documents"], await self.is_there(data)), (1, True))

    async def test_media_that_ends_by_itself(self) -> None:
        """It waits for no grace time: the next round forgets it, and its bytes go when the upload is a day old."""
        data = os.urandom(1000)
        await sent(
            self.ann,
            self.to_bob,
            await document(self.ann, data, mime_type="video/mp4", attributes=VIDEO, ttl_seconds=5),
        )
        ending = self.house.domain.ending
        ending.start()
        (got,) = (await self.bob.history(self.bob.peer(self.ann))).messages
        await self.bob.call(tl.messages.readMessageContents(id=[got.id]))
        self.house.clock.advance(60)
        await ending.stop()
        self.assertEqual(await self.later(900), (1, 0))
        self.assertEqual(await self.later(DAY), (0, 0))
        self.assertEqual(await self.later(3601), (0, 1))
        self.assertFalse(await self.is_there(data))

    async def test_never_sent(self) -> None:
        """What was uploaded and made nothing of ends after a day, what uploadMedia made after the grace time."""
        await uploaded(self.ann, b"parts only")
        media = await document(self.ann, b"made", 2)
        await self.ann.call(tl.messages.uploadMedia(peer=self.to_bob, media=media))
        self.assertEqual((await self.totals())["documents"], 1)
        self.assertEqual(await self.later(DAY + 3601), (0, 0))
        self.assertEqual((await self.totals())["uploads"], 0)
        self.assertEqual([await self.later(), await self.later(), await self.later(3601)], [(0, 0), (1, 0), (0, 1)])
        self.assertEqual((await self.totals())["bytes"], 0)

    async def test_what_else_names_files(self) -> None:
        """A photo on a profile, in its service message, a saved GIF: none is in a message that somebody wrote."""
        file = await uploaded(self.ann, picture(400, 400))
        await self.ann.call(tl.photos.uploadProfilePhoto(file=file))
        attributes = [tl.documentAttributeAnimated(), tl.documentAttributeVideo(duration=1, w=2, h=2, nosound=True)]
        gif = await document(self.ann, b"gif", 2, mime_type="video/mp4", attributes=attributes)
        message = await sent(self.ann, self.to_bob, gif)
        got = message.media.document
        as_input = tl.inputDocument(id=got.id, access_hash=got.access_hash, file_reference=got.file_reference)
        await self.ann.call(tl.messages.saveGif(id=as_input, unsave=False))
        group = (
            await self.ann.call(tl.messages.createChat(users=[self.ann.input_user(self.bob)], title="Group"))
        ).updates.chats[0]
        photo = tl.inputChatUploadedPhoto(file=await uploaded(self.ann, picture(300, 300), 3))
        await self.ann.call(tl.messages.editChatPhoto(chat_id=group.id, photo=photo))
        await self.delete(message)
        before = await self.totals()
        for _ in range(3):
            # What the pictures were made of goes with their uploads: no photo has it.
            self.assertEqual((await self.later())[0], 0)
        after = await self.totals()
        self.assertEqual(
            [after[what] for what in ("documents", "photos", "blobs")],
            [before[what] for what in ("documents", "photos", "blobs")],
        )

    async def test_kept_again_while_it_is_removed(self) -> None:
        """Somebody sends the same bytes at the worst moment: an error that is sent again, and then all is well."""
        data = os.urandom(2000)
        await self.delete(await sent(self.ann, self.to_bob, await document(self.ann, data)))
        await self.later()
        await self.later()
        storage = self.filing.storage
        remove, errors = storage.remove, []

        async def removing(name: str) -> None:
            for moment in ("before", "after"):
                if moment == "after":
                    await remove(name)
                media = await document(self.bob, data, 9)
                try:
                    await sent(self.bob, self.bob.peer(self.ann), media, random_id=77)
                except RpcError as error:
                    errors.append(error.message)

        self.patch(storage, "remove", removing)
        self.house.clock.advance(3601)
        await self.collecting.round()
        self.assertEqual(errors, ["STORAGE_CHECK_FAILED"] * 2)
        message = await sent(self.bob, self.bob.peer(self.ann), await document(self.bob, data, 9), random_id=77)
        self.assertEqual(await downloaded(self.bob, location(message.media)), data)
        self.patch(storage, "remove", remove)
        await self.later(3601)
        self.assertTrue(await self.is_there(data))

    async def test_killed_while_it_removes(self) -> None:
        """The next process goes on: until then the bytes are nobody's to keep, after it they are."""
        data = os.urandom(2000)
        await self.delete(await sent(self.ann, self.to_bob, await document(self.ann, data)))
        await self.later()
        await self.later()
        name = sha256(data).hexdigest()
        self.assertTrue(await self.house.database.write("begin", collecting_store.begin_end_txn, name))
        with self.assertRaises(RpcError):
            await sent(self.bob, self.bob.peer(self.ann), await document(self.bob, data, 9))
        # Either may be the first to see it.
        with self.assertRaises(StorageAway):
            await self.filing.storage.keep(data)
        with self.assertRaises(StorageAway):
            await self.house.database.write("name", naming.keep_txn, name)
        self.assertEqual(await self.later(3601), (0, 1))
        message = await sent(self.bob, self.bob.peer(self.ann), await document(self.bob, data, 9))
        self.assertEqual(await downloaded(self.bob, location(message.media)), data)

    async def test_bytes_of_no_file(self) -> None:
        """What a process that was killed kept, and nobody named: a day old it is noted, an hour later it goes."""
        await self.filing.storage.keep(b"orphan")
        await self.later(1)
        self.assertTrue(await self.is_there(b"orphan"))
        written_at = self.house.clock.seconds()
        stored = self.filing.storage.stored

        async def by_our_clock(after: str, at_most: int) -> Any:
            return [type(one)(one.name, one.size, written_at) for one in await stored(after, at_most)]

        self.patch(self.filing.storage, "stored", by_our_clock)
        self.assertEqual([await self.later(1), await self.later(DAY), await self.later(3601)], [(0, 0), (0, 0), (0, 1)])
        self.assertFalse(await self.is_there(b"orphan"))

    async def test_files_of_before(self) -> None:
        """Rows that were written before names were noted: nothing is ended until they are, and then nothing goes."""
        self.patch(rounds, "PAGE", 2)
        data = [os.urandom(100 + number) for number in range(5)]
        messages = [
            await sent(self.ann, self.to_bob, await document(self.ann, one, n)) for n, one in enumerate(data, 1)
        ]
        before = await self.totals()

        def as_before(txn: Transaction) -> None:
            for table in ("file_uses", "file_blobs", "storage_used"):
                txn.execute(f"DELETE FROM {table}")

        await self.house.database.write("as before", as_before)
        self.collecting._learned = False
        for _ in range(3):
            self.assertEqual(await self.later(), (0, 0))
        after = await self.totals()
        self.assertEqual((after["blobs"], after["bytes"]), (before["blobs"], before["bytes"]))
        await self.delete(messages[2])
        self.assertEqual([await self.later(), await self.later(), await self.later(3601)], [(0, 0), (1, 0), (0, 1)])
        self.assertEqual([await self.is_there(one) for one in data], [True, True, False, True, True])


@on_every_backend
class QuotaTests(BackendTestCase):
    """``StorageQuota``."""

    async def test_what_an_account_may_hold(self) -> None:
        """Its own files count, and what it uploads; others go on, and room that was made counts again."""
        house = House(self, account_quota=200_000)
        ann, bob = await house.sign_up("Ann"), await house.sign_up("Bob")
        message = await sent(ann, ann.peer(bob), await document(ann, bytes(100_000)))
        await uploaded(ann, b"x" * 1024, 2)
        with self.assertRaises(RpcError) as caught:
            await uploaded(ann, os.urandom(60_000), 3)
        self.assertEqual(caught.exception.message, "STORAGE_QUOTA_EXCEEDED")
        await sent(bob, bob.peer(ann), await document(bob, bytes(100_000)))
        await ann.call(tl.messages.deleteMessages(revoke=True, id=[message.id]))
        for _ in range(3):
            house.clock.advance(GRACE + 1)
            await house.domain.filing.uploads.sweep()
            await house.domain.collecting.round()
        await uploaded(ann, os.urandom(60_000), 3)
