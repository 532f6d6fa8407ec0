"""Telling what was committed."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.boxes.events import LogEntry, NewMessage
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.updates.events import ChatChanged
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts
from trial_tests.domain.listening import Heard, listening


class Broken(Heard):
    """Fails whatever it is told."""

    def transient(self, *told: Any) -> None:
        raise RuntimeError("cannot draw that")

    def logged(self, *told: Any) -> None:
        raise RuntimeError("cannot draw that")


class FanoutTests(SynchronousTestCase):
    """``Fanout``."""

    def test_every_subscriber_in_order(self) -> None:
        """Each is told of everything, in the order in which it happened, with the device that caused it."""
        fanout, first = listening()
        second = Heard()
        fanout.subscribe(second)
        for number in range(3):
            fanout.publish([number], ChatChanged(number), 10 + number)
        expected = [((number,), ChatChanged(number), 10 + number) for number in range(3)]
        self.assertEqual((first.events, second.events), (expected, expected))

    def test_one_that_fails_stops_nobody(self) -> None:
        """What was told is committed: a subscriber's failure is logged, the others and the caller go on."""
        fanout = Fanout()
        fanout.subscribe(Broken())
        after = Heard()
        fanout.subscribe(after)
        fanout.publish([1], ChatChanged(1))
        entry = LogEntry(1, 2, 1, 3, NewMessage(1))
        fanout.deliver([entry], {})
        self.assertEqual((len(after.events), after.entries), (1, [entry]))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)


@on_every_backend
class AfterTheCommitTests(BackendTestCase):
    """What a transaction publishes."""

    async def test_only_what_was_committed(self) -> None:
        """A send is told once, when it is there; one that is refused or repeated is not."""
        database = self.open_database()
        await add_accounts(database, 1, 2)
        fanout, heard = listening()
        messages = Messages(database, fanout, Clock())
        for _ in range(2):
            await messages.send(SendRequest(1, 2, "once", 7, 100))
        self.assertEqual([(entry.owner_id, entry.pts) for entry in heard.entries], [(1, 2), (2, 2)])
        refused = messages.send(SendRequest(1, 99, "nobody", 8, 100))
        try:
            await refused
        except Exception:
            pass
        else:
            self.fail("it was not refused")
        self.assertEqual(len(heard.entries), 2)
