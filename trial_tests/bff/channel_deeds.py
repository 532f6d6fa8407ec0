"""The deeds of ``channel_table``: each does one thing in a channel as somebody, and says what became of it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.bff.channel_mirror import peer_of
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_polls import A, asked

YES = "yes"
OUT = tl.chatBannedRights(until_date=0, view_messages=True)
NO_BANS = tl.chatBannedRights(until_date=0)
SILENT = tl.chatBannedRights(
    until_date=0,
    send_messages=True,
    send_polls=True,
    change_info=True,
    invite_users=True,
    pin_messages=True,
    manage_topics=True,
)


@dataclass
class Place:
    """A channel made for one role.

    Attributes:
        other: somebody who is in it and may do nothing special; ``third``: who is not in it.
        mine: the actor's message, 0 where they never could write any.
        topic: of the owner's, closed, in a forum.
        number: counts, so that nothing is done twice the same.
    """

    house: House
    owner: Device
    actor: Device
    other: Device
    third: Device
    channel: Any
    mine: int = 0
    my_topic: int = 0
    topic: int = 0
    number: int = 0

    @property
    def peer(self) -> Any:
        """``InputPeer``."""
        return peer_of(self.channel)

    async def do(self, method: Any, **fields: Any) -> Any:
        """Ask for something as the actor, in the channel if the method has one."""
        for name, value in (("channel", self.channel), ("peer", self.peer)):
            if name in method.__slots__ and name not in fields:
                fields[name] = value
        return await self.actor.call(method(**fields))

    def new(self) -> int:
        """A number that nothing had."""
        self.number += 1
        return self.number

    async def said(self, by: Device, **fields: Any) -> int:
        """A message of somebody's."""
        return sent_id(await by.send(self.peer, f"words {self.new()}", **fields))


def sent_id(answer: Any) -> int:
    """The id of what was sent."""
    return next(int(update.id) for update in answer.updates if update.NAME == "updateMessageID")


async def outcome(deed: Coroutine[Any, Any, Any]) -> str:
    """``YES``, or the error that the deed ends with."""
    try:
        await deed
    except RpcError as error:
        return error.message
    return YES


def _asks(method: Any, **fields: Any) -> "Deed":
    async def deed(place: Place) -> Any:
        return await place.do(method, **fields)

    return deed


async def write(p: Place) -> Any:
    return await p.actor.send(p.peer, f"words {p.new()}")


async def edit_own(p: Place) -> Any:
    return await p.do(tl.messages.editMessage, id=p.mine, message=f"changed {p.new()}")


async def edit_other(p: Place) -> Any:
    message_id = await p.said(p.owner)
    return await p.do(tl.messages.editMessage, id=message_id, message=f"changed {p.new()}")


async def delete_own(p: Place) -> Any:
    return await p.do(tl.channels.deleteMessages, id=[p.mine])


async def delete_other(p: Place) -> Any:
    return await p.do(tl.channels.deleteMessages, id=[await p.said(p.owner)])


async def pin(p: Place) -> Any:
    return await p.do(tl.messages.updatePinnedMessage, id=await p.said(p.owner), silent=True)


async def react(p: Place) -> Any:
    message_id = await p.said(p.owner)
    return await p.do(tl.messages.sendReaction, msg_id=message_id, reaction=[tl.reactionEmoji(emoticon="👍")])


async def vote(p: Place) -> Any:
    media = asked(public_voters=False)
    sent = await p.owner.call(tl.messages.sendMedia(peer=p.peer, media=media, message="", random_id=next(p.house.keys)))
    return await p.do(tl.messages.sendVote, msg_id=sent_id(sent), options=[A])


async def forward(p: Place) -> Any:
    message_id = await p.said(p.owner)
    return await p.actor.call(
        tl.messages.forwardMessages(
            from_peer=p.peer, id=[message_id], random_id=[next(p.house.keys)], to_peer=tl.inputPeerSelf()
        )
    )


async def title(p: Place) -> Any:
    return await p.do(tl.channels.editTitle, title=f"title {p.new()}")


async def about(p: Place) -> Any:
    return await p.do(tl.messages.editChatAbout, about=f"about {p.new()}")


async def username(p: Place) -> Any:
    return await p.do(tl.channels.updateUsername, username=f"name_{p.channel.channel_id}_number{p.new()}")


async def invite(p: Place) -> Any:
    guest = await p.house.sign_up("Guest")
    return await p.do(tl.channels.inviteToChannel, users=[p.actor.input_user(guest)])


def _members(filter_: Any) -> "Deed":
    return _asks(tl.channels.getParticipants, filter=filter_, offset=0, limit=10, hash=0)


async def appoint(p: Place) -> Any:
    rights = tl.chatAdminRights(other=True)
    return await p.do(tl.channels.editAdmin, user_id=p.actor.input_user(p.other), admin_rights=rights, rank="")


async def restrict(p: Place) -> Any:
    bans = tl.chatBannedRights(until_date=0, send_polls=True, embed_links=bool(p.new() % 2))
    return await p.do(tl.channels.editBanned, participant=p.actor.peer(p.third), banned_rights=bans)


