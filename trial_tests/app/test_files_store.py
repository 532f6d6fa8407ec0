"""A server whose files lie in an S3-compatible store, which goes away and comes back."""

import json
import os
from hashlib import sha256

from twisted.internet.task import deferLater

from teamgram.mtproto.tl import NEWEST_LAYER, decode_result, encode, tl
from tools.bench.measured import resident_bytes
from trial_tests.app.operating import OperatingTestCase
from trial_tests.app.test_command_line import run
from trial_tests.blobs.s3_server import SKIP, shared_server
from trial_tests.peer.calls import CallFailed, PeerSession

KIB, MIB = 1024, 1 << 20


class FilesTestCase(OperatingTestCase):
    """Somebody sends files to themselves."""

    def where(self) -> tuple[object, ...]:
        """Which server a command is about."""
        return "--config", self.server.config, "--data-dir", self.server.data_dir

    async def send(self, session: PeerSession, data: bytes, file_id: int) -> object:
        """Where the bytes are that were sent to oneself."""
        parts = [data[at : at + 512 * KIB] for at in range(0, len(data), 512 * KIB)]
        for number, part in enumerate(parts):
            await session.call(
                tl.upload.saveBigFilePart(file_id=file_id, file_part=number, file_total_parts=len(parts), bytes=part)
            )
        file = tl.inputFileBig(id=file_id, parts=len(parts), name="a.bin")
        media = tl.inputMediaUploadedDocument(file=file, mime_type="a/b", attributes=[])
        query = tl.messages.sendMedia(peer=tl.inputPeerSelf(), media=media, message="", random_id=file_id)
        updates = await session.call(query)
        document = next(one.message.media.document for one in updates.updates if hasattr(one, "message"))
        fields = {name: getattr(document, name) for name in ("id", "access_hash", "file_reference")}
        return tl.inputDocumentFileLocation(thumb_size="", **fields)


class FilesStoreTests(FilesTestCase):
    """teamgram's own section of ``dfs.yaml``."""

    skip = SKIP or None

    def configure(self) -> None:
        """Files in the store."""
        self.store = shared_server()
        path = self.server.config / "dfs.yaml"
        path.write_text(path.read_text().replace("Storage: directory", self.store.dfs_yaml()))

    async def test_away_and_back(self) -> None:
        """What needs the store fails by an error that clients send again, everything else goes on, and it is said."""
        data = os.urandom(7 * MIB + 9)
        ada, _ = await self.sign_up_peer("Ada")
        where = await self.send(ada, data, 1)
        read = tl.upload.getFile(location=where, offset=7 * MIB, limit=MIB)
        self.assertEqual((await ada.call(read)).bytes, data[7 * MIB :])
        self.assertIn("files are kept in bucket", self.server.output)
        self.assertNotIn(self.store.secret_key, self.server.output)
        self.store.kill()
        try:
            part = tl.upload.saveFilePart(file_id=2, file_part=0, bytes=b"x")
            for query in (part, read, part):
                with self.assertRaises(CallFailed) as caught:
                    await ada.call(query)
                self.assertEqual((caught.exception.code, caught.exception.message), (500, "STORAGE_CHECK_FAILED"))
            await ada.call(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="goes on", random_id=5))
            status, text = await self.probe("/readyz")
            self.assertEqual((status, json.loads(text)["failing"]), (200, []))
            self.assertIn("files: Connect", json.loads(text)["degraded"][0])
            metrics = await self.scrape()
            self.assertEqual(metrics["files_storage_failing"], 1)
            self.assertGreaterEqual(metrics['files_refused_total{reason="away"}'], 3)
        finally:
            self.store.start()
        await self.send(ada, b"again", 2)
        code, output, _ = await run("files", "verify", *self.where())
        self.assertEqual((code, output.partition(",")[0]), (0, "2 checked"))
        self.assertEqual((await ada.call(read)).bytes, data[7 * MIB :])
        self.assertEqual(json.loads((await self.probe("/readyz"))[1])["degraded"], [])


