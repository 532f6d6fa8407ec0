"""Basic groups that become supergroups: the old one stays to be read, and both lead to each other."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.message import Action
from teamgram.domain.channels.channel import ALL_RIGHTS, AdminRight, Channel, Flag, Kind, Member, Membership
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.store import update_channel_txn
from teamgram.domain.chats import rights, store
from teamgram.domain.chats.chat import Chat, Participant, Role
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.chats.errors import ChatNotFound
from teamgram.domain.chats.join_requests import move_requests_txn
from teamgram.domain.files.file import pack_avatar
from teamgram.domain.updates.events import ChannelChanged
from teamgram.domain.updates.fanout import Fanout

_OF_ADMINS = int(ALL_RIGHTS & ~AdminRight.ADD_ADMINS)
"""What administrators of a basic group may do in the supergroup."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """A group that has become a supergroup.

    Attributes:
        left, entered: what says so in the old one, and in the new one, as who did it has it.
    """

    channel_id: int
    left: OwnChange
    entered: OwnChange


class ChatMigration:
    """Makes supergroups of basic groups."""

    def __init__(self, database: Database, chats: Chats, channels: Channels, fanout: Fanout) -> None:
        self._database = database
        self._chats = chats
        self._channels = channels
        self._fanout = fanout

    async def migrate(self, actor: Actor, chat_id: int) -> Migrated:
        """Make a supergroup of a group, with everybody who is in it, its links and what it is set to.

        Raises:
            ChatNotFound.
            ChatAdminRequired: the actor is not its creator, or it is one already.
        """
        return await self._database.write("migrate chat", self._migrate_txn, actor, chat_id)

    def _migrate_txn(self, txn: Transaction, actor: Actor, chat_id: int) -> Migrated:
        # The row is held: nobody comes or goes until this is done.
        rights.check_closes(
            rights.known(store.chat_txn(txn, chat_id, (actor.user_id,), lock=True), chat_id, actor.user_id),
            actor.user_id,
        )
        chat = store.whole_chat_txn(txn, chat_id)
        if chat is None:
            raise ChatNotFound(str(chat_id))
        channel = self._channels.found_txn(txn, actor, _as_channel(chat))
        if chat.photo is not None:
            update_channel_txn(txn, channel.id, photo_id=chat.photo.photo_id, photo=pack_avatar(chat.photo))
        others = [chat.participants[user_id] for user_id in chat.members if user_id != actor.user_id]
        self._bring_txn(txn, actor, channel, others)
        store.update_chat_txn(txn, chat_id, deactivated=1, migrated_to=channel.id, migrated_to_hash=channel.access_hash)
        store.raise_version_txn(txn, chat_id)
        move_requests_txn(txn, chat_id, channel.marked)
        txn.execute("UPDATE chat_invites SET chat_id = ? WHERE chat_id = ?", (channel.marked, chat_id))
        audience = Audience.group(chat_id, chat.members)
        moved = Action("chatMigrateTo", chat_id=channel.id)
        left = self._chats.tell_txn(txn, actor, chat_id, audience, moved)
        came = Action("channelMigrateFrom", chat.title, chat_id=chat_id)
        entered = self._channels.tell_txn(txn, actor, channel, came)
        txn.call_after(self._fanout.publish, tuple(chat.members), ChannelChanged(channel.id), actor.perm_auth_key_id)
        return Migrated(channel.id, left, entered)

    def _bring_txn(self, txn: Transaction, actor: Actor, channel: Channel, others: Sequence[Participant]) -> None:
        for one in others:
            is_admin = one.role is Role.ADMIN
            membership = Membership(role=Role.ADMIN, admin_rights=_OF_ADMINS) if is_admin else Membership()
            member = Member(
                one.user_id,
                membership,
                one.inviter_id,
                one.joined_at,
                promoted_by=actor.user_id if is_admin else 0,
                changed_at=actor.now,
            )
            self._channels.put_in_txn(txn, channel, member)


def _as_channel(chat: Chat) -> Channel:
    return Channel(
        0,
        secrets.randbits(63),
        Kind.MEGAGROUP,
        int(Flag.NOFORWARDS) if chat.noforwards else 0,
        chat.title,
        chat.about,
        "",
        chat.creator_id,
        chat.created_at,
        default_banned_rights=chat.default_banned_rights,
        ttl_seconds=chat.ttl_seconds,
        migrated_from_chat_id=chat.id,
    )
