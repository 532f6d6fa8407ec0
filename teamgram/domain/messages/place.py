"""Where messages lie, read in the transaction that acts there."""

from teamgram.database import Transaction
from teamgram.domain.channels.channel import Seat
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.chats import rights
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.store import chat_txn
from teamgram.domain.contacts.relations import relation_txn
from teamgram.domain.ids.peer import channel_id_of, chat_id_of, is_channel, is_chat
from teamgram.domain.messages.rules import Place


def group_place_txn(txn: Transaction, user_id: int, peer: int, now: int) -> Chat | Seat | None:
    """The group, or the user's seat in the channel, that a marked id names; None for a user's.

    Raises:
        ChatNotFound, ChannelNotFound: there is none.
    """
    if is_channel(peer):
        return seat_txn(txn, channel_id_of(peer), user_id, now)
    if is_chat(peer):
        return rights.known(chat_txn(txn, chat_id_of(peer), (user_id,)), chat_id_of(peer), user_id)
    return None


def place_txn(txn: Transaction, owner_id: int, peer: int, now: int) -> Place:
    """The group that the owner is or was in, what they are in a channel, or what stands between them and a user.

    Args:
        peer: marked id.
        now: unix seconds.

    Raises:
        ChatNotFound, ChannelNotFound, UserNotFound: there is none.
    """
    return group_place_txn(txn, owner_id, peer, now) or relation_txn(txn, owner_id, peer)
