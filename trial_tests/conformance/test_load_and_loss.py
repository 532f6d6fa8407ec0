"""Who sends too fast, who does not read, who stays away: the server's bounds, and what clients find afterwards."""

import os
import struct
import time
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import gatherResults

from teamgram.mtproto.container import pack_gzip
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.house import ConformanceCase, SharedServer
from trial_tests.conformance.test_transports import Raw
from trial_tests.conformance.watching import history
from trial_tests.peer.calls import CallFailed, PeerSession

PING = encode(tl.ping(ping_id=7))


class BackpressureTests(ConformanceCase):
    def resident(self) -> int:
        """Of the server, in bytes."""
        pid = self.server.pid
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    async def test_faster_than_requests_finish(self) -> None:
        """Two thousand requests in a row: slowed, not refused; each is answered once."""
        session, _ = await self.user()
        messages = [session.core.message(encode(history(tl.inputPeerSelf()))) for _ in range(2000)]
        answers = [session.expect(message) for message in messages]
        framing = session.connection.framing
        session.connection.write(b"".join(framing.encode(session.core.seal(one).frame) for one in messages))
        await gatherResults([answer.addTimeout(25, self._reactor()) for answer in answers])

    async def test_client_that_does_not_read(self) -> None:
        """Its memory is bounded, nothing is lost: getDifference has every message once."""
        session, user = await self.user()
        friend, _ = await self.user()
        state = await session.call(tl.updates.getState())
        session.connection.carrier.pauseProducing()
        before = self.resident()
        text = "x" * 4000
        for number in range(300):
            await self.say(friend, user, f"{number} {text}")
        self.assertLess(self.resident() - before, 64 << 20)
        await session.connection.close()
        session.attach(await self.connect())
        found: list[str] = []
        pts = state.pts
        while True:
            difference = await session.call(tl.updates.getDifference(pts=pts, date=1, qts=0))
            if difference.NAME == "updates.differenceEmpty":
                break
            found += [one.message.split()[0] for one in difference.new_messages]
            if difference.NAME == "updates.difference":
                break
            pts = difference.intermediate_state.pts
        self.assertEqual(found, [str(number) for number in range(300)])

    async def test_client_that_reads_no_answers(self) -> None:
        """Who sends pings and reads no pong is not read either, and closed at a bound; others notice nothing."""
        flood = await self.begun()
        flood.connection.carrier.pauseProducing()
        other = await self.begun()
        before = self.resident()
        frames = b"".join(
            flood.connection.framing.encode(flood.core.seal(flood.core.message(PING)).frame) for _ in range(3000)
        )
        for _ in range(10):
            flood.connection.write(frames)
            await self.ping(other)
        self.assertLess(self.resident() - before, 32 << 20)
        flood.connection.carrier.abortConnection()

    async def test_busy_key_leaves_others_their_time(self) -> None:
        """While one key sends all it can, another's pings are answered within moments."""
        quiet = await self.begun()
        busy = [await self.begun() for _ in range(3)]
        waiting = []
        for session in busy:
            messages = [session.core.message(PING) for _ in range(1500)]
            waiting += [session.expect(message) for message in messages]
            framing = session.connection.framing
            session.connection.write(b"".join(framing.encode(session.core.seal(one).frame) for one in messages))
        slowest = 0.0
        for _ in range(20):
            began = time.monotonic()
            await self.ping(quiet)
            slowest = max(slowest, time.monotonic() - began)
        self.assertLess(slowest, 1.0)
        await gatherResults(waiting)

    async def test_sessions_of_a_key_are_bounded(self) -> None:
        """Far more sessions than a key may have: the newest all live."""
        connection = await self.connect()
        made = await self.key(connection)
        sessions = [self.open(connection, made) for _ in range(200)]
        for session in sessions:
            await self.ping(session)
        self.assertEqual((await self.ping(sessions[-1], 9)).ping_id, 9)

    def _reactor(self) -> Any:
        from twisted.internet import reactor

        return reactor


class NarrowServer(SharedServer):
    """One that keeps little for its clients."""

    def configure(self) -> None:
        with (self.files.config / "session.yaml").open("a") as file:
            file.write("\nLimits:\n  KeptBytes: 256KiB\n")


class KeptBytesTests(ConformanceCase):
    server_class = NarrowServer

    async def test_sessions_without_end(self) -> None:
        """Those that have waited longest for their client end; it is told when it comes, and the others go on."""
        first: list[PeerSession] = []
        last: list[PeerSession] = []
        for sessions in (first, last):
            connection = await self.connect()
            made = await self.key(connection)
            sessions += [self.open(connection, made) for _ in range(60)]
            for session in sessions:
                await self.ping(session)
            await connection.close()
        await self.seconds(11)
        for session, ended in ((first[0], True), (last[-1], False)):
            session.received.clear()
            session.attach(await self.connect())
            await self.ping(session)
            created = [one for one in session.received if one.constructor_id == 0x9EC20908 and one.seq_no == 1]
            self.assertEqual(bool(created), ended)


