"""Message identifiers and sequence numbers."""

from twisted.trial import unittest

from hypothesis import given
from hypothesis import strategies as st

from teamgram.mtproto.message_id import (
    MSG_ID_NOT_CLIENTS,
    MSG_ID_TOO_HIGH,
    MSG_ID_TOO_LOW,
    check_client_msg_id,
    next_client_msg_id,
    next_server_msg_id,
    seq_no,
)
from trial_tests.mtproto import vectors

NOW = 1_700_000_000.25


class MessageIdTests(unittest.SynchronousTestCase):
    """msg_id by the rules of "Message Identifier"."""

    def test_the_examples_ids_fit(self) -> None:
        """The page's client id is accepted at its time, and its server's id has an answer's remainder."""
        self.assertEqual(check_client_msg_id(vectors.REQ_PQ_MULTI_MSG_ID, vectors.SERVER_TIME), 0)
        self.assertEqual(vectors.RES_PQ_MSG_ID % 4, 1)

    def test_a_msg_id_is_about_the_time_in_units_of_two_to_minus_32(self) -> None:
        """The upper half is the unix time."""
        self.assertEqual(next_server_msg_id(NOW, 0, response=True) >> 32, int(NOW))

    @given(st.lists(st.tuples(st.floats(0, 2**31 - 2, allow_nan=False), st.booleans()), max_size=30))
    def test_they_only_grow_and_keep_their_remainder(self, steps: list[tuple[float, bool]]) -> None:
        """Whatever the clock does, also when it goes back."""
        last = 0
        for now, response in steps:
            msg_id = next_server_msg_id(now, last, response=response)
            self.assertGreater(msg_id, last)
            self.assertEqual(msg_id % 4, 1 if response else 3)
            last = msg_id

    def test_clients_ids_divide_by_four_and_grow(self) -> None:
        """Also within one instant."""
        first = next_client_msg_id(NOW, 0)
        second = next_client_msg_id(NOW, first)
        self.assertEqual((first % 4, second % 4), (0, 0))
        self.assertGreater(second, first)

    def test_the_window_is_300_seconds_back_and_30_ahead(self) -> None:
        """A client's msg_id outside of it gets the code for its side."""
        for offset, code in ((0, 0), (-299, 0), (-301, MSG_ID_TOO_LOW), (29, 0), (31, MSG_ID_TOO_HIGH)):
            self.assertEqual(check_client_msg_id(next_client_msg_id(NOW + offset, 0), NOW), code, offset)

    def test_a_servers_id_is_refused_from_a_client(self) -> None:
        """Remainders 1, 2 and 3 get code 18."""
        for remainder in (1, 2, 3):
            self.assertEqual(check_client_msg_id(next_client_msg_id(NOW, 0) + remainder, NOW), MSG_ID_NOT_CLIENTS)


class SequenceNumberTests(unittest.SynchronousTestCase):
    """msg_seqno."""

    def test_it_is_twice_the_content_related_ones_before(self) -> None:
        """Odd for a content-related message, even for others."""
        self.assertEqual([seq_no(n, content_related=True) for n in range(3)], [1, 3, 5])
        self.assertEqual([seq_no(n, content_related=False) for n in range(3)], [0, 2, 4])
