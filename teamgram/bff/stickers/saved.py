"""Stickers and GIFs at hand: recent, favourite, saved."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.list_hash import list_hash
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.stickers.naming import named_document
from teamgram.domain.files.file import Document
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


def _packs(documents: list[Document]) -> list[Any]:
    by_emoji: dict[str, list[int]] = {}
    for document in documents:
        said = document.sticker
        if said is not None and said.alt:
            by_emoji.setdefault(said.alt, []).append(document.id)
    return [tl.stickerPack(emoticon=emoji, documents=ids) for emoji, ids in by_emoji.items()]


class StickersAtHand(RpcService):
    """Recent and favourite stickers."""

    name = "RPCStickers"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._saved = shared.domain.saved_files

    @rpc("messages.getRecentStickers")
    async def get_recent(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getRecentStickers#9da9403b flags:# attached:flags.0?true hash:long = messages.RecentStickers"""
        found = await self._saved.all_of(caller.user_id, _recent(query))
        documents = [document for document, _ in found]
        hash_ = list_hash(document.id for document in documents)
        if hash_ and query.hash == hash_:
            return tl.messages.recentStickersNotModified()
        return tl.messages.recentStickers(
            hash=hash_,
            packs=_packs(documents),
            stickers=[self._shared.updates.files.saved(document, caller.user_id) for document in documents],
            dates=[saved_at for _, saved_at in found],
        )

    @rpc("messages.saveRecentSticker")
    async def save_recent(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.saveRecentSticker#392718f8 flags:# attached:flags.0?true id:InputDocument unsave:Bool = Bool"""
        return await self._keep(caller, query.id, _recent(query), unsave=query.unsave)

    @rpc("messages.clearRecentStickers")
    async def clear_recent(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.clearRecentStickers#8999602d flags:# attached:flags.0?true = Bool"""
        await self._saved.clear(caller.user_id, _recent(query), caller.perm_auth_key_id)
        return True

    @rpc("messages.getFavedStickers")
    async def get_faved(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getFavedStickers#4f1aaa9 hash:long = messages.FavedStickers"""
        documents = [document for document, _ in await self._saved.all_of(caller.user_id, "faved")]
        hash_ = list_hash(document.id for document in documents)
        if hash_ and query.hash == hash_:
            return tl.messages.favedStickersNotModified()
        return tl.messages.favedStickers(
            hash=hash_,
            packs=_packs(documents),
            stickers=[self._shared.updates.files.saved(document, caller.user_id) for document in documents],
        )

    @rpc("messages.faveSticker")
    async def fave(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.faveSticker#b9ffc55b id:InputDocument unfave:Bool = Bool"""
        return await self._keep(caller, query.id, "faved", unsave=query.unfave)

    async def _keep(self, caller: RpcMetadata, view: Any, list_: str, *, unsave: bool) -> bool:
        document = await named_document(self._shared, caller, view, "STICKER_ID_INVALID")
        if document.attribute("sticker") is None:
            raise bad_request("STICKER_ID_INVALID")
        change = self._saved.let_go if unsave else self._saved.save
        await change(caller.user_id, list_, document, caller.perm_auth_key_id)
        return True


class SavedGifs(RpcService):
    """GIFs at hand."""

    name = "RPCGifs"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._saved = shared.domain.saved_files

    @rpc("messages.getSavedGifs")
    async def get_saved(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getSavedGifs#5cf09635 hash:long = messages.SavedGifs"""
        documents = [document for document, _ in await self._saved.all_of(caller.user_id, "gifs")]
        hash_ = list_hash(document.id for document in documents)
        if hash_ and query.hash == hash_:
            return tl.messages.savedGifsNotModified()
        gifs = [self._shared.updates.files.saved(document, caller.user_id) for document in documents]
        return tl.messages.savedGifs(hash=hash_, gifs=gifs)

    @rpc("messages.saveGif")
    async def save(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.saveGif#327a30cb id:InputDocument unsave:Bool = Bool"""
        document = await named_document(self._shared, caller, query.id, "GIF_ID_INVALID")
        if document.attribute("animated") is None:
            raise bad_request("GIF_ID_INVALID")
        change = self._saved.let_go if query.unsave else self._saved.save
        await change(caller.user_id, "gifs", document, caller.perm_auth_key_id)
        return True


def _recent(query: Any) -> str:
    return "attached" if query.attached else "recent"
