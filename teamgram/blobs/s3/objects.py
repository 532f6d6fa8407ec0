"""Objects of one bucket: put, read by ranges, measured, listed, dropped."""

from collections.abc import Sequence

from twisted.internet.defer import Deferred, DeferredSemaphore, FirstError, gatherResults

from teamgram.blobs.errors import BlobMissing, BlobsAway
from teamgram.blobs.interface import Stored
from teamgram.blobs.s3.answers import child, elements, seconds_of, size_of
from teamgram.blobs.s3.requests import S3Requests, StoreAnswer

LISTED = 1000
"""Names in one listing; no store gives more."""
_DROPPED_AT_ONCE = 4


class S3Objects:
    """By their keys. A bucket that is not there is made when the first object comes."""

    def __init__(self, requests: S3Requests, bucket: str) -> None:
        self.requests = requests
        self.bucket = bucket

    async def make_bucket(self) -> None:
        """A bucket that somebody has made meanwhile, or somebody else's of that name, is left as it is."""
        await self.requests.ask("PUT", accepted=(409,))

    async def put(self, key: str, data: bytes) -> None:
        """Store an object whole; it is there when this returns."""
        answer = await self.requests.ask("PUT", key, body=data)
        if answer.status == 404:
            await self.make_bucket()
            answer = await self.requests.ask("PUT", key, body=data)
        if answer.status != 200:
            raise BlobsAway(f"{answer.status} {answer.code} to a new object")

    async def size(self, key: str) -> int | None:
        """Of an object; None when there is none."""
        answer = await self.requests.ask("HEAD", key)
        return size_of(answer.header("content-length")) if answer.status == 200 else None

    async def read(self, key: str, offset: int, length: int) -> bytes:
        """A range of an object, shorter behind its end.

        Raises:
            BlobMissing: there is none; the text is the last part of its key.
        """
        if length < 1:
            return b""
        headers = {"range": f"bytes={offset}-{offset + length - 1}"}
        answer = await self.requests.ask("GET", key, headers=headers, most=max(length, 1 << 16), accepted=(416,))
        if answer.status == 404:
            raise BlobMissing(key.rpartition("/")[2])
        if answer.status == 416:
            return b""
        if answer.status != 206:
            # A store without ranges sends all of it, which is for small objects only.
            return answer.body[offset : offset + length]
        if not answer.header("content-range").startswith(f"bytes {offset}-{offset + len(answer.body) - 1}/"):
            raise BlobsAway("another range than was asked for")
        return answer.body

    async def drop(self, keys: Sequence[str]) -> None:
        """Those that are gone are passed over."""
        room = DeferredSemaphore(_DROPPED_AT_ONCE)

        def drop(key: str) -> "Deferred[StoreAnswer]":
            return Deferred.fromCoroutine(self.requests.ask("DELETE", key))

        try:
            await gatherResults([room.run(drop, key) for key in keys], consumeErrors=True)
        except FirstError as error:
            error.subFailure.raiseException()

    async def listed(self, prefix: str, after: str, at_most: int = LISTED) -> list[Stored]:
        """Objects whose keys begin so, in order, behind ``after``; their names are without the prefix."""
        query = {"list-type": "2", "prefix": prefix, "max-keys": str(min(at_most, LISTED))}
        if after:
            query["start-after"] = prefix + after
        answer = await self.requests.ask("GET", query=query)
        if answer.status == 404:
            return []
        return [
            Stored(
                child(one, "Key").removeprefix(prefix),
                size_of(child(one, "Size")),
                seconds_of(child(one, "LastModified")),
            )
            for one in elements(answer.body, "Contents")
        ]

    async def end_uploads(self, prefix: str, before: float) -> None:
        """Drop the parts of uploads that began before then (unix seconds) and never ended."""
        answer = await self.requests.ask("GET", query={"uploads": "", "prefix": prefix})
        for one in elements(answer.body, "Upload") if answer.status == 200 else ():
            if seconds_of(child(one, "Initiated")) < before:
                await self.requests.ask("DELETE", child(one, "Key"), {"uploadId": child(one, "UploadId")})
