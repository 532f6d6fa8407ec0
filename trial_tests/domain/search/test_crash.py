"""kill -9 in the middle of indexing and folding: the next start completes it."""

import os
import random
import sys
from pathlib import Path

import teamgram
from teamgram.domain.boxes import contents
from teamgram.domain.messages.editing import EditRequest
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.search.words import asked_words, match, words_of
from trial_tests.backends import on_every_backend
from trial_tests.domain.messages.test_crash import KilledAfter
from trial_tests.domain.search.test_search import ANNA, BORIS, VOCABULARY, SearchTestCase, row_count_txn


@on_every_backend
class KilledWhileIndexingTests(SearchTestCase):
    """One database, several deaths."""

    timeout = 120.0

    async def test_completed_by_the_next_start(self) -> None:
        """Nothing that was indexed is lost, what changed between is changed, each word finds all of its messages."""
        self.patch(contents, "BLOCK", 16)
        database, messages, _, _ = await self.house()
        rng = random.Random(5)
        for number in range(60):
            await self.send_one(messages, rng, number)
        for death in range(4):
            for number in range(25):
                await self.send_one(messages, rng, 60 + 25 * death + number)
            killed = KilledAfter(3 + death)
            self.start(killed)
            await killed.ended
            await messages.edit(EditRequest(ANNA, BORIS, 5 + death, 1_001, f"edited {death}"))
            await messages.delete(ANNA, [50 + death], revoke=True, now=1_001)
            await messages.delete(ANNA, [60 + death], revoke=False, now=1_001)
        self.assertGreater(await database.read("blocks", row_count_txn, "search_blocks"), 50)
        await database.close()
        database, messages, indexer, search = await self.house(new_accounts=False)
        await indexer.catch_up()
        await indexer.tidy()
        await database.read("right terms", self.check_index_txn)
        everything = await self.everything(messages)
        for text in {*VOCABULARY, "n", "e", "t", "ed", "n1", "n15"}:
            found = await search.page(text, Search(ANNA, BORIS), Page(limit=100))
            there = [one for one, words in everything.items() if match(words, asked_words(text))]
            self.assertEqual(([message.id for message in found.messages], found.count), (there[:100], len(there)), text)

    async def send_one(self, messages: Messages, rng: random.Random, number: int) -> None:
        """A message of words that others have, and one of its own."""
        text = " ".join(rng.choices(VOCABULARY, k=4)) + f" n{number}"
        await messages.send(SendRequest(ANNA, BORIS, text, number + 1, 1_000))

    async def everything(self, messages: Messages) -> dict[int, set[bytes]]:
        """The words of each message, newest first."""
        found: dict[int, set[bytes]] = {}
        while page := (await messages.page(Search(ANNA, BORIS), Page(limit=100, add_offset=len(found)))).messages:
            found |= {message.id: words_of(message.text) for message in page}
        return found

    def start(self, killed: KilledAfter) -> None:
        assert self._place is not None
        dsn, data_dir = self._place
        module = "trial_tests.domain.search.indexing_process"
        arguments = [sys.executable, "-m", module, dsn, str(data_dir.absolute())]
        root = str(Path(teamgram.__file__).parent.parent)
        self.real_reactor.spawnProcess(killed, sys.executable, arguments, env=dict(os.environ), path=root)
