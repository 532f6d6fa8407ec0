"""How long messages stay in a conversation before they delete themselves for everybody (``setHistoryTTL``)."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import BoxChanges, Outgoing, OwnChange
from teamgram.domain.boxes.message import Action, Extra, Tag
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels import store as channel_store
from teamgram.domain.channels.admin_log import LifetimeChanged, log_txn
from teamgram.domain.channels.channels import Channels
from teamgram.domain.chats import rights
from teamgram.domain.chats import store as chat_store
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.chats.errors import ChatNotFound, ChatNotModified
from teamgram.domain.contacts import relations
from teamgram.domain.ids.peer import channel_id_of, chat_id_of, is_channel, is_chat, is_user
from teamgram.domain.messages.errors import LifetimeInvalid
from teamgram.domain.updates.events import HistoryTtlChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.user import SERVICE_USER_ID

_DAY = 86_400
MAX_SECONDS = 365 * _DAY


def checked_lifetime(seconds: int) -> int:
    """A number of days, at most a year of them, as TDLib lets apps choose; 0 for as long as nobody deletes them.

    Raises:
        LifetimeInvalid.
    """
    if not 0 <= seconds <= MAX_SECONDS or seconds % _DAY:
        raise LifetimeInvalid(str(seconds))
    return seconds


class Lifetimes:
    """What is chosen for each conversation, and by each user for those that they begin."""

    def __init__(self, database: Database, fanout: Fanout, chats: Chats, channels: Channels) -> None:
        self._database = database
        self._fanout = fanout
        self._chats = chats
        self._channels = channels

    async def default_of(self, user_id: int) -> int:
        """What the user wants in conversations that they begin (seconds)."""
        return await self._database.read("default lifetime", _default_txn, user_id)

    async def set_default(self, user_id: int, seconds: int) -> None:
        """From now on the user wants that.

        Raises:
            LifetimeInvalid.
        """
        await self._database.write("set default lifetime", _set_default_txn, user_id, checked_lifetime(seconds))

    async def of(self, owner_id: int, peers: Iterable[int]) -> dict[int, int]:
        """Seconds by peer (marked id), of the owner's conversations in which messages end."""
        users: list[int] = []
        chats: list[int] = []
        channels: list[int] = []
        for peer in peers:
            (users if is_user(peer) else channels if is_channel(peer) else chats).append(peer)
        found: dict[int, int] = {}
        if users:
            found |= await self._database.read("lifetimes", _private_txn, owner_id, users)
        for chat_id, chat in (await self._chats.get([chat_id_of(peer) for peer in chats])).items():
            found[-chat_id] = chat.ttl_seconds
        for channel in (await self._channels.get([channel_id_of(peer) for peer in channels])).values():
            found[channel.marked] = channel.ttl_seconds
        return {peer: seconds for peer, seconds in found.items() if seconds}

    async def set(self, actor: Actor, peer: int, seconds: int) -> OwnChange:
        """Let what is written in a conversation from now on end so many seconds after it was sent; the note of it.

        Raises:
            LifetimeInvalid.
            ChatNotModified: that holds already.
            ChatNotFound, ChatAdminRequired, PeerBlockedByOwner, …: it is not the actor's to choose.
        """
        return await self._database.write("set lifetime", self._set_txn, actor, peer, checked_lifetime(seconds))

    def _set_txn(self, txn: Transaction, actor: Actor, peer: int, seconds: int) -> OwnChange:
        action = Action("setMessagesTTL", period=seconds)
        if is_user(peer):
            return self._in_private_txn(txn, actor, peer, action)
        if is_chat(peer):
            return self._in_group_txn(txn, actor, chat_id_of(peer), action)
        return self._in_channel_txn(txn, actor, channel_id_of(peer), action)

    def _in_private_txn(self, txn: Transaction, actor: Actor, user_id: int, action: Action) -> OwnChange:
        if user_id in (actor.user_id, SERVICE_USER_ID):
            raise ChatNotFound(str(user_id))
        relation = relations.relation_txn(txn, actor.user_id, user_id)
        delivered = relations.check_writes(relation)
        relations.check_begun_txn(txn, relation)
        if (relation.ttl or 0) == action.period:
            raise ChatNotModified(str(user_id))
        audience = Audience.private(actor.user_id, user_id, delivered=delivered)
        changes = BoxChanges(txn, actor.now)
        changes.lock(audience.owner_ids)
        _note_private_txn(txn, changes, self._fanout, actor.user_id, audience, action, actor.perm_auth_key_id)
        changes.save(self._fanout.deliver, actor.perm_auth_key_id)
        return changes.own(actor.user_id)

    def _in_group_txn(self, txn: Transaction, actor: Actor, chat_id: int, action: Action) -> OwnChange:
        found = chat_store.chat_txn(txn, chat_id, (actor.user_id,), lock=True)
        chat = rights.known(found, chat_id, actor.user_id)
        rights.check_sets_lifetime(chat, actor.user_id)
        if chat.ttl_seconds == action.period:
            raise ChatNotModified(str(chat_id))
        chat_store.update_chat_txn(txn, chat_id, ttl_seconds=action.period)
        audience = Audience.group(chat_id, chat_store.member_ids_txn(txn, chat_id))
        change = self._chats.tell_txn(txn, actor, chat_id, audience, action)
        event = HistoryTtlChanged(audience.boxes[0].peer, action.period)
        txn.call_after(self._fanout.publish, audience.owner_ids, event, actor.perm_auth_key_id)
        return change

    def _in_channel_txn(self, txn: Transaction, actor: Actor, channel_id: int, action: Action) -> OwnChange:
        seat = channel_store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        channel_rights.check_changes_info(seat)
        channel = seat.channel
        if channel.ttl_seconds == action.period:
            raise ChatNotModified(str(channel_id))
        channel_store.update_channel_txn(txn, channel_id, ttl_seconds=action.period)
        self._channels.changed_after(txn, channel_id)
        log_txn(txn, actor, channel_id, LifetimeChanged(channel.ttl_seconds, action.period))
        change = self._channels.tell_txn(txn, actor, channel, action)
        event = HistoryTtlChanged(channel.marked, action.period)
        txn.call_after(self._fanout.publish_in_channel, channel_id, event, actor.perm_auth_key_id)
        return change


