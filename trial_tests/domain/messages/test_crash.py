"""kill -9 while messages are being sent: told is saved, once, and the log has no hole."""

import os
import signal
import sys
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure

import teamgram
from teamgram.database import Database, Transaction
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.messages.messages import Messages
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts
from trial_tests.domain.messages.sending_process import ANNA, BORIS, request


class KilledAfter(ProcessProtocol):
    """Kills the process without warning once it has told ``count`` messages."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.output = b""
        self.errors = b""
        self.ended: Deferred[None] = Deferred()

    def outReceived(self, data: bytes) -> None:
        self.output += data
        if self.output.count(b"\n") >= self.count and self.transport is not None:
            self.transport.signalProcess(signal.SIGKILL)

    def errReceived(self, data: bytes) -> None:
        self.errors += data

    def processEnded(self, reason: Failure) -> None:
        if reason.check(ProcessTerminated) and reason.value.signal == signal.SIGKILL:
            self.ended.callback(None)
        else:
            self.ended.errback(RuntimeError(self.errors.decode()))

    def told(self) -> dict[int, int]:
        """random_id -> message id of what was told; a line that was cut was not."""
        lines = self.output.split(b"\n")[:-1]
        return dict((int(word) for word in line.split()) for line in lines)  # type: ignore[misc]


@on_every_backend
class KilledWhileSendingTests(BackendTestCase):
    """One database, several deaths."""

    timeout = 120.0

    async def test_told_is_saved_once(self) -> None:
        """Whatever was told is there under the id that was told; resending all of it makes nothing new."""
        database = self.open_database()
        await add_accounts(database, ANNA, BORIS)
        chat_id = (await Chats(database, Fanout()).create(Actor(ANNA, 1_700_000_000), [BORIS], "group")).chat_id
        await database.close()
        told: dict[int, int] = {}
        for death in range(3):
            killed = KilledAfter(150 + 40 * death)
            self.start(killed, chat_id, 1 + 100_000 * death)
            await killed.ended
            told |= killed.told()
        database = self.open_database()
        messages = Messages(database, Fanout(), Clock())
        # Before the resend: what was told is there; and of what was not told, each is there wholly or not at all.
        await self.check(database, told)
        for random_id, message_id in told.items():
            sent = await messages.send(request(random_id, chat_id))
            self.assertEqual(sent.ids, ((random_id, message_id),))
        await self.check(database, told)

    def start(self, killed: KilledAfter, chat_id: int, first: int) -> None:
        assert self._place is not None
        dsn, data_dir = self._place
        module = "trial_tests.domain.messages.sending_process"
        arguments = [sys.executable, "-m", module, dsn, str(data_dir.absolute()), str(chat_id), str(first)]
        root = str(Path(teamgram.__file__).parent.parent)
        self.real_reactor.spawnProcess(killed, sys.executable, arguments, env=dict(os.environ), path=root)

    async def check(self, database: Database, told: dict[int, int]) -> None:
        contents, copies, entries = await database.read("everything", everything_txn)
        by_random_id = {random_id: (content_id, sender, own) for content_id, random_id, sender, own in contents}
        self.assertEqual(len(by_random_id), len(contents), "one content for each random_id")
        for random_id, message_id in told.items():
            self.assertEqual(by_random_id[random_id][2], message_id)
        owners: dict[int, list[int]] = {}
        for content_id, owner, message_id in copies:
            owners.setdefault(content_id, []).append(owner)
            self.assertGreater(message_id, 0)
        for content_id, _, _ in by_random_id.values():
            self.assertEqual(sorted(owners[content_id]), [ANNA, BORIS], "both sides or none")
        for user_id in (ANNA, BORIS):
            pts = [entry[1] for entry in entries if entry[0] == user_id]
            self.assertEqual(pts, list(range(2, len(pts) + 2)), "pts has no hole")
            ids = sorted(message_id for _, owner, message_id in copies if owner == user_id)
            self.assertEqual(ids, list(range(1, len(ids) + 1)))


def everything_txn(txn: Transaction) -> tuple[list, list, list]:  # type: ignore[type-arg]
    """(content id, random_id, sender, the sender's id), (content id, owner, id), (user, pts) in order."""
    txn.execute("SELECT id, random_id, sender_id, sender_message_id FROM message_contents WHERE random_id IS NOT NULL")
    contents = list(txn.fetchall())
    txn.execute("SELECT content_id, owner_id, id FROM messages")
    copies = list(txn.fetchall())
    txn.execute("SELECT owner_id, pts FROM update_log ORDER BY owner_id, pts")
    return contents, copies, list(txn.fetchall())