async def restrict_owner(p: Place) -> Any:
    return await p.do(tl.channels.editBanned, participant=p.actor.peer(p.owner), banned_rights=OUT)


async def default_bans(p: Place) -> Any:
    bans = tl.chatBannedRights(until_date=0, send_games=bool(p.new() % 2), send_inline=True)
    return await p.do(tl.messages.editChatDefaultBannedRights, banned_rights=bans)


async def slow(p: Place) -> Any:
    await outcome(p.owner.call(tl.channels.toggleSlowMode(channel=p.channel, seconds=0)))
    return await p.do(tl.channels.toggleSlowMode, seconds=10)


async def signatures(p: Place) -> Any:
    await outcome(
        p.owner.call(tl.channels.toggleSignatures(channel=p.channel, signatures_enabled=False, profiles_enabled=False))
    )
    return await p.do(tl.channels.toggleSignatures, signatures_enabled=True, profiles_enabled=False)


async def hide_members(p: Place) -> Any:
    await outcome(p.owner.call(tl.channels.toggleParticipantsHidden(channel=p.channel, enabled=True)))
    answer = await outcome(p.do(tl.channels.toggleParticipantsHidden, enabled=False))
    await outcome(p.owner.call(tl.channels.toggleParticipantsHidden(channel=p.channel, enabled=False)))
    if answer != YES:
        raise RpcError(400, answer)


async def protect(p: Place) -> Any:
    await outcome(p.owner.call(tl.messages.toggleNoForwards(peer=p.peer, enabled=False)))
    answer = await outcome(p.do(tl.messages.toggleNoForwards, enabled=True))
    await outcome(p.owner.call(tl.messages.toggleNoForwards(peer=p.peer, enabled=False)))
    if answer != YES:
        raise RpcError(400, answer)


async def wipe_member(p: Place) -> Any:
    return await p.do(tl.channels.deleteParticipantHistory, participant=p.actor.peer(p.third))


async def begin_topic(p: Place) -> Any:
    return await p.do(tl.messages.createForumTopic, title=f"topic {p.new()}", random_id=next(p.house.keys))


async def rename_topic(p: Place) -> Any:
    return await p.do(tl.messages.editForumTopic, topic_id=p.topic, title=f"topic {p.new()}")


async def rename_own_topic(p: Place) -> Any:
    return await p.do(tl.messages.editForumTopic, topic_id=p.my_topic, title=f"topic {p.new()}")


async def write_in_closed(p: Place) -> Any:
    reply_to = tl.inputReplyToMessage(reply_to_msg_id=p.topic, top_msg_id=p.topic)
    return await p.actor.send(p.peer, f"words {p.new()}", reply_to=reply_to)


async def pin_topic(p: Place) -> Any:
    await outcome(p.owner.call(tl.messages.updatePinnedForumTopic(peer=p.peer, topic_id=p.topic, pinned=False)))
    return await p.do(tl.messages.updatePinnedForumTopic, topic_id=p.topic, pinned=True)


async def delete_topic(p: Place) -> Any:
    made = await p.owner.call(
        tl.messages.createForumTopic(peer=p.peer, title=f"topic {p.new()}", random_id=next(p.house.keys))
    )
    return await p.do(tl.messages.deleteTopicHistory, top_msg_id=sent_id(made))


async def look(p: Place) -> Any:
    return await p.actor.history(p.peer)


async def read(p: Place) -> Any:
    return await p.do(tl.channels.readHistory, max_id=0)


Deed = Callable[[Place], Coroutine[Any, Any, Any]]

DEEDS: dict[str, Deed] = {
    "look": look,
    "difference": _asks(tl.updates.getChannelDifference, filter=tl.channelMessagesFilterEmpty(), pts=1, limit=10),
    "read": read,
    "write": write,
    "edit_own": edit_own,
    "edit_other": edit_other,
    "forward": forward,
    "react": react,
    "vote": vote,
    "pin": pin,
    "delete_other": delete_other,
    "wipe_member": wipe_member,
    "title": title,
    "about": about,
    "username": username,
    "invite": invite,
    "make_link": _asks(tl.messages.exportChatInvite),
    "members": _members(tl.channelParticipantsRecent()),
    "admins": _members(tl.channelParticipantsAdmins()),
    "put_out_list": _members(tl.channelParticipantsKicked(q="")),
    "log": _asks(tl.channels.getAdminLog, q="", max_id=0, min_id=0, limit=10),
    "appoint": appoint,
    "restrict": restrict,
    "restrict_owner": restrict_owner,
    "default_bans": default_bans,
    "slow": slow,
    "signatures": signatures,
    "hide_members": hide_members,
    "protect": protect,
    "begin_topic": begin_topic,
    "rename_topic": rename_topic,
    "rename_own_topic": rename_own_topic,
    "write_in_closed": write_in_closed,
    "pin_topic": pin_topic,
    "delete_topic": delete_topic,
    "delete_own": delete_own,
    "leave": _asks(tl.channels.leaveChannel),
    "join": _asks(tl.channels.joinChannel),
    "delete": _asks(tl.channels.deleteChannel),
}
