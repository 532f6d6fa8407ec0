"""State, difference and live updates: whatever happens, every client ends with the same history."""

import copy
import random
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests import long_play
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.talk_house import START, Device, House


def marked(peer: Any) -> int:
    """One number for a ``Peer``."""
    return peer.user_id if peer.NAME == "peerUser" else -peer.chat_id


class Mirror:
    """What a client knows from updates alone."""

    def __init__(self) -> None:
        self.pts = 1
        self.messages: dict[int, Any] = {}
        self.read_inbox: dict[int, int] = {}
        self.read_outbox: dict[int, int] = {}
        self.unread: dict[int, int] = {}

    def apply(self, update: Any) -> None:
        """One update that the client had to wait for no other to take."""
        match update.NAME:
            case "updateNewMessage" | "updateEditMessage":
                self.put(update.message)
            case "updateDeleteMessages":
                for message_id in update.messages:
                    self.messages.pop(message_id, None)
            case "updateReadHistoryInbox":
                self.read_inbox[marked(update.peer)] = update.max_id
                self.unread[marked(update.peer)] = update.still_unread_count
            case "updateReadHistoryOutbox":
                self.read_outbox[marked(update.peer)] = update.max_id
            case "updateReadMessagesContents":
                for message_id in update.messages:
                    if message_id in self.messages:
                        self.messages[message_id].media_unread = False
            case "updatePinnedMessages":
                for message_id in update.messages:
                    if message_id in self.messages:
                        self.messages[message_id].pinned = update.pinned

    def put(self, message: Any) -> None:
        message = self.messages[message.id] = copy.deepcopy(message)
        if message.NAME == "message":
            # Of an edit that shows nothing but reactions.
            message.edit_hide = False

    def live(self, updates: list[Any]) -> None:
        """Pushed updates; each that has a pts must join the one before it."""
        for update in updates:
            if hasattr(update, "pts"):
                if update.pts - update.pts_count != self.pts:
                    raise AssertionError(f"at pts {self.pts} came {update.NAME} {update.pts} of {update.pts_count}")
                self.pts = update.pts
            self.apply(update)

    async def catch_up(self, device: Device, limit: int) -> None:
        """getDifference until there is none."""
        while True:
            difference = await device.difference(self.pts, pts_limit=limit)
            if difference.NAME == "updates.differenceEmpty":
                return
            known_users = {user.id for user in difference.users}
            known_chats = {chat.id for chat in difference.chats}
            for message in difference.new_messages:
                assert message.from_id.user_id in known_users, "a message without its sender"
                assert marked(message.peer_id) in known_users or -marked(message.peer_id) in known_chats
                self.put(message)
            for update in difference.other_updates:
                self.apply(update)
            done = difference.NAME == "updates.difference"
            state = difference.state if done else difference.intermediate_state
            assert state.pts > self.pts, "no step forward"
            self.pts = state.pts
            if done:
                return


