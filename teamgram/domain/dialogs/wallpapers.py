"""What is behind a private chat (core.telegram.org/api/wallpapers, "Installing wallpapers in a specific chat")."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import BoxChanges, Outgoing, OwnChange
from teamgram.domain.boxes.message import Action, Extra, Tag
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.contacts import relations
from teamgram.domain.messages.errors import MessageIdInvalid
from teamgram.domain.updates.events import ChatWallpaperChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.wallpapers.wallpaper import DrawnAs, Wallpaper

_encode = msgspec.json.Encoder().encode
_decode: Callable[[Any], Wallpaper] = msgspec.json.Decoder(Wallpaper).decode


@dataclass(frozen=True, slots=True)
class Background:
    """A wallpaper as it lies behind a chat. ``overridden``: the other one put it there."""

    wallpaper: Wallpaper
    overridden: bool = False


class ChatWallpapers:
    """Everybody's, for their chats with others."""

    def __init__(self, database: Database, fanout: Fanout) -> None:
        self._database = database
        self._fanout = fanout

    async def behind(self, owner_id: int, user_id: int) -> Background | None:
        """What the owner sees behind the chat with that user."""
        return await self._database.read("chat wallpaper", _behind_txn, owner_id, user_id)

    async def put(
        self, owner_id: int, user_id: int, wallpaper: Wallpaper, now: int, *, for_both: bool = False, device: int = 0
    ) -> OwnChange:
        """Put one behind the chat, and say so there; the other one may take it over.

        Raises:
            PeerBlockedByOwner, PeerDeactivated, PeerIsBot, BlockedByPeer: see ``relations.check_writes``.
            NotBegun: see ``relations.check_begun_txn``.
        """
        action = Action("setChatWallPaper", wallpaper=wallpaper, for_both=for_both)
        return await self._database.write("put chat wallpaper", self._put_txn, owner_id, user_id, action, now, device)

    async def take_over(
        self, owner_id: int, user_id: int, message_id: int, drawn_as: DrawnAs | None, now: int, *, device: int = 0
    ) -> OwnChange:
        """Put behind the chat what the other one did, by the message that says so.

        Raises:
            MessageIdInvalid: it does not.
            PeerBlockedByOwner, …: as ``put``.
        """
        return await self._database.write(
            "take chat wallpaper over", self._take_over_txn, owner_id, user_id, message_id, drawn_as, now, device
        )

    async def clear(self, owner_id: int, user_id: int, *, only_overridden: bool = False, device: int = 0) -> None:
        """Nothing of one's own is behind the chat any more.

        Args:
            only_overridden: but only if the other one put it there.
        """
        await self._database.write("clear chat wallpaper", self._clear_txn, owner_id, user_id, only_overridden, device)

    def _take_over_txn(
        self,
        txn: Transaction,
        owner_id: int,
        user_id: int,
        message_id: int,
        drawn_as: DrawnAs | None,
        now: int,
        device: int,
    ) -> OwnChange:
        message = messages_txn(txn, owner_id, [message_id]).get(message_id)
        action = message.extra.action if message is not None and message.peer == user_id else None
        if message is None or action is None or action.wallpaper is None or message.out:
            raise MessageIdInvalid(str(message_id))
        wallpaper = action.wallpaper
        if drawn_as is not None:
            wallpaper = msgspec.structs.replace(wallpaper, drawn_as=drawn_as)
        same = Action("setChatWallPaper", wallpaper=wallpaper, same=True)
        return self._put_txn(txn, owner_id, user_id, same, now, device)

    def _put_txn(
        self, txn: Transaction, owner_id: int, user_id: int, action: Action, now: int, device: int
    ) -> OwnChange:
        relation = relations.relation_txn(txn, owner_id, user_id)
        delivered = relations.check_writes(relation)
        relations.check_begun_txn(txn, relation)
        assert action.wallpaper is not None
        save_txn(txn, owner_id, user_id, action.wallpaper, False)
        txn.call_after(self._fanout.publish, [owner_id], ChatWallpaperChanged(user_id), device)
        if action.for_both and delivered:
            save_txn(txn, user_id, owner_id, action.wallpaper, True)
            txn.call_after(self._fanout.publish, [user_id], ChatWallpaperChanged(owner_id))
        audience = Audience.private(owner_id, user_id, delivered=delivered)
        changes = BoxChanges(txn, now)
        changes.lock(audience.owner_ids)
        changes.post(owner_id, audience, [Outgoing("", Extra(action=action), int(Tag.SERVICE))])
        changes.save(self._fanout.deliver, device)
        return changes.own(owner_id)

    def _clear_txn(self, txn: Transaction, owner_id: int, user_id: int, only_overridden: bool, device: int) -> None:
        where = " AND overridden = 1" if only_overridden else ""
        txn.execute("DELETE FROM chat_wallpapers WHERE owner_id = ? AND peer = ?" + where, (owner_id, user_id))
        if txn.rowcount:
            txn.call_after(self._fanout.publish, [owner_id], ChatWallpaperChanged(user_id), device)


def save_txn(txn: Transaction, owner_id: int, user_id: int, wallpaper: Wallpaper, overridden: bool) -> None:
    """What lies behind the owner's chat with that user from now on."""
    txn.upsert(
        "chat_wallpapers",
        {"owner_id": owner_id, "peer": user_id},
        {"overridden": int(overridden), "details": _encode(wallpaper)},
    )


def _behind_txn(txn: Transaction, owner_id: int, user_id: int) -> Background | None:
    txn.execute("SELECT details, overridden FROM chat_wallpapers WHERE owner_id = ? AND peer = ?", (owner_id, user_id))
    row = txn.fetchone()
    return Background(_decode(row[0]), bool(row[1])) if row else None
