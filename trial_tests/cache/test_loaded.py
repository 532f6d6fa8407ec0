"""Rows in memory: bounded, and never older than what was committed."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.cache.loaded import LoadedRows


class LoadedRowsTests(SynchronousTestCase):
    """What is kept and what is not."""

    def load(self, rows: LoadedRows[str, int], **loaded: int) -> None:
        rows.finish_load(rows.start_load(), loaded)

    def test_a_row_that_changed_while_it_was_read_is_not_kept(self) -> None:
        """An invalidation between the beginning and the end of a load wins; other rows of the load are kept."""
        rows: LoadedRows[str, int] = LoadedRows(10)
        ticket = rows.start_load()
        rows.invalidate("a")
        rows.finish_load(ticket, {"a": 1, "b": 2})
        self.assertEqual((rows.get("a"), rows.get("b")), (None, 2))
        self.load(rows, a=3)
        self.assertEqual(rows.get("a"), 3)

    def test_everything_can_be_forgotten(self) -> None:
        """Clearing counts for loads under way, too."""
        rows: LoadedRows[str, int] = LoadedRows(10)
        self.load(rows, a=1)
        ticket = rows.start_load()
        rows.clear()
        rows.finish_load(ticket, {"a": 1})
        self.assertEqual(len(rows), 0)

    def test_the_least_recently_used_go_first(self) -> None:
        """The bound holds, and reading a row keeps it."""
        rows: LoadedRows[str, int] = LoadedRows(2)
        self.load(rows, a=1)
        self.load(rows, b=2)
        rows.get("a")
        self.load(rows, c=3)
        self.assertEqual((rows.get("a"), rows.get("b"), rows.get("c")), (1, None, 3))

    def test_a_failed_load_leaves_nothing_behind(self) -> None:
        """Abandoned tickets are not told about changes any more."""
        rows: LoadedRows[str, int] = LoadedRows(2)
        ticket = rows.start_load()
        rows.abandon_load(ticket)
        rows.invalidate("a")
        self.assertEqual(ticket.changed, set())
