"""SIGTERM with a request in flight that waits for the disk: another process holds the database's write lock."""

import sqlite3
import time

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError

from teamgram.mtproto.tl import encode, tl
from trial_tests.app.operating import OperatingTestCase


class DrainTests(OperatingTestCase):
    """SQLite only: it is what can be locked from outside."""

    async def held_up(self) -> tuple[sqlite3.Connection, "Deferred[bytes]"]:
        """The lock, and the answer of a request that waits for it."""
        session, _ = await self.sign_up_peer("Ada")
        lock = sqlite3.connect(self.server.data_dir / "teamgram.db", isolation_level=None)
        self.addCleanup(lock.close)
        lock.execute("BEGIN IMMEDIATE")
        (answer,) = session.start_calls(
            [encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="late", random_id=1))]
        )
        while not (await self.scrape())["session_rpc_running"]:
            pass
        return lock, answer

    async def test_requests_are_answered_while_probes_say_that_it_ends(self) -> None:
        """No port takes anybody, /readyz is 503, the request is answered, and the exit code is 0."""
        lock, answer = await self.held_up()
        self.assertEqual((await self.probe("/readyz"))[0], 200)
        self.server.signal("TERM")
        await self.server.logged("SIGTERM: draining")
        for port in (self.server.port, self.server.websocket_port, self.server.http_port):
            await self.refused(self.connect_to(port), ConnectionRefusedError)
        status, text = await self.probe("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("draining", text)
        self.assertEqual((await self.probe("/healthz"))[0], 200)
        self.assertFalse(answer.called)
        lock.execute("ROLLBACK")
        await answer
        await self.server.ended()
        self.assertEqual(self.server.exit_code, 0)

    async def test_a_terminal_that_is_closed(self) -> None:
        """A server that was started in a terminal ends, in order, when that is closed; SIGHUP reloads it before."""
        await self.server.terminate()
        await self.server.start(terminal=True)
        self.assertIn("configuration reloaded", await self.reload())
        self.server.close_terminal()
        await self.server.ended()
        self.assertEqual(self.server.exit_code, 0)

    async def test_the_deadline_holds(self) -> None:
        """What takes longer than DrainTimeout is given up; the server ends all the same, and in order."""
        with (self.server.config / "session.yaml").open("a") as file:
            file.write("\nLimits:\n  DrainTimeout: 300ms\n")
        await self.server.terminate()
        await self.server.start()
        lock, answer = await self.held_up()
        answer.addErrback(lambda _: None)
        began = time.monotonic()
        self.server.signal("TERM")
        # The session's share of the stop is over when connections close; the database waits for its lock.
        await self.server.logged(": server stops", within=5)
        self.assertLess(time.monotonic() - began, 3)
        lock.execute("ROLLBACK")
        await self.server.ended()
        self.assertEqual(self.server.exit_code, 0)

    async def test_a_second_signal_ends_at_once(self) -> None:
        """Who asks twice means it: the process is gone, with the exit code of a signal."""
        _, answer = await self.held_up()
        answer.addErrback(lambda _: None)
        self.server.signal("TERM")
        await self.server.logged("SIGTERM: draining")
        self.assertEqual((await self.probe("/readyz"))[0], 503)
        began = time.monotonic()
        self.server.signal("TERM")
        await self.server.ended()
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(self.server.exit_code, 128 + 15)
        self.assertIn("ended before everything was drained", self.server.output)
