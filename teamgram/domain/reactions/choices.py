"""What one user reacts with: often, lately, by default; and the tags that they give to what they saved."""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Database, Transaction
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels.channel import AdminRight
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.chats import rights
from teamgram.domain.chats.chat import Banned
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import ChatNotModified
from teamgram.domain.chats.store import chat_txn, member_ids_txn
from teamgram.domain.ids.peer import channel_id_of, chat_id_of, is_channel
from teamgram.domain.reactions.allowed import Allowed, allow_txn, allowed_txn, check_exist_txn
from teamgram.domain.reactions.errors import ReactionInvalid
from teamgram.domain.updates.events import ChannelChanged, ChatChanged, RecentReactionsChanged, SavedTagsChanged
from teamgram.domain.updates.fanout import Fanout

DEFAULT_REACTION = "default_reaction"
"""The name in ``AccountSettings`` of what a double tap reacts with."""

MAX_LISTED = 100
MAX_TITLE = 12
"""Characters of a tag's name (TDLib, ``setSavedMessagesTagLabel``)."""


@dataclass(frozen=True, slots=True)
class SavedTag:
    """A tag, how many saved messages have it, and what its owner calls it."""

    reaction: str
    count: int
    title: str = ""


class ReactionChoices:
    """Small lists of one user, and what groups allow."""

    def __init__(self, database: Database, fanout: Fanout) -> None:
        self._database = database
        self._fanout = fanout

    async def used(self, user_id: int, limit: int, *, recently: bool) -> list[str]:
        """What the user reacts with, the last first, or the most frequent."""
        return await self._database.read("used reactions", _used_txn, user_id, max(0, min(limit, MAX_LISTED)), recently)

    async def forget_recent(self, user_id: int, device: int = 0) -> None:
        """The user's recent reactions are none."""
        await self._database.write("forget recent reactions", self._forget_txn, user_id, device)

    def _forget_txn(self, txn: Transaction, user_id: int, device: int) -> None:
        txn.execute("UPDATE used_reactions SET used_at = 0 WHERE user_id = ? AND used_at > 0", (user_id,))
        txn.call_after(self._fanout.publish, (user_id,), RecentReactionsChanged(), device)

    async def check_exists(self, reaction: str) -> None:
        """Raise for what is no reaction.

        Raises:
            ReactionInvalid.
        """
        await self._database.read("reaction", check_exist_txn, [reaction])

    # --- what may be reacted with ---

    async def allowed(self, peer: int) -> Allowed:
        """In a group or channel (marked id)."""
        return await self._database.read("allowed reactions", allowed_txn, peer)

    async def allow(self, actor: Actor, peer: int, allowed: Allowed) -> None:
        """Say what may be reacted with in a group or channel: for those who may change its description.

        Raises:
            ChatAdminRequired, ChatNotFound, ChannelPrivate, …: they may not.
            ReactionInvalid: one of them does not exist.
            ChatNotModified: it is so already.
        """
        await self._database.write("allow reactions", self._allow_txn, actor, peer, allowed)

    def _allow_txn(self, txn: Transaction, actor: Actor, peer: int, allowed: Allowed) -> None:
        device = actor.perm_auth_key_id
        if is_channel(peer):
            channel_id = channel_id_of(peer)
            seat = seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
            channel_rights.check_has(seat, AdminRight.CHANGE_INFO)
            txn.call_after(self._fanout.publish_in_channel, channel_id, ChannelChanged(channel_id), device)
        else:
            chat_id = chat_id_of(peer)
            chat = rights.known(chat_txn(txn, chat_id, (actor.user_id,), lock=True), chat_id, actor.user_id)
            rights.check_permitted(chat, actor.user_id, Banned.CHANGE_INFO)
            txn.call_after(self._fanout.publish, member_ids_txn(txn, chat_id), ChatChanged(chat_id), device)
        check_exist_txn(txn, allowed.reactions)
        if allowed_txn(txn, peer) == allowed:
            raise ChatNotModified(str(peer))
        allow_txn(txn, peer, allowed)

    # --- tags ---

    async def tags(self, owner_id: int, saved_peer: int = 0) -> list[SavedTag]:
        """The owner's tags, the most frequent first; of what was saved from there (marked id) if that is given."""
        return await self._database.read("saved tags", _tags_txn, owner_id, saved_peer)

    async def name_tag(self, owner_id: int, reaction: str, title: str, device: int = 0) -> None:
        """Call a tag so, or (empty) nothing.

        Raises:
            ReactionInvalid: no saved message has that tag.
        """
        await self._database.write("name tag", self._name_txn, owner_id, reaction, title, device)

    def _name_txn(self, txn: Transaction, owner_id: int, reaction: str, title: str, device: int) -> None:
        txn.execute("SELECT 1 FROM saved_tags WHERE owner_id = ? AND reaction = ? LIMIT 1", (owner_id, reaction))
        if txn.fetchone() is None:
            raise ReactionInvalid
        if title:
            txn.upsert("saved_tag_titles", {"owner_id": owner_id, "reaction": reaction}, {"title": title[:MAX_TITLE]})
        else:
            txn.execute("DELETE FROM saved_tag_titles WHERE owner_id = ? AND reaction = ?", (owner_id, reaction))
        txn.call_after(self._fanout.publish, (owner_id,), SavedTagsChanged(), device)


def _used_txn(txn: Transaction, user_id: int, limit: int, recently: bool) -> list[str]:
    order = "used_at DESC, uses DESC" if recently else "uses DESC, used_at DESC"
    txn.execute(
        f"SELECT reaction FROM used_reactions WHERE user_id = ?{' AND used_at > 0' if recently else ''}"
        f" ORDER BY {order}, reaction LIMIT ?",
        (user_id, limit),
    )
    return [row[0] for row in txn.fetchall()]


def _tags_txn(txn: Transaction, owner_id: int, saved_peer: int) -> list[SavedTag]:
    where, params = "owner_id = ?", [owner_id]
    if saved_peer:
        where += " AND saved_peer = ?"
        params.append(saved_peer)
    txn.execute(f"SELECT reaction, COUNT(*) FROM saved_tags WHERE {where} GROUP BY reaction", params)
    counts = [(reaction, int(count)) for reaction, count in txn.fetchall()]
    txn.execute("SELECT reaction, title FROM saved_tag_titles WHERE owner_id = ?", (owner_id,))
    titles: dict[str, str] = dict(txn.fetchall())
    tags = [SavedTag(reaction, count, titles.get(reaction, "")) for reaction, count in counts]
    return sorted(tags, key=lambda tag: (-tag.count, tag.reaction))


def tagged_txn(txn: Transaction, owner_id: int, reactions: Sequence[str], saved_peer: int = 0) -> list[int]:
    """The owner's messages that have all of these tags, the newest first."""
    found: set[int] | None = None
    for reaction in reactions:
        where, params = "owner_id = ? AND reaction = ?", [owner_id, reaction]
        if saved_peer:
            where += " AND saved_peer = ?"
            params.append(saved_peer)
        txn.execute(f"SELECT id FROM saved_tags WHERE {where}", params)
        ids = {row[0] for row in txn.fetchall()}
        found = ids if found is None else found & ids
    return sorted(found or (), reverse=True)
