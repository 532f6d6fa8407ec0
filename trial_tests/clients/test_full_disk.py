"""A disk that is really full: a small file system of its own under the server."""

import os
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.trial import unittest

from teamgram.mtproto.tl import tl
from tools.file_faults import FileFaults, Sending
from trial_tests.peer.calls import CallFailed

MIB = 1 << 20
SIZE = 80 * MIB
KEPT_FREE = 8 * MIB


class SmallDisk(FileFaults):
    """A server on a disk of ``SIZE`` bytes, and somebody signed in."""

    def __init__(self, directory: Path) -> None:
        super().__init__(reactor, directory, "directory")
        self.disk = self._server.data_dir
        self._filler = self.disk / "filler"
        self._server.change("dfs.yaml", {"MinFreeSpace": "8MiB"})
        self.acknowledged: list[str] = []

    @property
    def free_bytes(self) -> int:
        """What is left of it."""
        room = os.statvfs(self.disk)
        return room.f_bavail * room.f_frsize

    def fill(self) -> None:
        """To the last byte."""
        with self._filler.open("wb", buffering=0) as filler:
            for piece in (MIB, 4096, 1):
                try:
                    while filler.write(b"x" * piece) == piece:
                        pass
                except OSError:
                    continue

    def make_room(self) -> None:
        """Somebody tidied up."""
        self._filler.unlink()

    async def begin(self) -> None:
        """Start, and connect."""
        await self.start()
        await self._connect()

    async def kill(self) -> None:
        """With -9, and start again."""
        await self._server.kill()
        await self._start_again()
        await self._connect()

    async def call(self, query: Any) -> Any:
        """One request, once."""
        return await self._session.call(query, within=30)

    async def write(self, text: str) -> None:
        """A message to oneself, remembered when it is acknowledged."""
        query = tl.messages.sendMessage(
            peer=tl.inputPeerSelf(), message=text, random_id=random.Random(text).getrandbits(62)
        )
        await self.call(query)
        self.acknowledged.append(text)

    async def send_file(self, name: str) -> Sending:
        """A file to oneself."""
        one = Sending(name, random.Random(name))
        await self._send(one)
        return one

    async def read_file(self, one: Sending) -> None:
        """It opens whole."""
        await self._read(await self._message(one), one)

    async def texts(self) -> Counter[str]:
        """All that one wrote to oneself, by how often it is there."""
        found: Counter[str] = Counter()
        offset = 0
        fields = dict.fromkeys(("offset_date", "add_offset", "max_id", "min_id", "hash"), 0)
        while True:
            query = tl.messages.getHistory(peer=tl.inputPeerSelf(), offset_id=offset, limit=100, **fields)
            messages = (await self._call(query)).messages
            if not messages:
                return found
            found.update(message.message for message in messages)
            offset = messages[-1].id


def mounted(disk: Path) -> bool:
    """Whether a small file system could be laid over that folder."""
    options = ["-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0


class FullDiskTests(unittest.TestCase):
    """Nobody loses what was acknowledged, and what can go on does."""

    timeout = 240

    async def setUp(self) -> None:
        directory = Path(tempfile.mkdtemp(prefix="teamgram-full-disk-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        disk = directory / "var"
        disk.mkdir()
        if not mounted(disk):
            raise unittest.SkipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(disk)], check=True)
        self.small = SmallDisk(directory)
        self.addCleanup(self.small.stop)
        await self.small.begin()

    async def test_files_are_refused_first(self) -> None:
        """Long before the database is in danger; messages go on, and files that are there are given out."""
        small = self.small
        before = await small.send_file("before")
        part = os.urandom(512 << 10)
        for number in range(SIZE // len(part)):
            query = tl.upload.saveBigFilePart(file_id=7, file_part=number, file_total_parts=1000, bytes=part)
            try:
                await small.call(query)
            except CallFailed as error:
                self.assertEqual((error.code, error.message), (400, "STORAGE_FULL"))
                break
        else:
            self.fail("more was taken than there is room for")
        # The database writes its journal meanwhile, and it is looked once for several parts.
        self.assertGreater(small.free_bytes, KEPT_FREE // 2)
        await small.write("a word")
        await small.read_file(before)
        with self.assertRaises(CallFailed):
            await small.call(query)

    async def test_not_a_byte_left(self) -> None:
        """Messages fail by an error that clients send again; once there is room they go on. None is lost or doubled."""
        small = self.small
        before = await small.send_file("before")
        for number in range(10):
            await small.write(f"before {number}")
        small.fill()
        refused = ""
        for number in range(2000):
            text = f"full {number} " + "x" * 3000
            try:
                await small.write(text)
            except CallFailed as error:
                self.assertEqual(error.code, 500)
                refused = text
                break
        self.assertTrue(refused, "everything was acknowledged on a full disk")
        await small.read_file(before)
        self.assertEqual((await small.texts())["before 1"], 1)
        small.make_room()
        await small.write(refused)
        await small.write("after")
        await small.kill()
        found = await small.texts()
        self.assertEqual({text: found[text] for text in small.acknowledged if found[text] != 1}, {})
        await small.read_file(before)
