"""One file made of pieces while they are read: in memory is one part of it, whatever its size."""

import secrets
from hashlib import md5, sha256
from xml.etree import ElementTree

from twisted.internet.threads import deferToThread

from teamgram.blobs.errors import BlobError, BlobsAway
from teamgram.blobs.interface import Kept
from teamgram.blobs.s3.answers import text_of
from teamgram.blobs.s3.objects import S3Objects

PART = 5 << 20
"""The smallest part of an upload that is not its last (Amazon S3 User Guide, "multipart upload limits")."""
COPY_SECONDS = 600.0
"""That the store may take to put parts together, or to copy the largest file."""


class Joining:
    """``add`` the pieces in order, then ``finish``, or ``abandon``."""

    def __init__(self, objects: S3Objects) -> None:
        self._objects = objects
        self._waiting = bytearray()
        self._strong, self._weak = sha256(), md5(usedforsecurity=False)
        self._size = 0
        self._key = f"new/{secrets.token_hex(16)}"
        self._upload = ""
        self._etags: list[str] = []

    async def add(self, piece: bytes) -> None:
        """The next piece."""
        self._size += len(piece)
        self._waiting += piece
        while len(self._waiting) > PART:
            part = bytes(memoryview(self._waiting)[:PART])
            del self._waiting[:PART]
            await deferToThread(self._count, part)
            await self._send(part)

    async def finish(self) -> Kept:
        """Everything is there: keep it under its SHA-256."""
        last = bytes(self._waiting)
        self._waiting.clear()
        await deferToThread(self._count, last)
        kept = Kept(self._strong.hexdigest(), self._size, self._weak.hexdigest())
        place = f"kept/{kept.name}"
        if await self._objects.size(place) == kept.size:
            await self.abandon()
        elif not self._upload:
            await self._objects.put(place, last)
        else:
            await self._send(last)
            await self._complete()
            await self._copy(place, kept.size)
        return kept

    async def abandon(self) -> None:
        """Leave nothing of it, as far as the store can be asked; the rest goes with what is too old."""
        if self._upload:
            upload, self._upload = self._upload, ""
            try:
                await self._objects.requests.ask("DELETE", self._key, {"uploadId": upload}, tries=1)
            except BlobError:
                pass

    def _count(self, some: bytes) -> None:
        self._strong.update(some)
        self._weak.update(some)

    async def _send(self, part: bytes) -> None:
        requests = self._objects.requests
        if not self._upload:
            begun = await requests.ask("POST", self._key, {"uploads": ""})
            self._upload = text_of(begun.body, "UploadId")
            if not self._upload:
                raise BlobsAway(f"{begun.status} {begun.code} to the beginning of an upload")
        query = {"partNumber": str(len(self._etags) + 1), "uploadId": self._upload}
        answer = await requests.ask("PUT", self._key, query, body=part)
        if answer.status != 200:
            raise BlobsAway(f"{answer.status} {answer.code} to a part")
        self._etags.append(answer.header("etag"))

    async def _complete(self) -> None:
        whole = ElementTree.Element("CompleteMultipartUpload")
        for number, etag in enumerate(self._etags, 1):
            part = ElementTree.SubElement(whole, "Part")
            ElementTree.SubElement(part, "PartNumber").text = str(number)
            ElementTree.SubElement(part, "ETag").text = etag
        body: bytes = ElementTree.tostring(whole)
        answer = await self._objects.requests.ask(
            "POST", self._key, {"uploadId": self._upload}, body=body, seconds=COPY_SECONDS
        )
        # 404: an answer was lost, and asked again the upload is none any more. What there is is measured next.
        if answer.status not in (200, 404):
            raise BlobsAway(f"{answer.status} {answer.code} to the end of an upload")
        self._upload = ""

    async def _copy(self, place: str, size: int) -> None:
        objects = self._objects
        source = {"x-amz-copy-source": f"/{objects.bucket}/{self._key}"}
        answer = await objects.requests.ask("PUT", place, headers=source, seconds=COPY_SECONDS)
        there = await objects.size(place)
        if answer.status != 200 or there != size:
            raise BlobsAway(f"{answer.status} {answer.code} to a copy, of which {there} bytes of {size} are there")
        await objects.drop([self._key])
