"""Phone numbers and usernames."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.ids.phone import PhoneNumberInvalid, normalize_phone
from teamgram.domain.ids.username import UsernameInvalid, check_username, username_key


class PhoneTests(SynchronousTestCase):
    """One form for every way to write a number."""

    def test_ways_to_write_one_number(self) -> None:
        """Signs and spaces between digits do not count."""
        for written in (
            "+15550100001",
            "15550100001",
            "+1 (555) 010-0001",
            " +1.555.010.0001 ",
            "1/555/0100001",
            "0015550100001",
            "00 1 555 010 0001",
            "\u202a+1\u00a0555\u202f010\u20110001\u202c",
            "\u200e+1 555\u2009010\u20130001\u200f",
            "+\u0661 \u0665\u0665\u0665 \u0660\u0661\u0660 \u0660\u0660\u0660\u0661",
            "\uff0b\uff11\uff08\uff15\uff15\uff15\uff09\uff10\uff11\uff10\uff0d\uff10\uff10\uff10\uff11",
        ):
            self.assertEqual(normalize_phone(written), "15550100001", written)

    def test_what_is_no_number(self) -> None:
        """Letters, what only looks like a digit, national form, too short, too long."""
        for written in (
            "",
            "+",
            "1234",
            "0155501000",
            "1" * 16,
            "+1555a",
            "1555010000\u00b2",
            "+00 155501000",
            "000155501000",
            "1555\n01000",
            "1+5550100001",
            "1 " * 100,
        ):
            with self.assertRaises(PhoneNumberInvalid, msg=written):
                normalize_phone(written)


class UsernameTests(SynchronousTestCase):
    """What may be a username."""

    def test_shapes(self) -> None:
        """5 to 32 of a-z, 0-9 and _; a letter first; no __; no _ at the end."""
        for good in ("abcde", "A_b_c_1", "a" * 32, "user12345"):
            self.assertEqual(check_username(good), good)
        for bad in ("abcd", "a" * 33, "1abcd", "_abcd", "abcd_", "ab__cd", "ab cd", "ab-cd", "абвгд", "abcde\n"):
            with self.assertRaises(UsernameInvalid, msg=bad):
                check_username(bad)

    def test_case_does_not_count(self) -> None:
        """Two spellings are the same name."""
        self.assertEqual(username_key("@Ada_L"), username_key("aDA_l"))
