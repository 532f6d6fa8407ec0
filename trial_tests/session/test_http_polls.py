"""HTTP requests of a session: which is answered when."""

from twisted.trial import unittest

from teamgram.interfaces.session import ConnRef
from teamgram.session.http_polls import DEFAULT_MAX_WAIT, MAX_WAITING, HttpPolls

A, B = ConnRef("g", 1), ConnRef("g", 2)


class HttpPollsTests(unittest.SynchronousTestCase):
    """``take`` gives the connection whose response is due, ``next_timer`` says when to ask again."""

    def test_a_message_leaves_at_once(self) -> None:
        """Without ``http_wait``, a request that asked nothing is answered with the first message."""
        polls = HttpPolls()
        polls.arrived(A, 0.0)
        self.assertIsNone(polls.take(1.0))
        polls.queued(1, 1.0)
        self.assertEqual(polls.take(1.0), A)

    def test_nothing_to_say(self) -> None:
        """After ``max_wait`` the response is empty."""
        polls = HttpPolls()
        polls.arrived(A, 0.0)
        self.assertEqual(polls.next_timer(), DEFAULT_MAX_WAIT / 1000)
        self.assertIsNone(polls.take(DEFAULT_MAX_WAIT / 1000 - 0.1))
        self.assertEqual(polls.take(DEFAULT_MAX_WAIT / 1000), A)

    def test_http_wait_gathers(self) -> None:
        """``wait_after`` starts anew with each message, ``max_delay`` does not."""
        polls = HttpPolls()
        polls.arrived(A, 0.0)
        polls.wait(max_delay=500, wait_after=250, max_wait=3000)
        polls.queued(1, 1.0)
        self.assertEqual(polls.next_timer(), 1.25)
        polls.queued(2, 1.0625)
        polls.queued(3, 1.125)
        self.assertEqual(polls.next_timer(), 1.375)
        polls.queued(4, 1.4375)
        self.assertEqual(polls.next_timer(), 1.5)
        self.assertEqual(polls.take(1.5), A)

    def test_a_call_keeps_its_request_for_its_answer(self) -> None:
        """``new_session_created`` alone does not use up the only request that can carry the answer."""
        polls = HttpPolls()
        polls.arrived(A, 0.0)
        polls.asks(7)
        polls.queued(1, 0.0)
        polls.settle(lambda msg_id: False)
        self.assertIsNone(polls.take(0.0))
        polls.queued(2, 0.5)
        polls.settle(lambda msg_id: True)
        self.assertEqual(polls.take(0.5), A)

    def test_an_answered_call_lets_a_later_one_wait(self) -> None:
        """The request whose call is answered first carries the answer, whichever came first."""
        polls = HttpPolls()
        for conn, msg_id in ((A, 7), (B, 11)):
            polls.arrived(conn, 0.0)
            polls.asks(msg_id)
        polls.settle(lambda msg_id: msg_id == 11)
        polls.queued(1, 1.0)
        self.assertEqual(polls.take(1.0), B)
        polls.queued(0, 1.0)
        self.assertIsNone(polls.take(1.0))

    def test_an_answer_that_left_otherwise(self) -> None:
        """Pipelined requests are not blocked by one whose answer another response carried."""
        polls = HttpPolls()
        for conn, msg_id in ((A, 7), (B, 11)):
            polls.arrived(conn, 0.0)
            polls.asks(msg_id)
        polls.settle(lambda msg_id: True)
        polls.queued(2, 1.0)
        self.assertEqual(polls.take(1.0), A)
        polls.queued(0, 1.0)
        self.assertEqual(polls.take(1.0), B)

    def test_too_many_wait(self) -> None:
        """One more than ``MAX_WAITING`` and the oldest is answered, whatever it asked."""
        polls = HttpPolls()
        for number in range(MAX_WAITING + 1):
            polls.arrived(ConnRef("g", number), 0.0)
            polls.asks(number)
        self.assertEqual(polls.take(0.0), ConnRef("g", 0))
        self.assertIsNone(polls.take(0.0))
