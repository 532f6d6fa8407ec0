"""Putting messages off, and sending them when their time has come.

What waits is sent once: the transaction that sends it takes it out of the table that it waits in, so it does not
matter how many processes look, or which of them is killed when. Whether its owner may write there is asked again then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

import msgspec

from teamgram.database import Database, Transaction
from teamgram.database.errors import DatabaseError
from teamgram.domain.boxes.changes import DuplicateRandomId
from teamgram.domain.boxes.media import Media
from teamgram.domain.boxes.message import Message
from teamgram.domain.channels.channel import Seat
from teamgram.domain.contacts.relations import is_bot_txn
from teamgram.domain.errors import DomainError
from teamgram.domain.files.errors import StorageAway
from teamgram.domain.files.store import add_txn
from teamgram.domain.ids.peer import box_owner, is_user
from teamgram.domain.messages import sending
from teamgram.domain.messages.audience import audience_txn
from teamgram.domain.messages.due import DueWork
from teamgram.domain.messages.errors import MessageIdInvalid, RandomIdEmpty, RandomIdInvalid, SlowMode
from teamgram.domain.messages.media import media_tags
from teamgram.domain.messages.replies import answered_txn
from teamgram.domain.messages.sending import ForwardRequest, SendRequest, Sent
from teamgram.domain.messages.threads import check_writes_txn, in_thread
from teamgram.domain.presence.presence import CameOnline, Presence
from teamgram.domain.privacy.facts import allowing_txn
from teamgram.domain.privacy.keys import STATUS_TIMESTAMP
from teamgram.domain.scheduled import editing, store
from teamgram.domain.scheduled.errors import (
    ScheduleBotNotAllowed,
    ScheduleDateInvalid,
    ScheduleDateTooLate,
    ScheduleStatusPrivate,
    ScheduleTooMany,
)
from teamgram.domain.scheduled.store import WHEN_ONLINE, Scheduled, Waiting
from teamgram.domain.updates.events import ScheduledChanged, ScheduledGone
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.web_pages.store import page_txn

MAX_SCHEDULED = 100
"""In one dialog, as on the official server."""
MAX_AHEAD = 367 * 86_400
"""Seconds: a year that may be a leap year, and a day for clocks that are off."""

_AT_ONCE = 100
RETRY = 60
"""Seconds after which what could not be sent for a reason that passes is tried again."""


class ScheduledDue(msgspec.Struct, frozen=True):
    """A message to ``peer`` (marked id) waits for that time (unix seconds, or ``WHEN_ONLINE``)."""

    at: int
    peer: int


@dataclass(frozen=True, slots=True)
class PutOff:
    """What became of messages that were to be put off.

    Attributes:
        waiting: those that wait, as their owner sees them; with those that did before.
        ids: (random_id, id) of them.
        sent: those that waited under the same random_id and were sent meanwhile.
    """

    waiting: tuple[Message, ...]
    ids: tuple[tuple[int, int], ...]
    sent: Sent


class ScheduledMessages:
    """Everybody's messages that wait."""

    _log = Logger()

    def __init__(self, database: Database, fanout: Fanout, presence: Presence, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._presence = presence
        self._clock = clock
        self._due = DueWork(clock, self._send_due, "messages that are due could not be sent")
        self._awaited: set[int] = set()
        self._online: set[int] = set()
        fanout.bus.listen(ScheduledDue, self._falls_due)
        fanout.bus.listen(CameOnline, self._came_online)

    def start(self) -> None:
        """Send what is due, also what came due while nobody looked, from now on."""
        self._due.start()

    async def stop(self) -> None:
        """Wait for what is being sent; before the database closes."""
        await self._due.stop()

    async def settled(self) -> None:
        """Wait until nothing is being sent."""
        await self._due.settled()

    def _falls_due(self, due: ScheduledDue) -> None:
        if not self._due.running:
            return  # whoever begins to send reads what waits
        if due.at != WHEN_ONLINE:
            self._due.falls_due(due.at)
            return
        self._awaited.add(due.peer)
        if self._presence.is_online(due.peer):
            self._came_online(CameOnline(due.peer))

    def _came_online(self, came: CameOnline) -> None:
        if came.user_id in self._awaited:
            self._online.add(came.user_id)
            self._due.falls_due(self._clock.seconds())

    # --- putting off ---

    async def put_off(self, requests: Sequence[SendRequest], due_at: int) -> PutOff:
        """Send messages of one sender to one peer at that time (unix seconds, or ``WHEN_ONLINE``), all or none.

        Raises:
            ScheduleBotNotAllowed, ScheduleDateTooLate, ScheduleDateInvalid, ScheduleStatusPrivate, ScheduleTooMany.
            ChatWriteForbidden, …: they could not be sent now either, see ``sending.send_txn``.
        """
        return await self._database.write("put off messages", self._put_off_txn, tuple(requests), due_at)

    async def put_off_forward(self, request: ForwardRequest, due_at: int) -> PutOff:
        """Send messages on at that time, as they are now.

        Raises:
            As ``put_off``, and ``sending.forward_txn``.
        """
        return await self._database.write("put off forward", self._forward_txn, request, due_at)

    def _put_off_txn(self, txn: Transaction, requests: tuple[SendRequest, ...], due_at: int) -> PutOff:
        first = requests[0]
        sender_id, peer = first.sender_id, first.peer
        random_ids = tuple(request.random_id for request in requests if request.random_id is not None)
        _check_random_ids(random_ids, len(requests))
        before = self._before_txn(txn, sender_id, peer, random_ids)
        if before is not None:
            return before
        _check_due_txn(txn, sender_id, peer, due_at, first.date, len(requests))
        media = [request.extra.media for request in requests]
        _, place = audience_txn(txn, sender_id, peer, first.date, media)
        answered = answered_txn(txn, sender_id, peer, first.reply_to_id, first.date, first.quote)
        if isinstance(place, Seat):
            check_writes_txn(txn, place, answered.thread, answers=first.reply_to_id)
        # An answer to another dialog's message is kept as what it says of it.
        reply_to_id = first.reply_to_id if box_owner(sender_id, peer) in answered.ids else 0
        waiting = []
        for request in requests:
            extra = request.extra
            if isinstance(place, Seat):
                extra = in_thread(sending.in_channel_txn(txn, place, extra), answered.thread)
            if answered.reply is not None:
                extra = msgspec.structs.replace(extra, reply=answered.reply)
            tags = request.tags if extra.media is None else request.tags | media_tags(extra.media)
            one = Waiting(request.text, extra, int(tags), reply_to_id, tuple(sorted(request.mentioned)))
            waiting.append((request.random_id, one))
            for file in request.made:
                add_txn(txn, sender_id, file)
        if first.clear_draft:
            sending.clear_draft_txn(txn, self._fanout, sender_id, peer, first.perm_auth_key_id)
        return self._written_txn(txn, sender_id, peer, due_at, waiting, first.perm_auth_key_id)

    def _forward_txn(self, txn: Transaction, request: ForwardRequest, due_at: int) -> PutOff:
        sender_id, peer = request.sender_id, request.to_peer
        _check_random_ids(request.random_ids, len(request.message_ids))
        before = self._before_txn(txn, sender_id, peer, request.random_ids)
        if before is not None:
            return before
        _check_due_txn(txn, sender_id, peer, due_at, request.date, len(request.message_ids))
        _, chat = audience_txn(txn, sender_id, peer, request.date, ())
        answered = answered_txn(txn, sender_id, peer, request.reply_to_id, request.date)
        if isinstance(chat, Seat):
            check_writes_txn(txn, chat, answered.thread, answers=request.reply_to_id)
        reply_to_id = request.reply_to_id if box_owner(sender_id, peer) in answered.ids else 0
        waiting = [
            (copy.random_id, Waiting(copy.text, in_thread(copy.extra, answered.thread), copy.tags, reply_to_id))
            for copy in sending.copies_txn(txn, request, chat)
        ]
        return self._written_txn(txn, sender_id, peer, due_at, waiting, request.perm_auth_key_id)

    def _before_txn(self, txn: Transaction, sender_id: int, peer: int, random_ids: tuple[int, ...]) -> PutOff | None:
        """What became of these when they were put off before."""
        waiting = store.by_random_id_txn(txn, sender_id, random_ids)
        sent = sending.sent_before_txn(txn, sender_id, peer, random_ids)
        return _put_off(waiting, sent) if waiting or sent.ids else None

    def _written_txn(
        self,
        txn: Transaction,
        sender_id: int,
        peer: int,
        due_at: int,
        waiting: Sequence[tuple[int | None, Waiting]],
        device: int,
    ) -> PutOff:
        written = store.insert_txn(txn, sender_id, peer, due_at, waiting)
        for one in written:
            txn.call_after(self._fanout.publish, (sender_id,), ScheduledChanged(peer, one.id), device)
        txn.call_after(self._fanout.bus.publish, ScheduledDue(due_at, peer))
        return _put_off(written, sending.sent_before_txn(txn, sender_id, peer, ()))

    # --- what waits ---

    async def of_dialog(self, owner_id: int, peer: int) -> list[Message]:
        """What waits in a dialog, the latest first."""
        return [one.message for one in await self._database.read("scheduled", store.of_dialog_txn, owner_id, peer)]

    async def get(self, owner_id: int, peer: int, ids: Sequence[int]) -> list[Message]:
        """What waits in a dialog under these ids; unknown ones are left out."""
        found: list[Scheduled] = await self._database.read("scheduled by id", store.by_id_txn, owner_id, peer, ids)
        return [one.message for one in found]

    async def has_any(self, owner_id: int, peer: int) -> bool:
        """Whether anything waits in a dialog."""
        return await self._database.read("has scheduled", store.has_any_txn, owner_id, peer)

    async def has_file(self, user_id: int, number: int, file_id: int) -> bool:
        """Whether a file is in that message of the user's that waits."""
        return await self._database.read("scheduled file", store.has_file_txn, user_id, number, file_id)

    async def edit(self, request: editing.ScheduledEdit) -> Message:
        """Change what waits, or for when.

        Raises:
            MessageIdInvalid, MessageNotModified, MessageEmpty, CaptionTooLong: see ``editing.edited``.
            ScheduleDateTooLate, ScheduleDateInvalid, ScheduleStatusPrivate.
        """
        return await self._database.write("edit scheduled", self._edit_txn, request)

    def _edit_txn(self, txn: Transaction, request: editing.ScheduledEdit) -> Message:
        found = store.by_id_txn(txn, request.owner_id, request.peer, [request.id], lock=True)
        if not found:
            raise MessageIdInvalid(str(request.id))
        _check_time_txn(txn, request.owner_id, request.peer, request.due_at, request.now)
        changed = editing.edited(found[0], request)
        audience_txn(txn, request.owner_id, request.peer, request.now, [changed.waiting.extra.media])
        store.change_txn(txn, changed)
        event = ScheduledChanged(request.peer, request.id)
        txn.call_after(self._fanout.publish, (request.owner_id,), event, request.perm_auth_key_id)
        txn.call_after(self._fanout.bus.publish, ScheduledDue(changed.due_at, changed.peer))
        return changed.message

    async def delete(self, owner_id: int, peer: int, ids: Sequence[int], perm_auth_key_id: int = 0) -> list[int]:
        """Send these never; the ids of those that waited."""
        return await self._database.write("delete scheduled", self._delete_txn, owner_id, peer, ids, perm_auth_key_id)

    def _delete_txn(self, txn: Transaction, owner_id: int, peer: int, ids: Sequence[int], device: int) -> list[int]:
        found = store.by_id_txn(txn, owner_id, peer, ids, lock=True)
        return self._drop_txn(txn, owner_id, peer, found, device)

    def _drop_txn(
        self, txn: Transaction, owner_id: int, peer: int, found: Sequence[Scheduled], device: int = 0
    ) -> list[int]:
        gone = [one.id for one in found]
        if gone:
            store.drop_txn(txn, [one.number for one in found])
            txn.call_after(self._fanout.publish, (owner_id,), ScheduledGone(peer, tuple(gone)), device)
        return gone

    # --- sending ---

    async def send_now(
        self, owner_id: int, peer: int, ids: Sequence[int], perm_auth_key_id: int = 0
    ) -> tuple[list[Sent], list[int]]:
        """Do not wait any longer; what was sent, and the ids under which it waited.

        Raises:
            MessageIdInvalid: none of them waits.
            ChatWriteForbidden, …: see ``sending.send_txn``.
        """
        return await self._database.write("send scheduled", self._now_txn, owner_id, peer, ids, perm_auth_key_id)

    def _now_txn(
        self, txn: Transaction, owner_id: int, peer: int, ids: Sequence[int], device: int
    ) -> tuple[list[Sent], list[int]]:
        found = store.by_id_txn(txn, owner_id, peer, ids, lock=True)
        if not found:
            raise MessageIdInvalid(str(list(ids)[:1]))
        sent = [self._sent_txn(txn, batch, device) for batch in _batches(found)]
        return sent, [one.id for one in found]

    async def _send_due(self) -> float | None:
        """Send what is due; when the next is, None for never."""
        self._awaited |= await self._database.read("awaited users", store.awaited_txn)
        failed: set[int] = set()
        while self._due.running:
            online = tuple(self._online)
            now = int(self._clock.seconds())
            found: list[Scheduled] = await self._database.read("due messages", store.due_txn, now, online, _AT_ONCE)
            due = [one for one in found if one.number not in failed]
            if not due:
                self._awaited.difference_update(online)
                self._online.difference_update(online)
                at: int | None = await self._database.read("next due message", store.next_txn, now)
                return min(at or now + RETRY, now + RETRY) if failed else at
            for batch in _batches(due):
                if not await self._send(batch):
                    failed |= {one.number for one in batch}
        return None

    async def _send(self, batch: Sequence[Scheduled]) -> bool:
        """Send what belongs together; False: it is to be tried again later.

        What cannot be sent any more is dropped, as on the official server.
        """
        try:
            await self._database.write("send due messages", self._claim_txn, tuple(batch))
        except (StorageAway, DatabaseError):
            return False
        except SlowMode as error:
            # Its turn comes, and nobody is asked again.
            at = int(self._clock.seconds()) + error.seconds
            await self._database.write("delay due messages", self._delay_txn, tuple(batch), at)
        except (DomainError, DuplicateRandomId) as error:
            self._log.info(
                "a message of user {user_id} that was put off is not sent: {error}",
                user_id=batch[0].owner_id,
                error=type(error).__name__,
            )
            await self._database.write("drop due messages", self._give_up_txn, tuple(batch))
        except CancelledError:
            raise
        except Exception:
            # A fault of ours with one message keeps no other one.
            self._log.failure("a message of user {user_id} that is due", user_id=batch[0].owner_id)
            return False
        return True

    def _claim_txn(self, txn: Transaction, batch: tuple[Scheduled, ...]) -> None:
        found = self._still_there_txn(txn, batch)
        if found:
            self._sent_txn(txn, found, 0)

    def _delay_txn(self, txn: Transaction, batch: tuple[Scheduled, ...], at: int) -> None:
        for one in self._still_there_txn(txn, batch):
            store.change_txn(txn, replace(one, due_at=at))
            txn.call_after(self._fanout.publish, (one.owner_id,), ScheduledChanged(one.peer, one.id))
            txn.call_after(self._fanout.bus.publish, ScheduledDue(at, one.peer))

    def _give_up_txn(self, txn: Transaction, batch: tuple[Scheduled, ...]) -> None:
        self._drop_txn(txn, batch[0].owner_id, batch[0].peer, self._still_there_txn(txn, batch))

    def _still_there_txn(self, txn: Transaction, batch: tuple[Scheduled, ...]) -> list[Scheduled]:
        """What of it waits, for as long: it may have been sent, changed or deleted since it was read."""
        first = batch[0]
        found = store.by_id_txn(txn, first.owner_id, first.peer, [one.id for one in batch], lock=True)
        times = {one.number: one.due_at for one in batch}
        return [one for one in found if times.get(one.number) == one.due_at]

    def _sent_txn(self, txn: Transaction, batch: Sequence[Scheduled], device: int) -> Sent:
        now = int(self._clock.seconds())
        store.drop_txn(txn, [one.number for one in batch])
        requests = [_request_txn(txn, one, now, device) for one in batch]
        sent = sending.send_txn(txn, self._fanout, requests)
        first = batch[0]
        sent_ids = tuple(message_id for _, message_id in sent.ids)
        event = ScheduledGone(first.peer, tuple(one.id for one in batch), sent_ids)
        txn.call_after(self._fanout.publish, (first.owner_id,), event, device)
        return sent


def _put_off(waiting: Sequence[Scheduled], sent: Sent) -> PutOff:
    ids = [(one.random_id, one.id) for one in waiting if one.random_id is not None]
    return PutOff(tuple(one.message for one in waiting), tuple(ids), sent)


def _check_random_ids(random_ids: Sequence[int], count: int) -> None:
    if 0 in random_ids:
        raise RandomIdEmpty
    if len(set(random_ids)) != count or len(random_ids) != count:
        raise RandomIdInvalid("not one for each message")


def _check_due_txn(txn: Transaction, sender_id: int, peer: int, due_at: int, now: int, more: int) -> None:
    if is_bot_txn(txn, sender_id):
        raise ScheduleBotNotAllowed
    _check_time_txn(txn, sender_id, peer, due_at, now)
    # Locked, so that two at once do not both find room.
    store.last_id_txn(txn, sender_id, peer)
    if store.count_txn(txn, sender_id, peer) + more > MAX_SCHEDULED:
        raise ScheduleTooMany(str(MAX_SCHEDULED))


def _check_time_txn(txn: Transaction, sender_id: int, peer: int, due_at: int, now: int) -> None:
    if due_at != WHEN_ONLINE:
        if due_at > now + MAX_AHEAD:
            raise ScheduleDateTooLate(str(due_at))
        return
    if not is_user(peer) or peer == sender_id or is_bot_txn(txn, peer):
        raise ScheduleDateInvalid(str(peer))
    seen = allowing_txn(txn, STATUS_TIMESTAMP, [peer], sender_id)
    if not seen or not allowing_txn(txn, STATUS_TIMESTAMP, [sender_id], peer):
        raise ScheduleStatusPrivate(str(peer))


def _batches(found: Sequence[Scheduled]) -> list[list[Scheduled]]:
    """What is sent in one: the messages of an album, everything else by itself."""
    ordered = sorted(found, key=lambda one: (one.due_at, one.owner_id, one.peer, one.number))
    return [
        list(batch)
        for _, batch in groupby(
            ordered, key=lambda one: (one.owner_id, one.peer, one.waiting.extra.grouped_id or -one.number)
        )
    ]


def _request_txn(txn: Transaction, scheduled: Scheduled, now: int, device: int) -> SendRequest:
    waiting = scheduled.waiting
    extra = msgspec.structs.replace(waiting.extra, scheduled=True)
    preview = extra.preview
    if preview is not None and preview.page.pending_since:
        # It may have come meanwhile.
        found = page_txn(txn, preview.page.url)
        page = found[0] if found is not None else preview.page
        extra = msgspec.structs.replace(
            extra, preview=None if page.is_empty else msgspec.structs.replace(preview, page=page)
        )
    poll = extra.media.poll if extra.media is not None else None
    if poll is not None and poll.close_period:
        # It is open for so long from when it is seen.
        poll = msgspec.structs.replace(poll, close_date=now + poll.close_period)
        extra = msgspec.structs.replace(extra, media=Media(poll=poll))
    return SendRequest(
        scheduled.owner_id,
        scheduled.peer,
        waiting.text,
        scheduled.random_id,
        now,
        extra,
        waiting.tags,
        waiting.reply_to_id,
        mentioned=frozenset(waiting.mentioned),
        perm_auth_key_id=device,
    )
