"""Sets that the server has of its own: drawn by ``drawings`` when somebody asks for one the first time."""

import secrets

from twisted.internet.interfaces import IReactorTime

import msgspec

from teamgram.database import Database
from teamgram.domain.files.file import Attribute, Document
from teamgram.domain.files.filing import Filing
from teamgram.domain.stickers import store
from teamgram.domain.stickers.drawings.dice import DICE
from teamgram.domain.stickers.drawings.emoji import animated_emoji
from teamgram.domain.stickers.errors import SetNameOccupied
from teamgram.domain.stickers.making import MIME_TYPES, SIDE
from teamgram.domain.stickers.names import bare
from teamgram.domain.stickers.sticker_set import REGULAR, Meaning, NamedSet, Sticker, StickerSet, sticker_attribute

_VERSION = 2
"""Of the drawings: others make other sets, and what was sent with the old ones stays."""

ANIMATED_EMOJI = "emoji"


class NotDrawn(Exception):
    """There is no such set."""


class OwnSets:
    """Dice, and emoji that move."""

    def __init__(self, database: Database, filing: Filing, clock: IReactorTime) -> None:
        self._database = database
        self._storage = filing.storage
        self._clock = clock

    async def dice(self, emoji: str) -> NamedSet:
        """The set of what is thrown.

        Raises:
            NotDrawn: nothing of that emoji is.
            StorageFull, StorageAway.
        """
        emoji = bare(emoji)
        if emoji not in DICE:
            raise NotDrawn
        return await self._named(f"dice_{ord(emoji):x}", f"Dice {emoji}")

    async def animated_emoji(self) -> NamedSet:
        """The set of emoji that move.

        Raises:
            StorageFull, StorageAway.
        """
        return await self._named(ANIMATED_EMOJI, "Animated emoji")

    async def _named(self, key: str, title: str) -> NamedSet:
        # No user's set has a name that begins with a digit.
        named = NamedSet(short_name=f"{_VERSION}_{key}")
        if await self._database.read("own sticker set", store.find_txn, named) is None:
            await self._make(named.short_name, title, _drawn(key))
        return named

    async def _make(self, short_name: str, title: str, drawn: list[tuple[str, bytes]]) -> None:
        now = int(self._clock.seconds())
        set_ = StickerSet(_new_id(), _new_hash(), 0, title, short_name, REGULAR, now)
        stickers = []
        for emoji, content in drawn:
            kept = await self._storage.keep(content)
            meaning = Meaning((emoji,))
            attributes = (
                Attribute("imageSize", w=SIDE, h=SIDE),
                sticker_attribute(set_, meaning, None),
                Attribute("filename", file_name="sticker.tgs"),
            )
            document = Document(_new_id(), _new_hash(), now, MIME_TYPES["tgs"], kept.size, kept.name, attributes)
            stickers.append(Sticker(document, meaning))
        set_ = msgspec.structs.replace(set_, count=len(stickers), formats=(MIME_TYPES["tgs"],))
        try:
            await self._database.write("draw sticker set", store.create_txn, set_, stickers)
        except SetNameOccupied:
            # Somebody asked at the same time.
            pass


def _drawn(key: str) -> list[tuple[str, bytes]]:
    """(what it stands for, animation) of a set, in order."""
    if key == ANIMATED_EMOJI:
        return list(animated_emoji().items())
    emoji = next(emoji for emoji in DICE if f"dice_{ord(emoji):x}" == key)
    contents = DICE[emoji]()
    if len(contents) > 10:
        # Put together by their order.
        return [(emoji, content) for content in contents]
    # Without U+FE0F: Web A finds a face by these very characters (its selectDiceSticker).
    return [(f"{'#123456789'[number]}\u20e3", content) for number, content in enumerate(contents)]


def _new_id() -> int:
    return secrets.randbelow((1 << 62) - 1) + 1


def _new_hash() -> int:
    return secrets.randbits(64) - (1 << 63)