def begin_txn(txn: Transaction, changes: BoxChanges, fanout: Fanout, sender_id: int, audience: Audience) -> Audience:
    """The audience of a private chat whose sender wants messages to end where they begin to write.

    Where this is the first message, a note says so before it, and it ends as well.
    """
    owner_id, peer = audience.boxes[0]
    txn.execute("SELECT 1 FROM dialogs WHERE owner_id = ? AND peer = ? AND top_message_id > 0", (owner_id, peer))
    if txn.fetchone() is not None:
        return audience
    action = Action("setMessagesTTL", period=audience.default_ttl, user_ids=(sender_id,))
    _note_private_txn(txn, changes, fanout, sender_id, audience, action, 0)
    return replace(audience, ttl=audience.default_ttl)


def _note_private_txn(
    txn: Transaction,
    changes: BoxChanges,
    fanout: Fanout,
    sender_id: int,
    audience: Audience,
    action: Action,
    device: int,
) -> None:
    other_id = audience.boxes[0].peer
    # For both sides, also if one of them does not hear of it: it is one conversation.
    for owner_id, peer in ((sender_id, other_id), (other_id, sender_id)):
        txn.upsert("private_ttls", {"owner_id": owner_id, "peer": peer}, {"seconds": action.period})
    changes.post(sender_id, audience, [Outgoing("", Extra(action=action), int(Tag.SERVICE))])
    for owner_id, peer in audience.boxes:
        event = HistoryTtlChanged(peer, action.period)
        txn.call_after(fanout.publish, (owner_id,), event, device if owner_id == sender_id else 0)


def _default_txn(txn: Transaction, user_id: int) -> int:
    txn.execute("SELECT default_ttl FROM users WHERE id = ?", (user_id,))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def _set_default_txn(txn: Transaction, user_id: int, seconds: int) -> None:
    txn.execute("UPDATE users SET default_ttl = ? WHERE id = ?", (seconds, user_id))


def _private_txn(txn: Transaction, owner_id: int, user_ids: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in chunks(user_ids):
        txn.execute(
            f"SELECT peer, seconds FROM private_ttls WHERE owner_id = ? AND peer IN ({marks(some)})", (owner_id, *some)
        )
        found.update((row[0], row[1]) for row in txn.fetchall())
    return found
