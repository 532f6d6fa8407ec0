"""Basic groups: read through a cache in memory, changed in one transaction each.

Every change that members see is a service message in the boxes of all of them;
who is removed gets it, too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from teamgram.cache.loaded import LoadedRows
from teamgram.database import Database, Transaction
from teamgram.domain.bot_news.news import KICKED, LEFT, MEMBER
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import BoxChanges, Outgoing, OwnChange
from teamgram.domain.boxes.message import Action, Extra, Tag
from teamgram.domain.chats import inviting, rights, store
from teamgram.domain.chats.chat import Banned, Chat, Participant, Role, Standing
from teamgram.domain.chats.errors import (
    ChatAboutNotModified,
    ChatAboutTooLong,
    ChatFoundingForbidden,
    ChatNotFound,
    ChatNotModified,
    ChatTitleEmpty,
    UsersTooMany,
)
from teamgram.domain.chats.invite import revoke_links_txn
from teamgram.domain.chats.join_requests import end_in_chat_txn, forget_all_requests_txn
from teamgram.domain.chats.limits import EVERYTHING, ChatLimits
from teamgram.domain.chats.member_news import PARTS, note_in_chat_txn
from teamgram.domain.privacy.errors import UserPrivacyRestricted
from teamgram.domain.updates.events import (
    ChatChanged,
    ChatDefaultBannedRightsChanged,
    ChatParticipantAdded,
    ChatParticipantAdminChanged,
    ChatParticipantRemoved,
    ChatUserTyping,
    TransientEvent,
)
from teamgram.domain.updates.fanout import Fanout

MAX_TITLE = 128
MAX_ABOUT = 255


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changes a group, when (unix seconds), and from which device."""

    user_id: int
    now: int
    perm_auth_key_id: int = 0


@dataclass(frozen=True, slots=True)
class Created:
    """A new group.

    Attributes:
        change: its creator's side of it.
        missing: who did not come along, because they do not want to.
    """

    chat_id: int
    change: OwnChange
    missing: tuple[int, ...]


