"""The deeds of ``permission_table``: each does one thing as somebody, and says what became of it."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from teamgram.bff.errors import rpc_error_for
from teamgram.domain.boxes.media import Media
from teamgram.domain.boxes.message import Extra
from teamgram.domain.boxes.poll import Poll, PollAnswer
from teamgram.domain.chats.chat import Banned
from teamgram.domain.chats.chats import Actor
from teamgram.domain.errors import DomainError
from teamgram.domain.messages.editing import EditRequest
from teamgram.domain.messages.pins import PinRequest
from teamgram.domain.messages.replies import Quote
from teamgram.domain.messages.sending import ForwardRequest, SendRequest
from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.bff.permission_table import FORBIDDEN, NONE, OWN, YES
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_files import picture, uploaded

POLL_ANSWERS = (PollAnswer("A", b"a"), PollAnswer("B", b"b"))
EVERYTHING = Banned.SEND_MESSAGES | Banned.SEND_PLAIN | Banned.CHANGE_INFO | Banned.INVITE_USERS | Banned.PIN_MESSAGES


async def outcome(deed: Coroutine[Any, Any, Any]) -> str:
    """What a deed ends with: its own word, ``YES`` where it has none, or the error's name."""
    try:
        answer = await deed
    except RpcError as error:
        return error.message
    except DomainError as error:
        wire = rpc_error_for(error)
        assert wire is not None, error
        return wire.message
    return answer if isinstance(answer, str) else YES


@dataclass
class Cast:
    """Who plays, in every group of the walk."""

    house: House
    anna: Device
    adam: Device
    max: Device
    olga: Device
    outsider: Device
    actors: dict[str, Device]


@dataclass
class Group:
    """One group, made for one role: Anna is its creator, Adam administers it, Max and Olga are members.

    Attributes:
        mine, hers: the actor's own ids of what they and ``writer`` wrote there; 0 for who never was in it.
        poll: theirs of a poll of ``writer``'s.
        links: hashes of Adam's links: good, late, full, revoked.
    """

    cast: Cast
    role: str
    actor: Device
    id: int
    mine: int = 0
    hers: int = 0
    poll: int = 0
    links: dict[str, str] | None = None

    @property
    def writer(self) -> Device:
        """Another one who wrote there: Anna, or Max where she is the actor."""
        return self.cast.max if self.role == "creator" else self.cast.anna

    @property
    def peer(self) -> Any:
        """``InputPeer``."""
        return tl.inputPeerChat(chat_id=self.id)

    async def do(self, query: Any) -> Any:
        """Call a method as the actor."""
        return await self.actor.call(query)

    async def heard(self, query: Any) -> str:
        """Call it; whether Max, another member, hears of it."""
        await self.cast.max.take()
        await self.actor.call(query)
        return YES if await self.cast.max.take() else OWN


async def make_group(cast: Cast, role: str, actor: Device) -> Group:
    """A group with the actor in their role."""
    house, chats = cast.house, cast.house.domain.chats
    now = house.shared.now()
    anna = Actor(cast.anna.user.id, now)
    members = [cast.adam.user.id, cast.max.user.id, cast.olga.user.id]
    if role not in ("stranger", "service", "creator"):
        members.append(actor.user.id)
    created = await chats.create(anna, members, f"group of the {role}")
    group = Group(cast, role, actor, created.chat_id)
    await chats.set_admin(anna, group.id, cast.adam.user.id, True)
    await house.domain.messages.send(SendRequest(group.writer.user.id, -group.id, "hers", next(house.keys), now))
    poll = Extra(media=Media(poll=Poll(next(house.keys), 1, "Which?", POLL_ANSWERS)))
    await house.domain.messages.send(SendRequest(group.writer.user.id, -group.id, "", next(house.keys), now, poll))
    if role == "admin":
        await chats.set_admin(anna, group.id, actor.user.id, True)
    if role not in ("stranger", "service"):
        sent = await house.domain.messages.send(SendRequest(actor.user.id, -group.id, "mine", next(house.keys), now))
        group.mine = sent.ids[0][1]
        history = await actor.history(group.peer)
        (group.hers,) = [m.id for m in history.messages if getattr(m, "message", "") == "hers"]
        (group.poll,) = [m.id for m in history.messages if getattr(m, "media", None) is not None]
    if role == "left":
        await chats.remove_user(Actor(actor.user.id, now), group.id, actor.user.id)
    elif role == "kicked":
        await chats.remove_user(anna, group.id, actor.user.id)
    elif role == "banned":
        await chats.set_default_banned_rights(anna, group.id, int(EVERYTHING))
    return group


