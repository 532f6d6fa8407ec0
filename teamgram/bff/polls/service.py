"""messages.sendVote, getPollResults, getPollVotes, toggleTodoCompleted and appendTodoList."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.polls.asking import items_from
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import has_asked, peer_view
from teamgram.bff.views.polls import poll_update, recent_voters
from teamgram.bff.views.updates import Drawing
from teamgram.domain.boxes.poll import Poll
from teamgram.domain.ids.peer import Peer
from teamgram.domain.polls.asking import MAX_ANSWERS, MAX_TODO_ITEMS
from teamgram.domain.polls.polls import Polled
from teamgram.domain.polls.voting import Vote, VoteRequest
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class PollsService(RpcService):
    """Votes."""

    name = "RPCPolls"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.sendVote")
    async def send_vote(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.sendVote#10ea6184 peer:InputPeer msg_id:int options:Vector<bytes> = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        if len(query.options) > MAX_ANSWERS:
            raise bad_request("OPTIONS_TOO_MUCH")
        polled = await shared.domain.polls.vote(
            VoteRequest(
                caller.user_id,
                peer.marked,
                query.msg_id,
                tuple(query.options),
                shared.now(),
                caller.perm_auth_key_id,
            )
        )
        return await self._answer(caller, peer, polled, tells_poll=True)

    @rpc("messages.getPollResults")
    async def get_poll_results(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getPollResults#eda3e33b peer:InputPeer msg_id:int poll_hash:long = Updates"""
        peer = await self._shared.peer(caller, query.peer)
        polled = await self._shared.domain.polls.look(caller.user_id, peer.marked, query.msg_id)
        # A poll that is closed now says so in its flags, which the hash knows nothing of.
        tells_poll = query.poll_hash != polled.poll.hash or polled.state.closed
        return await self._answer(caller, peer, polled, tells_poll=tells_poll)

    async def _answer(self, caller: RpcMetadata, peer: Peer, polled: Polled, *, tells_poll: bool) -> Any:
        poll, state = polled.poll, polled.state
        update = poll_update(poll, state, tells_poll=tells_poll, is_theirs=has_asked(poll, polled.message))
        update.peer, update.msg_id = peer_view(peer.marked), polled.message.id
        return await self._shared.updates.finish(
            caller.user_id, Drawing([update], {peer.marked, *recent_voters(poll, state)})
        )

    @rpc("messages.getPollVotes")
    async def get_poll_votes(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getPollVotes#b86e380e flags:# peer:InputPeer id:int option:flags.0?bytes offset:flags.1?string
        limit:int = messages.VotesList"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        found = await shared.domain.polls.votes(
            caller.user_id, peer.marked, query.id, query.option, query.offset or "", query.limit
        )
        users, chats = await shared.peers(caller.user_id, [vote.user_id for vote in found.votes])
        return tl.messages.votesList(
            count=found.count,
            votes=[_vote_view(found.poll, vote, query.option) for vote in found.votes],
            chats=chats,
            users=users,
            next_offset=found.next_offset or None,
        )


def _vote_view(poll: Poll, vote: Vote, option: bytes | None) -> Any:
    peer = tl.peerUser(user_id=vote.user_id)
    if option is not None:
        return tl.messagePeerVoteInputOption(peer=peer, date=vote.date)
    options = [answer.option for place, answer in enumerate(poll.answers) if vote.choices >> place & 1]
    if len(options) == 1:
        return tl.messagePeerVote(peer=peer, option=options[0], date=vote.date)
    return tl.messagePeerVoteMultiple(peer=peer, options=options, date=vote.date)


class TodoListsService(RpcService):
    """Things that are done."""

    name = "RPCTodoLists"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.toggleTodoCompleted")
    async def toggle_todo_completed(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.toggleTodoCompleted#d3e03124 peer:InputPeer msg_id:int completed:Vector<int>
        incompleted:Vector<int> = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        if len(query.completed) + len(query.incompleted) > MAX_TODO_ITEMS:
            raise bad_request("OPTION_INVALID")
        change = await shared.domain.todo_lists.tick(
            caller.user_id,
            peer.marked,
            query.msg_id,
            query.completed,
            query.incompleted,
            shared.now(),
            caller.perm_auth_key_id,
        )
        return await shared.updates.answer(change)

    @rpc("messages.appendTodoList")
    async def append_todo_list(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.appendTodoList#21a61057 peer:InputPeer msg_id:int list:Vector<TodoItem> = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        change = await shared.domain.todo_lists.append(
            caller.user_id, peer.marked, query.msg_id, items_from(query.list), shared.now(), caller.perm_auth_key_id
        )
        return await shared.updates.answer(change)
