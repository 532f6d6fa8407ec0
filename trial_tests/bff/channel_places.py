"""Channels made for the walk through ``channel_table``: one for each role and kind."""

from typing import Any

from teamgram.mtproto.tl import tl
from trial_tests.bff.channel_deeds import NO_BANS, OUT, SILENT, Place, sent_id
from trial_tests.bff.channel_table import ALL_RIGHTS
from trial_tests.bff.talk_house import Device, House

IN_FIRST = ("left", "put out", "removed", "member", "silenced", "administrator", "anonymous")


async def make_place(house: House, kind: str, role: str, is_public: bool) -> Place:
    """A new channel of that kind (``group``, ``channel``, ``forum``), in which the actor is what the role says."""
    owner = await house.sign_up("Owner")
    actor = owner if role == "owner" else await house.sign_up("Actor")
    other, third = await house.sign_up("Other"), await house.sign_up("Third")
    create = tl.channels.createChannel(
        title="A place", about="", megagroup=kind != "channel", broadcast=kind == "channel", forum=kind == "forum"
    )
    (chat,) = (await owner.call(create)).chats
    channel = tl.inputChannel(channel_id=chat.id, access_hash=chat.access_hash)
    # Everybody comes in by the front door, which is shut afterwards where it is to be.
    await owner.call(tl.channels.updateUsername(channel=channel, username=f"walk_{chat.id}_place"))
    place = Place(house, owner, actor, other, third, channel)
    for device in (other, third):
        await device.call(tl.channels.joinChannel(channel=channel))
    if role in IN_FIRST:
        await actor.call(tl.channels.joinChannel(channel=channel))
    if kind == "forum":
        await _topics(place, role)
    if role in IN_FIRST or role == "owner":
        if kind == "channel" and role != "owner":
            await appoint(place, ("post_messages",))
            place.mine = await place.said(actor)
            await appoint(place, ())
        else:
            place.mine = await place.said(actor)
    else:
        place.mine = await place.said(owner)
    await _become(place, role)
    if not is_public:
        await owner.call(tl.channels.updateUsername(channel=channel, username=""))
    return place


async def appoint(place: Place, rights: tuple[str, ...]) -> None:
    """Give the actor these rights, and no others; none: they are a member again."""
    given = tl.chatAdminRights(**dict.fromkeys(rights, True))
    await place.owner.call(
        tl.channels.editAdmin(
            channel=place.channel, user_id=place.owner.input_user(place.actor), admin_rights=given, rank=""
        )
    )


async def _topics(place: Place, role: str) -> None:
    async def made(by: Device, title: str) -> int:
        create = tl.messages.createForumTopic(peer=place.peer, title=title, random_id=next(place.house.keys))
        return sent_id(await by.call(create))

    place.topic = await made(place.owner, "Closed")
    await place.owner.call(tl.messages.editForumTopic(peer=place.peer, topic_id=place.topic, closed=True))
    place.my_topic = await made(place.actor if role in IN_FIRST else place.owner, "Mine")


async def _become(place: Place, role: str) -> None:
    async def ban(bans: Any) -> None:
        await place.owner.call(
            tl.channels.editBanned(channel=place.channel, participant=place.owner.peer(place.actor), banned_rights=bans)
        )

    match role:
        case "left":
            await place.actor.call(tl.channels.leaveChannel(channel=place.channel))
        case "put out":
            await ban(OUT)
        case "removed":
            await ban(OUT)
            await ban(NO_BANS)
        case "silenced":
            await ban(SILENT)
        case "administrator":
            await appoint(place, ALL_RIGHTS)
        case "anonymous":
            await appoint(place, (*ALL_RIGHTS, "anonymous"))
