"""What the services share: the domain, the views, and how a peer is understood."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.interfaces import IReactorTime

from teamgram.bff.errors import bad_request
from teamgram.bff.peers import InputPeers
from teamgram.bff.send_order import SendOrder
from teamgram.bff.views.channels import ChannelViews, GroupViews
from teamgram.bff.views.chats import ChatViews
from teamgram.bff.views.folders import FolderViews
from teamgram.bff.views.join_requests import JoinRequestViews
from teamgram.bff.views.media import FileViews
from teamgram.bff.views.messages import message_view, peers_in
from teamgram.bff.views.page_updates import PageUpdates
from teamgram.bff.views.people_updates import PeopleUpdates
from teamgram.bff.views.scheduled import ScheduledUpdates
from teamgram.bff.views.stickers import StickerViews
from teamgram.bff.views.updates import UpdateViews, transient_drawing
from teamgram.bff.views.users import UserViews
from teamgram.bff.views.wallpapers import WallpaperUpdates
from teamgram.domain.boxes.message import Message
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels.channel import Seat
from teamgram.domain.chats.chats import Actor
from teamgram.domain.domain import Domain
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.messages.history import Found, Search
from teamgram.domain.updates.events import TransientEvent
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


@dataclass(frozen=True, slots=True)
class Shared:
    """One object for all services.

    Attributes:
        updates: renders events, and users and groups beside answers.
    """

    domain: Domain
    clock: IReactorTime
    input_peers: InputPeers
    user_views: UserViews
    people_updates: PeopleUpdates
    updates: UpdateViews
    folder_views: FolderViews
    join_request_views: JoinRequestViews
    order: SendOrder = field(default_factory=SendOrder)

    @classmethod
    def over(cls, domain: Domain, clock: IReactorTime, dc_id: int = 2) -> "Shared":
        """The views of a domain.

        Args:
            dc_id: where clients get files.
        """
        users = UserViews(domain.users, domain.contacts, domain.presence, domain.privacy, dc_id)
        people = PeopleUpdates(
            domain.users, domain.contacts, domain.presence, domain.privacy, domain.notifications, users
        )
        files = FileViews(domain.filing.references, dc_id, clock)
        stickers = StickerViews(domain.sticker_sets, domain.installed_sets, files)
        folders = FolderViews(domain.folders, domain.users, domain.channels)
        join_requests = JoinRequestViews(domain.users, domain.contacts, domain.privacy)
        updates = UpdateViews(
            users,
            GroupViews(ChatViews(domain.chats, dc_id), ChannelViews(domain.channels, dc_id, clock)),
            people,
            stickers,
            PageUpdates(domain.log, files),
            WallpaperUpdates(domain.chat_wallpapers, files),
            folders,
            ScheduledUpdates(domain.scheduled, files),
            join_requests,
            files,
            clock,
        )
        input_peers = InputPeers(domain.users, domain.channels)
        shared = cls(domain, clock, input_peers, users, people, updates, folders, join_requests)
        shared.input_peers.look_into_messages(shared.named_in)
        return shared

    def now(self) -> int:
        """Unix seconds."""
        return int(self.clock.seconds())

    def actor(self, caller: RpcMetadata) -> Actor:
        """The caller as who changes a group."""
        return Actor(caller.user_id, self.now(), caller.perm_auth_key_id)

    async def peer(self, caller: RpcMetadata, input_peer: Any) -> Peer:
        """The peer that is meant: a user, a group that the caller is or was in, a channel that they may see.

        Raises:
            RpcError: ``PEER_ID_INVALID`` or ``CHANNEL_INVALID``.
            ChatNotFound: not a group of the caller's.
            ChannelNotFound, ChannelPrivate.
        """
        peer = self.input_peers.try_peer(caller, input_peer)
        if peer is None:
            peer = await self.input_peers.peer(caller, input_peer)
        if peer.kind is PeerKind.CHAT:
            await self.domain.chats.of_member(caller.user_id, peer.id)
        elif peer.kind is PeerKind.CHANNEL:
            await self._look_into(caller, peer.id)
        return peer

    async def seat_at(self, caller: RpcMetadata, peer: Peer) -> Seat:
        """What the caller is in the channel ``peer``, which they may see.

        Raises:
            ChannelNotFound, ChannelPrivate.
        """
        return await self._look_into(caller, peer.id)

    async def _look_into(self, caller: RpcMetadata, channel_id: int) -> Seat:
        now = self.now()
        seat = self.domain.channels.cached_seat(caller.user_id, channel_id, now)
        if seat is None:
            seat = await self.domain.channels.seat(caller.user_id, channel_id, now)
        channel_rights.check_reads(seat)
        return seat

    async def seat(self, caller: RpcMetadata, input_channel: Any) -> Seat:
        """The channel that is meant and that the caller may see, and what they are there.

        Raises:
            RpcError: ``CHANNEL_INVALID``.
            ChannelNotFound, ChannelPrivate.
        """
        channel = await self.input_peers.channel(caller, input_channel)
        return await self._look_into(caller, channel.id)

    async def named_in(self, caller: RpcMetadata, input_peer: Any, message_id: int) -> set[int]:
        """The marked ids of everybody whom a message of that peer names; none where the caller has no such message.

        Raises:
            as ``peer``.
        """
        peer = await self.peer(caller, input_peer)
        if peer.kind is PeerKind.CHANNEL:
            seat = await self.seat_at(caller, peer)
            found, _ = await self.domain.messages.in_channel(
                caller.user_id, peer.marked, [message_id], seat.hidden_up_to
            )
        else:
            found = await self.domain.messages.get(caller.user_id, [message_id])
        return {named for one in found.values() if one.peer == peer.marked for named in peers_in([one])}

    async def dialog_peer(self, caller: RpcMetadata, input_dialog_peer: Any) -> Peer:
        """The peer of an ``inputDialogPeer``.

        Raises:
            RpcError: as ``peer``; ``PEER_ID_INVALID`` for a folder.
        """
        if input_dialog_peer.NAME != "inputDialogPeer":
            raise bad_request("PEER_ID_INVALID")
        return await self.peer(caller, input_dialog_peer.peer)

    async def is_bot(self, user_id: int) -> bool:
        """Whether that account is a bot."""
        user = self.domain.users.cached(user_id)
        if user is None:
            user = await self.domain.users.require(user_id)
        return user.is_bot

    async def peers(self, viewer_id: int, peers: Iterable[int]) -> tuple[list[Any], list[Any]]:
        """(users, chats) for marked ids as the viewer sees them."""
        return await self.updates.peers(viewer_id, set(peers))

    async def peers_of(self, viewer_id: int, messages: Sequence[Message]) -> tuple[list[Any], list[Any]]:
        """(users, chats) that messages name, as the viewer sees them."""
        return await self.updates.peers(viewer_id, peers_in(messages))

    def message_view(self, message: Message) -> Any:
        """``Message`` as its owner sees it."""
        return message_view(message, self.updates.files)

    def drawn(self, event: TransientEvent) -> list[Any]:
        """Each ``Update`` of an event about a conversation, for an answer."""
        return transient_drawing(event).updates

    async def search_in(self, caller: RpcMetadata, peer: Peer, **what: Any) -> Search:
        """A search in the dialog with a peer that the caller may look into (``peer``).

        Args:
            what: fields of ``Search``.
        """
        if peer.kind is not PeerKind.CHANNEL:
            return Search(caller.user_id, peer.marked, **what)
        seat = await self._look_into(caller, peer.id)
        return Search(peer.marked, peer.marked, viewer_id=caller.user_id, hidden_up_to=seat.hidden_up_to, **what)

    async def messages_answer(self, viewer_id: int, messages: Sequence[Message]) -> Any:
        """``messages.messages``."""
        users, chats = await self.peers(viewer_id, peers_in(messages))
        return tl.messages.messages(
            messages=[message_view(message, self.updates.files) for message in messages],
            topics=[],
            chats=chats,
            users=users,
        )

    async def page_answer(self, viewer_id: int, found: Found) -> Any:
        """``messages.messages`` when that is all there is, else ``messagesSlice``; ``channelMessages`` in a channel."""
        if found.pts:
            return await self._channel_answer(viewer_id, found)
        if len(found.messages) == found.count:
            return await self.messages_answer(viewer_id, found.messages)
        users, chats = await self.peers(viewer_id, peers_in(found.messages))
        return tl.messages.messagesSlice(
            count=found.count,
            offset_id_offset=found.offset or None,
            messages=[message_view(message, self.updates.files) for message in found.messages],
            topics=[],
            chats=chats,
            users=users,
        )

    async def _channel_answer(self, viewer_id: int, found: Found) -> Any:
        users, chats = await self.peers(viewer_id, peers_in(found.messages))
        return tl.messages.channelMessages(
            pts=found.pts,
            count=found.count,
            offset_id_offset=found.offset or None,
            messages=[message_view(message, self.updates.files) for message in found.messages],
            topics=[],
            chats=chats,
            users=users,
        )
