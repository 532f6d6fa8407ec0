"""Four people who do at random what can be done in channels, supergroups, forums and comments."""

import random
from typing import Any

from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.bff.channel_mirror import peer_of
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_polls import A, B, C, asked

EMOJI = "👍❤🔥"

DEEDS = (
    ["send"] * 6
    + ["reply"] * 3
    + ["comment"] * 2
    + ["edit", "edit", "delete", "delete", "pin", "pin", "unpin", "forward", "album"]
    + ["read"] * 3
    + ["read_topic", "mention", "mention", "read_mentions", "contents"]
    + ["react"] * 4
    + ["see_reactions", "see_reactions", "poll", "vote", "vote", "close_poll"]
    + ["join"] * 3
    + ["invite", "leave", "kick", "ban", "restrict", "unban", "admin", "dismiss", "anonymous"]
    + ["topic", "topic", "edit_topic", "pin_topic", "order_topics", "delete_topic"]
    + ["title", "about", "signatures", "prehistory", "slow", "default_bans", "forum", "link"]
    + ["clear", "wipe_member", "wipe", "unpin_all", "schedule", "schedule", "views"]
    + ["found", "migrate"]
)


OF_FORUMS = frozenset(("topic", "edit_topic", "pin_topic", "order_topics", "delete_topic", "read_topic"))
# fmt: off
OF_OWNERS = frozenset(
    (
        "invite", "kick", "ban", "restrict", "unban", "admin", "dismiss", "anonymous", "pin_topic", "order_topics",
        "delete_topic", "title", "about", "signatures", "prehistory", "slow", "default_bans", "forum", "link",
        "wipe_member", "wipe", "unpin_all", "album",
    )
)
# fmt: on


