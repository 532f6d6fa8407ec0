"""The rules about messages over messages made by hand."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from msgspec.structs import replace

from teamgram.domain.boxes.message import Action, Extra, Forward, Message
from teamgram.domain.chats.chat import Banned
from teamgram.domain.chats.errors import ChatForbidden, ChatWriteForbidden
from teamgram.domain.contacts.relations import BlockedByPeer, PeerBlockedByOwner, Relation
from teamgram.domain.messages import rules
from teamgram.domain.messages.errors import (
    EditForbidden,
    ForwardsRestricted,
    MessageAuthorRequired,
    MessageDeleteForbidden,
    MessageEditTimeExpired,
    MessageIdInvalid,
)
from trial_tests.domain.chats.test_rights import ADMIN, KICKED, LEFT, MEMBER, OTHER, group

NOW = 1_000_000


def message(owner: int = MEMBER, sender: int = MEMBER, peer: int = -7, **fields: Any) -> Message:
    """A message in somebody's box, just sent."""
    extra = Extra(**fields)
    return Message(owner, 5, peer, 50, sender, NOW, "words", extra, out=owner == sender)


class EditTests(SynchronousTestCase):
    """``check_edits``."""

    def edit(self, message: Message, place: Any, *, at: int = NOW, is_bot: bool = False) -> None:
        rules.check_edits(message, place, at, is_bot=is_bot)

    def test_whose_words(self) -> None:
        """One's own, that one has not forwarded, and that are no service message."""
        self.edit(message(), group())
        self.assertRaises(MessageAuthorRequired, self.edit, message(sender=OTHER), group())
        self.assertRaises(MessageAuthorRequired, self.edit, message(owner=ADMIN, sender=OTHER), group())
        self.assertRaises(MessageAuthorRequired, self.edit, message(forward=Forward(1, OTHER)), group())
        self.assertRaises(MessageIdInvalid, self.edit, message(action=Action("pinMessage")), group())

    def test_where(self) -> None:
        """Where one may still write, and is heard."""
        silent = group(default_banned_rights=int(Banned.SEND_MESSAGES))
        self.assertRaises(ChatWriteForbidden, self.edit, message(), silent)
        for gone in (LEFT, KICKED):
            self.assertRaises(ChatWriteForbidden, self.edit, message(owner=gone, sender=gone), group())
        private = message(peer=OTHER)
        self.edit(private, Relation(MEMBER, OTHER))
        self.assertRaises(EditForbidden, self.edit, private, Relation(MEMBER, OTHER, is_blocked=True))
        self.assertRaises(PeerBlockedByOwner, self.edit, private, Relation(MEMBER, OTHER, has_blocked=True))
        bot = Relation(MEMBER, OTHER, is_bot=True, is_blocked=True)
        self.assertRaises(BlockedByPeer, self.edit, private, bot)

    def test_how_long(self) -> None:
        """Two days; bots and notes to oneself for ever."""
        last, late = NOW + rules.EDIT_TIME_LIMIT, NOW + rules.EDIT_TIME_LIMIT + 1
        self.edit(message(), group(), at=last)
        self.assertRaises(MessageEditTimeExpired, self.edit, message(), group(), at=late)
        self.edit(message(), group(), at=late, is_bot=True)
        self.edit(message(peer=MEMBER), Relation(MEMBER, MEMBER), at=late)


class TakingTests(SynchronousTestCase):
    """``check_deletes_for_all`` and ``check_copies``."""

    def test_deleting(self) -> None:
        """As ``rights.may_delete_for_all`` says."""
        rules.check_deletes_for_all(message(), group())
        rules.check_deletes_for_all(message(owner=ADMIN, sender=OTHER), group())
        for owner, sender in ((MEMBER, OTHER), (LEFT, LEFT), (KICKED, KICKED)):
            self.assertRaises(MessageDeleteForbidden, rules.check_deletes_for_all, message(owner, sender), group())

    def test_copying(self) -> None:
        """What is there, said by somebody, from inside, and not protected."""
        found = message(sender=OTHER)
        self.assertIs(rules.check_copies(found, 5, -7, group()), found)
        for wrong in (None, replace(found, peer=-8), message(action=Action("pinMessage"))):
            self.assertRaises(MessageIdInvalid, rules.check_copies, wrong, 5, -7, group())
        for gone in (LEFT, KICKED):
            self.assertRaises(ChatForbidden, rules.check_copies, message(owner=gone), 5, -7, group())
        self.assertRaises(ForwardsRestricted, rules.check_copies, found, 5, -7, group(noforwards=True))
        secret = message(peer=OTHER, noforwards=True)
        self.assertRaises(ForwardsRestricted, rules.check_copies, secret, 5, OTHER, None)
