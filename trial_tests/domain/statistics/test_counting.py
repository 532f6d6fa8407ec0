"""Counting by days, weeks and hours."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.statistics.counting import DAY, PERIOD_DAYS, CountedDays, Posted, by_hour, by_weekday, growth

# Tuesday, 14 November 2023, 22:13 UTC.
NOW = 1_700_000_000


class CountingTests(SynchronousTestCase):
    """What graphs are made of."""

    def test_days(self) -> None:
        """Thirty of them, the last one today's."""
        days = CountedDays(NOW).days
        self.assertEqual((len(days), days[-1], days[-1] % DAY), (PERIOD_DAYS, NOW - NOW % DAY, 0))

    def test_growth(self) -> None:
        """Counted back from how many there are."""
        period = CountedDays(NOW)
        graph = growth(period, 10, {period.days[-1]: 4}, {period.days[-2]: 1})
        self.assertEqual(graph.lines[0].values[-4:], (7, 7, 6, 10))

    def test_weeks_and_hours(self) -> None:
        """A week begins on Monday."""
        posts = [Posted(1, 1, NOW, 1, 5), Posted(2, 2, NOW - 2 * DAY, 1, 5)]
        graph = by_weekday(CountedDays(NOW), posts)
        values = {line.name: line.values for line in graph.lines}
        self.assertEqual((values["Tuesday"][-1], values["Sunday"][-2:]), (1, (1, 0)))
        self.assertEqual(by_hour(posts).lines[0].values[22], 2)
