"""Reacting to messages, and who has."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.messages.history import MAX_MESSAGE_IDS, page_from
from teamgram.bff.messages.marks import affected_history
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.reactions import peer_reaction_view, reactions_from
from teamgram.bff.views.updates import Drawing, reactions_update
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.reactions.allowed import MAX_PER_USER, NONE, SOME, Allowed
from teamgram.domain.reactions.reacting import ReactionRequest
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_MAX_ALLOWED = 100


class ReactionsService(RpcService):
    """Reactions to messages."""

    name = "RPCReactions"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._reactions = shared.domain.reactions

    @rpc("messages.sendReaction")
    async def send_reaction(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.sendReaction#d30d78d4 flags:# big:flags.1?true add_to_recent:flags.2?true peer:InputPeer msg_id:int
        reaction:flags.0?Vector<Reaction> = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        reactions = reactions_from(query.reaction)
        if len(reactions) > MAX_PER_USER:
            raise bad_request("REACTIONS_TOO_MANY")
        answer = await self._reactions.react(
            ReactionRequest(
                caller.user_id,
                peer.marked,
                query.msg_id,
                reactions,
                shared.now(),
                query.big,
                query.add_to_recent,
                caller.perm_auth_key_id,
            )
        )
        if peer.kind is not PeerKind.CHANNEL and answer.change is not None:
            return await shared.updates.answer(answer.change)
        drawing = Drawing([reactions_update(answer.message)], {peer.marked, caller.user_id})
        return await shared.updates.finish(caller.user_id, drawing)

    @rpc("messages.getMessagesReactions")
    async def get_messages_reactions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getMessagesReactions#8bba90e6 peer:InputPeer id:Vector<int> = Updates"""
        shared = self._shared
        if len(query.id) > MAX_MESSAGE_IDS:
            raise bad_request("LIMIT_INVALID")
        peer = await shared.peer(caller, query.peer)
        messages = await self._reactions.of(caller.user_id, peer.marked, query.id)
        drawing = Drawing(
            [reactions_update(message) for message in messages],
            {
                one.user_id
                for message in messages
                if message.reactions is not None and not message.extra.post
                for one in message.reactions.recent
            },
        )
        return await shared.updates.finish(caller.user_id, drawing)

    @rpc("messages.getMessageReactionsList")
    async def get_message_reactions_list(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getMessageReactionsList#461b3f48 flags:# peer:InputPeer id:int reaction:flags.0?Reaction
        offset:flags.1?string limit:int = messages.MessageReactionsList"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        wanted = reactions_from([query.reaction] if query.reaction is not None else None)
        page = await self._reactions.who(
            caller.user_id, peer.marked, query.id, wanted[0] if wanted else "", query.offset or "", query.limit
        )
        users, chats = await shared.peers(caller.user_id, [one.user_id for one in page.reactions])
        return tl.messages.messageReactionsList(
            count=page.count,
            reactions=[peer_reaction_view(one, is_author=True, viewer_id=caller.user_id) for one in page.reactions],
            chats=chats,
            users=users,
            next_offset=page.next_offset or None,
        )

    @rpc("messages.getUnreadReactions")
    async def get_unread_reactions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getUnreadReactions#bd7f90ac flags:# peer:InputPeer top_msg_id:flags.0?int
        saved_peer_id:flags.1?InputPeer offset_id:int ... = messages.Messages"""
        peer = await self._shared.peer(caller, query.peer)
        found = await self._reactions.unread(caller.user_id, peer.marked, page_from(query))
        return await self._shared.page_answer(caller.user_id, found)

    @rpc("messages.readReactions")
    async def read_reactions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.readReactions#9ec44f93 flags:# peer:InputPeer top_msg_id:flags.0?int saved_peer_id:flags.1?InputPeer
        = messages.AffectedHistory"""
        peer = await self._shared.peer(caller, query.peer)
        return affected_history(await self._reactions.read(caller.user_id, peer.marked, None, caller.perm_auth_key_id))

    @rpc("messages.setChatAvailableReactions")
    async def set_chat_available_reactions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.setChatAvailableReactions#864b2581 flags:# peer:InputPeer available_reactions:ChatReactions
        reactions_limit:flags.0?int paid_enabled:flags.1?Bool = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        if peer.kind is PeerKind.USER:
            raise bad_request("PEER_ID_INVALID")
        if query.paid_enabled:
            raise bad_request("REACTION_INVALID")
        allowed = _allowed_from(query)
        await shared.domain.reaction_choices.allow(shared.actor(caller), peer.marked, allowed)
        return await self._told(caller, peer)

    async def _told(self, caller: RpcMetadata, peer: Peer) -> Any:
        if peer.kind is PeerKind.CHANNEL:
            update = tl.updateChannel(channel_id=peer.id)
        else:
            update = tl.updateChat(chat_id=peer.id)
        return await self._shared.updates.finish(caller.user_id, Drawing([update], {peer.marked}))

    @rpc("messages.sendPaidReaction")
    def send_paid_reaction(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.sendPaidReaction#58bbcb50 flags:# peer:InputPeer msg_id:int count:int ... = Updates"""
        # Nothing costs anything here.
        raise bad_request("REACTION_INVALID")


def _allowed_from(query: Any) -> Allowed:
    view = query.available_reactions
    limit = min(max(1, query.reactions_limit or 0), 11) if query.reactions_limit else Allowed().limit
    if view.NAME == "chatReactionsNone":
        return Allowed(NONE)
    if view.NAME == "chatReactionsAll":
        return Allowed(custom=view.allow_custom, limit=limit)
    reactions = tuple(dict.fromkeys(reactions_from(view.reactions)))
    if len(reactions) > _MAX_ALLOWED:
        raise bad_request("REACTIONS_TOO_MANY")
    return Allowed(SOME, reactions=reactions, limit=limit) if reactions else Allowed(NONE)
