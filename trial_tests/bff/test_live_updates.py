"""What is drawn once for many: every receiver's bytes are those that would have been drawn for them alone."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.bff import live_updates
from teamgram.bff.live_updates import LiveUpdates
from teamgram.bff.views.media import FileViews
from teamgram.bff.views.updates import Drawing, entries_drawing, transient_drawing
from teamgram.domain.boxes.events import LogEntry, NewMessage
from teamgram.domain.boxes.message import PLAIN, Message
from teamgram.domain.files.references import FileReferences
from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.domain.updates.events import TransientEvent
from teamgram.interfaces.rpc import RpcError
from teamgram.interfaces.updates import PushedUpdates
from teamgram.mtproto.tl import decode, encode, registry, tl
from teamgram.mtproto.tl.places import fill
from trial_tests.backends import BackendTestCase
from trial_tests.bff.talk_house import START, Device, House

MEMBERS = 24
STEPS = 150


class Alone:
    """A subscriber of the fan-out that draws for each device on its own, in its layer."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.bodies: dict[Device, list[bytes]] = {}

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        for user_id in dict.fromkeys(user_ids):
            self._draw(user_id, transient_drawing(event), except_perm_auth_key_id)

    def logged(
        self, entries: Sequence[LogEntry], messages: Mapping[tuple[int, int], Message], except_perm_auth_key_id: int
    ) -> None:
        for owner_id in dict.fromkeys(entry.owner_id for entry in entries):
            own = [entry for entry in entries if entry.owner_id == owner_id]
            mine = {message.id: message for (owner, _), message in messages.items() if owner == owner_id}
            self._draw(owner_id, entries_drawing(own, mine, self._house.shared.updates.files), except_perm_auth_key_id)

    def _draw(self, user_id: int, drawing: Drawing, except_perm_auth_key_id: int) -> None:
        drawn: list[Any] = []
        Deferred.fromCoroutine(self._house.shared.updates.finish(user_id, drawing)).addCallback(drawn.append)
        for device in self._house.push.devices[user_id]:
            if device.caller.perm_auth_key_id != except_perm_auth_key_id:
                self.bodies.setdefault(device, []).append(encode(drawn[0], device.caller.layer))


