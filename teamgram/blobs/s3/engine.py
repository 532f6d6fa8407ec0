"""Blobs as objects of one bucket: ``staged/…`` by chance, ``kept/…`` by SHA-256, ``new/…`` while a large one is joined.

What is joined is hashed while it is sent, so its name is known at its end: a large file becomes an object under
``new/``, which the store itself then copies to where it belongs. A name under ``kept/`` is always a whole file.
"""

import re
import secrets
from collections.abc import AsyncIterator, Sequence
from hashlib import md5, sha256
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.threads import deferToThread

from teamgram.blobs.errors import BlobError, BlobMissing
from teamgram.blobs.interface import Kept, Stored
from teamgram.blobs.s3.joining import Joining
from teamgram.blobs.s3.objects import S3Objects
from teamgram.blobs.s3.requests import S3Requests
from teamgram.blobs.s3.settings import S3Settings

JOINED_AT_ONCE = 2
READ_AHEAD = 4
"""Pieces that are on their way while others are joined."""
_MAX_PIECE = 1 << 20

_KEPT_NAME = re.compile(r"[0-9a-f]{64}")
_STAGED_NAME = re.compile(r"[0-9a-f]{32}")


class S3Blobs:
    """Implements ``Blobs`` in the bucket of ``settings``."""

    def __init__(self, settings: S3Settings, reactor: Any) -> None:
        self.requests = S3Requests(settings, reactor)
        self._objects = S3Objects(self.requests, settings.bucket)
        self._joins = DeferredSemaphore(JOINED_AT_ONCE)

    @property
    def failing(self) -> str:
        """See ``Blobs``."""
        return self.requests.failing

    async def check(self) -> None:
        try:
            if (await self.requests.ask("HEAD", tries=1)).status == 404:
                await self._objects.make_bucket()
        except BlobError:
            pass  # failing says it.

    async def stage(self, data: bytes) -> str:
        if len(data) > _MAX_PIECE:
            raise ValueError(f"a piece of {len(data)} bytes")
        name = secrets.token_hex(16)
        await self._objects.put(f"staged/{name}", data)
        return name

    async def discard(self, staged: Sequence[str]) -> None:
        await self._objects.drop([_staged(name) for name in staged])

    async def drop_staged(self, before: float) -> None:
        for prefix in ("staged/", "new/"):
            after = ""
            while page := await self._objects.listed(prefix, after):
                await self._objects.drop([prefix + one.name for one in page if one.written_at < before])
                after = page[-1].name
        await self._objects.end_uploads("new/", before)

    async def join(self, staged: Sequence[str]) -> Kept:
        keys = [_staged(name) for name in staged]
        return await self._joins.run(lambda: Deferred.fromCoroutine(self._join(keys)))

    async def _join(self, keys: list[str]) -> Kept:
        joining = Joining(self._objects)
        try:
            async for piece in self._read_ahead(keys):
                await joining.add(piece)
            return await joining.finish()
        except BaseException:
            await joining.abandon()
            raise

    async def _read_ahead(self, keys: list[str]) -> AsyncIterator[bytes]:
        coming: list[Deferred[bytes]] = []
        try:
            for number in range(len(keys)):
                while len(coming) < READ_AHEAD and number + len(coming) < len(keys):
                    key = keys[number + len(coming)]
                    coming.append(Deferred.fromCoroutine(self._objects.read(key, 0, _MAX_PIECE)))
                yield await coming.pop(0)
        finally:
            for one in coming:
                one.addErrback(lambda _: None)
                one.cancel()

    async def keep(self, data: bytes) -> Kept:
        kept = Kept(sha256(data).hexdigest(), len(data), md5(data, usedforsecurity=False).hexdigest())
        if await self._objects.size(f"kept/{kept.name}") != kept.size:
            await self._objects.put(f"kept/{kept.name}", data)
        return kept

    async def read(self, name: str, offset: int, length: int) -> bytes:
        return await self._objects.read(_kept(name), offset, length)

    async def hashes(self, name: str, offset: int, length: int, count: int) -> list[tuple[int, int, bytes]]:
        data = await self.read(name, offset, length * count)

        def digests() -> list[tuple[int, int, bytes]]:
            pieces = ((at, memoryview(data)[at : at + length]) for at in range(0, len(data), length))
            return [(offset + at, len(piece), sha256(piece).digest()) for at, piece in pieces]

        return await deferToThread(digests)

    async def stored(self, after: str, at_most: int) -> list[Stored]:
        return await self._objects.listed("kept/", after, at_most)

    async def remove(self, name: str) -> None:
        await self._objects.drop([_kept(name)])

    async def close(self) -> None:
        await self.requests.close()


def _kept(name: str) -> str:
    if _KEPT_NAME.fullmatch(name) is None:
        raise BlobMissing("no name of a blob")
    return f"kept/{name}"


def _staged(name: str) -> str:
    if _STAGED_NAME.fullmatch(name) is None:
        raise BlobMissing("no name of a piece")
    return f"staged/{name}"
