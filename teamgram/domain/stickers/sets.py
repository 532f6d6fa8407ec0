"""Sets that users make and change."""

import secrets
from collections.abc import Callable, Collection, Sequence

from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.internet.interfaces import IReactorTime

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.files.file import Document, MaskCoords
from teamgram.domain.files.filing import Filing
from teamgram.domain.files.images import WORKERS
from teamgram.domain.files.store import add_txn
from teamgram.domain.stickers import store
from teamgram.domain.stickers.errors import (
    SetNameOccupied,
    StickerInvalid,
    StickersEmpty,
    StickerSetInvalid,
    StickerSetsTooMany,
    StickersTooMany,
)
from teamgram.domain.stickers.installed_store import holders_txn
from teamgram.domain.stickers.making import StickerMaker, with_meaning
from teamgram.domain.stickers.names import checked_short_name, checked_title, meaning_of, suggested_short_name
from teamgram.domain.stickers.sticker_set import EMOJI, NamedSet, NewSet, NewSticker, Sticker, StickerSet, WholeSet
from teamgram.domain.updates.events import StickerSetsChanged
from teamgram.domain.updates.fanout import Fanout

MAX_STICKERS = {"regular": 120, "mask": 120, EMOJI: 200}
"""Of a set (core.telegram.org/stickers, core.telegram.org/bots/api#addstickertoset)."""
MAX_SETS = 200
"""That one account makes."""

MAX_TOLD = 1000
"""Of those who have a set, that are told at once when it changes; others see it by its hash the next time they ask."""

Change = Callable[[Transaction, StickerSet, list[Sticker]], tuple[StickerSet, list[Sticker]]]


