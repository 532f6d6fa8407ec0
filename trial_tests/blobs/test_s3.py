"""Blobs in a real S3-compatible server: what every engine does, and what one does whose store may be away."""

import os
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial import unittest

from teamgram.blobs import BlobMissing, BlobsAway
from teamgram.blobs.s3 import requests as s3_requests
from teamgram.blobs.s3.engine import S3Blobs
from teamgram.blobs.s3.settings import S3Settings
from tools.s3_server import BUCKET
from trial_tests.blobs.contract import BlobsContract
from trial_tests.blobs.s3_server import SKIP, shared_server

MIB = 1 << 20


class S3TestCase(unittest.TestCase):
    """One server for all, one bucket for each test."""

    skip = SKIP or None
    timeout = 60
    _buckets = 0

    def setUp(self) -> None:
        self.server = shared_server()
        S3TestCase._buckets += 1
        self.bucket = f"{BUCKET}{S3TestCase._buckets}"
        self.blobs = self.opened()

    def opened(self, **other: Any) -> S3Blobs:
        """Another engine on the same bucket."""
        from twisted.internet import reactor

        server = self.server
        settings = {
            "endpoint": f"http://{server.endpoint}",
            "bucket": self.bucket,
            "access_key_id": server.access_key,
            "secret_access_key": server.secret_key,
        }
        blobs = S3Blobs(S3Settings(**{**settings, **other}), reactor)
        self.addCleanup(lambda: Deferred.fromCoroutine(blobs.close()))
        return blobs

    def objects(self) -> list[str]:
        """Keys of all that lies in the bucket, parts of uploads with them."""
        there = self.server.directory / "objects" / self.bucket
        return sorted(str(path.relative_to(there)) for path in there.rglob("*") if path.is_file())


class S3BlobsTests(BlobsContract, S3TestCase):
    """While the server is there."""

    async def test_nothing_is_left_of_joining(self) -> None:
        """Neither the parts of an upload nor what it became before it had its name."""
        staged = [await self.blobs.stage(os.urandom(MIB)) for _ in range(12)]
        kept = await self.blobs.join(staged)
        await self.blobs.discard(staged)
        self.assertEqual(self.objects(), [f"kept/{kept.name}"])

    async def test_a_joining_that_fails(self) -> None:
        """A piece is gone in its middle: nothing is kept, and its upload is ended."""
        staged = [await self.blobs.stage(os.urandom(MIB)) for _ in range(9)]
        await self.blobs.discard(staged[-1:])
        with self.assertRaises(BlobMissing):
            await self.blobs.join(staged)
        await self.blobs.discard(staged)
        self.assertEqual(self.objects(), [])

    async def test_told_what_it_is_sent(self) -> None:
        """Bytes that changed on their way are not taken: each request is signed with their SHA-256."""
        self.patch(s3_requests, "_digest", lambda body: "0" * 64)
        with self.assertRaises(BlobsAway):
            await self.blobs.stage(b"x" * 1000)
        self.assertEqual(self.objects(), [])

    async def test_refused(self) -> None:
        """With another key nothing is stored or read, and why is said without it."""
        kept = await self.blobs.keep(b"there")
        other = self.opened(secret_access_key="another")
        for doing in (other.stage(b"x"), other.read(kept.name, 0, 10)):
            with self.assertRaises(BlobsAway):
                await doing
        self.assertIn("403", other.failing)
        self.assertNotIn("another", other.failing)


class S3AwayTests(S3TestCase):
    """While it is not."""

    async def test_away_and_back(self) -> None:
        """What is asked meanwhile fails and says so, soon the second time; after it everything is there."""
        self.patch(s3_requests, "FIRST_WAIT", 0.01)
        kept = await self.blobs.keep(b"before")
        self.server.kill()
        try:
            for doing in (self.blobs.stage(b"x"), self.blobs.read(kept.name, 0, 10), self.blobs.keep(b"y")):
                with self.assertRaises(BlobsAway):
                    await doing
            self.assertNotEqual(self.blobs.failing, "")
            # The first was tried again and again, those behind it once.
            self.assertEqual((self.blobs.requests.retries, self.blobs.requests.failures), (s3_requests.TRIES - 1, 3))
        finally:
            self.server.start()
        self.assertEqual(await self.blobs.read(kept.name, 0, 10), b"before")
        self.assertEqual(self.blobs.failing, "")

    async def test_killed_while_it_joins(self) -> None:
        """No half file is there under any name, and joined again it is whole."""
        self.patch(s3_requests, "FIRST_WAIT", 0.01)
        data = [os.urandom(MIB) for _ in range(16)]
        staged = [await self.blobs.stage(piece) for piece in data]
        ask = self.blobs.requests.ask
        asked = 0

        async def killing(method: str, *args: Any, **kwargs: Any) -> Any:
            nonlocal asked
            if method == "PUT":
                asked += 1
                if asked == 3:
                    self.server.kill()

            return await ask(method, *args, **kwargs)

        self.patch(self.blobs.requests, "ask", killing)
        try:
            with self.assertRaises(BlobsAway):
                await self.blobs.join(staged)
        finally:
            self.server.start()
        self.assertEqual([one for one in self.objects() if one.startswith("kept/")], [])
        kept = await self.blobs.join(staged)
        self.assertEqual(await self.blobs.read(kept.name, 15 * MIB, MIB), data[-1])
        await self.blobs.drop_staged(4e9)
        self.assertEqual(self.objects(), [f"kept/{kept.name}"])

    async def test_a_store_that_is_slow_or_lies(self) -> None:
        """One that never answers costs a bounded time; an answer that is too long is cut off."""
        from twisted.internet import reactor
        from twisted.internet.endpoints import TCP4ServerEndpoint
        from twisted.internet.protocol import Factory, Protocol

        answers = [b"", b"HTTP/1.1 206 Partial\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 9_999_999]

        class Store(Protocol):
            def dataReceived(self, data: bytes) -> None:
                self.transport.write(answers[-1])

        factory: Any = Factory.forProtocol(Store)
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
        self.addCleanup(port.stopListening)
        other = self.opened(endpoint=f"http://127.0.0.1:{port.getHost().port}")
        self.patch(s3_requests, "TRIES", 1)
        with self.assertRaises(BlobsAway):
            await other.read("a" * 64, 0, 1000)
        self.assertIn("BodyTooLong", other.failing)
        answers.pop()
        with self.assertRaises(BlobsAway):
            await other.requests.ask("HEAD", seconds=0.2, tries=1)
        self.assertEqual(other.failing, "no answer for 0.2 s")
