"""RPCInlineBot: asking bots from other chats, what they answer, and messages that are sent by way of them."""

from typing import Any

from teamgram.bff.bots.input_results import InputResultReader, inline_markup_from
from teamgram.bff.errors import bad_request
from teamgram.bff.files.input_media import InputMediaReader
from teamgram.bff.messages.compose import captioned, mentioned, reply_from
from teamgram.bff.messages.scheduled import due_at, put_off_answer
from teamgram.bff.messages.send_as import check_send_as
from teamgram.bff.messages.web_pages import chosen_preview
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.inline import InlineViews, peer_type_view, peer_types_from
from teamgram.domain.bots.inline_results import (
    MAX_RESULTS,
    MAX_START_PARAM,
    InlineAnswer,
    InlineQuestion,
    SwitchButton,
)
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.chats.chat import Banned
from teamgram.domain.ids.peer import PeerKind, box_owner
from teamgram.domain.messages.editing import EditRequest
from teamgram.domain.messages.sending import SendRequest
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class InlineBots(RpcService):
    """What people do with bots from other chats."""

    name = "RPCInlineBot"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._views = InlineViews(shared.updates.files)

    async def _bot(self, caller: RpcMetadata, view: Any) -> int:
        user = await self._shared.input_peers.user(caller, view)
        if not user.is_bot:
            raise bad_request("BOT_INVALID")
        return user.id

    @rpc("messages.getInlineBotResults")
    async def get_results(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getInlineBotResults#514e999d flags:# bot:InputUser peer:InputPeer geo_point:flags.0?InputGeoPoint
        query:string offset:string = messages.BotResults
        """
        shared, point = self._shared, query.geo_point
        bot_id = await self._bot(caller, query.bot)
        question = InlineQuestion(
            query.query,
            query.offset,
            await self._peer_type(caller, query.peer, bot_id),
            (point.lat, point.long) if point is not None and point.NAME == "inputGeoPoint" else None,
        )
        found = await shared.domain.inline.ask(caller.user_id, bot_id, question)
        assert found.answer is not None
        answer = self._views.answer(found.query_id, found.answer, caller.user_id)
        answer.users, _ = await shared.peers(caller.user_id, {bot_id})
        return answer

    async def _peer_type(self, caller: RpcMetadata, view: Any, bot_id: int) -> str:
        if view.NAME == "inputPeerEmpty":
            return ""
        peer = await self._shared.peer(caller, view)
        if peer.kind is not PeerKind.USER:
            if peer.kind is PeerKind.CHAT:
                return "group"
            channel = (await self._shared.domain.channels.get([peer.id])).get(peer.id)
            return "channel" if channel is not None and channel.is_broadcast else "supergroup"
        if peer.id == bot_id:
            return "sender"
        return "bot" if await self._shared.is_bot(peer.id) else "private"

    @rpc("messages.sendInlineBotResult")
    async def send_result(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.sendInlineBotResult#c0cf7646 flags:# silent:flags.5?true ... id:string ... = Updates"""
        shared = self._shared
        domain = shared.domain
        with shared.order.place(caller) as place:
            peer = await shared.peer(caller, query.peer)
            await check_send_as(shared, caller, peer, query)
            due = due_at(shared, query)
            before, _ = await domain.messages.before_media(
                caller.user_id, peer.marked, (query.random_id,), Banned.SEND_MESSAGES
            )
            if before.ids:
                return await shared.updates.answer(before.own, before.ids)
            choice = await domain.inline.choose(caller.user_id, query.query_id, query.id)
            reply_to_id, quote = await reply_from(shared, caller, peer, query)
            extra = await domain.inline_messages.extra(caller.user_id, choice, silent=query.silent)
            message = choice.result.message
            names = await mentioned(shared, caller, peer, message.text, extra.entities)
            await place.turn()
            request = SendRequest(
                caller.user_id,
                peer.marked,
                message.text,
                query.random_id,
                shared.now(),
                extra,
                message.tags,
                reply_to_id,
                quote,
                names,
                query.clear_draft,
                caller.perm_auth_key_id,
            )
            if due:
                put_off = await domain.scheduled.put_off([request], due)
                domain.previews.fetch_pending(extra.preview)
                await domain.inline.tell_chosen(caller.user_id, choice, None)
                return await put_off_answer(shared, caller, put_off)
            sending = domain.messages.send(request)
        sent = await sending
        domain.previews.fetch_pending(extra.preview)
        # Only what has buttons can be changed by the bot (core.telegram.org/bots/api#choseninlineresult).
        box = box_owner(caller.user_id, peer.marked)
        opened = (box, sent.ids[0][1], extra.via_key) if extra.reply_markup else None
        await domain.inline.tell_chosen(caller.user_id, choice, opened)
        return await shared.updates.answer(sent.own, sent.ids)


class AnsweringInline(RpcService):
    """What bots do with those who ask."""

    name = "RPCInlineBot"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._reader = InputResultReader(shared)
        self._media = InputMediaReader(shared)

    @rpc("messages.setInlineBotResults")
    async def set_results(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.setInlineBotResults#bb12a419 flags:# gallery:flags.0?true private:flags.1?true query_id:long
        results:Vector<InputBotInlineResult> cache_time:int next_offset:flags.2?string ... = Bool
        """
        if len(query.results) > MAX_RESULTS:
            raise bad_request("RESULTS_TOO_MUCH")
        results = [await self._reader.result(caller, one) for one in query.results]
        answer = InlineAnswer(
            tuple(results),
            query.gallery,
            query.private,
            query.cache_time,
            query.next_offset or "",
            _switch(query),
        )
        await self._shared.domain.inline.answer(caller.user_id, query.query_id, answer)
        return True

    @rpc("messages.editInlineBotMessage")
    async def edit_message(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.editInlineBotMessage#a423bb51 flags:# no_webpage:flags.1?true ... id:InputBotInlineMessageID
        message:flags.11?string media:flags.14?InputMedia reply_markup:flags.2?ReplyMarkup ... = Bool
        """
        shared, named = self._shared, query.id
        if named.NAME != "inputBotInlineMessageID64":
            raise bad_request("MESSAGE_ID_INVALID")
        media = preview = None
        if query.media is not None and query.media.NAME == "inputMediaWebPage":
            preview = await chosen_preview(shared, caller, query.media)
        elif query.media is not None and query.media.NAME != "inputMediaEmpty":
            media = await self._media.media(caller, query.media)
        text: str | None = None
        entities: tuple[Entity, ...] = ()
        tags = 0
        if query.message is not None:
            text, entities, tags = await captioned(shared, caller, query.message, query.entities)
            if preview is None and media is None and entities and not query.no_webpage:
                preview = await shared.domain.previews.of_text(caller.user_id, text, entities)
        await shared.domain.messages.edit(
            EditRequest(
                named.owner_id,
                0,
                named.id,
                shared.now(),
                text,
                entities,
                tags,
                inline_markup_from(query.reply_markup),
                query.invert_media,
                media=media,
                preview=preview,
                via=(caller.user_id, named.access_hash),
            )
        )
        shared.domain.previews.fetch_pending(preview)
        return True


def _switch(query: Any) -> SwitchButton | None:
    switch, view = query.switch_pm, getattr(query, "switch_webview", None)
    if switch is not None:
        if not 0 < len(switch.start_param) <= MAX_START_PARAM:
            raise bad_request("START_PARAM_INVALID" if switch.start_param else "START_PARAM_EMPTY")
        return SwitchButton(switch.text[:64], switch.start_param)
    return SwitchButton(view.text[:64], url=view.url[:2048]) if view is not None else None


class PreparedInlineMessages(RpcService):
    """Messages that a bot prepares for somebody to send."""

    name = "RPCPreparedInlineMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._reader = InputResultReader(shared)
        self._views = InlineViews(shared.updates.files)

    @rpc("messages.savePreparedInlineMessage")
    async def save(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.savePreparedInlineMessage#f21f7f2f flags:# result:InputBotInlineResult user_id:InputUser
        peer_types:flags.0?Vector<InlineQueryPeerType> = messages.BotPreparedInlineMessage
        """
        shared = self._shared
        user = await shared.input_peers.user(caller, query.user_id)
        result = await self._reader.result(caller, query.result)
        made = await shared.domain.inline.prepare(caller.user_id, user.id, result, peer_types_from(query.peer_types))
        return tl.messages.botPreparedInlineMessage(id=made.id, expire_date=made.until)

    @rpc("messages.getPreparedInlineMessage")
    async def get(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getPreparedInlineMessage#857ebdb8 bot:InputUser id:string = messages.PreparedInlineMessage"""
        shared = self._shared
        bot = await shared.input_peers.user(caller, query.bot)
        found = await shared.domain.inline.prepared(caller.user_id, bot.id, query.id)
        assert found.answer is not None
        users, _ = await shared.peers(caller.user_id, {bot.id})
        return tl.messages.preparedInlineMessage(
            query_id=found.query_id,
            result=self._views.result(found.answer.results[0], caller.user_id),
            peer_types=[peer_type_view(name) for name in found.answer.peer_types],
            cache_time=found.answer.cache_seconds,
            users=users,
        )
