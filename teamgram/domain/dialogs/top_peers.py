"""With whom somebody has most to do, counted from what they wrote lately (core.telegram.org/api/top-rating).

Nothing is written for it when a message is sent: it is asked once a day at most, and the newest messages say it. A
message counts e^(-age / DECAY); so a day later everything counts less, and the order stays.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import exp

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.message import Extra, unpack_extra
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.dialogs import channels_store
from teamgram.domain.ids.peer import channel_id_of, is_user
from teamgram.domain.users.user import SERVICE_USER_ID

DECAY = 2_419_200
"""Seconds; ``rating_e_decay`` of help.getConfig."""

LOOKED_AT = 2000
"""Of a box's newest messages; for what is inside of them ``LOOKED_INTO``."""
LOOKED_INTO = 500

CORRESPONDENTS, BOTS, INLINE_BOTS = "Correspondents", "BotsPM", "BotsInline"
GROUPS, CHANNELS = "Groups", "Channels"
FORWARD_USERS, FORWARD_CHATS = "ForwardUsers", "ForwardChats"
CATEGORIES = (CORRESPONDENTS, BOTS, INLINE_BOTS, GROUPS, CHANNELS, FORWARD_USERS, FORWARD_CHATS)
"""As TL's ``topPeerCategory…`` name them."""

_OFF = "top_peers_off"
_FORGOTTEN = "top_peers_forgotten"
MAX_FORGOTTEN = 500

Ratings = Mapping[str, Sequence[tuple[int, float]]]
"""By category (marked peer, rating), the highest first."""


class TopPeers:
    """Everybody's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rated(self, owner_id: int, categories: Sequence[str], now: int) -> Ratings | None:
        """The ratings of these categories; None: the owner does not want to be told any."""
        return await self._database.read("top peers", _rated_txn, owner_id, tuple(categories), now)

    async def switch(self, owner_id: int, on: bool) -> None:
        """Whether the owner wants them at all."""
        await self._database.write("switch top peers", _switch_txn, owner_id, on)

    async def forget(self, owner_id: int, category: str, peer: int, now: int) -> None:
        """Count only what is written to that peer (marked id) from now on."""
        await self._database.write("forget top peer", _forget_txn, owner_id, category, peer, now)


def _rated_txn(txn: Transaction, owner_id: int, categories: tuple[str, ...], now: int) -> Ratings | None:
    txn.execute("SELECT 1 FROM account_settings WHERE user_id = ? AND name = ?", (owner_id, _OFF))
    if txn.fetchone() is not None:
        return None
    forgotten = _forgotten_txn(txn, owner_id)
    counted: dict[str, dict[int, float]] = {category: defaultdict(float) for category in categories}

    def count(category: str, peer: int, at: int) -> None:
        if category in counted and at > forgotten.get((category, peer), 0):
            counted[category][peer] += exp((at - now) / DECAY)

    written = _written_txn(txn, owner_id)
    people = {peer for peer, _ in written if is_user(peer)}
    bots = _bots_txn(txn, people)
    for peer, at in written:
        if not is_user(peer):
            count(GROUPS, peer, at)
        elif peer in bots:
            count(BOTS, peer, at)
        elif peer in people - {owner_id, SERVICE_USER_ID}:
            count(CORRESPONDENTS, peer, at)
    if counted.keys() & {INLINE_BOTS, FORWARD_USERS, FORWARD_CHATS}:
        for peer, at, extra in _insides_txn(txn, owner_id):
            if extra.via_bot_id:
                count(INLINE_BOTS, extra.via_bot_id, at)
            if extra.forward is not None and peer != owner_id:
                count(FORWARD_USERS if is_user(peer) else FORWARD_CHATS, peer, at)
    if counted.keys() & {GROUPS, CHANNELS}:
        for peer, at, is_broadcast in _read_txn(txn, owner_id):
            count(CHANNELS if is_broadcast else GROUPS, peer, at)
    return {category: sorted(peers.items(), key=lambda one: (-one[1], one[0])) for category, peers in counted.items()}


def _written_txn(txn: Transaction, owner_id: int) -> list[tuple[int, int]]:
    """(peer, when) of what the owner sent, among the newest messages of their box."""
    txn.execute(
        "SELECT peer, sent_at, outgoing FROM messages WHERE owner_id = ? ORDER BY id DESC LIMIT ?",
        (owner_id, LOOKED_AT),
    )
    return [(peer, at) for peer, at, outgoing in txn.fetchall() if outgoing]


def _insides_txn(txn: Transaction, owner_id: int) -> list[tuple[int, int, Extra]]:
    txn.execute(
        "SELECT m.peer, m.sent_at, c.extra FROM messages m JOIN message_contents c ON c.id = m.content_id"
        " WHERE m.owner_id = ? AND m.id > (SELECT COALESCE(MAX(last_message_id), 0) FROM message_boxes"
        " WHERE owner_id = ?) - ? AND m.outgoing = 1 AND c.extra IS NOT NULL",
        (owner_id, owner_id, LOOKED_INTO),
    )
    return [(peer, at, unpack_extra(extra)) for peer, at, extra in txn.fetchall()]


def _bots_txn(txn: Transaction, user_ids: set[int]) -> set[int]:
    """Those that are bots; accounts that are deleted are taken out of ``user_ids``."""
    bots: set[int] = set()
    for some in chunks(sorted(user_ids)):
        txn.execute(f"SELECT id, is_bot, is_deleted FROM users WHERE id IN ({marks(some)})", some)
        found = txn.fetchall()
        bots |= {row[0] for row in found if row[1]}
        user_ids -= {row[0] for row in found if row[2]}
    return bots


def _read_txn(txn: Transaction, owner_id: int) -> list[tuple[int, int, bool]]:
    """(peer, when it was written to last, whether it is a channel) of those that the owner has read to the end."""
    dialogs = channels_store.in_folder_txn(txn, owner_id, None)
    read = [one for one in dialogs if one.top_message_id and one.read_inbox_max_id >= one.top_message_id]
    kinds: dict[int, bool] = {}
    for some in chunks([channel_id_of(one.peer) for one in read]):
        txn.execute(f"SELECT id, kind FROM channels WHERE id IN ({marks(some)})", some)
        kinds.update((row[0], row[1] == 0) for row in txn.fetchall())
    return [(one.peer, one.top_sent_at, kinds.get(channel_id_of(one.peer), False)) for one in read]


def _forgotten_txn(txn: Transaction, owner_id: int) -> dict[tuple[str, int], int]:
    txn.execute("SELECT setting FROM account_settings WHERE user_id = ? AND name = ?", (owner_id, _FORGOTTEN))
    row = txn.fetchone()
    return {(category, peer): at for category, peer, at in json.loads(row[0])} if row is not None else {}


def _switch_txn(txn: Transaction, owner_id: int, on: bool) -> None:
    if on:
        txn.execute("DELETE FROM account_settings WHERE user_id = ? AND name = ?", (owner_id, _OFF))
    else:
        txn.upsert("account_settings", {"user_id": owner_id, "name": _OFF}, {"setting": "true"})


def _forget_txn(txn: Transaction, owner_id: int, category: str, peer: int, now: int) -> None:
    forgotten = _forgotten_txn(txn, owner_id)
    forgotten.pop((category, peer), None)
    forgotten[category, peer] = now
    kept = [[*key, at] for key, at in forgotten.items()][-MAX_FORGOTTEN:]
    txn.upsert("account_settings", {"user_id": owner_id, "name": _FORGOTTEN}, {"setting": json.dumps(kept)})
