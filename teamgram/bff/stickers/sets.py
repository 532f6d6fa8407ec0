"""Sets to look at, and those that the caller has."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.list_hash import list_hash
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.stickers.naming import kind_of, named_document, named_set
from teamgram.domain.files.file import Document
from teamgram.domain.stickers.own_sets import NotDrawn
from teamgram.domain.stickers.sticker_set import EMOJI, MASK, REGULAR, NamedSet
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_MAX_TOGGLED = 200


class StickerSetsService(RpcService):
    """Sticker sets."""

    name = "RPCStickers"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._views = shared.updates.stickers
        self._sets = shared.domain.sticker_sets
        self._installed = shared.domain.installed_sets

    @rpc("messages.getStickerSet")
    async def get_sticker_set(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getStickerSet#c8a0ec74 stickerset:InputStickerSet hash:int = messages.StickerSet"""
        whole = await self._sets.whole(await self._named(query.stickerset))
        if query.hash == whole.set.hash:
            return tl.messages.stickerSetNotModified()
        return await self._views.whole(caller.user_id, whole)

    async def _named(self, view: Any) -> NamedSet:
        own = self._shared.domain.own_sets
        if view.NAME == "inputStickerSetAnimatedEmoji":
            return await own.animated_emoji()
        if view.NAME != "inputStickerSetDice":
            return named_set(view)
        try:
            return await own.dice(view.emoticon)
        except NotDrawn:
            raise bad_request("EMOTICON_STICKERPACK_MISSING") from None

    @rpc("messages.getAllStickers")
    async def get_all_stickers(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getAllStickers#b8a0a1a8 hash:long = messages.AllStickers"""
        return await all_of(self._shared, caller, query, REGULAR)

    @rpc("messages.getMaskStickers")
    async def get_mask_stickers(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getMaskStickers#640f82b8 hash:long = messages.AllStickers"""
        return await all_of(self._shared, caller, query, MASK)

    @rpc("messages.getArchivedStickers")
    async def get_archived_stickers(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getArchivedStickers#57f17692 flags:# ... offset_id:long limit:int = messages.ArchivedStickers"""
        count, sets = await self._installed.archived(caller.user_id, kind_of(query), query.offset_id, query.limit)
        return tl.messages.archivedStickers(count=count, sets=await self._views.covered(caller.user_id, sets))

    @rpc("messages.getMyStickers")
    async def get_my_stickers(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getMyStickers#d0b5e1fc offset_id:long limit:int = messages.MyStickers"""
        count, sets = await self._installed.owned(caller.user_id, query.offset_id, query.limit)
        return tl.messages.myStickers(count=count, sets=await self._views.covered(caller.user_id, sets))

    @rpc("messages.installStickerSet")
    async def install(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.installStickerSet#c78fe460 stickerset:InputStickerSet archived:Bool = ..."""
        named = named_set(query.stickerset)
        put_away = await self._installed.install(
            caller.user_id, named, archived=query.archived, device=caller.perm_auth_key_id
        )
        if not put_away:
            return tl.messages.stickerSetInstallResultSuccess()
        covered = await self._views.covered(caller.user_id, put_away)
        return tl.messages.stickerSetInstallResultArchive(sets=covered)

    @rpc("messages.uninstallStickerSet")
    async def uninstall(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.uninstallStickerSet#f96e55de stickerset:InputStickerSet = Bool"""
        await self._installed.uninstall(caller.user_id, named_set(query.stickerset), caller.perm_auth_key_id)
        return True

    @rpc("messages.toggleStickerSets")
    async def toggle(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.toggleStickerSets#b5052fea flags:# ... stickersets:Vector<InputStickerSet> = Bool"""
        names = [named_set(view) for view in query.stickersets[:_MAX_TOGGLED]]
        await self._installed.toggle(
            caller.user_id,
            names,
            uninstall=query.uninstall,
            archive=query.archive,
            unarchive=query.unarchive,
            device=caller.perm_auth_key_id,
        )
        return True

    @rpc("messages.reorderStickerSets")
    async def reorder(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.reorderStickerSets#78337739 flags:# masks:... emojis:... order:Vector<long> = Bool"""
        await self._installed.reorder(caller.user_id, kind_of(query), query.order[:1000], caller.perm_auth_key_id)
        return True

    @rpc("messages.getStickers")
    async def get_stickers(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getStickers#d5a5d3a1 emoticon:string hash:long = messages.Stickers"""
        if not query.emoticon.strip():
            raise bad_request("EMOTICON_EMPTY")
        found = await self._shared.domain.sticker_search.by_emoji(caller.user_id, REGULAR, query.emoticon)
        hash_ = list_hash(document.id for document in found)
        if hash_ and query.hash == hash_:
            return tl.messages.stickersNotModified()
        return tl.messages.stickers(hash=hash_, stickers=self._documents(found))

    @rpc("messages.searchStickers")
    async def search_stickers(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.searchStickers#29b1c66a flags:# emojis:flags.0?true q:string emoticon:string ... = ..."""
        kind = EMOJI if query.emojis else REGULAR
        found = await self._shared.domain.sticker_search.stickers(caller.user_id, kind, query.q, query.emoticon)
        start, limit = max(0, query.offset), min(max(0, query.limit), 100)
        page = found[start : start + limit]
        more = start + limit if limit and start + limit < len(found) else None
        hash_ = list_hash(document.id for document in page)
        if hash_ and query.hash == hash_:
            return tl.messages.foundStickersNotModified(next_offset=more)
        return tl.messages.foundStickers(next_offset=more, hash=hash_, stickers=self._documents(page))

    @rpc("messages.searchStickerSets")
    async def search_sets(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.searchStickerSets#35705b8a flags:# exclude_featured:flags.0?true q:string hash:long = ..."""
        return await self._search(caller, query, REGULAR)

    @rpc("messages.searchEmojiStickerSets")
    async def search_emoji_sets(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.searchEmojiStickerSets#92b4494c flags:# exclude_featured:flags.0?true q:string hash:long = ..."""
        return await self._search(caller, query, EMOJI)

    async def _search(self, caller: RpcMetadata, query: Any, kind: str) -> Any:
        found = await self._shared.domain.sticker_search.sets(caller.user_id, kind, query.q)
        hash_ = list_hash(whole.set.id for whole in found)
        if hash_ and query.hash == hash_:
            return tl.messages.foundStickerSetsNotModified()
        return tl.messages.foundStickerSets(hash=hash_, sets=await self._views.covered(caller.user_id, found))

    @rpc("messages.getAttachedStickers")
    async def get_attached_stickers(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """messages.getAttachedStickers#cc5b67cc media:InputStickeredMedia = Vector<StickerSetCovered>"""
        # Photos say nothing of what was stuck on them: no client sends it along.
        if query.media.NAME != "inputStickeredMediaDocument":
            return []
        document = await named_document(self._shared, caller, query.media.id, "MEDIA_EMPTY", to_send=False)
        said = document.sticker
        if said is None or not said.set_id:
            return []
        whole = await self._sets.whole(NamedSet(said.set_id, said.set_access_hash))
        return await self._views.covered(caller.user_id, [whole])

    @rpc("messages.readFeaturedStickers")
    async def read_featured(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.readFeaturedStickers#5b118126 id:Vector<long> = Bool"""
        # Nothing is featured, so nothing of it is unread.
        return True

    def _documents(self, documents: list[Document]) -> list[Any]:
        return [self._shared.updates.files.sticker(document) for document in documents]


class CustomEmoji(RpcService):
    """Custom emoji: stickers that stand in texts."""

    name = "RPCCustomEmojis"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.getEmojiStickers")
    async def get_emoji_stickers(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getEmojiStickers#fbfca18f hash:long = messages.AllStickers"""
        return await all_of(self._shared, caller, query, EMOJI)

    @rpc("messages.getCustomEmojiDocuments")
    async def get_documents(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """messages.getCustomEmojiDocuments#d9ab0f54 document_id:Vector<long> = Vector<Document>"""
        found = await self._shared.domain.sticker_search.custom_emoji(query.document_id)
        return [self._shared.updates.files.sticker(document) for document in found]

    @rpc("messages.searchCustomEmoji")
    async def search(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.searchCustomEmoji#2c11c0d7 emoticon:string hash:long = EmojiList"""
        if not query.emoticon.strip():
            raise bad_request("EMOTICON_EMPTY")
        found = await self._shared.domain.sticker_search.by_emoji(caller.user_id, EMOJI, query.emoticon)
        ids = [document.id for document in found]
        hash_ = list_hash(ids)
        if hash_ and query.hash == hash_:
            return tl.emojiListNotModified()
        return tl.emojiList(hash=hash_, document_id=ids)


async def all_of(shared: Shared, caller: RpcMetadata, query: Any, kind: str) -> Any:
    """``messages.AllStickers`` of a kind."""
    sets = await shared.domain.installed_sets.all_of(caller.user_id, kind)
    hash_ = list_hash(set_.hash for set_, _ in sets)
    if hash_ and query.hash == hash_:
        return tl.messages.allStickersNotModified()
    return tl.messages.allStickers(hash=hash_, sets=shared.updates.stickers.known(caller.user_id, sets))
