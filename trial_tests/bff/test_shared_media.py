"""What was sent in a conversation by its kind: each filter of messages.search, its counters, positions and days."""

import io
from typing import Any

from PIL import Image

from teamgram.domain.search import folding
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_files import document, picture, sent, uploaded
from trial_tests.bff.test_messages import error_of

DAY = 86_400

_VIDEO = {"duration": 1.0, "w": 10, "h": 10}

KINDS: dict[str, tuple[str, list[Any]]] = {
    "a video": ("video/mp4", [tl.documentAttributeVideo(**_VIDEO)]),
    "a round one": ("video/mp4", [tl.documentAttributeVideo(round_message=True, **_VIDEO)]),
    "a GIF": ("video/mp4", [tl.documentAttributeVideo(**_VIDEO), tl.documentAttributeAnimated()]),
    "a voice": ("audio/ogg", [tl.documentAttributeAudio(voice=True, duration=1)]),
    "a song": ("audio/mpeg", [tl.documentAttributeAudio(duration=1, title="Nocturne", performer="Chopin")]),
    "a report": ("text/plain", [tl.documentAttributeFilename(file_name="quarterly report.txt")]),
}
"""Documents by their captions."""

EXPECTED: dict[str, list[str]] = {
    "Photos": ["a photo"],
    "Video": ["a video"],
    "PhotoVideo": ["a photo", "a video"],
    "Document": ["a report"],
    "Url": ["see https://example.org"],
    "Gif": ["a GIF"],
    "Voice": ["a voice"],
    "Music": ["a song"],
    "RoundVideo": ["a round one"],
    "RoundVoice": ["a voice", "a round one"],
    "Geo": ["(geo)"],
    "Contacts": ["(contact)"],
    "ChatPhotos": ["(photo)"],
    "MyMentions": ["to @ann_a"],
    "Pinned": ["to be pinned"],
    "PhoneCalls": [],
    "Poll": [],
}
"""What each filter finds in the group of ``SharedMediaTests``."""


def wanted(name: str) -> Any:
    """A filter by its name."""
    return getattr(tl, f"inputMessagesFilter{name}")()


def search(peer: Any, name: str = "Empty", q: str = "", limit: int = 50, **fields: Any) -> Any:
    """messages.search."""
    zeros = dict.fromkeys(("min_date", "max_date", "offset_id", "add_offset", "max_id", "min_id", "hash"), 0)
    return tl.messages.search(peer=peer, q=q, filter=wanted(name), **{**zeros, **fields}, limit=limit)


def said(message: Any) -> str:
    """Its text, or what it is."""
    if message.message if message.NAME == "message" else "":
        return str(message.message)
    if message.NAME == "messageService":
        return "(photo)" if message.action.NAME == "messageActionChatEditPhoto" else f"({message.action.NAME})"
    return {"messageMediaGeo": "(geo)", "messageMediaContact": "(contact)"}[message.media.NAME]


class SharedMediaTestCase(BackendTestCase):
    """A group of two in which one of each kind was sent by Bob."""

    async def setUp(self) -> None:
        self.house = House(self)
        self.ann = await self.house.sign_up("Ann", username="ann_a")
        self.bob = await self.house.sign_up("Bob")
        self.eve = await self.house.sign_up("Eve")
        made = await self.bob.call(tl.messages.createChat(users=[self.bob.input_user(self.ann)], title="Group"))
        self.chat_id = made.updates.chats[0].id
        self.group = tl.inputPeerChat(chat_id=self.chat_id)

    async def send_all(self) -> None:
        """One of each kind."""
        bob, group = self.bob, self.group
        photo = tl.inputMediaUploadedPhoto(file=await uploaded(bob, picture(60, 60), 99, name="a.jpg"))
        await sent(bob, group, photo, "a photo")
        for number, (caption, (mime_type, attributes)) in enumerate(KINDS.items(), 1):
            data = await document(bob, b"%d" % number, number, mime_type=mime_type, attributes=attributes)
            await sent(bob, group, data, caption)
        place = tl.inputMediaGeoPoint(geo_point=tl.inputGeoPoint(lat=1.0, long=2.0))
        await sent(bob, group, place)
        card = tl.inputMediaContact(phone_number="1234567", first_name="Cleo", last_name="Nile", vcard="")
        await sent(bob, group, card)
        await bob.send(group, "see https://example.org")
        await bob.send(group, "to @ann_a")
        square = io.BytesIO()
        Image.new("RGB", (300, 300)).save(square, "PNG")
        portrait = tl.inputChatUploadedPhoto(file=await uploaded(bob, square.getvalue(), 98, name="b.png"))
        await bob.call(tl.messages.editChatPhoto(chat_id=self.chat_id, photo=portrait))
        pinned = (await bob.send(group, "to be pinned")).updates[0]
        await bob.call(tl.messages.updatePinnedMessage(peer=group, id=pinned.id, silent=True))

    async def found(self, device: Device, peer: Any, name: str, **fields: Any) -> list[str]:
        """What is found, newest first."""
        return [said(message) for message in (await device.call(search(peer, name, **fields))).messages]


