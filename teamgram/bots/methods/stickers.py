"""Sticker sets (core.telegram.org/bots/api#stickers).

A set that a bot makes is the bot's own: it alone changes it, for whomever it was made.
"""

import math
from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.input_media import GivenMedia
from teamgram.bots.parameters import Parameters
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.media import MASK_POINTS, MediaViews
from teamgram.domain.domain import Domain
from teamgram.domain.files.file import Document, MaskCoords
from teamgram.domain.stickers.sets import MAX_STICKERS
from teamgram.domain.stickers.sticker_set import EMOJI, MASK, REGULAR, NamedSet, NewSet, NewSticker

MAX_ASKED = 200
"""Custom emoji at once (core.telegram.org/bots/api#getcustomemojistickers)."""

_FORMATS = {"static": "image/webp", "animated": "application/x-tgsticker", "video": "video/webm"}
_KINDS = {"": REGULAR, "regular": REGULAR, "mask": MASK, "custom_emoji": EMOJI}


class BotStickers:
    """Looks sets up, makes them and changes them."""

    def __init__(self, domain: Domain, conversations: Conversations, given: GivenMedia, views: MediaViews) -> None:
        self._domain = domain
        self._sets = domain.sticker_sets
        self._conversations = conversations
        self._given = given
        self._views = views

    # Looking

    @api_method("getStickerSet")
    async def get_set(self, call: ApiCall) -> Any:
        """StickerSet."""
        return self._views.set_json(call.bot_id, await self._sets.whole(_named(call.parameters)))

    @api_method("getCustomEmojiStickers")
    async def get_custom_emoji(self, call: ApiCall) -> Any:
        """Array of Sticker: what there is of those."""
        given = call.parameters.object("custom_emoji_ids")
        if not isinstance(given, list) or len(given) > MAX_ASKED:
            raise bad_request("can't parse custom emoji identifiers: an Array of up to 200 Strings was expected")
        ids = [int(one) for one in given if str(one).isascii() and str(one).isdigit() and len(str(one)) < 20]
        found = await self._domain.sticker_search.custom_emoji(ids)
        sets = await self._sets.named({document.sticker.set_id for document in found if document.sticker is not None})
        return [self._views.sticker_json(call.bot_id, document, sets) for document in found]

    # Making

    @api_method("uploadStickerFile")
    async def upload(self, call: ApiCall) -> Any:
        """File: one that ``createNewStickerSet`` and others take."""
        await self._conversations.person(call.bot_id, call.parameters)
        if self._given.upload(call.parameters, "sticker") is None:
            raise bad_request("sticker must be uploaded as an InputFile")
        document = await self._document(call, call.parameters, _format(call.parameters, "sticker_format"))
        return self._views.file_json(call.bot_id, document)

    @api_method("createNewStickerSet")
    async def create(self, call: ApiCall) -> bool:
        """True."""
        await self._conversations.person(call.bot_id, call.parameters)
        parameters = call.parameters
        kind, given = _KINDS.get(parameters.text("sticker_type")), parameters.object("stickers")
        if kind is None:
            raise bad_request("unsupported sticker type specified")
        if not isinstance(given, list) or not 1 <= len(given) <= MAX_STICKERS[kind]:
            raise bad_request("can't parse stickers: an Array of InputSticker was expected")
        name = parameters.text("name").strip()
        me = await self._domain.users.require(call.bot_id)
        if not name.lower().endswith(f"_by_{me.username}".lower()):
            raise bad_request("invalid sticker set name is specified")
        if not await self._sets.is_name_free(name):
            raise bad_request("sticker set name is already occupied")
        stickers = tuple([await self._new(call, one) for one in given])
        text_color = parameters.flag("needs_repainting")
        await self._sets.create(call.bot_id, NewSet(parameters.text("title"), name, kind, stickers, text_color))
        return True

    @api_method("addStickerToSet")
    async def add(self, call: ApiCall) -> bool:
        """True."""
        sticker = await self._new(call, call.parameters.object("sticker"))
        await self._sets.add(call.bot_id, _named(call.parameters), sticker)
        return True

    @api_method("replaceStickerInSet")
    async def replace(self, call: ApiCall) -> bool:
        """True."""
        old = await self._named_sticker(call, "old_sticker")
        await self._sets.replace(call.bot_id, old, await self._new(call, call.parameters.object("sticker")))
        return True

    # Changing

    @api_method("setStickerPositionInSet")
    async def move(self, call: ApiCall) -> bool:
        """True."""
        sticker = await self._named_sticker(call, "sticker")
        await self._sets.move(call.bot_id, sticker, call.parameters.number("position"))
        return True

    @api_method("deleteStickerFromSet")
    async def remove(self, call: ApiCall) -> bool:
        """True."""
        await self._sets.remove(call.bot_id, await self._named_sticker(call, "sticker"))
        return True

    @api_method("setStickerEmojiList")
    async def set_emoji(self, call: ApiCall) -> bool:
        """True."""
        emoji = "".join(_words(call.parameters, "emoji_list"))
        await self._sets.reinterpret(call.bot_id, await self._named_sticker(call, "sticker"), emoji, None, None)
        return True

    @api_method("setStickerKeywords")
    async def set_keywords(self, call: ApiCall) -> bool:
        """True."""
        words = ",".join(_words(call.parameters, "keywords"))
        await self._sets.reinterpret(call.bot_id, await self._named_sticker(call, "sticker"), None, words, None)
        return True

    @api_method("setStickerMaskPosition")
    async def set_mask_position(self, call: ApiCall) -> bool:
        """True."""
        coords = _mask_coords(call.parameters)
        if coords is None:
            raise bad_request("mask position can't be taken off on this server")
        await self._sets.reinterpret(call.bot_id, await self._named_sticker(call, "sticker"), None, None, coords)
        return True

    @api_method("setStickerSetTitle")
    async def rename(self, call: ApiCall) -> bool:
        """True."""
        await self._sets.rename(call.bot_id, _named(call.parameters), call.parameters.text("title"))
        return True

    @api_method("setStickerSetThumbnail")
    async def set_thumbnail(self, call: ApiCall) -> bool:
        """True; without a picture the first sticker is it."""
        thumb = None
        if call.parameters.has("thumbnail"):
            mime_type = _format(call.parameters, "format")
            thumb = await self._given.document(call.bot_id, call.parameters, "thumbnail", mime_type)
        await self._sets.set_thumb(call.bot_id, _named(call.parameters), thumb, 0)
        return True

    @api_method("setCustomEmojiStickerSetThumbnail")
    async def set_emoji_thumbnail(self, call: ApiCall) -> bool:
        """True; without an emoji the first is it."""
        thumb_id = call.parameters.number("custom_emoji_id")
        await self._sets.set_thumb(call.bot_id, _named(call.parameters), None, thumb_id)
        return True

    @api_method("deleteStickerSet")
    async def delete(self, call: ApiCall) -> bool:
        """True."""
        await self._sets.delete(call.bot_id, _named(call.parameters))
        return True

    # From what a bot gives to stickers

    async def _new(self, call: ApiCall, given: Any) -> NewSticker:
        if not isinstance(given, dict):
            raise bad_request("can't parse InputSticker: expected an Object")
        inner = call.parameters.inner(given)
        document = await self._document(call, inner, _format(inner, "format"))
        emoji, words = "".join(_words(inner, "emoji_list")), ",".join(_words(inner, "keywords"))
        return NewSticker(document, emoji, words, _mask_coords(inner))

    async def _document(self, call: ApiCall, given: Parameters, mime_type: str) -> Document:
        return await self._given.document(call.bot_id, given, "sticker", mime_type)

    async def _named_sticker(self, call: ApiCall, name: str) -> Document:
        found = await self._given.named(call.bot_id, call.parameters.text(name))
        if not isinstance(found, Document):
            raise bad_request("STICKER_INVALID")
        return found


def _named(parameters: Parameters) -> NamedSet:
    name = parameters.text("name").strip()
    if not name:
        raise bad_request("STICKERSET_INVALID")
    return NamedSet(short_name=name[:64])


def _format(parameters: Parameters, name: str) -> str:
    found = _FORMATS.get(parameters.text(name) or "static")
    if found is None:
        raise bad_request("invalid sticker format specified")
    return found


def _words(parameters: Parameters, name: str) -> list[str]:
    given = parameters.object(name)
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given) or len(given) > 20:
        raise bad_request(f"can't parse {name}: an Array of up to 20 Strings was expected")
    return [one[:64] for one in given]


def _mask_coords(parameters: Parameters) -> MaskCoords | None:
    given = parameters.object("mask_position")
    if given is None:
        return None
    point = str(given.get("point")) if isinstance(given, dict) else ""
    if point not in MASK_POINTS:
        raise bad_request("wrong point specified in the mask position")
    inner = parameters.inner(given)
    x, y, zoom = inner.decimal("x_shift"), inner.decimal("y_shift"), inner.decimal("scale")
    if not all(map(math.isfinite, (x, y, zoom))):
        raise bad_request("wrong mask position specified")
    return MaskCoords(MASK_POINTS.index(point), x, y, zoom)