class EqualityTests(BackendTestCase):
    """A group of people who know each other more or less, on devices of every age."""

    timeout = 120

    async def people(self, house: House, dice: random.Random) -> list[Device]:
        layers = [layer for layer in registry.layers if layer >= 158]
        devices = [await house.sign_up(f"Person {n}", username=f"person_{n}") for n in range(MEMBERS)]
        for device in devices:
            for layer in dice.sample(layers, 2):
                Device(house, device.user, layer)
            for known in dice.sample(devices, 6):
                if known is not device:
                    phone = dice.choice(["", known.user.phone])
                    name = dice.choice(["Mum", "Boss", known.user.first_name])
                    await house.contacts.add(device.user.id, known.user, name, "", phone, START)
            if dice.random() < 0.5:
                continue  # most people leave their rules as they are
            who = tuple(other.user.id for other in dice.sample(devices, 5))
            for key in ("PhoneNumber", "StatusTimestamp"):
                kinds = dice.sample([RuleKind.ALLOW_USERS, RuleKind.DISALLOW_ALL, RuleKind.ALLOW_ALL], 2)
                rules = [Rule(kind, who if kind is RuleKind.ALLOW_USERS else ()) for kind in kinds]
                await house.privacy.set(device.user.id, key, rules)
        return devices

    async def warm(self, house: House, devices: Iterable[Device], chat_id: int) -> None:
        """Nothing has to be read for a drawing: both ways of it find the same."""
        ids = [device.user.id for device in devices]
        for user_id in ids:
            await house.shared.updates.peers(user_id, {*ids, -chat_id})

    async def step(self, house: House, devices: list[Device], chat_id: int, dice: random.Random) -> None:
        actor, other = dice.sample(devices, 2)
        peer = tl.inputPeerChat(chat_id=chat_id)
        ids = [message.id for message in (await actor.history(peer, limit=30)).messages]
        one = dice.choice(ids or [1])
        what = dice.randrange(9)
        if what <= 3:
            fields = {"reply_to": tl.inputReplyToMessage(reply_to_msg_id=one)} if dice.random() < 0.5 else {}
            text = dice.choice([f"hello @{other.user.username}", "hello", "\x01\x01\x01\x01AAAA\x02\x02\x02\x02BBBB"])
            await actor.send(peer, text, **fields)
        elif what == 4:
            await actor.call(tl.messages.editMessage(peer=peer, id=one, message=f"edited {dice.random()}"))
        elif what == 5:
            pin = tl.messages.updatePinnedMessage(peer=peer, id=one, unpin=dice.random() < 0.3)
            await actor.call(pin)
        elif what == 6:
            await actor.call(tl.messages.deleteMessages(revoke=True, id=dice.sample(ids, min(len(ids), 3))))
        elif what == 7:
            add = tl.messages.addChatUser(chat_id=chat_id, user_id=actor.input_user(other), fwd_limit=0)
            remove = tl.messages.deleteChatUser(chat_id=chat_id, user_id=actor.input_user(other))
            await actor.call(dice.choice([add, remove]))
        else:
            forward = tl.messages.forwardMessages(
                from_peer=peer, to_peer=peer, id=dice.sample(ids, min(len(ids), 3)), random_id=[]
            )
            forward.random_id = [next(house.keys) for _ in forward.id]
            typing = tl.messages.setTyping(peer=peer, action=tl.sendMessageTypingAction())
            await actor.call(dice.choice([forward, typing]))

    async def play(self, seed: int) -> None:
        dice = random.Random(seed)
        house = House(self)
        alone = Alone(house)
        house.fanout.subscribe(alone)
        devices = await self.people(house, dice)
        invited = [devices[0].input_user(other) for other in devices[1:]]
        answer = await devices[0].call(tl.messages.createChat(users=invited, title="Everybody"))
        chat_id = answer.updates.chats[0].id
        for blocker, blocked in zip(dice.sample(devices, 8), dice.sample(devices, 8), strict=True):
            await house.contacts.block(blocker.user.id, blocked.user.id, START)
        await self.warm(house, devices, chat_id)
        everywhere = [device for user in devices for device in house.push.devices[user.user.id]]
        for admin in dice.sample(devices[1:], 3):
            user = devices[0].input_user(admin)
            await devices[0].call(tl.messages.editChatAdmin(chat_id=chat_id, user_id=user, is_admin=True))
            await self.warm(house, devices, chat_id)
        alone.bodies.clear()
        for device in everywhere:
            device.bodies.clear()
        told = 0
        for _ in range(STEPS):
            try:
                await self.step(house, devices, chat_id, dice)
            except RpcError:
                pass  # not allowed to them: nothing is told then, either way
            await house.live.settled()
            await self.warm(house, devices, chat_id)
            for device in everywhere:
                self.assertEqual(device.bodies, alone.bodies.get(device, []), f"seed {seed}")
                told += len(device.bodies)
                device.bodies.clear()
            alone.bodies.clear()
        self.assertGreater(told, STEPS * 10)

    async def test_random_viewers_and_layers(self) -> None:
        """Whatever happens in the group, each gets what is drawn for them alone, byte for byte."""
        await self.play(random.randrange(1 << 30))


class Views:
    """``UpdateViews`` that has everything in memory but what a user's reading is waited for."""

    def __init__(self) -> None:
        self.reading: dict[int, Deferred[None]] = {}
        self.files = FileViews(FileReferences(b"k" * 32, 86_400), 2, Clock())

    def seen(self, viewer_id: int, user_ids: Sequence[int], chat_ids: Sequence[int]) -> Any:
        return None if viewer_id in self.reading else ()

    def at_once(self, viewer_id: int, drawing: Drawing, *peers: Any) -> Any | None:
        return tl.updates(updates=drawing.updates, users=[], chats=[], date=0, seq=0)

    async def finish(self, viewer_id: int, drawing: Drawing) -> Any:
        await self.reading[viewer_id]
        return tl.updates(updates=drawing.updates, users=[], chats=[], date=0, seq=0)


class Pushes:
    """Everybody is here; keeps the text and pts of what each user gets, and how many in which call."""

    def __init__(self) -> None:
        self.got: dict[int, list[tuple[str, int]]] = {}
        self.calls: list[int] = []

    def take_updates(self, user_id: int, except_perm_auth_key_id: int = 0) -> bool:
        return True

    def publish(self, updates: PushedUpdates) -> None:
        self.calls.append(len(updates.receivers))
        for user_id, numbers in updates.receivers:
            (one,) = decode(fill(updates.body, updates.places, numbers)).updates
            self.got.setdefault(user_id, []).append((one.message.message, one.pts))


