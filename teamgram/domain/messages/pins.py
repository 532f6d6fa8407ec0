"""Pinned messages: for both sides of a private chat, for everybody in a group, or for oneself."""

from dataclasses import dataclass

from msgspec.structs import replace

from teamgram.database import Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import BoxChanges, Outgoing, OwnChange
from teamgram.domain.boxes.marks import PINNED
from teamgram.domain.boxes.message import Action, Extra, Tag
from teamgram.domain.boxes.store import copies_txn, messages_txn
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels.admin_log import MessagePinned, log_txn
from teamgram.domain.channels.general_topic import GENERAL
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.channels.voice import in_name_of
from teamgram.domain.chats import rights
from teamgram.domain.chats.chat import Banned
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import ChatNotModified
from teamgram.domain.chats.store import chat_txn, member_ids_txn
from teamgram.domain.contacts import relations
from teamgram.domain.ids.peer import box_owner, channel_id_of, chat_id_of, is_channel, is_user
from teamgram.domain.messages.errors import MessageIdInvalid
from teamgram.domain.messages.pinning import set_pinned_txn
from teamgram.domain.messages.threads import NO_THREAD, in_thread, note_txn, thread_of, topics_of_txn
from teamgram.domain.updates.fanout import Fanout


@dataclass(frozen=True, slots=True)
class PinRequest:
    """A message to pin or to unpin.

    Attributes:
        one_side: in a private chat, only for the owner.
    """

    owner_id: int
    peer: int
    message_id: int
    now: int
    unpin: bool = False
    silent: bool = False
    one_side: bool = False
    perm_auth_key_id: int = 0


def pin_txn(txn: Transaction, fanout: Fanout, request: PinRequest) -> OwnChange:
    """Pin or unpin, and say so in the dialog.

    Raises:
        MessageIdInvalid.
        ChatNotFound, ChatWriteForbidden, ChatAdminRequired: see ``rights.check_permitted``.
        PeerBlockedByOwner, PeerDeactivated, …: see ``relations.check_writes``.
        ChatNotModified: it is so already.
    """
    owner_id, peer = request.owner_id, request.peer
    one_side = request.one_side and is_user(peer)
    audience, note = _pinnable_txn(txn, owner_id, peer, request.now, one_side=one_side)
    box = box_owner(owner_id, peer)
    message = messages_txn(txn, box, [request.message_id]).get(request.message_id)
    if message is None or message.peer != peer or message.extra.action is not None:
        raise MessageIdInvalid(str(request.message_id))
    if message.pinned is not request.unpin:
        raise ChatNotModified(str(request.message_id))
    changes = BoxChanges(txn, request.now)
    here = audience.owner_ids
    changes.lock(here)
    copies = [copy for copy in copies_txn(txn, [message.content_id]) if copy[1] in here]
    set_pinned_txn(txn, changes, copies, not request.unpin)
    thread = NO_THREAD
    if is_channel(peer):
        actor = Actor(owner_id, request.now, request.perm_auth_key_id)
        log_txn(txn, actor, channel_id_of(peer), MessagePinned(replace(message, pinned=not request.unpin)))
        thread = thread_of(message) if message.extra.in_topic else NO_THREAD
    # Unpinning is silent, and nobody needs to be told in Saved Messages.
    if not request.unpin and not one_side and peer != owner_id:
        note = replace(note, silent=request.silent)
        told = Outgoing(
            "",
            in_thread(note, thread),
            int(Tag.SERVICE),
            reply_to_ids={owner: copy_id for _, owner, copy_id, _ in copies},
        )
        (noted,) = changes.post(owner_id, audience, [told])
        if is_channel(peer):
            note_txn(txn, noted.values(), forum=True)
    changes.save(fanout.deliver, request.perm_auth_key_id)
    return changes.own(box, 0 if box == owner_id else owner_id)


def unpin_all_txn(
    txn: Transaction, fanout: Fanout, owner_id: int, peer: int, now: int, perm_auth_key_id: int, topic_id: int = 0
) -> OwnChange:
    """Unpin everything that the owner sees pinned in a dialog, for everybody there.

    Args:
        topic_id: of a forum: only what is in that topic; 0: everywhere.

    Raises:
        ChatNotFound, ChatWriteForbidden, ChatAdminRequired.
    """
    here = _pinnable_txn(txn, owner_id, peer, now)[0].owner_ids
    box = box_owner(owner_id, peer)
    changes = BoxChanges(txn, now)
    changes.lock(here)
    txn.execute(
        "SELECT m.content_id FROM message_marks k JOIN messages m ON m.owner_id = k.owner_id AND m.id = k.id"
        " WHERE k.owner_id = ? AND k.peer = ? AND k.kind = ? ORDER BY k.id",
        (box, peer, PINNED),
    )
    contents = [row[0] for row in txn.fetchall()]
    copies = [copy for copy in copies_txn(txn, contents) if copy[1] in here]
    if topic_id:
        topics = topics_of_txn(txn, peer, [copy[2] for copy in copies])
        copies = [copy for copy in copies if topics.get(copy[2], GENERAL) == topic_id]
    set_pinned_txn(txn, changes, copies, False)
    changes.save(fanout.deliver, perm_auth_key_id)
    return changes.own(box, 0 if box == owner_id else owner_id)


def _pinnable_txn(
    txn: Transaction, owner_id: int, peer: int, now: int, *, one_side: bool = False
) -> tuple[Audience, Extra]:
    """Those for whom the owner may pin: in a private chat both where they may write, always themselves.

    Returns:
        also the note that says so, in whose name it is there.
    """
    note = Extra(action=Action("pinMessage"))
    if is_channel(peer):
        seat = seat_txn(txn, channel_id_of(peer), owner_id, now)
        channel_rights.check_pins(seat)
        return Audience.channel(peer), in_name_of(seat, note)
    if is_user(peer):
        delivered = not one_side and relations.check_writes(relations.relation_txn(txn, owner_id, peer))
        return Audience.private(owner_id, peer, delivered=delivered), note
    chat = rights.known(chat_txn(txn, chat_id_of(peer), (owner_id,), lock=True), chat_id_of(peer), owner_id)
    rights.check_permitted(chat, owner_id, Banned.PIN_MESSAGES)
    return Audience.group(chat.id, member_ids_txn(txn, chat.id)), note
