"""Channels played at random: what each app has after live updates, after differences, and the server's own history."""

import copy
from typing import Any

from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests import long_play
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.channel_mirror import App, Mirror, dialog_of, history_of, peer_of, shown, topics_of
from trial_tests.bff.channel_play import Play
from trial_tests.bff.talk_house import Device, House

STEPS = 120 if long_play.TIMES == 1 else 250
NAMES = ("Anna", "Boris", "Clara", "Dora")


@on_every_backend
class EveryAppEndsEqualTests(BackendTestCase):
    """Live updates, and the difference from any pts, lead to what the server has."""

    timeout = 300.0 * long_play.TIMES

    async def test_random_play(self) -> None:
        """Whatever four people do, and however often the server starts anew."""
        for seed in range((1 if self.on_servers else 2) * long_play.TIMES):
            await ChannelGame(self, seed).play(STEPS // 2 if self.on_servers else STEPS)


class ChannelGame:
    """One play: people, what they do, and what each of their other devices knows."""

    def __init__(self, case: BackendTestCase, seed: int) -> None:
        self.case = case
        self.seed = seed
        self.log: list[str] = []

    async def play(self, steps: int) -> None:
        """That many steps; then every way of knowing is compared."""
        case, seed = self.case, self.seed
        self.house = House(case)
        self._start(self.house)
        devices = [await self.house.sign_up(name, username=f"{name}_{seed}x") for name in NAMES]
        self.apps = [App(Device(self.house, device.user)) for device in devices]
        self.devices = devices
        self.play_ = Play(self.house, devices, seed)
        await self.play_.begin()
        snapshots: list[list[dict[int, Mirror]]] = [[] for _ in devices]
        for number in range(steps):
            if self.play_.random.random() < 0.02:
                await self._restart()
            await self._look()
            if number % 6 == 0:
                for app, taken in zip(self.apps, snapshots, strict=True):
                    taken.append(copy.deepcopy(app.mirrors))
            self.log.append(await self.play_.step())
            await self._look()
        self.house.clock.advance(100)
        await self._look()
        for app, taken in zip(self.apps, snapshots, strict=True):
            for channel_id, channel in self.play_.channels.items():
                await self._check(app, channel_id, channel, taken)
        await self._stop(self.house)

    def _start(self, house: House) -> None:
        house.domain.scheduled.start()
        house.domain.polls.start()
        for part in (house.domain.scheduled, house.domain.polls, house.domain.reactions):
            self.case.addCleanup(part.stop)

    async def _stop(self, house: House) -> None:
        await house.domain.scheduled.stop()
        await house.domain.reactions.stop()
        await house.domain.polls.stop()
        await house.in_channels.settled()
        await house.live.settled()

    async def _restart(self) -> None:
        """The same database, and nothing that was remembered."""
        await self._look()
        old = self.house
        await self._stop(old)
        house = self.house = self.play_.house = House(self.case)
        house.keys = old.keys
        house.clock.advance(old.clock.seconds() - house.clock.seconds())
        self._start(house)
        for device in (*self.devices, *(app.device for app in self.apps)):
            device._house = house
            house.push.come(device)
        await house.in_channels.settled()
        self.log.append("restart")

    async def _look(self) -> None:
        house = self.house
        await house.domain.scheduled.settled()
        await house.domain.reactions.settled()
        await house.domain.polls.settled()
        for app in self.apps:
            memberships = await house.domain.channels.memberships.of(app.device.user.id)
            present = {channel_id for channel_id, one in memberships.items() if one.is_present}
            try:
                await app.look(self.play_.channels, present)
            except AssertionError as error:
                raise AssertionError(f"{self._where(app)}: {error}; {self.log[-6:]}") from error

    def _where(self, app: App) -> str:
        return f"seed {self.seed}, {app.device.user.first_name}, step {len(self.log)}"

    async def _check(self, app: App, channel_id: int, channel: Any, snapshots: list[dict[int, Mirror]]) -> None:
        device, where = app.device, f"{self._where(app)}, channel {channel_id}"
        try:
            server = await history_of(device, channel)
        except RpcError as error:
            self.case.assertEqual(error.message, "CHANNEL_PRIVATE", where)
            return
        is_in = channel_id in app.present
        live = app.mirrors.get(channel_id)
        if is_in:
            assert live is not None, where
            await self._check_marks(device, channel, live, where)
            await self._refresh(device, channel, live, chosen_only=True)
            self._equal(live, server, f"{where}, live")
        for number, taken in enumerate([*snapshots[:: max(1, len(snapshots) // 8)], {}]):
            mirror = copy.deepcopy(taken.get(channel_id, Mirror()))
            pts = mirror.pts
            await mirror.catch_up(device, channel, limit=1 + number * 3)
            # What was taken out of one's own sight, and what one has seen, is told to who asks for the channel.
            full = (await device.call(tl.channels.getFullChannel(channel=channel))).full_chat
            mirror.hide(full.available_min_id or 0)
            self.case.assertGreater(min(server, default=1 << 31), full.available_min_id or 0, where)
            await self._refresh(device, channel, mirror)
            self._equal(mirror, server, f"{where}, from pts {pts}")

    async def _refresh(self, device: Device, channel: Any, mirror: Mirror, chosen_only: bool = False) -> None:
        """What apps ask for anew of the messages that they show."""
        peer = peer_of(channel)
        ids = sorted(mirror.messages)
        for start in range(0, len(ids), 100):
            some = ids[start : start + 100]
            views = (await device.call(tl.messages.getMessagesViews(peer=peer, id=some, increment=False))).views
            for id_, view in zip(some, views, strict=True):
                message = mirror.messages[id_]
                if message.NAME == "message":
                    message.views, message.forwards, message.replies = view.views, view.forwards, view.replies
                elif message.NAME == "messageService":
                    pass
            if chosen_only:
                continue
            told = await device.call(tl.messages.getMessagesReactions(peer=peer, id=some))
            for update in told.updates:
                if update.NAME == "updateMessageReactions" and update.msg_id in mirror.messages:
                    message = mirror.messages[update.msg_id]
                    message.reactions = update.reactions
                    shown(message)
        if not chosen_only:
            page = {"offset_id": 0, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0}
            unread = {m.id for m in (await device.call(tl.messages.getUnreadMentions(peer=peer, **page))).messages}
            for message in mirror.messages.values():
                if message.NAME != "messageEmpty" and message.mentioned:
                    message.media_unread = message.id in unread
        for message in mirror.messages.values():
            media = getattr(message, "media", None)
            if media is not None and media.NAME == "messageMediaPoll":
                try:
                    (update,) = (
                        await device.call(tl.messages.getPollResults(peer=peer, msg_id=message.id, poll_hash=0))
                    ).updates
                except RpcError:
                    continue
                media.results = update.results
                if update.poll is not None:
                    media.poll = update.poll

    def _equal(self, mirror: Mirror, server: dict[int, Any], where: str) -> None:
        server = {id_: message for id_, message in server.items() if id_ > mirror.hidden}
        self.case.assertEqual(sorted(mirror.messages), sorted(server), where)
        for id_, message in server.items():
            self.case.assertEqual(mirror.messages[id_], message, f"{where}, message {id_}")

    async def _check_marks(self, device: Device, channel: Any, live: Mirror, where: str) -> None:
        dialog = await dialog_of(device, channel)
        case, peer = self.case, peer_of(channel)
        case.assertEqual(live.pts, dialog.pts, where)
        case.assertEqual(live.read_inbox, dialog.read_inbox_max_id, where)
        case.assertEqual(live.read_outbox, dialog.read_outbox_max_id, where)
        case.assertEqual(max(live.messages, default=0), dialog.top_message, where)
        said = [m for m in live.messages.values() if m.NAME != "messageEmpty"]
        unread = sum(not m.out and m.id > dialog.read_inbox_max_id for m in said)
        case.assertEqual(unread, dialog.unread_count, f"{where}, unread")
        mentions = sorted(m.id for m in said if m.mentioned and m.media_unread)
        case.assertEqual(len(mentions), dialog.unread_mentions_count, f"{where}, mentions {mentions}")
        page = {"offset_id": 0, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0}
        found = await device.call(tl.messages.getUnreadMentions(peer=peer, **page))
        case.assertEqual(mentions, sorted(m.id for m in found.messages), f"{where}, mentions")
        found = await device.call(tl.messages.getUnreadReactions(peer=peer, **page))
        reacted = sorted(m.id for m in found.messages)
        case.assertEqual(len(reacted), dialog.unread_reactions_count, f"{where}, reactions {reacted}")
        topics = await topics_of(device, channel)
        pinned = [topic.id for topic in topics if topic.pinned]
        if topics:
            case.assertEqual(live.pinned_topics, pinned, f"{where}, pinned topics")
        full = (await device.call(tl.channels.getFullChannel(channel=channel))).full_chat
        hidden = full.available_min_id or 0
        for topic in topics:
            in_topic = [m for m in said if topic_of(m, topics) == topic.id]
            top = max((m.id for m in in_topic), default=0)
            if topic.top_message > hidden:
                case.assertEqual(top, topic.top_message, f"{where}, topic {topic.id}")
            unread = sum(not m.out and m.id > topic.read_inbox_max_id for m in in_topic)
            case.assertEqual(unread, topic.unread_count, f"{where}, topic {topic.id}")
            max_id = min(max(live.thread_read.get(topic.id, 0), live.read_inbox), topic.top_message)
            case.assertEqual(max_id, topic.read_inbox_max_id, f"{where}, topic {topic.id}")


def topic_of(message: Any, topics: list[Any]) -> int:
    """In which topic of a forum a message lies."""
    reply_to = message.reply_to
    if message.NAME == "messageService" and message.action.NAME == "messageActionTopicCreate":
        return int(message.id)
    if reply_to is None or not reply_to.forum_topic:
        return 1
    return int(reply_to.reply_to_top_id or reply_to.reply_to_msg_id)


__all__ = ["ChannelGame"]