async def with_links(group: Group) -> dict[str, str]:
    """The hashes of Adam's links into the group."""
    if group.links is None:
        house = group.cast.house
        invites, now = house.domain.invites, house.shared.now()
        adam = Actor(group.cast.adam.user.id, now)
        made = {}
        for name, expires_at, usage_limit in (("good", 0, 0), ("late", now - 1, 0), ("full", 0, 1), ("revoked", 0, 0)):
            invite = await invites.export(adam, group.id, title=name, expires_at=expires_at, usage_limit=usage_limit)
            made[name] = invite.hash
        await invites.revoke(adam, group.id, made["revoked"])
        await invites.join(Actor(group.cast.outsider.user.id, now), made["full"])
        group.links = made
    return group.links


Deed = Callable[[Group], Coroutine[Any, Any, Any]]


async def by_the_domain(g: Group, key: str) -> Any:
    """A deed as agents and the control plane do it: no client, no service, the domain's own objects."""
    house, user_id, peer = g.cast.house, g.actor.user.id, -g.id
    messages, now = house.domain.messages, house.shared.now()
    if key == "send":
        return await messages.send(SendRequest(user_id, peer, "words", next(house.keys), now))
    if key in ("edit_own", "edit_other"):
        message_id = g.mine if key == "edit_own" else g.hers
        return await messages.edit(EditRequest(user_id, peer, message_id or 1, now, f"words {next(house.keys)}"))
    if key in ("delete_own", "delete_other"):
        message_id = g.mine if key == "delete_own" else g.hers
        return await messages.delete(user_id, [message_id], revoke=True, now=now) if message_id else NONE
    if key == "pin":
        return await messages.pin(PinRequest(user_id, peer, g.hers or 1, now))
    if key == "unpin_all":
        return await messages.unpin_all(user_id, peer, now)
    if key == "forward":
        ids = (g.hers or 1,)
        return await messages.forward(ForwardRequest(user_id, peer, user_id, ids, (next(house.keys),), now))
    if key == "quote":
        quoted = Quote("hers", peer=peer)
        request = SendRequest(user_id, user_id, "look", next(house.keys), now, reply_to_id=g.hers or 1, quote=quoted)
        return await messages.send(request)
    assert key == "readers", key
    return await messages.read_participants(user_id, peer, g.mine or 1, now)


BY_THE_DOMAIN = (
    "send", "edit_own", "edit_other", "delete_own", "delete_other", "pin", "unpin_all", "forward", "quote", "readers"
)  # fmt: skip


async def send(g: Group) -> Any:
    return await g.actor.send(g.peer, "words")


async def send_media(g: Group) -> Any:
    number = next(g.cast.house.keys)
    file = await uploaded(g.actor, b"content", number)
    media = tl.inputMediaUploadedDocument(file=file, mime_type="text/plain", attributes=[])
    return await g.do(tl.messages.sendMedia(peer=g.peer, media=media, message="", random_id=number))


async def send_forbidden_media(g: Group) -> Any:
    banned = Banned.SEND_MEDIA | (EVERYTHING if g.role == "banned" else Banned(0))
    await g.cast.house.domain.chats.set_default_banned_rights(Actor(g.cast.anna.user.id, 1), g.id, int(banned))
    return await send_media(g)


async def edit_own(g: Group) -> Any:
    return await g.do(tl.messages.editMessage(peer=g.peer, id=g.mine, message=f"other words {next(g.cast.house.keys)}"))


async def edit_media(g: Group) -> Any:
    file = await uploaded(g.actor, b"content", next(g.cast.house.keys))
    media = tl.inputMediaUploadedDocument(file=file, mime_type="text/plain", attributes=[])
    return await g.do(tl.messages.editMessage(peer=g.peer, id=g.mine, media=media))


async def edit_other(g: Group) -> Any:
    return await g.do(tl.messages.editMessage(peer=g.peer, id=g.hers, message="forged"))


async def delete_own(g: Group) -> Any:
    return await g.heard(tl.messages.deleteMessages(id=[g.mine], revoke=True)) if g.mine else NONE


async def delete_other(g: Group) -> Any:
    return await g.heard(tl.messages.deleteMessages(id=[g.hers], revoke=True)) if g.hers else NONE


async def delete_mine(g: Group) -> Any:
    return await g.heard(tl.messages.deleteMessages(id=[g.hers])) if g.hers else NONE


async def clear(g: Group) -> Any:
    return await g.heard(tl.messages.deleteHistory(peer=g.peer, max_id=0, revoke=True))


async def react(g: Group) -> Any:
    reaction = [tl.reactionEmoji(emoticon="👍")]
    return await g.do(tl.messages.sendReaction(peer=g.peer, msg_id=g.hers or 1, reaction=reaction))


