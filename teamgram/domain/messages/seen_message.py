"""A message as a user has it, where it lies, and whether they may change what others see below it."""

from teamgram.database import Transaction
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels.channel import Seat
from teamgram.domain.chats import rights
from teamgram.domain.chats.chat import Banned, Chat
from teamgram.domain.contacts import relations
from teamgram.domain.contacts.relations import Relation
from teamgram.domain.messages.channel_view import channel_messages_txn
from teamgram.domain.messages.errors import EditForbidden, MessageIdInvalid
from teamgram.domain.messages.place import place_txn

Where = Chat | Relation | Seat


def where_txn(txn: Transaction, user_id: int, peer: int, now: int) -> Where:
    """The group, the two people or the channel; for who may look there.

    Raises:
        ChatNotFound, UserNotFound, ChannelNotFound: there is none.
        ChatForbidden, ChannelPrivate: they may not look.
    """
    place = place_txn(txn, user_id, peer, now)
    if isinstance(place, Seat):
        channel_rights.check_reads(place)
    elif isinstance(place, Chat):
        rights.check_looks(place, user_id)
    return place


def seen_messages_txn(
    txn: Transaction, user_id: int, peer: int, message_ids: tuple[int, ...], now: int
) -> tuple[dict[int, Message], Where]:
    """Those of the messages in a dialog (marked id) that the user has, by id.

    Raises:
        As ``where_txn``.
    """
    where = where_txn(txn, user_id, peer, now)
    if isinstance(where, Seat):
        return channel_messages_txn(txn, user_id, peer, message_ids, where.hidden_up_to), where
    found = messages_txn(txn, user_id, message_ids)
    return {id_: message for id_, message in found.items() if message.peer == peer}, where


def seen_message_txn(txn: Transaction, user_id: int, peer: int, message_id: int, now: int) -> tuple[Message, Where]:
    """One message that was written by somebody.

    Raises:
        MessageIdInvalid: they have none of that id there, or it is a service message.
        ChatForbidden, ChannelPrivate, …: see ``where_txn``.
    """
    found, where = seen_messages_txn(txn, user_id, peer, (message_id,), now)
    message = found.get(message_id)
    if message is None or message.extra.action is not None:
        raise MessageIdInvalid(str(message_id))
    return message, where


def check_takes_part(where: Where, user_id: int) -> None:
    """Change what others see below a message: vote, tick off, react. For members, and where the other one is heard.

    Raises:
        UserNotParticipant: of a channel.
        ChatWriteForbidden: nobody is in the group any more.
        EditForbidden: the other one has blocked them; what both see is not theirs to change.
        PeerBlockedByOwner, PeerDeactivated, …: see ``relations.check_writes``.
    """
    if isinstance(where, Seat):
        channel_rights.check_present(where)
    elif isinstance(where, Chat):
        rights.check_writes(where, user_id, Banned(0))
    elif not relations.check_writes(where):
        raise EditForbidden(str(user_id))
