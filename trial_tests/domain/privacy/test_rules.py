"""How privacy rules are read."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.privacy.rules import Rule, RuleKind, allows

K = RuleKind


class AllowsTests(SynchronousTestCase):
    """The narrower rule wins, whatever the order."""

    def may(self, *rules: Rule, viewer: int = 7, contact: bool = False, friend: bool = False) -> bool:
        return allows({"X": rules}, "X", viewer, is_contact=contact, is_close_friend=friend)

    def test_named_users_before_everything(self) -> None:
        """Exceptions hold for who is named, in both directions."""
        but = (Rule(K.ALLOW_ALL), Rule(K.DISALLOW_USERS, (7,)))
        self.assertFalse(self.may(*but, contact=True))
        self.assertTrue(self.may(*but, viewer=8))
        only = (Rule(K.DISALLOW_ALL), Rule(K.ALLOW_USERS, (7,)))
        self.assertTrue(self.may(*only))
        self.assertFalse(self.may(*only, viewer=8))

    def test_contacts_before_everybody(self) -> None:
        """Contacts may, or may not, what others do not, or do."""
        self.assertTrue(self.may(Rule(K.ALLOW_CONTACTS), Rule(K.DISALLOW_ALL), contact=True))
        self.assertFalse(self.may(Rule(K.ALLOW_CONTACTS), Rule(K.DISALLOW_ALL)))
        self.assertFalse(self.may(Rule(K.DISALLOW_CONTACTS), Rule(K.ALLOW_ALL), contact=True))
        self.assertTrue(self.may(Rule(K.DISALLOW_CONTACTS), Rule(K.ALLOW_ALL)))
        self.assertTrue(self.may(Rule(K.ALLOW_CLOSE_FRIENDS), Rule(K.DISALLOW_ALL), contact=True, friend=True))

    def test_nothing_said_is_no(self) -> None:
        """An empty rule set allows nobody."""
        self.assertFalse(self.may())

    def test_defaults(self) -> None:
        """Numbers are for contacts, the rest for everybody."""
        self.assertFalse(allows({}, "PhoneNumber", 7, is_contact=False))
        self.assertTrue(allows({}, "PhoneNumber", 7, is_contact=True))
        self.assertTrue(allows({}, "StatusTimestamp", 7, is_contact=False))
