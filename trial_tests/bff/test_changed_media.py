"""What messages carry is changed: other media, live locations; through the caller and the codec."""

import os
from hashlib import sha256
from typing import Any

from teamgram.database import Transaction
from teamgram.domain.boxes.media import FOREVER
from teamgram.domain.chats.chat import Banned
from teamgram.domain.chats.chats import Actor
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import BffTestCase, House
from trial_tests.bff.test_files import document, downloaded, input_document, location, picture, sent, uploaded
from trial_tests.bff.test_played_media import VIDEO, VOICE

_MUSIC = [tl.documentAttributeAudio(duration=3, title="song")]


def point(lat: float, long: float) -> Any:
    """``inputGeoPoint``."""
    return tl.inputGeoPoint(lat=lat, long=long)


class ChangedTestCase(BffTestCase):
    """Ann and Bob."""

    async def setUp(self) -> None:
        self.house = House(self)
        self.ann = await self.house.sign_up("Ann")
        self.bob = await self.house.sign_up("Bob")
        self.to_bob, self.to_ann = self.ann.peer(self.bob), self.bob.peer(self.ann)
        self.files = 0

    async def file(self, attributes: list[Any], **fields: Any) -> Any:
        """``inputMediaUploadedDocument`` of a little noise."""
        self.files += 1
        return await document(self.ann, os.urandom(100), self.files, attributes=attributes, **fields)

    async def photo(self) -> Any:
        """``inputMediaUploadedPhoto``."""
        self.files += 1
        return tl.inputMediaUploadedPhoto(file=await uploaded(self.ann, picture(60, 60), self.files))

    def edit(self, of: Any, media: Any, **fields: Any) -> Any:
        """messages.editMessage of Ann's, for Bob."""
        return tl.messages.editMessage(peer=self.to_bob, id=of.id, media=media, **fields)

    async def named(self) -> list[int]:
        """Ids of the files that the collector leaves because a message has them."""

        def named_txn(txn: Transaction) -> list[int]:
            txn.execute("SELECT file_id FROM file_uses WHERE kind = 'content'")
            return [row[0] for row in txn.fetchall()]

        return await self.house.database.read("named", named_txn)

    async def got(self) -> Any:
        """The newest that Bob has."""
        return (await self.bob.history(self.to_ann)).messages[0]


