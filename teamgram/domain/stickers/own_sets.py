"""Sets that the server has of its own: drawn by ``drawings`` when somebody asks for one the first time."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from twisted.internet.defer import CancelledError, Deferred, FirstError, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

import msgspec

from teamgram.blobs import Kept
from teamgram.database import Database
from teamgram.domain.files.file import Attribute, Document
from teamgram.domain.files.filing import Filing
from teamgram.domain.stickers import store
from teamgram.domain.stickers.drawings.dice import DICE
from teamgram.domain.stickers.drawings.emoji import animated_emoji
from teamgram.domain.stickers.drawings.reactions import (
    ICON_SIDE,
    DrawnReaction,
    activated,
    appearing,
    bursting,
    drawn_reactions,
    selected,
)
from teamgram.domain.stickers.errors import SetNameOccupied
from teamgram.domain.stickers.making import MIME_TYPES, SIDE
from teamgram.domain.stickers.names import bare
from teamgram.domain.stickers.sticker_set import REGULAR, Meaning, NamedSet, Sticker, StickerSet, sticker_attribute

_VERSION = 2
"""Of the drawings: others make other sets, and what was sent with the old ones stays."""

_AT_ONCE = 16

ANIMATED_EMOJI, REACTIONS = "emoji", "reactions"

_ROLES: tuple[Callable[[DrawnReaction], bytes], ...] = (
    lambda one: one.picture,
    appearing,
    selected,
    activated,
    bursting,
)
"""What there is of each reaction, in order."""


@dataclass(frozen=True, slots=True)
class DrawnSticker:
    """Something to put into a set: ``kind`` is "tgs" or "webp"."""

    emoji: str
    content: bytes
    kind: str = "tgs"
    side: int = SIDE


@dataclass(frozen=True, slots=True)
class ReactionFiles:
    """A standard reaction and its pictures."""

    emoji: str
    title: str
    icon: Document
    appearing: Document
    selected: Document
    activated: Document
    bursting: Document


class NotDrawn(Exception):
    """There is no such set."""


class OwnSets:
    """Dice, emoji that move, and the standard reactions."""

    _log = Logger()

    def __init__(self, database: Database, filing: Filing, clock: IReactorTime) -> None:
        self._database = database
        self._storage = filing.storage
        self._clock = clock
        self._drawing: dict[str, list[Deferred[None]]] = {}
        self._under_way: dict[str, Deferred[None]] = {}
        self._reactions: list[ReactionFiles] | None = None

    def stop(self) -> None:
        """Draw no further."""
        for drawing in list(self._under_way.values()):
            drawing.cancel()

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

    async def reactions(self) -> list[ReactionFiles]:
        """The standard reactions, in the order in which apps offer them.

        Raises:
            StorageFull, StorageAway.
        """
        if self._reactions is None:
            named = await self._named(REACTIONS, "Reactions")
            whole = await self._database.read("reactions", store.whole_txn, named)
            if whole is None:
                raise NotDrawn
            files = [sticker.document for sticker in whole.stickers]
            self._reactions = [
                ReactionFiles(drawn.emoji, drawn.title, *files[len(_ROLES) * at : len(_ROLES) * (at + 1)])
                for at, drawn in enumerate(drawn_reactions())
            ]
        return self._reactions

    async def _named(self, key: str, title: str) -> NamedSet:
        # No user's set has a name that begins with a digit.
        named = NamedSet(short_name=f"{_VERSION}_{key}")
        if key in self._drawing or await self._database.read("own sticker set", store.find_txn, named) is None:
            waiter: Deferred[None] = Deferred()
            self._drawing.setdefault(key, []).append(waiter)
            if len(self._drawing[key]) == 1:
                # By itself: who asked first may go before it is done, and others wait for it.
                self._under_way[key] = Deferred.fromCoroutine(self._draw(key, named.short_name, title))
            await waiter
        return named

    async def _draw(self, key: str, short_name: str, title: str) -> None:
        failure = None
        try:
            await self._make(short_name, title, _drawn(key))
        except Exception as error:
            cause = error.subFailure.value if isinstance(error, FirstError) else error
            failure = Failure(cause)  # type: ignore[no-untyped-call]
            if not isinstance(cause, CancelledError):
                self._log.warn("{title} could not be drawn: {error!r}", title=title, error=cause)
        self._under_way.pop(key, None)
        for waiter in self._drawing.pop(key):
            if failure is None:
                waiter.callback(None)
            else:
                waiter.errback(failure)

    async def _kept(self, drawn: Iterable[DrawnSticker]) -> list[tuple[DrawnSticker, Kept]]:
        """Several at once: each waits for the disk."""
        left = iter(drawn)
        kept: list[tuple[DrawnSticker, Kept]] = []
        while some := list(islice(left, _AT_ONCE)):
            keeping = [Deferred.fromCoroutine(self._storage.keep(drawing.content)) for drawing in some]
            kept += zip(some, await gatherResults(keeping, consumeErrors=True), strict=True)
        return kept

    async def _make(self, short_name: str, title: str, drawn: Iterable[DrawnSticker]) -> None:
        now = int(self._clock.seconds())
        set_ = StickerSet(_new_id(), _new_hash(), 0, title, short_name, REGULAR, now)
        stickers = []
        for drawing, kept in await self._kept(drawn):
            meaning = Meaning((drawing.emoji,))
            attributes = (
                Attribute("imageSize", w=drawing.side, h=drawing.side),
                sticker_attribute(set_, meaning, None),
                Attribute("filename", file_name=f"sticker.{drawing.kind}"),
            )
            document = Document(_new_id(), _new_hash(), now, MIME_TYPES[drawing.kind], kept.size, kept.name, attributes)
            stickers.append(Sticker(document, meaning))
        set_ = msgspec.structs.replace(set_, count=len(stickers), formats=(MIME_TYPES["tgs"],))
        try:
            await self._database.write("draw sticker set", store.create_txn, set_, stickers)
        except SetNameOccupied:
            # Another process drew it at the same time.
            pass


def _drawn(key: str) -> Iterator[DrawnSticker]:
    """What is in a set, in order."""
    if key == REACTIONS:
        for one in drawn_reactions():
            yield DrawnSticker(one.emoji, one.picture, "webp", ICON_SIDE)
            for draw in _ROLES[1:]:
                yield DrawnSticker(one.emoji, draw(one))
        return
    if key == ANIMATED_EMOJI:
        for emoji, content in animated_emoji().items():
            yield DrawnSticker(emoji, content)
        return
    emoji = next(emoji for emoji in DICE if f"dice_{ord(emoji):x}" == key)
    contents = DICE[emoji]()
    for number, content in enumerate(contents):
        # The slot machine is put together by its order. The others without U+FE0F: Web A finds a face by these very
        # characters (its selectDiceSticker).
        yield DrawnSticker(emoji if len(contents) > 10 else f"{'#123456789'[number]}\u20e3", content)


def _new_id() -> int:
    return secrets.randbelow((1 << 62) - 1) + 1


def _new_hash() -> int:
    return secrets.randbits(64) - (1 << 63)
