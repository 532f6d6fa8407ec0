"""Making invite links, and coming in by them. What a *group id* is says ``place``."""

import secrets
from dataclasses import replace

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.message import Action
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels import store as channel_store
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.joining import ChannelJoining
from teamgram.domain.chats import rights, store
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.chats.errors import InviteHashExpired, InviteHashInvalid
from teamgram.domain.chats.invite import (
    COLUMNS,
    Invite,
    InvitePage,
    invite_of,
    invite_txn,
)
from teamgram.domain.ids.peer import channel_id_of, is_channel
from teamgram.domain.invites.lists import admins_txn, listed_txn, uses_txn
from teamgram.domain.invites.place import (
    Place,
    check_makes_links,
    check_manages_link,
    invite_for_txn,
    place_txn,
)

_HASH_BYTES = 12


class InviteLinks:
    """Makes links and lets people in by them."""

    def __init__(self, database: Database, chats: Chats, channels: Channels, joining: ChannelJoining) -> None:
        self._database = database
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
    ) -> Invite:
        """A new link; with ``new_permanent`` the administrator's main one, the old one being revoked.

        Raises:
            ChatNotFound, ChatAdminRequired.
        """
        invite = Invite(
            secrets.token_urlsafe(_HASH_BYTES),
            group_id,
            actor.user_id,
            title[:32],
            actor.now,
            expires_at,
            usage_limit,
            0,
            False,
            new_permanent,
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
        """
        return await self._database.write("join by invite", self._join_txn, actor, hash_)

    def _join_txn(self, txn: Transaction, actor: Actor, hash_: str) -> tuple[int, OwnChange | None]:
        invite = invite_txn(txn, hash_)
        if invite is not None and is_channel(invite.chat_id):
            return invite.chat_id, self._join_channel_txn(txn, actor, invite)
        chat = store.chat_txn(txn, invite.chat_id, (actor.user_id,), lock=True) if invite is not None else None
        if invite is None or chat is None:
            raise InviteHashInvalid
        # The group is locked: nobody else is using the link's last place.
        invite = invite_txn(txn, hash_) or invite
        rights.check_enters(chat, actor.user_id, usable=invite.usable(actor.now))
        _use_txn(txn, actor, hash_)
        action = Action("chatJoinedByLink", user_ids=(invite.admin_id,))
        return chat.id, self._chats.put_in_txn(txn, actor, chat, actor.user_id, action)

    def _join_channel_txn(self, txn: Transaction, actor: Actor, invite: Invite) -> OwnChange | None:
        seat = channel_store.seat_txn(txn, channel_id_of(invite.chat_id), actor.user_id, actor.now, lock=True)
        # The channel is locked: nobody else is using the link's last place.
        invite = invite_txn(txn, invite.hash) or invite
        channel_rights.check_enters(seat, usable=invite.usable(actor.now))
        _use_txn(txn, actor, invite.hash)
        action = Action("chatJoinedByLink", user_ids=(invite.admin_id,))
        return self._joining.enter_txn(txn, actor, seat, invite.admin_id, action)

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
        return await self._database.read("invite", invite_for_txn, user_id, group_id, hash_)

    async def revoke(self, actor: Actor, group_id: int, hash_: str) -> tuple[Invite, Invite | None]:
        """Nobody joins by this link any more; the link, and the new main one when it was its maker's main one.

        Raises:
            ChatNotFound, ChatAdminRequired, InviteHashInvalid, InviteHashExpired.
        """
        return await self._database.write("revoke invite", _revoke_txn, actor, group_id, hash_)

    async def edit(
        self,
        user_id: int,
        group_id: int,
        hash_: str,
        *,
        title: str | None,
        expires_at: int | None,
        usage_limit: int | None,
    ) -> Invite:
        """Change a link's name and bounds; None keeps one.

        Raises:
            ChatNotFound, ChatAdminRequired, InviteHashInvalid, InviteHashExpired.
        """
        return await self._database.write(
            "edit invite", _edit_txn, user_id, group_id, hash_, title, expires_at, usage_limit
        )

    async def delete_revoked(self, user_id: int, group_id: int, hash_: str) -> None:
        """Forget one revoked link.

        Raises:
            ChatNotFound, ChatAdminRequired.
            InviteHashInvalid: there is none, or it is not revoked.
        """
        await self._database.write("delete invite", _delete_txn, user_id, group_id, hash_)

    async def delete_all_revoked(self, user_id: int, group_id: int, admin_id: int) -> None:
        """Forget all of an administrator's revoked links.

        Raises:
            ChatNotFound, ChatAdminRequired.
        """
        await self._database.write("delete invites", _delete_all_txn, user_id, group_id, admin_id)

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


def _use_txn(txn: Transaction, actor: Actor, hash_: str) -> None:
    txn.execute("UPDATE chat_invites SET used = used + 1 WHERE hash = ?", (hash_,))
    # Who left and comes again by the same link is one who came by it, now.
    txn.upsert("chat_invite_uses", {"hash": hash_, "user_id": actor.user_id}, {"joined_at": actor.now})


def _export_txn(txn: Transaction, invite: Invite) -> Invite:
    check_makes_links(place_txn(txn, invite.admin_id, invite.chat_id, lock=True), invite.admin_id)
    if invite.permanent:
        txn.execute(
            "UPDATE chat_invites SET revoked = 1 WHERE chat_id = ? AND admin_id = ? AND permanent = 1",
            (invite.chat_id, invite.admin_id),
        )
    return _insert_txn(txn, invite)


def _first_permanent_txn(txn: Transaction, actor: Actor, group_id: int) -> Invite:
    check_makes_links(place_txn(txn, actor.user_id, group_id, lock=True), actor.user_id)
    found = _permanent_txn(txn, group_id, actor.user_id)
    return found or _insert_txn(txn, _new_permanent(group_id, actor.user_id, actor.now))


def _new_permanent(group_id: int, admin_id: int, now: int) -> Invite:
    return Invite(secrets.token_urlsafe(_HASH_BYTES), group_id, admin_id, "", now, 0, 0, 0, False, True)


def _insert_txn(txn: Transaction, invite: Invite) -> Invite:
    txn.execute(
        f"INSERT INTO chat_invites ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?)",
        (
            invite.hash,
            invite.chat_id,
            invite.admin_id,
            invite.title,
            invite.created_at,
            invite.expires_at,
            invite.usage_limit,
            int(invite.permanent),
        ),
    )
    return invite


def _changeable_txn(txn: Transaction, user_id: int, group_id: int, hash_: str) -> Invite:
    invite = invite_for_txn(txn, user_id, group_id, hash_, lock=True)
    if invite.revoked:
        raise InviteHashExpired
    return invite


def _revoke_txn(txn: Transaction, actor: Actor, group_id: int, hash_: str) -> tuple[Invite, Invite | None]:
    invite = _changeable_txn(txn, actor.user_id, group_id, hash_)
    txn.execute("UPDATE chat_invites SET revoked = 1 WHERE hash = ?", (hash_,))
    new = _insert_txn(txn, _new_permanent(group_id, invite.admin_id, actor.now)) if invite.permanent else None
    return replace(invite, revoked=True), new


def _edit_txn(
    txn: Transaction,
    user_id: int,
    group_id: int,
    hash_: str,
    title: str | None,
    expires_at: int | None,
    usage_limit: int | None,
) -> Invite:
    invite = _changeable_txn(txn, user_id, group_id, hash_)
    invite = replace(
        invite,
        title=invite.title if title is None else title[:32],
        expires_at=invite.expires_at if expires_at is None else expires_at,
        usage_limit=invite.usage_limit if usage_limit is None else usage_limit,
    )
    txn.execute(
        "UPDATE chat_invites SET title = ?, expires_at = ?, usage_limit = ? WHERE hash = ?",
        (invite.title, invite.expires_at, invite.usage_limit, hash_),
    )
    return invite


def _delete_txn(txn: Transaction, user_id: int, group_id: int, hash_: str) -> None:
    if not invite_for_txn(txn, user_id, group_id, hash_, lock=True).revoked:
        raise InviteHashInvalid
    txn.execute("DELETE FROM chat_invites WHERE hash = ?", (hash_,))
    txn.execute("DELETE FROM chat_invite_uses WHERE hash = ?", (hash_,))


def _delete_all_txn(txn: Transaction, user_id: int, group_id: int, admin_id: int) -> None:
    check_manages_link(place_txn(txn, user_id, group_id, lock=True), user_id, admin_id)
    of_admin = "FROM chat_invites WHERE chat_id = ? AND revoked = 1 AND admin_id = ?"
    txn.execute(f"DELETE FROM chat_invite_uses WHERE hash IN (SELECT hash {of_admin})", (group_id, admin_id))
    txn.execute(f"DELETE {of_admin}", (group_id, admin_id))
