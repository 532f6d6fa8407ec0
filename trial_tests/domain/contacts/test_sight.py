"""What one user sees of another."""

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.contacts.book import AddressBook, Contact
from teamgram.domain.contacts.sight import Seen, are_strangers, last_seen, sees, shows
from teamgram.domain.privacy.rules import Rule, RuleKind

VIEWER, USER = 1, 2
KEY = "StatusTimestamp"
NOBODY = {KEY: (Rule(RuleKind.DISALLOW_ALL),)}
CONTACTS = {KEY: (Rule(RuleKind.ALLOW_CONTACTS),)}
FRIENDS = {KEY: (Rule(RuleKind.ALLOW_CLOSE_FRIENDS),)}
BOOK = AddressBook(VIEWER, {}, frozenset(), {}, frozenset())


class SightTests(SynchronousTestCase):
    """``contacts.sight``."""

    def test_the_other_ones_rules(self) -> None:
        """Theirs is the book that says who is a contact or a close friend of theirs; a block ends it all."""
        known = replace(BOOK, added_by=frozenset({USER}))
        friend = replace(known, close_friend_of=frozenset({USER}))
        blocked = replace(friend, blocked_by=frozenset({USER}))
        mine = replace(BOOK, contacts={USER: Contact(USER, "x", is_close_friend=True)})
        for book, rules, seen in (
            (BOOK, {}, True),
            (BOOK, NOBODY, False),
            (BOOK, CONTACTS, False),
            (known, CONTACTS, True),
            (known, FRIENDS, False),
            (friend, FRIENDS, True),
            (mine, CONTACTS, False),
            (mine, FRIENDS, False),
            (blocked, {}, False),
            (blocked, FRIENDS, False),
        ):
            self.assertIs(sees(book, USER, rules, KEY), seen)
        self.assertIs(sees(BOOK, VIEWER, NOBODY, KEY), True)

    def test_ones_own_rules(self) -> None:
        """One's own book says whom one shows it; a block ends it all."""
        mine = replace(BOOK, contacts={USER: Contact(USER, "x")})
        friend = replace(BOOK, contacts={USER: Contact(USER, "x", is_close_friend=True)})
        for book, own, shown in (
            (BOOK, {}, True),
            (BOOK, NOBODY, False),
            (BOOK, CONTACTS, False),
            (mine, CONTACTS, True),
            (mine, FRIENDS, False),
            (friend, FRIENDS, True),
            (replace(BOOK, added_by=frozenset({USER})), CONTACTS, False),
            (replace(friend, blocked={USER: 1}), FRIENDS, False),
        ):
            self.assertIs(shows(book, own, USER, KEY), shown)
        self.assertIs(shows(BOOK, NOBODY, VIEWER, KEY), True)

    def test_last_seen_is_for_both_or_neither(self) -> None:
        """Who hides theirs sees the other's roughly, and is told that it is by their own doing."""
        self.assertIs(last_seen(BOOK, {}, USER, {}), Seen.EXACTLY)
        self.assertIs(last_seen(BOOK, NOBODY, USER, {}), Seen.ROUGHLY_BY_ME)
        self.assertIs(last_seen(BOOK, {}, USER, NOBODY), Seen.ROUGHLY)
        self.assertIs(last_seen(BOOK, NOBODY, USER, NOBODY), Seen.ROUGHLY)
        self.assertIs(last_seen(BOOK, NOBODY, VIEWER, NOBODY), Seen.EXACTLY)

    def test_strangers(self) -> None:
        """Anything that stands between two people, on either side, makes them no strangers."""
        self.assertTrue(are_strangers(BOOK, {}, USER, {}))
        self.assertTrue(
            are_strangers(BOOK, {"PhoneNumber": NOBODY[KEY]}, USER, {}), "their own number is not asked for"
        )
        known = {USER: Contact(USER, "x")}
        for book, own, rules in (
            (replace(BOOK, contacts=known), {}, {}),
            (replace(BOOK, added_by=frozenset({USER})), {}, {}),
            (replace(BOOK, close_friend_of=frozenset({USER})), {}, {}),
            (replace(BOOK, blocked={USER: 1}), {}, {}),
            (replace(BOOK, blocked_by=frozenset({USER})), {}, {}),
            (BOOK, NOBODY, {}),
            (BOOK, {}, NOBODY),
        ):
            self.assertFalse(are_strangers(book, own, USER, rules))
        self.assertFalse(are_strangers(BOOK, {}, VIEWER, {}))
