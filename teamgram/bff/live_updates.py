"""What the fan-out tells, drawn for those who are there and pushed.

What several are told alike is drawn once (``views/alike``): each gets their own
numbers in it, and it is drawn anew only where a viewer sees a user or a group
in a way of their own. Usually all that is needed is in memory; when something
must be read first, that user's later updates wait behind it, so that they leave
in commit order. Drawing for many takes its part of a reactor turn like anything
else; who has not had theirs gets it in the next.
"""

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from teamgram.bff.views.alike import Owned, alike, renumbered
from teamgram.bff.views.media import FileViews
from teamgram.bff.views.messages import peers_in
from teamgram.bff.views.updates import Drawing, UpdateViews, entries_drawing, split_peers, transient_drawing
from teamgram.domain.boxes.events import LogEntry, MessageEdited, NewMessage
from teamgram.domain.boxes.message import Message
from teamgram.domain.updates.events import TransientEvent
from teamgram.interfaces.updates import PushedUpdates, Receiver, UpdatesPush
from teamgram.mtproto.tl import encode
from teamgram.mtproto.tl.places import Places, find_places, marks

PART_SECONDS = 0.001
"""How long drawing for many may take in one reactor turn."""

_HEAD_BYTES = 12
"""Of ``updates``, before the first ``Update``: its id, and the vector's with its count."""

MAX_WAITING = 20_000
"""Users' parts that may wait for their turn; what is more is drawn without waiting, so that nobody can pile them up."""

_ALONE = 2
"""So few receivers are drawn for one by one: finding what is alike would cost more."""


@dataclass(slots=True)
class _Sketch:
    """Whom it names that some are told alike."""

    user_ids: list[int]
    chat_ids: list[int]


@dataclass(slots=True)
class _Drawn:
    """A sketch as some viewers see it, encoded, and those of them who have not got it yet."""

    body: bytes
    places: Places = ()
    receivers: list[Receiver] = field(default_factory=list)


@dataclass(slots=True)
class _Told:
    """What one commit, or one event, tells.

    Attributes:
        number: grows from one to the next.
        event: the drawing of an event, which is the same for all.
        ready: what somebody is to get now.
    """

    number: int
    except_perm_auth_key_id: int
    event: Drawing | None
    is_for_many: bool
    sketches: dict[Hashable, _Sketch] = field(default_factory=dict)
    drawn: dict[Hashable, _Drawn] = field(default_factory=dict)
    ready: list[_Drawn] = field(default_factory=list)


@dataclass(slots=True)
class _Item:
    """One user's part of what is told; ``owned`` is None for an event."""

    user_id: int
    told: _Told
    owned: Owned | None

    def drawing(self, files: FileViews) -> Drawing:
        """For this user alone."""
        return entries_drawing(*self.owned, files) if self.owned is not None else self.told.event or Drawing()

    def peers(self) -> set[int]:
        """Whom the drawing names."""
        return peers_in(self.owned[1].values()) if self.owned is not None else (self.told.event or Drawing()).peers


