"""Making invite links, and coming in by them. What a *group id* is says ``place``."""

import secrets

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.message import Action
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels import store as channel_store
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.invite_events import (
    CameByLink,
    InviteRow,
)
from teamgram.domain.channels.join_requests import ask_in_channel_txn
from teamgram.domain.channels.joining import ChannelJoining
from teamgram.domain.chats import rights, store
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.chats.errors import (
    InviteHashInvalid,
    JoinRequestSent,
    UsageLimitInvalid,
)
from teamgram.domain.chats.invite import (
    COLUMNS,
    Invite,
    InvitePage,
    invite_of,
    invite_txn,
)
from teamgram.domain.chats.join_requests import JoinRequest, ask_in_chat_txn
from teamgram.domain.ids.peer import channel_id_of, is_channel
from teamgram.domain.invites.changes import (
    HASH_BYTES,
    delete_all_txn,
    delete_txn,
    edit_txn,
    insert_txn,
    new_permanent,
    revoke_txn,
    shown_txn,
)
from teamgram.domain.invites.lists import admins_txn, listed_txn, uses_txn
from teamgram.domain.invites.place import (
    Place,
    check_makes_links,
    place_txn,
)
from teamgram.domain.updates.fanout import Fanout


class InviteLinks:
    """Makes links and lets people in by them."""

    def __init__(
        self, database: Database, chats: Chats, channels: Channels, joining: ChannelJoining, fanout: Fanout
    ) -> None:
        self._database = database
        self._fanout = fanout
        self._chats = chats
        self._channels = channels
        self._joining = joining

    async def export(
        self,
        actor: Actor,
        group_id: int,
        *,
        title: str = "",
        expires_at: int = 0,
        usage_limit: int = 0,
        new_permanent: bool = False,
        request_needed: bool = False,
    ) -> Invite:
        """A new link; with ``new_permanent`` the administrator's main one, the old one being revoked.

        Args:
            request_needed: one only asks by it.

        Raises:
            ChatNotFound, ChatAdminRequired.
            UsageLimitInvalid: how many ask is not limited.
        """
        if request_needed and usage_limit:
            raise UsageLimitInvalid(str(usage_limit))
        invite = Invite(
            secrets.token_urlsafe(HASH_BYTES),
            group_id,
            actor.user_id,
            title[:32],
            actor.now,
            expires_at,
            usage_limit,
            0,
            False,
            new_permanent,
            request_needed,
        )
        return await self._database.write("export invite", _export_txn, invite)

    async def permanent_of(self, actor: Actor, group_id: int) -> Invite:
        """The main link of an administrator, who has one from the start: made now if nobody asked before.

        Raises:
            ChatNotFound, ChatAdminRequired.
        """
        found = await self._database.read("permanent invite", _permanent_txn, group_id, actor.user_id)
        if found is None:
            found = await self._database.write("first permanent invite", _first_permanent_txn, actor, group_id)
        return found

    async def check_makes(self, user_id: int, group_id: int) -> None:
        """Whether somebody may make links there.

        Raises:
            ChatNotFound, ChannelNotFound, ChannelPrivate, ChatAdminRequired.
        """
        await self._database.read("may make links", _may_make_txn, user_id, group_id)

    async def check(self, user_id: int, hash_: str, now: int) -> tuple[Invite, Place]:
        """What a link leads to.

        Raises:
            InviteHashInvalid, InviteHashExpired.
        """
        invite = await self._database.read("check invite", invite_txn, hash_)
        if invite is not None and is_channel(invite.chat_id):
            seat = await self._channels.seat(user_id, channel_id_of(invite.chat_id), now)
            if not seat.is_present:
                channel_rights.check_enters(seat, usable=invite.usable(now))
            return invite, seat
        chat = (await self._chats.get([invite.chat_id])).get(invite.chat_id) if invite is not None else None
        if invite is None or chat is None:
            raise InviteHashInvalid
        if chat.member(user_id) is None:
            rights.check_enters(chat, user_id, usable=invite.usable(now))
        return invite, chat

    async def join(self, actor: Actor, hash_: str) -> tuple[int, OwnChange | None]:
        """Enter by a link; the group id, and the newcomer's side of what says so, if something does.

        Raises:
            InviteHashInvalid, InviteHashExpired, UserAlreadyParticipant, UsersTooMany, ChannelsTooMany.
            JoinRequestSent: they have asked; JoinRequestsTooMany.
        """
        group_id, change, asked = await self._database.write("join by invite", self._join_txn, actor, hash_)
        if asked:
            raise JoinRequestSent(str(group_id))
        return group_id, change

    def _join_txn(self, txn: Transaction, actor: Actor, hash_: str) -> tuple[int, OwnChange | None, bool]:
        invite = invite_txn(txn, hash_)
        if invite is not None and is_channel(invite.chat_id):
            change, asked = self._join_channel_txn(txn, actor, invite)
            return invite.chat_id, change, asked
        chat = store.chat_txn(txn, invite.chat_id, (actor.user_id,), lock=True) if invite is not None else None
        if invite is None or chat is None:
            raise InviteHashInvalid
        # The group is locked: nobody else is using the link's last place.
        invite = invite_txn(txn, hash_) or invite
        rights.check_enters(chat, actor.user_id, usable=invite.usable(actor.now))
        if invite.request_needed:
            ask_in_chat_txn(txn, self._fanout, chat.id, JoinRequest(actor.user_id, hash_, actor.now))
            return chat.id, None, True
        use_link_txn(txn, actor, hash_)
        action = Action("chatJoinedByLink", user_ids=(invite.admin_id,))
        change = self._chats.put_in_txn(txn, actor, chat, actor.user_id, action, chat.creator_id)
        return chat.id, change, False

    def _join_channel_txn(self, txn: Transaction, actor: Actor, invite: Invite) -> tuple[OwnChange | None, bool]:
        seat = channel_store.seat_txn(txn, channel_id_of(invite.chat_id), actor.user_id, actor.now, lock=True)
        # The channel is locked: nobody else is using the link's last place.
        invite = invite_txn(txn, invite.hash) or invite
        channel_rights.check_enters(seat, usable=invite.usable(actor.now))
        if invite.request_needed:
            request = JoinRequest(actor.user_id, invite.hash, actor.now)
            ask_in_channel_txn(txn, self._fanout, seat.channel.id, request)
            return None, True
        use_link_txn(txn, actor, invite.hash)
        action = Action("chatJoinedByLink", user_ids=(invite.admin_id,))
        came = CameByLink(InviteRow.of(invite))
        return self._joining.enter_txn(txn, actor, seat, invite.admin_id, action, came), False

    async def listed(
        self,
        user_id: int,
        group_id: int,
        admin_id: int,
        *,
        revoked: bool,
        limit: int,
        after: tuple[int, str] | None = None,
    ) -> InvitePage:
        """An administrator's links: the main one, then the others, newest first.

        Args:
            after: (date, hash) of the last link of the page before.

        Raises:
            ChatNotFound, ChatAdminRequired: see ``place.check_manages_link``.
        """
        return await self._database.read("invites", listed_txn, user_id, group_id, admin_id, revoked, limit, after)

    async def uses(
        self, user_id: int, group_id: int, hash_: str, *, limit: int, after: tuple[int, int] | None = None
    ) -> InvitePage:
        """Who came by a link and when, the latest first.

        Args:
            after: (date, user id) of the last one of the page before.

        Raises:
            ChatNotFound, ChatAdminRequired, InviteHashInvalid.
        """
        return await self._database.read("invite uses", uses_txn, user_id, group_id, hash_, limit, after)

    async def get(self, user_id: int, group_id: int, hash_: str) -> Invite:
        """One link of a group.

        Raises:
            ChatNotFound, ChatAdminRequired, InviteHashInvalid.
        """
        return await self._database.read("invite", shown_txn, user_id, group_id, hash_)

    async def revoke(self, actor: Actor, group_id: int, hash_: str) -> tuple[Invite, Invite | None]:
        """Nobody joins by this link any more; the link, and the new main one when it was its maker's main one.

        Raises:
            ChatNotFound, ChatAdminRequired, InviteHashInvalid, InviteHashExpired.
        """
        return await self._database.write("revoke invite", revoke_txn, actor, group_id, hash_)

    async def edit(
        self,
        actor: Actor,
        group_id: int,
        hash_: str,
        *,
        title: str | None,
        expires_at: int | None,
        usage_limit: int | None,
        request_needed: bool | None,
    ) -> Invite:
        """Change a link's name and bounds; None keeps one.

        Raises:
            ChatNotFound, ChatAdminRequired, InviteHashInvalid, InviteHashExpired.
            InvitePermanent: the main link has neither.
            UsageLimitInvalid: how many ask is not limited.
        """
        changes = {
            "title": None if title is None else title[:32],
            "expires_at": expires_at,
            "usage_limit": usage_limit,
            "request_needed": request_needed,
        }
        wanted = {name: value for name, value in changes.items() if value is not None}
        return await self._database.write("edit invite", edit_txn, actor, group_id, hash_, wanted)

    async def delete_revoked(self, actor: Actor, group_id: int, hash_: str) -> None:
        """Forget one revoked link.

        Raises:
            ChatNotFound, ChatAdminRequired.
            InviteHashInvalid: there is none, or it is not revoked.
        """
        await self._database.write("delete invite", delete_txn, actor, group_id, hash_)

    async def delete_all_revoked(self, user_id: int, group_id: int, admin_id: int) -> None:
        """Forget all of an administrator's revoked links.

        Raises:
            ChatNotFound, ChatAdminRequired.
        """
        await self._database.write("delete invites", delete_all_txn, user_id, group_id, admin_id)

    async def admins(self, user_id: int, group_id: int) -> list[tuple[int, int, int]]:
        """(administrator, links, revoked links) of those who have any.

        Raises:
            ChatNotFound, ChatAdminRequired.
        """
        return await self._database.read("admins with invites", admins_txn, user_id, group_id)


