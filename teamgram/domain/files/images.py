"""Pictures made smaller in processes of their own: the reactor opens none, and a bomb costs one process.

Workers are started when there is work, one picture at a time each, and end when there was none for a while.
"""

import struct
import sys
from collections import deque
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

import msgspec

from teamgram.domain.files.errors import (
    ImageInvalid,
    PhotoDimensionsInvalid,
    PhotoTooSmall,
    PhotoTypeInvalid,
    UploadsTooMany,
)

PHOTO_BOXES = (("s", 100), ("m", 320), ("x", 800), ("y", 1280), ("w", 2560))
"""Letters and squares of a photo's sizes (core.telegram.org/api/files#image-thumbnail-types)."""
THUMB_BOXES = (("m", 320),)
PORTRAIT_BOXES = (("a", 160), ("b", 320), ("c", 640))
"""Squares of the photos of people and groups."""

MAX_IMAGE = 10 << 20
"""Bytes of a picture that is opened."""
MAX_ANSWER = 32 << 20
WORKERS = 2
SECONDS = 30.0
"""That a picture may take, by the clock: the kernel counts those of the processor."""
IDLE_SECONDS = 60.0
MAX_WAITING = 200

_REASONS = {
    "type": PhotoTypeInvalid,
    "dimensions": PhotoDimensionsInvalid,
    "process": ImageInvalid,
    "small": PhotoTooSmall,
}


@dataclass(frozen=True, slots=True)
class MadeSize:
    """One size, a JPEG."""

    type: str
    w: int
    h: int
    bytes: bytes


@dataclass(frozen=True, slots=True)
class MadePicture:
    """A picture in sizes, the largest last, and the tiny one that goes along in messages."""

    sizes: tuple[MadeSize, ...]
    stripped: bytes


@dataclass(frozen=True, slots=True)
class SeenSticker:
    """What a file is that shall be a sticker.

    Attributes:
        format: "webp", "tgs" or "webm". A PNG has become WebP.
        seconds, rate: of animations: how long, and frames a second where the file says.
        content: of a still one.
        thumb: (width, height, WebP) of a large still one.
    """

    format: str
    w: int
    h: int
    seconds: float
    rate: float
    content: bytes
    thumb: tuple[int, int, bytes] | None


class Images:
    """The workers. ``reactor`` spawns processes."""

    def __init__(self, reactor: Any, *, workers: int = WORKERS, seconds: float = SECONDS) -> None:
        self._reactor = reactor
        self._most = workers
        self.seconds = seconds
        self._workers: set[_Worker] = set()
        self._waiting: deque[_Job] = deque()

    @property
    def waiting(self) -> int:
        """Pictures that no worker has begun."""
        return len(self._waiting)

    async def shrink(self, data: bytes, boxes: tuple[tuple[str, int], ...]) -> MadePicture:
        """The picture as JPEGs that fit into ``boxes`` (letter, pixels a side), smallest first.

        Raises:
            PhotoTypeInvalid: no picture of a known kind, whatever its name says.
            PhotoDimensionsInvalid: too large, or too long for its width.
            ImageInvalid: broken, or it takes too much to open.
            UploadsTooMany: too many others wait.
        """
        return await self._made({"kind": "photo", "bytes": data, "boxes": boxes})

    async def portrait(self, data: bytes) -> MadePicture:
        """The square in the middle of the picture, as in ``PORTRAIT_BOXES``.

        Raises:
            PhotoTooSmall: it does not fill the smallest.
            PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid, UploadsTooMany: as ``shrink``.
        """
        return await self._made({"kind": "portrait", "bytes": data, "boxes": PORTRAIT_BOXES})

    async def drawn(self, subject: str, colour: int) -> MadePicture:
        """A portrait of our own drawing: see ``drawings.drawn``.

        Raises:
            ImageInvalid, UploadsTooMany.
        """
        return await self._made({"kind": "drawn", "subject": subject, "colour": colour, "boxes": PORTRAIT_BOXES})

    async def look(self, data: bytes) -> SeenSticker:
        """What a file is that shall be a sticker.

        Raises:
            PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid, UploadsTooMany: as ``shrink``.
        """
        answer = await self._ask({"kind": "sticker", "bytes": data})
        thumb = answer.pop("thumb")
        return SeenSticker(**answer, thumb=(thumb["w"], thumb["h"], thumb["bytes"]) if thumb is not None else None)

    async def _made(self, request: dict[str, Any]) -> MadePicture:
        answer = await self._ask(request)
        sizes = tuple(MadeSize(one["type"], one["w"], one["h"], one["bytes"]) for one in answer["sizes"])
        return MadePicture(sizes, answer["stripped"])

    async def _ask(self, request: dict[str, Any]) -> Any:
        if len(self._waiting) >= MAX_WAITING:
            raise UploadsTooMany("pictures")
        job = _Job(msgspec.msgpack.encode(request))
        self._waiting.append(job)
        self._work()
        answer = await job.done
        if "error" in answer:
            raise _REASONS.get(answer["error"], ImageInvalid)
        return answer

    def _work(self) -> None:
        while self._waiting:
            worker = next((one for one in self._workers if one.job is None), None)
            if worker is None:
                if len(self._workers) >= self._most:
                    return
                worker = _Worker(self, self._reactor)
                self._workers.add(worker)
            worker.take(self._waiting.popleft())

    def freed(self, worker: "_Worker", *, gone: bool) -> None:
        """A worker has nothing to do, or is no more."""
        if gone:
            self._workers.discard(worker)
        self._work()

    async def close(self) -> None:
        """End the workers; what they are at fails."""
        for job in self._waiting:
            job.end({"error": "process"})
        self._waiting.clear()
        for worker in list(self._workers):
            worker.end()
            await worker.ended


