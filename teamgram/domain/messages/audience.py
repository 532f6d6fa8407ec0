"""Who gets what is written in a dialog, and whether it may be written there."""

from teamgram.database import Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.chats.chat import Banned, Chat
from teamgram.domain.chats.errors import ChatNotFound, ChatWriteForbidden
from teamgram.domain.chats.store import chat_txn
from teamgram.domain.ids.peer import chat_id_of, is_user


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


def audience_txn(
    txn: Transaction, sender_id: int, peer: int, *, delivered: bool = True
) -> tuple[Audience, Chat | None]:
    """Who gets what ``sender_id`` writes to ``peer`` (marked id), and the group if it is one.

    Raises:
        ChatNotFound, ChatWriteForbidden: see ``writable_chat_txn``.
    """
    if is_user(peer):
        return Audience.private(sender_id, peer, delivered=delivered), None
    chat = writable_chat_txn(txn, sender_id, chat_id_of(peer), Banned.SEND_MESSAGES | Banned.SEND_PLAIN)
    return Audience.group(chat.id, chat.members), chat
