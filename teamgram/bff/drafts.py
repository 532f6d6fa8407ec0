"""RPCDrafts: what is being written, kept for the user's other devices."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.messages.compose import entities_from, reply_from
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import draft_view, peer_view
from teamgram.domain.boxes.message import Draft
from teamgram.domain.messages import text as texts
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class Drafts(RpcService):
    """The caller's drafts."""

    name = "RPCDrafts"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.saveDraft")
    async def save_draft(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.saveDraft#54ae308e flags:# no_webpage:flags.1?true ... peer:InputPeer message:string ... = Bool"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        text = query.message or ""
        if len(text) > texts.MAX_LENGTH:
            raise bad_request("MESSAGE_TOO_LONG")
        reply_to_id, _ = await reply_from(shared, caller, peer, query)
        draft = None
        if text.strip() or reply_to_id:
            entities = await entities_from(shared, caller, query.entities)
            draft = Draft(
                text,
                shared.now(),
                texts.checked(text, entities),
                reply_to_id,
                query.no_webpage,
                query.invert_media,
            )
        await shared.domain.dialogs.save_draft(caller.user_id, peer.marked, draft, caller.perm_auth_key_id)
        return True

    @rpc("messages.getAllDrafts")
    async def get_all_drafts(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getAllDrafts#6a3f8d65 = Updates"""
        shared = self._shared
        dialogs = await shared.domain.dialogs.drafts(caller.user_id)
        users, chats = await shared.peers(caller.user_id, {dialog.peer for dialog in dialogs})
        return tl.updates(
            updates=[
                tl.updateDraftMessage(peer=peer_view(dialog.peer), draft=draft_view(dialog.draft)) for dialog in dialogs
            ],
            users=users,
            chats=chats,
            date=shared.now(),
            seq=0,
        )

    @rpc("messages.clearAllDrafts")
    async def clear_all_drafts(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.clearAllDrafts#7e58ee9c = Bool"""
        await self._shared.domain.dialogs.clear_drafts(caller.user_id, caller.perm_auth_key_id)
        return True
