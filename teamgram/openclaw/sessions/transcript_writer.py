"""The one hand on one transcript: whatever changes it, and whatever reads it while the program runs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from teamgram.database import private_file
from teamgram.openclaw.sessions import transcript_files, transcripts
from teamgram.openclaw.sessions.change_order import ChangeOrder

T = TypeVar("T")

#: Records from the newest on, and the number in the history of the newest message among them.
Read = Callable[[Iterator[dict[str, Any]], int], T]
MOST_READ_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What of a transcript is on disk for certain.

    Attributes:
        size: bytes.
        messages: how many a history shows of them.
    """

    size: int = 0
    messages: int = 0


#: Makes the bytes of a change when its turn comes, and says how many messages a history shows after it.
Make = Callable[[], tuple[bytes, int]]
#: The same, of what was found.
MakeOf = Callable[[T], tuple[bytes, int]]


class TranscriptWriter:
    """Changes and reads of one file, in the order in which they were asked for.

    Appends that come while one is being written share the next write. Reads go beside appends and see what is on
    disk; replacing the file and moving it away wait for all before them and hold up all after them.

    Attributes:
        on_disk: as of now.
    """

    def __init__(self, path: Path, reactor: Any, on_disk: OnDisk = OnDisk()) -> None:
        self.path = path
        self.on_disk = on_disk
        self._reactor = reactor
        self._order = ChangeOrder()
        self._pending: list[bytes] = []
        self._pending_messages = 0
        self._waiting: list[Deferred[None]] = []
        self._busy = False

    @property
    def is_idle(self) -> bool:
        """Nothing goes on or waits to."""
        return self._order.is_idle

    def append(self, make: Make) -> Deferred[None]:
        """Fires when it is on disk; fails as the write failed, and then none of it is there."""
        return self._order.share(lambda: self._append(*make()))

    def read(self, function: "Read[T]", *, every_branch: bool = False) -> "Deferred[T]":
        """Fires with what ``function`` makes of the records, in a thread.

        Args:
            every_branch: of all branches, with the marks between them; else of the one that is gone on with.
        """

        def begin() -> "Deferred[T]":
            known = self.on_disk
            return self._in_thread(lambda: function(self._records(known, every_branch), known.messages))

        return self._order.share(begin)

    def replace(
        self,
        choose: "Read[list[dict[str, Any]]]",
        make: "MakeOf[list[dict[str, Any]]]",
        replaced: Callable[[int], int],
    ) -> "Deferred[int]":
        """Put other content in the place of the whole file, at once or not at all.

        Args:
            choose: what is wanted of the present records, oldest first; called in a thread.
            make: makes the content of them, and says how many messages a history shows of it.
            replaced: called with how many were chosen once the file is another and before anything else goes on;
                what it returns is fired.
        """
        return self._order.alone(lambda: Deferred.fromCoroutine(self._replace(choose, make)).addCallback(replaced))

    def append_after(self, choose: "Read[T]", make: "MakeOf[T]", *, every_branch: bool = False) -> Deferred[None]:
        """Append what depends on what is there: nothing comes between the look and the write."""

        async def look_and_write() -> None:
            known = self.on_disk
            found = await self._in_thread(lambda: choose(self._records(known, every_branch), known.messages))
            await self._append(*make(found))

        return self._order.alone(lambda: Deferred.fromCoroutine(look_and_write()))

    def archive(self, stamp: str) -> Deferred[Path | None]:
        """Move the file aside; fires with where it is now, None when there was none."""

        def begin() -> Deferred[Path | None]:
            self.on_disk = OnDisk()
            return self._in_thread(lambda: transcript_files.archive(self.path, stamp))

        return self._order.alone(begin)

    async def _replace(self, choose: "Read[list[dict[str, Any]]]", make: "MakeOf[list[dict[str, Any]]]") -> int:
        known = self.on_disk
        chosen = await self._in_thread(lambda: choose(self._records(known), known.messages))
        data, messages = make(chosen)
        await self._in_thread(lambda: private_file.replace(self.path, data))
        self.on_disk = OnDisk(len(data), messages)
        return len(chosen)

    def _records(self, known: OnDisk, every_branch: bool = False) -> Iterator[dict[str, Any]]:
        found = transcript_files.read_backward(self.path, known.size, MOST_READ_BYTES)
        return found if every_branch else transcripts.visible(found)

    def _in_thread(self, function: Callable[[], T]) -> "Deferred[T]":
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function)

    def _append(self, data: bytes, messages: int) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self._pending.append(data)
        self._pending_messages = messages
        self._waiting.append(done)
        if not self._busy:
            self._write()
        return done

    def _write(self) -> None:
        data, waiting, messages = b"".join(self._pending), self._waiting, self._pending_messages
        self._pending, self._waiting, self._busy = [], [], True
        size = self.on_disk.size
        running = self._in_thread(lambda: transcript_files.append(self.path, size, data))
        running.addBoth(self._written, messages, waiting)

    def _written(self, result: Any, messages: int, waiting: list[Deferred[None]]) -> None:
        self._busy = False
        if not isinstance(result, Failure):
            self.on_disk = OnDisk(result, messages)
        if self._waiting:
            self._write()
        for done in waiting:
            done.callback(None) if not isinstance(result, Failure) else done.errback(result)