class FileCommandsTests(FilesTestCase):
    """``teamgram files`` beside a running server."""

    async def test_usage_verify_collect(self) -> None:
        """Who has how much; each file that is damaged or gone, by name; what is nobody's."""
        ada, user = await self.sign_up_peer("Ada")
        await self.send(ada, os.urandom(2 * MIB), 1)
        await self.send(ada, b"other", 2)
        code, output, _ = await run("files", "usage", "--json", *self.where())
        told = json.loads(output)
        self.assertEqual((code, told["documents"], told["bytes"], told["uploads"]), (0, 2, 2 * MIB + 5, 0))
        mine = {"id": user.id, "name": "Ada", "files": 2, "bytes": 2 * MIB + 5}
        # The service account's picture is the other one.
        self.assertIn(mine, told["accounts"])
        self.assertIn("2.1 MB  Ada", (await run("files", "usage", *self.where()))[1])
        code, output, _ = await run("files", "verify", *self.where())
        self.assertEqual((code, output.count("\n")), (0, 2))
        self.assertIn("0 missing, 0 damaged", output)
        kept = {path.stat().st_size: path for path in (self.server.data_dir / "files" / "kept").rglob("*/*/*")}
        kept[5].unlink()
        with kept[2 * MIB].open("r+b") as file:
            file.seek(MIB)
            file.write(b"damage")
        code, output, _ = await run("files", "verify", *self.where())
        self.assertEqual(code, 1)
        self.assertRegex(output, f"missing  {kept[5].name}  of file [0-9]+\n")
        self.assertRegex(output, f"damaged  {kept[2 * MIB].name}  of file [0-9]+\n")
        code, output, _ = await run("files", "verify", "--quick", "--json", *self.where())
        self.assertEqual((code, [one["what"] for one in json.loads(output)["wrong"]]), (1, ["missing"]))
        code, output, _ = await run("files", "collect", "--json", *self.where())
        self.assertEqual((code, json.loads(output)), (0, {"files": 0, "blobs": 0, "waiting": 0}))


class SlowReaderTests(FilesTestCase):
    """Clients that ask for much and read little of it."""

    async def test_paused_and_never_cut_off(self) -> None:
        """Pieces are read from the store as the client takes them, and when it goes on at last it gets all of them."""
        data = os.urandom(4 * MIB)
        ada, _ = await self.sign_up_peer("Ada")
        where = await self.send(ada, data, 1)
        pieces = [at * MIB % len(data) for at in range(32)]
        bodies = [encode(tl.upload.getFile(location=where, offset=offset, limit=MIB)) for offset in pieces]
        slow = []
        for _ in range(4):
            connection = await self.connection()
            session = connection.open_session(ada.core.auth_key, salt=ada.core.salt)
            await session.call(tl.help.getConfig())
            slow.append(session)
        before, read = resident_bytes(self.server.pid), 'files_bytes_total{what="read"}'
        read_before = (await self.scrape())[read]
        answers = []
        for session in slow:
            session.connection.carrier.pauseProducing()
            answers.append([session.start_calls([body])[0] for body in bodies])
        await deferLater(self.reactor, 2)
        # What the kernel takes for a socket is some megabytes, and not ours to hold.
        taken = (await self.scrape())[read] - read_before
        self.assertLess(taken, len(slow) * 16 * MIB)
        await deferLater(self.reactor, 2)
        self.assertEqual((await self.scrape())[read] - read_before, taken)
        self.assertLess(resident_bytes(self.server.pid) - before, 32 * MIB)
        for session, asked in zip(slow, answers, strict=True):
            self.assertFalse(session.connection.closed)
            session.connection.carrier.resumeProducing()
            for offset, answer in zip(pieces, asked, strict=True):
                got = decode_result("upload.getFile", await answer, NEWEST_LAYER)
                self.assertEqual(sha256(got.bytes).digest(), sha256(data[offset : offset + MIB]).digest())
