"""What happens around bots that is no message: who comes and goes, who reacts, who asks to be let in.

It is noted in the transaction in which it happens, for the bots that want to hear of it, and lies here until their
inbox takes it: whatever is committed is told, also after a crash.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from teamgram.database import Transaction
from teamgram.domain.bot_news.kinds import allows

KEPT_SECONDS = 86_400
"""As of all updates (core.telegram.org/bots/api#getting-updates)."""

_IDS_PER_QUERY = 500


class Publishes(Protocol):
    """A bus that tells every process."""

    def publish(self, event: Any, /) -> object:
        """Tell it."""


class BotNewsCame(msgspec.Struct, frozen=True):
    """After a commit: something lies by for these bots."""

    bot_ids: tuple[int, ...]


class TakenPart(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody is in a chat, as core.telegram.org/bots/api#chatmember tells them apart.

    Attributes:
        status: creator, administrator, member, restricted, left or kicked.
        rights: ``AdminRight`` bits.
        banned: ``Banned`` bits; ``until``: unix seconds, 0 for no end.
        present: of who is restricted.
    """

    status: str = "left"
    rights: int = 0
    banned: int = 0
    until: int = 0
    rank: str = ""
    present: bool = True


LEFT = TakenPart()
MEMBER = TakenPart("member")
KICKED = TakenPart("kicked")


class MemberChanged(msgspec.Struct, frozen=True, omit_defaults=True, tag="chat_member"):
    """Somebody is something else in a chat.

    Attributes:
        peer: marked id, as the bot has it.
        actor_id: who did it.
    """

    peer: int
    actor_id: int
    user_id: int
    date: int
    before: TakenPart
    after: TakenPart
    by_request: bool = False


class ReactionChanged(msgspec.Struct, frozen=True, omit_defaults=True, tag="message_reaction"):
    """Somebody reacts otherwise to a message; ``message_id`` is the bot's."""

    peer: int
    message_id: int
    user_id: int
    date: int
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class ReactionsCounted(msgspec.Struct, frozen=True, omit_defaults=True, tag="message_reaction_count"):
    """So often people reacted to a post, who are not named."""

    peer: int
    message_id: int
    date: int
    counts: tuple[tuple[str, int], ...] = ()


class JoinAsked(msgspec.Struct, frozen=True, omit_defaults=True, tag="chat_join_request"):
    """Somebody asks to be let in; ``hash``: of the link that they asked by, if by any."""

    peer: int
    user_id: int
    date: int
    hash: str = ""


BotNews: TypeAlias = MemberChanged | ReactionChanged | ReactionsCounted | JoinAsked

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BotNews).decode


class _Wishes(msgspec.Struct, frozen=True):
    allowed_updates: tuple[str, ...] = ()


_wishes = msgspec.json.Decoder(_Wishes).decode


def kind_of(news: BotNews, bot_id: int) -> str:
    """The update's name (core.telegram.org/bots/api#update)."""
    if isinstance(news, MemberChanged):
        return "my_chat_member" if news.user_id == bot_id else "chat_member"
    return str(news.__struct_config__.tag)


def takers_txn(txn: Transaction, user_ids: Iterable[int], kind: str) -> list[int]:
    """The bots among users that take a kind of update."""
    wanted, found = sorted(set(user_ids)), []
    for start in range(0, len(wanted), _IDS_PER_QUERY):
        some = wanted[start : start + _IDS_PER_QUERY]
        named = ",".join("?" * len(some))
        # An agent's has no token, and takes nothing.
        txn.execute(f"SELECT user_id, details FROM bots WHERE LENGTH(secret_hash) > 0 AND user_id IN ({named})", some)
        found += [row[0] for row in txn.fetchall() if allows(_wishes(row[1]).allowed_updates, kind)]
    return found


def note_txn(txn: Transaction, bus: Publishes, news: Sequence[tuple[int, BotNews]], now: int) -> None:
    """Lay something by for bots that want it; who waits for it is woken after the commit."""
    if not news:
        return
    bots = tuple(sorted({bot_id for bot_id, _ in news}))
    txn.executemany(
        "INSERT INTO bot_news (bot_id, came_at, payload) VALUES (?, ?, ?)",
        [(bot_id, now, _encode(one)) for bot_id, one in news],
    )
    # A bot that only speaks MTProto takes nothing out.
    txn.executemany(
        "DELETE FROM bot_news WHERE bot_id = ? AND came_at < ?", [(bot_id, now - KEPT_SECONDS) for bot_id in bots]
    )
    txn.call_after(bus.publish, BotNewsCame(bots))


def note_member_txn(txn: Transaction, bus: Publishes, admin_ids: Iterable[int], changed: MemberChanged) -> None:
    """Somebody is something else in a chat: administrators hear of it, and a bot of itself.

    Args:
        admin_ids: who administers the chat.
    """
    if changed.before == changed.after:
        return
    others = set(admin_ids) - {changed.user_id}
    bots = takers_txn(txn, others, "chat_member") if others else []
    bots += takers_txn(txn, (changed.user_id,), "my_chat_member")
    note_txn(txn, bus, [(bot_id, changed) for bot_id in bots], changed.date)


def take_news_txn(txn: Transaction, bot_id: int, since: int) -> list[BotNews]:
    """What lies here for a bot, which has taken it from now on; what is older (unix seconds) is passed over."""
    txn.execute("SELECT id, came_at, payload FROM bot_news WHERE bot_id = ? ORDER BY id", (bot_id,))
    rows = txn.fetchall()
    if not rows:
        return []
    txn.execute("DELETE FROM bot_news WHERE bot_id = ? AND id <= ?", (bot_id, rows[-1][0]))
    news = [_decode(row[2]) for row in rows if row[1] >= since]
    # Of a post that many react to, how it stands in the end tells enough.
    last = {(one.peer, one.message_id): at for at, one in enumerate(news) if isinstance(one, ReactionsCounted)}
    return [
        one
        for at, one in enumerate(news)
        if not isinstance(one, ReactionsCounted) or last[one.peer, one.message_id] == at
    ]


def forget_news_txn(txn: Transaction, bot_id: int) -> None:
    """Nothing lies here for a bot any more."""
    txn.execute("DELETE FROM bot_news WHERE bot_id = ?", (bot_id,))