async def vote(g: Group) -> Any:
    return await g.do(tl.messages.sendVote(peer=g.peer, msg_id=g.poll or 1, options=[b"a"]))


async def pin(g: Group) -> Any:
    return await g.do(tl.messages.updatePinnedMessage(peer=g.peer, id=g.hers or 1))


async def unpin_all(g: Group) -> Any:
    return await g.do(tl.messages.unpinAllMessages(peer=g.peer))


async def typing(g: Group) -> Any:
    return await g.heard(tl.messages.setTyping(peer=g.peer, action=tl.sendMessageTypingAction()))


async def read(g: Group) -> Any:
    await g.writer.take()
    await g.do(tl.messages.readHistory(peer=g.peer, max_id=0))
    told = [update.NAME for update in await g.writer.take()]
    return YES if "updateReadHistoryOutbox" in told else OWN


async def readers(g: Group) -> Any:
    return await g.do(tl.messages.getMessageReadParticipants(peer=g.peer, msg_id=g.mine or 1))


async def history(g: Group) -> Any:
    return YES if (await g.actor.history(g.peer)).messages else NONE


async def forward(g: Group) -> Any:
    ids = {"id": [g.hers or 1], "random_id": [next(g.cast.house.keys)]}
    return await g.do(tl.messages.forwardMessages(from_peer=g.peer, to_peer=tl.inputPeerSelf(), **ids))


async def quote(g: Group) -> Any:
    reply = tl.inputReplyToMessage(reply_to_msg_id=g.hers or 1, reply_to_peer_id=g.peer, quote_text="hers")
    return await g.actor.send(tl.inputPeerSelf(), "look", reply_to=reply)


async def members(g: Group) -> Any:
    full = await g.do(tl.messages.getFullChat(chat_id=g.id))
    return FORBIDDEN if full.full_chat.participants.NAME == "chatParticipantsForbidden" else YES


async def onlines(g: Group) -> Any:
    return await g.do(tl.messages.getOnlines(peer=g.peer))


async def title(g: Group) -> Any:
    return await g.do(tl.messages.editChatTitle(chat_id=g.id, title=f"title {next(g.cast.house.keys)}"))


async def about(g: Group) -> Any:
    return await g.do(tl.messages.editChatAbout(peer=g.peer, about=f"about {next(g.cast.house.keys)}"))


async def photo(g: Group) -> Any:
    file = await uploaded(g.actor, picture(160, 160), next(g.cast.house.keys))
    return await g.do(tl.messages.editChatPhoto(chat_id=g.id, photo=tl.inputChatUploadedPhoto(file=file)))


async def add(g: Group) -> Any:
    user = g.actor.input_user(g.cast.outsider)
    return await g.do(tl.messages.addChatUser(chat_id=g.id, user_id=user, fwd_limit=0))


async def add_kicked(g: Group) -> Any:
    house = g.cast.house
    anna = Actor(g.cast.anna.user.id, house.shared.now())
    await house.domain.chats.remove_user(anna, g.id, g.cast.olga.user.id)
    user = g.actor.input_user(g.cast.olga)
    return await g.do(tl.messages.addChatUser(chat_id=g.id, user_id=user, fwd_limit=0))


async def add_left(g: Group, *, known: bool = False) -> Any:
    house, olga = g.cast.house, g.cast.olga
    await house.domain.chats.remove_user(Actor(olga.user.id, house.shared.now()), g.id, olga.user.id)
    if known:
        await house.contacts.add(olga.user.id, g.actor.user, "Known", "", "", house.shared.now())
    try:
        return await g.do(tl.messages.addChatUser(chat_id=g.id, user_id=g.actor.input_user(olga), fwd_limit=0))
    finally:
        await house.contacts.remove(olga.user.id, [g.actor.user.id])


async def add_left_known(g: Group) -> Any:
    return await add_left(g, known=True)


async def _remove(g: Group, user: Device) -> Any:
    return await g.do(tl.messages.deleteChatUser(chat_id=g.id, user_id=g.actor.input_user(user)))


async def _brought(g: Group, user: Device) -> None:
    """The actor brings somebody in, as far as they ever could: then what they may now is taken from them again."""
    house, chats, now = g.cast.house, g.cast.house.domain.chats, g.cast.house.shared.now()
    anna = Actor(g.cast.anna.user.id, now)
    if g.role in ("banned", "member", "agent"):
        if g.role == "banned":
            await chats.set_default_banned_rights(anna, g.id, 0)
        if user is g.cast.anna:
            await chats.remove_user(anna, g.id, user.user.id)
            # Who left comes back through somebody whom they know.
            await house.contacts.add(user.user.id, g.actor.user, "Known", "", "", now)
        if user.user.id not in (await chats.of_member(anna.user_id, g.id)).members:
            await chats.add_user(Actor(g.actor.user.id, house.shared.now()), g.id, user.user.id)
        if g.role == "banned":
            await chats.set_default_banned_rights(anna, g.id, int(EVERYTHING))


