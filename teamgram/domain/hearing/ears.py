"""What a bot hears of what is said in groups: privacy mode, core.telegram.org/bots/features#privacy-mode.

One rule for every road. Of a basic group a bot's box takes only what the bot hears; a supergroup's one box holds
everything, and what the bot does not hear is left out wherever it is read (``channel_view.seen_txn``) or pushed.
The server's own bots have no token and hear everything: what they make of it is this server's.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.changes import BoxChanges, Outgoing
from teamgram.domain.boxes.message import Extra, Message
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels.channel import Membership
from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.contacts.relations import is_bot_txn
from teamgram.domain.ids.peer import channel_id_of
from teamgram.domain.users.user import User, unpack_traits

_COMMAND = re.compile(r"/[A-Za-z0-9_]+(?:@([A-Za-z0-9_]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ear:
    """A bot with a token as a member of one group.

    Attributes:
        hears_people: all that they say: privacy mode is off, or the bot administers the group.
        joined_at: unix seconds.
    """

    bot_id: int
    username: str
    hears_people: bool = False
    joined_at: int = 0

    def hears(self, text: str, extra: Extra, *, mentioned: bool, by_bot: bool) -> bool:
        """Whether something that another one says is told to the bot.

        What happens to a group everybody hears, and so every post of a channel; what bots say no bot hears
        (core.telegram.org/bots/faq#why-doesn-39t-my-bot-see-messages-from-other-bots).
        """
        if extra.action is not None or extra.post:
            return True
        if by_bot:
            return False
        return self.hears_people or mentioned or extra.via_bot_id == self.bot_id or self._is_commanded(text)

    def _is_commanded(self, text: str) -> bool:
        match = _COMMAND.match(text)
        return match is not None and (match[1] is None or match[1].lower() == self.username.lower())


def ear_of(user: User, membership: Membership | None) -> Ear:
    """That of a bot in a supergroup."""
    is_admin = membership is not None and membership.is_present and membership.role is not Role.MEMBER
    return Ear(user.id, user.username, user.traits.hears_all or is_admin)


def for_ears_txn(
    changes: BoxChanges,
    chat_id: int,
    sender_id: int,
    answered: Mapping[int, int],
    outgoing: Sequence[Outgoing],
) -> list[Outgoing]:
    """What somebody says in a basic group, with whose boxes it does not go into.

    What is answered by something that a bot hears lies in the bot's box, too, where nobody is told of it: it shows
    what ``reply_to_message`` shows.

    Args:
        changes: has the boxes locked.
        answered: every owner's own id of what it answers.
    """
    txn = changes.txn
    ears = [ear for ear in _ears_in_group_txn(txn, chat_id) if ear.bot_id != sender_id]
    if not ears:
        return list(outgoing)
    by_bot, ids = is_bot_txn(txn, sender_id), dict(answered)
    told: list[Outgoing] = []
    for one in outgoing:
        deaf = []
        for ear in ears:
            if not ear.hears(one.text, one.extra, mentioned=ear.bot_id in one.mentioned, by_bot=by_bot):
                deaf.append(ear.bot_id)
            elif sender_id in ids and ear.bot_id not in ids:
                laid = changes.lay_by(ear.bot_id, sender_id, ids[sender_id], ear.joined_at)
                ids |= {ear.bot_id: laid} if laid else {}
        told.append(msgspec.structs.replace(one, unheard=frozenset(deaf), reply_to_ids=ids))
    return told


def _ears_in_group_txn(txn: Transaction, chat_id: int) -> list[Ear]:
    join = txn.engine.ordered_join
    txn.execute(
        f"SELECT p.user_id, u.username, u.bot_traits, p.role, p.joined_at FROM chat_participants p"
        f" {join} bots b ON b.user_id = p.user_id {join} users u ON u.id = p.user_id"
        " WHERE p.chat_id = ? AND p.status = ? AND LENGTH(b.secret_hash) > 0",
        (chat_id, int(Standing.PRESENT)),
    )
    return [
        Ear(row[0], row[1], unpack_traits(row[2]).hears_all or Role(row[3]) is not Role.MEMBER, row[4])
        for row in txn.fetchall()
    ]


def heard_txn(txn: Transaction, user_id: int, messages: Sequence[Message]) -> Sequence[Message]:
    """Those of the messages of channels that somebody hears; for whom is no bot with a token, all."""
    txn.execute(
        "SELECT u.username, u.bot_traits FROM bots b JOIN users u ON u.id = b.user_id"
        " WHERE b.user_id = ? AND LENGTH(b.secret_hash) > 0",
        (user_id,),
    )
    row = txn.fetchone()
    if row is None:
        return messages
    said = [one for one in messages if one.extra.action is None and not one.extra.post and not one.out]
    hears_all = unpack_traits(row[1]).hears_all
    administered = frozenset() if hears_all else _administered_txn(txn, user_id, {one.peer for one in said})
    bots = _bots_among_txn(txn, {one.sender_id for one in said})
    unheard = set()
    for one in said:
        ear = Ear(user_id, row[0], hears_all or one.peer in administered)
        if not ear.hears(one.text, one.extra, mentioned=one.mentioned, by_bot=one.sender_id in bots):
            unheard.add((one.peer, one.id))
    return [one for one in messages if (one.peer, one.id) not in unheard]


def _administered_txn(txn: Transaction, user_id: int, channels: set[int]) -> frozenset[int]:
    """Which of these channels (marked ids) somebody administers."""
    found: set[int] = set()
    by_id = {channel_id_of(marked): marked for marked in channels}
    for some in chunks(sorted(by_id)):
        txn.execute(
            f"SELECT channel_id FROM channel_members WHERE user_id = ? AND channel_id IN ({marks(some)})"
            " AND standing = ? AND role <> ?",
            (user_id, *some, int(Standing.PRESENT), int(Role.MEMBER)),
        )
        found.update(by_id[row[0]] for row in txn.fetchall())
    return frozenset(found)


def _bots_among_txn(txn: Transaction, user_ids: set[int]) -> set[int]:
    found: set[int] = set()
    for some in chunks(sorted(user_ids)):
        txn.execute(f"SELECT id FROM users WHERE is_bot = 1 AND id IN ({marks(some)})", some)
        found.update(row[0] for row in txn.fetchall())
    return found
