"""RPCDrafts: what is being written, kept for the user's other devices."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.messages.compose import entities_from, reply_from
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.talk import Talk
from teamgram.bff.views.messages import draft_view, peer_view
from teamgram.domain.boxes.message import Draft
from teamgram.domain.messages import text as texts
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class Drafts(RpcService):
    """The caller's drafts."""

    name = "RPCDrafts"

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    @rpc("messages.saveDraft")
    async def save_draft(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.saveDraft#54ae308e flags:# no_webpage:flags.1?true ... peer:InputPeer message:string ... = Bool"""
        talk = self._talk
        peer = await talk.peer(caller, query.peer)
        text = query.message or ""
        if len(text) > texts.MAX_LENGTH:
            raise bad_request("MESSAGE_TOO_LONG")
        reply_to_id, _ = await reply_from(talk, caller, peer, query)
        draft = None
        if text.strip() or reply_to_id:
            entities = await entities_from(talk, caller, query.entities)
            draft = Draft(
                text,
                talk.now(),
                texts.checked(text, entities),
                reply_to_id,
                query.no_webpage,
                query.invert_media,
            )
        await talk.dialogs.save_draft(caller.user_id, peer.marked, draft, caller.perm_auth_key_id)
        return True

    @rpc("messages.getAllDrafts")
    async def get_all_drafts(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getAllDrafts#6a3f8d65 = Updates"""
        talk = self._talk
        dialogs = await talk.dialogs.drafts(caller.user_id)
        users, chats = await talk.peers(caller.user_id, {dialog.peer for dialog in dialogs})
        return tl.updates(
            updates=[
                tl.updateDraftMessage(peer=peer_view(dialog.peer), draft=draft_view(dialog.draft)) for dialog in dialogs
            ],
            users=users,
            chats=chats,
            date=talk.now(),
            seq=0,
        )

    @rpc("messages.clearAllDrafts")
    async def clear_all_drafts(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.clearAllDrafts#7e58ee9c = Bool"""
        await self._talk.dialogs.clear_drafts(caller.user_id, caller.perm_auth_key_id)
        return True
