"""Where messages lie, read in the transaction that acts there."""

from teamgram.database import Transaction
from teamgram.domain.chats import rights
from teamgram.domain.chats.store import chat_txn
from teamgram.domain.contacts.relations import relation_txn
from teamgram.domain.ids.peer import chat_id_of, is_chat
from teamgram.domain.messages.rules import Place


def place_txn(txn: Transaction, owner_id: int, peer: int) -> Place:
    """The group that the owner is or was in, or what stands between them and a user.

    Args:
        peer: marked id.

    Raises:
        ChatNotFound, UserNotFound: there is none.
    """
    if is_chat(peer):
        return rights.known(chat_txn(txn, chat_id_of(peer), (owner_id,)), chat_id_of(peer), owner_id)
    return relation_txn(txn, owner_id, peer)