def _permanent_txn(txn: Transaction, group_id: int, admin_id: int) -> Invite | None:
    txn.execute(
        f"SELECT {COLUMNS} FROM chat_invites WHERE chat_id = ? AND admin_id = ? AND revoked = 0 AND permanent = 1",
        (group_id, admin_id),
    )
    row = txn.fetchone()
    return invite_of(row) if row is not None else None


def _may_make_txn(txn: Transaction, user_id: int, group_id: int) -> None:
    check_makes_links(place_txn(txn, user_id, group_id), user_id)


def use_link_txn(txn: Transaction, actor: Actor, hash_: str, approved_by: int = 0) -> None:
    """The actor came by a link, perhaps because an administrator let them in."""
    txn.execute("UPDATE chat_invites SET used = used + 1 WHERE hash = ?", (hash_,))
    # Who left and comes again by the same link is one who came by it, now.
    came = {"joined_at": actor.now, "approved_by": approved_by}
    txn.upsert("chat_invite_uses", {"hash": hash_, "user_id": actor.user_id}, came)


def _export_txn(txn: Transaction, invite: Invite) -> Invite:
    check_makes_links(place_txn(txn, invite.admin_id, invite.chat_id, lock=True), invite.admin_id)
    if invite.permanent:
        txn.execute(
            "UPDATE chat_invites SET revoked = 1 WHERE chat_id = ? AND admin_id = ? AND permanent = 1",
            (invite.chat_id, invite.admin_id),
        )
    return insert_txn(txn, invite)


def _first_permanent_txn(txn: Transaction, actor: Actor, group_id: int) -> Invite:
    check_makes_links(place_txn(txn, actor.user_id, group_id, lock=True), actor.user_id)
    found = _permanent_txn(txn, group_id, actor.user_id)
    return found or insert_txn(txn, new_permanent(group_id, actor.user_id, actor.now))
