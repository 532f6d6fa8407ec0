"""Pictures for accounts that nobody takes a photo of: drawn when the first message goes to them or comes from them.

Not at the start of the server: a process that opens pictures is not started for nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.domain.boxes.events import LogEntry
from teamgram.domain.boxes.message import Message
from teamgram.domain.files.files import Files
from teamgram.domain.profiles.photos import ProfilePhotos
from teamgram.domain.updates.events import TransientEvent, UserChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.users import Users


class Portraits:
    """Subscribe it to the ``Fanout``."""

    _log = Logger()

    def __init__(self, users: Users, files: Files, photos: ProfilePhotos, fanout: Fanout) -> None:
        self._users = users
        self._files = files
        self._photos = photos
        self._fanout = fanout
        self._wanted: dict[int, str] = {}
        self._drawing: set[Deferred[None]] = set()
        self._stopping = False

    def want(self, user_id: int, subject: str) -> None:
        """Draw ``subject`` (see ``drawings.drawn``) for an account that has no photo, when it is first needed."""
        self._wanted[user_id] = subject

    # --- FanoutSubscriber ---

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        """Nobody is shown by it who was not before."""

    def logged(
        self,
        entries: Sequence[LogEntry],
        messages: Mapping[tuple[int, int], Message],
        except_perm_auth_key_id: int,
    ) -> None:
        """Draw whom a message is from or for; one commit has one sender, so its first message says so."""
        if not self._wanted or not messages:
            return
        message = next(iter(messages.values()))
        for user_id in (message.sender_id, message.peer):
            subject = self._wanted.pop(user_id, None)
            if subject is not None and not self._stopping:
                self._start(user_id, subject, message.owner_id)

    def _start(self, user_id: int, subject: str, told: int) -> None:
        task = Deferred.fromCoroutine(self._draw(user_id, subject, told))
        self._drawing.add(task)
        task.addBoth(self._ended, task)

    def _ended(self, result: Any, task: Deferred[None]) -> None:
        self._drawing.discard(task)
        if isinstance(result, Failure) and not self._stopping:
            self._log.failure("a portrait could not be drawn", failure=result)

    async def _draw(self, user_id: int, subject: str, told: int) -> None:
        user = await self._users.require(user_id)
        if user.photo is not None or user.is_deleted:
            return
        await self._photos.put_up(user_id, await self._files.draw_portrait(user_id, subject))
        # The service account has no dialogs of its own, so nobody is known to know it.
        self._fanout.publish([told], UserChanged(user_id))

    def stop(self) -> None:
        """What is being drawn fails when the processes end, and nobody minds: it is drawn another time."""
        self._stopping = True
