"""Files through the caller and the codec: up, into conversations, and down again for whom they were sent to."""

import io
import os
from hashlib import md5, sha256
from typing import Any

from PIL import Image

from teamgram.domain.privacy.keys import ADDED_BY_PHONE
from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import BffTestCase, Device, House

KIB, MIB = 1024, 1 << 20


async def uploaded(device: Device, data: bytes, file_id: int = 1, part: int = 512 * KIB, name: str = "a.bin") -> Any:
    """``InputFile`` of bytes that a device has uploaded."""
    pieces = [data[at : at + part] for at in range(0, len(data), part)]
    for number, piece in enumerate(pieces):
        await device.call(tl.upload.saveFilePart(file_id=file_id, file_part=number, bytes=piece))
    return tl.inputFile(id=file_id, parts=len(pieces), name=name, md5_checksum=md5(data).hexdigest())


async def sent(device: Device, peer: Any, media: Any, caption: str = "", random_id: int = 0, **fields: Any) -> Any:
    """The message of a messages.sendMedia."""
    updates = await device.call(
        tl.messages.sendMedia(
            peer=peer, media=media, message=caption, random_id=random_id or int.from_bytes(os.urandom(7)), **fields
        )
    )
    return next(update.message for update in updates.updates if update.NAME == "updateNewMessage")


async def document(device: Device, data: bytes, file_id: int = 1, **fields: Any) -> Any:
    """``inputMediaUploadedDocument`` of bytes."""
    file = await uploaded(device, data, file_id)
    fields = {"mime_type": "text/plain", "attributes": [tl.documentAttributeFilename(file_name="a.txt")], **fields}
    return tl.inputMediaUploadedDocument(file=file, **fields)


def location(media: Any, thumb_size: str = "") -> Any:
    """``InputFileLocation`` of what a message carries."""
    make, file = (
        (tl.inputDocumentFileLocation, media.document)
        if media.NAME == "messageMediaDocument"
        else (tl.inputPhotoFileLocation, media.photo)
    )
    return make(id=file.id, access_hash=file.access_hash, file_reference=file.file_reference, thumb_size=thumb_size)


async def downloaded(device: Device, where: Any, limit: int = 512 * KIB) -> bytes:
    """All bytes at a location."""
    data, offset = b"", 0
    while True:
        piece = (await device.call(tl.upload.getFile(location=where, offset=offset, limit=limit))).bytes
        data += piece
        offset += limit
        if len(piece) < limit:
            return data


def input_document(media: Any) -> Any:
    """``inputMediaDocument`` that sends it again."""
    document = media.document
    return tl.inputMediaDocument(
        id=tl.inputDocument(id=document.id, access_hash=document.access_hash, file_reference=document.file_reference)
    )


def picture(w: int, h: int, kind: str = "JPEG") -> bytes:
    """A picture."""
    written = io.BytesIO()
    Image.effect_noise((w, h), 60).convert("RGB").save(written, kind)
    return written.getvalue()


