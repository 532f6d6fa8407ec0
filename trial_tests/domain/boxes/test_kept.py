"""Sends that share a commit leave what those leave that have one each."""

import random
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import Clock, deferLater

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.message import Extra
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.dialogs.dialogs import Dialogs
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.privacy.archiving import Archiving, set_archiving_txn
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase
from trial_tests.domain.accounts import add_accounts

USERS = (1, 2, 3, 4)
BLOCKER = 4
ARCHIVER = 3
TABLES = {
    "message_boxes": "owner_id",
    "dialogs": "owner_id, peer",
    "messages": "owner_id, id",
    "update_log": "owner_id, pts",
    "message_contents": "id",
}

Write = Callable[["Place"], Awaitable[Any]]


class Place:
    """A database of its own, with the same people and groups as any other."""

    def __init__(self, database: Database) -> None:
        self.database = database
        fanout = Fanout()
        self.messages = Messages(database, fanout, Clock())
        self.dialogs = Dialogs(database, fanout)
        self.chats = Chats(database, fanout)

    async def people(self) -> list[int]:
        """Put them in; marked ids of the groups."""
        await add_accounts(self.database, *USERS)
        made = [await self.chats.create(Actor(1, 1_000), [2, 3], title) for title in ("one", "other")]

        def wishes_txn(txn: Transaction) -> None:
            txn.execute("INSERT INTO blocks (owner_id, blocked_id, blocked_at) VALUES (?, 1, 1)", (BLOCKER,))
            set_archiving_txn(txn, ARCHIVER, Archiving(new_strangers=True))

        await self.database.write("what they want", wishes_txn)
        return [-one.chat_id for one in made]

    async def rows(self) -> dict[str, list[Any]]:
        """All that was written."""

        def rows_txn(txn: Transaction) -> dict[str, list[Any]]:
            found = {}
            for table, order in TABLES.items():
                txn.execute(f"SELECT * FROM {table} ORDER BY {order}")
                found[table] = list(txn.fetchall())
            return found

        return await self.database.read("rows", rows_txn)

    async def all_at_once(self, reactor: Any, writes: list[Write]) -> list[Any]:
        """What becomes of writes that wait together for the writer."""
        started, go_on = threading.Event(), threading.Event()

        def hold(txn: Transaction) -> None:
            started.set()
            go_on.wait(10)

        self.database.write("hold", hold)
        while not started.is_set():
            await deferLater(reactor, 0)
        waiting: list[Any] = [Deferred.fromCoroutine(_awaited(write, self)) for write in writes]
        go_on.set()
        return [result if ok else result.type for ok, result in await DeferredList(waiting, consumeErrors=True)]

    async def one_by_one(self, writes: list[Write]) -> list[Any]:
        """What becomes of writes that each have a commit of their own."""
        results: list[Any] = []
        for write in writes:
            try:
                results.append(await write(self))
            except Exception as error:
                results.append(type(error))
        return results


async def _awaited(write: Write, place: Place) -> Any:
    return await write(place)


class KeptTests(BackendTestCase):
    """``domain/boxes/kept.py``, by what is in the tables afterwards."""

    async def test_as_one_by_one(self) -> None:
        """Private and in groups, with mentions, repeated random ids, archives, reading and drafts between."""
        for seed in range(6):
            chance = random.Random(seed)
            dsn, data_dir = self.new_place()
            together = self.place(dsn, data_dir)
            alone = self.place(*self.new_place())
            groups = await together.people()
            self.assertEqual(await alone.people(), groups)
            used = [1]
            # A batch in which one fails has the next ones written one by one: in every other round none does.
            for _ in range(8):
                writes = [self.any_write(chance, groups, used, 0.03 * (seed % 2)) for _ in range(chance.randint(2, 40))]
                results = await together.all_at_once(self.real_reactor, writes)
                self.assertEqual(results, await alone.one_by_one(writes), f"seed {seed}")
                if not seed % 2:
                    self.assertEqual([one for one in results if isinstance(one, type)], [])
            rows = await together.rows()
            for table, expected in (await alone.rows()).items():
                self.assertEqual(rows[table], expected, f"seed {seed}: {table}")

    def place(self, dsn: str, data_dir: Any) -> Place:
        from teamgram.database import open_database

        database = open_database(dsn, data_dir, self.real_reactor)
        self.addCleanup(database.close)
        return Place(database)

    def any_write(self, chance: random.Random, groups: list[int], used: list[int], repeats: float) -> Write:
        """A send most of the time; ``repeats``: how often with a random id that was used before; 0: nothing fails."""
        sender = chance.choice(USERS)
        peer = chance.choice([*USERS, *groups, *groups, *groups])
        if sender == BLOCKER and not repeats:
            # They are in no group, and do not write to whom they have blocked.
            peer = 2
        kind = chance.random()
        if kind < 0.05:
            return lambda place: place.dialogs.move(sender, [(peer, True)], 1_001)
        if kind < 0.1:
            return lambda place: place.messages.read_history(sender, peer, 0, 1_002)
        if chance.random() >= repeats:
            used.append(len(used) + 1)
            random_id = used[-1]
        else:
            random_id = chance.choice(used)
        mentioned = frozenset((chance.choice(USERS),)) if peer < 0 and chance.random() < 0.3 else frozenset()
        request = SendRequest(
            sender,
            peer,
            f"message {random_id}",
            random_id,
            1_000 + len(used),
            Extra(silent=chance.random() < 0.1),
            mentioned=mentioned,
            clear_draft=chance.random() < 0.2,
        )
        return lambda place: place.messages.send(request)