@on_every_backend
class SharedMediaTests(SharedMediaTestCase):
    """Every ``inputMessagesFilter…``."""

    async def test_every_filter(self) -> None:
        """It finds what is of its kind and nothing else, in rows and in blocks; counters say how many."""
        self.patch(folding, "FOLD_ROWS", 10)
        await self.send_all()
        filters = [wanted(name) for name in EXPECTED]
        for _ in range(2):
            for name, expected in EXPECTED.items():
                self.assertEqual(sorted(await self.found(self.ann, self.group, name)), sorted(expected), name)
            counters = await self.ann.call(tl.messages.getSearchCounters(peer=self.group, filters=filters))
            self.assertEqual([counter.count for counter in counters], [len(found) for found in EXPECTED.values()])
            self.assertEqual([counter.filter for counter in counters], filters)
            await self.house.domain.indexer.tidy()
        self.assertEqual(await self.found(self.bob, self.group, "MyMentions"), [])
        for name in EXPECTED:
            self.assertEqual(await self.found(self.eve, tl.inputPeerEmpty(), name), [])
        everywhere = tl.messages.searchGlobal(
            q="",
            filter=wanted("Music"),
            min_date=0,
            max_date=0,
            offset_rate=0,
            offset_peer=tl.inputPeerEmpty(),
            offset_id=0,
            limit=10,
        )
        self.assertEqual([said(message) for message in (await self.ann.call(everywhere)).messages], ["a song"])

    async def test_by_what_it_is_called(self) -> None:
        """Names of files, songs and people are words, too; with a filter both count."""
        await self.send_all()
        for text, expected in (("report", "a report"), ("chop", "a song"), ("nile", "(contact)")):
            self.assertEqual(await self.found(self.ann, self.group, "Empty", q=text), [expected])
        self.assertEqual(await self.found(self.ann, self.group, "Document", q="quart"), ["a report"])
        self.assertEqual(await self.found(self.ann, self.group, "Music", q="quart"), [])
        self.assertEqual(await self.found(self.ann, self.group, "Pinned", q="pin"), ["to be pinned"])
        self.assertEqual(await self.found(self.ann, self.group, "Pinned", q="photo"), [])

    async def test_what_is_gone(self) -> None:
        """Deleted, unpinned, seen, edited: each leaves its list; an edit that brings a link comes into one."""
        await self.send_all()
        bob, group = self.bob, self.group
        photo = (await bob.call(search(group, "Photos"))).messages[0]
        song = (await self.ann.call(search(group, "Music"))).messages[0]
        await bob.call(tl.messages.deleteMessages(id=[photo.id], revoke=True))
        await self.ann.call(tl.messages.deleteMessages(id=[song.id]))
        self.assertEqual(await self.found(self.ann, group, "PhotoVideo"), ["a video"])
        self.assertEqual(await self.found(self.ann, group, "Music"), [])
        self.assertEqual(await self.found(self.ann, group, "Empty", q="chopin"), [])
        self.assertEqual(await self.found(bob, group, "Music"), ["a song"])
        link = (await bob.call(search(group, "Url"))).messages[0]
        await bob.call(tl.messages.editMessage(peer=group, id=link.id, message="no more"))
        self.assertEqual(await self.found(self.ann, group, "Url"), [])
        await bob.call(tl.messages.editMessage(peer=group, id=link.id, message="again http://example.com"))
        self.assertEqual(await self.found(self.ann, group, "Url"), ["again http://example.com"])
        unread = tl.messages.getUnreadMentions(
            peer=group, **dict.fromkeys(("offset_id", "add_offset", "max_id", "min_id"), 0), limit=5
        )
        self.assertEqual([said(message) for message in (await self.ann.call(unread)).messages], ["to @ann_a"])
        await self.ann.call(tl.messages.readMentions(peer=group))
        self.assertEqual((await self.ann.call(unread)).messages, [])
        self.assertEqual(await self.found(self.ann, group, "MyMentions"), ["to @ann_a"])
        await bob.call(tl.messages.unpinAllMessages(peer=group))
        self.assertEqual(await self.found(self.ann, group, "Pinned"), [])
        await bob.send(group, "again to @ann_a")
        again = (await self.ann.call(unread)).messages[0]
        await self.ann.call(tl.messages.deleteMessages(id=[again.id]))
        self.assertEqual((await self.ann.dialogs()).dialogs[0].unread_mentions_count, 0)
        await self.ann.call(tl.messages.deleteHistory(peer=group, max_id=0))
        for name in EXPECTED:
            self.assertEqual(await self.found(self.ann, group, name), [], name)

    async def test_sent_media(self) -> None:
        """messages.searchSentMedia: one's own, everywhere, by its name as well."""
        await self.send_all()
        query = tl.messages.searchSentMedia(q="", filter=wanted("Document"), limit=10)
        self.assertEqual([said(message) for message in (await self.bob.call(query)).messages], ["a report"])
        self.assertEqual((await self.ann.call(query)).messages, [])
        named = tl.messages.searchSentMedia(q="quarter", filter=wanted("Document"), limit=10)
        self.assertEqual(len((await self.bob.call(named)).messages), 1)
        other = tl.messages.searchSentMedia(q="other", filter=wanted("Document"), limit=10)
        self.assertEqual((await self.bob.call(other)).messages, [])
        nothing = tl.messages.searchSentMedia(q="x", filter=wanted("Empty"), limit=10)
        self.assertEqual(await error_of(self.bob.call(nothing)), "FILTER_NOT_SUPPORTED")


