"""Who gets what is written in a dialog, and whether it may be written there."""

from teamgram.database import Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.chats import rights
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.store import chat_txn, member_ids_txn
from teamgram.domain.contacts import relations
from teamgram.domain.ids.peer import chat_id_of, is_user
from teamgram.domain.messages.place import place_txn


def audience_txn(txn: Transaction, sender_id: int, peer: int) -> tuple[Audience, Chat | None]:
    """Who gets what ``sender_id`` writes to ``peer`` (marked id), and the group if it is one.

    Raises:
        ChatNotFound, ChatWriteForbidden: see ``rights.check_writes``.
        UserNotFound, PeerBlockedByOwner, PeerDeactivated, PeerIsBot, BlockedByPeer: see ``relations.check_writes``.
    """
    if is_user(peer):
        delivered = relations.check_writes(relations.relation_txn(txn, sender_id, peer))
        return Audience.private(sender_id, peer, delivered=delivered), None
    # Held, so that nobody comes or goes until the transaction ends.
    chat = rights.known(chat_txn(txn, chat_id_of(peer), (sender_id,), lock=True), chat_id_of(peer), sender_id)
    rights.check_writes(chat, sender_id)
    return Audience.group(chat.id, member_ids_txn(txn, chat.id)), chat


def writable_txn(txn: Transaction, sender_id: int, peer: int) -> None:
    """Whether ``sender_id`` may write to ``peer`` (marked id), without writing.

    Raises:
        As ``audience_txn``.
    """
    place = place_txn(txn, sender_id, peer)
    if isinstance(place, Chat):
        rights.check_writes(place, sender_id)
    else:
        relations.check_writes(place)
