"""What files cost: the server's CPU for a megabyte, its memory while they move, and what others notice of it."""

import io
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread

from PIL import Image

from teamgram.mtproto.envelope import AuthKey, encrypt
from teamgram.mtproto.tl import encode, tl
from tools.bench.crowd import Spec
from tools.bench.latency import NICENESS, SECONDS, Latency, at, milli
from tools.bench.load import Pump, sealed
from tools.bench.measured import cpu_seconds, resident_bytes
from tools.bench.messenger import IN_FLIGHT, RPC_RESULT, Bench, Figures, results
from trial_tests.clients.server import RunningServer
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.session import Received

KIB, MIB = 1024, 1 << 20
PART = 512 * KIB
CONNECTIONS = 4
PARTS = 32
"""For each connection, in one figure."""
DOWNLOADED = 16 * MIB
CLIENTS = 8
MOVED = 1000
"""MB up, and as many down, of all clients together."""
SENT = 400
ROUNDS = 3
DOWNLOADING, UPLOADING = 4, 2
STORED = 100_000


def answers(messages: Sequence[Received]) -> int:
    """How many of these are results, errors among them."""
    return sum(message.constructor_id == RPC_RESULT for message in messages)


class LazyFrames:
    """Frames that are encrypted when they are sent: there are too many to hold."""

    def __init__(self, session: PeerSession, bodies: Sequence[Callable[[], bytes]]) -> None:
        self._session = session
        self._bodies = bodies

    def __len__(self) -> int:
        return len(self._bodies)

    def __iter__(self) -> Any:
        return (sealed(self._session, [body()])[0] for body in self._bodies)