@on_every_backend
class ChangedMediaTests(ChangedTestCase):
    """Other media in the place of what was sent."""

    async def test_other_media(self) -> None:
        """Both sides have the new one; the old one is given to nobody any more, whatever reference they have."""
        message = await sent(self.ann, self.to_bob, await self.file([]), "caption https://example.org")
        old = await self.got()
        await self.bob.take()
        await self.ann.call(self.edit(message, await self.photo()))
        (update,) = await self.bob.take()
        new = await self.got()
        self.assertEqual((update.NAME, update.message), ("updateEditMessage", new))
        self.assertEqual((new.media.NAME, new.message), ("messageMediaPhoto", "caption https://example.org"))
        await downloaded(self.bob, location(new.media, "s"), 4096)
        self.assertEqual(await self.named(), [new.media.photo.id])
        for device in (self.ann, self.bob):
            query = tl.upload.getFile(location=location(old.media), offset=0, limit=4096)
            await self.refused("FILE_REFERENCE_EXPIRED", device, query)
        await self.ann.call(self.edit(message, await self.file(VIDEO), message="other words"))
        new = await self.got()
        self.assertEqual((new.media.video, new.message), (True, "other words"))
        for wanted, count in ((tl.inputMessagesFilterVideo(), 1), (tl.inputMessagesFilterPhotos(), 0)):
            query = tl.messages.getSearchCounters(peer=self.to_ann, filters=[wanted])
            (counter,) = await self.bob.call(query)
            self.assertEqual(counter.count, count)
        eve = await self.house.sign_up("Eve")
        await self.refused("MESSAGE_ID_INVALID", eve, self.edit(message, input_document(new.media)))

    async def test_beside_a_text(self) -> None:
        """A text may get media; its words become the caption."""
        message = await self.ann.send(self.to_bob, "words")
        await self.ann.call(self.edit(message, await self.photo()))
        new = await self.got()
        self.assertEqual((new.media.NAME, new.message), ("messageMediaPhoto", "words"))
        again = tl.inputMediaPhoto(
            id=tl.inputPhoto(
                id=new.media.photo.id,
                access_hash=new.media.photo.access_hash,
                file_reference=new.media.photo.file_reference,
            )
        )
        await self.refused("MESSAGE_NOT_MODIFIED", self.ann, self.edit(message, again))

    async def test_what_stays(self) -> None:
        """Voice, places and dice stay what they are, and none of them comes in, nor what ends by itself."""
        place = tl.inputMediaGeoPoint(geo_point=point(1.0, 2.0))
        for media in (await self.file(VOICE), place, tl.inputMediaDice(emoticon="🎲")):
            message = await sent(self.ann, self.to_bob, media)
            await self.refused("MEDIA_PREV_INVALID", self.ann, self.edit(message, await self.photo()))
        message = await sent(self.ann, self.to_bob, await self.photo())
        ending = await self.photo()
        ending.ttl_seconds = 5
        for media in (await self.file(VOICE), place, tl.inputMediaDice(emoticon="🎲"), ending):
            await self.refused("MEDIA_NEW_INVALID", self.ann, self.edit(message, media))
        theirs = tl.messages.editMessage(peer=self.to_ann, id=(await self.got()).id, media=await self.photo())
        await self.refused("MESSAGE_AUTHOR_REQUIRED", self.bob, theirs)

    async def test_in_an_album(self) -> None:
        """Photos and videos take each other's places, and nothing else does."""
        singles = []
        for number in (1, 2):
            singles.append(tl.inputSingleMedia(media=await self.photo(), random_id=90 + number, message=""))
        updates = await self.ann.call(tl.messages.sendMultiMedia(peer=self.to_bob, multi_media=singles))
        first = next(one.message for one in updates.updates if one.NAME == "updateNewMessage")
        await self.ann.call(self.edit(first, await self.file(VIDEO)))
        for attributes in ([], _MUSIC):
            await self.refused("MEDIA_GROUPED_INVALID", self.ann, self.edit(first, await self.file(attributes)))
        groups = {message.grouped_id for message in (await self.bob.history(self.to_ann)).messages}
        self.assertEqual(groups, {first.grouped_id})

    async def test_where_it_could_not_be_sent(self) -> None:
        """What a group forbids its members to send does not come in by an edit either."""
        made = await self.bob.call(tl.messages.createChat(users=[self.bob.input_user(self.ann)], title="Group"))
        chat = made.updates.chats[0]
        peer = tl.inputPeerChat(chat_id=chat.id)
        message = await self.ann.send(peer, "words")
        message_id = next(one.id for one in message.updates if one.NAME == "updateMessageID")
        await self.house.domain.chats.set_default_banned_rights(
            Actor(self.bob.user.id, 1), chat.id, int(Banned.SEND_PHOTOS)
        )
        query = tl.messages.editMessage(peer=peer, id=message_id, media=await self.photo())
        await self.refused("CHAT_SEND_PHOTOS_FORBIDDEN", self.ann, query)
        await self.ann.call(tl.messages.editMessage(peer=peer, id=message_id, media=await self.file([])))

    async def test_by_hash(self) -> None:
        """Who has uploaded a file finds it again; that somebody else has, nobody finds out."""
        data = os.urandom(100)
        await sent(self.ann, self.to_bob, await document(self.ann, data))
        query = tl.messages.getDocumentByHash(sha256=sha256(data).digest(), size=100, mime_type="text/plain")
        found = await self.ann.call(query)
        again = tl.inputDocument(id=found.id, access_hash=found.access_hash, file_reference=found.file_reference)
        await sent(self.ann, self.to_bob, tl.inputMediaDocument(id=again))
        self.assertEqual((await self.bob.call(query)).NAME, "documentEmpty")
        query.size = 99
        self.assertEqual((await self.ann.call(query)).NAME, "documentEmpty")
        query.sha256 = b"x"
        await self.refused("SHA256_HASH_INVALID", self.ann, query)


