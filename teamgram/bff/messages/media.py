"""messages.sendMedia and sendMultiMedia."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.files.input_media import InputMediaReader
from teamgram.bff.messages.compose import (
    captioned,
    composed,
    mentioned,
    reply_from,
    reply_markup_from,
)
from teamgram.bff.messages.scheduled import due_at, put_off_answer
from teamgram.bff.messages.send_as import check_send_as
from teamgram.bff.messages.web_pages import chosen_preview
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.boxes.media import Media
from teamgram.domain.boxes.message import Extra
from teamgram.domain.chats.chat import Banned
from teamgram.domain.files.file import File
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.messages.errors import CaptionTooLong, RandomIdEmpty
from teamgram.domain.messages.sending import SendRequest, new_group
from teamgram.domain.messages.text import MAX_CAPTION
from teamgram.domain.stickers.sticker_set import MASK, REGULAR
from teamgram.interfaces.rpc import RpcMetadata

MAX_ALBUM = 10


class SendingMedia(RpcService):
    """What puts media into conversations."""

    name = "RPCMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._reader = InputMediaReader(shared)

    @rpc("messages.sendMedia")
    async def send_media(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.sendMedia#330e77f flags:# ... peer:InputPeer ... media:InputMedia message:string ... = Updates"""
        return await self._send(caller, query, [query], 0)

    @rpc("messages.sendMultiMedia")
    async def send_multi_media(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.sendMultiMedia#1bf89d74 flags:# ... multi_media:Vector<InputSingleMedia> ... = Updates"""
        if not query.multi_media:
            raise bad_request("MEDIA_EMPTY")
        if len(query.multi_media) > MAX_ALBUM:
            raise bad_request("MULTI_MEDIA_TOO_LONG")
        return await self._send(caller, query, query.multi_media, new_group() if len(query.multi_media) > 1 else 0)

    async def _send(self, caller: RpcMetadata, query: Any, singles: list[Any], grouped_id: int) -> Any:
        shared = self._shared
        messages = shared.domain.messages
        with shared.order.place(caller) as place:
            peer = await shared.peer(caller, query.peer)
            await check_send_as(shared, caller, peer, query)
            due = due_at(shared, query)
            random_ids = tuple(single.random_id for single in singles)
            if 0 in random_ids:
                raise RandomIdEmpty
            # Files are put together, and pictures opened, only for who may write there.
            # One look at the database for all of it: each is as dear as what it finds.
            before, upload = await messages.before_media(
                caller.user_id,
                peer.marked,
                random_ids,
                Banned.SEND_MESSAGES,
                _uploaded_alone(singles),
                is_light=not due and _makes_nothing(singles[0].media),
            )
            if len(before.ids) == len(singles):
                return await shared.updates.answer(before.own, before.ids)
            reply_to_id, quote = await reply_from(shared, caller, peer, query)
            markup = await reply_markup_from(shared, caller, getattr(query, "reply_markup", None))
            requests = []
            for single in singles:
                media, preview = None, None
                made: list[File] = []
                if single.media.NAME == "inputMediaWebPage" and query is single:
                    text, entities, tags = await composed(shared, caller, single.message, single.entities)
                    preview = await chosen_preview(shared, caller, single.media)
                else:
                    text, entities, tags = await captioned(shared, caller, single.message, single.entities)
                    if len(text) > MAX_CAPTION:
                        raise CaptionTooLong(str(len(text)))
                    media = await self._reader.media(caller, single.media, made, upload)
                    if grouped_id:
                        _check_goes_into_albums(media)
                requests.append(
                    SendRequest(
                        caller.user_id,
                        peer.marked,
                        text,
                        single.random_id,
                        shared.now(),
                        Extra(
                            entities=entities,
                            silent=query.silent,
                            noforwards=query.noforwards,
                            invert_media=query.invert_media,
                            reply_markup=markup,
                            media=media,
                            grouped_id=grouped_id,
                            preview=preview,
                        ),
                        tags,
                        reply_to_id,
                        quote,
                        await self._mentioned(caller, peer, text, entities),
                        query.clear_draft,
                        caller.perm_auth_key_id,
                        tuple(made),
                    )
                )
            await place.turn()
            if due:
                put_off = await shared.domain.scheduled.put_off(requests, due)
                for request in requests:
                    shared.domain.previews.fetch_pending(request.extra.preview)
                return await put_off_answer(shared, caller, put_off)
            sending = messages.send_all(tuple(requests))
        sent = await sending
        for request in requests:
            shared.domain.previews.fetch_pending(request.extra.preview)
        if not grouped_id:
            await self._note_use(caller, query, requests[0].extra.media)
        return await shared.updates.answer(sent.own, sent.ids)

    async def _note_use(self, caller: RpcMetadata, query: Any, media: Media | None) -> None:
        """A sticker that is sent is the first of the recent ones, and if the client says so its set of all."""
        document = media.document if media is not None else None
        said = document.attribute("sticker") if document is not None else None
        if document is None or said is None:
            return
        domain, device = self._shared.domain, caller.perm_auth_key_id
        await domain.saved_files.save(caller.user_id, "recent", document, device)
        if said.set_id and query.update_stickersets_order:
            kind = MASK if said.mask else REGULAR
            await domain.installed_sets.raise_to_top(caller.user_id, said.set_id, kind, device)

    async def _mentioned(self, caller: RpcMetadata, peer: Peer, text: str, entities: Any) -> frozenset[int]:
        if not text or peer.kind is not PeerKind.CHAT:
            return frozenset()
        return await mentioned(self._shared, caller, peer, text, entities)


def _makes_nothing(media: Any) -> bool:
    """Whether an uploaded document is sent as it is: of a picture a thumb is made, for who may send it."""
    return (
        media.NAME == "inputMediaUploadedDocument"
        and media.thumb is None
        and not media.mime_type.strip().lower().startswith("image/")
    )


def _uploaded_alone(singles: list[Any]) -> int | None:
    """The id of the upload that is sent, if it is one alone: those of an album have their turns later."""
    file = getattr(singles[0].media, "file", None) if len(singles) == 1 else None
    return file.id if file is not None and file.NAME in ("inputFile", "inputFileBig") else None


def _check_goes_into_albums(media: Media) -> None:
    if media.photo is None and media.document is None:
        raise bad_request("MEDIA_INVALID")
    if media.ttl:
        raise bad_request("TTL_MEDIA_INVALID")
