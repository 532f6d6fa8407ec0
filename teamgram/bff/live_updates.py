"""What the fan-out tells, drawn for those who are there and pushed.

What several are told alike is drawn once (``views/alike``): each gets their own
numbers in it, and it is drawn anew only where a viewer sees a user or a group
in a way of their own. Usually all that is needed is in memory; when something
must be read first, that user's later updates wait behind it, so that they leave
in commit order. Drawing for many takes its part of a reactor turn like anything
else, and so does finding out whom a commit is for; who has not had theirs gets
it in the next.
"""

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from itertools import count
from os import urandom
from time import perf_counter

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from teamgram.bff.devices_here import DevicesHere
from teamgram.bff.told import Drawn, Item, Sketch, Told
from teamgram.bff.views.alike import Owned, alike, renumbered
from teamgram.bff.views.messages import peers_in
from teamgram.bff.views.updates import Drawing, UpdateViews, entries_drawing, split_peers, transient_drawing
from teamgram.domain.boxes.events import LogEntry
from teamgram.domain.boxes.message import Message
from teamgram.domain.updates.events import TransientEvent
from teamgram.interfaces.bus import Bus
from teamgram.interfaces.updates import PushedUpdates, Receiver
from teamgram.mtproto.tl import encode
from teamgram.mtproto.tl.places import fill, find_places, find_secret, marks, secret_marks

PART_SECONDS = 0.0015
"""How long drawing for several may take in one reactor turn."""

_FEW = 30
"""So many are drawn for in one turn, if they can be: in parts, each would get several frames, and acknowledge them."""

_SHARE_OF_MANY = 1 / 4
"""What drawing for more has of the part: they are told in parts anyhow."""

_HEAD_BYTES = 12
"""Of ``updates``, before the first ``Update``: its id, and the vector's with its count."""

MAX_WAITING = 20_000
"""Users' parts that may wait for their turn; what is more is drawn without waiting, so that nobody can pile them up."""

_ALONE = 2
"""So few receivers are drawn for one by one: finding what is alike would cost more."""


