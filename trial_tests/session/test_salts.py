"""Which salts a client may use, and which one it is told."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.keys import FutureSalt
from teamgram.session.salts import ServerSalts
from trial_tests.session.fakes import NEXT_SALT, NOW, OLD_SALT, SALT, salts


class ServerSaltsTests(SynchronousTestCase):
    def test_current_is_the_newest_valid(self) -> None:
        """Of two that overlap the newer one is told."""
        known = ServerSalts(salts())
        self.assertEqual(known.current_salt(NOW), SALT)
        self.assertEqual(known.current_salt(NOW + 599), SALT)
        self.assertEqual(known.current_salt(NOW + 600), NEXT_SALT)

    def test_accepted_while_valid(self) -> None:
        """Old ones until their end, coming ones from their beginning, nothing else."""
        known = ServerSalts(salts())
        self.assertTrue(known.accepts(OLD_SALT, NOW + 599))
        self.assertFalse(known.accepts(NEXT_SALT, NOW + 599))
        self.assertFalse(known.accepts(0, NOW + 599))
        self.assertFalse(known.accepts(OLD_SALT, NOW + 600))
        self.assertTrue(known.accepts(SALT, NOW + 600))
        self.assertTrue(known.accepts(NEXT_SALT, NOW + 600))

    def test_old_one_ends_before_the_next_begins(self) -> None:
        """An old salt is over at its own end, also while nothing else changes."""
        start = int(NOW)
        known = ServerSalts(
            [FutureSalt(start - 900, start + 100, OLD_SALT), FutureSalt(start - 500, start + 600, SALT)]
        )
        self.assertTrue(known.accepts(SALT, NOW) and known.accepts(OLD_SALT, start + 99))
        self.assertFalse(known.accepts(OLD_SALT, start + 100))
        self.assertTrue(known.accepts(SALT, start + 100))

    def test_without_salts(self) -> None:
        """A key without salts accepts none, not even 0."""
        known = ServerSalts()
        self.assertFalse(known.accepts(1, NOW) or known.accepts(0, NOW))
        self.assertEqual((known.valid_until(), known.future(NOW, 5)), (0, []))

    def test_new_ones_are_merged(self) -> None:
        """Salts told twice are kept once; those that are over go."""
        known = ServerSalts(salts())
        known.add(salts())
        self.assertEqual(len(known.future(NOW, 64)), 3)
        known.current_salt(NOW + 2500)
        self.assertEqual(known.future(NOW + 2500, 64), [(int(NOW) + 600, int(NOW) + 4200, NEXT_SALT)])

    def test_late_refresh_keeps_the_last(self) -> None:
        """When all are over the last one holds until there are new ones."""
        known = ServerSalts(salts())
        self.assertEqual(known.current_salt(NOW + 9999), NEXT_SALT)
        self.assertTrue(known.accepts(NEXT_SALT, NOW + 9999))
        self.assertFalse(known.accepts(SALT, NOW + 9999))
        known.add(salts(NOW + 9999))
        self.assertEqual(known.current_salt(NOW + 9999), SALT)
