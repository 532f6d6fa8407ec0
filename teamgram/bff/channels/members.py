"""RPCChannels: who is in a channel, who administers it, and who may not."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.list_hash import list_hash
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.channel_members import member_view, named
from teamgram.bff.views.channels import admin_rights_from
from teamgram.bff.views.chats import banned_from
from teamgram.domain.channels.channel import Seat
from teamgram.domain.channels.members import ListOf
from teamgram.domain.ids.peer import PeerKind
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_LISTS = {
    "channelParticipantsRecent": ListOf.RECENT,
    "channelParticipantsAdmins": ListOf.ADMINS,
    "channelParticipantsKicked": ListOf.PUT_OUT,
    "channelParticipantsBanned": ListOf.RESTRICTED,
    "channelParticipantsBots": ListOf.BOTS,
    "channelParticipantsSearch": ListOf.RECENT,
    "channelParticipantsContacts": ListOf.CONTACTS,
    "channelParticipantsMentions": ListOf.RECENT,
}
MAX_WORDS = 64


class ChannelMembersService(RpcService):
    """The members of channels that the caller may see."""

    name = "RPCChannels"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.getParticipants")
    async def get_participants(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getParticipants#77ced9d0 channel:InputChannel filter:ChannelParticipantsFilter offset:int ..."""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        words = (getattr(query.filter, "q", None) or "")[:MAX_WORDS]
        page = await shared.domain.channel_members.page(
            caller.user_id,
            shared.now(),
            seat.channel.id,
            _LISTS[query.filter.NAME],
            words,
            query.offset,
            query.limit,
        )
        if query.hash and query.hash == list_hash(member.user_id for member in page.members):
            return tl.channels.channelParticipantsNotModified()
        users, chats = await shared.peers(caller.user_id, {seat.channel.marked, *named(page.members)})
        return tl.channels.channelParticipants(
            count=page.count,
            participants=[member_view(member, seat) for member in page.members],
            chats=chats,
            users=users,
        )

    @rpc("channels.getParticipant")
    async def get_participant(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getParticipant#a0ab6cc6 channel:InputChannel participant:InputPeer = channels.ChannelParticipant"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        user_id = await self._user(caller, query.participant)
        member = await shared.domain.channel_members.one(seat, user_id)
        users, chats = await shared.peers(caller.user_id, {seat.channel.marked, *named([member])})
        return tl.channels.channelParticipant(participant=member_view(member, seat), chats=chats, users=users)

    async def _user(self, caller: RpcMetadata, input_peer: Any) -> int:
        """The user who is meant: some libraries write a user where the schema has a peer, and the other way around.

        Raises:
            RpcError: ``PARTICIPANT_ID_INVALID``: a group.
        """
        peer = await self._shared.input_peers.peer(caller, input_peer)
        if peer.kind is not PeerKind.USER:
            raise bad_request("PARTICIPANT_ID_INVALID")
        return peer.id

    @rpc("channels.editAdmin")
    async def edit_admin(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.editAdmin#9a98ad68 flags:# channel:InputChannel user_id:InputUser ... = Updates"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        user = await shared.input_peers.user(caller, query.user_id)
        await shared.domain.channel_administration.set_admin(
            shared.actor(caller), seat.channel.id, user.id, admin_rights_from(query.admin_rights), query.rank or ""
        )
        return await channel_changed(shared, caller, seat)

    @rpc("channels.editBanned")
    async def edit_banned(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.editBanned#96e6cd81 channel:InputChannel participant:InputPeer banned_rights:ChatBannedRights ..."""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        user_id = await self._user(caller, query.participant)
        change = await shared.domain.channel_administration.set_banned(
            shared.actor(caller),
            seat.channel.id,
            user_id,
            banned_from(query.banned_rights),
            query.banned_rights.until_date,
        )
        if change is not None:
            return await shared.updates.answer(change, [])
        return await channel_changed(shared, caller, seat)


async def channel_changed(shared: Shared, caller: RpcMetadata, *seats: Seat) -> Any:
    """``updates`` that say that these channels have changed, with each as the caller sees it now."""
    _, chats = await shared.peers(caller.user_id, {seat.channel.marked for seat in seats})
    updates = [tl.updateChannel(channel_id=seat.channel.id) for seat in seats]
    return tl.updates(updates=updates, users=[], chats=chats, date=shared.now(), seq=0)
