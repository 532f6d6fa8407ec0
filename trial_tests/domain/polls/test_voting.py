"""Rules of votes, and of ticking off, over values alone."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.boxes.poll import UNASKED, Poll, PollAnswer, PollState, Todo, TodoItem, shows_results
from teamgram.domain.polls.errors import OptionInvalid, OptionsTooMany, TodoNotModified
from teamgram.domain.polls.todo_lists import ticked
from teamgram.domain.polls.voting import after_vote, chosen, is_over

POLL = Poll(1, 10, "Which?", (PollAnswer("A", b"a"), PollAnswer("B", b"b"), PollAnswer("C", b"c")), multiple=True)
ONE = Poll(1, 10, "Which?", POLL.answers, close_date=100)


class VotingTests(SynchronousTestCase):
    """Choices as bits, and what they add up to."""

    def test_choices(self) -> None:
        """Named by their options, each once."""
        self.assertEqual(chosen(POLL, []), 0)
        self.assertEqual(chosen(POLL, [b"c", b"a", b"a"]), 0b101)
        self.assertRaises(OptionInvalid, chosen, POLL, [b"d"])
        self.assertRaises(OptionsTooMany, chosen, ONE, [b"a", b"b"])

    def test_counts(self) -> None:
        """What is added and taken back leaves nothing."""
        state = after_vote(POLL, UNASKED, 0, 0b101)
        self.assertEqual((state.counts, state.voters), ((1, 0, 1), 1))
        state = after_vote(POLL, state, 0b101, 0b110)
        self.assertEqual((state.counts, state.voters), ((0, 1, 1), 1))
        state = after_vote(POLL, state, 0b110, 0)
        self.assertEqual((state.counts, state.voters), ((0, 0, 0), 0))

    def test_over(self) -> None:
        """When it is closed, and from its time on."""
        self.assertFalse(is_over(POLL, UNASKED, 1 << 40))
        self.assertTrue(is_over(POLL, PollState(closed=True), 1))
        self.assertEqual([is_over(ONE, UNASKED, now) for now in (99, 100)], [False, True])

    def test_who_sees_how_it_stands(self) -> None:
        """Voters, unless it is kept from all; in the end everybody."""
        voted, closed = PollState(choices=1), PollState(closed=True)
        self.assertEqual([shows_results(POLL, state) for state in (UNASKED, voted, closed)], [False, True, True])
        hiding = Poll(1, 10, "Which?", POLL.answers, hides_results=True)
        self.assertEqual([shows_results(hiding, state) for state in (UNASKED, voted, closed)], [False, False, True])


class TickingTests(SynchronousTestCase):
    """What is done and what is not."""

    def test_both_at_once(self) -> None:
        """What is done already is not done again, and what is not cannot be taken back."""
        todo = Todo("To do", (TodoItem(1, "a"), TodoItem(2, "b"), TodoItem(3, "c")))
        todo, action = ticked(todo, 10, [1, 2, 2], [3], 5)
        self.assertEqual((action.done, action.undone), ((1, 2), ()))
        todo, action = ticked(todo, 11, [2, 3], [1], 6)
        self.assertEqual((action.done, action.undone), ((3,), (1,)))
        self.assertEqual([(one.id, one.user_id, one.date) for one in todo.done], [(2, 10, 5), (3, 11, 6)])
        self.assertRaises(TodoNotModified, ticked, todo, 10, [3], [1], 7)
        self.assertRaises(OptionInvalid, ticked, todo, 10, [4], [], 7)
