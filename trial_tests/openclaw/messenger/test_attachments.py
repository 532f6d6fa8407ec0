"""Agents that are sent something besides words."""

import base64
from typing import Any

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.boxes.media import ContactCard, Dice, Media, Place
from teamgram.domain.boxes.message import Extra
from teamgram.domain.files.errors import FileNotFound
from teamgram.domain.files.file import Attribute, Document, Photo, PhotoSize
from teamgram.domain.messages.sending import SendRequest
from teamgram.openclaw.messenger.attachments import MAX_IMAGES, described
from trial_tests.openclaw.messenger.messenger import MessengerTestCase

PHOTO = Media(photo=Photo(1, 1, 1, (PhotoSize("m", 320, 200, 4, "small"), PhotoSize("w", 2560, 1600, 9, "large"))))


def document(*attributes: Attribute, mime_type: str = "text/plain") -> Media:
    """A file of 1,234 bytes."""
    return Media(document=Document(2, 1, 1, mime_type, 1234, "blob", attributes))


class KeptPictures:
    """Files, each of which holds its own name."""

    def __init__(self, *gone: str) -> None:
        self.gone = gone

    async def read(self, blob: str, offset: int, limit: int) -> bytes:
        """As ``Files.read``, two bytes at a time."""
        if blob in self.gone:
            raise FileNotFound
        return blob.encode()[offset : offset + min(limit, 2)]


class DescribedTests(SynchronousTestCase):
    """In words."""

    def test_each_kind(self) -> None:
        """What it is, and what tells one from another."""
        for media, words in (
            (None, ""),
            (PHOTO, "[photo, 2560x1600]"),
            (document(Attribute("filename", file_name="a.txt")), '[file "a.txt", text/plain, 1,234 bytes]'),
            (document(Attribute("audio", voice=True, seconds=3)), "[voice message, 3 s]"),
            (document(Attribute("audio", seconds=3, title="Song", performer="Band")), "[audio Band - Song, 3 s]"),
            (document(Attribute("video", round_message=True, seconds=4)), "[round video message, 4 s]"),
            (document(Attribute("video", seconds=4, w=5, h=6)), "[video, 4 s, 5x6]"),
            (document(Attribute("animated"), Attribute("video")), "[GIF]"),
            (document(Attribute("sticker", alt="😀")), "[sticker 😀]"),
            (Media(place=Place(1.5, 2.0)), "[location: 1.500000 2.000000]"),
            (Media(place=Place(1.5, 2.0, title="Inn", address="Road 1")), "[place: Inn, Road 1, 1.500000 2.000000]"),
            (Media(contact=ContactCard("49151", "Ann", "Lee")), "[contact: Ann Lee, +49151]"),
            (Media(dice=Dice("🎲", 6)), "[🎲 shows 6]"),
            (Media(ended="voice", ttl=5), "[voice, gone]"),
        ):
            self.assertEqual(described(media), words)


class AttachmentsTestCase(MessengerTestCase):
    """A person sends things."""

    async def send(self, *media: Media, text: str = "", random_id: int = 1) -> None:
        """Ann sends it to the agent, several together as an album."""
        grouped_id = 77 if len(media) > 1 else 0
        requests = tuple(
            SendRequest(
                self.ann.id,
                self.bot,
                "" if number else text,
                random_id + number,
                int(reactor.seconds()),
                Extra(media=one, grouped_id=grouped_id),
            )
            for number, one in enumerate(media)
        )
        await self.talk.messages.send_all(requests)

    async def heard(self) -> Any:
        """What the agent's transcript has of the newest message of a person."""
        parts = self.agents.parts
        (session,) = [one for one in parts.sessions if one.channel == "telegram"]
        history = await parts.histories.page(session, 50)
        return [message["content"] for message in history if message["role"] == "user"][-1]


class AttachmentsTests(AttachmentsTestCase):
    """The agent answers."""

    async def test_a_file_without_words(self) -> None:
        """It is said what came, and answered."""
        await self.send(document(Attribute("audio", voice=True, seconds=3)))
        self.assertEqual(await self.answers(1), ["[voice message, 3 s]"])

    async def test_an_album(self) -> None:
        """It is one message to the agent, however many it has; the next one is heard, too."""
        await self.send(PHOTO, document(), PHOTO, text="look")
        said = "look\n[photo, 2560x1600]\n[file, text/plain, 1,234 bytes]\n[photo, 2560x1600]"
        self.assertEqual(await self.answers(1), [said])
        await self.write("and?", 50)
        self.assertEqual(await self.answers(2), [said, "and?"])

    async def test_a_model_that_does_not_look(self) -> None:
        """It gets the words alone."""
        self.messenger.attachments._files = KeptPictures()
        await self.send(PHOTO, text="look")
        await self.answers(1)
        self.assertEqual(await self.heard(), "look\n[photo, 2560x1600]")


class LookingTests(AttachmentsTestCase):
    """A model of which the operator has said that it looks at pictures."""

    config = {
        "models": {"providers": {"eyes": {"api": "echo", "models": [{"id": "see", "input": ["text", "image"]}]}}},
        "agents": {"defaults": {"model": "eyes/see"}},
    }

    async def test_a_model_that_looks(self) -> None:
        """This one gets the largest picture that is not too large for it."""
        self.messenger.attachments._files = KeptPictures()
        await self.send(PHOTO, text="look")
        await self.answers(1)
        image = {"type": "image", "mimeType": "image/jpeg", "data": base64.b64encode(b"smal").decode()}
        self.assertEqual(await self.heard(), [{"type": "text", "text": "look\n[photo, 2560x1600]"}, image])

    async def test_what_is_gone_or_too_many(self) -> None:
        """Some of an album."""
        self.messenger.attachments._files = KeptPictures("gone")
        gone = Media(photo=Photo(3, 1, 1, (PhotoSize("m", 320, 200, 4, "gone"),)))
        await self.send(gone, *[PHOTO] * (MAX_IMAGES + 1))
        await self.answers(1)
        self.assertEqual([part["type"] for part in await self.heard()], ["text", *["image"] * MAX_IMAGES])