class Play:
    """Three users who do things at random."""

    def __init__(self, house: House, devices: list[Device], seed: int) -> None:
        self.house = house
        self.devices = devices
        self.random = random.Random(seed)
        self.chats: list[int] = []
        # Who was ever out of a group has missed what went on there below its messages.
        self.left: set[tuple[int, int]] = set()

    def somebody(self) -> Device:
        return self.random.choice(self.devices)

    async def any_peer(self, device: Device) -> Any:
        if self.chats and self.random.random() < 0.5:
            return tl.inputPeerChat(chat_id=self.random.choice(self.chats))
        return device.peer(self.somebody())

    async def any_ids(self, device: Device, peer: Any, count: int) -> list[int]:
        ids = [message.id for message in (await device.history(peer)).messages if message.NAME == "message"]
        return sorted(self.random.sample(ids, min(count, len(ids))))

    async def step(self) -> None:
        """One thing that may be done; what is not allowed is refused and changes nothing."""
        device = self.somebody()
        peer = await self.any_peer(device)
        action = self.random.choice(
            ["send"] * 5
            + ["reply", "edit", "delete", "revoke", "read", "read", "pin", "unpin", "forward"]
            + ["create", "add", "remove", "title", "clear", "contents", "unpin_all", "mention"]
            + ["react", "react", "see_reactions"]
        )
        self.house.clock.advance(self.random.choice((0, 0, 1, 7)))
        try:
            await getattr(self, f"_{action}")(device, peer)
        except RpcError as error:
            if error.code == 500:
                raise

    async def _send(self, device: Device, peer: Any) -> None:
        await device.send(peer, f"text {self.random.random()}")

    async def _mention(self, device: Device, peer: Any) -> None:
        await device.send(peer, f"@{self.somebody().user.username} and @nobody {self.random.random()}")

    async def _reply(self, device: Device, peer: Any) -> None:
        for message_id in await self.any_ids(device, peer, 1):
            await device.send(peer, "re", reply_to=tl.inputReplyToMessage(reply_to_msg_id=message_id))

    async def _edit(self, device: Device, peer: Any) -> None:
        for message_id in await self.any_ids(device, peer, 1):
            await device.call(
                tl.messages.editMessage(peer=peer, id=message_id, message=f"edited {self.random.random()}")
            )

    async def _delete(self, device: Device, peer: Any, revoke: bool = False) -> None:
        ids = await self.any_ids(device, peer, 3)
        await device.call(tl.messages.deleteMessages(id=ids, revoke=revoke))

    async def _revoke(self, device: Device, peer: Any) -> None:
        await self._delete(device, peer, revoke=True)

    async def _read(self, device: Device, peer: Any) -> None:
        ids = await self.any_ids(device, peer, 1) or [0]
        await device.call(tl.messages.readHistory(peer=peer, max_id=ids[0]))

    async def _contents(self, device: Device, peer: Any) -> None:
        ids = await self.any_ids(device, peer, 10)
        await device.call(tl.messages.readMessageContents(id=ids))

    async def _pin(self, device: Device, peer: Any, unpin: bool = False) -> None:
        for message_id in await self.any_ids(device, peer, 1):
            oneside = self.random.random() < 0.3
            await device.call(
                tl.messages.updatePinnedMessage(peer=peer, id=message_id, unpin=unpin, pm_oneside=oneside)
            )

    async def _unpin(self, device: Device, peer: Any) -> None:
        await self._pin(device, peer, unpin=True)

    async def _unpin_all(self, device: Device, peer: Any) -> None:
        await device.call(tl.messages.unpinAllMessages(peer=peer))

    async def _forward(self, device: Device, peer: Any) -> None:
        ids = await self.any_ids(device, peer, 3)
        await device.call(
            tl.messages.forwardMessages(
                from_peer=peer,
                id=ids,
                random_id=[next(self.house.keys) for _ in ids],
                to_peer=await self.any_peer(device),
            )
        )

    async def _react(self, device: Device, peer: Any) -> None:
        for message_id in await self.any_ids(device, peer, 1):
            emoji = self.random.sample("👍❤🔥", self.random.choice((0, 1, 1, 2)))
            reactions = [tl.reactionEmoji(emoticon=one) for one in emoji]
            await device.call(tl.messages.sendReaction(peer=peer, msg_id=message_id, reaction=reactions))

    async def _see_reactions(self, device: Device, peer: Any) -> None:
        await device.call(tl.messages.readReactions(peer=peer))

    async def _create(self, device: Device, peer: Any) -> None:
        others = [device.input_user(other) for other in self.devices if other is not device]
        answer = await device.call(tl.messages.createChat(users=others, title="group"))
        self.chats.append(answer.updates.chats[0].id)

    async def _add(self, device: Device, peer: Any) -> None:
        if self.chats:
            user = device.input_user(self.somebody())
            chat_id = self.random.choice(self.chats)
            await device.call(tl.messages.addChatUser(chat_id=chat_id, user_id=user, fwd_limit=0))

    async def _remove(self, device: Device, peer: Any) -> None:
        if self.chats:
            user = device.input_user(self.somebody())
            chat_id = self.random.choice(self.chats)
            await device.call(tl.messages.deleteChatUser(chat_id=chat_id, user_id=user))
            self.left.add((user.user_id, chat_id))

    async def _title(self, device: Device, peer: Any) -> None:
        if self.chats:
            title = f"title {self.random.random()}"
            await device.call(tl.messages.editChatTitle(chat_id=self.random.choice(self.chats), title=title))

    async def _clear(self, device: Device, peer: Any) -> None:
        if self.random.random() < 0.3:
            clear, revoke = self.random.random() < 0.5, self.random.random() < 0.5
            await device.call(tl.messages.deleteHistory(peer=peer, max_id=0, just_clear=clear, revoke=revoke))


