"""What a bot has not taken yet: filled from its box's log and by what is no message, emptied when it confirms.

An update waits until the bot asks for what comes after it, or a day (core.telegram.org/bots/api#getting-updates).
Messages go in when somebody asks: until then the log of the box holds them. So nothing is written twice for a bot
that only speaks MTProto, and a crash loses nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.bot_news.kinds import allows
from teamgram.domain.bot_news.news import BotNewsCame, forget_news_txn, kind_of, take_news_txn
from teamgram.domain.bots import store
from teamgram.domain.bots.bot import Bot
from teamgram.domain.bots.channel_inbox import followed_txn, skip_txn, take_channel_txn
from teamgram.domain.bots.errors import BotNotFound, TakenElsewhere
from teamgram.domain.bots.update import BotMessage, BotUpdate, WaitingUpdate, pack_update, unpack_update
from teamgram.domain.boxes.difference import Difference, difference_txn
from teamgram.domain.boxes.events import OF_WORDS, LogEntry, MessageEdited
from teamgram.domain.boxes.message import Message
from teamgram.domain.updates.events import (
    BotCallbackAsked,
    BotInlineAsked,
    BotInlineCallbackAsked,
    BotInlineChosen,
    ChannelChanged,
    PollChanged,
    TransientEvent,
)
from teamgram.domain.updates.fanout import Fanout

KEPT_SECONDS = 86_400
MOST_TAKEN = 100
"""At once (core.telegram.org/bots/api#getupdates)."""

MOST_WAITING = 100_000
"""Of a bot. Whoever presses buttons fills it, and a bot that only speaks MTProto never takes anything out."""

_ENTRIES = 200


class BotPolled(msgspec.Struct, frozen=True):
    """Somebody begins to take a bot's updates: whoever did before stops."""

    bot_id: int


@dataclass(frozen=True, slots=True)
class InboxState:
    """How much waits."""

    waiting: int


class BotInbox:
    """Subscribe it to the ``Fanout``."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._bus = fanout.bus
        self._clock = clock
        self._polls: dict[int, Deferred[None]] = {}
        # Who is in which channel, by its marked id, of those who have asked: kept when they do not wait.
        self._listening: dict[int, set[int]] = {}
        self._channels: dict[int, tuple[int, ...]] = {}
        self._bus.listen(BotPolled, lambda polled: self._end_poll(polled.bot_id))
        self._bus.listen(BotNewsCame, lambda came: self._wake_all(came.bot_ids))

    async def take(
        self,
        bot_id: int,
        offset: int,
        limit: int,
        seconds: float,
        allowed: tuple[str, ...] | None = None,
        after: int = 0,
    ) -> list[WaitingUpdate]:
        """What waits from ``offset`` on, which confirms all before it; waits so long for some when there is none.

        Args:
            offset: negative: only so many, the newest, and all before them are forgotten.
            allowed: the kinds of updates from now on; None: as before.
            after: only what comes after that update, which confirms nothing.

        Raises:
            BotNotFound.
            TakenElsewhere: another one asks for the same bot meanwhile.
        """
        self._bus.publish(BotPolled(bot_id))
        until, is_new = self._clock.seconds() + seconds, False
        while True:
            # There before the look, so that what comes while it goes on is not missed.
            woken = self._polls[bot_id] = Deferred()
            try:
                found = await self._look(bot_id, offset, limit, allowed, after, is_new=is_new)
                left = until - self._clock.seconds()
                if not (found or left <= 0):
                    timer = self._clock.callLater(left, self._wake, bot_id, woken)
                    try:
                        await woken
                        is_new = True
                    finally:
                        if timer.active():
                            timer.cancel()
                elif woken.called:
                    await woken  # Somebody else's turn begins, perhaps.
            finally:
                if self._polls.get(bot_id) is woken:
                    del self._polls[bot_id]
            if found or left <= 0:
                return found
            offset, allowed = max(offset, 0), None

    def _listen(self, bot_id: int, channels: tuple[int, ...]) -> bool:
        """What is written in these channels (marked ids) wakes the bot, and in no others; whether some are new."""
        before = self._channels.pop(bot_id, ())
        if before == channels == ():
            return False
        if channels:
            self._channels[bot_id] = channels
        for channel in set(before) - set(channels):
            self._listening[channel].discard(bot_id)
            if not self._listening[channel]:
                del self._listening[channel]
        for channel in channels:
            self._listening.setdefault(channel, set()).add(bot_id)
        return not set(channels) <= set(before)

    async def _look(
        self, bot_id: int, offset: int, limit: int, allowed: tuple[str, ...] | None, after: int, *, is_new: bool
    ) -> list[WaitingUpdate]:
        """What waits now.

        Args:
            is_new: something has come, most likely: there is something to write.
        """
        now = int(self._clock.seconds())
        limit = min(max(limit, 1), MOST_TAKEN)
        if allowed is None and offset >= 0 and not is_new:
            waiting, channels = await self._database.read(
                "look for bot updates", _untouched_txn, bot_id, offset, limit, now, after
            )
            listens = not self._listen(bot_id, channels)
            # What came to a channel before it was listened to would wake nobody.
            if waiting or (waiting is not None and listens):
                return waiting
        found, channels = await self._database.write(
            "take bot updates", _take_txn, bot_id, offset, limit, allowed, now, after
        )
        if self._listen(bot_id, channels) and not found:
            return await self._look(bot_id, max(offset, 0), limit, None, after, is_new=False)
        return found

    async def confirm(self, bot_id: int, update_id: int) -> None:
        """One of them was brought; those before it may still be on their way."""
        await self._database.write("confirm bot update", _confirm_txn, bot_id, update_id)

    async def forget(self, bot_id: int) -> None:
        """Drop all that waits."""
        await self._database.write("forget bot updates", _forget_txn, bot_id)

    async def state(self, bot_id: int) -> InboxState:
        """How much waits now."""
        now = int(self._clock.seconds())
        await self._database.write("count bot updates", _take_txn, bot_id, 0, 1, None, now)
        return InboxState(await self._database.read("bot updates", _count_txn, bot_id))

    def stop_waiting(self, bot_id: int) -> None:
        """Whoever waits gets an empty answer: the client is gone, or the server stops."""
        poll = self._polls.get(bot_id)
        if poll is not None:
            self._wake(bot_id, poll)

    def stop(self) -> None:
        """Let everybody go who waits."""
        for bot_id in list(self._polls):
            self.stop_waiting(bot_id)

    def _wake(self, bot_id: int, poll: "Deferred[None]") -> None:
        if self._polls.get(bot_id) is poll:
            del self._polls[bot_id]
        if not poll.called:
            poll.callback(None)

    def _end_poll(self, bot_id: int) -> None:
        poll = self._polls.pop(bot_id, None)
        if poll is not None and not poll.called:
            poll.errback(TakenElsewhere(str(bot_id)))

    # --- FanoutSubscriber ---

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        """Wake who waits for a pressed button, to be asked, or is in another channel now, to which it is to listen."""
        if isinstance(
            event,
            BotCallbackAsked | BotInlineCallbackAsked | BotInlineAsked | BotInlineChosen | PollChanged | ChannelChanged,
        ):
            self._wake_all(user_ids)

    def logged(
        self,
        entries: Sequence[LogEntry],
        messages: Mapping[tuple[int, int], Message],
        except_perm_auth_key_id: int,
    ) -> None:
        """Wake who waits for messages."""
        polls, listening = self._polls, self._listening
        if not polls:
            return
        for one in entries:
            owner_id = one.owner_id
            if owner_id in polls and isinstance(one.event, OF_WORDS):
                self._wake_all((owner_id,))
            elif owner_id in listening and isinstance(one.event, OF_WORDS):
                self._wake_all(tuple(listening[owner_id]))

    def _wake_all(self, bot_ids: Iterable[int]) -> None:
        for bot_id in bot_ids:
            poll = self._polls.get(bot_id)
            if poll is not None:
                self._wake(bot_id, poll)


def append_txn(txn: Transaction, bot_id: int, update: BotUpdate, now: int) -> None:
    """Put something in that is no message, after the messages that came before it.

    Raises:
        BotNotFound.
    """
    _fill_txn(txn, bot_id, now)
    _append_txn(txn, bot_id, [update], now)


def _untouched_txn(
    txn: Transaction, bot_id: int, offset: int, limit: int, now: int, after: int
) -> tuple[list[WaitingUpdate] | None, tuple[int, ...]]:
    """What waits when there is nothing to write for it, else None; and the bot's channels, as marked ids."""
    txn.execute(
        "SELECT b.taken_pts, COALESCE(m.pts, 1), EXISTS (SELECT 1 FROM bot_news n WHERE n.bot_id = b.user_id)"
        " FROM bots b LEFT JOIN message_boxes m ON m.owner_id = b.user_id WHERE b.user_id = ?",
        (bot_id,),
    )
    row = txn.fetchone()
    if row is None:
        raise BotNotFound(str(bot_id))
    followed = followed_txn(txn, bot_id)
    channels = tuple(one.marked for one in followed)
    if row[1] > row[0] or row[2] or any(one.moved for one in followed):
        return None, channels
    txn.execute(
        "SELECT COUNT(*) FROM bot_updates WHERE bot_id = ? AND (update_id < ? OR came_at < ?)",
        (bot_id, offset, now - KEPT_SECONDS),
    )
    stale = txn.fetchone()
    waiting = None if stale is not None and stale[0] else _waiting_txn(txn, bot_id, limit, after)
    return waiting, channels


def _take_txn(
    txn: Transaction, bot_id: int, offset: int, limit: int, allowed: tuple[str, ...] | None, now: int, after: int = 0
) -> tuple[list[WaitingUpdate], tuple[int, ...]]:
    if allowed is not None:
        bot = store.bots_txn(txn, [bot_id]).get(bot_id)
        if bot is not None and bot.details.allowed_updates != allowed:
            # What came before was chosen by the old list.
            _fill_txn(txn, bot_id, now)
            details = msgspec.structs.replace(bot.details, allowed_updates=allowed)
            store.set_details_txn(txn, bot_id, details)
    channels = _fill_txn(txn, bot_id, now)
    if offset < 0:
        txn.execute(
            "SELECT update_id FROM bot_updates WHERE bot_id = ? ORDER BY update_id DESC LIMIT ?", (bot_id, -offset)
        )
        newest = [row[0] for row in txn.fetchall()]
        offset = newest[-1] if newest else 0
    txn.execute(
        "DELETE FROM bot_updates WHERE bot_id = ? AND (update_id < ? OR came_at < ?)",
        (bot_id, offset, now - KEPT_SECONDS),
    )
    return _waiting_txn(txn, bot_id, limit, after), channels


def _waiting_txn(txn: Transaction, bot_id: int, limit: int, after: int) -> list[WaitingUpdate]:
    txn.execute(
        "SELECT update_id, came_at, payload FROM bot_updates WHERE bot_id = ? AND update_id > ?"
        " ORDER BY update_id LIMIT ?",
        (bot_id, after, limit),
    )
    return [WaitingUpdate(row[0], row[1], unpack_update(row[2])) for row in txn.fetchall()]


def _fill_txn(txn: Transaction, bot_id: int, now: int) -> tuple[int, ...]:
    """Take what is new in the logs of the bot's box and of its channels; the marked ids of these."""
    txn.execute(f"SELECT taken_pts FROM bots WHERE user_id = ?{txn.engine.for_update}", (bot_id,))
    row = txn.fetchone()
    bot = store.bots_txn(txn, [bot_id]).get(bot_id)
    if row is None or bot is None:
        raise BotNotFound(str(bot_id))
    taken, more = int(row[0]), True
    while more:
        found = difference_txn(txn, bot_id, taken, _ENTRIES, 0, now - KEPT_SECONDS)
        _append_txn(txn, bot_id, _messages_of(bot, found, now), now)
        more = not found.complete and found.reached_pts > taken
        # Of what is committed between the two looks the entries tell, and the state does not (READ COMMITTED).
        taken = max(taken, found.reached_pts, *(entry.pts for entry in found.entries[-1:]))
    if taken != row[0]:
        txn.execute("UPDATE bots SET taken_pts = ? WHERE user_id = ?", (taken, bot_id))
    followed = followed_txn(txn, bot_id)
    for one in followed:
        if one.moved:
            _append_txn(txn, bot_id, take_channel_txn(txn, bot, one, now, now - KEPT_SECONDS), now)
    news = take_news_txn(txn, bot_id, now - KEPT_SECONDS)
    _append_txn(txn, bot_id, [one for one in news if allows(bot.details.allowed_updates, kind_of(one, bot_id))], now)
    return tuple(one.marked for one in followed)


def _messages_of(bot: Bot, found: Difference, now: int) -> list[BotMessage]:
    """Of what happened in a bot's box, what it is told."""
    told = []
    for entry in found.entries:
        event = entry.event
        if not isinstance(event, OF_WORDS) or entry.date < now - KEPT_SECONDS:
            continue
        message, is_edit = found.messages.get(event.id), isinstance(event, MessageEdited)
        kind = "edited_message" if is_edit else "message"
        # What it does not hear of a group is not in its box.
        if message is not None and not message.out and allows(bot.details.allowed_updates, kind):
            told.append(BotMessage(event.id, is_edit))
    return told


def _append_txn(txn: Transaction, bot_id: int, updates: Sequence[BotUpdate], now: int) -> None:
    if not updates:
        return
    txn.execute("UPDATE bots SET last_update_id = last_update_id + ? WHERE user_id = ?", (len(updates), bot_id))
    txn.execute("SELECT last_update_id FROM bots WHERE user_id = ?", (bot_id,))
    row = txn.fetchone()
    if row is None:
        raise BotNotFound(str(bot_id))
    first = int(row[0]) - len(updates) + 1
    txn.executemany(
        "INSERT INTO bot_updates (bot_id, update_id, came_at, payload) VALUES (?, ?, ?, ?)",
        [(bot_id, number, now, pack_update(update)) for number, update in enumerate(updates, first)],
    )
    txn.execute("DELETE FROM bot_updates WHERE bot_id = ? AND update_id <= ?", (bot_id, int(row[0]) - MOST_WAITING))


def _confirm_txn(txn: Transaction, bot_id: int, update_id: int) -> None:
    txn.execute("DELETE FROM bot_updates WHERE bot_id = ? AND update_id = ?", (bot_id, update_id))


def _forget_txn(txn: Transaction, bot_id: int) -> None:
    txn.execute(
        "UPDATE bots SET taken_pts = COALESCE((SELECT pts FROM message_boxes WHERE owner_id = ?), taken_pts)"
        " WHERE user_id = ?",
        (bot_id, bot_id),
    )
    skip_txn(txn, bot_id)
    forget_news_txn(txn, bot_id)
    txn.execute("DELETE FROM bot_updates WHERE bot_id = ?", (bot_id,))


def _count_txn(txn: Transaction, bot_id: int) -> int:
    txn.execute("SELECT COUNT(*) FROM bot_updates WHERE bot_id = ?", (bot_id,))
    row = txn.fetchone()
    return int(row[0]) if row else 0
