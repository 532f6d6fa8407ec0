"""RPCInlineBot's buttons, and RPCDeepLinks' start."""

import re
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.bots import has_callback
from teamgram.domain.bots.callbacks import CallbackAnswer
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.messages.sending import SendRequest
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_MAX_DATA = 64
"""Bytes (core.telegram.org/bots/api#inlinekeyboardbutton)."""

_MAX_START_PARAM = 64
_START_PARAM = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


class BotCallbacks(RpcService):
    """Pressing buttons, and answering whoever did."""

    name = "RPCInlineBot"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.getBotCallbackAnswer")
    async def get_bot_callback_answer(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getBotCallbackAnswer#9342ca07 flags:# game:flags.1?true peer:InputPeer msg_id:int
        data:flags.0?bytes password:flags.2?InputCheckPasswordSRP = messages.BotCallbackAnswer
        """
        if query.data is None or len(query.data) > _MAX_DATA:
            raise bad_request("DATA_INVALID")
        peer = await self._shared.peer(caller, query.peer)
        answer = await self._shared.domain.callbacks.press(
            caller.user_id, peer.marked, query.msg_id, query.data, has_callback
        )
        return tl.messages.botCallbackAnswer(
            alert=answer.alert,
            has_url=bool(answer.url),
            native_ui=True,
            message=answer.text or None,
            url=answer.url or None,
            cache_time=answer.cache_seconds,
        )

    @rpc("messages.setBotCallbackAnswer")
    async def set_bot_callback_answer(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.setBotCallbackAnswer#d58f130a flags:# alert:flags.1?true query_id:long message:flags.0?string
        url:flags.2?string cache_time:int = Bool
        """
        self._shared.domain.callbacks.answer(
            CallbackAnswer(
                query.query_id,
                caller.user_id,
                query.message or "",
                query.url or "",
                query.alert,
                query.cache_time,
            )
        )
        return True


class BotStarts(RpcService):
    """Links that start a bot."""

    name = "RPCDeepLinks"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.startBot")
    async def start_bot(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.startBot#e6df7378 bot:InputUser peer:InputPeer random_id:long start_param:string = Updates"""
        shared = self._shared
        user = await shared.input_peers.user(caller, query.bot)
        if not user.is_bot:
            raise bad_request("BOT_INVALID")
        if len(query.start_param) > _MAX_START_PARAM:
            raise bad_request("START_PARAM_TOO_LONG")
        if _START_PARAM.fullmatch(query.start_param) is None:
            raise bad_request("START_PARAM_INVALID")
        peer = await shared.peer(caller, query.peer) if query.peer.NAME != "inputPeerEmpty" else None
        if peer is not None and peer.kind is not PeerKind.USER:
            raise bad_request("PEER_ID_INVALID")
        sent = await shared.domain.messages.send(
            SendRequest(
                caller.user_id,
                user.id,
                f"/start {query.start_param}".rstrip(),
                query.random_id,
                shared.now(),
                perm_auth_key_id=caller.perm_auth_key_id,
            )
        )
        return await shared.updates.answer(sent.own, sent.ids)