def status_kilobytes(pid: int, name: str) -> int:
    """Of a process: ``VmRSS``, the memory that it has, or ``VmHWM``, the most that it ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{name}:")[2].split()[0])


def peak_kilobytes(pid: int) -> int:
    """The most memory that it ever had."""
    return status_kilobytes(pid, "VmHWM")


class HostilePeerTests(ConformanceCase):
    async def test_slow_loris(self) -> None:
        """A hundred connections that send a byte now and then keep nobody from being served."""
        slow = [await self.connect(Raw()) for _ in range(100)]
        for round_ in range(3):
            for connection in slow:
                connection.write(b"\xee" if round_ < 2 else b"\x01")
            session = await self.begun()
            self.assertEqual((await self.ping(session, 3)).ping_id, 3)

    async def test_half_open(self) -> None:
        """A client that closes its sending side is done: the server closes too."""
        connection = await self.connect(Raw())
        connection.write(b"\xef")
        connection.carrier.loseWriteConnection()  # type: ignore[attr-defined]
        await connection.until_closed()

    async def test_noise(self) -> None:
        """Random bytes on every listener end that connection alone."""
        session = await self.begun()
        files = self.server.files
        for port in (files.port, files.websocket_port, files.http_port):
            for _ in range(10):
                connection = await self.connect(Raw(), port=port)
                connection.write(os.urandom(600))
                await self.seconds(0)
        self.assertEqual((await self.ping(session)).ping_id, 1)

    async def test_frame_beyond_the_bound(self) -> None:
        """A frame of more than 1 MiB is refused by its length."""
        connection = await self.connect("intermediate")
        connection.write(struct.pack("<I", (1 << 20) + 4))
        await connection.until_closed()

    async def test_frames_without_end(self) -> None:
        """A hundred connections leave a megabyte each unfinished: the first ones go, who finishes stays."""
        begun = struct.pack("<I", 1 << 20) + b"\1" * ((1 << 20) - 8)
        before = peak_kilobytes(self.server.pid)
        connections = []
        for _ in range(100):
            connection = await self.connect("intermediate")
            connections.append(connection)
            connection.write(begun)
            await self.seconds(0.01)
        session = await self.begun("intermediate")
        body = encode(tl.msgs_all_info(msg_ids=[], info=bytes(512 << 10)))
        session.send(body, content_related=False)
        self.assertEqual(decode(await session.call_raw(PING)).ping_id, 7)
        self.assertTrue(all(one.closed for one in connections[:30]))
        self.assertFalse(any(one.closed for one in connections[-50:]))
        self.assertLess(peak_kilobytes(self.server.pid) - before, 96 << 10)

    async def test_frames_of_connections_that_left(self) -> None:
        """What a connection held goes with it."""
        frame = b"\1" * (1 << 20)
        before = status_kilobytes(self.server.pid, "VmRSS")
        resident = []
        for _ in range(5):
            connections = []
            for _ in range(50):
                connection = await self.websocket("obfuscated_intermediate")
                connections.append(connection)
                connection.write(connection.framing.encode(frame)[:-8])
                await self.seconds(0)
            for connection in connections:
                await connection.close()
            await self.seconds(0.1)
            resident.append(status_kilobytes(self.server.pid, "VmRSS"))
        self.assertLess(resident[-1] - before, 64 << 10, resident)

    async def test_longest_request(self) -> None:
        """Longer than any that clients send is refused unread; a shorter one is answered."""
        session = await self.begun()
        for count, refused in ((40_000, True), (1_000, False)):
            query = tl.langpack.getStrings(lang_pack="weba", lang_code="en", keys=["abcd"] * count)
            body = encode(tl.invokeWithLayer(layer=200, query=encode(query)))
            if refused:
                self.assertEqual(await self.error(session, body), (400, "INPUT_REQUEST_TOO_LONG"))
            else:
                await session.call_raw(body)

    async def test_large_requests_that_wait(self) -> None:
        """Who has four megabytes of them without an answer is not read until some have one."""
        session, other = await self.begun(), await self.begun()
        query = encode(tl.langpack.getStrings(lang_pack="weba", lang_code="en", keys=["abcd"] * 14_000))
        never = encode(tl.invokeAfterMsg(msg_id=session.core.next_msg_id() + (5 << 32), query=pack_gzip(query)))
        body = encode(tl.invokeWithLayer(layer=200, query=never))
        # Some more than the bound are taken: those that the key's queue of frames has room for.
        messages = [session.core.message(body) for _ in range(70)]
        answers = [session.expect(message) for message in messages]
        for answer in answers[30:]:
            answer.addErrback(lambda failure: failure.trap(CallFailed))
        for message in messages:
            session.connection.send_frame(session.core.seal(message).frame)
        ping = session.core.message(PING)
        pong = session.expect(ping)
        session.connection.send_frame(session.core.seal(ping).frame)
        await self.ping(other)
        await self.seconds(1)
        self.assertFalse(pong.called)
        for answer in answers[:30]:
            with self.assertRaises(CallFailed) as caught:
                await answer.addTimeout(15, reactor)
            self.assertEqual(caught.exception.message, "MSG_WAIT_FAILED")
        await pong.addTimeout(5, reactor)

    async def test_container_of_bombs(self) -> None:
        """A frame of 900 kilobytes that unpacks to 800 megabytes costs no memory and nobody's time."""
        other, session = await self.begun(), await self.begun("intermediate")
        bomb = pack_gzip(encode(tl.help.getConfig()) + bytes((1 << 20) - 16))
        wrapped = encode(tl.invokeWithLayer(layer=200, query=bomb))
        for body in (bomb, wrapped):
            messages = [session.core.message(body) for _ in range(800)]
            answers = [session.expect(message) for message in messages]
            before = peak_kilobytes(self.server.pid)
            session.send_messages(messages)
            began = time.monotonic()
            await self.ping(other)
            self.assertLess(time.monotonic() - began, 1)
            for answer in answers:
                with self.assertRaises(CallFailed):
                    await answer
            self.assertLess(peak_kilobytes(self.server.pid) - before, 64 << 10)
        self.assertEqual((await self.ping(session)).ping_id, 1)

    async def test_frame_of_the_bound(self) -> None:
        """A large one is taken: half a megabyte in one message."""
        session = await self.begun("intermediate")
        body = encode(tl.msgs_all_info(msg_ids=[], info=bytes(512 << 10)))
        session.send(body, content_related=False)
        self.assertEqual(decode(await session.call_raw(PING)).ping_id, 7)
