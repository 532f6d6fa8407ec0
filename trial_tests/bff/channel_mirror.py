"""What an app knows of its user's channels, from what is pushed to it and from differences alone."""

import copy
from dataclasses import dataclass, field
from typing import Any

from teamgram.domain.ids.peer import channel_id_of
from teamgram.mtproto.tl import tl
from trial_tests.bff.talk_house import Device

OF_ONES_OWN = ("updateNewScheduledMessage", "updateDeleteScheduledMessages")
"""Speak of a channel, but of nothing that others see there."""


def channel_of(update: Any) -> int:
    """The id of the channel that an update is about, 0 for none."""
    for about in (update, getattr(update, "peer", None), getattr(getattr(update, "message", None), "peer_id", None)):
        channel_id = getattr(about, "channel_id", 0)
        if channel_id:
            return int(channel_id)
    return 0


@dataclass
class Mirror:
    """One channel, as one app has it.

    Attributes:
        pts: as far as it knows the channel.
        thread_read: how far one has read in a topic.
        hidden: what was cleared away; who leaves and comes back sees it again when they ask.
    """

    pts: int = 1
    messages: dict[int, Any] = field(default_factory=dict)
    hidden: int = 0
    read_inbox: int = 0
    read_outbox: int = 0
    still_unread: int | None = None
    thread_read: dict[int, int] = field(default_factory=dict)
    pinned_topics: list[int] = field(default_factory=list)

    def put(self, message: Any) -> None:
        """A message as it is told; what an earlier telling had is gone."""
        message = self.messages[message.id] = copy.deepcopy(message)
        shown(message)

    def apply(self, update: Any) -> None:
        """One update whose turn it is."""
        match update.NAME:
            case "updateNewChannelMessage" | "updateEditChannelMessage":
                self.put(update.message)
            case "updateDeleteChannelMessages":
                for message_id in update.messages:
                    self.messages.pop(message_id, None)
                # A topic is gone with what it was begun with.
                self.pinned_topics = [one for one in self.pinned_topics if one not in update.messages]
            case "updatePinnedChannelMessages":
                for message in self.named(update.messages):
                    message.pinned = update.pinned
            case "updateChannelReadMessagesContents":
                for message in self.named(update.messages):
                    message.media_unread = False
            case "updateReadChannelInbox":
                self.read_inbox, self.still_unread = update.max_id, update.still_unread_count
            case "updateReadChannelOutbox":
                self.read_outbox = update.max_id
            case "updateReadChannelDiscussionInbox":
                self.thread_read[update.top_msg_id] = update.read_max_id
            case "updateChannelAvailableMessages":
                self.hide(update.available_min_id)
            case "updateMessageReactions":
                for message in self.named([update.msg_id]):
                    message.reactions = merged(message.reactions, update.reactions)
            case "updatePinnedForumTopic":
                self.pinned_topics = [one for one in self.pinned_topics if one != update.topic_id]
                if update.pinned:
                    self.pinned_topics.insert(0, update.topic_id)
            case "updatePinnedForumTopics":
                self.pinned_topics = list(update.order)

    def hide(self, max_id: int) -> None:
        """Nothing up to there is to be seen any more."""
        self.hidden = max(self.hidden, max_id)
        self.messages = {id_: one for id_, one in self.messages.items() if id_ > max_id}
        self.read_inbox = max(self.read_inbox, max_id)

    def named(self, message_ids: list[int]) -> list[Any]:
        """Those of the messages that it has."""
        return [self.messages[id_] for id_ in message_ids if id_ in self.messages]

    def polls(self, poll_id: int) -> list[Any]:
        """The messages that ask that."""
        found = []
        for message in self.messages.values():
            media = getattr(message, "media", None)
            if media is not None and media.NAME == "messageMediaPoll" and media.poll.id == poll_id:
                found.append(media)
        return found

    async def catch_up(self, device: Device, channel: Any, limit: int) -> None:
        """getChannelDifference until there is none."""
        while True:
            found = await device.call(
                tl.updates.getChannelDifference(
                    channel=channel, filter=tl.channelMessagesFilterEmpty(), pts=self.pts, limit=limit
                )
            )
            if found.NAME == "updates.channelDifferenceEmpty":
                assert found.pts == self.pts, f"nothing between {self.pts} and {found.pts}"
                return
            known_users = {user.id for user in found.users}
            known_chats = {chat.id for chat in found.chats}
            if found.NAME == "updates.channelDifferenceTooLong":
                self.messages.clear()
                self.pts = found.dialog.pts
                for message in found.messages:
                    self.put(message)
                continue
            for message in found.new_messages:
                from_id = message.from_id
                if from_id is not None and from_id.NAME == "peerUser":
                    assert from_id.user_id in known_users, "a message without its sender"
                assert message.peer_id.channel_id in known_chats, "a message without its channel"
                self.put(message)
            for update in found.other_updates:
                self.apply(update)
            assert found.pts > self.pts, "no step forward"
            self.pts = found.pts
            if found.final:
                return