@on_every_backend
class EveryClientEndsEqualTests(BackendTestCase):
    """Live updates, and the difference from any pts, lead to the history that the server has."""

    timeout = 300.0 * long_play.TIMES

    async def test_random_interleavings(self) -> None:
        """Whatever three users do, pts has no hole and every way of catching up gives the same."""
        for seed in range((1 if self.on_servers else 2) * long_play.TIMES):
            await self.play(seed, 50 if self.on_servers else 75)

    async def test_many_at_once(self) -> None:
        """Six hands at the same time: pushes still come in the order of pts, and nothing is lost or doubled."""
        house = House(self)
        devices = [await house.sign_up(name, username=f"{name}_user") for name in ("Anna", "Boris", "Clara")]
        watching = [Device(house, device.user) for device in devices]
        play = Play(house, devices, 7)

        async def hand() -> None:
            for _ in range((12 if self.on_servers else 20) * min(long_play.TIMES, 5)):
                await play.step()

        await gatherResults([Deferred.fromCoroutine(hand()) for _ in range(6)], consumeErrors=True)
        for device, watcher in zip(devices, watching, strict=True):
            live, away = Mirror(), Mirror()
            live.live(await watcher.take())
            self.assertEqual((await device.call(tl.updates.getState())).pts, live.pts)
            await self.check(device, live, "live", play)
            await away.catch_up(device, limit=5)
            await self.check(device, away, "away", play)

    async def play(self, seed: int, steps: int) -> None:
        house = House(self)
        names = (("Anna", f"anna_{seed}a"), ("Boris", f"boris_{seed}b"), ("Clara", f"clara_{seed}c"))
        devices = [await house.sign_up(name, username=username) for name, username in names]
        watching = [Device(house, device.user) for device in devices]
        play = Play(house, devices, seed)
        mirrors = [Mirror() for _ in devices]
        snapshots: list[list[Mirror]] = [[Mirror()] for _ in devices]
        for _ in range(steps):
            await play.step()
            for mirror, watcher, taken in zip(mirrors, watching, snapshots, strict=True):
                mirror.live(await watcher.take())
                if mirror.pts != taken[-1].pts:
                    taken.append(copy.deepcopy(mirror))
        for device, mirror, taken in zip(devices, mirrors, snapshots, strict=True):
            self.assertEqual((await device.call(tl.updates.getState())).pts, mirror.pts)
            await self.check(device, mirror, f"live, seed {seed}", play)
            for place, snapshot in enumerate(taken):
                pts = snapshot.pts
                await snapshot.catch_up(device, limit=1 + place % 7)
                await self.check(device, snapshot, f"seed {seed} from pts {pts}", play)
        await house.live.settled()

    async def check(self, device: Device, mirror: Mirror, where: str, play: Play) -> None:
        """What the client has is what the server has."""
        listed = await device.dialogs()
        history: dict[int, Any] = {}
        for dialog in listed.dialogs:
            peer = marked(dialog.peer)
            found = await device.history(self.input_peer(listed, peer))
            while found.messages:
                history |= {message.id: message for message in found.messages}
                last = found.messages[-1].id
                found = await device.history(self.input_peer(listed, peer), offset_id=last)
            if peer in mirror.read_inbox:
                self.assertEqual(mirror.read_inbox[peer], dialog.read_inbox_max_id, where)
            if peer in mirror.read_outbox:
                self.assertEqual(mirror.read_outbox[peer], dialog.read_outbox_max_id, where)
            unread = sum(
                marked(m.peer_id) == peer != device.user.id and not m.out and m.id > dialog.read_inbox_max_id
                for m in mirror.messages.values()
            )
            self.assertEqual(unread, dialog.unread_count, where)
        self.assertEqual(sorted(mirror.messages), sorted(history), where)
        for message_id, message in history.items():
            known = mirror.messages[message_id]
            if (device.user.id, -marked(message.peer_id)) in play.left and message.NAME == "message":
                known.reactions = message.reactions
            self.assertEqual(known, message, where)

    def input_peer(self, listed: Any, peer: int) -> Any:
        if peer < 0:
            return tl.inputPeerChat(chat_id=-peer)
        (user,) = [user for user in listed.users if user.id == peer]
        return tl.inputPeerUser(user_id=peer, access_hash=user.access_hash)