class _Job:
    def __init__(self, request: bytes) -> None:
        self.request = struct.pack("<I", len(request)) + request
        self.done: Deferred[Any] = Deferred(lambda _: None)

    def end(self, answer: Any) -> None:
        if not self.done.called:
            self.done.callback(answer)


class _Worker(ProcessProtocol):
    def __init__(self, images: Images, reactor: Any) -> None:
        self._images = images
        self._reactor = reactor
        self._received = bytearray()
        self._timer: Any = None
        self._ending = False
        self.job: _Job | None = None
        self.ended: Deferred[None] = Deferred()
        command = [sys.executable, "-P", "-m", "teamgram.domain.files.image_worker"]
        paths = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
        self._process = reactor.spawnProcess(self, command[0], command, paths)

    def take(self, job: _Job) -> None:
        self.job = job
        self._wait(self._images.seconds)
        self._process.write(job.request)

    def _wait(self, seconds: float) -> None:
        self._rest()
        self._timer = self._reactor.callLater(seconds, self._too_long)

    def _rest(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _too_long(self) -> None:
        self._timer = None
        self.end()

    def end(self) -> None:
        """Kill it: it holds nothing that is not somewhere else."""
        self._rest()
        self._ending = True
        try:
            self._process.signalProcess("KILL")
        except ProcessExitedAlready:
            pass

    def outReceived(self, data: bytes) -> None:
        received = self._received
        received += data
        if len(received) < 4:
            return
        size = struct.unpack_from("<I", received)[0]
        if size > MAX_ANSWER:
            self.end()
        elif len(received) >= 4 + size:
            answer = msgspec.msgpack.decode(memoryview(received)[4:])
            self._received = bytearray()
            self._finish(answer)

    def errReceived(self, data: bytes) -> None:
        """A decoder's complaints about a picture are nobody's news."""

    def _finish(self, answer: Any) -> None:
        job, self.job = self.job, None
        self._wait(IDLE_SECONDS)
        if job is not None:
            job.end(answer)
        if not self._ending:
            self._images.freed(self, gone=False)

    def processEnded(self, reason: Failure) -> None:
        self._rest()
        job, self.job = self.job, None
        self._images.freed(self, gone=True)
        if job is not None:
            job.end({"error": "process"})
        self.ended.callback(None)
