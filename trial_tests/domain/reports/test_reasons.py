"""What somebody may report a message for."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.reports.reasons import OTHER, REASONS, next_step


class StepTests(SynchronousTestCase):
    """``next_step``."""

    def test_each_choice_ends(self) -> None:
        """At first everything is offered; each choice is one that is taken down, "other" with words."""
        first = next_step("", "words")
        assert first is not None
        self.assertEqual([name for name, _ in first.choices], list(REASONS))
        for name, said in first.choices:
            self.assertTrue(said)
            self.assertIsNone(next_step(name, "words"))
            asked = next_step(name, " ")
            self.assertEqual(asked is not None, name == OTHER)
        self.assertRaises(KeyError, next_step, "spam?", "")
