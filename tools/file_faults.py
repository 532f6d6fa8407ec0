"""Files when the server, or the store that they lie in, is killed: ``python -m tools.file_faults --rounds 200``.

In each round somebody uploads, sends and reads files, and at a moment that the seed chooses what the round is about is
killed with -9. When it is there again every message that was acknowledged opens whole, none is there twice, no file
that can be read differs from what was sent, and the upload that was interrupted goes on where it was.

Kinds: ``directory`` and ``s3`` (the server is killed, with files in its directory or in an S3-compatible server),
``store`` (the S3 server is killed, and comes back a moment later: requests fail by errors that are sent again).
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater, react
from twisted.python.failure import Failure

from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.tl import tl
from tools.s3_server import S3Server, program
from trial_tests.clients.server import RunningServer
from trial_tests.peer.calls import CallFailed, PeerSession
from trial_tests.peer.connection import connect

KINDS = ("directory", "s3", "store")
SEED = 1
FILES = 5
"""That somebody tries to send in a round."""
READ = 256 << 10
AGAIN_AFTER = 0.1
"""Seconds until a request that failed by a 500 is sent again; so many times."""
TIMES = 100


class NotWhole(AssertionError):
    """What was acknowledged is not there, or not what was sent."""


class Sending:
    """A file on its way: ``part`` is the next to go, ``id`` the message's when it was acknowledged."""

    def __init__(self, name: str, chance: random.Random) -> None:
        self.name = name
        self.data = random.Random(name).randbytes(chance.choice((1, 900, 70_000, 300_000, 700_000)))
        self.part_size = chance.choice((64 << 10, 128 << 10, 512 << 10))
        self.file_id, self.random_id = chance.getrandbits(62), chance.getrandbits(62)
        self.part = 0
        self.id = 0

    @property
    def parts(self) -> int:
        """How many it has."""
        return -(-len(self.data) // self.part_size)

    def query(self) -> Any:
        """The next request of it."""
        if self.part < self.parts:
            piece = self.data[self.part * self.part_size : (self.part + 1) * self.part_size]
            return tl.upload.saveBigFilePart(
                file_id=self.file_id, file_part=self.part, file_total_parts=self.parts, bytes=piece
            )
        return tl.messages.sendMedia(
            peer=tl.inputPeerSelf(),
            media=tl.inputMediaUploadedDocument(
                file=tl.inputFileBig(id=self.file_id, parts=self.parts, name=self.name),
                mime_type="application/octet-stream",
                attributes=[tl.documentAttributeFilename(file_name=self.name)],
            ),
            message="",
            random_id=self.random_id,
        )


class FileFaults:
    """Rounds of one kind; ``counts`` says what they were made of."""

    def __init__(self, reactor: Any, directory: Path, kind: str, seed: int = SEED) -> None:
        self._reactor = reactor
        self._kind = kind
        self._seed = seed
        self._server = RunningServer(reactor, directory)
        self._store = S3Server() if kind != "directory" else None
        self._session: PeerSession
        self._key: Any = None
        self._took = 1.0
        self._sent: dict[str, Sending] = {}
        self.counts: Counter[str] = Counter()

    async def start(self) -> None:
        """The server, its store, and somebody signed in."""
        if self._store is not None:
            self._store.start()
            path = self._server.config / "dfs.yaml"
            path.write_text(path.read_text().replace("Storage: directory", self._store.dfs_yaml()))
        await self._server.start()
        connection = await connect("127.0.0.1", self._server.port, reactor=self._reactor)
        made = await connection.make_auth_key(RsaPublicKey.from_pem(self._server.public_key.encode()))
        assert made.auth_key is not None
        session = connection.open_session(made.auth_key, salt=made.first_salt)
        self._key = made.auth_key, made.first_salt
        phone = "15551000009"
        code = (
            await session.call(tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="", settings=tl.codeSettings()))
        ).phone_code_hash
        await session.call(tl.auth.signIn(phone_number=phone, phone_code_hash=code, phone_code="12345"))
        await session.call(tl.auth.signUp(phone_number=phone, phone_code_hash=code, first_name="Ada", last_name=""))
        await connection.close()

    async def stop(self) -> None:
        """End everything."""
        await self._server.terminate()
        if self._store is not None:
            self._store.close()

    async def run(self, rounds: int) -> None:
        """So many rounds, then a look at all that was ever acknowledged.

        Raises:
            NotWhole: see there.
        """
        await self._connect()
        began = time.monotonic()
        await self._work([Sending(f"first-{index}", random.Random(index)) for index in range(FILES)], random.Random(1))
        self._took = time.monotonic() - began
        for number in range(rounds):
            try:
                await self._round(number)
            except Exception as error:
                raise NotWhole(f"{self._kind}, seed {self._seed}, round {number}: {error!r}") from error
            self.counts["rounds"] += 1
            if number % 10 == 9 and rounds > 10:
                print(f"{self._kind:<10} {number + 1} of {rounds} rounds", file=sys.stderr, flush=True)
        await self._connect()
        await self._look(self._sent, len(self._sent) + 10)

    async def _connect(self) -> None:
        connection = await connect("127.0.0.1", self._server.port, reactor=self._reactor)
        self._session = connection.open_session(self._key[0], salt=self._key[1])

    # A round

    async def _round(self, number: int) -> None:
        chance = random.Random(f"{self._seed} {self._kind} {number}")
        await self._connect()
        files = [Sending(f"{self._kind}-{number}-{index}", chance) for index in range(FILES)]
        # All moments of the work, and a little of what follows it.
        moment = chance.uniform(0, self._took * 1.1)
        working = Deferred.fromCoroutine(self._work(files, chance))
        if self._kind == "store":
            await self._without_store(moment, chance)
            await working
        else:
            await deferLater(self._reactor, moment)
            done = working.called
            working.addErrback(_cut_short)
            await self._server.kill()
            working.cancel()
            self.counts["killed in the middle"] += not done
            await self._start_again()
            await self._connect()
            # Acknowledged ones first, before anything is sent again.
            await self._look({one.name: one for one in files if one.id}, FILES)
            for one in files:
                await self._send(one)
        self._sent |= {one.name: one for one in files}
        await self._look({one.name: one for one in files}, FILES)
        await self._session.connection.close()

    async def _start_again(self) -> None:
        for _ in range(TIMES):
            try:
                return await self._server.start()
            except RuntimeError as error:
                # Another program of this machine has the port for a moment.
                if "Address already in use" not in str(error):
                    raise
                await deferLater(self._reactor, 1)

    async def _without_store(self, moment: float, chance: random.Random) -> None:
        assert self._store is not None
        await deferLater(self._reactor, moment)
        self._store.kill()
        await deferLater(self._reactor, chance.uniform(0, 0.5))
        self._store.start()

    async def _work(self, files: list[Sending], chance: random.Random) -> None:
        for one in files:
            await self._send(one)
            if chance.random() < 0.5:
                known = chance.choice([*self._sent.values(), one])
                await self._read(await self._message(known), known)

    async def _send(self, one: Sending) -> None:
        while not one.id:
            try:
                answer = await self._call(one.query())
            except CallFailed as error:
                part = error.message.removeprefix("FILE_PART_").removesuffix("_MISSING")
                if not part.isdigit():
                    raise
                # Its acknowledgement was lost, or it went with an upload that was begun anew.
                one.part = int(part)
                self.counts["parts sent again"] += 1
                continue
            if one.part < one.parts:
                one.part += 1
            else:
                one.id = next(update.message.id for update in answer.updates if hasattr(update, "message"))
                self.counts["sent"] += 1

    async def _call(self, query: Any) -> Any:
        for _ in range(TIMES):
            try:
                return await self._session.call(query, within=30)
            except CallFailed as error:
                if error.code != 500:
                    raise
                self.counts["failed and sent again"] += 1
                await deferLater(self._reactor, AGAIN_AFTER)
        raise NotWhole("fails again and again")

    # What is there

    async def _message(self, one: Sending) -> Any:
        got = await self._call(tl.messages.getMessages(id=[tl.inputMessageID(id=one.id)]))
        return got.messages[0]

    async def _read(self, message: Any, one: Sending) -> None:
        document = message.media.document
        fields = {name: getattr(document, name) for name in ("id", "access_hash", "file_reference")}
        where = tl.inputDocumentFileLocation(thumb_size="", **fields)
        data = b""
        while len(data) < document.size:
            piece = await self._call(tl.upload.getFile(location=where, offset=len(data), limit=READ))
            data += piece.bytes
            if len(piece.bytes) < READ:
                break
        if data != one.data:
            raise NotWhole(f"{one.name}: {len(data)} bytes of {len(one.data)}, {data == one.data[: len(data)]}")
        self.counts["read"] += 1

    async def _look(self, wanted: dict[str, Sending], at_most: int) -> None:
        """Everything that is wanted is there once, and whatever is there of it is whole."""
        found: Counter[str] = Counter()
        offset = 0
        while True:
            fields = dict.fromkeys(("offset_date", "add_offset", "max_id", "min_id", "hash"), 0)
            query = tl.messages.getHistory(peer=tl.inputPeerSelf(), offset_id=offset, limit=min(100, at_most), **fields)
            messages = (await self._call(query)).messages
            for message in messages:
                name = message.media.document.attributes[0].file_name
                if name in wanted:
                    found[name] += 1
                    await self._read(message, wanted[name])
            at_most -= len(messages)
            if not messages or at_most <= 0:
                break
            offset = messages[-1].id
        if missing := {name: found[name] for name in wanted if found[name] != 1}:
            raise NotWhole(f"times that they are there: {missing}")


def _cut_short(failure: Failure) -> None:
    if not isinstance(failure.value, CancelledError):
        failure.raiseException()


async def try_all(reactor: Any, kinds: list[str], rounds: int, seed: int) -> None:
    """Print what each kind came to.

    Raises:
        NotWhole: see ``FileFaults.run``.
    """
    for kind in kinds:
        if kind != "directory" and program() is None:
            print(f"{kind:<10} not tried: no S3 server (sh tools/setup_s3.sh)", flush=True)
            continue
        directory = Path(tempfile.mkdtemp(prefix="teamgram-file-faults-"))
        faults = FileFaults(reactor, directory, kind, seed)
        try:
            await faults.start()
            await faults.run(rounds)
        finally:
            await faults.stop()
            shutil.rmtree(directory, ignore_errors=True)
        print(f"{kind:<10} " + ", ".join(f"{number} {what}" for what, number in faults.counts.items()), flush=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("kinds", nargs="*", default=[], metavar="KIND", help=", ".join(KINDS))
    options = parser.parse_args()
    kinds = options.kinds or list(KINDS)
    react(lambda reactor: Deferred.fromCoroutine(try_all(reactor, kinds, options.rounds, options.seed)))


if __name__ == "__main__":
    main()
