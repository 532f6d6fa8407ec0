"""Sticker sets as TL objects, and what happens to a user's lists of them as ``Update``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from teamgram.bff.views.media import FileViews
from teamgram.domain.stickers.errors import StickerSetInvalid
from teamgram.domain.stickers.installed import InstalledSets
from teamgram.domain.stickers.installed_store import Installation
from teamgram.domain.stickers.making import thumb_size
from teamgram.domain.stickers.names import bare
from teamgram.domain.stickers.sets import StickerSets
from teamgram.domain.stickers.sticker_set import EMOJI, MASK, NamedSet, Sticker, StickerSet, WholeSet
from teamgram.domain.updates import events
from teamgram.mtproto.tl import tl

_LISTS = {
    "recent": "updateRecentStickers",
    "attached": "updateRecentStickers",
    "faved": "updateFavedStickers",
    "gifs": "updateSavedGifs",
    "ringtones": "updateSavedRingtones",
}


def set_view(set_: StickerSet, installation: Installation | None, viewer_id: int, dc_id: int) -> Any:
    """``stickerSet``."""
    thumb = thumb_size(set_.thumb) if set_.thumb is not None else None
    return tl.stickerSet(
        archived=installation is not None and installation.archived,
        official=set_.owner_id == 0,
        masks=set_.kind == MASK,
        animated=set_.formats == ("application/x-tgsticker",),
        videos=set_.formats == ("video/webm",),
        emojis=set_.kind == EMOJI,
        text_color=set_.text_color,
        creator=set_.owner_id == viewer_id,
        installed_date=installation.at if installation is not None else None,
        id=set_.id,
        access_hash=set_.access_hash,
        title=set_.title,
        short_name=set_.short_name,
        thumbs=[tl.photoSize(type=thumb.type, w=thumb.w, h=thumb.h, size=thumb.size)] if thumb is not None else None,
        thumb_dc_id=dc_id if thumb is not None else None,
        thumb_version=set_.version if thumb is not None else None,
        thumb_document_id=set_.thumb_id or None,
        count=set_.count,
        hash=set_.hash,
    )


def _packs(stickers: Iterable[Sticker]) -> list[Any]:
    # Without U+FE0F: Web K looks for that alone (its appStickersManager.ts), Web A for either.
    by_emoji: dict[str, dict[int, None]] = {}
    for sticker in stickers:
        for emoji in sticker.meaning.emoji:
            by_emoji.setdefault(bare(emoji), {})[sticker.document.id] = None
    return [tl.stickerPack(emoticon=emoji, documents=list(ids)) for emoji, ids in by_emoji.items()]


class StickerViews:
    """Renders sets for one viewer; handles the transient events about them."""

    def __init__(self, sets: StickerSets, installed: InstalledSets, files: FileViews) -> None:
        self._sets = sets
        self._installed = installed
        self._files = files
        self._renderers: dict[type[Any], Any] = {
            events.StickerSetsChanged: self._changed,
            events.StickerSetInstalled: self._set_installed,
            events.StickerSetsReordered: self._reordered,
            events.StickerSetRaised: self._raised,
            events.SavedFilesChanged: self._saved_files,
        }

    async def whole(self, viewer_id: int, whole: WholeSet) -> Any:
        """``messages.stickerSet``."""
        (view,) = await self.sets(viewer_id, [whole.set])
        return tl.messages.stickerSet(
            set=view,
            packs=_packs(whole.stickers),
            keywords=[
                tl.stickerKeyword(document_id=sticker.document.id, keyword=list(sticker.meaning.keywords))
                for sticker in whole.stickers
                if sticker.meaning.keywords
            ],
            documents=[self._files.sticker(sticker.document) for sticker in whole.stickers],
        )

    async def sets(self, viewer_id: int, sets: Sequence[StickerSet]) -> list[Any]:
        """``stickerSet`` each."""
        found = await self._installed.installations(viewer_id, [set_.id for set_ in sets])
        return self.known(viewer_id, [(set_, found.get(set_.id)) for set_ in sets])

    def known(self, viewer_id: int, sets: Iterable[tuple[StickerSet, Installation | None]]) -> list[Any]:
        """``stickerSet`` each."""
        return [set_view(set_, installation, viewer_id, self._files.dc_id) for set_, installation in sets]

    async def covered(self, viewer_id: int, sets: Sequence[WholeSet]) -> list[Any]:
        """``StickerSetCovered`` each."""
        views = await self.sets(viewer_id, [whole.set for whole in sets])
        return [
            tl.stickerSetCovered(set=view, cover=self._files.sticker(whole.stickers[0].document))
            if whole.stickers
            else tl.stickerSetNoCovered(set=view)
            for view, whole in zip(views, sets, strict=True)
        ]

    # Updates

    def handles(self, event: object) -> bool:
        """Whether ``render`` knows this kind of event."""
        return type(event) in self._renderers

    async def render(self, viewer_id: int, event: Any) -> tuple[list[Any], tuple[int, ...]]:
        """(each ``Update``, nobody) for whom it happened to."""
        update = await self._renderers[type(event)](viewer_id, event)
        return [update], ()

    async def _changed(self, viewer_id: int, event: events.StickerSetsChanged) -> Any:
        return tl.updateStickerSets(**_flags(event.kind))

    async def _set_installed(self, viewer_id: int, event: events.StickerSetInstalled) -> Any:
        by_id = await self._sets.by_id(event.set_id)
        try:
            if by_id is not None:
                whole = await self._sets.whole(NamedSet(by_id.id, by_id.access_hash))
                return tl.updateNewStickerSet(stickerset=await self.whole(viewer_id, whole))
        except StickerSetInvalid:
            pass
        # Gone meanwhile.
        return tl.updateStickerSets()

    async def _reordered(self, viewer_id: int, event: events.StickerSetsReordered) -> Any:
        return tl.updateStickerSetsOrder(order=list(event.set_ids), **_flags(event.kind))

    async def _raised(self, viewer_id: int, event: events.StickerSetRaised) -> Any:
        return tl.updateMoveStickerSetToTop(stickerset=event.set_id, **_flags(event.kind))

    async def _saved_files(self, viewer_id: int, event: events.SavedFilesChanged) -> Any:
        return getattr(tl, _LISTS[event.list])()


def _flags(kind: str) -> Mapping[str, bool]:
    return {"masks": kind == MASK, "emojis": kind == EMOJI}
