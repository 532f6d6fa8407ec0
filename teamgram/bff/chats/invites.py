"""RPCChatInvites: links that let people into groups and channels."""

from typing import Any

from teamgram.bff.channels.answers import told
from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.chats import chat_view, invite_view
from teamgram.domain.channels.channel import Seat
from teamgram.domain.chats.invite import Invite, hash_in
from teamgram.domain.ids.peer import PeerKind, channel_id_of, is_channel
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

# How many members a preview of a group shows.
_SHOWN = 5


class ChatInvitesService(RpcService):
    """Invite links."""

    name = "RPCChatInvites"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._invites = shared.domain.invites

    @rpc("messages.exportChatInvite")
    async def export_chat_invite(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.exportChatInvite#a455de90 flags:# legacy_revoke_permanent:flags.2?true ... = ExportedChatInvite"""
        shared = self._shared
        group_id = await group_id_of(shared, caller, query.peer)
        _check_bounds(query, shared.now())
        invite = await self._invites.export(
            shared.actor(caller),
            group_id,
            title=query.title or "",
            expires_at=query.expire_date or 0,
            usage_limit=query.usage_limit or 0,
            new_permanent=bool(query.legacy_revoke_permanent),
            request_needed=query.request_needed,
        )
        return invite_view(invite)

    @rpc("messages.checkChatInvite")
    async def check_chat_invite(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.checkChatInvite#3eadb1bb hash:string = ChatInvite"""
        shared = self._shared
        if not query.hash:
            raise bad_request("INVITE_HASH_EMPTY")
        invite, place = await self._invites.check(caller.user_id, query.hash, shared.now())
        if isinstance(place, Seat):
            return await self._channel_by_link(caller, place, invite)
        chat = place
        if chat.member(caller.user_id) is not None:
            return tl.chatInviteAlready(chat=chat_view(chat, caller.user_id, shared.updates.files.dc_id))
        shown, _ = await shared.peers(caller.user_id, chat.members[:_SHOWN])
        return tl.chatInvite(
            request_needed=invite.request_needed,
            title=chat.title,
            about=chat.about or None,
            photo=shared.updates.files.given(await shared.domain.chat_photos.of(chat), caller.user_id),
            participants_count=len(chat.members),
            participants=shown,
            color=0,
        )

    async def _channel_by_link(self, caller: RpcMetadata, seat: Seat, invite: Invite) -> Any:
        shared, channel = self._shared, seat.channel
        if seat.is_present:
            _, chats = await shared.peers(caller.user_id, {channel.marked})
            return tl.chatInviteAlready(chat=chats[0])
        photo = await shared.domain.filing.files.photo(channel.photo_id) if channel.photo_id else None
        return tl.chatInvite(
            request_needed=invite.request_needed,
            channel=True,
            broadcast=channel.is_broadcast,
            megagroup=not channel.is_broadcast,
            public=channel.is_public,
            title=channel.title,
            about=channel.about or None,
            photo=shared.updates.files.given(photo, caller.user_id),
            participants_count=channel.members,
            color=0,
        )

    @rpc("messages.importChatInvite")
    async def import_chat_invite(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.importChatInvite#de91436e hash:string = messages.ChatInviteJoinResult"""
        shared = self._shared
        if not query.hash:
            raise bad_request("INVITE_HASH_EMPTY")
        group_id, change = await self._invites.join(shared.actor(caller), query.hash)
        if is_channel(group_id):
            updates = await told(shared, caller, channel_id_of(group_id), change)
        else:
            assert change is not None, "a group says who came"
            updates = await shared.updates.answer(change)
        return tl.messages.chatInviteJoinResultOk(updates=updates)

    @rpc("messages.getExportedChatInvites")
    async def get_exported_chat_invites(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getExportedChatInvites#a2b5a3f6 flags:# revoked:flags.3?true ... = messages.ExportedChatInvites"""
        shared = self._shared
        group_id = await group_id_of(shared, caller, query.peer)
        admin = await shared.input_peers.user(caller, query.admin_id)
        if admin.id == caller.user_id and not query.revoked:
            await self._invites.permanent_of(shared.actor(caller), group_id)
        after = (query.offset_date or 0, hash_in(query.offset_link)) if query.offset_link else None
        page = await self._invites.listed(
            caller.user_id, group_id, admin.id, revoked=query.revoked, limit=query.limit, after=after
        )
        users, _ = await shared.peers(caller.user_id, {admin.id})
        return tl.messages.exportedChatInvites(
            count=page.count, invites=[invite_view(invite) for invite in page.invites], users=users
        )

    @rpc("messages.getChatInviteImporters")
    async def get_chat_invite_importers(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getChatInviteImporters#df04dd4e flags:# requested:flags.0?true ... = messages.ChatInviteImporters"""
        shared = self._shared
        group_id = await group_id_of(shared, caller, query.peer)
        last_id = getattr(query.offset_user, "user_id", 0)
        after = (query.offset_date, last_id) if query.offset_date else None
        if query.requested:
            return await self._waiting(caller, group_id, query, after)
        if query.subscription_expired:
            # Nobody pays.
            await self._invites.check_makes(caller.user_id, group_id)
            return tl.messages.chatInviteImporters(count=0, importers=[], users=[])
        if not query.link:
            raise bad_request("INVITE_HASH_EMPTY")
        page = await self._invites.uses(caller.user_id, group_id, hash_in(query.link), limit=query.limit, after=after)
        people = {user_id for user_id, _, _ in page.uses} | {admin_id for _, _, admin_id in page.uses if admin_id}
        users, _ = await shared.peers(caller.user_id, people)
        return tl.messages.chatInviteImporters(
            count=page.count,
            importers=[
                tl.chatInviteImporter(user_id=user_id, date=date, approved_by=admin_id or None)
                for user_id, date, admin_id in page.uses
            ],
            users=users,
        )

    async def _waiting(self, caller: RpcMetadata, group_id: int, query: Any, after: tuple[int, int] | None) -> Any:
        """Who has asked and waits."""
        shared = self._shared
        waiting = await shared.domain.join_requests.listed(
            shared.actor(caller),
            group_id,
            hash_=hash_in(query.link or ""),
            words=(query.q or "")[:256],
            limit=query.limit,
            after=after,
        )
        importers = await shared.join_request_views.importers(caller.user_id, waiting.requests)
        users, _ = await shared.peers(caller.user_id, {request.user_id for request in waiting.requests})
        return tl.messages.chatInviteImporters(count=waiting.count, importers=importers, users=users)

    @rpc("messages.getExportedChatInvite")
    async def get_exported_chat_invite(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getExportedChatInvite#73746f5c peer:InputPeer link:string = messages.ExportedChatInvite"""
        group_id = await group_id_of(self._shared, caller, query.peer)
        invite = await self._invites.get(caller.user_id, group_id, hash_in(query.link))
        users, _ = await self._shared.peers(caller.user_id, {invite.admin_id})
        return tl.messages.exportedChatInvite(invite=invite_view(invite), users=users)

    @rpc("messages.editExportedChatInvite")
    async def edit_exported_chat_invite(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.editExportedChatInvite#bdca2f75 flags:# revoked:flags.2?true ... = messages.ExportedChatInvite"""
        shared = self._shared
        group_id = await group_id_of(shared, caller, query.peer)
        hash_ = hash_in(query.link)
        _check_bounds(query, shared.now())
        if query.revoked:
            invite, new = await self._invites.revoke(shared.actor(caller), group_id, hash_)
            if new is not None:
                users, _ = await shared.peers(caller.user_id, {invite.admin_id})
                return tl.messages.exportedChatInviteReplaced(
                    invite=invite_view(invite), new_invite=invite_view(new), users=users
                )
        else:
            invite = await self._invites.edit(
                shared.actor(caller),
                group_id,
                hash_,
                title=query.title,
                expires_at=query.expire_date,
                usage_limit=query.usage_limit,
                request_needed=query.request_needed,
            )
        users, _ = await shared.peers(caller.user_id, {invite.admin_id})
        return tl.messages.exportedChatInvite(invite=invite_view(invite), users=users)

    @rpc("messages.deleteExportedChatInvite")
    async def delete_exported_chat_invite(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.deleteExportedChatInvite#d464a42b peer:InputPeer link:string = Bool"""
        group_id = await group_id_of(self._shared, caller, query.peer)
        await self._invites.delete_revoked(self._shared.actor(caller), group_id, hash_in(query.link))
        return True

    @rpc("messages.deleteRevokedExportedChatInvites")
    async def delete_revoked_exported_chat_invites(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.deleteRevokedExportedChatInvites#56987bd5 peer:InputPeer admin_id:InputUser = Bool"""
        group_id = await group_id_of(self._shared, caller, query.peer)
        admin = await self._shared.input_peers.user(caller, query.admin_id)
        await self._invites.delete_all_revoked(caller.user_id, group_id, admin.id)
        return True

    @rpc("messages.getAdminsWithInvites")
    async def get_admins_with_invites(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getAdminsWithInvites#3920e6ef peer:InputPeer = messages.ChatAdminsWithInvites"""
        group_id = await group_id_of(self._shared, caller, query.peer)
        admins = await self._invites.admins(caller.user_id, group_id)
        users, _ = await self._shared.peers(caller.user_id, {admin_id for admin_id, _, _ in admins})
        return tl.messages.chatAdminsWithInvites(
            admins=[
                tl.chatAdminWithInvites(admin_id=admin_id, invites_count=count, revoked_invites_count=revoked)
                for admin_id, count, revoked in admins
            ],
            users=users,
        )


async def group_id_of(shared: Shared, caller: RpcMetadata, input_peer: Any) -> int:
    """What the links of a group or channel that the caller may see are kept under: see ``invites.place``.

    Raises:
        RpcError: ``PEER_ID_INVALID``.
        ChatNotFound, ChannelNotFound, ChannelPrivate.
    """
    peer = await shared.peer(caller, input_peer)
    if peer.kind is PeerKind.USER:
        raise bad_request("PEER_ID_INVALID")
    return peer.id if peer.kind is PeerKind.CHAT else peer.marked


def _check_bounds(query: Any, now: int) -> None:
    if query.expire_date and query.expire_date <= now:
        raise bad_request("EXPIRE_DATE_INVALID")
    if query.usage_limit is not None and query.usage_limit < 0:
        raise bad_request("USAGE_LIMIT_INVALID")