def told(live: LiveUpdates, text: str, owners: Sequence[int], pts: int) -> None:
    """A group message in these boxes."""
    entries = [LogEntry(owner, pts + owner, 1, START, NewMessage(pts + owner)) for owner in owners]
    messages = {(owner, pts + owner): Message(owner, pts + owner, -7, pts, 99, START, text, PLAIN) for owner in owners}
    live.logged(entries, messages, 0)


class Turns:
    """A clock that has turns of the reactor only; ``advance`` lets one pass."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def callLater(self, delay: float, call: Any) -> None:
        assert delay == 0
        self.calls.append(call)

    def advance(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


class PartsOfATurnTests(SynchronousTestCase):
    """Drawing for many takes its part of a turn, and nobody's order suffers from it."""

    def setUp(self) -> None:
        self.turns = Turns()
        self.views, self.pushes = Views(), Pushes()
        self.passed = 0.0
        pushes: Any = self.pushes
        self.live = LiveUpdates(self.views, pushes, pushes, self.turns, part_seconds=10, seconds=self.seconds)  # type: ignore[arg-type]

    def seconds(self) -> float:
        self.passed += 1
        return self.passed

    def test_parts(self) -> None:
        """A turn draws for as long as its part is; what is left comes in the next turns, and everybody gets theirs."""
        everybody = range(1, 26)
        told(self.live, "one", everybody, 100)
        self.assertEqual(self.pushes.calls, [10])
        self.assertEqual(self.live.waiting_users, 15)
        told(self.live, "two", everybody, 200)
        self.assertEqual(self.pushes.calls, [10], "the turn's part was used up")
        turns = 0
        while self.live.waiting_users:
            self.turns.advance()
            turns += 1
        self.assertGreater(turns, 1)
        for user_id in everybody:
            self.assertEqual(self.pushes.got[user_id], [("one", 100 + user_id), ("two", 200 + user_id)])

    def test_too_many_waiting(self) -> None:
        """More than may wait do not: they are drawn in the turn, however long; then parts are kept again."""
        self.patch(live_updates, "MAX_WAITING", 10)
        for number in range(1, 5):
            told(self.live, str(number), range(1, 26), number * 100)
        self.turns.advance()
        self.assertLessEqual(sum(len(waiting) for waiting in self.live._waiting.values()), 10)
        while self.live.waiting_users:
            self.turns.advance()
        self.assertEqual({len(got) for got in self.pushes.got.values()}, {4})
        told(self.live, "5", range(1, 26), 500)
        self.turns.advance()
        self.assertGreater(self.live.waiting_users, 0)

    def test_one_part_a_turn(self) -> None:
        """A turn that has drawn for those whose commit it settled draws no other part for those who wait."""
        told(self.live, "one", range(1, 26), 100)
        self.assertEqual(sum(self.pushes.calls), 10)
        self.turns.advance()
        self.assertEqual(sum(self.pushes.calls), 10)
        self.turns.advance()
        self.assertGreater(sum(self.pushes.calls), 10)

    def test_many_for_one(self) -> None:
        """What waits for one user is drawn in parts, too, and stays in order."""
        for number in range(30):
            told(self.live, str(number), range(1, 4), number * 100)
        turns = 0
        while self.live.waiting_users:
            before = sum(self.pushes.calls)
            self.turns.advance()
            turns += 1
            self.assertLessEqual(sum(self.pushes.calls) - before, 10)
        self.assertGreater(turns, 5)
        for user_id in range(1, 4):
            self.assertEqual([text for text, _ in self.pushes.got[user_id]], [str(number) for number in range(30)])

    def test_seen_once_in_a_part(self) -> None:
        """How a user sees the same people is found out once for all that is drawn for them in one part, not longer."""
        asked: list[int] = []
        self.views.seen = lambda viewer_id, *_: asked.append(viewer_id) or ()  # type: ignore
        for number in range(1, 21):
            told(self.live, str(number), range(1, 26), number * 100)
        asked.clear()
        everywhere: list[int] = []
        while self.live.waiting_users:
            self.turns.advance()
            self.assertEqual(len(asked), len(set(asked)))
            everywhere += asked
            asked.clear()
        self.assertGreater(len(everywhere), len(set(everywhere)), "what is seen may change between two parts")

    def test_drawn_once(self) -> None:
        """A message is drawn once for all of them; twice only where one drawing does not show their numbers."""
        drawn: list[int] = []

        def counting(entries: Any, messages: Any, files: Any) -> Drawing:
            drawn.append(len(messages))
            return entries_drawing(entries, messages, files)

        self.patch(live_updates, "entries_drawing", counting)
        told(self.live, "for many", range(1, 9), 100)
        self.assertEqual(drawn, [1])
        self.assertEqual(self.pushes.got, {owner: [("for many", 100 + owner)] for owner in range(1, 9)})
        drawn.clear()
        self.live._secret_marks = (0x41414141, 0x42424242)
        self.turns.advance()
        told(self.live, "guessed: AAAA", range(1, 4), 200)
        self.turns.advance()
        self.assertEqual(drawn, [1, 1, 1])
        self.assertEqual(self.pushes.got[3][1:], [("guessed: AAAA", 203)])

    def test_many_commits_in_one_turn(self) -> None:
        """Nobody looks for whom they are once the turn's part is used up; what comes later stays behind them."""
        asked: list[int] = []
        self.pushes.take_updates = lambda user_id, _: not asked.append(user_id)  # type: ignore
        told(self.live, "first", range(1, 26), 100)
        asked.clear()
        for number in range(20):
            told(self.live, str(number), range(1, 9), 1000 + number * 100)
        told(self.live, "private", [5], 9000)
        self.assertEqual(asked, [])
        settled = Deferred.fromCoroutine(self.live.settled())
        before = 0
        while not settled.called:
            self.turns.advance()
            self.assertLessEqual(len(asked) - before, 100, "as many as a turn has time for")
            before = len(asked)
        texts = [text for text, _ in self.pushes.got[5]]
        self.assertEqual(texts, ["first", *map(str, range(20)), "private"])

    def test_behind_what_is_read(self) -> None:
        """Who needs something read gets it all later, in order; the others do not wait for them."""
        reading = self.views.reading[5] = Deferred()
        for number in range(1, 4):
            told(self.live, str(number), range(1, 9), number * 100)
        while self.live.waiting_users > 1:
            self.turns.advance()
        self.assertNotIn(5, self.pushes.got)
        self.assertEqual(len(self.pushes.got), 7)
        del self.views.reading[5]
        self.views.reading[5] = reading
        settled = Deferred.fromCoroutine(self.live.settled())
        reading.callback(None)
        self.successResultOf(settled)
        self.assertEqual([text for text, _ in self.pushes.got[5]], ["1", "2", "3"])

    def test_read_first_in_a_later_part(self) -> None:
        """What was drawn before something had to be read leaves before it."""
        told(self.live, "one", range(1, 26), 100)
        told(self.live, "two", range(1, 26), 200)
        self.views.at_once = self.twice_asked(self.views.at_once, 25)  # type: ignore[method-assign]
        while self.live.waiting_users:
            self.turns.advance()
        self.assertEqual([text for text, _ in self.pushes.got[25]], ["one", "two"])

    def twice_asked(self, at_once: Any, user_id: int) -> Any:
        """For that user the second message finds nothing in memory, and is read at once."""
        self.views.reading[user_id] = Deferred()
        self.views.reading[user_id].callback(None)
        asked = iter([(), None])
        seen = self.views.seen
        self.views.seen = lambda viewer, *peers: next(asked) if viewer == user_id else seen(viewer, *peers)  # type: ignore[method-assign]
        return at_once

    def test_an_encoding_that_fails(self) -> None:
        """It is logged, costs nobody else their update, and keeps nobody waiting."""
        at_once = self.views.at_once

        def broken(viewer_id: int, drawing: Drawing, *peers: Any) -> Any:
            return at_once(viewer_id, drawing) if viewer_id != 1 else "nothing to encode"

        self.views.at_once = broken  # type: ignore[method-assign]
        told(self.live, "one", range(1, 5), 100)
        self.assertEqual(sorted(self.pushes.got), [2, 3, 4])
        self.assertEqual(self.live.waiting_users, 0)
        self.assertEqual(len(self.flushLoggedErrors()), 1)
