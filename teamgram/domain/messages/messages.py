"""Messages of private chats, groups and channels: one call, one transaction.

Ids of messages are the acting user's own, in channels the channel's; peers are marked ids (``Peer.marked``).
"""

from collections.abc import Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import DuplicateRandomId, OwnChange
from teamgram.domain.boxes.difference import pts_txn
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.channels.channel import Seat
from teamgram.domain.chats import rights
from teamgram.domain.chats.chat import Banned
from teamgram.domain.files.upload_store import Upload, upload_txn
from teamgram.domain.ids.peer import is_channel
from teamgram.domain.messages import (
    audience,
    channel_deleting,
    channel_reading,
    deleting,
    editing,
    history,
    pins,
    reading,
    sending,
    slow_mode,
)
from teamgram.domain.messages.channel_view import channel_messages_txn
from teamgram.domain.messages.history import Found, Page, Search
from teamgram.domain.messages.sending import ForwardRequest, SendRequest, Sent
from teamgram.domain.updates.fanout import Fanout


class Messages:
    """Everybody's messages. What changes is told through the fan-out after it is committed."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock

    # --- writing ---

    def send(self, request: SendRequest) -> "Deferred[Sent]":
        """Send a text; a repeated one (same sender and random_id) gets the first result.

        It has its place among the sender's when this returns.

        Raises:
            ChatNotFound, ChatWriteForbidden, PeerBlockedByOwner, QuoteInvalid, …: see ``sending.send_txn``.
            RandomIdDuplicate: it was used for another dialog.
        """
        return self.send_all((request,))

    def send_all(self, requests: tuple[SendRequest, ...]) -> "Deferred[Sent]":
        """Send several messages of one sender to one peer, all or none; as ``send`` otherwise."""
        # No coroutine: this is what everybody does most.
        return self._database.write_in_line(
            _line(requests[0]), "send message", sending.send_alone_txn, self._fanout, requests
        ).addErrback(self._first_result, requests)

    async def next_turn(self, seat: Seat) -> int:
        """When they may write again in a supergroup with slow mode (unix seconds), 0 for at any time."""
        if not seat.channel.slowmode_seconds:
            return 0
        return await self._database.read("slow mode", slow_mode.next_at_txn, seat)

    def _first_result(self, failure: Failure, requests: tuple[SendRequest, ...]) -> "Deferred[Sent]":
        failure.trap(DuplicateRandomId)  # type: ignore[no-untyped-call]
        ids = tuple(request.random_id for request in requests if request.random_id is not None)
        return self._sent_before(requests[0].sender_id, requests[0].peer, ids)

    async def sent_before(self, sender_id: int, peer: int, random_ids: Sequence[int]) -> Sent:
        """What became of these random_ids; those that are new are left out.

        Raises:
            RandomIdDuplicate: one was used for another dialog.
        """
        return await self._sent_before(sender_id, peer, tuple(random_ids))

    def _sent_before(self, sender_id: int, peer: int, random_ids: tuple[int, ...]) -> "Deferred[Sent]":
        return self._database.read("first result", sending.sent_before_txn, sender_id, peer, random_ids)

    async def before_media(
        self,
        sender_id: int,
        peer: int,
        random_ids: tuple[int, ...],
        bans: Banned,
        file_id: int | None = None,
        *,
        is_light: bool = False,
    ) -> tuple[Sent, Upload | None]:
        """For who makes media before they send it: as ``sent_before``, and unless all were sent ``check_writable``.

        Args:
            file_id: an upload of the sender's to look at by the way, for ``Uploads.finish``.
            is_light: nothing has to be made of that upload. If it is a file already, the rest is left to the sending,
                which looks at the same things.
        """
        now = int(self._clock.seconds())
        return await self._database.read(
            "before media", _before_media_txn, sender_id, peer, random_ids, now, bans, file_id, is_light
        )

    async def check_writable(self, sender_id: int, peer: int, bans: Banned = rights.WRITING) -> None:
        """Whether a user may write to ``peer``: for who has work to do before they write.

        Args:
            bans: those of a group that would forbid it.

        Raises:
            ChatNotFound, ChatWriteForbidden, PeerBlockedByOwner, …: they may not, see ``audience.audience_txn``.
        """
        now = int(self._clock.seconds())
        await self._database.read("may write", audience.writable_txn, sender_id, peer, now, bans)

    async def forward(self, request: ForwardRequest) -> Sent:
        """Send messages on; those sent before keep their first result.

        Raises:
            MessageIdInvalid, ForwardsRestricted, ChatForbidden, RandomIdDuplicate, …: see ``sending.forward_txn``.
        """
        return await self._database.write_in_line(
            _line(request), "forward messages", sending.forward_txn, self._fanout, request
        )

    async def edit(self, request: editing.EditRequest) -> OwnChange:
        """Change a message for everybody who has it.

        Raises:
            MessageIdInvalid, MessageAuthorRequired, MessageNotModified, …: see ``rules.check_edits``.
        """
        return await self._database.write("edit message", editing.edit_txn, self._fanout, request)

    async def check_editable(self, owner_id: int, peer: int, message_id: int, now: int) -> None:
        """Whether the owner may change a message.

        Raises:
            MessageIdInvalid, MessageAuthorRequired, …: they may not, see ``rules.check_edits``.
        """
        await self._database.read("editable message", editing.editable_txn, owner_id, peer, message_id, now)

    async def delete(
        self, owner_id: int, message_ids: Sequence[int], *, revoke: bool, now: int, perm_auth_key_id: int = 0
    ) -> OwnChange:
        """Delete messages from the owner's box, or (``revoke``) from everybody's; unknown ids are passed over.

        Raises:
            MessageDeleteForbidden: one may not be deleted for everybody.
        """
        return await self._database.write(
            "delete messages",
            deleting.delete_txn,
            self._fanout,
            owner_id,
            tuple(message_ids),
            revoke,
            now,
            perm_auth_key_id,
        )

    async def delete_in_channel(
        self, user_id: int, peer: int, message_ids: Sequence[int], now: int, perm_auth_key_id: int = 0
    ) -> OwnChange:
        """Delete messages of a channel for everybody; unknown ids are passed over.

        Raises:
            ChannelNotFound, ChannelPrivate, MessageDeleteForbidden.
        """
        return await self._database.write(
            "delete in channel",
            channel_deleting.delete_in_channel_txn,
            self._fanout,
            user_id,
            peer,
            tuple(message_ids),
            now,
            perm_auth_key_id,
        )

    async def clear_channel(
        self, user_id: int, peer: int, max_id: int, now: int, perm_auth_key_id: int = 0
    ) -> OwnChange:
        """Delete all that was posted in a channel up to ``max_id`` (0: all of it) for everybody.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired, ChannelTooBig.
        """
        return await self._database.write(
            "clear channel",
            channel_deleting.clear_channel_txn,
            self._fanout,
            user_id,
            peer,
            max_id,
            now,
            perm_auth_key_id,
        )

    async def delete_written_by(
        self, user_id: int, peer: int, writer_id: int, now: int, perm_auth_key_id: int = 0
    ) -> tuple[OwnChange, int]:
        """Delete a step of what somebody wrote in a channel under their own name; and how much is left of it.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired.
        """
        return await self._database.write(
            "delete of a writer",
            channel_deleting.delete_written_by_txn,
            self._fanout,
            user_id,
            peer,
            writer_id,
            now,
            perm_auth_key_id,
        )

    async def delete_history(self, request: deleting.HistoryRequest) -> tuple[OwnChange, int]:
        """Delete a bounded part of a dialog, newest first; the change and how many messages are left to delete."""
        return await self._database.write("delete history", deleting.delete_history_txn, self._fanout, request)

    async def delete_all(self, owner_id: int, peer: int, now: int) -> None:
        """Empty a dialog in the owner's box, step by step."""
        left = 1
        while left:
            _, left = await self.delete_history(deleting.HistoryRequest(owner_id, peer, now))

    async def pin(self, request: pins.PinRequest) -> OwnChange:
        """Pin a message or unpin it.

        Raises:
            MessageIdInvalid, ChatNotFound, ChatWriteForbidden, ChatAdminRequired.
        """
        return await self._database.write("pin message", pins.pin_txn, self._fanout, request)

    async def unpin_all(
        self, owner_id: int, peer: int, now: int, perm_auth_key_id: int = 0, topic_id: int = 0
    ) -> OwnChange:
        """Unpin everything in a dialog, or in a topic of a forum.

        Raises:
            ChatNotFound, ChatWriteForbidden, ChatAdminRequired.
        """
        return await self._database.write(
            "unpin all messages", pins.unpin_all_txn, self._fanout, owner_id, peer, now, perm_auth_key_id, topic_id
        )

    # --- reading marks ---

    async def read_history(
        self, owner_id: int, peer: int, max_id: int, now: int, perm_auth_key_id: int = 0
    ) -> OwnChange:
        """The owner has read the dialog up to ``max_id`` (0: all of it)."""
        return await self._database.write(
            "read history", reading.read_history_txn, self._fanout, owner_id, peer, max_id, now, perm_auth_key_id
        )

    async def read_contents(
        self, owner_id: int, message_ids: Sequence[int], now: int, perm_auth_key_id: int = 0
    ) -> OwnChange:
        """The owner has seen the mentions or played the media in these messages."""
        return await self._database.write(
            "read contents",
            reading.read_contents_txn,
            self._fanout,
            owner_id,
            tuple(message_ids),
            now,
            perm_auth_key_id,
        )

    async def read_mentions(self, owner_id: int, peer: int, now: int, perm_auth_key_id: int = 0) -> OwnChange:
        """The owner has seen every mention in the dialog."""
        return await self._database.write(
            "read mentions", reading.read_mentions_txn, self._fanout, owner_id, peer, now, perm_auth_key_id
        )

    async def outbox_read_date(self, owner_id: int, peer: int, message_id: int, now: int) -> int:
        """When the other side had read the owner's message, in unix seconds; 0 when it has not.

        Raises:
            MessageIdInvalid: the owner has sent no such message there.
            MessageTooOld: it was sent longer than ``KEEP_READ_DATES`` ago.
        """
        return await self._database.read(
            "outbox read date", reading.outbox_read_date_txn, owner_id, peer, message_id, now
        )

    async def read_participants(self, owner_id: int, peer: int, message_id: int, now: int) -> list[tuple[int, int]]:
        """Who in a group or a small supergroup has read the owner's message: (user id, when in unix seconds).

        Raises:
            MessageIdInvalid: the owner has sent no such message there.
            MessageTooOld: it was sent longer than ``KEEP_READ_DATES`` ago.
            GroupTooLarge: nobody is told there.
        """
        if is_channel(peer):
            return await self._database.read(
                "read participants", channel_reading.readers_txn, owner_id, peer, message_id, now
            )
        return await self._database.read(
            "read participants", reading.read_participants_txn, owner_id, peer, message_id, now
        )

    async def read_channel(self, user_id: int, peer: int, max_id: int, perm_auth_key_id: int = 0) -> None:
        """The user has read a channel up to ``max_id`` (0: all of it).

        Raises:
            ChannelNotFound, ChannelPrivate.
        """
        await self._database.write(
            "read channel",
            channel_reading.read_channel_txn,
            self._fanout,
            user_id,
            peer,
            max_id,
            int(self._clock.seconds()),
            perm_auth_key_id,
        )

    async def read_channel_contents(
        self, user_id: int, peer: int, message_ids: Sequence[int], perm_auth_key_id: int = 0
    ) -> None:
        """The user has seen that these messages of a channel speak to them; empty: all that do.

        Raises:
            ChannelNotFound, ChannelPrivate.
        """
        await self._database.write(
            "read channel contents",
            channel_reading.read_contents_txn,
            self._fanout,
            user_id,
            peer,
            tuple(message_ids),
            int(self._clock.seconds()),
            perm_auth_key_id,
        )

    # --- looking ---

    async def in_channel(
        self, user_id: int, peer: int, message_ids: Sequence[int], hidden_up_to: int = 0, *, unheard: bool = False
    ) -> tuple[dict[int, Message], int]:
        """Messages of a channel with these ids as the user has them, and the channel's pts; gone ones are missing."""
        return await self._database.read(
            "channel messages by id", _in_channel_txn, user_id, peer, tuple(message_ids), hidden_up_to, unheard
        )

    async def get(self, owner_id: int, message_ids: Sequence[int]) -> dict[int, Message]:
        """The owner's messages with these ids; deleted and unknown ones are missing."""
        return await self._database.read("messages by id", messages_txn, owner_id, tuple(message_ids))

    async def page(self, search: Search, page: Page) -> Found:
        """A page of a dialog, or of what is found in one."""
        return await self._database.read("messages page", history.page_txn, search, page)

    async def count(self, search: Search) -> int:
        """How many messages are found."""
        return await self._database.read("messages count", _count_txn, search)