class Play:
    """What they do; what is not allowed is refused and changes nothing.

    Attributes:
        channels: ``InputChannel`` by id.
        done: how often each deed went through.
    """

    def __init__(self, house: House, devices: list[Device], seed: int) -> None:
        self.house = house
        self.devices = devices
        self.seed = seed
        self.random = random.Random(seed)
        self.channels: dict[int, Any] = {}
        self.owners: dict[int, Device] = {}
        self.done: dict[str, int] = {}

    async def begin(self) -> None:
        """A public supergroup, a forum, and a channel with comments; all but one are in each."""
        anna, boris, clara, _ = self.devices
        self.forum: Any
        club = await self._found(anna, title="Club", megagroup=True)
        forum = self.forum = await self._found(anna, title="Forum", megagroup=True, forum=True)
        news = await self._found(anna, title="News", broadcast=True)
        talk = await self._found(anna, title="Talk", megagroup=True)
        await anna.call(tl.channels.setDiscussionGroup(broadcast=news, group=talk))
        for number, channel in enumerate((club, forum, news)):
            await anna.call(tl.channels.updateUsername(channel=channel, username=f"place_{self.seed}_number_{number}"))
            for device in (boris, clara):
                await device.call(tl.channels.joinChannel(channel=channel))
            rights = tl.chatAdminRights(
                post_messages=True, edit_messages=True, delete_messages=True, ban_users=True, pin_messages=True
            )
            await anna.call(
                tl.channels.editAdmin(channel=channel, user_id=anna.input_user(boris), admin_rights=rights, rank="")
            )

    async def step(self) -> str:
        """One thing; what it was."""
        self.house.clock.advance(self.random.choice((0, 0, 1, 7)))
        deed = self.random.choice(DEEDS)
        device, channel = self.somebody(), self.random.choice(list(self.channels.values()))
        if deed in OF_FORUMS and self.likely(0.8):
            channel = self.forum
        if deed in OF_OWNERS and self.likely(0.6):
            device = self.owners[channel.channel_id]
        try:
            await getattr(self, f"_{deed}")(device, channel)
            self.done[deed] = self.done.get(deed, 0) + 1
        except RpcError as error:
            if error.code == 500:
                raise
            deed += f": {error.message}"
        return deed

    def somebody(self) -> Device:
        return self.random.choice(self.devices)

    def likely(self, part: float) -> bool:
        return self.random.random() < part

    async def messages(self, device: Device, channel: Any) -> list[Any]:
        return list((await device.history(peer_of(channel))).messages)

    async def any_ids(self, device: Device, channel: Any, count: int = 1) -> list[int]:
        ids = [message.id for message in await self.messages(device, channel) if message.NAME == "message"]
        return sorted(self.random.sample(ids, min(count, len(ids))))

    async def any_topic(self, device: Device, channel: Any) -> int:
        asked_for = tl.messages.getForumTopics(
            peer=peer_of(channel), offset_date=0, offset_id=0, offset_topic=0, limit=100
        )
        topics = (await device.call(asked_for)).topics
        return int(self.random.choice(topics).id) if topics else 0

    def words(self) -> str:
        return f"text {self.random.random()}"

    # --- messages ---

    async def _send(self, device: Device, channel: Any) -> None:
        reply_to = None
        if self.likely(0.3):
            topic = await self.any_topic(device, channel)
            reply_to = tl.inputReplyToMessage(reply_to_msg_id=topic, top_msg_id=topic)
        await device.send(peer_of(channel), self.words(), reply_to=reply_to, silent=self.likely(0.2))

    async def _reply(self, device: Device, channel: Any) -> None:
        for message_id in await self.any_ids(device, channel):
            reply_to = tl.inputReplyToMessage(reply_to_msg_id=message_id)
            await device.send(peer_of(channel), self.words(), reply_to=reply_to)

    async def _comment(self, device: Device, channel: Any) -> None:
        posts = [m for m in await self.messages(device, channel) if getattr(m, "replies", None) and m.replies.comments]
        if posts:
            post = self.random.choice(posts)
            found = await device.call(tl.messages.getDiscussionMessage(peer=peer_of(channel), msg_id=post.id))
            (group,) = [chat for chat in found.chats if chat.id == post.replies.channel_id]
            peer = tl.inputPeerChannel(channel_id=group.id, access_hash=group.access_hash)
            reply_to = tl.inputReplyToMessage(reply_to_msg_id=found.messages[0].id)
            await device.send(peer, self.words(), reply_to=reply_to)

    async def _mention(self, device: Device, channel: Any) -> None:
        await device.send(peer_of(channel), f"@{self.somebody().user.username} {self.words()}")

    async def _album(self, device: Device, channel: Any) -> None:
        await device.send(
            peer_of(channel), self.words(), send_as=peer_of(self.random.choice([*self.channels.values()]))
        )

    async def _edit(self, device: Device, channel: Any) -> None:
        for message_id in await self.any_ids(device, channel):
            text = self.words()
            if self.likely(0.3):
                text = f"@{self.somebody().user.username} {text}"
            await device.call(tl.messages.editMessage(peer=peer_of(channel), id=message_id, message=text))

    async def _delete(self, device: Device, channel: Any) -> None:
        ids = await self.any_ids(device, channel, 3)
        await device.call(tl.channels.deleteMessages(channel=channel, id=ids))

    async def _pin(self, device: Device, channel: Any, unpin: bool = False) -> None:
        for message_id in await self.any_ids(device, channel):
            await device.call(
                tl.messages.updatePinnedMessage(
                    peer=peer_of(channel), id=message_id, unpin=unpin, silent=self.likely(0.5)
                )
            )

    async def _unpin(self, device: Device, channel: Any) -> None:
        pinned = [m.id for m in await self.messages(device, channel) if getattr(m, "pinned", False)]
        if pinned:
            message_id = self.random.choice(pinned)
            await device.call(tl.messages.updatePinnedMessage(peer=peer_of(channel), id=message_id, unpin=True))

    async def _unpin_all(self, device: Device, channel: Any) -> None:
        await device.call(tl.messages.unpinAllMessages(peer=peer_of(channel)))

    async def _forward(self, device: Device, channel: Any) -> None:
        ids = await self.any_ids(device, channel, 3)
        await device.call(
            tl.messages.forwardMessages(
                from_peer=peer_of(channel),
                id=ids,
                random_id=[next(self.house.keys) for _ in ids],
                to_peer=peer_of(self.random.choice(list(self.channels.values()))),
            )
        )

    async def _schedule(self, device: Device, channel: Any) -> None:
        at = int(self.house.clock.seconds()) + self.random.choice((11, 60))
        await device.send(peer_of(channel), f"later {self.words()}", schedule_date=at)

    async def _clear(self, device: Device, channel: Any) -> None:
        if self.likely(0.3):
            await device.call(tl.channels.deleteHistory(channel=channel, max_id=0, for_everyone=False))

    async def _wipe(self, device: Device, channel: Any) -> None:
        if self.likely(0.2):
            await device.call(tl.channels.deleteHistory(channel=channel, max_id=0, for_everyone=True))

    async def _wipe_member(self, device: Device, channel: Any) -> None:
        who = device.peer(self.somebody())
        await device.call(tl.channels.deleteParticipantHistory(channel=channel, participant=who))

    # --- reading ---

    async def _read(self, device: Device, channel: Any) -> None:
        ids = await self.any_ids(device, channel) or [0]
        await device.call(tl.channels.readHistory(channel=channel, max_id=self.random.choice((0, ids[0]))))

    async def _read_topic(self, device: Device, channel: Any) -> None:
        topic = await self.any_topic(device, channel)
        ids = await self.any_ids(device, channel)
        if topic and ids:
            await device.call(tl.messages.readDiscussion(peer=peer_of(channel), msg_id=topic, read_max_id=max(ids)))

    async def _read_mentions(self, device: Device, channel: Any) -> None:
        await device.call(tl.messages.readMentions(peer=peer_of(channel)))

    async def _contents(self, device: Device, channel: Any) -> None:
        ids = await self.any_ids(device, channel, 10)
        await device.call(tl.channels.readMessageContents(channel=channel, id=ids))

    async def _views(self, device: Device, channel: Any) -> None:
        ids = await self.any_ids(device, channel, 10)
        await device.call(tl.messages.getMessagesViews(peer=peer_of(channel), id=ids, increment=True))

    # --- reactions and polls ---

    async def _react(self, device: Device, channel: Any) -> None:
        for message_id in await self.any_ids(device, channel):
            emoji = self.random.sample(EMOJI, self.random.choice((0, 1, 1, 2)))
            reactions = [tl.reactionEmoji(emoticon=one) for one in emoji]
            await device.call(tl.messages.sendReaction(peer=peer_of(channel), msg_id=message_id, reaction=reactions))

    async def _see_reactions(self, device: Device, channel: Any) -> None:
        await device.call(tl.messages.readReactions(peer=peer_of(channel)))

    async def _poll(self, device: Device, channel: Any) -> None:
        media = asked(public_voters=self.likely(0.5), multiple_choice=self.likely(0.5))
        await device.call(
            tl.messages.sendMedia(peer=peer_of(channel), media=media, message="", random_id=next(self.house.keys))
        )

    async def any_poll(self, device: Device, channel: Any) -> Any:
        polls = [
            message
            for message in await self.messages(device, channel)
            if message.NAME == "message" and message.media is not None and message.media.NAME == "messageMediaPoll"
        ]
        return self.random.choice(polls) if polls else None

    async def _vote(self, device: Device, channel: Any) -> None:
        poll = await self.any_poll(device, channel)
        if poll is not None:
            options = self.random.choice(([A], [B], [C], []))
            await device.call(tl.messages.sendVote(peer=peer_of(channel), msg_id=poll.id, options=options))

    async def _close_poll(self, device: Device, channel: Any) -> None:
        poll = await self.any_poll(device, channel)
        if poll is not None:
            media = asked(closed=True)
            media.poll.id = poll.media.poll.id
            await device.call(tl.messages.editMessage(peer=peer_of(channel), id=poll.id, media=media))

    # --- who is in it ---

    async def _join(self, device: Device, channel: Any) -> None:
        await device.call(tl.channels.joinChannel(channel=channel))

    async def _leave(self, device: Device, channel: Any) -> None:
        await device.call(tl.channels.leaveChannel(channel=channel))

    async def _invite(self, device: Device, channel: Any) -> None:
        users = [device.input_user(self.somebody())]
        await device.call(tl.channels.inviteToChannel(channel=channel, users=users))

    async def _bans(self, device: Device, channel: Any, **rights: bool) -> None:
        until = self.random.choice((0, int(self.house.clock.seconds()) + 60))
        await device.call(
            tl.channels.editBanned(
                channel=channel,
                participant=device.peer(self.somebody()),
                banned_rights=tl.chatBannedRights(until_date=until, **rights),
            )
        )

    async def _ban(self, device: Device, channel: Any) -> None:
        await self._bans(device, channel, view_messages=True)

    async def _kick(self, device: Device, channel: Any) -> None:
        who = device.peer(self.somebody())
        for bans in (tl.chatBannedRights(until_date=0, view_messages=True), tl.chatBannedRights(until_date=0)):
            await device.call(tl.channels.editBanned(channel=channel, participant=who, banned_rights=bans))

    async def _restrict(self, device: Device, channel: Any) -> None:
        await self._bans(device, channel, send_messages=True, send_polls=True)

    async def _unban(self, device: Device, channel: Any) -> None:
        await self._bans(device, channel)

    async def _admin(self, device: Device, channel: Any, **rights: bool) -> None:
        rights = rights or {"post_messages": True, "delete_messages": True, "ban_users": True}
        await device.call(
            tl.channels.editAdmin(
                channel=channel,
                user_id=device.input_user(self.somebody()),
                admin_rights=tl.chatAdminRights(**rights),
                rank="",
            )
        )

    async def _dismiss(self, device: Device, channel: Any) -> None:
        await self._admin(device, channel, post_messages=False)

    async def _anonymous(self, device: Device, channel: Any) -> None:
        await self._admin(device, channel, anonymous=True, post_messages=True, pin_messages=True)

    # --- topics ---

    async def _topic(self, device: Device, channel: Any) -> None:
        await device.call(
            tl.messages.createForumTopic(peer=peer_of(channel), title=self.words(), random_id=next(self.house.keys))
        )

    async def _edit_topic(self, device: Device, channel: Any) -> None:
        topic = await self.any_topic(device, channel)
        changes = self.random.choice(({"title": self.words()}, {"closed": True}, {"closed": False}))
        await device.call(tl.messages.editForumTopic(peer=peer_of(channel), topic_id=topic, **changes))

    async def _pin_topic(self, device: Device, channel: Any) -> None:
        topic = await self.any_topic(device, channel)
        pinned = self.likely(0.7)
        await device.call(tl.messages.updatePinnedForumTopic(peer=peer_of(channel), topic_id=topic, pinned=pinned))

    async def _order_topics(self, device: Device, channel: Any) -> None:
        order = [await self.any_topic(device, channel), await self.any_topic(device, channel)]
        await device.call(
            tl.messages.reorderPinnedForumTopics(peer=peer_of(channel), order=order, force=self.likely(0.5))
        )

    async def _delete_topic(self, device: Device, channel: Any) -> None:
        topic = await self.any_topic(device, channel)
        if self.likely(0.5):
            await device.call(tl.messages.deleteTopicHistory(peer=peer_of(channel), top_msg_id=topic))

    # --- the channel ---

    async def _title(self, device: Device, channel: Any) -> None:
        await device.call(tl.channels.editTitle(channel=channel, title=self.words()))

    async def _about(self, device: Device, channel: Any) -> None:
        await device.call(tl.messages.editChatAbout(peer=peer_of(channel), about=self.words()))

    async def _signatures(self, device: Device, channel: Any) -> None:
        await device.call(
            tl.channels.toggleSignatures(
                channel=channel, signatures_enabled=self.likely(0.5), profiles_enabled=self.likely(0.5)
            )
        )

    async def _prehistory(self, device: Device, channel: Any) -> None:
        await device.call(tl.channels.togglePreHistoryHidden(channel=channel, enabled=self.likely(0.5)))

    async def _slow(self, device: Device, channel: Any) -> None:
        await device.call(tl.channels.toggleSlowMode(channel=channel, seconds=self.random.choice((0, 0, 10))))

    async def _default_bans(self, device: Device, channel: Any) -> None:
        bans = tl.chatBannedRights(until_date=0, send_messages=self.likely(0.1), pin_messages=self.likely(0.5))
        await device.call(tl.messages.editChatDefaultBannedRights(peer=peer_of(channel), banned_rights=bans))

    async def _forum(self, device: Device, channel: Any) -> None:
        await device.call(tl.channels.toggleForum(channel=channel, enabled=self.likely(0.7), tabs=False))

    async def _link(self, device: Device, channel: Any) -> None:
        group = self.random.choice([*self.channels.values(), tl.inputChannelEmpty()])
        await device.call(tl.channels.setDiscussionGroup(broadcast=channel, group=group))

    async def _found(self, device: Device, channel: Any = None, **kind: Any) -> Any:
        if not kind:
            if len(self.channels) > 5:
                return None
            kind = self.random.choice(({"broadcast": True}, {"megagroup": True}))
        answer = await device.call(tl.channels.createChannel(**{"title": "A place", "about": "", **kind}))
        return self._known(answer.chats[0], device)

    def _known(self, chat: Any, owner: Device) -> Any:
        self.owners[chat.id] = owner
        channel = tl.inputChannel(channel_id=chat.id, access_hash=chat.access_hash)
        self.channels[chat.id] = channel
        return channel

    async def _migrate(self, device: Device, channel: Any) -> None:
        if len(self.channels) > 5:
            return
        users = [device.input_user(other) for other in self.devices if other is not device and self.likely(0.7)]
        made = await device.call(tl.messages.createChat(users=users, title="group"))
        chat_id = made.updates.chats[0].id
        await device.send(tl.inputPeerChat(chat_id=chat_id), self.words())
        answer = await device.call(tl.messages.migrateChat(chat_id=chat_id))
        self._known(next(chat for chat in answer.chats if chat.NAME == "channel"), device)