@on_every_backend
class FilesTests(BffTestCase):
    """Two people, a third, and what they send each other."""

    async def setUp(self) -> None:
        self.house = House(self)
        self.ann = await self.house.sign_up("Ann")
        self.bob = await self.house.sign_up("Bob")
        self.eve = await self.house.sign_up("Eve")
        self.to_bob, self.to_ann = self.ann.peer(self.bob), self.bob.peer(self.ann)

    async def seen_by_bob(self) -> Any:
        """The media that Bob's history begins with."""
        return (await self.bob.history(self.to_ann)).messages[0].media

    async def test_byte_for_byte(self) -> None:
        """What was sent is what the other one gets: live, in history and in the difference the same."""
        for number, data in enumerate((b"x", os.urandom(64 * KIB), os.urandom(3 * MIB + 5)), 1):
            await self.bob.take()
            message = await sent(self.ann, self.to_bob, await document(self.ann, data, number), "<b>caption")
            self.assertEqual(message.media.document.size, len(data))
            (live,) = [update.message for update in await self.bob.take()]
            history = (await self.bob.history(self.to_ann)).messages[0]
            difference = await self.bob.difference(1)
            self.assertEqual(live, history)
            self.assertEqual(difference.new_messages[-1], history)
            self.assertEqual((history.message, history.media.document.mime_type), ("<b>caption", "text/plain"))
            self.assertEqual(await downloaded(self.bob, location(history.media)), data)
            self.assertEqual(await downloaded(self.ann, location(message.media), 4 * KIB if number < 3 else MIB), data)
            hashes = await self.bob.call(tl.upload.getFileHashes(location=location(history.media), offset=200 * KIB))
            for one in hashes:
                piece = data[one.offset : one.offset + one.limit]
                self.assertEqual((one.limit, one.hash), (len(piece), sha256(piece).digest()))

    async def test_only_whom_it_was_given_to(self) -> None:
        """Neither id and access_hash nor a reference that somebody showed them give others a byte."""
        message = await sent(self.ann, self.to_bob, await document(self.ann, b"secret"))
        where = location(message.media)
        await self.refused("FILE_REFERENCE_EXPIRED", self.eve, tl.upload.getFile(location=where, offset=0, limit=4096))
        again = input_document(message.media)
        query = tl.messages.sendMedia(peer=self.eve.peer(self.bob), media=again, message="", random_id=5)
        await self.refused("FILE_REFERENCE_EXPIRED", self.eve, query)
        for changes, error in (
            ({"access_hash": where.access_hash ^ 1}, "LOCATION_INVALID"),
            ({"id": where.id ^ 1}, "LOCATION_INVALID"),
            ({"thumb_size": "y"}, "LOCATION_INVALID"),
            ({"file_reference": b""}, "FILE_REFERENCE_EMPTY"),
            ({"file_reference": b"x" * 29}, "FILE_REFERENCE_INVALID"),
        ):
            fields = {name: getattr(where, name) for name in ("id", "access_hash", "file_reference", "thumb_size")}
            wrong = tl.inputDocumentFileLocation(**{**fields, **changes})
            await self.refused(error, self.bob, tl.upload.getFile(location=wrong, offset=0, limit=4096))
        as_photo = tl.inputPhotoFileLocation(
            id=where.id, access_hash=where.access_hash, file_reference=where.file_reference, thumb_size=""
        )
        await self.refused("LOCATION_INVALID", self.bob, tl.upload.getFile(location=as_photo, offset=0, limit=4096))

    async def test_references_expire_and_are_renewed(self) -> None:
        """After a day the message has to be fetched again; whoever deleted it has lost the file."""
        message = await sent(self.ann, self.to_bob, await document(self.ann, b"data"))
        old = location(await self.seen_by_bob())
        self.house.clock.advance(86_400 + 86_400 // 16 + 1)
        await self.refused("FILE_REFERENCE_EXPIRED", self.bob, tl.upload.getFile(location=old, offset=0, limit=4096))
        new = location(await self.seen_by_bob())
        self.assertEqual(await downloaded(self.bob, new), b"data")
        await self.ann.call(tl.messages.deleteMessages(revoke=True, id=[message.id]))
        await self.refused("FILE_REFERENCE_EXPIRED", self.bob, tl.upload.getFile(location=new, offset=0, limit=4096))

    async def test_ranges(self) -> None:
        """As the pages of the API say, by name."""
        where = location((await sent(self.ann, self.to_bob, await document(self.ann, b"data" * KIB))).media)
        for offset, limit, precise, error in (
            (-4096, 4096, False, "OFFSET_INVALID"),
            (1024, 4096, False, "OFFSET_INVALID"),
            (0, 0, False, "LIMIT_INVALID"),
            (0, 2 * MIB, False, "LIMIT_INVALID"),
            (0, 3 * KIB, False, "LIMIT_INVALID"),
            (MIB - KIB, 2 * KIB, True, "LIMIT_INVALID"),
        ):
            query = tl.upload.getFile(location=where, offset=offset, limit=limit, precise=precise)
            await self.refused(error, self.ann, query)
        got = await self.ann.call(tl.upload.getFile(location=where, offset=KIB, limit=KIB, precise=True))
        self.assertEqual(got.bytes, b"data" * 256)
        behind = await self.ann.call(tl.upload.getFile(location=where, offset=MIB, limit=4096))
        self.assertEqual(behind.bytes, b"")

    async def test_uploads_refused(self) -> None:
        """By the names in the list of errors."""
        part = tl.upload.saveFilePart
        await self.refused("FILE_PART_EMPTY", self.ann, part(file_id=1, file_part=0, bytes=b""))
        await self.refused("FILE_PART_INVALID", self.ann, part(file_id=1, file_part=-1, bytes=b"x"))
        await self.refused("FILE_PART_TOO_BIG", self.ann, part(file_id=1, file_part=0, bytes=bytes(512 * KIB + 1)))
        big = tl.upload.saveBigFilePart
        for total in (0, -2, 4001):
            query = big(file_id=1, file_part=0, file_total_parts=total, bytes=b"x")
            await self.refused("FILE_PARTS_INVALID", self.ann, query)
        query = big(file_id=1, file_part=0, file_total_parts=2, bytes=b"x")
        await self.refused("FILE_PART_SIZE_INVALID", self.ann, query)
        file = await uploaded(self.ann, b"data")
        for changes, error in (
            ({"parts": 2}, "FILE_PART_1_MISSING"),
            ({"parts": 0}, "FILE_PARTS_INVALID"),
            ({"id": 77}, "FILE_PART_0_MISSING"),
            ({"md5_checksum": "0" * 32}, "MD5_CHECKSUM_INVALID"),
        ):
            fields = {name: getattr(file, name) for name in ("id", "parts", "name", "md5_checksum")}
            media = tl.inputMediaUploadedDocument(
                file=tl.inputFile(**{**fields, **changes}), mime_type="text/plain", attributes=[]
            )
            query = tl.messages.sendMedia(peer=self.to_bob, media=media, message="", random_id=9)
            await self.refused(error, self.ann, query)
        # Another's upload is none.
        media = tl.inputMediaUploadedDocument(file=file, mime_type="text/plain", attributes=[])
        query = tl.messages.sendMedia(peer=self.to_ann, media=media, message="", random_id=9)
        await self.refused("FILE_PART_0_MISSING", self.bob, query)

    async def test_photo(self) -> None:
        """In sizes that can be read, with a tiny one; told by what it is and not by its name."""
        file = await uploaded(self.ann, picture(900, 450, "PNG"), name="a.exe")
        await sent(self.ann, self.to_bob, tl.inputMediaUploadedPhoto(file=file, spoiler=True))
        media = await self.seen_by_bob()
        self.assertTrue(media.spoiler)
        sizes = {size.type: size for size in media.photo.sizes}
        self.assertEqual(list(sizes), ["i", "s", "m", "x", "y"])
        for letter in "smxy":
            data = await downloaded(self.bob, location(media, letter))
            self.assertEqual(len(data), sizes[letter].size)
            image = Image.open(io.BytesIO(data))
            self.assertEqual((image.format, image.size), ("JPEG", (sizes[letter].w, sizes[letter].h)))
        found = await self.bob.call(
            tl.messages.search(
                peer=self.to_ann,
                q="",
                filter=tl.inputMessagesFilterPhotos(),
                **dict.fromkeys(("min_date", "max_date", "offset_id", "add_offset", "max_id", "min_id", "hash"), 0),
                limit=10,
            )
        )
        self.assertEqual(len(found.messages), 1)

    async def test_noise_is_no_photo(self) -> None:
        """And what was refused can be sent as a document."""
        file = await uploaded(self.ann, os.urandom(5000), name="a.jpg")
        query = tl.messages.sendMedia(
            peer=self.to_bob, media=tl.inputMediaUploadedPhoto(file=file), message="", random_id=3
        )
        await self.refused("PHOTO_EXT_INVALID", self.ann, query)
        media = tl.inputMediaUploadedDocument(file=file, mime_type="image/jpeg", attributes=[])
        self.assertEqual((await sent(self.ann, self.to_bob, media)).media.document.size, 5000)

    async def test_what_is_said_of_a_document(self) -> None:
        """Attributes come back; a name is no path, and nonsense is nothing."""
        attributes = [
            tl.documentAttributeFilename(file_name="../../etc/passwd\0"),
            tl.documentAttributeAudio(voice=True, duration=3, waveform=b"wave"),
            tl.documentAttributeVideo(duration=float("nan"), w=-1, h=10, round_message=True),
        ]
        made = await document(self.ann, b"x", mime_type="evil\r\ntype", attributes=attributes)
        await sent(self.ann, self.to_bob, made)
        media = await self.seen_by_bob()
        name, audio, video = media.document.attributes
        self.assertEqual(name.file_name, ".._.._etc_passwd_")
        self.assertEqual((audio.voice, audio.duration, audio.waveform), (True, 3, b"wave"))
        self.assertEqual((video.duration, video.w, video.h, video.round_message), (0, 0, 10, True))
        self.assertEqual(media.document.mime_type, "application/octet-stream")

    async def test_sent_once(self) -> None:
        """The same random_id again has the first result, although the upload is used up."""
        media = await document(self.ann, b"once")
        first = await sent(self.ann, self.to_bob, media, random_id=42)
        self.assertEqual((await sent(self.ann, self.to_bob, media, random_id=42)).id, first.id)
        self.assertEqual(len((await self.bob.history(self.to_ann)).messages), 1)

    async def test_sent_on(self) -> None:
        """A file that somebody has goes on by its id, by forwarding, without its caption; the reply keeps it, too."""
        await sent(self.ann, self.to_bob, await document(self.ann, b"data"), "caption")
        mine = (await self.bob.history(self.to_ann)).messages[0]
        await sent(self.bob, self.bob.peer(self.eve), input_document(mine.media))
        await self.bob.call(
            tl.messages.forwardMessages(
                from_peer=self.to_ann,
                to_peer=self.bob.peer(self.eve),
                id=[mine.id],
                random_id=[77],
                drop_media_captions=True,
            )
        )
        for message in (await self.eve.history(self.eve.peer(self.bob))).messages:
            self.assertEqual(message.message, "")
            self.assertEqual(await downloaded(self.eve, location(message.media)), b"data")

    async def test_protected_files_stay(self) -> None:
        """What may not be forwarded goes nowhere by its id either, nor by an upload of it; to look at it is allowed."""
        invited = [self.ann.input_user(self.bob)]
        made = await self.ann.call(tl.messages.createChat(users=invited, title="Secrets"))
        chat_id = made.updates.chats[0].id
        group = tl.inputPeerChat(chat_id=chat_id)
        free = input_document((await sent(self.ann, group, await document(self.ann, b"data"))).media)
        protect = tl.messages.toggleNoForwards(peer=group, enabled=True)
        await self.ann.call(protect)
        mine = (await self.bob.history(group)).messages[0].media
        to_eve = self.bob.peer(self.eve)
        elsewhere = tl.messages.sendMedia(peer=to_eve, media=input_document(mine), message="", random_id=61)
        album = tl.messages.sendMultiMedia(
            peer=to_eve, multi_media=[tl.inputSingleMedia(media=input_document(mine), random_id=62, message="")]
        )
        again = tl.messages.uploadMedia(peer=to_eve, media=input_document(mine))
        for query in (elsewhere, album, again):
            await self.refused("CHAT_FORWARDS_RESTRICTED", self.bob, query)
        self.assertEqual(await downloaded(self.bob, location(mine)), b"data")
        await self.ann.call(tl.messages.toggleNoForwards(peer=group, enabled=False))
        await self.ann.call(tl.messages.deleteChatUser(chat_id=chat_id, user_id=self.ann.input_user(self.bob)))
        await self.refused("CHAT_FORBIDDEN", self.bob, elsewhere)
        await sent(self.ann, self.to_bob, free)
        one = await sent(self.ann, self.to_bob, await document(self.ann, b"mine", 8), noforwards=True)
        self.assertTrue(one.noforwards)
        protected = tl.messages.sendMedia(
            peer=to_eve, media=input_document(await self.seen_by_bob()), message="", random_id=63
        )
        await self.refused("CHAT_FORWARDS_RESTRICTED", self.bob, protected)

    async def test_album(self) -> None:
        """All or nothing, under one number; forwarded it stays an album under another."""
        singles = [
            tl.inputSingleMedia(media=await document(self.ann, b"%d" % n, n), random_id=n, message=f"{n}")
            for n in range(1, 4)
        ]
        broken = tl.inputSingleMedia(
            media=tl.inputMediaUploadedPhoto(file=await uploaded(self.ann, b"noise", 9)), random_id=9, message=""
        )
        query = tl.messages.sendMultiMedia(peer=self.to_bob, multi_media=[*singles, broken])
        await self.refused("PHOTO_EXT_INVALID", self.ann, query)
        self.assertEqual((await self.bob.history(self.to_ann)).messages, [])
        await self.ann.call(tl.messages.sendMultiMedia(peer=self.to_bob, multi_media=singles))
        got = (await self.bob.history(self.to_ann)).messages[::-1]
        self.assertEqual([message.message for message in got], ["1", "2", "3"])
        (group,) = {message.grouped_id for message in got}
        await self.bob.call(
            tl.messages.forwardMessages(
                from_peer=self.to_ann,
                to_peer=self.bob.peer(self.eve),
                id=[message.id for message in got],
                random_id=[71, 72, 73],
            )
        )
        (other,) = {message.grouped_id for message in (await self.eve.history(self.eve.peer(self.bob))).messages}
        self.assertTrue(group and other and group != other)

    async def test_edited(self) -> None:
        """A new caption, or none, keeps what it is beside; a text cannot become empty."""
        message = await sent(self.ann, self.to_bob, await document(self.ann, b"data"), "caption")
        for caption in ("other", ""):
            await self.ann.call(tl.messages.editMessage(peer=self.to_bob, id=message.id, message=caption))
            got = (await self.bob.history(self.to_ann)).messages[0]
            self.assertEqual((got.message, got.media.document.size), (caption, 4))
        await self.refused(
            "MEDIA_CAPTION_TOO_LONG",
            self.ann,
            tl.messages.editMessage(peer=self.to_bob, id=message.id, message="x" * 1025),
        )
        text = await self.ann.send(self.to_bob, "text")
        await self.refused("MESSAGE_EMPTY", self.ann, tl.messages.editMessage(peer=self.to_bob, id=text.id, message=""))

    async def test_a_group_forbids_media(self) -> None:
        """Members send what they may, forward no more than that, and administrators are not bound."""
        made = await self.ann.call(tl.messages.createChat(users=[self.ann.input_user(self.bob)], title="Group"))
        updates = getattr(made, "updates", made)
        group = tl.inputPeerChat(chat_id=updates.chats[0].id)
        to_group = await document(self.bob, b"before")
        await sent(self.bob, group, to_group)
        mine = await sent(self.bob, self.to_ann, await document(self.bob, b"mine", 2))
        await self.ann.call(
            tl.messages.editChatDefaultBannedRights(
                peer=group, banned_rights=tl.chatBannedRights(send_docs=True, until_date=0)
            )
        )
        for query in (
            tl.messages.sendMedia(peer=group, media=input_document(mine.media), message="", random_id=1),
            tl.messages.sendMultiMedia(
                peer=group,
                multi_media=[tl.inputSingleMedia(media=input_document(mine.media), random_id=2, message="")],
            ),
            tl.messages.forwardMessages(from_peer=self.to_ann, to_peer=group, id=[mine.id], random_id=[3]),
        ):
            await self.refused("CHAT_SEND_DOCS_FORBIDDEN", self.bob, query)
        await self.bob.send(group, "texts are fine")
        await sent(self.ann, group, await document(self.ann, b"admin"))
        got = (await self.bob.history(group)).messages[0]
        self.assertEqual(await downloaded(self.bob, location(got.media)), b"admin")

    async def test_blocked(self) -> None:
        """Nothing is put together for whom one may not write to."""
        await self.house.contacts.block(self.ann.user.id, self.bob.user.id, 1)
        query = tl.messages.sendMedia(peer=self.to_bob, media=await document(self.ann, b"x"), message="", random_id=1)
        await self.refused("YOU_BLOCKED_USER", self.ann, query)
        await self.refused("YOU_BLOCKED_USER", self.ann, tl.messages.uploadMedia(peer=self.to_bob, media=query.media))

    async def test_whose_card_it_is(self) -> None:
        """A card names whom its sender finds by the number, beside the answer too, and nobody who may not be found."""
        card = tl.inputMediaContact(phone_number=f"+{self.eve.user.phone}", first_name="E", last_name="", vcard="")
        await sent(self.ann, self.to_bob, card)
        answer = await self.bob.history(self.to_ann)
        self.assertEqual(answer.messages[0].media.user_id, self.eve.user.id)
        self.assertIn(self.eve.user.id, [user.id for user in answer.users])
        await self.house.privacy.set(self.eve.user.id, ADDED_BY_PHONE, [Rule(RuleKind.DISALLOW_ALL)])
        await sent(self.ann, self.to_bob, card, random_id=2)
        self.assertEqual((await self.seen_by_bob()).user_id, 0)
        # Bots ask their users for numbers by a button, and know them again by this id.
        own = tl.inputMediaContact(phone_number=f"+{self.ann.user.phone}", first_name="A", last_name="", vcard="")
        await sent(self.ann, self.to_bob, own, random_id=3)
        self.assertEqual((await self.seen_by_bob()).user_id, self.ann.user.id)

    async def test_a_map(self) -> None:
        """What a place is shown on comes in pieces; files of other web sites are none of ours."""
        point = tl.inputGeoPoint(lat=52.52, long=13.4)
        where = tl.inputWebFileGeoPointLocation(geo_point=point, access_hash=0, w=1024, h=1024, zoom=15, scale=3)
        query = tl.upload.getWebFile(location=where, offset=0, limit=128 * KIB)
        whole = await self.bob.call(query)
        self.assertEqual((whole.size, whole.mime_type, whole.bytes[:4]), (len(whole.bytes), "image/png", b"\x89PNG"))
        pieces = [
            (await self.bob.call(tl.upload.getWebFile(location=where, offset=offset, limit=4 * KIB))).bytes
            for offset in range(0, whole.size + 4 * KIB, 4 * KIB)
        ]
        self.assertEqual(b"".join(pieces), whole.bytes)
        for refused in (
            tl.inputWebFileGeoPointLocation(geo_point=point, access_hash=0, w=100, h=100, zoom=15, scale=1000),
            tl.inputWebFileGeoPointLocation(
                geo_point=tl.inputGeoPointEmpty(), access_hash=0, w=100, h=100, zoom=15, scale=1
            ),
            tl.inputWebFileLocation(url="http://127.0.0.1/", access_hash=0),
            tl.inputWebFileAudioAlbumThumbLocation(title="a", performer="b"),
        ):
            query = tl.upload.getWebFile(location=refused, offset=0, limit=4 * KIB)
            await self.refused("LOCATION_INVALID", self.bob, query)
        query = tl.upload.getWebFile(location=where, offset=-1024, limit=4 * KIB)
        await self.refused("OFFSET_INVALID", self.bob, query)

    async def test_small_media(self) -> None:
        """Places, cards and dice, whose value the server draws."""
        point = tl.inputGeoPoint(lat=48.2, long=16.3)
        for view, name in (
            (tl.inputMediaGeoPoint(geo_point=point), "messageMediaGeo"),
            (
                tl.inputMediaVenue(geo_point=point, title="Here", address="", provider="", venue_id="", venue_type=""),
                "messageMediaVenue",
            ),
            (
                tl.inputMediaContact(phone_number="+1", first_name="A", last_name="", vcard=""),
                "messageMediaContact",
            ),
            (tl.inputMediaDice(emoticon="🎲"), "messageMediaDice"),
        ):
            await sent(self.ann, self.to_bob, view)
            media = await self.seen_by_bob()
            self.assertEqual(media.NAME, name)
        self.assertIn(media.value, range(1, 7))
        for view, error in (
            (tl.inputMediaDice(emoticon="x"), "EMOTICON_INVALID"),
            (tl.inputMediaGeoPoint(geo_point=tl.inputGeoPoint(lat=float("nan"), long=0.0)), "GEO_POINT_INVALID"),
            (tl.inputMediaGeoPoint(geo_point=tl.inputGeoPoint(lat=91.0, long=0.0)), "GEO_POINT_INVALID"),
            (tl.inputMediaEmpty(), "MEDIA_EMPTY"),
            (tl.inputMediaPhotoExternal(url="http://127.0.0.1/"), "EXTERNAL_URL_INVALID"),
        ):
            query = tl.messages.sendMedia(peer=self.to_bob, media=view, message="", random_id=1)
            await self.refused(error, self.ann, query)

    async def test_upload_media_first(self) -> None:
        """What uploadMedia answers is its uploader's to send, and nobody else's."""
        media = await self.ann.call(tl.messages.uploadMedia(peer=self.to_bob, media=await document(self.ann, b"data")))
        query = tl.messages.sendMedia(peer=self.to_ann, media=input_document(media), message="", random_id=1)
        await self.refused("FILE_REFERENCE_EXPIRED", self.bob, query)
        await sent(self.ann, self.to_bob, input_document(media))
        self.assertEqual(await downloaded(self.bob, location(await self.seen_by_bob())), b"data")

    async def test_old_layers(self) -> None:
        """Clients of all ages are told of a file and get its bytes."""
        for layer in (135, 143, 158, 181):
            old = await self.house.sign_up("Old", layer=layer)
            made = await document(
                self.ann,
                b"data",
                attributes=[
                    tl.documentAttributeVideo(duration=1.5, w=1, h=2),
                    tl.documentAttributeFilename(file_name="v"),
                ],
            )
            await sent(self.ann, self.ann.peer(old), made)
            got = (await old.history(old.peer(self.ann))).messages[0]
            self.assertEqual(await downloaded(old, location(got.media)), b"data")
            again = await document(old, b"theirs")
            await sent(old, old.peer(self.ann), again)
