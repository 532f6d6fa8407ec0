"""Invite links of basic groups."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.message import Action
from teamgram.domain.chats import rights, store
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.chats.errors import InviteHashExpired, InviteHashInvalid

_COLUMNS = "hash, chat_id, admin_id, title, created_at, expires_at, usage_limit, used, revoked, permanent"
_HASH_BYTES = 12
MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Invite:
    """One link.

    Attributes:
        expires_at: unix seconds; ``usage_limit``: how many may use it; 0 for no bound.
        permanent: the administrator's main link, of which there is one at a time.
    """

    hash: str
    chat_id: int
    admin_id: int
    title: str
    created_at: int
    expires_at: int
    usage_limit: int
    used: int
    revoked: bool
    permanent: bool

    def usable(self, now: int) -> bool:
        """Whether somebody can still join by it."""
        return not (
            self.revoked
            or (self.expires_at and self.expires_at <= now)
            or (self.usage_limit and self.used >= self.usage_limit)
        )


class ChatInvites:
    """Makes links and lets people in by them."""

    def __init__(self, database: Database, chats: Chats) -> None:
        self._database = database
        self._chats = chats

    async def export(
        self,
        actor: Actor,
        chat_id: int,
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
            chat_id,
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

    async def permanent_of(self, chat_id: int, admin_id: int) -> Invite | None:
        """The administrator's main link when they have one."""
        return await self._database.read("permanent invite", _permanent_txn, chat_id, admin_id)

    async def check(self, user_id: int, hash_: str, now: int) -> tuple[Invite, Chat]:
        """What a link leads to.

        Raises:
            InviteHashInvalid, InviteHashExpired.
        """
        invite = await self._database.read("check invite", _invite_txn, hash_)
        chat = (await self._chats.get([invite.chat_id])).get(invite.chat_id) if invite is not None else None
        if invite is None or chat is None:
            raise InviteHashInvalid
        if chat.member(user_id) is None:
            rights.check_enters(chat, user_id, usable=invite.usable(now))
        return invite, chat

    async def join(self, actor: Actor, hash_: str) -> tuple[int, OwnChange]:
        """Enter a group by a link; its id and the newcomer's side of it.

        Raises:
            InviteHashInvalid, InviteHashExpired, UserAlreadyParticipant, UsersTooMany.
        """
        return await self._database.write("join by invite", self._join_txn, actor, hash_)

    def _join_txn(self, txn: Transaction, actor: Actor, hash_: str) -> tuple[int, OwnChange]:
        invite = _invite_txn(txn, hash_)
        chat = store.chat_txn(txn, invite.chat_id, lock=True) if invite is not None else None
        if invite is None or chat is None:
            raise InviteHashInvalid
        # The group is locked: nobody else is using the link's last place.
        invite = _invite_txn(txn, hash_) or invite
        rights.check_enters(chat, actor.user_id, usable=invite.usable(actor.now))
        txn.execute("UPDATE chat_invites SET used = used + 1 WHERE hash = ?", (hash_,))
        action = Action("chatJoinedByLink", user_ids=(invite.admin_id,))
        return chat.id, self._chats.put_in_txn(txn, actor, chat, actor.user_id, action)

    async def listed(self, user_id: int, chat_id: int, admin_id: int, *, revoked: bool, limit: int) -> list[Invite]:
        """An administrator's links, newest first.

        Raises:
            ChatNotFound, ChatAdminRequired: see ``rights.check_manages_link``.
        """
        return await self._database.read("invites", _listed_txn, user_id, chat_id, admin_id, revoked, limit)

    async def get(self, user_id: int, chat_id: int, hash_: str) -> Invite:
        """One link of a group.

        Raises:
            ChatNotFound, ChatAdminRequired, InviteHashInvalid.
        """
        return await self._database.read("invite", _get_txn, user_id, chat_id, hash_)

    async def revoke(self, user_id: int, chat_id: int, hash_: str) -> Invite:
        """Nobody joins by this link any more.

        Raises:
            ChatNotFound, ChatAdminRequired, InviteHashInvalid, InviteHashExpired.
        """
        return await self._database.write("revoke invite", _revoke_txn, user_id, chat_id, hash_)

    async def edit(
        self,
        user_id: int,
        chat_id: int,
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
            "edit invite", _edit_txn, user_id, chat_id, hash_, title, expires_at, usage_limit
        )

    async def delete_revoked(self, user_id: int, chat_id: int, hash_: str) -> None:
        """Forget one revoked link.

        Raises:
            ChatNotFound, ChatAdminRequired.
            InviteHashInvalid: there is none, or it is not revoked.
        """
        await self._database.write("delete invite", _delete_txn, user_id, chat_id, hash_)

    async def delete_all_revoked(self, user_id: int, chat_id: int, admin_id: int) -> None:
        """Forget all of an administrator's revoked links.

        Raises:
            ChatNotFound, ChatAdminRequired.
        """
        await self._database.write("delete invites", _delete_all_txn, user_id, chat_id, admin_id)

    async def admins(self, user_id: int, chat_id: int) -> list[tuple[int, int, int]]:
        """(administrator, links, revoked links) of those who have any.

        Raises:
            ChatNotFound, ChatAdminRequired.
        """
        return await self._database.read("admins with invites", _admins_txn, user_id, chat_id)


