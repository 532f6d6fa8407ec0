"""stickers.*: sets that the caller makes and changes."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.stickers.naming import kind_of, mask_coords_from, named_document, named_set, new_sticker
from teamgram.domain.stickers.errors import SetNameInvalid, SetNameOccupied
from teamgram.domain.stickers.sets import MAX_STICKERS
from teamgram.domain.stickers.sticker_set import NewSet, WholeSet
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class MakingStickerSets(RpcService):
    """The caller's own sets."""

    name = "RPCStickers"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._sets = shared.domain.sticker_sets

    async def _answer(self, caller: RpcMetadata, whole: WholeSet) -> Any:
        return await self._shared.updates.stickers.whole(caller.user_id, whole)

    @rpc("stickers.createStickerSet")
    async def create(self, caller: RpcMetadata, query: Any) -> Any:
        """stickers.createStickerSet#9021ab67 flags:# ... title:string short_name:string ... = messages.StickerSet"""
        shared = self._shared
        # A bot makes sets for people; nobody else makes any for others.
        if (await shared.input_peers.user(caller, query.user_id)).id != caller.user_id:
            raise bad_request("USER_ID_INVALID")
        kind = kind_of(query)
        if len(query.stickers) > MAX_STICKERS[kind]:
            raise bad_request("STICKERS_TOO_MUCH")
        thumb = None
        if query.thumb is not None and query.thumb.NAME != "inputDocumentEmpty":
            thumb = await named_document(shared, caller, query.thumb, "STICKER_THUMB_PNG_NOPNG")
        stickers = tuple([await new_sticker(shared, caller, item) for item in query.stickers])
        new = NewSet(query.title, query.short_name, kind, stickers, query.text_color, thumb)
        try:
            whole = await self._sets.create(caller.user_id, new, caller.perm_auth_key_id)
        except SetNameInvalid:
            raise bad_request("PACK_SHORT_NAME_INVALID") from None
        except SetNameOccupied:
            raise bad_request("PACK_SHORT_NAME_OCCUPIED") from None
        return await self._answer(caller, whole)

    @rpc("stickers.addStickerToSet")
    async def add(self, caller: RpcMetadata, query: Any) -> Any:
        """stickers.addStickerToSet#8653febe stickerset:InputStickerSet sticker:InputStickerSetItem = ..."""
        named = named_set(query.stickerset)
        sticker = await new_sticker(self._shared, caller, query.sticker)
        return await self._answer(caller, await self._sets.add(caller.user_id, named, sticker, caller.perm_auth_key_id))

    @rpc("stickers.removeStickerFromSet")
    async def remove(self, caller: RpcMetadata, query: Any) -> Any:
        """stickers.removeStickerFromSet#f7760f51 sticker:InputDocument = messages.StickerSet"""
        document = await named_document(self._shared, caller, query.sticker, "STICKER_INVALID")
        return await self._answer(caller, await self._sets.remove(caller.user_id, document, caller.perm_auth_key_id))

    @rpc("stickers.changeStickerPosition")
    async def move(self, caller: RpcMetadata, query: Any) -> Any:
        """stickers.changeStickerPosition#ffb6d4ca sticker:InputDocument position:int = messages.StickerSet"""
        document = await named_document(self._shared, caller, query.sticker, "STICKER_INVALID")
        return await self._answer(
            caller, await self._sets.move(caller.user_id, document, query.position, caller.perm_auth_key_id)
        )

    @rpc("stickers.changeSticker")
    async def change(self, caller: RpcMetadata, query: Any) -> Any:
        """stickers.changeSticker#f5537ebc flags:# sticker:InputDocument emoji:flags.0?string ... = ..."""
        document = await named_document(self._shared, caller, query.sticker, "STICKER_INVALID")
        whole = await self._sets.reinterpret(
            caller.user_id,
            document,
            query.emoji,
            query.keywords,
            mask_coords_from(query.mask_coords),
            caller.perm_auth_key_id,
        )
        return await self._answer(caller, whole)

    @rpc("stickers.replaceSticker")
    async def replace(self, caller: RpcMetadata, query: Any) -> Any:
        """stickers.replaceSticker#4696459a sticker:InputDocument new_sticker:InputStickerSetItem = ..."""
        document = await named_document(self._shared, caller, query.sticker, "STICKER_INVALID")
        sticker = await new_sticker(self._shared, caller, query.new_sticker)
        return await self._answer(
            caller, await self._sets.replace(caller.user_id, document, sticker, caller.perm_auth_key_id)
        )

    @rpc("stickers.renameStickerSet")
    async def rename(self, caller: RpcMetadata, query: Any) -> Any:
        """stickers.renameStickerSet#124b1c00 stickerset:InputStickerSet title:string = messages.StickerSet"""
        named = named_set(query.stickerset)
        return await self._answer(
            caller, await self._sets.rename(caller.user_id, named, query.title, caller.perm_auth_key_id)
        )

    @rpc("stickers.setStickerSetThumb")
    async def set_thumb(self, caller: RpcMetadata, query: Any) -> Any:
        """stickers.setStickerSetThumb#a76a5392 flags:# stickerset:... thumb:flags.0?InputDocument ... = ..."""
        thumb = None
        if query.thumb is not None and query.thumb.NAME != "inputDocumentEmpty":
            thumb = await named_document(self._shared, caller, query.thumb, "STICKER_THUMB_PNG_NOPNG")
        whole = await self._sets.set_thumb(
            caller.user_id,
            named_set(query.stickerset),
            thumb,
            0 if thumb is not None else query.thumb_document_id or 0,
            caller.perm_auth_key_id,
        )
        return await self._answer(caller, whole)

    @rpc("stickers.deleteStickerSet")
    async def delete(self, caller: RpcMetadata, query: Any) -> bool:
        """stickers.deleteStickerSet#87704394 stickerset:InputStickerSet = Bool"""
        await self._sets.delete(caller.user_id, named_set(query.stickerset), caller.perm_auth_key_id)
        return True

    @rpc("stickers.checkShortName")
    async def check_short_name(self, caller: RpcMetadata, query: Any) -> bool:
        """stickers.checkShortName#284b3639 short_name:string = Bool"""
        if not await self._sets.is_name_free(query.short_name):
            raise SetNameOccupied
        return True

    @rpc("stickers.suggestShortName")
    async def suggest_short_name(self, caller: RpcMetadata, query: Any) -> Any:
        """stickers.suggestShortName#4dafc503 title:string = stickers.SuggestedShortName"""
        if not query.title.strip():
            raise bad_request("TITLE_INVALID")
        return tl.stickers.suggestedShortName(short_name=await self._sets.suggest_name(query.title))