@on_every_backend
class DifferenceTests(BackendTestCase):
    """The bounds of updates.getDifference."""

    async def test_a_fresh_user_has_a_state(self) -> None:
        """pts is never 0, and nothing is missing after the first state."""
        house = House(self)
        anna = await house.sign_up("Anna")
        state = await anna.call(tl.updates.getState())
        self.assertEqual((state.pts, state.qts, state.seq, state.unread_count), (1, 0, 0, 0))
        self.assertEqual((await anna.difference(1)).NAME, "updates.differenceEmpty")
        with self.assertRaises(RpcError) as refused:
            await anna.difference(0)
        self.assertEqual(refused.exception.message, "PERSISTENT_TIMESTAMP_EMPTY")

    async def test_too_much_comes_in_slices(self) -> None:
        """A client that asks with a limit gets slices until it has all."""
        house = House(self)
        anna, boris = await house.sign_up("Anna"), await house.sign_up("Boris")
        for number in range(25):
            await anna.send(anna.peer(boris), str(number))
        mirror, slices = Mirror(), 0
        while True:
            difference = await boris.difference(mirror.pts, pts_limit=10)
            slices += difference.NAME == "updates.differenceSlice"
            for message in difference.new_messages:
                mirror.put(message)
            if difference.NAME == "updates.difference":
                break
            mirror.pts = difference.intermediate_state.pts
        self.assertEqual(slices, 2)
        self.assertEqual([mirror.messages[id_].message for id_ in sorted(mirror.messages)], [str(n) for n in range(25)])
        too_long = await boris.difference(1, pts_total_limit=20)
        self.assertEqual((too_long.NAME, too_long.pts), ("updates.differenceTooLong", 26))

    async def test_own_messages_by_the_names_that_the_client_gave(self) -> None:
        """updateMessageID comes again with the difference, for what the user sent and for nothing else."""
        house = House(self)
        anna, boris = await house.sign_up("Anna"), await house.sign_up("Boris")
        await anna.send(anna.peer(boris), "one", random_id=11)
        await boris.send(boris.peer(anna), "two", random_id=22)
        await anna.send(tl.inputPeerSelf(), "three", random_id=33)
        difference = await anna.difference(1)
        named = {one.random_id: one.id for one in difference.other_updates if one.NAME == "updateMessageID"}
        said = {message.message: message.id for message in difference.new_messages}
        self.assertEqual(named, {11: said["one"], 33: said["three"]})
        self.assertEqual([one.NAME for one in difference.other_updates][:2], ["updateMessageID"] * 2)

    async def test_a_pts_of_a_time_that_was_lost(self) -> None:
        """After a backup was restored a client is told the true state, and what comes then is new to everybody."""
        house = House(self)
        anna, boris = await house.sign_up("Anna"), await house.sign_up("Boris")
        await anna.send(anna.peer(boris), "kept")
        await boris.take()
        state = await boris.call(tl.updates.getState())
        ahead = await boris.difference(state.pts + 500)
        self.assertEqual((ahead.NAME, ahead.state.pts), ("updates.difference", state.pts))
        self.assertEqual((ahead.new_messages, ahead.other_updates), ([], []))
        await anna.send(anna.peer(boris), "new")
        [told] = await boris.take()
        # Above what the client that did not go back has seen, in pts and in message ids.
        self.assertEqual(told.pts, state.pts + 501)
        self.assertGreater(told.message.id, 500)
        for pts in (state.pts, state.pts + 500):
            difference = await boris.difference(pts)
            self.assertEqual([message.message for message in difference.new_messages], ["new"])
            self.assertEqual(difference.state.pts, told.pts)
        absurd = await boris.difference(2**31 - 1)
        self.assertEqual((absurd.NAME, absurd.state.pts), ("updates.difference", told.pts))
        self.assertEqual((await boris.call(tl.updates.getState())).pts, told.pts)

    async def test_what_was_trimmed_comes_from_the_box(self) -> None:
        """Below the log the messages since the client's date, in slices, then where each dialog is read up to."""
        house = House(self)
        anna, boris = await house.sign_up("Anna"), await house.sign_up("Boris")
        await anna.send(anna.peer(boris), "before")
        seen = (await boris.difference(1)).state
        house.clock.advance(10)
        since = int(house.clock.seconds())
        for number in range(25):
            house.clock.advance(number % 3 == 0)
            await anna.send(anna.peer(boris), str(number))
        await boris.call(tl.messages.readHistory(peer=boris.peer(anna), max_id=5))
        house.clock.advance(31 * 86_400)
        await anna.send(anna.peer(boris), "last")
        await house.domain.trimming.trim()
        query = {"pts": seen.pts, "date": since, "qts": 0, "pts_limit": 10}
        texts: list[str] = []
        answers: list[str] = []
        while True:
            difference = await boris.call(tl.updates.getDifference(**query))
            answers.append(difference.NAME)
            texts += [message.message for message in difference.new_messages]
            if difference.NAME == "updates.difference":
                break
            self.assertTrue(difference.users)
            query |= {"pts": difference.intermediate_state.pts, "date": difference.intermediate_state.date}
        self.assertEqual(texts, [*map(str, range(25)), "last"])
        self.assertEqual(answers, ["updates.differenceSlice"] * 2 + ["updates.difference"])
        self.assertEqual(difference.state.pts, (await boris.call(tl.updates.getState())).pts)
        [inbox] = [one for one in difference.other_updates if one.NAME == "updateReadHistoryInbox"]
        self.assertEqual((inbox.max_id, inbox.still_unread_count, inbox.pts_count), (5, 22, 0))
        nothing = await boris.call(tl.updates.getDifference(pts=1, date=0, qts=0))
        self.assertEqual((nothing.NAME, nothing.new_messages), ("updates.difference", []))

    async def test_what_was_trimmed_is_not_told_as_if_it_were_there(self) -> None:
        """A client that stood still for longer than the log is kept gets no part of it for the whole."""
        house = House(self)
        anna, boris = await house.sign_up("Anna"), await house.sign_up("Boris")
        await anna.send(anna.peer(boris), "old")
        house.clock.advance(31 * 86_400)
        await anna.send(anna.peer(boris), "new")
        self.assertEqual(await house.domain.trimming.trim(), 2)
        difference = await boris.difference(1)
        self.assertEqual([m.message for m in difference.new_messages], ["old", "new"])
        self.assertEqual([m.message for m in (await boris.difference(2)).new_messages], ["new"])

    async def test_nothing_is_lost_over_a_restart(self) -> None:
        """What was answered before the database went away is in the difference after it."""
        house = House(self)
        anna, boris = await house.sign_up("Anna"), await house.sign_up("Boris")
        boris.go_offline()
        for number in range(5):
            await anna.send(anna.peer(boris), str(number))
        await house.live.settled()
        await house.database.close()
        again = Device(House(self), boris.user)
        difference = await again.difference(1)
        self.assertEqual([message.message for message in difference.new_messages], ["0", "1", "2", "3", "4"])
        self.assertEqual(difference.state.unread_count, 5)
        self.assertGreaterEqual(difference.state.date, START)