def _count_txn(txn: Transaction, search: Search) -> int:
    return history.count_txn(txn, search)


def _in_channel_txn(
    txn: Transaction, user_id: int, peer: int, message_ids: tuple[int, ...], hidden_up_to: int, unheard: bool
) -> tuple[dict[int, Message], int]:
    found = channel_messages_txn(txn, user_id, peer, message_ids, hidden_up_to, unheard=unheard)
    return found, pts_txn(txn, peer)


def _line(request: SendRequest | ForwardRequest) -> tuple[int, int]:
    """Sends of one device are written in the order in which they are asked for."""
    return request.sender_id, request.perm_auth_key_id


def _before_media_txn(
    txn: Transaction,
    sender_id: int,
    peer: int,
    random_ids: tuple[int, ...],
    now: int,
    bans: Banned,
    file_id: int | None,
    is_light: bool,
) -> tuple[Sent, Upload | None]:
    upload = None if file_id is None else upload_txn(txn, sender_id, file_id)
    if is_light and upload is not None and upload.joined is not None:
        return sending.nothing_sent(sender_id), upload
    before = sending.sent_before_txn(txn, sender_id, peer, random_ids)
    if len(before.ids) == len(random_ids):
        return before, None
    audience.writable_txn(txn, sender_id, peer, now, bans)
    return before, upload
