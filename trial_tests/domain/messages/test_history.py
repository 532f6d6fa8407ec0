"""Pages of a dialog against a plain reading of the rule."""

import itertools

from twisted.internet.task import Clock

from teamgram.domain.messages.history import Page, Search
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts

ANNA, BORIS, CLARA = 1, 2, 3


def expected(row: list[tuple[int, int]], page: Page) -> list[int]:
    """The ids that the rule gives. ``row``: (id, date), newest first."""
    if page.offset_id:
        place = sum(id_ >= page.offset_id for id_, _ in row)
    elif page.offset_date:
        place = sum(date >= page.offset_date for _, date in row)
    else:
        place = 0
    start = place + page.add_offset
    window = [row[at][0] for at in range(start, start + page.limit) if 0 <= at < len(row)]
    return [id_ for id_ in window if (not page.max_id or id_ < page.max_id) and id_ > page.min_id]


@on_every_backend
class PageTests(BackendTestCase):
    """``history.page_txn``."""

    async def test_every_page(self) -> None:
        """Offsets by id and date, moves both ways, bounds and limits: the page is the rule's."""
        database = self.open_database()
        await add_accounts(database, ANNA, BORIS, CLARA)
        messages = Messages(database, Fanout(), Clock())
        for number in range(12):
            peer = BORIS if number % 3 else CLARA
            await messages.send(SendRequest(ANNA, peer, str(number), number + 1, 1_000 + number // 2))
        search = Search(ANNA, BORIS)
        found = await messages.page(search, Page(limit=100))
        row = [(message.id, message.date) for message in found.messages]
        self.assertEqual([id_ for id_, _ in row], [12, 11, 9, 8, 6, 5, 3, 2])
        offsets = [{}, {"offset_id": 8}, {"offset_id": 7}, {"offset_id": 99}, {"offset_id": 1}, {"offset_date": 1_003}]
        moves = (0, 2, 20, -1, -3, -5, -20)
        bounds = [{}, {"max_id": 9}, {"min_id": 5}]
        for offset, move, limit, bound in itertools.product(offsets, moves, (1, 3, 5), bounds):
            page = Page(add_offset=move, limit=limit, **offset, **bound)
            found = await messages.page(search, page)
            self.assertEqual([message.id for message in found.messages], expected(row, page), page)
            self.assertEqual(found.count, len(row))
