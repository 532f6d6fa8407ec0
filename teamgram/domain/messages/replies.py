"""What a message answers: a message of the same dialog, or of another one, which is shown by a quote of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from teamgram.database import Transaction
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.message import Forward, Message, Reply
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.channels.channel import Seat
from teamgram.domain.channels.errors import ChannelPrivate
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.chats.errors import ChatForbidden
from teamgram.domain.ids.peer import channel_id_of, is_channel
from teamgram.domain.messages import quotes, rules
from teamgram.domain.messages.authors import authors_txn, sender_named_txn
from teamgram.domain.messages.channel_view import channel_messages_txn
from teamgram.domain.messages.errors import MessageIdInvalid, QuoteInvalid
from teamgram.domain.messages.place import group_place_txn
from teamgram.domain.messages.threads import NO_THREAD, TOPIC_CREATED, Thread, thread_of


@dataclass(frozen=True, slots=True)
class Quote:
    """What the sender quotes of the answered message.

    Attributes:
        text: empty for an answer to another dialog's message without a quote.
        offset: UTF-16 offset of the quote in the answered text, roughly.
        peer: marked id of the other dialog that the answered message lies in, 0 for this one.
    """

    text: str
    entities: tuple[Entity, ...] = ()
    offset: int = 0
    peer: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What stands in the new message.

    Attributes:
        ids: every owner's own id of the answered message; empty when it is gone, or of another dialog.
        author_id: who wrote it, 0 where nobody is to be told.
        thread: in a channel, where the answer belongs.
    """

    ids: Mapping[int, int] = field(default_factory=dict)
    author_id: int = 0
    reply: Reply | None = None
    thread: Thread = NO_THREAD


_NOTHING = Answered()


def answered_txn(
    txn: Transaction, owner_id: int, peer: int, message_id: int, now: int, quote: Quote | None = None
) -> Answered:
    """The message ``message_id`` of the owner's box, or of the channel ``peer``, as a message to ``peer`` answers it.

    Raises:
        QuoteInvalid: what is quoted was not written there, or is not the owner's to read.
        ForwardsRestricted, ChatForbidden, ChatNotFound, ChannelPrivate, …: another dialog's message, see
            ``rules.check_copies``.
    """
    if not message_id:
        return _NOTHING
    if quote is not None and quote.peer not in (0, peer):
        return _elsewhere_txn(txn, owner_id, message_id, quote, now)
    if is_channel(peer):
        seat = seat_txn(txn, channel_id_of(peer), owner_id, now)
        message = channel_messages_txn(txn, owner_id, peer, [message_id], seat.hidden_up_to).get(message_id)
    else:
        message = messages_txn(txn, owner_id, [message_id]).get(message_id)
    if message is None or message.peer != peer:
        if quote is not None:
            raise QuoteInvalid(str(message_id))
        return _NOTHING
    reply = None
    if quote is not None:
        offset, entities = quotes.locate(message.text, message.extra.entities, quote.text, quote.entities, quote.offset)
        reply = Reply(quote.text, entities, offset, quoted=True)
    if is_channel(peer):
        # Who begins a topic is not spoken to by all that is written in it.
        is_topic = message.extra.action is not None and message.extra.action.kind == TOPIC_CREATED
        # Neither is who posted to a channel by all who comment on it.
        is_copy = message.extra.as_peer not in (0, peer)
        author_id = 0 if is_topic or is_copy else message.sender_id
        return Answered({peer: message_id}, author_id, reply, thread_of(message))
    txn.execute("SELECT owner_id, id FROM messages WHERE content_id = ?", (message.content_id,))
    return Answered(dict(txn.fetchall()), message.sender_id, reply)


def _elsewhere_txn(txn: Transaction, owner_id: int, message_id: int, quote: Quote, now: int) -> Answered:
    chat = group_place_txn(txn, owner_id, quote.peer, now)
    if isinstance(chat, Seat):
        found = channel_messages_txn(txn, owner_id, quote.peer, [message_id], chat.hidden_up_to).get(message_id)
    else:
        found = messages_txn(txn, owner_id, [message_id]).get(message_id)
    try:
        message = rules.check_copies(found, message_id, quote.peer, chat)
    except (MessageIdInvalid, ChatForbidden, ChannelPrivate) as error:
        if quote.text:
            raise QuoteInvalid(str(message_id)) from None
        if not isinstance(error, MessageIdInvalid):
            raise
        return _NOTHING
    text = quote.text or message.text[: quotes.MAX_QUOTE]
    said = quote.entities if quote.text else ()
    offset, entities = quotes.locate(message.text, message.extra.entities, text, said, quote.offset)
    first = first_written_txn(txn, owner_id, message)
    return Answered(
        reply=Reply(text, entities, offset, bool(quote.text), first.from_id, first.date, first.from_name),
    )


def first_written_txn(txn: Transaction, by_user_id: int, message: Message) -> Forward:
    """Who wrote the words of a message first, and when, as ``by_user_id`` may name them to others."""
    forward = message.extra.forward
    if forward is not None and (not forward.from_id or is_channel(forward.from_id)):
        return Forward(
            forward.date,
            forward.from_id,
            from_name=forward.from_name,
            post_id=forward.post_id,
            post_author=forward.post_author,
        )
    if forward is not None:
        author = authors_txn(txn, by_user_id, [forward.from_id])[forward.from_id]
        return Forward(forward.date, author.from_id, from_name=author.from_name)
    speaker = sender_named_txn(txn, by_user_id, message)
    if message.extra.post:
        return Forward(message.date, speaker.from_id, post_id=message.id, post_author=message.extra.author)
    return Forward(message.date, speaker.from_id, from_name=speaker.from_name)
