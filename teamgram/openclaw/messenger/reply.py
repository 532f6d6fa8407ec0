"""A reply in a chat of the messenger: one message that grows by edits, more of them when it is long."""

import hashlib
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.domain.errors import DomainError
from teamgram.domain.messages.editing import EditRequest
from teamgram.domain.messages.errors import MessageIdInvalid, MessageNotModified
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.messages.text import MAX_LENGTH
from teamgram.openclaw.messenger.pieces import pieces

#: Between two edits of one message: people read no faster, and every edit goes to all their devices.
EDIT_SECONDS = 1.0
#: Of one reply, so many messages are looked for after a restart.
_MOST_PIECES = 50


def random_id(*parts: object) -> int:
    """A signed 64-bit id that is the same for the same parts: what was sent before a crash is not sent again."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class MessengerReply:
    """One run's reply. :meth:`say` as the words come, then :meth:`end` with all of them.

    Attributes:
        has_note: a word stood in its place for a while.
    """

    _log = Logger()

    def __init__(
        self,
        messages: Messages,
        reactor: Any,
        *,
        sender_id: int,
        peer: int,
        run_id: str,
        reply_to_id: int = 0,
        text: Callable[[], str],
    ) -> None:
        """Args:
        peer: marked id of the chat, in the sender's box.
        text: the whole visible text so far.
        """
        self._messages = messages
        self._reactor = reactor
        self._sender_id = sender_id
        self._peer = peer
        self._run_id = run_id
        self._reply_to_id = reply_to_id
        self._text = text
        self._shown: list[tuple[int, str]] = []
        self._writing: Deferred[None] | None = None
        self._timer: Any = None
        self._ended = False
        self.has_note = False

    def say(self, words: str) -> None:
        """There is more text; it is shown when it is time."""
        if self._timer is None and self._writing is None and not self._ended:
            self._timer = self._reactor.callLater(EDIT_SECONDS if self._shown else 0.0, self._due)

    def note(self, text: str) -> None:
        """Show a word where the reply will stand, unless there are words of it already."""
        if not self._shown and self._timer is None and self._writing is None and not self._ended:
            self.has_note = True
            self._write(text)

    def _due(self) -> None:
        self._timer = None
        self._write(self._text())

    def _write(self, text: str) -> None:
        self._writing = Deferred.fromCoroutine(self._show(text))
        self._writing.addErrback(self._failed)
        self._writing.addBoth(self._written)

    def _written(self, result: Any) -> None:
        self._writing = None

    def _failed(self, failure: Any) -> None:
        # The end of the run shows everything; a step of it that failed is no loss.
        if not failure.check(DomainError):
            self._log.failure("a reply could not be shown", failure=failure)

    async def end(self, text: str) -> None:
        """Show the whole reply."""
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is not None:
            await self._writing
        await self._show(text)

    async def _show(self, text: str) -> None:
        for index, piece in enumerate(pieces(text.strip())):
            if index >= len(self._shown):
                await self._send(index, piece)
            elif self._shown[index][1] != piece:
                await self._edit(index, piece)

    async def _send(self, index: int, text: str) -> None:
        request = SendRequest(
            self._sender_id,
            self._peer,
            text,
            random_id(self._sender_id, self._run_id, index),
            int(self._reactor.seconds()),
            reply_to_id=self._reply_to_id if index == 0 else 0,
        )
        sent = await self._messages.send(request)
        self._shown.append((sent.ids[0][1], text))

    async def _edit(self, index: int, text: str) -> None:
        message_id = self._shown[index][0]
        request = EditRequest(self._sender_id, self._peer, message_id, int(self._reactor.seconds()), text=text)
        try:
            await self._messages.edit(request)
        except (MessageNotModified, MessageIdInvalid):
            # As it should be, or deleted meanwhile: the other pieces are shown all the same.
            pass
        self._shown[index] = (message_id, text)


async def mark_cut_off(messages: Messages, sender_id: int, peer: int, run_id: str, why: str, now: int) -> None:
    """Say below what is shown of a reply that it ends there; a message of its own where nothing is shown yet.

    However often it is said, it stands there once.

    Raises:
        DomainError: the chat takes nothing.
    """
    note = f"⚠️ {why}"
    # Under the ids of the reply's own pieces: what was sent before is found, and not sent again.
    ids = [random_id(sender_id, run_id, number) for number in range(_MOST_PIECES)]
    shown = [message_id for _, message_id in (await messages.sent_before(sender_id, peer, ids)).ids if message_id]
    if not shown:
        await messages.send(SendRequest(sender_id, peer, note, ids[0], now))
        return
    last = max(shown)
    found = (await messages.get(sender_id, [last])).get(last)
    if found is None or found.text.endswith(note):
        return
    text = f"{found.text}\n\n{note}"
    if len(text) > MAX_LENGTH:
        await messages.send(SendRequest(sender_id, peer, note, random_id(sender_id, f"cut-off:{run_id}"), now))
        return
    try:
        await messages.edit(EditRequest(sender_id, peer, last, now, text=text))
    except (MessageNotModified, MessageIdInvalid):
        pass
