"""Salts: an hour each, overlapping, the same after a restart."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.authsession.salts import LIFETIME, MAX_FUTURE_SALTS, STEP, SaltSchedule

START = 1_700_000_000


class SaltScheduleTests(SynchronousTestCase):
    """SaltSchedule."""

    def setUp(self) -> None:
        self.schedule = SaltSchedule(START, -77, bytes(range(32)))

    def test_first_salt(self) -> None:
        """The salt of the key exchange holds from its first second for an hour."""
        first = self.schedule.at(START, 1)[0]
        self.assertEqual((first.salt, first.valid_since, first.valid_until), (-77, START, START + LIFETIME))
        self.assertEqual(self.schedule.at(START + LIFETIME - 1, 1)[0].salt, -77)
        self.assertNotEqual(self.schedule.at(START + LIFETIME, 1)[0].salt, -77)

    def test_always_two_after_the_first_step(self) -> None:
        """At any time one salt holds, from the second half hour on exactly two: the old one and its successor."""
        for now in range(START, START + 5 * LIFETIME, 97):
            holding = [s for s in self.schedule.at(now, 10) if s.valid_since <= now < s.valid_until]
            self.assertEqual(len(holding), 1 if now < START + STEP else 2)

    def test_window_moves(self) -> None:
        """Asked later, the same salts come with the same numbers and times."""
        early = self.schedule.at(START, 64)
        late = self.schedule.at(START + 10 * STEP, 10)
        self.assertEqual([salt for salt in early if salt in late], late)

    def test_oldest_first_and_distinct(self) -> None:
        """64 salts ahead are all different, in order, and none is 0."""
        salts = self.schedule.at(START + 12345, 64)
        self.assertEqual(len({salt.salt for salt in salts}), 64)
        self.assertNotIn(0, [salt.salt for salt in salts])
        self.assertEqual(salts, sorted(salts, key=lambda salt: salt.valid_since))

    def test_count_bounded(self) -> None:
        """At least one and at most 64, whatever was asked for."""
        for asked, given in ((-5, 1), (0, 1), (1, 1), (64, 64), (10**9, MAX_FUTURE_SALTS)):
            self.assertEqual(len(self.schedule.at(START, asked)), given)

    def test_clock_set_back(self) -> None:
        """With the clock before the key's own time the first salt holds."""
        first = self.schedule.at(START - 500, 2)[0]
        self.assertLessEqual(first.valid_since, START - 500)
        self.assertEqual(first.salt, -77)

    def test_depends_on_seed(self) -> None:
        """Another seed gives other salts, the same seed the same: they cannot be told from the outside."""
        again = SaltSchedule(START, -77, bytes(range(32)))
        other = SaltSchedule(START, -77, bytes(32))
        later = START + LIFETIME
        self.assertEqual(again.at(later, 20), self.schedule.at(later, 20))
        self.assertFalse({s.salt for s in other.at(later, 20)} & {s.salt for s in self.schedule.at(later, 20)})

    def test_years_later(self) -> None:
        """A key that was away for ten years gets its salts at once."""
        now = START + 10 * 365 * 86400
        self.assertTrue(self.schedule.at(now, 1)[0].valid_since <= now < self.schedule.at(now, 1)[0].valid_until)

    def test_not_shown(self) -> None:
        """Neither salt nor seed is in the repr."""
        self.assertNotIn("77", repr(self.schedule))
