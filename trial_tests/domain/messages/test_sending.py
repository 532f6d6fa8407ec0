"""What a send costs in statements: nothing else of its price can be held by a test."""

from collections.abc import Callable
from typing import Any

from teamgram.database import Database, Transaction
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.messages.sending import SendRequest, Sent, send_txn
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts

ANNA, BORIS = 1, 2
NOW = 1_000


async def statements(database: Database, request: SendRequest) -> list[str]:
    """The statements of one send, each once however many rows it is given."""
    said: list[str] = []

    def counted_txn(txn: Transaction) -> Sent:
        execute, executemany = txn.execute, txn.executemany

        def noting(run: Callable[..., Any]) -> Callable[..., Any]:
            def noted(sql: str, *args: Any) -> Any:
                said.append(sql)
                return run(sql, *args)

            return noted

        txn.execute, txn.executemany = noting(execute), noting(executemany)
        try:
            return send_txn(txn, Fanout(), (request,))
        finally:
            txn.execute, txn.executemany = execute, executemany

    await database.write("a counted send", counted_txn)
    return said


@on_every_backend
class StatementsTests(BackendTestCase):
    """Reads and writes of ``send_txn``."""

    async def test_to_one(self) -> None:
        """The two and what is between them, both boxes; content, copies, dialogs, counters and log."""
        database = self.open_database()
        await add_accounts(database, ANNA, BORIS)
        for random_id in (1, 2):
            said = await statements(database, SendRequest(ANNA, BORIS, "words", random_id, NOW))
        self.assertEqual(len(said), 7, said)

    async def test_to_a_group(self) -> None:
        """As many for three as for forty: the group, the sender in it, who is there, its bots, in place of the two."""
        database = self.open_database()
        await add_accounts(database, *range(1, 41))
        chats = Chats(database, Fanout())
        counts = []
        for size in (3, 40):
            created = await chats.create(Actor(ANNA, NOW), list(range(2, size + 1)), "Everybody")
            said = await statements(database, SendRequest(ANNA, -created.chat_id, "words", size, NOW))
            counts.append(len(said))
        self.assertEqual(counts, [10, 10])
