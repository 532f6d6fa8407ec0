"""What a client names: a set, a sticker, a kind of sets."""

import math
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.shared import Shared
from teamgram.domain.files.errors import FileNotFound
from teamgram.domain.files.file import Document, MaskCoords
from teamgram.domain.files.files import Named
from teamgram.domain.stickers.sticker_set import EMOJI, MASK, REGULAR, NamedSet, NewSticker
from teamgram.interfaces.rpc import RpcMetadata


def named_set(view: Any) -> NamedSet:
    """The set that an ``InputStickerSet`` means.

    Raises:
        RpcError: ``STICKERSET_INVALID``: one that there is not here.
    """
    if view.NAME == "inputStickerSetID" and view.id:
        return NamedSet(view.id, view.access_hash)
    if view.NAME == "inputStickerSetShortName" and view.short_name:
        return NamedSet(short_name=view.short_name[:64])
    raise bad_request("STICKERSET_INVALID")


def kind_of(query: Any) -> str:
    """The kind of sets that flags ask for."""
    return EMOJI if query.emojis else MASK if query.masks else REGULAR


async def named_document(
    shared: Shared, caller: RpcMetadata, view: Any, error: str, *, to_send: bool = True
) -> Document:
    """The document that an ``InputDocument`` means.

    Raises:
        RpcError: ``error``: there is none.
        FileReferenceExpired, ForwardsRestricted, …: see ``FileAccess.open``.
    """
    if view.NAME != "inputDocument":
        raise bad_request(error)
    named = Named("document", view.id, view.access_hash, view.file_reference)
    try:
        document = await shared.domain.access.open(caller.user_id, named, shared.now(), to_send=to_send)
    except FileNotFound:
        raise bad_request(error) from None
    assert isinstance(document, Document)
    return document


def mask_coords_from(view: Any) -> MaskCoords | None:
    """``MaskCoords``, or None where there are none that mean anything."""
    if view is None or not 0 <= view.n <= 3 or not all(map(math.isfinite, (view.x, view.y, view.zoom))):
        return None
    return MaskCoords(view.n, view.x, view.y, view.zoom)


async def new_sticker(shared: Shared, caller: RpcMetadata, item: Any) -> NewSticker:
    """What an ``InputStickerSetItem`` says."""
    document = await named_document(shared, caller, item.document, "STICKER_FILE_INVALID")
    return NewSticker(document, item.emoji, item.keywords or "", mask_coords_from(item.mask_coords))
