"""Small state that survives: what is waiting hears of every end."""

import json

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.state_file import StateFile
from trial_tests.openclaw.agent.agents import SlowPool
from trial_tests.openclaw.house import MemoryReactor
from trial_tests.openclaw.live import temporary_directory


class StateFileTests(SynchronousTestCase):
    """A disk that takes a second."""

    def test_state_without_json(self) -> None:
        """Whoever saves it, and whoever waits for another save, hears of it; the next state is written again."""
        reactor = MemoryReactor()
        pool = SlowPool(reactor, 1.0)
        reactor.getThreadPool = lambda: pool  # type: ignore[method-assign,assignment,return-value]
        path = temporary_directory() / "state.json"
        state: list[object] = [1]
        file = StateFile(path, lambda: state, reactor)
        first = file.save()
        state.append(object())
        second = file.save()
        reactor.advance(1.0)
        self.successResultOf(first)
        self.failureResultOf(second, TypeError)
        self.failureResultOf(file.save(), TypeError)
        state.pop()
        third = file.save()
        reactor.advance(1.0)
        self.successResultOf(third)
        self.assertEqual(json.loads(path.read_text()), [1])
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 2)
