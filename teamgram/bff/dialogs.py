"""RPCDialogs: the list of conversations and what belongs to one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.updates import state_view
from teamgram.bff.views.dialogs import dialog_view
from teamgram.bff.views.full_users import Conversation, peer_settings_view
from teamgram.bff.views.messages import dialog_peer_view, message_view, peer_view, peers_in
from teamgram.bff.views.notifications import notify_settings_view
from teamgram.domain.boxes.archive import ARCHIVE
from teamgram.domain.dialogs.dialogs import DialogList
from teamgram.domain.ids.peer import PeerKind, marked_channel, marked_chat
from teamgram.domain.users.notifications import UNCHANGED, Notifications, is_muted
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_PEERS = 100
_FOLDERS = (0, 1)


class DialogsService(RpcService):
    """The caller's conversations."""

    name = "RPCDialogs"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def _content(self, caller: RpcMetadata, listed: DialogList) -> dict[str, Any]:
        """The fields that every answer with dialogs has."""
        chosen = await self._shared.domain.notifications.get(caller.user_id)
        messages = listed.messages
        peers = peers_in(messages) | {dialog.peer for dialog in listed.dialogs}
        archive = []
        if listed.archive is not None:
            peers.add(listed.archive.peer)
            archive.append(archive_view(listed, chosen, self._shared.now()))
        users, chats = await self._shared.peers(caller.user_id, peers)
        lifetimes = await self._shared.domain.lifetimes.of(caller.user_id, [one.peer for one in listed.dialogs])
        return {
            "dialogs": archive
            + [
                dialog_view(
                    dialog,
                    notify_settings_view(chosen.get(str(dialog.peer), UNCHANGED)),
                    lifetimes.get(dialog.peer, 0),
                )
                for dialog in listed.dialogs
            ],
            "messages": [message_view(message, self._shared.updates.files) for message in messages],
            "chats": chats,
            "users": users,
        }

    @rpc("messages.getDialogs")
    async def get_dialogs(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getDialogs#a0f4cb4f flags:# exclude_pinned:flags.0?true folder_id:flags.1?int ..."""
        # Who names no folder gets both, as on the official server; Web A looks for the archive that way.
        folder_id = None if query.folder_id is None else _folder(query.folder_id)
        listed = await self._shared.domain.dialogs.page(
            caller.user_id,
            folder_id=folder_id,
            offset_date=query.offset_date,
            offset_id=query.offset_id,
            offset_peer=_written_peer(query.offset_peer),
            # 0 asks for the default, as on the official server.
            limit=query.limit if query.limit > 0 else 20,
            exclude_pinned=query.exclude_pinned,
        )
        content = await self._content(caller, listed)
        if len(listed.dialogs) == listed.count:
            return tl.messages.dialogs(**content)
        return tl.messages.dialogsSlice(count=listed.count, **content)

    @rpc("messages.getPinnedDialogs")
    async def get_pinned_dialogs(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getPinnedDialogs#d6b94df2 folder_id:int = messages.PeerDialogs"""
        listed = await self._shared.domain.dialogs.pinned(caller.user_id, _folder(query.folder_id))
        return await self._peer_dialogs(caller, listed)

    @rpc("messages.getPeerDialogs")
    async def get_peer_dialogs(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getPeerDialogs#e470bcfd peers:Vector<InputDialogPeer> = messages.PeerDialogs"""
        peers = await self._peers(caller, query.peers)
        return await self._peer_dialogs(caller, await self._shared.domain.dialogs.of_peers(caller.user_id, peers))

    async def _peers(self, caller: RpcMetadata, written: Sequence[Any]) -> list[int]:
        if len(written) > MAX_PEERS:
            raise bad_request("PEER_ID_INVALID")
        return [(await self._shared.dialog_peer(caller, peer)).marked for peer in written]

    async def _peer_dialogs(self, caller: RpcMetadata, listed: DialogList) -> Any:
        assert listed.state is not None
        content = await self._content(caller, listed)
        return tl.messages.peerDialogs(**content, state=state_view(listed.state, self._shared.now()))

    @rpc("messages.toggleDialogPin")
    async def toggle_dialog_pin(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.toggleDialogPin#a731e257 flags:# pinned:flags.0?true peer:InputDialogPeer = Bool"""
        peer = await self._shared.dialog_peer(caller, query.peer)
        await self._shared.domain.dialogs.pin(caller.user_id, peer.marked, query.pinned, caller.perm_auth_key_id)
        return True

    @rpc("messages.reorderPinnedDialogs")
    async def reorder_pinned_dialogs(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.reorderPinnedDialogs#3b1adf37 flags:# force:flags.0?true folder_id:int ... = Bool"""
        peers = await self._peers(caller, query.order)
        await self._shared.domain.dialogs.reorder_pinned(
            caller.user_id, _folder(query.folder_id), peers, query.force, caller.perm_auth_key_id
        )
        return True

    @rpc("messages.markDialogUnread")
    async def mark_dialog_unread(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.markDialogUnread#8c5006f8 flags:# unread:flags.0?true ... peer:InputDialogPeer = Bool"""
        peer = await self._shared.dialog_peer(caller, query.peer)
        await self._shared.domain.dialogs.mark_unread(
            caller.user_id, peer.marked, query.unread, caller.perm_auth_key_id
        )
        return True

    @rpc("messages.getDialogUnreadMarks")
    async def get_dialog_unread_marks(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """messages.getDialogUnreadMarks#21202222 flags:# ... = Vector<DialogPeer>"""
        return [dialog_peer_view(peer) for peer in await self._shared.domain.dialogs.unread_marks(caller.user_id)]

    @rpc("messages.getPeerSettings")
    async def get_peer_settings(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getPeerSettings#efd9a6a2 peer:InputPeer = messages.PeerSettings"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        settings = tl.peerSettings()
        if peer.kind is PeerKind.USER:
            dialog = await shared.domain.dialogs.get(caller.user_id, peer.marked)
            settings = peer_settings_view(
                await shared.domain.contacts.book(caller.user_id),
                await shared.domain.users.require(peer.id),
                hidden=dialog.hidden_bar,
            )
        users, chats = await shared.peers(caller.user_id, {peer.marked})
        return tl.messages.peerSettings(settings=settings, users=users, chats=chats)

    @rpc("messages.hidePeerSettingsBar")
    async def hide_peer_settings_bar(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.hidePeerSettingsBar#4facb138 peer:InputPeer = Bool"""
        peer = await self._shared.peer(caller, query.peer)
        await self._shared.domain.dialogs.hide_bar(caller.user_id, peer.marked)
        return True

    @rpc("messages.getOnlines")
    async def get_onlines(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getOnlines#6e2be050 peer:InputPeer = ChatOnlines"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        members: Iterable[int]
        if peer.kind is PeerKind.CHAT:
            members = (await shared.domain.chats.looked_at(caller.user_id, peer.id)).members
        elif peer.kind is PeerKind.CHANNEL and not (seat := await shared.seat_at(caller, peer)).channel.is_broadcast:
            members = await shared.domain.channel_members.counted(seat)
        else:
            raise bad_request("CHAT_ID_INVALID")
        presence = shared.domain.presence
        users, _ = await shared.peers(caller.user_id, [one for one in members if presence.is_online(one)])
        online = sum(user.status is not None and user.status.NAME == "userStatusOnline" for user in users)
        return tl.chatOnlines(onlines=max(1, online))

    @rpc("messages.setTyping")
    async def set_typing(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.setTyping#58943ee2 flags:# peer:InputPeer top_msg_id:flags.0?int action:SendMessageAction = Bool"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        action, progress = query.action.NAME, getattr(query.action, "progress", 0) or 0
        if action not in _TOLD:
            return True
        if peer.kind is PeerKind.CHANNEL:
            topic_id = max(0, query.top_msg_id or 0)
            shared.domain.channels.say_typing(await shared.seat_at(caller, peer), action, progress, topic_id)
            return True
        say = shared.domain.dialogs.say_typing if peer.kind is PeerKind.USER else shared.domain.chats.say_typing
        await say(caller.user_id, peer.id, action, progress)
        return True


# The rest carry what only the other client understands (games' interactions, drafts being written), or nothing.
_TOLD = frozenset(
    {
        "sendMessageTypingAction",
        "sendMessageCancelAction",
        "sendMessageRecordVideoAction",
        "sendMessageUploadVideoAction",
        "sendMessageRecordAudioAction",
        "sendMessageUploadAudioAction",
        "sendMessageUploadPhotoAction",
        "sendMessageUploadDocumentAction",
        "sendMessageGeoLocationAction",
        "sendMessageChooseContactAction",
        "sendMessageGamePlayAction",
        "sendMessageRecordRoundAction",
        "sendMessageUploadRoundAction",
        "sendMessageChooseStickerAction",
    }
)


class PrivateChatSettings:
    """Tells profile pages of the viewer's private chats (``views.full_users.Conversations``)."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def with_user(self, owner_id: int, user_id: int) -> Conversation:
        """The owner's chat with that user; an empty one when there is none."""
        dialog = await self._shared.domain.dialogs.get(owner_id, user_id)
        common = await self._shared.domain.chats.common(owner_id, user_id, 0, 500) if user_id != owner_id else []
        behind = await self._shared.domain.chat_wallpapers.behind(owner_id, user_id)
        has_scheduled = await self._shared.domain.scheduled.has_any(owner_id, user_id)
        lifetimes = await self._shared.domain.lifetimes.of(owner_id, [user_id])
        return Conversation(
            dialog.pinned_message_id,
            len(common),
            dialog.folder_id,
            behind,
            has_scheduled,
            lifetimes.get(user_id, 0),
        )


def _written_peer(view: Any) -> int:
    """The marked id that an ``InputPeer`` has in it, whoever may use it: it names a place in the caller's own list."""
    if getattr(view, "channel_id", 0) > 0:
        return marked_channel(view.channel_id)
    if getattr(view, "chat_id", 0) > 0:
        return marked_chat(view.chat_id)
    return max(0, getattr(view, "user_id", 0))


def _folder(folder_id: int) -> int:
    if folder_id not in _FOLDERS:
        raise bad_request("FOLDER_ID_INVALID")
    return folder_id


def archive_view(listed: DialogList, chosen: Mapping[str, Notifications], now: int) -> Any:
    """``dialogFolder``: that there is an archive, and what is unread in it."""
    assert listed.archive is not None
    muted = [unread for peer, unread in listed.unread if is_muted(chosen, peer, now)]
    loud = [unread for peer, unread in listed.unread if not is_muted(chosen, peer, now)]
    return tl.dialogFolder(
        pinned=True,
        folder=tl.folder(id=ARCHIVE, title="Archive"),
        peer=peer_view(listed.archive.peer),
        top_message=listed.archive.top_message_id,
        unread_muted_peers_count=len(muted),
        unread_unmuted_peers_count=len(loud),
        unread_muted_messages_count=sum(muted),
        unread_unmuted_messages_count=sum(loud),
    )