def _invite(row: Sequence[object]) -> Invite:
    return Invite(*row[:8], bool(row[8]), bool(row[9]))  # type: ignore[arg-type,call-arg]


def _invite_txn(txn: Transaction, hash_: str) -> Invite | None:
    txn.execute(f"SELECT {_COLUMNS} FROM chat_invites WHERE hash = ?", (hash_,))
    row = txn.fetchone()
    return _invite(row) if row is not None else None


def _chat_txn(txn: Transaction, user_id: int, chat_id: int, *, lock: bool = False) -> Chat:
    return rights.known(store.chat_txn(txn, chat_id, lock=lock), chat_id, user_id)


def _permanent_txn(txn: Transaction, chat_id: int, admin_id: int) -> Invite | None:
    txn.execute(
        f"SELECT {_COLUMNS} FROM chat_invites WHERE chat_id = ? AND admin_id = ? AND revoked = 0 AND permanent = 1",
        (chat_id, admin_id),
    )
    row = txn.fetchone()
    return _invite(row) if row is not None else None


def _export_txn(txn: Transaction, invite: Invite) -> Invite:
    chat = _chat_txn(txn, invite.admin_id, invite.chat_id, lock=True)
    rights.check_makes_links(chat, invite.admin_id)
    if invite.permanent:
        txn.execute(
            "UPDATE chat_invites SET revoked = 1 WHERE chat_id = ? AND admin_id = ? AND permanent = 1",
            (invite.chat_id, invite.admin_id),
        )
    txn.execute(
        f"INSERT INTO chat_invites ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, ?)",
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


def _listed_txn(txn: Transaction, user_id: int, chat_id: int, admin_id: int, revoked: bool, limit: int) -> list[Invite]:
    rights.check_manages_link(_chat_txn(txn, user_id, chat_id), user_id, admin_id)
    txn.execute(
        f"SELECT {_COLUMNS} FROM chat_invites WHERE chat_id = ? AND admin_id = ? AND revoked = ?"
        " ORDER BY created_at DESC, hash LIMIT ?",
        (chat_id, admin_id, int(revoked), min(max(limit, 1), MAX_PAGE)),
    )
    return [_invite(row) for row in txn.fetchall()]


def _get_txn(txn: Transaction, user_id: int, chat_id: int, hash_: str, lock: bool = False) -> Invite:
    chat = _chat_txn(txn, user_id, chat_id, lock=lock)
    invite = _invite_txn(txn, hash_)
    if invite is None or invite.chat_id != chat_id:
        # Who may look after none hears no more of this one than of any other.
        rights.check_manages_link(chat, user_id, user_id)
        raise InviteHashInvalid
    rights.check_manages_link(chat, user_id, invite.admin_id)
    return invite


def _changeable_txn(txn: Transaction, user_id: int, chat_id: int, hash_: str) -> Invite:
    invite = _get_txn(txn, user_id, chat_id, hash_, lock=True)
    if invite.revoked:
        raise InviteHashExpired
    return invite


def _revoke_txn(txn: Transaction, user_id: int, chat_id: int, hash_: str) -> Invite:
    invite = _changeable_txn(txn, user_id, chat_id, hash_)
    txn.execute("UPDATE chat_invites SET revoked = 1 WHERE hash = ?", (hash_,))
    return replace(invite, revoked=True)


def _edit_txn(
    txn: Transaction,
    user_id: int,
    chat_id: int,
    hash_: str,
    title: str | None,
    expires_at: int | None,
    usage_limit: int | None,
) -> Invite:
    invite = _changeable_txn(txn, user_id, chat_id, hash_)
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


def _delete_txn(txn: Transaction, user_id: int, chat_id: int, hash_: str) -> None:
    if not _get_txn(txn, user_id, chat_id, hash_, lock=True).revoked:
        raise InviteHashInvalid
    txn.execute("DELETE FROM chat_invites WHERE hash = ?", (hash_,))


def _delete_all_txn(txn: Transaction, user_id: int, chat_id: int, admin_id: int) -> None:
    rights.check_manages_link(_chat_txn(txn, user_id, chat_id, lock=True), user_id, admin_id)
    txn.execute(
        "DELETE FROM chat_invites WHERE chat_id = ? AND revoked = 1 AND admin_id = ?",
        (chat_id, admin_id),
    )


def _admins_txn(txn: Transaction, user_id: int, chat_id: int) -> list[tuple[int, int, int]]:
    rights.check_sees_link_makers(_chat_txn(txn, user_id, chat_id), user_id)
    txn.execute(
        "SELECT admin_id, SUM(1 - revoked), SUM(revoked) FROM chat_invites WHERE chat_id = ?"
        " GROUP BY admin_id ORDER BY admin_id",
        (chat_id,),
    )
    return [(row[0], int(row[1]), int(row[2])) for row in txn.fetchall()]