@on_every_backend
class SharedMediaPlacesTests(SharedMediaTestCase):
    """messages.getSearchResultsPositions and getSearchResultsCalendar."""

    async def links(self, days: dict[int, int]) -> list[tuple[int, int]]:
        """Links sent: how many after so many days, with other texts between them; (Ann's id, date), newest first."""
        for day, count in days.items():
            self.house.clock.advance(day * DAY)
            for number in range(count):
                await self.bob.send(self.group, f"http://example.org/{day}/{number}")
                await self.bob.send(self.group, "between")
                self.house.clock.advance(60)
        found = (await self.ann.call(search(self.group, "Url"))).messages
        return [(message.id, message.date) for message in found]

    async def test_positions(self) -> None:
        """As many as were asked for, as evenly apart as may be, with the number of newer ones of each."""
        row = await self.links({0: 9})

        def query(limit: int, offset_id: int = 0, name: str = "Url") -> Any:
            return tl.messages.getSearchResultsPositions(
                peer=self.group, filter=wanted(name), offset_id=offset_id, limit=limit
            )

        for limit, offsets in ((100, range(9)), (3, (0, 3, 6)), (4, (0, 2, 4, 6)), (1, (0,)), (0, ())):
            found = await self.ann.call(query(limit))
            told = [(one.msg_id, one.date, one.offset) for one in found.positions]
            self.assertEqual(told, [(*row[offset], offset) for offset in offsets])
            self.assertEqual(found.count, 9)
        later = await self.ann.call(query(100, offset_id=row[4][0]))
        self.assertEqual([one.offset for one in later.positions], [5, 6, 7, 8])
        self.assertEqual((await self.ann.call(query(5, name="Geo"))).positions, [])
        self.assertEqual((await self.ann.call(query(-5, offset_id=-7))).positions, [])
        for name in ("Empty", "MyMentions"):
            self.assertEqual(await error_of(self.ann.call(query(5, name=name))), "FILTER_NOT_SUPPORTED")

    async def test_calendar(self) -> None:
        """A day (UTC) with its first and last message and how many, newest first, from an offset on."""
        row = await self.links({1: 7, 2: 1, 30: 4})
        days: dict[int, list[int]] = {}
        for id_, date in row:
            days.setdefault(date // DAY, []).append(id_)

        def query(**offset: int) -> Any:
            fields = {"offset_id": 0, "offset_date": 0, **offset}
            return tl.messages.getSearchResultsCalendar(peer=self.group, filter=wanted("Url"), **fields)

        calendar = await self.ann.call(query())
        told = [(one.date // DAY, one.max_msg_id, one.min_msg_id, one.count) for one in calendar.periods]
        self.assertEqual(told, [(day, ids[0], ids[-1], len(ids)) for day, ids in days.items()])
        self.assertEqual([message.id for message in calendar.messages], [ids[0] for ids in days.values()])
        self.assertEqual((calendar.count, calendar.offset_id_offset), (12, None))
        self.assertEqual(calendar.min_msg_id, row[-1][0])
        rest = await self.ann.call(query(offset_id=row[2][0]))
        self.assertEqual((rest.offset_id_offset, rest.periods[0].max_msg_id), (3, row[3][0]))
        self.assertEqual(sum(one.count for one in rest.periods), 9)
        dated = await self.ann.call(query(offset_date=row[4][1]))
        self.assertEqual(sum(one.count for one in dated.periods), len([one for one in row if one[1] < row[4][1]]))
        empty = tl.messages.getSearchResultsCalendar(peer=self.group, filter=wanted("Geo"), offset_id=0, offset_date=0)
        self.assertEqual((await self.ann.call(empty)).periods, [])