async def remove_brought(g: Group) -> Any:
    await _brought(g, g.cast.outsider)
    inside = (await g.cast.house.domain.chats.of_member(g.cast.anna.user.id, g.id)).members
    return await _remove(g, g.cast.outsider if g.cast.outsider.user.id in inside else g.cast.max)


async def remove_member(g: Group) -> Any:
    return await _remove(g, g.cast.max)


async def remove_admin(g: Group) -> Any:
    if g.role in ("banned", "member", "agent"):
        await _brought(g, g.cast.outsider)
        anna = Actor(g.cast.anna.user.id, g.cast.house.shared.now())
        await g.cast.house.domain.chats.set_admin(anna, g.id, g.cast.outsider.user.id, True)
        return await _remove(g, g.cast.outsider)
    return await _remove(g, g.cast.adam)


async def remove_creator(g: Group) -> Any:
    if g.role == "creator":
        return NONE
    await _brought(g, g.cast.anna)
    return await _remove(g, g.cast.anna)


async def leave(g: Group) -> Any:
    return await g.do(tl.messages.deleteChatUser(chat_id=g.id, user_id=tl.inputUserSelf()))


async def appoint(g: Group) -> Any:
    user = g.actor.input_user(g.cast.max)
    return await g.do(tl.messages.editChatAdmin(chat_id=g.id, user_id=user, is_admin=True))


async def dismiss(g: Group) -> Any:
    user = g.actor.input_user(g.cast.adam)
    return await g.do(tl.messages.editChatAdmin(chat_id=g.id, user_id=user, is_admin=False))


async def restrict(g: Group) -> Any:
    rights = tl.chatBannedRights(until_date=0, send_stickers=True)
    return await g.do(tl.messages.editChatDefaultBannedRights(peer=g.peer, banned_rights=rights))


async def lifetime(g: Group) -> Any:
    return await g.do(tl.messages.setHistoryTTL(peer=g.peer, period=86_400))


async def protect(g: Group) -> Any:
    return await g.do(tl.messages.toggleNoForwards(peer=g.peer, enabled=True))


async def close(g: Group) -> Any:
    return await g.do(tl.messages.deleteChat(chat_id=g.id))


async def make_link(g: Group) -> Any:
    return await g.do(tl.messages.exportChatInvite(peer=g.peer, title="mine"))


def _listed(g: Group, admin: Any) -> Any:
    return g.do(tl.messages.getExportedChatInvites(peer=g.peer, admin_id=admin, limit=10))


async def own_links(g: Group) -> Any:
    return await _listed(g, tl.inputUserSelf())


async def other_links(g: Group) -> Any:
    return await _listed(g, g.actor.input_user(g.cast.adam))


def _of_adam(method: Any, name: str, **fields: Any) -> Deed:
    async def deed(g: Group) -> Any:
        link = (await with_links(g))[name]
        return await g.do(method(peer=g.peer, link=link, **fields))

    return deed


see_link = _of_adam(tl.messages.getExportedChatInvite, "good")
edit_link = _of_adam(tl.messages.editExportedChatInvite, "good", title="theirs")
revoke_link = _of_adam(tl.messages.editExportedChatInvite, "good", revoked=True)
forget_link = _of_adam(tl.messages.deleteExportedChatInvite, "revoked")
other_joiners = _of_adam(
    tl.messages.getChatInviteImporters, "full", offset_date=0, offset_user=tl.inputUserEmpty(), limit=10
)


async def forget_links(g: Group) -> Any:
    admin = g.actor.input_user(g.cast.adam)
    return await g.do(tl.messages.deleteRevokedExportedChatInvites(peer=g.peer, admin_id=admin))


async def link_makers(g: Group) -> Any:
    return await g.do(tl.messages.getAdminsWithInvites(peer=g.peer))


def _by(method: Any, name: str) -> Deed:
    async def deed(g: Group) -> Any:
        return await g.do(method(hash=(await with_links(g))[name]))

    return deed


enter, look = _by(tl.messages.importChatInvite, "good"), _by(tl.messages.checkChatInvite, "good")
enter_late = _by(tl.messages.importChatInvite, "late")
enter_full = _by(tl.messages.importChatInvite, "full")
enter_revoked = _by(tl.messages.importChatInvite, "revoked")