class LiveUpdates:
    """Subscribe it to the ``Fanout``.

    Args:
        seconds: what the part of a turn is measured by.
    """

    _log = Logger()

    def __init__(
        self,
        views: UpdateViews,
        push: UpdatesPush,
        clock: IReactorTime,
        *,
        part_seconds: float = PART_SECONDS,
        seconds: Callable[[], float] = perf_counter,
    ) -> None:
        self._views = views
        self._push = push
        self._clock = clock
        self._part_seconds = part_seconds
        self._seconds = seconds
        # What must leave after something else of the same user: something is read for it, or its turn has not come.
        self._waiting: dict[int, deque[_Item]] = {}
        self._later: deque[int] = deque()
        self._items = 0
        self._settled: list[Deferred[None]] = []
        self._numbers = count()

    @property
    def waiting_users(self) -> int:
        """Users whose updates wait for something to be read, or for their turn."""
        return len(self._waiting)

    async def settled(self) -> None:
        """Wait until everything that was told has been pushed; before sessions go away at the end."""
        if self._waiting:
            waiter: Deferred[None] = Deferred()
            self._settled.append(waiter)
            await waiter

    # --- FanoutSubscriber ---

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        """Push a transient event to those who are there."""
        here = [user_id for user_id in dict.fromkeys(user_ids) if self._is_here(user_id, except_perm_auth_key_id)]
        if here:
            told = _Told(next(self._numbers), except_perm_auth_key_id, transient_drawing(event), len(here) > _ALONE)
            self._tell([_Item(user_id, told, None) for user_id in here])

    def logged(
        self,
        entries: Sequence[LogEntry],
        messages: Mapping[tuple[int, int], Message],
        except_perm_auth_key_id: int,
    ) -> None:
        """Push log entries to those of their owners who are there."""
        by_owner: dict[int, list[LogEntry]] = {}
        for entry in entries:
            by_owner.setdefault(entry.owner_id, []).append(entry)
        told = _Told(next(self._numbers), except_perm_auth_key_id, None, len(by_owner) > _ALONE)
        items = []
        for owner_id, own in by_owner.items():
            if self._is_here(owner_id, except_perm_auth_key_id):
                mine = {
                    entry.event.id: messages[owner_id, entry.event.id]
                    for entry in own
                    if isinstance(entry.event, NewMessage | MessageEdited) and (owner_id, entry.event.id) in messages
                }
                items.append(_Item(owner_id, told, (own, mine)))
        self._tell(items)

    def _is_here(self, user_id: int, except_perm_auth_key_id: int) -> bool:
        return self._push.has_updates_session(user_id, except_perm_auth_key_id)

    # Who is told now, and who later

    def _tell(self, items: list[_Item]) -> None:
        if self._later and len(items) > _ALONE:
            # This turn's part is used up: several commits may be settled in one.
            self._tell_later(items)
            return
        until = self._seconds() + self._part_seconds
        for number, item in enumerate(items, 1):
            waiting = self._waiting.get(item.user_id)
            if waiting is not None:
                self._wait(item)
            elif not self._is_drawn(item):
                self._wait(item)
                Deferred.fromCoroutine(self._drain(item.user_id))
            if number < len(items) and self._seconds() >= until:
                self._tell_later(items[number:])
                break
        if items:
            self._hand_over({items[0].told.number: items[0].told})

    def _tell_later(self, items: list[_Item]) -> None:
        if not self._later:
            self._clock.callLater(0, self._go_on)
        for item in items:
            if item.user_id not in self._waiting:
                self._later.append(item.user_id)
            self._wait(item)

    def _wait(self, item: _Item) -> None:
        self._items += 1
        self._waiting.setdefault(item.user_id, deque()).append(item)

    def _go_on(self) -> None:
        """The next part of what did not fit into a turn."""
        until = self._seconds() + self._part_seconds
        told: dict[int, _Told] = {}
        while self._later:
            user_id = self._later.popleft()
            waiting = self._waiting[user_id]
            while waiting and self._is_drawn(waiting[0]):
                self._items -= 1
                done = waiting.popleft().told
                told[done.number] = done
            if waiting:
                # What came before it leaves before it.
                self._hand_over(told)
                Deferred.fromCoroutine(self._drain(user_id))
            else:
                self._waits_no_more(user_id)
            if self._seconds() >= until and self._items <= MAX_WAITING:
                break
        self._hand_over(told)
        if self._later:
            self._clock.callLater(0, self._go_on)

    def _hand_over(self, told: Mapping[int, _Told]) -> None:
        """Push what was drawn, in the order in which it happened."""
        for _, one in sorted(told.items()):
            ready, one.ready = one.ready, []
            for drawn in ready:
                receivers, drawn.receivers = tuple(drawn.receivers), []
                self._push.push(PushedUpdates(drawn.body, receivers, drawn.places, one.except_perm_auth_key_id))

    async def _drain(self, user_id: int) -> None:
        waiting = self._waiting[user_id]
        try:
            while waiting:
                item = waiting[0]
                try:
                    body = encode(await self._views.finish(user_id, item.drawing(self._views.files)))
                    except_key = item.told.except_perm_auth_key_id
                    self._push.push(PushedUpdates(body, (Receiver(user_id),), (), except_key))
                except CancelledError:
                    raise
                except Exception:
                    self._failed(user_id)
                waiting.popleft()
                self._items -= 1
        finally:
            self._items -= len(waiting)
            self._waits_no_more(user_id)

    def _waits_no_more(self, user_id: int) -> None:
        del self._waiting[user_id]
        if not self._waiting:
            settled, self._settled = self._settled, []
            for waiter in settled:
                waiter.callback(None)

    def _failed(self, user_id: int) -> None:
        # It is in the log; the client fetches it when it sees the gap.
        self._log.failure("updates of user {user_id} could not be pushed", user_id=user_id)

    # Drawing

    def _is_drawn(self, item: _Item) -> bool:
        """Make the user's update ready, or find that it cannot be made; False: something must be read first."""
        try:
            return self._draw(item)
        except Exception:
            self._failed(item.user_id)
            return True

    def _draw(self, item: _Item) -> bool:
        told, user_id = item.told, item.user_id
        if told.event is not None and told.event.event is not None:
            return False
        shared = alike(item.owned) if item.owned is not None and told.is_for_many else None
        if not told.is_for_many or (shared is None and item.owned is not None):
            return self._draw_alone(item)
        key, numbers = shared or ((), ())
        sketch = told.sketches.get(key)
        if sketch is None:
            sketch = told.sketches[key] = _Sketch(*split_peers(item.peers()))
        seen = self._views.seen(user_id, sketch.user_ids, sketch.chat_ids)
        if seen is None:
            return False
        drawn = told.drawn.get((key, seen))
        if drawn is None:
            drawn = told.drawn[key, seen] = self._encoded(item, sketch, len(numbers))
        if not drawn.receivers:
            told.ready.append(drawn)
        drawn.receivers.append(Receiver(user_id, numbers))
        return True

    def _draw_alone(self, item: _Item) -> bool:
        drawing = item.drawing(self._views.files)
        updates = self._views.at_once(item.user_id, drawing, *split_peers(drawing.peers))
        if updates is None:
            return False
        item.told.ready.append(_Drawn(encode(updates), (), [Receiver(item.user_id)]))
        return True

    def _encoded(self, item: _Item, sketch: _Sketch, count: int) -> _Drawn:
        """The sketch as the item's user sees it, with marks in place of so many numbers."""
        files = self._views.files
        # It is drawn twice, and only the marks may differ.
        files.hold()
        try:
            return self._drawn_with_marks(item, sketch, count, files)
        finally:
            files.go_on()

    def _drawn_with_marks(self, item: _Item, sketch: _Sketch, count: int, files: FileViews) -> _Drawn:
        owned = item.owned
        drawing = item.drawing(files) if owned is None else entries_drawing(*renumbered(owned, marks(count)), files)
        updates = self._views.at_once(item.user_id, drawing, sketch.user_ids, sketch.chat_ids)
        assert updates is not None, "whoever is seen is in memory"
        body = encode(updates)
        if owned is None:
            return _Drawn(body)
        # Numbers lie in the updates, which come first; users and groups need no second encoding.
        second = b"".join(map(encode, entries_drawing(*renumbered(owned, marks(count, second=True)), files).updates))
        places = find_places(body[_HEAD_BYTES : _HEAD_BYTES + len(second)], second)
        return _Drawn(body, tuple((offset + _HEAD_BYTES, number) for offset, number in places))
