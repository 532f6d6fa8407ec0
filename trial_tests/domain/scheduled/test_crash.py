"""kill -9 while messages that are due are being sent, by two processes: each is sent once."""

import os
import sys
from pathlib import Path

import teamgram
from teamgram.database import Transaction
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts
from trial_tests.domain.messages.test_crash import KilledAfter
from trial_tests.domain.scheduled.due_process import scheduled_messages

ANNA, BORIS, CLARA = 1, 2, 3
DUE = 1_700_000_000


@on_every_backend
class KilledWhileDueTests(BackendTestCase):
    """One database, several deaths."""

    timeout = 120.0

    async def test_each_is_sent_once(self) -> None:
        """Whoever dies when, and however many look: none is lost, none is there twice, and nothing waits any more."""
        database = self.open_database()
        await add_accounts(database, ANNA, BORIS, CLARA)
        scheduled = scheduled_messages(database, Fanout(), self.real_reactor)
        texts = []
        for sender_id, peer in ((ANNA, BORIS), (BORIS, ANNA), (ANNA, CLARA), (CLARA, ANNA)):
            for number in range(90):
                texts.append(f"{sender_id} to {peer}: {number}")
                request = SendRequest(sender_id, peer, texts[-1], 1000 * sender_id + 100 * peer + number + 1, DUE - 100)
                await scheduled.put_off([request], DUE)
        await database.close()
        # SQLite's file belongs to one process at a time.
        at_once = 2 if self.on_servers else 1
        for death in range(3):
            killed = [KilledAfter(20 + 10 * death) for _ in range(at_once)]
            for one in killed:
                self.start(one)
            for one in killed:
                await one.ended
        database = self.open_database()
        scheduled = scheduled_messages(database, Fanout(), self.real_reactor)
        scheduled.start()
        await scheduled.settled()
        await scheduled.stop()
        sent, waiting, uses = await database.read("everything", everything_txn)
        self.assertEqual(sorted(sent), sorted(texts))
        self.assertEqual((waiting, uses), (0, 0))

    def start(self, killed: KilledAfter) -> None:
        assert self._place is not None
        dsn, data_dir = self._place
        arguments = [sys.executable, "-m", "trial_tests.domain.scheduled.due_process", dsn, str(data_dir.absolute())]
        root = str(Path(teamgram.__file__).parent.parent)
        self.real_reactor.spawnProcess(killed, sys.executable, arguments, env=dict(os.environ), path=root)


def everything_txn(txn: Transaction) -> tuple[list[str], int, int]:
    """What was sent, how many wait, how many uses of files by what waits."""
    txn.execute("SELECT message FROM message_contents")
    sent = [row[0] for row in txn.fetchall()]
    counts = []
    for count in ("SELECT COUNT(*) FROM scheduled_messages", "SELECT COUNT(*) FROM file_uses WHERE kind = 'waiting'"):
        txn.execute(count)
        row = txn.fetchone()
        assert row is not None
        counts.append(int(row[0]))
    return sent, counts[0], counts[1]