@on_every_backend
class LiveLocationTests(ChangedTestCase):
    """Where somebody is who is under way."""

    def live(self, lat: float, **fields: Any) -> Any:
        """``inputMediaGeoLive``."""
        return tl.inputMediaGeoLive(geo_point=point(lat, 2.0), **fields)

    async def recent(self) -> list[int]:
        """The ids of those under way, as Bob sees them."""
        answer = await self.bob.call(tl.messages.getRecentLocations(peer=self.to_ann, limit=10, hash=0))
        return [message.id for message in answer.messages]

    async def test_moves(self) -> None:
        """It moves on both sides until it is stopped; then it moves no more."""
        message = await sent(self.ann, self.to_bob, self.live(1.0, period=600, heading=90))
        self.assertEqual((message.media.period, message.media.heading), (600, 90))
        self.house.clock.advance(100)
        await self.ann.call(self.edit(message, self.live(3.0, proximity_notification_radius=50)))
        got = (await self.got()).media
        self.assertEqual((got.geo.lat, got.heading, got.period, got.proximity_notification_radius), (3.0, 90, 600, 50))
        self.assertEqual(len(await self.recent()), 1)
        stop = tl.inputMediaGeoLive(stopped=True, geo_point=tl.inputGeoPointEmpty())
        await self.ann.call(self.edit(message, stop))
        self.assertEqual(((await self.got()).media.period, (await self.got()).media.geo.lat), (100, 3.0))
        await self.refused("MESSAGE_EDIT_TIME_EXPIRED", self.ann, self.edit(message, self.live(4.0)))
        self.assertEqual(await self.recent(), [])

    async def test_ends_by_itself(self) -> None:
        """After its period; without one it may move for ever, also when other messages may not be changed any more."""
        message = await sent(self.ann, self.to_bob, self.live(1.0, period=60))
        for_ever = await sent(self.ann, self.to_bob, self.live(1.0, period=FOREVER))
        self.house.clock.advance(59)
        await self.ann.call(self.edit(message, self.live(2.0)))
        self.assertEqual(len(await self.recent()), 2)
        self.house.clock.advance(1)
        await self.refused("MESSAGE_EDIT_TIME_EXPIRED", self.ann, self.edit(message, self.live(3.0)))
        self.house.clock.advance(200_000)
        await self.ann.call(self.edit(for_ever, self.live(4.0)))
        self.assertEqual((await self.got()).media.geo.lat, 4.0)

    async def test_sent_on(self) -> None:
        """As the place where they were, and not where they go from there."""
        await sent(self.ann, self.to_bob, self.live(1.0, period=600))
        to_self = self.bob.peer(self.bob)
        got = await self.got()
        await self.bob.call(
            tl.messages.forwardMessages(from_peer=self.to_ann, to_peer=to_self, id=[got.id], random_id=[5])
        )
        (forwarded,) = (await self.bob.history(to_self)).messages
        self.assertEqual((forwarded.media.NAME, forwarded.media.geo.lat), ("messageMediaGeo", 1.0))

    async def test_refused(self) -> None:
        """Too short, too long, nowhere; and nothing else moves."""
        empty = tl.inputGeoPointEmpty()
        for media, error in (
            (self.live(1.0, period=59), "MEDIA_INVALID"),
            (self.live(1.0, period=86_401), "MEDIA_INVALID"),
            (self.live(91.0, period=60), "GEO_POINT_INVALID"),
            (tl.inputMediaGeoLive(geo_point=empty, period=60), "GEO_POINT_INVALID"),
        ):
            await self.refused(
                error, self.ann, tl.messages.sendMedia(peer=self.to_bob, media=media, message="", random_id=1)
            )
        message = await sent(self.ann, self.to_bob, tl.inputMediaGeoPoint(geo_point=point(1.0, 2.0)))
        await self.refused("MEDIA_PREV_INVALID", self.ann, self.edit(message, self.live(4.0)))
        moving = await sent(self.ann, self.to_bob, self.live(1.0, period=600))
        await self.refused("MESSAGE_NOT_MODIFIED", self.ann, self.edit(moving, self.live(1.0)))
