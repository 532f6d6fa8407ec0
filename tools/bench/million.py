"""What a search costs among a million messages.

    python -m tools.bench.million [box|boxes|dialogs] [MESSAGES] [at:DIRECTORY]
    python tools/test_services.py -- python -m tools.bench.million …

``box``: all in one box, in dialogs of half, of a fortieth and of a thousandth of them. ``boxes``: in a hundred boxes of
twenty dialogs. ``dialogs``: in one box, in dialogs of 400 messages, half of which are folded. On SQLite;
under ``test_services.py`` on MariaDB. Text and words are generated; writing and indexing them takes some minutes; the
server's own indexer does it, as with a database of the time before there was one, but for the pauses that it makes for
others. In a DIRECTORY (SQLite) the database stays, to be searched again.
"""

import itertools
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from teamgram.cache.bus import MemoryBus
from teamgram.database import Database, Transaction, open_database
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.search import store
from teamgram.domain.search.indexing import SearchIndexer
from teamgram.domain.search.search import MessageSearch
from tools.bench import measured

VOCABULARY = 100_000
WORDS = 7
"""Of a message, besides the one that every message has; every fourth has a number of its own as well."""

PAIR_EVERY = 20_000
"""So many messages apart, both of two words that otherwise never meet and that a third of all have."""

AT_ONCE = 20_000
BEGAN = 1_000_000_000
TAKES = 5

Dialog = tuple[int, int, int]
"""(owner, peer, messages)."""