class StickerSets:
    """Everybody's sets."""

    def __init__(self, database: Database, filing: Filing, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._files = filing.files
        self._fanout = fanout
        self._clock = clock
        self._maker = StickerMaker(filing.storage, filing.images, clock)

    # Finding

    async def whole(self, named: NamedSet) -> WholeSet:
        """A set with its stickers.

        Raises:
            StickerSetInvalid: there is none.
        """
        whole = await self._database.read("sticker set", store.whole_txn, named)
        if whole is None:
            raise StickerSetInvalid
        return whole

    async def find(self, named: NamedSet) -> StickerSet:
        """A set without its stickers.

        Raises:
            StickerSetInvalid: there is none.
        """
        set_ = await self._database.read("find sticker set", store.find_txn, named)
        if set_ is None:
            raise StickerSetInvalid
        return set_

    async def by_id(self, set_id: int) -> StickerSet | None:
        """A set by its id alone: not for whoever names it by guessing."""
        found = await self._database.read("sticker set by id", store.by_ids_txn, [set_id])
        return found[0] if found else None

    async def named(self, set_ids: Collection[int]) -> dict[int, str]:
        """The short names of sets, by id, of those that there are."""
        found = await self._database.read("sticker sets by id", store.by_ids_txn, sorted(set_ids)) if set_ids else []
        return {one.id: one.short_name for one in found}

    async def is_of_set(self, user_id: int, set_id: int, document_id: int) -> bool:
        """Whether that document was made for that set: sets give what they have, or had, to anybody."""
        return await self._database.read("sticker of set", store.is_of_set_txn, set_id, document_id)

    async def is_name_free(self, short_name: str) -> bool:
        """Whether a set could have that short name.

        Raises:
            SetNameInvalid.
        """
        name = checked_short_name(short_name)
        return await self._database.read("sticker set name", store.is_name_free_txn, name)

    async def suggest_name(self, title: str) -> str:
        """A short name for a title.

        Raises:
            SetTitleInvalid.
        """
        while not await self.is_name_free(name := suggested_short_name(title)):
            pass
        return name

    # Making

    async def create(self, owner_id: int, new: NewSet, device: int = 0) -> WholeSet:
        """A new set.

        Args:
            device: the one that is not told, for it asked.

        Raises:
            SetTitleInvalid, SetNameInvalid, SetNameOccupied, StickersEmpty, StickersTooMany, StickerSetsTooMany.
            StickerEmojiInvalid, StickerPngInvalid, …: see ``StickerMaker.sticker`` and ``thumb``.
        """
        title, short_name = checked_title(new.title), checked_short_name(new.short_name)
        if not new.stickers:
            raise StickersEmpty
        if len(new.stickers) > MAX_STICKERS[new.kind]:
            raise StickersTooMany(str(len(new.stickers)))
        if not await self.is_name_free(short_name):
            # Told before so many pictures are opened.
            raise SetNameOccupied
        set_ = StickerSet(
            secrets.randbelow((1 << 62) - 1) + 1,
            secrets.randbits(64) - (1 << 63),
            owner_id,
            title,
            short_name,
            new.kind,
            int(self._clock.seconds()),
            text_color=new.text_color and new.kind == EMOJI,
        )
        stickers: list[Sticker] = []
        for at in range(0, len(new.stickers), WORKERS):
            # As many as there are workers: others' pictures have their turn between them.
            some = new.stickers[at : at + WORKERS]
            making = [Deferred.fromCoroutine(self._made(set_, one)) for one in some]
            try:
                stickers += await gatherResults(making, consumeErrors=True)
            except FirstError as error:
                error.subFailure.raiseException()
        if new.thumb is not None:
            set_ = msgspec.structs.replace(set_, thumb=await self._maker.thumb(new.thumb))
        return await self._database.write("create sticker set", self._create_txn, set_, stickers, device)

    async def _made(self, set_: StickerSet, new: NewSticker) -> Sticker:
        meaning = meaning_of(new.emoji, new.keywords)
        return Sticker(await self._maker.sticker(new.document, set_, meaning, new.mask_coords), meaning)

    def _create_txn(self, txn: Transaction, set_: StickerSet, stickers: list[Sticker], device: int) -> WholeSet:
        if store.owned_count_txn(txn, set_.owner_id) >= MAX_SETS:
            raise StickerSetsTooMany
        set_ = _counted(set_, stickers)
        store.create_txn(txn, set_, stickers)
        if set_.thumb is not None:
            add_txn(txn, set_.owner_id, set_.thumb)
        self._tell_after(txn, set_, device)
        return WholeSet(set_, tuple(stickers))

    # Changing

    async def add(self, owner_id: int, named: NamedSet, new: NewSticker, device: int = 0) -> WholeSet:
        """One more sticker, at the end.

        Raises:
            StickerSetInvalid: no set of theirs.
            StickersTooMany, StickerEmojiInvalid, StickerPngInvalid, …
        """
        set_ = await self._of_owner(owner_id, named)
        if set_.count >= MAX_STICKERS[set_.kind]:
            raise StickersTooMany
        sticker = await self._made(set_, new)

        def change(txn: Transaction, set_: StickerSet, stickers: list[Sticker]) -> tuple[StickerSet, list[Sticker]]:
            if len(stickers) >= MAX_STICKERS[set_.kind]:
                raise StickersTooMany
            store.add_sticker_txn(txn, set_, sticker, len(stickers))
            return set_, [*stickers, sticker]

        return await self._change(owner_id, named, change, device)

    async def remove(self, owner_id: int, document: Document, device: int = 0) -> WholeSet:
        """One sticker less.

        Raises:
            StickerInvalid: no sticker of a set of theirs.
        """

        def change(txn: Transaction, set_: StickerSet, stickers: list[Sticker]) -> tuple[StickerSet, list[Sticker]]:
            at = _place_of(document, stickers)
            store.remove_sticker_txn(txn, set_.id, document.id)
            return _without_thumb(set_, document.id), stickers[:at] + stickers[at + 1 :]

        return await self._change_of_sticker(owner_id, document, change, device)

    async def move(self, owner_id: int, document: Document, position: int, device: int = 0) -> WholeSet:
        """A sticker to another place, counted from 0; behind the last is the last.

        Raises:
            StickerInvalid.
        """

        def change(txn: Transaction, set_: StickerSet, stickers: list[Sticker]) -> tuple[StickerSet, list[Sticker]]:
            at = _place_of(document, stickers)
            moved = stickers[:at] + stickers[at + 1 :]
            moved.insert(min(max(0, position), len(moved)), stickers[at])
            return set_, moved

        return await self._change_of_sticker(owner_id, document, change, device)

    async def reinterpret(
        self,
        owner_id: int,
        document: Document,
        emoji: str | None,
        keywords: str | None,
        mask_coords: MaskCoords | None,
        device: int = 0,
    ) -> WholeSet:
        """A sticker stands for something else; None leaves it.

        Raises:
            StickerInvalid, StickerEmojiInvalid.
        """

        def change(txn: Transaction, set_: StickerSet, stickers: list[Sticker]) -> tuple[StickerSet, list[Sticker]]:
            at = _place_of(document, stickers)
            before = stickers[at]
            said = before.document.sticker
            meaning = meaning_of(
                "".join(before.meaning.emoji) if emoji is None else emoji,
                ",".join(before.meaning.keywords) if keywords is None else keywords,
            )
            coords = mask_coords or (said.mask_coords if said is not None else None)
            changed = Sticker(with_meaning(before.document, set_, meaning, coords), meaning)
            store.change_sticker_txn(txn, set_, changed)
            txn.call_after(self._files.forget, "document", document.id)
            return set_, [*stickers[:at], changed, *stickers[at + 1 :]]

        return await self._change_of_sticker(owner_id, document, change, device)

    async def replace(self, owner_id: int, document: Document, new: NewSticker, device: int = 0) -> WholeSet:
        """Another sticker in the place of one.

        Raises:
            StickerInvalid, StickerEmojiInvalid, StickerPngInvalid, …
        """
        try:
            set_ = await self._of_owner(owner_id, _set_of(document))
        except StickerSetInvalid:
            raise StickerInvalid from None
        sticker = await self._made(set_, new)

        def change(txn: Transaction, set_: StickerSet, stickers: list[Sticker]) -> tuple[StickerSet, list[Sticker]]:
            at = _place_of(document, stickers)
            store.remove_sticker_txn(txn, set_.id, document.id)
            store.add_sticker_txn(txn, set_, sticker, at)
            return _without_thumb(set_, document.id), [*stickers[:at], sticker, *stickers[at + 1 :]]

        return await self._change_of_sticker(owner_id, document, change, device)

    async def rename(self, owner_id: int, named: NamedSet, title: str, device: int = 0) -> WholeSet:
        """Another title.

        Raises:
            StickerSetInvalid, SetTitleInvalid.
        """
        title = checked_title(title)
        return await self._change(
            owner_id, named, lambda txn, set_, all_: (msgspec.structs.replace(set_, title=title), all_), device
        )

    async def set_thumb(
        self, owner_id: int, named: NamedSet, source: Document | None, thumb_id: int, device: int = 0
    ) -> WholeSet:
        """A picture for the set: a file, one of its stickers, or with neither the first of them.

        Raises:
            StickerSetInvalid, StickerInvalid, ThumbPngInvalid, ThumbTgsInvalid.
        """
        await self._of_owner(owner_id, named)
        thumb = await self._maker.thumb(source) if source is not None else None

        def change(txn: Transaction, set_: StickerSet, stickers: list[Sticker]) -> tuple[StickerSet, list[Sticker]]:
            if thumb_id and all(sticker.document.id != thumb_id for sticker in stickers):
                raise StickerInvalid
            if thumb is not None:
                add_txn(txn, owner_id, thumb)
            return msgspec.structs.replace(set_, thumb=thumb, thumb_id=thumb_id), stickers

        return await self._change(owner_id, named, change, device)

    async def delete(self, owner_id: int, named: NamedSet, device: int = 0) -> None:
        """The set is gone, for whoever had installed it, too.

        Raises:
            StickerSetInvalid.
        """
        await self._database.write("delete sticker set", self._delete_txn, owner_id, named, device)

    def _delete_txn(self, txn: Transaction, owner_id: int, named: NamedSet, device: int) -> None:
        set_ = store.find_txn(txn, named, for_update=True)
        if set_ is None or set_.owner_id != owner_id:
            raise StickerSetInvalid
        self._tell_after(txn, set_, device)
        store.delete_txn(txn, set_.id)

    async def _of_owner(self, owner_id: int, named: NamedSet) -> StickerSet:
        set_ = await self.find(named)
        if set_.owner_id != owner_id:
            raise StickerSetInvalid
        return set_

    async def _change_of_sticker(self, owner_id: int, document: Document, change: Change, device: int) -> WholeSet:
        try:
            return await self._change(owner_id, _set_of(document), change, device)
        except StickerSetInvalid:
            raise StickerInvalid from None

    async def _change(self, owner_id: int, named: NamedSet, change: Change, device: int) -> WholeSet:
        return await self._database.write("change sticker set", self._change_txn, owner_id, named, change, device)

    def _change_txn(self, txn: Transaction, owner_id: int, named: NamedSet, change: Change, device: int) -> WholeSet:
        set_ = store.find_txn(txn, named, for_update=True)
        if set_ is None or set_.owner_id != owner_id:
            raise StickerSetInvalid
        set_, stickers = change(txn, set_, list(store.stickers_txn(txn, set_.id)))
        set_ = msgspec.structs.replace(_counted(set_, stickers), version=set_.version + 1)
        store.place_txn(txn, set_.id, [sticker.document.id for sticker in stickers])
        store.save_txn(txn, set_)
        self._tell_after(txn, set_, device)
        return WholeSet(set_, tuple(stickers))

    def _tell_after(self, txn: Transaction, set_: StickerSet, device: int) -> None:
        told = dict.fromkeys((set_.owner_id, *holders_txn(txn, set_.id, MAX_TOLD)))
        txn.call_after(self._fanout.publish, list(told), StickerSetsChanged(set_.kind), device)


def _set_of(document: Document) -> NamedSet:
    said = document.sticker
    if said is None or not said.set_id:
        raise StickerInvalid
    return NamedSet(said.set_id, said.set_access_hash)


def _place_of(document: Document, stickers: Sequence[Sticker]) -> int:
    for at, sticker in enumerate(stickers):
        if sticker.document.id == document.id:
            return at
    raise StickerInvalid


def _counted(set_: StickerSet, stickers: Sequence[Sticker]) -> StickerSet:
    formats = tuple(dict.fromkeys(sticker.document.mime_type for sticker in stickers))
    return msgspec.structs.replace(set_, count=len(stickers), formats=formats)


def _without_thumb(set_: StickerSet, document_id: int) -> StickerSet:
    return msgspec.structs.replace(set_, thumb_id=0) if set_.thumb_id == document_id else set_
