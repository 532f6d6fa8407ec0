"""What bots hear of reactions (core.telegram.org/bots/api#messagereactionupdated, #messagereactioncountupdated)."""

from collections.abc import Sequence

from teamgram.database import Transaction
from teamgram.domain.bot_news.news import BotNews, ReactionChanged, ReactionsCounted, note_txn, takers_txn
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.reactions import Reactions
from teamgram.domain.channels.channel import AdminRight, Seat
from teamgram.domain.channels.store import admin_ids_txn
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.store import admin_ids_txn as chat_admin_ids_txn
from teamgram.domain.contacts.relations import is_bot_txn
from teamgram.domain.messages.seen_message import Where
from teamgram.domain.updates.fanout import Fanout


def note_for_bots_txn(
    txn: Transaction,
    fanout: Fanout,
    whose: tuple[int, int],
    message: Message,
    where: Where,
    copies: Sequence[tuple[int, int, int, int]],
    change: tuple[tuple[str, ...], tuple[str, ...], Reactions],
) -> None:
    """Somebody reacted otherwise: bots that administer the chat, or that it is with, may hear of it.

    Of a post it is told how often people reacted, of all else who; of what bots react with nothing.

    Args:
        whose: who reacted, and when (unix seconds).
        copies: (content, owner, id, peer) of the message.
        change: what they had reacted with, what they do now, and all reactions.
    """
    (user_id, now), (had, wanted, reactions) = whose, change
    if isinstance(where, Seat):
        admins: Sequence[int] = admin_ids_txn(txn, where.channel.id, AdminRight.OTHER)
    elif isinstance(where, Chat):
        admins = chat_admin_ids_txn(txn, where.id)
    else:
        admins = [where.other_id]
    is_post = message.extra.post
    bots = takers_txn(txn, admins, "message_reaction_count" if is_post else "message_reaction")
    if not bots or is_bot_txn(txn, user_id):
        return
    own = {owner_id: (peer, id_) for _, owner_id, id_, peer in copies}
    news: list[tuple[int, BotNews]] = []
    for bot_id in bots:
        place = own.get(message.owner_id if isinstance(where, Seat) else bot_id)
        if place is not None and is_post:
            news.append((bot_id, ReactionsCounted(*place, now, tuple(reactions.counts))))
        elif place is not None:
            news.append((bot_id, ReactionChanged(*place, user_id, now, had, wanted)))
    note_txn(txn, fanout.bus, news, now)