def one_box(messages: int) -> list[Dialog]:
    """A large dialog, ten of middle size, many small ones."""
    sizes = [messages // 2, *[messages // 40] * 10, *[messages // 1000] * 250]
    return [(1, 1000 + number, size) for number, size in enumerate(sizes)]


def many_dialogs(messages: int) -> list[Dialog]:
    """Short ones."""
    return [(1, 1000 + number, 400) for number in range(messages // 400)]


def hundred_boxes(messages: int) -> list[Dialog]:
    """Twenty dialogs each."""
    return [(owner, 1000 + number, messages // 2000) for owner in range(1, 101) for number in range(20)]


class Author:
    """Writes messages."""

    def __init__(self) -> None:
        self._rng = random.Random(20261201)
        syllables = [consonant + vowel for consonant in "bcdfghklmnprstvz" for vowel in "aeiou"]
        words: dict[str, None] = {}
        while len(words) < VOCABULARY:
            words["".join(self._rng.choices(syllables, k=self._rng.randint(1, 5)))] = None
        self.words = list(words)
        self._weights = list(itertools.accumulate(1 / number for number in range(1, VOCABULARY + 1)))

    def text(self, number: int) -> str:
        """The text of a message."""
        words = self._rng.choices(self.words, cum_weights=self._weights, k=WORDS)
        words.append("every")
        if number % 4 == 0:
            words.append(f"order{1_000_000 + number}")
        if number % PAIR_EVERY == 0:
            words += ["left", "right"]
        elif number % 3:
            words.append("left" if number % 3 == 1 else "right")
        return " ".join(words)

    def order(self, dialogs: Sequence[Dialog]) -> Iterator[Dialog]:
        """Whose message is the next one."""
        rows = [dialog for dialog in dialogs for _ in range(dialog[2])]
        self._rng.shuffle(rows)
        return iter(rows)


def write_txn(
    txn: Transaction, author: Author, dialogs: Sequence[Dialog], first: int, last_ids: dict[int, int]
) -> None:
    """The next messages, from content ``first`` on."""
    contents: list[tuple[object, ...]] = []
    copies: list[tuple[object, ...]] = []
    for number, (owner, peer, _) in enumerate(dialogs, first):
        id_ = last_ids[owner] = last_ids.get(owner, 0) + 1
        out = number % 2
        sender, to = (owner, peer) if out else (peer, owner)
        sent_at = BEGAN + number
        contents.append((number, sender, number, id_, id_ + 1, sent_at, 0, author.text(number), 0, to))
        copies.append((owner, id_, peer, number, sent_at, out, 0, 0, 0, 0, 0))
    txn.executemany(
        "INSERT INTO message_contents (id, sender_id, random_id, sender_message_id, sender_pts, sent_at, edited_at,"
        " message, tags, peer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        contents,
    )
    txn.executemany(
        "INSERT INTO messages (owner_id, id, peer, content_id, sent_at, outgoing, mentioned, mention_unread,"
        " pinned, reply_to_id, saved_peer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        copies,
    )


def close_txn(txn: Transaction, dialogs: Sequence[Dialog], last_ids: dict[int, int]) -> None:
    """What boxes and dialogs say of their messages."""
    txn.executemany(
        "INSERT INTO message_boxes (owner_id, pts, last_message_id, log_floor) VALUES (?, ?, ?, ?)",
        [(owner, last_id + 1, last_id, last_id + 1) for owner, last_id in last_ids.items()],
    )
    txn.executemany(
        "INSERT INTO dialogs (owner_id, peer, top_message_id, top_sent_at, read_inbox_max_id, read_outbox_max_id,"
        " unread_count, unread_mentions, unread_mark, pinned_order, folder_id, pinned_message_id, hidden_bar)"
        " VALUES (?, ?, ?, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
        [(owner, peer, last_ids[owner]) for owner, peer, _ in dialogs],
    )


def size_txn(txn: Transaction) -> dict[str, int]:
    """Bytes of tables and their indexes."""
    if txn.engine.name == "sqlite":
        txn.execute("SELECT tbl_name, name FROM sqlite_master WHERE rootpage > 0")
        table_of = {name: table for table, name in txn.fetchall()}
        try:
            txn.execute("SELECT name, SUM(pgsize) FROM dbstat GROUP BY name")
        except Exception:
            # Not every build of SQLite has it.
            return {}
        sizes: dict[str, int] = {}
        for name, size in txn.fetchall():
            table = str(table_of.get(name, name))
            sizes[table] = sizes.get(table, 0) + size
        return sizes
    txn.execute(
        "SELECT table_name, data_length + index_length FROM information_schema.tables WHERE table_schema = DATABASE()"
    )
    return dict(txn.fetchall())


def count_txn(txn: Transaction, table: str) -> int:
    """Rows."""
    txn.execute(f"SELECT COUNT(*) FROM {table}")
    return int((txn.fetchone() or (0,))[0])


def server_pid_txn(txn: Transaction) -> int:
    """The process of a database server on this machine; 0 where there is none."""
    if txn.engine.name == "sqlite":
        return 0
    txn.execute("SELECT @@pid_file")
    return int(Path((txn.fetchone() or ("",))[0]).read_text())


class Million:
    """A database of many messages, and what searching there takes."""

    def __init__(self, reactor: Any, database: Database, dialogs: list[Dialog]) -> None:
        self._reactor = reactor
        self._database = database
        self._dialogs = dialogs
        self._author = Author()
        self._indexer = SearchIndexer(database, reactor, MemoryBus())
        self._search = MessageSearch(database, self._indexer)

    async def write(self) -> None:
        """All messages, as if they had been sent before there was an index."""
        began = time.perf_counter()
        last_ids: dict[int, int] = {}
        order = self._author.order(self._dialogs)
        number = 1
        while some := list(itertools.islice(order, AT_ONCE)):
            await self._database.write("write", write_txn, self._author, some, number, last_ids)
            number += len(some)
        await self._database.write("close", close_txn, self._dialogs, last_ids)
        print(f"{number - 1} messages written in {time.perf_counter() - began:.0f} s", flush=True)

    async def index(self) -> None:
        """As the server does when it has been started, without pauses."""
        began, cpu = time.perf_counter(), time.process_time()
        while self._indexer.is_behind:
            await self._indexer.catch_up()
            await self._indexer.tidy()
        await self._indexer.catch_up()
        await self._indexer.tidy()
        _, newest = await self._database.read("state", store.indexed_up_to_txn)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(f"indexed in {seconds:.0f} s, {cpu:.0f} s of CPU here, {cpu / newest * 1e6:.0f} µs a message", flush=True)
        for table in ("search_words", "search_segments", "search_blocks", "box_contents"):
            print(f"  {table}: {await self._database.read('rows', count_txn, table)} rows", flush=True)
        sizes = await self._database.read("size", size_txn)
        for table, size in sorted(sizes.items(), key=lambda item: -item[1]):
            if size > 1 << 20:
                print(f"  {table}: {size / 1e6:.0f} MB", flush=True)

    async def searches(self) -> None:
        """Each kind of query: by the clock the first time and the middle one of some more, and CPU time of one."""
        server = await self._database.read("server", server_pid_txn)

        def cpu_seconds() -> float:
            return time.process_time() + (measured.cpu_seconds(server) if server else 0.0)

        words = self._author.words
        largest, total = self._dialogs[0][1], sum(dialog[2] for dialog in self._dialogs)
        pages: dict[str, Page] = {
            "first page": Page(limit=20),
            "from the middle": Page(
                offset_id=sum(dialog[2] for dialog in self._dialogs if dialog[0] == 1) // 2, limit=20
            ),
            "a date, 5,000 further": Page(offset_date=BEGAN + total // 2, add_offset=5000, limit=100),
        }
        queries: dict[str, tuple[str, Search]] = {
            "a rare word": (words[7000], Search(1, None)),
            "a word of one in a hundred": (words[8], Search(1, None)),
            "the most frequent word": (words[0] + " ", Search(1, None)),
            "a word that every message has": ("every", Search(1, None)),
            "the same in the largest dialog": ("every", Search(1, largest)),
            "one letter": ("b", Search(1, None)),
            "one letter in the largest dialog": ("b", Search(1, largest)),
            "the letter of most words": ("e", Search(1, None)),
            "a prefix of words that are all different": ("order1", Search(1, None)),
            "two words that never meet but in one of 20,000": ("left right", Search(1, None)),
            "two frequent words": (f"{words[0]} every", Search(1, None)),
            "five frequent words": (f"{words[0]} {words[1]} every left b", Search(1, None)),
            "a frequent and a rare word": (f"every {words[7000]}", Search(1, None)),
            "every word, from one sender": ("every", Search(1, None, from_id=1)),
            "every word, from one sender, between two dates": (
                "every",
                Search(1, None, from_id=1, min_date=BEGAN + total // 5, max_date=BEGAN + total * 7 // 10),
            ),
            "all from one sender": ("", Search(1, largest, from_id=1)),
        }
        slowest = 0.0
        before = measured.resident_bytes(os.getpid())
        for what, (text, search) in queries.items():
            for where, page in pages.items():
                if where != "first page" and "every" not in what and "letter" not in what:
                    continue
                takes = []
                cpu = cpu_seconds()
                for _ in range(1 + TAKES):
                    began = time.perf_counter()
                    found = await self._search.page(text, search, page)
                    takes.append(time.perf_counter() - began)
                first, middle = takes[0] * 1e3, sorted(takes[1:])[TAKES // 2] * 1e3
                cpu = (cpu_seconds() - cpu) / (1 + TAKES)
                slowest = max(slowest, cpu)
                line = f"{what}, {where}"
                print(
                    f"{line:<72}{found.count:>9} found {first:>8.1f} {middle:>8.1f} ms, CPU {cpu * 1e3:>6.1f} ms",
                    flush=True,
                )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"slowest {slowest * 1e3:.0f} ms of CPU; resident {before / 1e6:.0f} MB before, at most {peak:.0f} MB",
            flush=True,
        )


async def measure(reactor: Any, words: Sequence[str]) -> None:
    """Write, index, search."""
    count = int(next((word for word in words if word.isdecimal()), 1_000_000))
    layouts = {"boxes": hundred_boxes, "dialogs": many_dialogs}
    dialogs = next((layouts[word] for word in words if word in layouts), one_box)(count)
    kept = next((Path(word[3:]) for word in words if word.startswith("at:")), None)
    directory = kept or Path(tempfile.mkdtemp(prefix="teamgram-bench-million-"))
    dsn = os.environ.get("TEAMGRAM_TEST_MYSQL_DSN", "sqlite:teamgram.db")
    print(f"{'MariaDB' if 'TEAMGRAM_TEST_MYSQL_DSN' in os.environ else 'SQLite'}, {len(dialogs)} dialogs", flush=True)
    database = open_database(dsn, directory, reactor)
    try:
        million = Million(reactor, database, dialogs)
        if not (await database.read("state", store.indexed_up_to_txn))[1]:
            await million.write()
        await million.index()
        await million.searches()
    finally:
        await database.close()
        if kept is None:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    task.react(lambda reactor: Deferred.fromCoroutine(measure(reactor, sys.argv[1:])))
