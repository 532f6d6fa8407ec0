"""RPCScheduledMessages: what waits for its time, and sending it earlier or never."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.files.input_media import InputMediaReader
from teamgram.bff.list_hash import list_hash
from teamgram.bff.messages.compose import captioned
from teamgram.bff.messages.web_pages import chosen_preview
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.message import Message
from teamgram.domain.ids.peer import Peer
from teamgram.domain.scheduled.editing import ScheduledEdit
from teamgram.domain.scheduled.scheduled import MAX_SCHEDULED, PutOff
from teamgram.domain.updates.events import ScheduledGone
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.mtproto.tl import tl

# A message that is due so soon is sent at once, as on the official server.
_AT_ONCE = 10


def due_at(shared: Shared, query: Any) -> int:
    """When a message is to be sent (unix seconds, or ``WHEN_ONLINE``), 0 for at once.

    Raises:
        RpcError: ``PREMIUM_ACCOUNT_REQUIRED``: it is to be sent again and again.
    """
    if getattr(query, "schedule_repeat_period", None):
        raise RpcError(403, "PREMIUM_ACCOUNT_REQUIRED")
    due: int = query.schedule_date or 0
    return due if due > shared.now() + _AT_ONCE else 0


async def put_off_answer(shared: Shared, caller: RpcMetadata, put_off: PutOff) -> Any:
    """``updates`` of messages that wait: which is which, and each of them."""
    updates = await shared.updates.answer(put_off.sent.own, (*put_off.ids, *put_off.sent.ids))
    updates.updates += [tl.updateNewScheduledMessage(message=shared.message_view(one)) for one in put_off.waiting]
    users, chats = await shared.peers_of(caller.user_id, put_off.waiting)
    updates.users = _each_once([*updates.users, *users])
    updates.chats = _each_once([*updates.chats, *chats])
    return updates


async def edit_scheduled(shared: Shared, caller: RpcMetadata, peer: Peer, query: Any, reader: InputMediaReader) -> Any:
    """messages.editMessage of a message that waits: a client says for when, also if that stays."""
    if getattr(query, "schedule_repeat_period", None):
        raise RpcError(403, "PREMIUM_ACCOUNT_REQUIRED")
    if not await shared.domain.scheduled.get(caller.user_id, peer.marked, [query.id]):
        raise bad_request("MESSAGE_ID_INVALID")
    media = preview = None
    text: str | None = None
    entities: tuple[Entity, ...] = ()
    tags = 0
    if query.message is not None:
        text, entities, tags = await captioned(shared, caller, query.message, query.entities)
    if query.media is not None and query.media.NAME == "inputMediaWebPage":
        preview = await chosen_preview(shared, caller, query.media)
    elif query.media is not None and query.media.NAME != "inputMediaEmpty":
        media = await reader.media(caller, query.media)
    elif entities and not query.no_webpage and shared.domain.previews.enabled:
        preview = await shared.domain.previews.of_text(caller.user_id, text or "", entities)
    edit = ScheduledEdit(
        caller.user_id,
        peer.marked,
        query.id,
        query.schedule_date,
        shared.now(),
        text,
        entities,
        tags,
        media,
        preview,
        query.invert_media,
        caller.perm_auth_key_id,
    )
    message = await shared.domain.scheduled.edit(edit)
    shared.domain.previews.fetch_pending(preview)
    users, chats = await shared.peers_of(caller.user_id, [message])
    update = tl.updateNewScheduledMessage(message=shared.message_view(message))
    return tl.updates(updates=[update], users=users, chats=chats, date=shared.now(), seq=0)


def _each_once(views: list[Any]) -> list[Any]:
    return list({view.id: view for view in views}.values())


class ScheduledService(RpcService):
    """The caller's messages that wait."""

    name = "RPCScheduledMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._scheduled = shared.domain.scheduled

    @rpc("messages.getScheduledHistory")
    async def get_scheduled_history(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getScheduledHistory#f516760b peer:InputPeer hash:long = messages.Messages"""
        peer = await self._shared.peer(caller, query.peer)
        messages = await self._scheduled.of_dialog(caller.user_id, peer.marked)
        if query.hash and query.hash == _hash(messages):
            return tl.messages.messagesNotModified(count=len(messages))
        return await self._shared.messages_answer(caller.user_id, messages)

    @rpc("messages.getScheduledMessages")
    async def get_scheduled_messages(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getScheduledMessages#bdbb0464 peer:InputPeer id:Vector<int> = messages.Messages"""
        peer = await self._shared.peer(caller, query.peer)
        messages = await self._scheduled.get(caller.user_id, peer.marked, _ids(query))
        return await self._shared.messages_answer(caller.user_id, messages)

    @rpc("messages.sendScheduledMessages")
    async def send_scheduled_messages(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.sendScheduledMessages#bd38850a peer:InputPeer id:Vector<int> = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        sent, gone = await self._scheduled.send_now(caller.user_id, peer.marked, _ids(query), caller.perm_auth_key_id)
        changes = [one.own for one in sent]
        merged = OwnChange(
            changes[0].owner_id,
            tuple(entry for change in changes for entry in change.entries),
            {id_: message for change in changes for id_, message in change.messages.items()},
            changes[-1].pts,
            changes[0].viewer_id,
        )
        for message in merged.messages.values():
            shared.domain.previews.fetch_pending(message.extra.preview)
        updates = await shared.updates.answer(merged)
        sent_ids = tuple(message_id for one in sent for _, message_id in one.ids)
        updates.updates += shared.drawn(ScheduledGone(peer.marked, tuple(gone), sent_ids))
        return updates

    @rpc("messages.deleteScheduledMessages")
    async def delete_scheduled_messages(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.deleteScheduledMessages#59ae2b16 peer:InputPeer id:Vector<int> = Updates"""
        shared = self._shared
        peer: Peer = await shared.peer(caller, query.peer)
        await self._scheduled.delete(caller.user_id, peer.marked, _ids(query), caller.perm_auth_key_id)
        # Also of those that were gone before: the client need not ask again.
        updates = shared.drawn(ScheduledGone(peer.marked, tuple(_ids(query))))
        return tl.updates(updates=updates, users=[], chats=[], date=shared.now(), seq=0)


def _ids(query: Any) -> list[int]:
    if len(query.id) > MAX_SCHEDULED:
        raise bad_request("MESSAGE_ID_INVALID")
    return list(query.id)


def _hash(messages: list[Message]) -> int:
    """As clients count it: id, date of the last change and date of each, the latest first."""
    return list_hash(number for one in messages for number in (one.id, one.edit_date, one.date))
