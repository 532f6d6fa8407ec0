"""Some inputs for each target of the fuzzer, those that ever failed first; ``make fuzz`` feeds millions."""

from twisted.trial import unittest

from tools.fuzz.all_targets import ALL_TARGETS
from tools.fuzz.fuzzer import Fuzzer

INPUTS = 250


class FuzzTests(unittest.SynchronousTestCase):
    def test_every_target(self) -> None:
        """Nothing is raised but a target's own error, logged, or slow."""
        for name in ALL_TARGETS:
            fuzzer = Fuzzer(seed=2, report=lambda text: None, keep=False)
            self.assertGreaterEqual(fuzzer.run(name, INPUTS), INPUTS)
            slow = [what for _, _, what in fuzzer.failures if what.startswith("took")]
            # A busy machine may stop us anywhere; what is slow in itself is so more than once.
            self.assertLess(len(slow), 3, slow)
            self.assertEqual([failure for failure in fuzzer.failures if failure[2] not in slow], [], name)
