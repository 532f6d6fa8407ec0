"""A reply in a chat of the messenger: one message that grows by edits, more of them when it is long."""

import hashlib
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.domain.boxes.message import Extra
from teamgram.domain.errors import DomainError
from teamgram.domain.ids.peer import box_owner, is_channel, is_user
from teamgram.domain.messages.editing import EditRequest
from teamgram.domain.messages.errors import MessageIdInvalid, MessageNotModified
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.messages.text import MAX_LENGTH
from teamgram.openclaw.messenger.formatting import MessageText, as_messages

#: Between two edits of one message: people read no faster, and every edit goes to all their devices.
EDIT_SECONDS = 1.0
#: In groups: Telegram's bots may say twenty things a minute there (core.telegram.org/bots/faq#broadcasting-to-users).
GROUP_EDIT_SECONDS = 3.0
#: A reply that grows for long is shown less and less often, down to so many times that.
_SLOWEST = 5
_EDITS_PER_STEP = 20
#: What an agent says who has nothing to say; nobody is shown it.
NO_REPLY = "NO_REPLY"
#: Of one reply, so many messages are shown, and looked for after a restart.
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
        most: int = _MOST_PIECES,
    ) -> None:
        """Args:
        peer: marked id of the chat, in the sender's box.
        text: the whole visible text so far.
        most: so many messages are shown of it.
        """
        self._most = most
        self._messages = messages
        self._reactor = reactor
        self._sender_id = sender_id
        self._peer = peer
        self._run_id = run_id
        self._reply_to_id = reply_to_id
        self._text = text
        self._shown: list[tuple[int, MessageText]] = []
        self._edits = 0
        self._writing: Deferred[None] | None = None
        self._timer: Any = None
        self._ended = False
        self.has_note = False

    def say(self, words: str) -> None:
        """There is more text; it is shown when it is time."""
        if self._timer is None and self._writing is None and not self._ended:
            self._timer = self._reactor.callLater(self._pause if self._shown else 0.0, self._due)

    @property
    def _pause(self) -> float:
        seconds = EDIT_SECONDS if is_user(self._peer) else GROUP_EDIT_SECONDS
        return seconds * min(_SLOWEST, 1 + self._edits // _EDITS_PER_STEP)

    def note(self, text: str) -> None:
        """Show a word where the reply will stand, unless there are words of it already."""
        if not self._shown and self._timer is None and self._writing is None and not self._ended:
            self.has_note = True
            self._write("", text)

    def _due(self) -> None:
        self._timer = None
        text = self._text()[: self._most * MAX_LENGTH]
        if not NO_REPLY.startswith(text.strip()):
            self._write(text)

    def _write(self, text: str, note: str = "") -> None:
        self._edits += 1
        self._writing = Deferred.fromCoroutine(self._show(as_messages(text, note)[: self._most]))
        self._writing.addErrback(self._failed)
        self._writing.addBoth(self._written)

    def _written(self, result: Any) -> None:
        self._writing = None

    def _failed(self, failure: Any) -> None:
        # The end of the run shows everything; a step of it that failed is no loss.
        if not failure.check(DomainError):
            self._log.failure("a reply could not be shown", failure=failure)

    async def end(self, text: str, note: str = "") -> bool:
        """Show the whole reply, with a word of ours below it, and nothing else that was shown of it.

        False: it is longer than may be shown; its beginning is.

        Raises:
            DomainError: the chat takes nothing.
        """
        self._ended = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is not None:
            await self._writing
        whole = as_messages(text, note)
        messages = whole[: self._most]
        await self._show(messages)
        surplus = [message_id for message_id, _ in self._shown[len(messages) :]]
        if surplus:
            now = int(self._reactor.seconds())
            if is_channel(self._peer):
                await self._messages.delete_in_channel(self._sender_id, self._peer, surplus, now)
            else:
                await self._messages.delete(self._sender_id, surplus, revoke=True, now=now)
            del self._shown[len(messages) :]
        return len(messages) == len(whole)

    async def _show(self, messages: list[MessageText]) -> None:
        for index, message in enumerate(messages):
            if index >= len(self._shown):
                await self._send(index, message)
            elif self._shown[index][1] != message:
                await self._edit(index, message)

    async def _send(self, index: int, message: MessageText) -> None:
        request = SendRequest(
            self._sender_id,
            self._peer,
            message.text,
            random_id(self._sender_id, self._run_id, index),
            int(self._reactor.seconds()),
            Extra(entities=message.entities),
            message.tags,
            reply_to_id=self._reply_to_id if index == 0 else 0,
        )
        sent = await self._messages.send(request)
        self._shown.append((sent.ids[0][1], message))

    async def _edit(self, index: int, message: MessageText) -> None:
        message_id = self._shown[index][0]
        request = EditRequest(
            self._sender_id,
            self._peer,
            message_id,
            int(self._reactor.seconds()),
            text=message.text,
            entities=message.entities,
            tags=message.tags,
        )
        try:
            await self._messages.edit(request)
        except (MessageNotModified, MessageIdInvalid):
            # As it should be, or deleted meanwhile: the other pieces are shown all the same.
            pass
        self._shown[index] = (message_id, message)


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
    found = (await messages.get(box_owner(sender_id, peer), [last])).get(last)
    if found is None or found.text.endswith(note):
        return
    text = f"{found.text}\n\n{note}"
    if len(text) > MAX_LENGTH:
        await messages.send(SendRequest(sender_id, peer, note, random_id(sender_id, f"cut-off:{run_id}"), now))
        return
    try:
        await messages.edit(EditRequest(sender_id, peer, last, now, text=text, entities=found.extra.entities))
    except (MessageNotModified, MessageIdInvalid):
        pass
