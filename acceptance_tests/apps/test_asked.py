"""What counts as bad manners, and what does not."""

from twisted.trial.unittest import SynchronousTestCase

from acceptance_tests.apps.asked import RESTARTED, RETURNING, WINDOW, Asked, refused_often, repeated, unreadable


def asked(
    at: float, query: str = "help.getConfig()", answer: str = "config()", key: int = 1, session: int = 1
) -> Asked:
    """One request."""
    return Asked(at, key, "1.0", query.partition("(")[0], query, answer, session)


class AskedTests(SynchronousTestCase):
    """Lists of requests."""

    def test_a_loop_is_seen(self) -> None:
        """Four times the same in a short time; not three, not of two, not with other arguments, not slowly."""
        self.assertEqual(repeated(asked(at / 10) for at in range(4)), ["help.getConfig()"])
        self.assertEqual(repeated(asked(at / 10) for at in range(3)), [])
        self.assertEqual(repeated(asked(at / 10, key=at % 2) for at in range(6)), [])
        self.assertEqual(repeated(asked(at / 10, session=at % 2) for at in range(6)), [])
        self.assertEqual(repeated(asked(at / 10, f"users.getUsers({at})") for at in range(4)), [])
        self.assertEqual(repeated(asked(at * WINDOW / 2) for at in range(9)), [])

    def test_coming_back_is_no_loop(self) -> None:
        """What was not answered is asked again after a restart, for a while."""
        again = [Asked(3, 0, "", RESTARTED, "", ""), *(asked(3 + at / 10) for at in range(9))]
        self.assertEqual(repeated(again), [])
        self.assertEqual(len(repeated([*again, *(asked(3 + RETURNING + at / 10) for at in range(4))])), 1)

    def test_a_slow_loop_over_a_refusal_is_seen(self) -> None:
        """However slowly it asks again for what it is refused; what it gets it may ask for as often as pages open."""
        self.assertEqual(len(refused_often(asked(at * 60, answer="error 400 NAME") for at in range(4))), 1)
        self.assertEqual(refused_often(asked(at * 60, answer="error 400 NAME") for at in range(3)), [])
        self.assertEqual(refused_often(asked(at * 60) for at in range(9)), [])

    def test_what_is_not_of_the_schema_is_seen(self) -> None:
        """In the request or in the answer."""
        self.assertEqual(len(unreadable([asked(0), asked(1, answer="unreadable: end of data")])), 1)
