"""The index against a plain reading of every message, on both databases."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from twisted.internet import task
from twisted.internet.task import Clock

from pyroaring import BitMap64

from teamgram.cache.bus import MemoryBus
from teamgram.database import Database, Transaction
from teamgram.database.migrate import MIGRATIONS
from teamgram.domain.boxes import contents, numbers
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.talks import note_changes_txn
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.messages.deleting import HistoryRequest
from teamgram.domain.messages.editing import EditRequest
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.search import finding, folding, indexing, sheets, store
from teamgram.domain.search.indexing import SearchIndexer
from teamgram.domain.search.search import MessageSearch
from teamgram.domain.search.sheets import LEVELS, SHEET, postings_of, sheet_of
from teamgram.domain.search.terms import SAID, is_word, terms_of
from teamgram.domain.search.words import asked_words, match, words_of
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts

ANNA, BORIS, CLARA, DORA = USERS = (1, 2, 3, 4)
SEARCH = 71
"""Number of the migration that made the index."""

SHEETS = 91
"""Of the one since which young segments have sheets."""

VOCABULARY = [
    "the",
    "then",
    "theory",
    "кот",
    "котёл",
    "Café",
    "cafeteria",
    "東京",
    "東京都",
    "京都",
    "x1",
    "x12",
    "👍",
    "of",
]


def row_count_txn(txn: Transaction, table: str) -> int:
    """Rows of a table."""
    txn.execute(f"SELECT COUNT(*) FROM {table}")
    row = txn.fetchone()
    assert row is not None
    return int(row[0])


def expected(everything: list[Message], text: str, search: Search, page: Page) -> tuple[list[int], int]:
    """(ids of the page, count) by reading everything, newest first."""
    asked = asked_words(text)
    row = [
        message
        for message in everything
        if match(words_of(message.text), asked)
        and (not search.from_id or message.sender_id == search.from_id)
        and (not search.min_date or message.date >= search.min_date)
        and (not search.max_date or message.date <= search.max_date)
    ]
    place = sum(message.id >= page.offset_id for message in row) if page.offset_id else 0
    if page.offset_date and not page.offset_id:
        place = sum(message.date >= page.offset_date for message in row)
    start = place + page.add_offset
    window = [row[at] for at in range(start, start + page.limit) if 0 <= at < len(row)]
    ids = [message.id for message in window if (not page.max_id or message.id < page.max_id)]
    return [id_ for id_ in ids if id_ > page.min_id], len(row)


class SearchTestCase(BackendTestCase):
    """Messages and an index over one database."""

    async def house(self, *, new_accounts: bool = True) -> tuple[Database, Messages, SearchIndexer, MessageSearch]:
        """Four accounts; the indexer is not started."""
        database = self.open_database()
        if new_accounts:
            await add_accounts(database, *USERS)
        fanout = Fanout()
        self.clock = task.Clock()
        indexer = SearchIndexer(database, self.clock, MemoryBus())
        fanout.subscribe(indexer)
        return database, Messages(database, fanout, Clock()), indexer, MessageSearch(database, indexer)

    async def found(
        self, search: MessageSearch, text: str, owner_id: int = ANNA, peer: int | None = BORIS
    ) -> list[str]:
        """Texts, newest first."""
        page = await search.page(text, Search(owner_id, peer), Page(limit=100))
        return [message.text for message in page.messages]

    def check_index_txn(self, txn: Transaction) -> None:
        """In the index are the terms of what somebody has, and no other."""
        txn.execute("SELECT word, postings, ids FROM search_blocks")
        postings = {
            (word, content_id)
            for word, count, ids in txn.fetchall()
            if not word.endswith((folding.END, SHEET))
            for content_id in numbers.unpack(count, ids)
        }
        txn.execute("SELECT level, word, postings, ids FROM search_blocks JOIN search_segments ON id = segment")
        for level, key, count, ids in txn.fetchall():
            self.assertEqual(key.endswith(SHEET), level < LEVELS)
            if key.endswith(SHEET):
                there_are = [
                    (term, content_id)
                    for term, few in postings_of((ids,)).items()
                    for content_id in numbers.unpack(*few)
                ]
                self.assertEqual((len(there_are), {sheet_of(term) for term, _ in there_are}), (count, {key}))
                postings.update(there_are)
        txn.execute("SELECT word, content_id FROM search_words")
        postings.update(txn.fetchall())
        txn.execute(
            f"SELECT id, {SAID} FROM message_contents c"
            " WHERE peer <> 0 AND EXISTS (SELECT 1 FROM messages m WHERE m.content_id = c.id)"
        )
        there = {(term, row[0]) for row in txn.fetchall() for term in terms_of(*row[1:])}
        # Where something was saved from is not known any more when it is gone.
        self.assertEqual({posting for posting in postings if not posting[0].startswith(b"\x00p")}, there)


@on_every_backend
class FindingTests(SearchTestCase):
    """``MessageSearch.page``."""

    async def test_like_reading_everything(self) -> None:
        """Random messages, edits and deletions: each search finds, counts and pages as reading all of it would."""
        await self.compare(random.Random(20261201), folding_now=False)

    async def test_folded(self) -> None:
        """The same while rows are folded and segments merged between and after any two deeds."""
        self.patch(folding, "FOLD_ROWS", 6)
        self.patch(folding, "FAN_OUT", 2)
        self.patch(folding, "MOST_WORDS", 1)
        self.patch(folding, "STEP_ROWS", 5)
        self.patch(folding, "STEP_BLOCKS", 2)
        self.patch(contents, "BLOCK", 8)
        self.patch(numbers, "_FEW", 2)
        self.patch(sheets, "_FEW", 2)
        self.patch(finding, "_LOOKED_UP", 3)
        await self.compare(random.Random(20261202), folding_now=True)

    async def compare(self, rng: random.Random, *, folding_now: bool) -> None:
        """Do and look for much by chance."""
        database, messages, indexer, search = await self.house()
        # Short of it, so that every way to cross out a word is taken.
        self.patch(finding, "_FEW", 5)
        chat = (await Chats(database, Fanout()).create(Actor(ANNA, 1_000), [BORIS, CLARA], "Group")).chat_id
        peers = [(ANNA, BORIS), (BORIS, ANNA), (ANNA, CLARA), (CLARA, ANNA), (ANNA, ANNA), (BORIS, CLARA)]
        peers += [(owner_id, -chat) for owner_id in (ANNA, BORIS, CLARA)]
        for number in range(80 if folding_now else 160):
            owner_id, peer = rng.choice(peers)
            now = 1_000 + number // 2
            everything = (await messages.page(Search(owner_id, None), Page(limit=100))).messages
            own = [message for message in everything if message.out and message.text]
            deed = rng.random()
            if deed < 0.75 or not own:
                text = " ".join(rng.choices(VOCABULARY, k=rng.randint(1, 6)))
                await messages.send(SendRequest(owner_id, peer, text, number + 1, now))
            elif deed < 0.85:
                one = rng.choice(own)
                text = " ".join(rng.choices(VOCABULARY, k=3)) + f" e{number}"
                await messages.edit(EditRequest(owner_id, one.peer, one.id, now, text))
            elif deed < 0.98:
                one = rng.choice(own)
                await messages.delete(owner_id, [one.id], revoke=rng.random() < 0.5, now=now)
            else:
                await messages.delete_history(HistoryRequest(BORIS, CLARA, now, max_id=3))
            for _ in range(rng.choice((0, 1, 2, 30)) if folding_now else 0):
                await indexer.tidy(at_most=1)
            for _ in range(3):
                await self.check(rng, messages, search, rng.choice(peers))
        self.assertEqual(await database.read("left", row_count_txn, "search_changes"), 0)
        if folding_now:
            await indexer.tidy()
            self.assertGreater(await database.read("blocks", row_count_txn, "search_blocks"), 50)
            self.assertGreater(await database.read("boxes", row_count_txn, "box_contents"), 5)
            await database.read("right terms", self.check_index_txn)

    async def check(
        self, rng: random.Random, messages: Messages, search: MessageSearch, place: tuple[int, int]
    ) -> None:
        """One random search."""
        owner_id, peer = place
        where = Search(
            owner_id,
            rng.choice((peer, peer, None)),
            from_id=rng.choice((0, 0, ANNA, BORIS)),
            min_date=rng.choice((0, 0, 1_020)),
            max_date=rng.choice((0, 0, 1_050)),
        )
        count = rng.choice((0, 1, 1, 2, 3) if where.from_id else (1, 1, 2, 3))
        asked = [word[: rng.randint(1, len(word))] for word in rng.choices(VOCABULARY, k=count)]
        page = Page(
            offset_id=rng.choice((0, 0, 5, 20, 60)),
            offset_date=rng.choice((0, 1_030)),
            add_offset=rng.choice((0, 0, 2, -2)),
            limit=rng.choice((1, 5, 100)),
            max_id=rng.choice((0, 0, 40)),
            min_id=rng.choice((0, 0, 10)),
        )
        text = " ".join(asked)
        found = await search.page(text, where, page)
        everything: list[Message] = []
        while more := (await messages.page(Search(owner_id, where.peer), Page(limit=100, add_offset=len(everything)))):
            if not more.messages:
                break
            everything += more.messages
        told = ([message.id for message in found.messages], found.count)
        self.assertEqual(told, expected(everything, text, where, page), (text, where, page))

    async def test_numbers_cut_off(self) -> None:
        """What a server cuts from a long list of numbers is read row by row."""
        database, messages, _, search = await self.house()
        for number in range(30):
            await messages.send(SendRequest(ANNA, BORIS, f"word {number}", number + 1, 1_000))
        self.assertEqual(len(await self.found(search, "word")), 30)

        class Cut:
            """As ``group_concat_max_len`` does."""

            def __init__(self, txn: Transaction) -> None:
                self.execute, self.fetchall, self.engine, self._txn = txn.execute, txn.fetchall, txn.engine, txn

            def fetchone(self) -> object:
                row = self._txn.fetchone()
                return (row[0], len(row[2]) - 1, row[2][:-1]) if row and len(row) == 3 else row

        def cut_txn(txn: Transaction) -> int:
            return len(finding.found_txn(Cut(txn), "word", Search(ANNA, BORIS), True)[0])  # type: ignore[arg-type]

        self.assertEqual(await database.read("cut", cut_txn), 30)


class FoldingTests(SearchTestCase):
    """``folding``: what words with a beginning have in common."""

    async def test_beginnings_of_many_words(self) -> None:
        """A beginning that more words have than are read one by one has a block, whatever the steps; no other has."""
        self.patch(folding, "FOLD_ROWS", 50)
        self.patch(folding, "FAN_OUT", 3)
        self.patch(folding, "MOST_WORDS", 4)
        database, messages, indexer, search = await self.house()
        rng = random.Random(7)
        for number in range(120):
            text = " ".join("".join(rng.choices("abж東", k=rng.randint(1, 4))) for _ in range(3))
            await messages.send(SendRequest(ANNA, BORIS, text, number + 1, 1_000))
            self.patch(folding, "STEP_ROWS", rng.randint(1, 40))
            self.patch(folding, "STEP_BLOCKS", rng.randint(1, 20))
            await self.found(search, "a")
            await indexer.tidy()
            await database.read("beginnings", self.check_beginnings_txn)

    async def test_changed_while_folding(self) -> None:
        """What a message has no more is in no block, although it was edited when half of its words had been moved."""
        self.patch(folding, "FOLD_ROWS", 20)
        self.patch(folding, "FAN_OUT", 2)
        self.patch(folding, "MOST_WORDS", 1)
        self.patch(folding, "STEP_ROWS", 12)
        self.patch(folding, "STEP_BLOCKS", 1)
        database, messages, indexer, _ = await self.house()
        rng = random.Random(9)
        for number in range(60):
            text = " ".join("a" + "".join(rng.choices("abc", k=3)) for _ in range(3))
            await messages.send(SendRequest(ANNA, BORIS, text, number + 1, 1_000))
            await indexer.catch_up()
            await indexer.tidy(at_most=rng.randint(1, 6))
            await messages.edit(EditRequest(ANNA, BORIS, rng.randint(1, number + 1), 1_000, f"e{number}"))
            await indexer.catch_up()
            await database.read("beginnings", self.check_beginnings_txn, False)
        await indexer.tidy()
        await database.read("right terms", self.check_index_txn)

    def check_beginnings_txn(self, txn: Transaction, all_of_them: bool = True) -> None:
        """In each segment."""
        txn.execute("SELECT segment, word, postings, ids FROM search_blocks")
        segments: dict[int, dict[bytes, BitMap64]] = {}
        for segment, word, count, ids in txn.fetchall():
            if not word.endswith(SHEET):
                segments.setdefault(segment, {})[word] = numbers.unpack(count, ids)
        for blocks in segments.values():
            by_beginning: dict[bytes, list[BitMap64]] = {}
            for word, ids in blocks.items():
                if is_word(word) and not word.endswith(folding.END):
                    for end in range(1, len(word.decode()) + 1):
                        by_beginning.setdefault(word.decode()[:end].encode() + folding.END, []).append(ids)
            many = {key: BitMap64.union(*sets) for key, sets in by_beginning.items() if len(sets) > 4}
            there = {key: ids for key, ids in blocks.items() if key.endswith(folding.END)}
            if all_of_them:
                self.assertEqual(there, many)
            else:
                # What words have in common may stay behind while these are moved, but nothing that has no such word.
                for key, ids in there.items():
                    self.assertLessEqual(BitMap64().union(*by_beginning.get(key, ())), ids)
                    self.assertLessEqual(set(ids), self.beginning_so_txn(txn, key[:-1]))

    def beginning_so_txn(self, txn: Transaction, beginning: bytes) -> set[int]:
        """Contents with such words."""
        txn.execute(f"SELECT id, {SAID} FROM message_contents")
        return {row[0] for row in txn.fetchall() if any(term.startswith(beginning) for term in terms_of(*row[1:]))}


@on_every_backend
class IndexingTests(SearchTestCase):
    """``SearchIndexer``."""

    async def test_soon_after_the_commit(self) -> None:
        """A sent message is indexed by itself within a second; nothing is looked for when nothing happens."""
        database, messages, indexer, _ = await self.house()
        indexer.start()
        self.clock.advance(0)
        await self.idle(indexer)
        self.assertEqual([call for call in self.clock.getDelayedCalls() if call.active()], [])
        await messages.send(SendRequest(ANNA, BORIS, "one two", 1, 1_000))
        self.assertLess(indexing.DELAY, 1.0)
        for _ in range(10):
            self.clock.advance(0.1)
        await self.idle(indexer)
        self.assertEqual(await database.read("rows", row_count_txn, "search_words"), 3)

    async def idle(self, indexer: SearchIndexer) -> None:
        """Wait for the round that has begun."""
        for _ in range(100):
            await task.deferLater(self.real_reactor, 0.01, lambda: None)
            self.clock.advance(0)
            if not indexer._alone.locked:
                await task.deferLater(self.real_reactor, 0.02, lambda: None)
                if not indexer._alone.locked:
                    return

    async def test_completed_after_a_crash(self) -> None:
        """What was not indexed when the program died, in the middle of a step, too, is indexed by the next one."""
        database, messages, indexer, search = await self.house()
        self.patch(indexing, "STEP", 4)
        for number in range(10):
            await messages.send(SendRequest(ANNA, BORIS, f"word n{number}", number + 1, 1_000))
        await messages.edit(EditRequest(ANNA, BORIS, 2, 1_000, "edited"))
        self.assertTrue(await indexer._step())

        def die_txn(txn: Transaction) -> None:
            found = store.unindexed_txn(txn, 4, 4)
            store.index_txn(txn, found, {}, 8)
            raise RuntimeError("killed")

        died = database.write("die", die_txn)
        await self.assertFailure(died, RuntimeError)
        await messages.delete(ANNA, [1], revoke=True, now=1_000)
        await messages.delete(ANNA, [10], revoke=True, now=1_000)

        again = self.open_database()
        search = MessageSearch(again, SearchIndexer(again, task.Clock(), MemoryBus()))
        self.assertEqual(await self.found(search, "word"), [f"word n{number}" for number in range(8, 1, -1)])
        self.assertEqual(await self.found(search, "edited"), ["edited"])
        # Two words each, one of the edited message, the sender of all of these; none of the deleted ones.
        self.assertEqual(await again.read("rows", row_count_txn, "search_words"), 2 * 7 + 1 + 8)
        self.assertEqual(await again.read("changes", row_count_txn, "search_changes"), 0)

    async def test_text_where_there_was_none(self) -> None:
        """A picture that gets its first words by an edit is found by them."""
        database, messages, _, search = await self.house()
        await messages.send(SendRequest(ANNA, BORIS, "", 1, 1_000))
        self.assertEqual(await self.found(search, "caption"), [])

        def edit_txn(txn: Transaction) -> None:
            note_changes_txn(txn, [(1, (ANNA, BORIS), "")])
            txn.execute("UPDATE message_contents SET message = 'a caption' WHERE id = 1")

        await database.write("as editing does", edit_txn)
        self.assertEqual(await self.found(search, "caption"), ["a caption"])

    async def test_committed_late(self) -> None:
        """Where several write at once: what got its number before, and is committed after, a newer one is found."""
        database, messages, indexer, search = await self.house()
        if database.engine.shares_commits:
            # SQLite has one writer: the next one begins when this one is committed.
            self.assertTrue(indexer._in_order)
            return
        await messages.send(SendRequest(ANNA, BORIS, "early", 1, 1_000))
        other = database.engine.connect()
        self.addCleanup(other.close)
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO message_contents (sender_id, random_id, sender_message_id, sender_pts, sent_at, edited_at,"
                " message, tags, peer) VALUES (3, 9, 1, 2, 1000, 0, 'late word', 0, 4)"
            )
            content_id = cursor.lastrowid
            cursor.execute(
                "INSERT INTO messages (owner_id, id, peer, content_id, sent_at, outgoing, mentioned, mention_unread,"
                f" pinned, reply_to_id, saved_peer) VALUES (3, 1, 4, {content_id}, 1000, 1, 0, 0, 0, 0, 0)"
            )
        await messages.send(SendRequest(ANNA, BORIS, "newer", 2, 1_000))
        indexer.start()
        self.clock.advance(0)
        await self.idle(indexer)
        self.assertEqual(await self.found(search, "newer"), ["newer"])
        other.commit()
        self.assertEqual(await self.found(search, "late", CLARA, DORA), [])
        self.clock.advance(indexing.SETTLE)
        await self.idle(indexer)
        self.clock.advance(indexing.SETTLE)
        await self.idle(indexer)
        self.assertEqual(await self.found(search, "late", CLARA, DORA), ["late word"])
        up_to, newest = await database.read("state", store.indexed_up_to_txn)
        self.assertEqual(up_to, newest)

    def migrations(self, wanted: Callable[[int], bool]) -> Path:
        some = Path(self.mktemp())
        some.mkdir()
        for path in MIGRATIONS.glob("*.sql"):
            if wanted(int(path.name[:4])):
                shutil.copy(path, some)
        return some

    async def test_old_database(self) -> None:
        """Messages of the time before there was an index are found, those whose sender deleted them as well."""
        old = self.open_database(migrations=self.migrations(lambda number: number < SEARCH))

        def write_txn(txn: Transaction) -> None:
            for number, (text, peer) in enumerate((("Old words", BORIS), ("kept by Boris", 0)), 1):
                txn.execute(
                    "INSERT INTO message_contents (sender_id, random_id, sender_message_id, sender_pts, sent_at,"
                    " edited_at, message, folded, tags, peer) VALUES (?, ?, ?, ?, 100, 0, ?, ?, 0, ?)",
                    (ANNA, number, number, number + 1, text, text.casefold(), peer),
                )
                for owner_id, other_id in ((ANNA, BORIS), (BORIS, ANNA)):
                    if peer or owner_id == BORIS:
                        txn.execute(
                            "INSERT INTO messages (owner_id, id, peer, content_id, sent_at, outgoing, mentioned,"
                            " mention_unread, pinned, reply_to_id, saved_peer)"
                            " VALUES (?, ?, ?, ?, 100, ?, 0, 0, 0, 0, 0)",
                            (owner_id, number, other_id, number, int(owner_id == ANNA)),
                        )

        await old.write("as it was", write_txn)
        await old.close()
        database = self.open_database()
        search = MessageSearch(database, SearchIndexer(database, task.Clock(), MemoryBus()))
        self.assertEqual(await self.found(search, "words"), ["Old words"])
        self.assertEqual(await self.found(search, "kept", BORIS, ANNA), ["kept by Boris"])
        self.assertEqual(await self.found(search, "kept"), [])

    async def test_blocks_before_there_were_sheets(self) -> None:
        """A segment of blocks that was of the first level is read as one."""
        # All others, so that today's code can write there.
        old = self.open_database(migrations=self.migrations(lambda number: number != SHEETS))
        await add_accounts(old, *USERS)
        await Messages(old, Fanout(), Clock()).send(SendRequest(ANNA, BORIS, "Old words", 1, 1_000))
        await SearchIndexer(old, task.Clock(), MemoryBus()).catch_up()

        def fold_txn(txn: Transaction) -> None:
            txn.execute(
                "INSERT INTO search_segments (talk, level, removals, low, high) SELECT id, 1, 0, 1, 1 FROM search_talks"
            )
            segment = txn.lastrowid
            txn.execute("SELECT word, content_id FROM search_words")
            for word, content_id in txn.fetchall():
                txn.execute(
                    "INSERT INTO search_blocks (segment, word, postings, ids) VALUES (?, ?, ?, ?)",
                    (segment, word, *numbers.pack_list([content_id])),
                )
            txn.execute("DELETE FROM search_words")

        await old.write("as it was", fold_txn)
        await old.close()
        database = self.open_database()
        search = MessageSearch(database, SearchIndexer(database, task.Clock(), MemoryBus()))
        for text in ("wor", "o", "old words"):
            self.assertEqual(await self.found(search, text), ["Old words"], text)
