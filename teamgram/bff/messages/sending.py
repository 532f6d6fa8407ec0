"""messages.sendMessage, forwardMessages, editMessage and getMessageEditData."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.bff.errors import bad_request
from teamgram.bff.files.input_media import InputMediaReader, move_from
from teamgram.bff.messages.compose import captioned, composed, mentioned, reply_from, reply_markup_from
from teamgram.bff.messages.scheduled import due_at, edit_scheduled, put_off_answer
from teamgram.bff.messages.send_as import check_send_as
from teamgram.bff.messages.web_pages import chosen_preview
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.entities import entity_views
from teamgram.bff.views.polls import poll_update
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.message import PLAIN, Extra
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.messages.editing import EditRequest
from teamgram.domain.messages.sending import ForwardRequest, SendRequest, Sent
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_FORWARD = 100


class SendingMessages(RpcService):
    """What puts messages into conversations, or changes their text."""

    name = "RPCMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._media = InputMediaReader(shared)

    @rpc("messages.sendMessage")
    async def send_message(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.sendMessage#fef48f62 flags:# no_webpage:flags.1?true silent:flags.5?true ... = Updates"""
        shared = self._shared
        with shared.order.place(caller) as place:
            peer = await shared.peer(caller, query.peer)
            if query.send_as is not None:
                await check_send_as(shared, caller, peer, query)
            due = due_at(shared, query) if query.schedule_date else 0
            text, entities, tags = await composed(shared, caller, query.message, query.entities)
            reply_to_id, quote = await reply_from(shared, caller, peer, query)
            markup = (
                await reply_markup_from(shared, caller, query.reply_markup) if query.reply_markup is not None else b""
            )
            names = (
                await mentioned(shared, caller, peer, text, entities) if peer.kind is not PeerKind.USER else frozenset()
            )
            preview = None
            if entities and not query.no_webpage and shared.domain.previews.enabled:
                preview = await shared.domain.previews.of_text(caller.user_id, text, entities)
            if entities or markup or query.silent or query.noforwards or query.invert_media:
                extra = Extra(
                    entities=entities,
                    silent=query.silent,
                    noforwards=query.noforwards,
                    invert_media=query.invert_media,
                    reply_markup=markup,
                    preview=preview,
                )
            else:
                extra = PLAIN
            await place.turn()
            request = SendRequest(
                caller.user_id,
                peer.marked,
                text,
                query.random_id,
                shared.now(),
                extra,
                tags,
                reply_to_id,
                quote,
                names,
                query.clear_draft,
                caller.perm_auth_key_id,
            )
            if due:
                put_off = await shared.domain.scheduled.put_off([request], due)
                shared.domain.previews.fetch_pending(preview)
                return await put_off_answer(shared, caller, put_off)
            # It is written down when this has begun; who comes next need not wait until it is on disk.
            sending = shared.domain.messages.send(request)
        sent = await sending
        if preview is not None:
            shared.domain.previews.fetch_pending(preview)
        if peer.kind is PeerKind.USER and peer.id != caller.user_id and not reply_to_id:
            short = _short(sent)
            if short is not None:
                return short
        return await shared.updates.answer(sent.own, sent.ids)

    @rpc("messages.forwardMessages")
    async def forward_messages(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.forwardMessages#13704a7c flags:# silent:flags.5?true ... id:Vector<int> ... = Updates"""
        shared = self._shared
        if not query.id:
            raise bad_request("MESSAGE_IDS_EMPTY")
        if len(query.id) > MAX_FORWARD:
            raise bad_request("MESSAGE_ID_INVALID")
        with shared.order.place(caller) as place:
            to_peer = await shared.peer(caller, query.to_peer)
            from_peer = await self._from_peer(caller, query)
            await check_send_as(shared, caller, to_peer, query)
            due = due_at(shared, query)
            reply_to_id, quote = await reply_from(shared, caller, to_peer, query)
            await place.turn()
            request = ForwardRequest(
                caller.user_id,
                from_peer.marked,
                to_peer.marked,
                tuple(query.id),
                tuple(query.random_id),
                shared.now(),
                drop_author=query.drop_author or query.drop_media_captions,
                drop_captions=query.drop_media_captions,
                silent=query.silent,
                noforwards=query.noforwards,
                # A message of another dialog can only be answered in words.
                reply_to_id=0 if quote is not None and quote.peer else reply_to_id,
                perm_auth_key_id=caller.perm_auth_key_id,
            )
            if due:
                put_off = await shared.domain.scheduled.put_off_forward(request, due)
                return await put_off_answer(shared, caller, put_off)
            sending = Deferred.fromCoroutine(shared.domain.messages.forward(request))
        sent = await sending
        for message in sent.own.messages.values():
            shared.domain.previews.fetch_pending(message.extra.preview)
        return await shared.updates.answer(sent.own, sent.ids)

    async def _from_peer(self, caller: RpcMetadata, query: Any) -> Peer:
        if query.from_peer.NAME != "inputPeerEmpty":
            return await self._shared.peer(caller, query.from_peer)
        # The ids alone say where the messages are: they are the caller's own.
        found = await self._shared.domain.messages.get(caller.user_id, query.id)
        for message in found.values():
            return Peer.from_marked(message.peer)
        raise bad_request("MESSAGE_ID_INVALID")

    @rpc("messages.editMessage")
    async def edit_message(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.editMessage#b106e66c flags:# no_webpage:flags.1?true ... peer:InputPeer id:int ... = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        if query.schedule_date:
            return await edit_scheduled(shared, caller, peer, query, self._media)
        media = move = chosen = None
        if query.media is not None and query.media.NAME == "inputMediaPoll":
            return await self._close_poll(caller, peer, query)
        if query.media is not None and query.media.NAME != "inputMediaEmpty":
            # Files are put together only for who may change the message.
            await shared.domain.messages.check_editable(caller.user_id, peer.marked, query.id, shared.now())
            if query.media.NAME == "inputMediaWebPage":
                chosen = await chosen_preview(shared, caller, query.media)
            elif query.media.NAME == "inputMediaGeoLive":
                move = move_from(query.media)
            else:
                media = await self._media.media(caller, query.media)
        is_bot = await shared.is_bot(caller.user_id)
        says = (
            media is not None or chosen is not None or move is not None or (is_bot and query.reply_markup is not None)
        )
        if query.message is None and not says:
            raise bad_request("MESSAGE_EMPTY")
        text: str | None = None
        entities: tuple[Entity, ...] = ()
        tags = 0
        if query.message is not None:
            text, entities, tags = await captioned(shared, caller, query.message, query.entities)
        preview = chosen
        if not preview and entities and not query.no_webpage and shared.domain.previews.enabled:
            preview = await shared.domain.previews.of_text(caller.user_id, text or "", entities)
        markup = None
        if is_bot:
            # An edit without a keyboard takes the keyboard off.
            markup = await reply_markup_from(shared, caller, query.reply_markup)
        change = await shared.domain.messages.edit(
            EditRequest(
                caller.user_id,
                peer.marked,
                query.id,
                shared.now(),
                text,
                entities,
                tags,
                markup,
                query.invert_media,
                caller.perm_auth_key_id,
                media,
                move,
                preview,
            )
        )
        shared.domain.previews.fetch_pending(preview)
        return await shared.updates.answer(change)

    async def _close_poll(self, caller: RpcMetadata, peer: Peer, query: Any) -> Any:
        """The one change that a poll takes is its end."""
        if not query.media.poll.closed:
            raise bad_request("MEDIA_NEW_INVALID")
        shared = self._shared
        change = await shared.domain.polls.close(
            caller.user_id, peer.marked, query.id, shared.now(), caller.perm_auth_key_id
        )
        message = change.messages[query.id]
        assert message.extra.media is not None
        assert message.extra.media.poll is not None
        assert message.poll is not None
        # kurigram and mtcute look for the end in the first update.
        ended = poll_update(message.extra.media.poll, message.poll, tells_poll=True, is_theirs=True)
        return await shared.updates.answer(change, first=[ended])

    @rpc("messages.getMessageEditData")
    async def get_message_edit_data(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getMessageEditData#fda68d36 peer:InputPeer id:int = messages.MessageEditData"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        await shared.domain.messages.check_editable(caller.user_id, peer.marked, query.id, shared.now())
        return tl.messages.messageEditData()


def _short(sent: Sent) -> Any:
    """``updateShortSentMessage`` for one plain message; None when there is more to tell."""
    entries = sent.own.entries
    if len(entries) != 1 or not sent.ids:
        return None
    message_id = sent.ids[0][1]
    message = sent.own.messages.get(message_id)
    if message is None or message.extra.preview is not None:
        return None
    return tl.updateShortSentMessage(
        out=True,
        id=message_id,
        pts=entries[0].pts,
        pts_count=1,
        date=message.date,
        entities=entity_views(message.extra.entities),
    )
