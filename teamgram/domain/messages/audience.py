"""Who gets what is written in a dialog, and whether it may be written there."""

from teamgram.database import Transaction
from teamgram.domain.chats.chat import Banned, Chat
from teamgram.domain.chats.errors import ChatNotFound, ChatWriteForbidden
from teamgram.domain.chats.store import chat_txn
from teamgram.domain.users.user import SERVICE_USER_ID

Boxes = tuple[tuple[int, int], ...]
"""(owner, marked id of the dialog in the owner's box)."""


def private_boxes(sender_id: int, user_id: int, *, delivered: bool = True) -> Boxes:
    """The boxes of a private chat.

    Args:
        delivered: False when the other side must not hear of it (they have blocked the sender).
    """
    # Nobody reads what is written to the service account.
    if user_id in (sender_id, SERVICE_USER_ID) or not delivered:
        return ((sender_id, user_id),)
    return ((sender_id, user_id), (user_id, sender_id))


def chat_boxes(chat: Chat) -> Boxes:
    """The boxes of everybody who is in the group."""
    return tuple((user_id, -chat.id) for user_id in chat.members)


def writable_chat_txn(txn: Transaction, user_id: int, chat_id: int, banned: Banned = Banned.SEND_MESSAGES) -> Chat:
    """The group, held so that nobody comes or goes until the transaction ends.

    Raises:
        ChatNotFound: no such group, or the user was never in it.
        ChatWriteForbidden: they are not in it any more, or may not do what ``banned`` forbids.
    """
    chat = chat_txn(txn, chat_id, lock=True)
    if chat is None or user_id not in chat.everybody:
        raise ChatNotFound(str(chat_id))
    if not chat.may(user_id, banned):
        raise ChatWriteForbidden(str(chat_id))
    return chat


def audience_txn(txn: Transaction, sender_id: int, peer: int, *, delivered: bool = True) -> tuple[Boxes, Chat | None]:
    """The boxes that a message of ``sender_id`` to ``peer`` (marked id) goes to, and the group if it is one.

    Raises:
        ChatNotFound, ChatWriteForbidden: see ``writable_chat_txn``.
    """
    if peer > 0:
        return private_boxes(sender_id, peer, delivered=delivered), None
    chat = writable_chat_txn(txn, sender_id, -peer, Banned.SEND_MESSAGES | Banned.SEND_PLAIN)
    return chat_boxes(chat), chat