def shown(message: Any) -> Any:
    """A message, as an app shows it: an edit that shows nothing is none, and no reactions are none."""
    if message.NAME == "message":
        message.edit_hide = False
    if message.NAME != "messageEmpty" and message.reactions is not None and not message.reactions.results:
        message.reactions = None
    return message


def merged(known: Any, told: Any) -> Any:
    """Reactions as an app has them after it was told of them, maybe without its own."""
    told = copy.deepcopy(told)
    if told.min:
        places = {str(one.reaction): one.chosen_order for one in known.results} if known is not None else {}
        for one in told.results:
            one.chosen_order = places.get(str(one.reaction))
        told.min = False
    return told if told.results else None


class App:
    """One device of a user, and what it knows of every channel.

    Attributes:
        present: the channels that its user is in, as it was at the last look.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        self.mirrors: dict[int, Mirror] = {}
        self.present: set[int] = set()

    async def look(self, channels: dict[int, Any], present: set[int]) -> None:
        """Take what was pushed.

        Args:
            channels: ``InputChannel`` by id.
            present: the channels that the user is in now.
        """
        missed: set[int] = set()
        for update in await self.device.take():
            if update.NAME == "updateMessagePoll":
                self._poll(update, present)
                continue
            channel_id = channel_of(update)
            if channel_id and update.NAME not in OF_ONES_OWN:
                self._take(update, channel_id, present, missed)
        for channel_id in sorted(missed & present):
            mirror = self.mirrors.setdefault(channel_id, Mirror())
            await mirror.catch_up(self.device, channels[channel_id], limit=7)
            await self._marks(channel_id, channels[channel_id], mirror)
        self.present = present

    def _take(self, update: Any, channel_id: int, present: set[int], missed: set[int]) -> None:
        was_there = channel_id in self.present
        if update.NAME in ("updateChannel", "updateChannelTooLong"):
            if not was_there:
                missed.add(channel_id)
            return
        if not was_there and channel_id not in present:
            raise AssertionError(f"{update.NAME} was told to somebody who is not there")
        if channel_id not in self.mirrors:
            # Of a channel that it never heard of an app asks for all.
            missed.add(channel_id)
        mirror = self.mirrors.setdefault(channel_id, Mirror())
        if not hasattr(update, "pts_count"):
            if channel_id not in missed:
                mirror.apply(update)
            return
        if channel_id in missed:
            return
        if update.pts - update.pts_count != mirror.pts:
            if was_there:
                raise AssertionError(f"at pts {mirror.pts} came {update.NAME} {update.pts} of {update.pts_count}")
            missed.add(channel_id)
            return
        mirror.apply(update)
        mirror.pts = update.pts

    def _poll(self, update: Any, present: set[int]) -> None:
        found = [
            media
            for channel_id in self.present | present
            for media in self.mirrors.get(channel_id, Mirror()).polls(update.poll_id)
        ]
        if not found:
            raise AssertionError("a poll was told of that this user does not have")
        for media in found:
            if update.poll is not None:
                media.poll.closed = update.poll.closed
            media.results.total_voters = update.results.total_voters

    async def _marks(self, channel_id: int, channel: Any, mirror: Mirror) -> None:
        """Who comes in starts where the server says."""
        dialog = await dialog_of(self.device, channel)
        mirror.read_inbox, mirror.read_outbox = dialog.read_inbox_max_id, dialog.read_outbox_max_id
        mirror.still_unread = None
        mirror.pinned_topics, mirror.thread_read = [], {}
        for topic in await topics_of(self.device, channel):
            mirror.thread_read[topic.id] = topic.read_inbox_max_id
            if topic.pinned:
                mirror.pinned_topics.append(topic.id)


def peer_of(channel: Any) -> Any:
    """``InputPeer``."""
    return tl.inputPeerChannel(channel_id=channel.channel_id, access_hash=channel.access_hash)


async def dialog_of(device: Device, channel: Any) -> Any:
    """The user's conversation there, as the server has it."""
    asked = tl.messages.getPeerDialogs(peers=[tl.inputDialogPeer(peer=peer_of(channel))])
    return (await device.call(asked)).dialogs[0]


async def topics_of(device: Device, channel: Any) -> list[Any]:
    """All topics, none where there are none."""
    (chat,) = (await device.call(tl.channels.getChannels(id=[channel]))).chats
    if not getattr(chat, "forum", False):
        return []
    asked = tl.messages.getForumTopics(peer=peer_of(channel), offset_date=0, offset_id=0, offset_topic=0, limit=100)
    return list((await device.call(asked)).topics)


async def history_of(device: Device, channel: Any) -> dict[int, Any]:
    """All messages that the server shows, by id."""
    history: dict[int, Any] = {}
    found = await device.history(peer_of(channel))
    while found.messages:
        history |= {message.id: shown(message) for message in found.messages}
        found = await device.history(peer_of(channel), offset_id=found.messages[-1].id)
    return history


__all__ = ["App", "Mirror", "channel_id_of", "dialog_of", "history_of", "peer_of", "topics_of"]