class LiveUpdates:
    """Subscribe it to the ``Fanout``.

    Args:
        devices: who is there to be told.
        bus: to session.
        seconds: what the part of a turn is measured by.
    """

    _log = Logger()

    def __init__(
        self,
        views: UpdateViews,
        devices: DevicesHere,
        bus: Bus,
        clock: IReactorTime,
        *,
        part_seconds: float = PART_SECONDS,
        seconds: Callable[[], float] = perf_counter,
    ) -> None:
        self._views = views
        self._devices = devices
        self._bus = bus
        self._clock = clock
        self._part_seconds = part_seconds
        self._seconds = seconds
        # What must leave after something else of the same user: something is read for it, or its turn has not come.
        self._waiting: dict[int, deque[Item]] = {}
        self._later: deque[int] = deque()
        self._items = 0
        # What was told when the turn's part was used up: nobody has looked yet for whom it is.
        self._untold: deque[tuple[int, Callable[[], list[Item]]]] = deque()
        self._left = part_seconds
        self._scheduled = False
        # What a user who has several things waiting sees of the same people: nothing changes while one part is drawn.
        self._last_seen: tuple[tuple[int, list[int], list[int]], Hashable] | None = None
        self._settled: list[Deferred[None]] = []
        self._numbers = count()
        self._secret_marks = secret_marks(urandom)

    @property
    def waiting_users(self) -> int:
        """Users whose updates wait for something to be read, or for their turn."""
        return len(self._waiting)

    async def settled(self) -> None:
        """Wait until everything that was told has been pushed; before sessions go away at the end."""
        if self._waiting or self._untold:
            waiter: Deferred[None] = Deferred()
            self._settled.append(waiter)
            await waiter

    # --- FanoutSubscriber ---

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        """Push a transient event to those who are there."""
        self._tell(partial(self._event_items, user_ids, event, except_perm_auth_key_id), len(user_ids))

    def logged(
        self,
        entries: Sequence[LogEntry],
        messages: Mapping[tuple[int, int], Message],
        except_perm_auth_key_id: int,
    ) -> None:
        """Push log entries to those of their owners who are there."""
        if len(entries) <= _ALONE and not self._untold:
            # What everybody does most.
            self._tell_alone(self._entry_items(entries, messages, except_perm_auth_key_id))
            return
        self._tell(partial(self._entry_items, entries, messages, except_perm_auth_key_id), len(entries))

    def _event_items(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> list[Item]:
        takes_updates = self._devices.take_updates
        here = [user_id for user_id in dict.fromkeys(user_ids) if takes_updates(user_id, except_perm_auth_key_id)]
        if not here:
            return []
        told = Told(next(self._numbers), except_perm_auth_key_id, transient_drawing(event), len(here) > _ALONE)
        return [Item(user_id, told, None) for user_id in here]

    def _entry_items(
        self,
        entries: Sequence[LogEntry],
        messages: Mapping[tuple[int, int], Message],
        except_perm_auth_key_id: int,
    ) -> list[Item]:
        by_owner: dict[int, list[LogEntry]] = {}
        for entry in entries:
            own = by_owner.get(entry.owner_id)
            if own is None:
                by_owner[entry.owner_id] = [entry]
            else:
                own.append(entry)
        told = Told(next(self._numbers), except_perm_auth_key_id, None, len(by_owner) > _ALONE)
        takes_updates = self._devices.take_updates
        return [
            Item(owner_id, told, own, messages)
            for owner_id, own in by_owner.items()
            if takes_updates(owner_id, except_perm_auth_key_id)
        ]

    # Who is told now, and who later

    def _tell(self, items: Callable[[], list[Item]], size: int) -> None:
        """Tell it now; later what is for many when this turn's part is used up, and whatever comes behind that."""
        is_for_many = size > _ALONE
        if self._untold or (is_for_many and (self._later or self._left <= 0)):
            self._items += size
            self._untold.append((size, items))
            self._schedule()
            return
        began = self._seconds()
        self._tell_now(items(), began + self._share(size, self._left))
        if is_for_many:
            # Several commits may be settled in one turn.
            self._left -= self._seconds() - began
            self._schedule()

    def _share(self, size: int, left: float) -> float:
        return left if size <= _FEW else min(left, self._part_seconds * _SHARE_OF_MANY)

    def _tell_alone(self, items: list[Item]) -> None:
        """Tell so few that their time is not measured."""
        for item in items:
            if item.user_id in self._waiting:
                self._wait(item)
            elif not self._is_drawn(item):
                self._wait(item)
                Deferred.fromCoroutine(self._drain(item.user_id))
        if items:
            self._push_ready(items[0].told)

    def _tell_now(self, items: list[Item], until: float) -> None:
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

    def _tell_later(self, items: list[Item]) -> None:
        for item in items:
            if item.user_id not in self._waiting:
                self._later.append(item.user_id)
            self._wait(item)
        self._schedule()

    def _wait(self, item: Item) -> None:
        self._items += 1
        self._waiting.setdefault(item.user_id, deque()).append(item)

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._clock.callLater(0, self._go_on)

    def _go_on(self) -> None:
        """The next part of what did not fit into a turn."""
        self._scheduled = False
        # A turn may come here that has settled commits before: both share one part.
        left, self._left = self._left, self._part_seconds
        if left > 0 or self._items > MAX_WAITING:
            size = max(len(self._later), self._untold[0][0] if self._untold else 0)
            until = self._seconds() + self._share(size, left)
            if self._look_for_whom(until):
                self._draw_later(until)
        if self._later or self._untold:
            self._schedule()
        else:
            self._tell_settled()

    def _look_for_whom(self, until: float) -> bool:
        """Find out for whom that is which nobody has looked at; False when the time is up."""
        while self._untold:
            size, found = self._untold.popleft()
            self._items -= size
            try:
                items = found()
            except Exception:
                self._log.failure("for whom something is could not be found")
                continue
            if len(items) > _ALONE:
                self._tell_later(items)
            else:
                self._tell_now(items, until)
            if self._is_over(until):
                return False
        return True

    def _draw_later(self, until: float) -> None:
        """Draw for one user after another; who is not done with stays the first."""
        told: dict[int, Told] = {}
        is_over = False
        while self._later and not is_over:
            user_id = self._later[0]
            waiting = self._waiting[user_id]
            while waiting and not is_over and self._is_drawn(waiting[0]):
                self._items -= 1
                done = waiting.popleft().told
                told[done.number] = done
                is_over = self._is_over(until)
            if not waiting:
                del self._waiting[self._later.popleft()]
            elif not is_over:
                # What came before it leaves before it.
                self._hand_over(told)
                self._later.popleft()
                Deferred.fromCoroutine(self._drain(user_id))
                is_over = self._is_over(until)
        self._hand_over(told)

    def _is_over(self, until: float) -> bool:
        return self._seconds() >= until and self._items <= MAX_WAITING

    def _hand_over(self, told: Mapping[int, Told]) -> None:
        """Push what was drawn, in the order in which it happened; a part ends with it."""
        self._last_seen = None
        for _, one in sorted(told.items()):
            self._push_ready(one)

    def _push_ready(self, told: Told) -> None:
        ready, told.ready = told.ready, []
        for drawn in ready:
            receivers, drawn.receivers = tuple(drawn.receivers), []
            self._bus.publish(PushedUpdates(drawn.body, receivers, drawn.places, told.except_perm_auth_key_id))

    async def _drain(self, user_id: int) -> None:
        waiting = self._waiting[user_id]
        try:
            while waiting:
                item = waiting[0]
                try:
                    body = encode(await self._views.finish(user_id, item.drawing(self._views.files)))
                    except_key = item.told.except_perm_auth_key_id
                    self._bus.publish(PushedUpdates(body, (Receiver(user_id),), (), except_key))
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
        self._tell_settled()

    def _tell_settled(self) -> None:
        if not self._waiting and not self._untold:
            settled, self._settled = self._settled, []
            for waiter in settled:
                waiter.callback(None)

    def _failed(self, user_id: int) -> None:
        # It is in the log; the client fetches it when it sees the gap.
        self._log.failure("updates of user {user_id} could not be pushed", user_id=user_id)

    # Drawing

    def _is_drawn(self, item: Item) -> bool:
        """Make the user's update ready, or find that it cannot be made; False: something must be read first."""
        try:
            return self._draw(item)
        except Exception:
            self._failed(item.user_id)
            return True

    def _draw(self, item: Item) -> bool:
        told, user_id = item.told, item.user_id
        if told.event is not None and told.event.event is not None:
            return False
        owned = item.owned() if told.is_for_many else None
        shared = alike(owned) if owned is not None else None
        if not told.is_for_many or (shared is None and owned is not None):
            return self._draw_alone(item)
        key, numbers = shared or ((), ())
        sketch = told.sketches.get(key)
        if sketch is None:
            peers = peers_in(owned[1].values()) if owned is not None else item.drawing(self._views.files).peers
            sketch = told.sketches[key] = Sketch(*split_peers(peers))
        whom = (user_id, sketch.user_ids, sketch.chat_ids)
        if self._last_seen is not None and self._last_seen[0] == whom:
            seen = self._last_seen[1]
        else:
            seen = self._views.seen(*whom)
            if seen is None:
                return False
            self._last_seen = whom, seen
        drawn = told.drawn.get((key, seen))
        if drawn is None:
            drawn = told.drawn[key, seen] = self._encoded(item, owned, sketch, len(numbers))
        if not drawn.receivers:
            told.ready.append(drawn)
        drawn.receivers.append(Receiver(user_id, numbers))
        return True

    def _draw_alone(self, item: Item) -> bool:
        drawing = item.drawing(self._views.files)
        updates = self._views.at_once(item.user_id, drawing, *split_peers(drawing.peers))
        if updates is None:
            return False
        item.told.ready.append(Drawn(encode(updates), (), [Receiver(item.user_id)]))
        return True

    def _encoded(self, item: Item, owned: Owned | None, sketch: Sketch, count: int) -> Drawn:
        """The sketch as the item's user sees it, with marks in place of so many numbers."""
        files = self._views.files
        if owned is None:
            return Drawn(self._drawn(item, item.drawing(files), sketch))
        secret = self._secret_marks[:count]
        body = self._drawn(item, entries_drawing(*renumbered(owned, secret), files), sketch)
        places = find_secret(body, secret)
        if places is None:
            return self._drawn_twice(item, owned, sketch, count)
        return Drawn(fill(body, places, marks(count)), places)

    def _drawn_twice(self, item: Item, owned: Owned, sketch: Sketch, count: int) -> Drawn:
        """Where a number lies in several places or in none, two drawings say where."""
        files = self._views.files
        # Only the marks may differ.
        files.hold()
        try:
            body = self._drawn(item, entries_drawing(*renumbered(owned, marks(count)), files), sketch)
            # Numbers lie in the updates, which come first; users and groups need no second encoding.
            again = entries_drawing(*renumbered(owned, marks(count, second=True)), files)
            second = b"".join(map(encode, again.updates))
        finally:
            files.go_on()
        places = find_places(body[_HEAD_BYTES : _HEAD_BYTES + len(second)], second)
        return Drawn(body, tuple((offset + _HEAD_BYTES, number) for offset, number in places))

    def _drawn(self, item: Item, drawing: Drawing, sketch: Sketch) -> bytes:
        updates = self._views.at_once(item.user_id, drawing, sketch.user_ids, sketch.chat_ids)
        assert updates is not None, "whoever is seen is in memory"
        return encode(updates)
