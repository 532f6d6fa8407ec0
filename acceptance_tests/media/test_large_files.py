"""Files about 10 MiB, of 100 MB with each library, and one of 1.5 GB: up, and down again, byte for byte."""

import os
import unittest
from hashlib import sha256
from pathlib import Path

from tools.bench.measured import resident_bytes
from trial_tests.blobs.s3_server import SKIP, shared_server
from trial_tests.clients.house import have
from trial_tests.clients.process import ClientProcess
from trial_tests.clients.test_files import FilesTestCase

MIB = 1 << 20
LARGE, HUGE = 100_000_000, 1_500_000_000
PATIENCE = 1500.0
"""Seconds; a library of plain Python takes a minute for 100 MB."""
MEMORY = 64 << 20
"""That the server may need more while one file moves."""


def digest(path: Path) -> str:
    """SHA-256 of a file that may not fit into memory."""
    strong = sha256()
    with path.open("rb") as file:
        while some := file.read(MIB):
            strong.update(some)
    return strong.hexdigest()


class LargeFilesTestCase(FilesTestCase):
    """A server, and noise to send."""

    timeout = 4 * PATIENCE

    def file(self, name: str, size: int) -> Path:
        """Noise that is a piece again and again, each time with its place in it."""
        path, piece = self.directory / name, os.urandom(MIB - 8)
        with path.open("wb") as file:
            for start in range(0, size, MIB):
                file.write((start.to_bytes(8) + piece)[: size - start])
        return path

    async def there_and_back(self, one: ClientProcess, other: ClientProcess, *sizes: int) -> None:
        """Sent by each of them, downloaded by the other."""
        await self.acquaint(one, other)
        for sender, receiver in ((one, other), (other, one)):
            for size in sizes:
                sent = self.file("sent.bin", size)
                got = self.directory / "got.bin"
                peer = ["user", receiver.user["id"]]
                await sender.do("send_file", peer=peer, path=str(sent), timeout=PATIENCE)
                back = ["user", sender.user["id"]]
                newest = await self.newest(receiver, back)
                await receiver.do("download", peer=back, id=newest, path=str(got), timeout=PATIENCE)
                self.assertEqual((got.stat().st_size, digest(got)), (size, digest(sent)))
                got.unlink()

    async def with_library(self, library: str, transport: str = "") -> None:
        """It and Telethon."""
        one, other = await self.sign_up(library, "Lib", transport), await self.sign_up("telethon", "Thon")
        await self.there_and_back(one, other, 10 * MIB - 1, 10 * MIB + 1, LARGE)


class LibrariesTests(LargeFilesTestCase):
    """100 MB with each, on the directory."""

    one_server = True

    async def test_telethon(self) -> None:
        """With itself."""
        await self.with_library("telethon")

    async def test_telethon_old(self) -> None:
        """1.36, of layer 181."""
        await self.with_library("telethon-old")

    async def test_kurigram(self) -> None:
        """Plain Python."""
        await self.with_library("kurigram")

    async def test_pyrogram(self) -> None:
        """2.0.106, of layer 158."""
        await self.with_library("pyrogram")

    async def test_gramjs(self) -> None:
        """JavaScript."""
        await self.with_library("gramjs")

    async def test_mtcute(self) -> None:
        """TypeScript, with connections of their own for media."""
        await self.with_library("mtcute")

    @unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
    async def test_tdlib(self) -> None:
        """What most apps are made of."""
        await self.with_library("tdlib")


class HugeFileTests(LargeFilesTestCase):
    """1.5 GB, in more parts than the smallest bound of a client."""

    async def huge(self) -> None:
        """Sent by Telethon to itself and downloaded; the server holds none of it."""
        ada = await self.sign_up("telethon", "Ada")
        sent, got = self.file("huge.bin", HUGE), self.directory / "got.bin"
        before = resident_bytes(self.server.pid)
        await ada.do("send_file", peer=["self", 0], path=str(sent), timeout=PATIENCE)
        newest = await self.newest(ada, ["self", 0])
        await ada.do("download", peer=["self", 0], id=newest, path=str(got), timeout=PATIENCE)
        self.assertLess(resident_bytes(self.server.pid) - before, MEMORY)
        self.assertEqual((got.stat().st_size, digest(got)), (HUGE, digest(sent)))

    async def test_in_the_directory(self) -> None:
        """Joined from 2,862 parts."""
        await self.huge()


class HugeFileOnS3Tests(HugeFileTests):
    """The same in an S3-compatible server."""

    skip = SKIP or None

    def configure(self) -> None:
        """Files in the store."""
        path = self.server.config / "dfs.yaml"
        path.write_text(path.read_text().replace("Storage: directory", shared_server().dfs_yaml()))
