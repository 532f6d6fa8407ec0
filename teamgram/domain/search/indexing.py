"""Keeping the index up with the messages, after they are committed.

Nothing is written for the index when a message is sent. Each content has a
number, and the index remembers up to which number it is complete: what was sent
after that, before a crash or in a database of the time before there was an index,
is read and indexed in steps. An edit or a deletion leaves word of what a message
said before (``search_changes``), in its own transaction.

Where several transactions write at once, a content may be committed after one
with a higher number was indexed. What was passed over is looked for again when
``SETTLE`` seconds have gone by, and only then counts as complete.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

import msgspec

from teamgram.database import Database
from teamgram.domain.boxes.events import LogEntry
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.talks import Talk
from teamgram.domain.search import store
from teamgram.domain.search.upkeep import Upkeep
from teamgram.domain.updates.events import TransientEvent
from teamgram.domain.updates.fanout import FanoutBus

DELAY = 0.4
"""Seconds from a change to the step that indexes it and all that came after it."""

STEP = 250
"""Contents of one step."""

STEP_BEHIND = 1000
"""The same while an old database is indexed."""

SETTLE = 2.0
"""Seconds after which a content that was written before a newer one is committed, or soon will be."""

ASKED_SECONDS = 1.5
"""Seconds that a search waits for another process to index what was just sent."""

RETRY = 5.0
"""Seconds until the next try when the database failed."""

_AT_ONCE = 4 * STEP
"""With more contents than these to index, a search does not wait for them."""

_STEPS_AWAITED = 8
"""Nor for more steps than these: of what was deleted in heaps nothing is found anyway."""

_PROGRESS_EVERY = 50_000
_MOST_TALKS = 50_000


class IndexWanted(msgspec.Struct, frozen=True):
    """Somebody searches in a process that does not index: whoever does says how far it is when it has caught up."""


class IndexedTo(msgspec.Struct, frozen=True):
    """All contents up to ``read`` are indexed; ``newest`` is the last that there is."""

    read: int
    newest: int


class SearchIndexer:
    """Reads what is new and indexes it; subscribe it to the ``Fanout``.

    Of several processes one indexes, which ``start`` says; the others ask it when somebody searches.
    """

    _log = Logger()

    def __init__(self, database: Database, clock: IReactorTime, bus: FanoutBus) -> None:
        self._database = database
        self._clock = clock
        self._bus = bus
        self._elsewhere = False
        self._waiting: list[Deferred[None]] = []
        bus.listen(IndexWanted, self._wanted)
        bus.listen(IndexedTo, self._told_of)
        self._alone = DeferredLock()
        self._next: IDelayedCall | None = None
        self._is_soon = False  # the next step is due within DELAY
        self._running = False
        # None until the database was asked. Contents up to _read are indexed; up to _settled none was passed over.
        self._read: int | None = None
        self._settled = 0
        self._newest = 0
        # Where writers share commits, contents are committed in the order of their numbers.
        self._in_order = database.engine.shares_commits
        self._marks: deque[tuple[float, int]] = deque()
        self._done: set[int] = set()
        self._talks: dict[Talk, int] = {}
        self._told = 0
        self._upkeep = Upkeep(database, clock)

    def start(self) -> None:
        """Index what there is, and from now on what is changed."""
        if self._elsewhere:
            # What the other one did since is in the database, not here.
            self._read = None
            self._elsewhere = False
        self._running = True
        self._after(0.0)

    def leave_to_another(self) -> None:
        """Another process indexes: while this one does not, it is asked."""
        self._elsewhere = True

    async def stop(self) -> None:
        """No more steps; the one that is being done is finished first."""
        self._running = False
        if self._next is not None:
            self._next.cancel()
            self._next = None
        await self._alone.acquire()
        self._alone.release()

    async def tidy(self, at_most: int = 1 << 30) -> None:
        """Do the upkeep that is due, at most so many steps of it."""
        await self._alone.acquire()
        try:
            while at_most and await self._upkeep.step():
                at_most -= 1
        finally:
            self._alone.release()

    def box_is_long(self, owner_id: int) -> None:
        """A search had to read many messages of the box one by one."""
        self._upkeep.box_is_long(owner_id)
        self._after(DELAY)

    @property
    def is_behind(self) -> bool:
        """Messages that were there before there was an index are not all indexed yet."""
        return self._read is None or self._newest - self._read > _AT_ONCE

    async def catch_up(self) -> None:
        """Index what was committed before the call, so that a search finds what was just sent.

        While an old database is being indexed (there is a progress line) it does not wait for that.
        """
        if self._elsewhere and not self._running:
            await self._ask()
            return
        await self._alone.acquire()
        try:
            for _ in range(_STEPS_AWAITED):
                if not await self._step() or self._newest - (self._read or 0) > _AT_ONCE:
                    break
        finally:
            self._alone.release()

    async def _ask(self) -> None:
        """Have the process that indexes catch up; nobody waits for it for long."""
        told: Deferred[None] = Deferred()
        self._waiting.append(told)
        if len(self._waiting) == 1:
            self._bus.publish(IndexWanted())
        timer = self._clock.callLater(ASKED_SECONDS, self._tell_waiting)
        try:
            await told
        finally:
            if timer.active():
                timer.cancel()

    def _wanted(self, wanted: IndexWanted) -> None:
        if self._running:
            Deferred.fromCoroutine(self._catch_up_and_tell()).addErrback(self._failed)

    async def _catch_up_and_tell(self) -> None:
        await self.catch_up()
        self._bus.publish(IndexedTo(self._read or 0, self._newest))

    def _told_of(self, told: IndexedTo) -> None:
        if not self._running:
            self._read, self._newest = told.read, told.newest
            self._tell_waiting()

    def _tell_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(None)

    # --- FanoutSubscriber ---

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        """Typing and the like are not searched."""

    def logged(
        self, entries: Sequence[LogEntry], messages: Mapping[tuple[int, int], Message], except_perm_auth_key_id: int
    ) -> None:
        """Something was committed: look soon."""
        self._upkeep.boxes_changed(entries)
        if self._next is None or not self._is_soon:
            self._after(DELAY)

    # --- steps ---

    def _after(self, seconds: float) -> None:
        if not self._running:
            return
        self._is_soon = self._is_soon or seconds <= DELAY
        if self._next is None:
            self._next = self._clock.callLater(seconds, self._begin)
        elif self._next.getTime() > self._clock.seconds() + seconds:
            self._next.reset(seconds)

    def _begin(self) -> None:
        self._next = None
        self._is_soon = False
        Deferred.fromCoroutine(self._round()).addErrback(self._failed)

    async def _round(self) -> None:
        """One step, and when the next one is due."""
        await self._alone.acquire()
        try:
            began = self._clock.seconds()
            more = await self._step()
            if not self._in_order:
                await self._look_back()
            # While an old database is indexed, folding has to keep up with it.
            more = await self._upkeep.work(2 * (self._clock.seconds() - began)) or more
        finally:
            self._alone.release()
        if more:
            # Half of the time belongs to everybody else.
            self._after(min(self._clock.seconds() - began, DELAY))
        elif not self._in_order and self._settled < (self._read or 0):
            self._after(SETTLE)

    def _failed(self, failure: Failure) -> None:
        self._log.warn("indexing messages for search: {error}", error=failure.getErrorMessage())
        self._after(RETRY)

    async def _step(self) -> bool:
        """Index the next contents and changes; whether there are more."""
        if self._read is None:
            self._settled, self._newest = await self._database.read("search index state", store.indexed_up_to_txn)
            self._read = self._told = self._settled
            if self._newest - self._read > _AT_ONCE:
                self._database.leave_to_threads("messages to index")
                self._log.info("indexing {count} messages for search", count=self._newest - self._read)
        step = STEP_BEHIND if self.is_behind else STEP
        found = await self._database.read("messages to index", store.unindexed_txn, self._read, step)
        if not found.last_id and not found.changes:
            return False
        read = found.last_id or self._read
        if self._in_order:
            self._settled = read
        await self._write(found)
        self._read = read
        self._newest = max(self._newest, read)
        if not self._in_order and found.last_id:
            self._done.update(found.terms)
            self._marks.append((self._clock.seconds(), read))
        self._tell_progress(read)
        return True

    async def _look_back(self) -> None:
        """Index what was committed late."""
        up_to = self._settled
        while self._marks and self._marks[0][0] <= self._clock.seconds() - SETTLE:
            up_to = self._marks.popleft()[1]
        if up_to == self._settled:
            return
        late = await self._database.write("late messages", store.late_txn, self._settled, up_to, frozenset(self._done))
        self._settled = up_to
        await self._write(late)
        self._done = {content_id for content_id in self._done if content_id > up_to}

    async def _write(self, found: store.Indexed) -> None:
        talks = {talk for talk, _ in (*found.terms.values(), *found.gone.values())}
        known = {talk: self._talks[talk] for talk in talks if talk in self._talks}
        written = await self._database.write("index messages", store.index_txn, found, known, self._settled)
        if len(self._talks) > _MOST_TALKS:
            self._talks.clear()
            self._upkeep.forget()
        self._talks.update(written.talks)
        self._upkeep.wrote(written.rows)

    def _tell_progress(self, read: int) -> None:
        if read - self._told >= _PROGRESS_EVERY and self._newest > read:
            self._told = read
            self._log.info("indexing messages for search: {read} of {newest}", read=read, newest=self._newest)