class Chats:
    """Every basic group of this server."""

    def __init__(
        self, database: Database, fanout: Fanout, *, max_cached: int = 10_000, limits: ChatLimits = EVERYTHING
    ) -> None:
        self._database = database
        self._limits = limits
        self._fanout = fanout
        self._rows: LoadedRows[int, Chat] = LoadedRows.shared("chats", fanout.bus, max_cached)

    def cached(self, chat_id: int) -> Chat | None:
        """The group when it is in memory; None says nothing about the database."""
        return self._rows.get(chat_id)

    async def get(self, chat_ids: Iterable[int]) -> dict[int, Chat]:
        """Those of the groups that exist, by id."""
        found: dict[int, Chat] = {}
        missing: set[int] = set()
        for chat_id in chat_ids:
            chat = self._rows.get(chat_id)
            if chat is None:
                missing.add(chat_id)
            else:
                found[chat_id] = chat
        if missing:
            ticket = self._rows.start_load()
            try:
                loaded = await self._database.read("chats by id", store.chats_txn, tuple(missing))
                self._rows.finish_load(ticket, loaded)
            finally:
                self._rows.abandon_load(ticket)
            found.update(loaded)
        return found

    async def of_member(self, user_id: int, chat_id: int) -> Chat:
        """A group that the user is or was in.

        Raises:
            ChatNotFound: there is none.
        """
        return rights.known((await self.get([chat_id])).get(chat_id), chat_id, user_id)

    async def looked_at(self, user_id: int, chat_id: int) -> Chat:
        """A group that the user is in and may look around in.

        Raises:
            ChatNotFound, ChatForbidden.
        """
        chat = await self.of_member(user_id, chat_id)
        rights.check_looks(chat, user_id)
        return chat

    async def say_typing(self, user_id: int, chat_id: int, action: str, progress: int) -> None:
        """Tell the other members what the user is doing there (TL's ``sendMessage…Action``).

        Raises:
            ChatNotFound, ChatWriteForbidden.
        """
        chat = await self.of_member(user_id, chat_id)
        rights.check_writes(chat, user_id)
        others = [member for member in chat.members if member != user_id]
        self._fanout.publish(others, ChatUserTyping(chat_id, user_id, action, progress))

    async def listed(self, limit: int) -> list[Chat]:
        """The newest groups of this server, for its operator."""
        return await self._database.read("newest chats", store.listed_txn, limit)

    async def ids_of(self, user_id: int) -> list[int]:
        """The groups that the user is in now."""
        return await self._database.read("chats of user", store.chat_ids_of_txn, user_id)

    async def common(self, user_id: int, other_id: int, max_id: int, limit: int) -> list[int]:
        """Groups that both are in now, newest first, below ``max_id`` (0: no bound)."""
        return await self._database.read("common chats", store.common_chat_ids_txn, user_id, other_id, max_id, limit)

    async def create(self, actor: Actor, user_ids: Sequence[int], title: str, *, alone: bool = False) -> Created:
        """Found a group with the actor and those of these users who come along.

        Args:
            alone: found it also when none of them does, though there are some; with nobody named it is founded alone.

        Raises:
            ChatTitleEmpty, UsersTooMany.
            ChatFoundingForbidden: the operator lets nobody.
            UserNotFound, PeerDeactivated, PeerBlockedByOwner: see ``inviting.check_brings``.
            UserPrivacyRestricted: none of them does, and not ``alone``.
        """
        return await self._database.write("create chat", self._create_txn, actor, tuple(user_ids), title, alone)

    def _create_txn(self, txn: Transaction, actor: Actor, user_ids: Sequence[int], title: str, alone: bool) -> Created:
        if not self._limits.groups:
            raise ChatFoundingForbidden
        title = checked_title(title)
        others = [user_id for user_id in dict.fromkeys(user_ids) if user_id != actor.user_id]
        if len(others) >= self._limits.group_members:
            raise UsersTooMany(str(len(others)))
        others, missing = inviting.invited_txn(txn, actor.user_id, others)
        if missing and not others and not alone:
            raise UserPrivacyRestricted(str(missing[0]))
        chat_id = store.insert_chat_txn(txn, title, actor.user_id, actor.now)
        participants = [Participant(actor.user_id, actor.user_id, actor.now, Role.CREATOR)]
        participants += [Participant(user_id, actor.user_id, actor.now) for user_id in others]
        store.put_participants_txn(txn, chat_id, participants)
        audience = Audience.group(chat_id, (participant.user_id for participant in participants))
        for user_id in others:
            note_in_chat_txn(txn, self._fanout, chat_id, (actor.user_id, user_id, actor.now), LEFT, MEMBER)
        change = self.tell_txn(txn, actor, chat_id, audience, Action("chatCreate", title, tuple(others)))
        return Created(chat_id, change, tuple(missing))

    async def add_user(self, actor: Actor, chat_id: int, user_id: int) -> OwnChange:
        """Bring somebody into a group.

        Raises:
            ChatNotFound, ChatWriteForbidden, ChatAdminRequired, UserAlreadyParticipant, UsersTooMany.
            UserNotMutualContact: see ``inviting.check_brings_back_txn``.
            UserPrivacyRestricted, …: see ``inviting.check_brings``.
        """
        return await self._database.write("add chat user", self._add_txn, actor, chat_id, user_id)

    def _add_txn(self, txn: Transaction, actor: Actor, chat_id: int, user_id: int) -> OwnChange:
        chat = self._locked_txn(txn, actor.user_id, chat_id, user_id)
        left = rights.check_brings_in(chat, actor.user_id, user_id)
        inviting.check_brings_txn(txn, actor.user_id, user_id)
        if left:
            inviting.check_brings_back_txn(txn, actor.user_id, user_id)
        return self.put_in_txn(txn, actor, chat, user_id, Action("chatAddUser", user_ids=(user_id,)))

    def put_in_txn(
        self, txn: Transaction, actor: Actor, chat: Chat, user_id: int, action: Action, inviter_id: int = 0
    ) -> OwnChange:
        """Make somebody a member and tell everybody by ``action``; whether that is allowed was checked before.

        Args:
            inviter_id: who let them in, when it is not the actor.

        Raises:
            UsersTooMany.
        """
        members = store.member_ids_txn(txn, chat.id)
        if len(members) >= self._limits.group_members:
            raise UsersTooMany(str(chat.id))
        # Back in the group, its creator is that again.
        role = Role.CREATOR if user_id == chat.creator_id else Role.MEMBER
        inviter_id = inviter_id or actor.user_id
        store.put_participants_txn(txn, chat.id, [Participant(user_id, inviter_id, actor.now, role)])
        note_in_chat_txn(txn, self._fanout, chat.id, (actor.user_id, user_id, actor.now), LEFT, PARTS[role])
        store.raise_version_txn(txn, chat.id)
        end_in_chat_txn(txn, self._fanout, chat.id, user_id)
        others = [member_id for member_id in members if member_id != user_id]
        event = ChatParticipantAdded(chat.id, user_id, inviter_id, actor.now, chat.version + 1)
        self._tell_first(txn, actor, chat.id, others, event)
        audience = Audience.group(chat.id, (*others, user_id))
        return self.tell_txn(txn, actor, chat.id, audience, action)

    async def remove_user(self, actor: Actor, chat_id: int, user_id: int) -> OwnChange:
        """Leave a group (oneself), or put somebody out of it.

        Raises:
            ChatNotFound, ChatWriteForbidden, UserNotParticipant, ChatAdminRequired: see ``rights.check_puts_out``.
        """
        return await self._database.write("delete chat user", self._remove_txn, actor, chat_id, user_id)

    def _remove_txn(self, txn: Transaction, actor: Actor, chat_id: int, user_id: int) -> OwnChange:
        chat = self._locked_txn(txn, actor.user_id, chat_id, user_id)
        other = rights.check_puts_out(chat, actor.user_id, user_id)
        leaves = user_id == actor.user_id
        members = store.member_ids_txn(txn, chat_id)
        standing = Standing.LEFT if leaves else Standing.REMOVED
        store.put_participants_txn(txn, chat_id, [replace(other, role=Role.MEMBER, standing=standing)])
        note_in_chat_txn(
            txn,
            self._fanout,
            chat_id,
            (actor.user_id, user_id, actor.now),
            PARTS[other.role],
            LEFT if leaves else KICKED,
        )
        if not leaves:
            revoke_links_txn(txn, chat_id, user_id)
        store.raise_version_txn(txn, chat_id)
        stay = [member_id for member_id in members if member_id != user_id]
        self._tell_first(txn, actor, chat_id, stay, ChatParticipantRemoved(chat_id, user_id, chat.version + 1))
        audience = Audience.group(chat_id, members)
        return self.tell_txn(txn, actor, chat_id, audience, Action("chatDeleteUser", user_ids=(user_id,)))

    async def edit_title(self, actor: Actor, chat_id: int, title: str) -> OwnChange:
        """Rename a group.

        Raises:
            ChatNotFound, ChatWriteForbidden, ChatAdminRequired, ChatTitleEmpty, ChatNotModified.
        """
        return await self._database.write("edit chat title", self._title_txn, actor, chat_id, title)

    def _title_txn(self, txn: Transaction, actor: Actor, chat_id: int, title: str) -> OwnChange:
        title = checked_title(title)
        chat = self._writable_txn(txn, actor, chat_id, Banned.CHANGE_INFO)
        if chat.title == title:
            raise ChatNotModified(str(chat_id))
        store.update_chat_txn(txn, chat_id, title=title)
        audience = Audience.group(chat_id, store.member_ids_txn(txn, chat_id))
        return self.tell_txn(txn, actor, chat_id, audience, Action("chatEditTitle", title))

    async def edit_about(self, actor: Actor, chat_id: int, about: str) -> None:
        """Change a group's description.

        Raises:
            ChatNotFound, ChatWriteForbidden, ChatAdminRequired, ChatAboutTooLong, ChatAboutNotModified.
        """
        await self._database.write("edit chat about", self._about_txn, actor, chat_id, about)

    def _about_txn(self, txn: Transaction, actor: Actor, chat_id: int, about: str) -> None:
        if len(about) > MAX_ABOUT:
            raise ChatAboutTooLong(str(len(about)))
        chat = self._writable_txn(txn, actor, chat_id, Banned.CHANGE_INFO)
        if chat.about == about:
            raise ChatAboutNotModified(str(chat_id))
        store.update_chat_txn(txn, chat_id, about=about)
        self._changed(txn, chat_id)
        self._publish_after(txn, store.member_ids_txn(txn, chat_id), ChatChanged(chat_id), actor.perm_auth_key_id)

    async def set_admin(self, actor: Actor, chat_id: int, user_id: int, is_admin: bool) -> None:
        """Make a member an administrator, or a member again.

        Raises:
            ChatNotFound, UserNotParticipant, ChatNotModified.
            ChatAdminRequired: the actor is not the creator.
        """
        await self._database.write("edit chat admin", self._admin_txn, actor, chat_id, user_id, is_admin)

    def _admin_txn(self, txn: Transaction, actor: Actor, chat_id: int, user_id: int, is_admin: bool) -> None:
        chat = self._locked_txn(txn, actor.user_id, chat_id, user_id)
        other = rights.check_appoints(chat, actor.user_id, user_id)
        role = Role.ADMIN if is_admin else Role.MEMBER
        if other.role is Role.CREATOR or other.role is role:
            raise ChatNotModified(str(chat_id))
        store.put_participants_txn(txn, chat_id, [replace(other, role=role)])
        note_in_chat_txn(
            txn, self._fanout, chat_id, (actor.user_id, user_id, actor.now), PARTS[other.role], PARTS[role]
        )
        if not is_admin:
            revoke_links_txn(txn, chat_id, user_id)
        store.raise_version_txn(txn, chat_id)
        self._changed(txn, chat_id)
        event = ChatParticipantAdminChanged(chat_id, user_id, is_admin, chat.version + 1)
        self._publish_after(txn, store.member_ids_txn(txn, chat_id), event)

    async def set_default_banned_rights(self, actor: Actor, chat_id: int, banned: int) -> int:
        """Say what members may not do (``Banned`` bits); the group's version, which stays.

        Raises:
            ChatNotFound, ChatNotModified.
            ChatAdminRequired: the actor does not administer the group.
        """
        return await self._database.write("default banned rights", self._rights_txn, actor, chat_id, banned)

    def _rights_txn(self, txn: Transaction, actor: Actor, chat_id: int, banned: int) -> int:
        chat = self._locked_txn(txn, actor.user_id, chat_id)
        rights.check_restricts(chat, actor.user_id)
        if chat.default_banned_rights == banned:
            raise ChatNotModified(str(chat_id))
        store.update_chat_txn(txn, chat_id, default_banned_rights=banned)
        self._changed(txn, chat_id)
        event = ChatDefaultBannedRightsChanged(chat_id, banned, chat.version)
        self._publish_after(txn, store.member_ids_txn(txn, chat_id), event, actor.perm_auth_key_id)
        return chat.version

    async def set_noforwards(self, actor: Actor, chat_id: int, noforwards: bool) -> None:
        """Protect what is written in a group from being copied, or no longer.

        Raises:
            ChatNotFound, ChatNotModified.
            ChatAdminRequired: the actor is not the creator.
        """
        await self._database.write("toggle noforwards", self._noforwards_txn, actor, chat_id, noforwards)

    def _noforwards_txn(self, txn: Transaction, actor: Actor, chat_id: int, noforwards: bool) -> None:
        chat = self._locked_txn(txn, actor.user_id, chat_id)
        rights.check_protects(chat, actor.user_id)
        if chat.noforwards == noforwards:
            raise ChatNotModified(str(chat_id))
        store.update_chat_txn(txn, chat_id, noforwards=int(noforwards))
        self._changed(txn, chat_id)
        self._publish_after(txn, store.member_ids_txn(txn, chat_id), ChatChanged(chat_id))

    async def delete(self, actor: Actor, chat_id: int) -> None:
        """Close a group: nobody is in it any more.

        Raises:
            ChatNotFound.
            ChatAdminRequired: the actor is not the creator.
        """
        await self._database.write("delete chat", self._delete_txn, actor, chat_id)

    def _delete_txn(self, txn: Transaction, actor: Actor, chat_id: int) -> None:
        chat = self._locked_txn(txn, actor.user_id, chat_id)
        rights.check_closes(chat, actor.user_id)
        self._close_txn(txn, chat_id)

    async def shut(self, chat_id: int) -> bool:
        """Close a group as its creator could, for an operator who must act; False: it was closed before."""
        return await self._database.write("shut chat", self._shut_txn, chat_id)

    def _shut_txn(self, txn: Transaction, chat_id: int) -> bool:
        # Nobody's part in it matters.
        chat = store.chat_txn(txn, chat_id, (0,), lock=True)
        if chat is None:
            raise ChatNotFound(str(chat_id))
        if chat.deactivated:
            return False
        self._close_txn(txn, chat_id)
        return True

    def _close_txn(self, txn: Transaction, chat_id: int) -> None:
        members = store.member_ids_txn(txn, chat_id)
        store.all_leave_txn(txn, chat_id)
        forget_all_requests_txn(txn, chat_id)
        store.update_chat_txn(txn, chat_id, deactivated=1)
        store.raise_version_txn(txn, chat_id)
        self._changed(txn, chat_id)
        self._publish_after(txn, members, ChatChanged(chat_id))

    def _locked_txn(self, txn: Transaction, user_id: int, chat_id: int, *other_ids: int) -> Chat:
        return rights.known(store.chat_txn(txn, chat_id, (user_id, *other_ids), lock=True), chat_id, user_id)

    def _writable_txn(self, txn: Transaction, actor: Actor, chat_id: int, banned: Banned) -> Chat:
        chat = self._locked_txn(txn, actor.user_id, chat_id)
        rights.check_permitted(chat, actor.user_id, banned)
        return chat

    def tell_txn(
        self,
        txn: Transaction,
        actor: Actor,
        chat_id: int,
        audience: Audience,
        action: Action,
    ) -> OwnChange:
        """A service message in everybody's box; the actor's side of it."""
        # Published before the cache forgets the group, a message would be rendered with the group as it was.
        self._changed(txn, chat_id)
        changes = BoxChanges(txn, actor.now)
        changes.lock(audience.owner_ids)
        tags = Tag.SERVICE | Tag.CHAT_PHOTO if action.photo is not None else Tag.SERVICE
        changes.post(actor.user_id, audience, [Outgoing("", Extra(action=action), int(tags))])
        changes.save(self._fanout.deliver, actor.perm_auth_key_id)
        return changes.own(actor.user_id)

    def _tell_first(
        self, txn: Transaction, actor: Actor, chat_id: int, user_ids: Sequence[int], event: TransientEvent
    ) -> None:
        """Tell of a member who came or went, before the service message and without the group in it.

        The message brings the group with its new version and count. Telegram Desktop takes an update of that same
        version for one more. For the same reason the actor's device is left out: its answer has the group.
        """
        self._changed(txn, chat_id)
        self._publish_after(txn, user_ids, event, actor.perm_auth_key_id)

    def _changed(self, txn: Transaction, chat_id: int) -> None:
        txn.call_after(self._rows.invalidate, chat_id)

    def _publish_after(
        self, txn: Transaction, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int = 0
    ) -> None:
        txn.call_after(self._fanout.publish, tuple(user_ids), event, except_perm_auth_key_id)


def checked_title(title: str) -> str:
    """A group's or channel's title.

    Raises:
        ChatTitleEmpty.
    """
    title = " ".join(title.split())[:MAX_TITLE]
    if not title:
        raise ChatTitleEmpty
    return title