class FileBench:
    """Figures of one running server."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._reactor = bench.reactor
        self._server = bench.server
        self._file_id = 0

    def figures(self) -> dict[str, Callable[[], Awaitable[Figures]]]:
        """Name -> what measures it."""
        return {
            "files up": self.up,
            "files down": self.down,
            "files memory": self.memory,
            "files sendMedia": self.send_media,
            "files beside": self.beside,
            "files photo": self.photo,
            "files start": self.first_start,
        }

    def _part(self, number: int = 0, data: bytes = b"") -> bytes:
        self._file_id += 1
        return encode(tl.upload.saveFilePart(file_id=self._file_id, file_part=number, bytes=data or self._noise))

    _noise = os.urandom(PART)

    async def _pumped(self, pumps: Sequence[Pump]) -> float:
        before = cpu_seconds(self._server.pid)
        for pump in pumps:
            pump.start()
        await gatherResults([pump.done for pump in pumps])
        return cpu_seconds(self._server.pid) - before

    async def _devices(self, number: int) -> list[PeerSession]:
        return [(await self._bench.user())[0] for _ in range(number)]

    async def up(self) -> Figures:
        """Parts that are taken, and the same ones refused when they are decrypted and decoded, in turns."""
        sessions = await self._devices(CONNECTIONS)
        megabytes = CONNECTIONS * PARTS * PART / 1e6
        taken: list[float] = []
        refused: list[float] = []
        for _ in range(ROUNDS):
            for number, costs in ((0, taken), (-1, refused)):
                pumps = [
                    Pump(session, sealed(session, [self._part(number) for _ in range(PARTS)]), 2, answers)
                    for session in sessions
                ]
                costs.append(await self._pumped(pumps) / megabytes)
        for session in sessions:
            await session.connection.close()
        best, least = min(taken), min(refused)
        return {
            "a MB in parts of 512 KiB, taken": _milli(best),
            "the same, decrypted and refused": _milli(least),
            "one by the other (at most 1.4)": f"{best / least:.2f}",
        }

    async def _document(self, session: PeerSession, size: int) -> Any:
        """Location of a document that a user sent to themselves."""
        self._file_id += 1
        parts = -(-size // PART)
        for number in range(parts):
            data = self._noise[: min(PART, size - number * PART)]
            await session.call(
                tl.upload.saveBigFilePart(file_id=self._file_id, file_part=number, file_total_parts=parts, bytes=data)
            )
        media = tl.inputMediaUploadedDocument(
            file=tl.inputFileBig(id=self._file_id, parts=parts, name="a"), mime_type="a/b", attributes=[]
        )
        updates = await session.call(
            tl.messages.sendMedia(peer=tl.inputPeerSelf(), media=media, message="", random_id=self._file_id)
        )
        document = next(one.message.media.document for one in updates.updates if hasattr(one, "message"))
        fields = {name: getattr(document, name) for name in ("id", "access_hash", "file_reference")}
        return tl.inputDocumentFileLocation(thumb_size="", **fields)

    def _reads(self, where: Any, number: int, size: int = DOWNLOADED) -> list[bytes]:
        return [encode(tl.upload.getFile(location=where, offset=at * MIB % size, limit=MIB)) for at in range(number)]

    async def down(self) -> Figures:
        """Pieces of a MiB over four connections, and as many encrypted here with nothing else done."""
        sessions = await self._devices(CONNECTIONS)
        places = [await self._document(session, DOWNLOADED) for session in sessions]
        number = 2 * DOWNLOADED // MIB
        given: list[float] = []
        alone: list[float] = []
        key = AuthKey(os.urandom(256))
        payload = os.urandom(MIB + 64)
        for _ in range(ROUNDS):
            pumps = [
                Pump(session, sealed(session, self._reads(where, number)), 2, results)
                for session, where in zip(sessions, places, strict=True)
            ]
            given.append(await self._pumped(pumps) / (number * CONNECTIONS * MIB / 1e6))
            began = time.process_time()
            for _ in range(number):
                encrypt(key, 1, 2, payload)
            alone.append((time.process_time() - began) / (number * MIB / 1e6))
        for session in sessions:
            await session.connection.close()
        best, least = min(given), min(alone)
        return {
            "a MB out in pieces of a MiB": _milli(best),
            "the same, encrypted and nothing else": _milli(least),
            "one by the other, out (at most 1.3)": f"{best / least:.2f}",
        }

    async def memory(self) -> Figures:
        """Eight clients that upload and download at the same time, as fast as they can."""
        sessions = await self._devices(2 * CLIENTS)
        places = [await self._document(session, DOWNLOADED) for session in sessions[CLIENTS:]]
        before = peak = resident_bytes(self._server.pid)

        def look() -> None:
            nonlocal peak
            peak = max(peak, resident_bytes(self._server.pid))

        looking = LoopingCall(look)
        looking.start(0.1)
        parts = MOVED * 1_000_000 // CLIENTS // PART
        reads = MOVED * 1_000_000 // CLIENTS // MIB
        began = time.monotonic()
        pumps = [
            Pump(session, LazyFrames(session, [self._part] * parts), 2, results)  # type: ignore[arg-type]
            for session in sessions[:CLIENTS]
        ]
        pumps += [
            Pump(session, sealed(session, self._reads(where, reads)), 2, results)
            for session, where in zip(sessions[CLIENTS:], places, strict=True)
        ]
        await self._pumped(pumps)
        looking.stop()
        for session in sessions:
            await session.connection.close()
        return {
            f"memory more, {CLIENTS} clients move {MOVED} MB each way (at most 64)": f"{(peak - before) / 1e6:.0f} MB",
            "that took": f"{time.monotonic() - began:.0f} s",
        }

    async def beside(self) -> Figures:
        """A quiet key alone, and beside four full-speed downloads and two uploads."""
        latency = Latency(self._bench)
        quiet = await latency.keys(4)
        alone, _ = await latency.taken(await latency.crowd(latency.probe(quiet)))
        crowds = []
        for number in range(DOWNLOADING + UPLOADING):
            session, _ = await self._bench.user()
            if number < DOWNLOADING:
                where = await self._document(session, DOWNLOADED)
                body = encode(tl.upload.getFile(location=where, offset=0, limit=MIB))
            else:
                body = self._part()
            key = session.core.auth_key.auth_key.hex(), session.core.salt
            await session.connection.close()
            crowds.append(
                await latency.crowd(
                    Spec(self._server.port, "closed", [key], body.hex(), 250, seconds=SECONDS, niceness=NICENESS)
                )
            )
        probe = await latency.crowd(latency.probe(quiet))
        moving = [Deferred.fromCoroutine(crowd.run()) for crowd in crowds]
        busy, _ = await latency.taken(probe)
        moved = sum(figures["answered"] for figures in await gatherResults(moving))
        return {
            "updates.getState of a quiet key, alone: p99": milli(alone, 0.99),
            f"the same beside {DOWNLOADING} downloads and {UPLOADING} uploads: p99": milli(busy, 0.99),
            "one by the other, beside (at most 2)": f"{at(busy, 0.99) / at(alone, 0.99):.1f}",
            "pieces moved meanwhile": str(moved),
        }

    async def photo(self) -> Figures:
        """A quiet key alone, and while photos of twelve megapixels are made smaller one after another."""
        latency = Latency(self._bench)
        quiet = await latency.keys(4)
        session, _ = await self._bench.user()
        jpeg = picture()
        parts = [jpeg[start : start + PART] for start in range(0, len(jpeg), PART)]

        async def send() -> float:
            self._file_id += 1
            for number, part in enumerate(parts):
                await session.call(
                    tl.upload.saveFilePart(file_id=self._file_id, file_part=number, bytes=part), within=60
                )
            media = tl.inputMediaUploadedPhoto(
                file=tl.inputFile(id=self._file_id, parts=len(parts), name="a.jpg", md5_checksum="")
            )
            began = time.monotonic()
            query = tl.messages.sendMedia(
                peer=tl.inputPeerSelf(), media=media, message="", random_id=int.from_bytes(os.urandom(7))
            )
            await session.call(query, within=60)
            return time.monotonic() - began

        took = [await send()]
        alone, _ = await latency.taken(await latency.crowd(latency.probe(quiet)))
        probe = await latency.crowd(latency.probe(quiet))
        probing = Deferred.fromCoroutine(latency.taken(probe))
        while not probing.called:
            took.append(await send())
        busy, _ = await probing
        await session.connection.close()
        return {
            f"a photo of 12 megapixels ({len(jpeg) / 1e6:.1f} MB) to all sizes": f"{min(took):.2f} s",
            "updates.getState of a quiet key, without: p99": milli(alone, 0.99),
            f"the same while {len(took) - 1} of them are made: p99": milli(busy, 0.99),
            "one by the other, photos (at most 1.5)": f"{at(busy, 0.99) / at(alone, 0.99):.1f}",
        }

    async def first_start(self) -> Figures:
        """Starts of servers with nothing in their store, and with 100,000 files."""
        directory = Path(tempfile.mkdtemp(prefix="teamgram-bench-store-"))
        server = RunningServer(self._reactor, directory)
        took: dict[int, list[float]] = {0: [], STORED: []}
        try:
            await self._timed(server)
            for number, starts in took.items():
                if number:
                    await deferToThread(fill, server.data_dir, number)
                for _ in range(ROUNDS):
                    starts.append(await self._timed(server))
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        return {
            f"a start with {number:,} files in the store": f"{min(starts):.2f} s" for number, starts in took.items()
        }

    async def _timed(self, server: RunningServer) -> float:
        began = time.monotonic()
        await server.start()
        ready = time.monotonic() - began
        await server.terminate()
        return ready

    def _send(self, peer: Any, file_id: int) -> bytes:
        return encode(
            tl.messages.sendMedia(
                peer=peer,
                media=tl.inputMediaUploadedDocument(
                    file=tl.inputFile(id=file_id, parts=1, name="a", md5_checksum=""),
                    mime_type="a/b",
                    attributes=[tl.documentAttributeFilename(file_name="a.bin")],
                ),
                message="a message of usual length",
                random_id=int.from_bytes(os.urandom(7)),
            )
        )

    async def send_media(self) -> Figures:
        """An uploaded document, and a text, to somebody who is online; in turns."""
        sender, _ = await self._bench.user()
        receiver, user = await self._bench.user()
        peer = tl.inputPeerUser(user_id=user.id, access_hash=user.access_hash)
        receiver.take = lambda messages: receiver.core.to_ack.clear()  # type: ignore[method-assign]
        joined: list[float] = []
        media: list[float] = []
        text: list[float] = []
        for _ in range(ROUNDS):
            first = self._file_id
            parts = [self._part(0, os.urandom(1000)) for _ in range(SENT)]
            await self._pumped([Pump(sender, sealed(sender, parts), IN_FLIGHT, results)])
            # Each twice: the first time the bytes are put together, the second time they are a file already.
            for costs in (joined, media):
                documents = [self._send(peer, first + number) for number in range(1, SENT + 1)]
                costs.append(await self._pumped([Pump(sender, sealed(sender, documents), IN_FLIGHT, results)]) / SENT)
            texts = [
                encode(
                    tl.messages.sendMessage(
                        peer=peer, message="a message of usual length", random_id=int.from_bytes(os.urandom(7))
                    )
                )
                for _ in range(SENT)
            ]
            text.append(await self._pumped([Pump(sender, sealed(sender, texts), IN_FLIGHT, results)]) / SENT)
        for session in (sender, receiver):
            await session.connection.close()
        return {
            "messages.sendMedia of 1 kB just uploaded": f"{min(joined) * 1e6:.0f} µs",
            "messages.sendMedia besides the bytes": f"{min(media) * 1e6:.0f} µs",
            "messages.sendMessage beside it": f"{min(text) * 1e6:.0f} µs",
            "one by the other, sent (at most 1.5)": f"{min(media) / min(text):.2f}",
        }


def picture(w: int = 4000, h: int = 3000) -> bytes:
    """A JPEG of twelve megapixels with something to see in it."""
    written = io.BytesIO()
    Image.effect_noise((w // 8, h // 8), 80).resize((w, h)).convert("RGB").save(written, "JPEG", quality=90)
    return written.getvalue()


def fill(data_dir: Path, number: int) -> None:
    """So many files of one byte each, with their rows."""
    kept = data_dir / "files" / "kept"
    connection = sqlite3.connect(data_dir / "teamgram.db")
    with closing(connection), connection:
        for start in range(1, number + 1):
            name = sha256(start.to_bytes(8)).hexdigest()
            folder = kept / name[:2] / name[2:4]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"x")
            details = json.dumps(
                {"id": start, "access_hash": 1, "date": 1, "mime_type": "a/b", "size": 1, "blob": name}
            )
            connection.execute("INSERT INTO documents VALUES (?, 1, 1, 1, ?, ?)", (start, name, details))
            connection.execute("INSERT INTO file_blobs VALUES (?, ?)", (name, start))


def _milli(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"
