"""The rules of basic groups over groups made by hand; every refusal has its reason."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.chats import rights
from teamgram.domain.chats.chat import Banned, Chat, Participant, Role, Standing
from teamgram.domain.chats.errors import (
    ChatAdminRequired,
    ChatForbidden,
    ChatNotFound,
    ChatWriteForbidden,
    InviteHashExpired,
    UserAlreadyParticipant,
    UserNotParticipant,
)

CREATOR, ADMIN, MEMBER, OTHER, LEFT, KICKED, STRANGER = range(1, 8)


def group(**changes: Any) -> Chat:
    """One of each; MEMBER has brought OTHER in."""
    everybody = {
        CREATOR: Participant(CREATOR, CREATOR, 1, Role.CREATOR),
        ADMIN: Participant(ADMIN, CREATOR, 1, Role.ADMIN),
        MEMBER: Participant(MEMBER, CREATOR, 1),
        OTHER: Participant(OTHER, MEMBER, 1),
        LEFT: Participant(LEFT, CREATOR, 1, standing=Standing.LEFT),
        KICKED: Participant(KICKED, CREATOR, 1, standing=Standing.REMOVED),
    }
    chat = Chat(7, "group", "", CREATOR, 1, 1, 0, False, False, everybody)
    return replace(chat, **changes)


class RightsTestCase(SynchronousTestCase):
    """Asks one rule about everybody."""

    def check(
        self, rule: Callable[..., Any], chat: Chat, allowed: set[int], refused: Mapping[int, type[Exception]]
    ) -> None:
        """``rule(chat, user)`` lets those in ``allowed`` and refuses the others as ``refused`` says."""
        for user_id in (CREATOR, ADMIN, MEMBER, LEFT, KICKED, STRANGER):
            try:
                rule(chat, user_id)
            except Exception as error:
                self.assertIs(type(error), refused.get(user_id), f"{rule} {user_id}")
            else:
                self.assertIn(user_id, allowed, f"{rule} lets {user_id}")


OUT_W = dict.fromkeys((LEFT, KICKED, STRANGER), ChatWriteForbidden)
ALL_A = dict.fromkeys((CREATOR, ADMIN, MEMBER, LEFT, KICKED, STRANGER), ChatAdminRequired)


class WritingTests(RightsTestCase):
    """Writing, looking, and what a group may forbid its members."""

    def test_who_was_never_in_it(self) -> None:
        """For a stranger the group does not exist, nor does one that is not there."""
        self.assertRaises(ChatNotFound, rights.known, group(), 7, STRANGER)
        self.assertRaises(ChatNotFound, rights.known, None, 7, MEMBER)
        self.assertEqual(rights.known(group(), 7, KICKED).id, 7)

    def test_writing(self) -> None:
        """Those who are in it write; either of two bits silences members, and administrators never."""
        self.check(rights.check_writes, group(), {CREATOR, ADMIN, MEMBER}, OUT_W)
        for bit in (Banned.SEND_MESSAGES, Banned.SEND_PLAIN):
            silent = group(default_banned_rights=int(bit))
            self.check(rights.check_writes, silent, {CREATOR, ADMIN}, {**OUT_W, MEMBER: ChatWriteForbidden})
        self.check(rights.check_writes, group(deactivated=True), set(), dict.fromkeys(ALL_A, ChatWriteForbidden))

    def test_looking(self) -> None:
        """Only from inside."""
        self.check(
            rights.check_looks,
            group(),
            {CREATOR, ADMIN, MEMBER},
            dict.fromkeys((LEFT, KICKED, STRANGER), ChatForbidden),
        )

    def test_what_a_group_may_forbid(self) -> None:
        """Each right by its own bit, and no other's."""
        for banned in (Banned.CHANGE_INFO, Banned.INVITE_USERS, Banned.PIN_MESSAGES):

            def permitted(chat: Chat, user_id: int, banned: Banned = banned) -> None:
                rights.check_permitted(chat, user_id, banned)

            self.check(permitted, group(), {CREATOR, ADMIN, MEMBER}, OUT_W)
            forbidden = group(default_banned_rights=int(banned))
            self.check(permitted, forbidden, {CREATOR, ADMIN}, {**OUT_W, MEMBER: ChatAdminRequired})
            others = group(default_banned_rights=~int(banned))
            self.check(permitted, others, {CREATOR, ADMIN, MEMBER}, OUT_W)

    def test_deleting_for_everybody(self) -> None:
        """One's own while one is in it, administrators anybody's."""
        for user_id, own, others in (
            (CREATOR, True, True),
            (ADMIN, True, True),
            (MEMBER, True, False),
            (LEFT, False, False),
            (KICKED, False, False),
            (STRANGER, False, False),
        ):
            self.assertIs(rights.may_delete_for_all(group(), user_id, user_id), own)
            self.assertIs(rights.may_delete_for_all(group(), user_id, OTHER), others)


class PeopleTests(RightsTestCase):
    """Bringing in, putting out, appointing."""

    def test_bringing_in(self) -> None:
        """Strangers and who left by members, who was put out by administrators."""
        for other in (STRANGER, LEFT):
            rights.check_brings_in(group(), MEMBER, other)
        self.assertRaises(ChatAdminRequired, rights.check_brings_in, group(), MEMBER, KICKED)
        rights.check_brings_in(group(), ADMIN, KICKED)
        self.assertRaises(UserAlreadyParticipant, rights.check_brings_in, group(), ADMIN, MEMBER)
        self.assertRaises(ChatWriteForbidden, rights.check_brings_in, group(), LEFT, STRANGER)
        forbidden = group(default_banned_rights=int(Banned.INVITE_USERS))
        self.assertRaises(ChatAdminRequired, rights.check_brings_in, forbidden, MEMBER, STRANGER)

    def test_putting_out(self) -> None:
        """Each puts out those below them; members besides whom they brought in, as long as that one is a member."""
        allowed = {
            (CREATOR, ADMIN), (CREATOR, MEMBER), (CREATOR, OTHER), (CREATOR, CREATOR),
            (ADMIN, MEMBER), (ADMIN, OTHER), (ADMIN, ADMIN),
            (MEMBER, OTHER), (MEMBER, MEMBER),
            (OTHER, OTHER),
        }  # fmt: skip
        inside = (CREATOR, ADMIN, MEMBER, OTHER)
        for user_id in inside:
            for other_id in inside:
                if (user_id, other_id) in allowed:
                    self.assertEqual(rights.check_puts_out(group(), user_id, other_id).user_id, other_id)
                else:
                    self.assertRaises(ChatAdminRequired, rights.check_puts_out, group(), user_id, other_id)
        self.assertRaises(UserNotParticipant, rights.check_puts_out, group(), CREATOR, LEFT)
        self.assertRaises(ChatWriteForbidden, rights.check_puts_out, group(), KICKED, MEMBER)

    def test_whom_one_brought_in_and_who_rose(self) -> None:
        """Having brought somebody in gives no power over an administrator or the creator."""
        for role in (Role.ADMIN, Role.CREATOR):
            chat = group()
            risen = {**chat.participants, OTHER: Participant(OTHER, MEMBER, 1, role)}
            self.assertRaises(
                ChatAdminRequired, rights.check_puts_out, replace(chat, participants=risen), MEMBER, OTHER
            )

    def test_the_creator_alone(self) -> None:
        """Appointing, protecting, closing, and seeing who has links."""
        for rule in (rights.check_protects, rights.check_closes, rights.check_sees_link_makers):
            self.check(rule, group(), {CREATOR}, ALL_A)

        def appoints(chat: Chat, user_id: int) -> None:
            rights.check_appoints(chat, user_id, OTHER)

        self.check(appoints, group(), {CREATOR}, ALL_A)
        self.assertRaises(UserNotParticipant, rights.check_appoints, group(), CREATOR, LEFT)
        # Who founded it and is out has no say.
        chat = group()
        gone = {**chat.participants, CREATOR: Participant(CREATOR, CREATOR, 1, Role.MEMBER, Standing.LEFT)}
        self.assertRaises(ChatAdminRequired, rights.check_closes, replace(chat, participants=gone), CREATOR)

    def test_administrators(self) -> None:
        """Restricting members and making links."""
        for rule in (rights.check_restricts, rights.check_makes_links):
            self.check(rule, group(), {CREATOR, ADMIN}, ALL_A)


class LinkTests(RightsTestCase):
    """Invite links."""

    def test_managing(self) -> None:
        """Administrators their own, the creator everybody's, members and those outside none, also once their own."""
        rights.check_manages_link(group(), CREATOR, ADMIN)
        rights.check_manages_link(group(), ADMIN, ADMIN)
        for user_id, admin_id in ((ADMIN, CREATOR), (MEMBER, MEMBER), (LEFT, LEFT), (KICKED, KICKED), (MEMBER, ADMIN)):
            self.assertRaises(ChatAdminRequired, rights.check_manages_link, group(), user_id, admin_id)

    def test_entering(self) -> None:
        """By a usable link, who is not in it and was not put out, while the group is there."""
        for user_id in (STRANGER, LEFT):
            rights.check_enters(group(), user_id, usable=True)
            self.assertRaises(InviteHashExpired, rights.check_enters, group(), user_id, usable=False)
            self.assertRaises(InviteHashExpired, rights.check_enters, group(deactivated=True), user_id, usable=True)
        self.assertRaises(InviteHashExpired, rights.check_enters, group(), KICKED, usable=True)
        self.assertRaises(UserAlreadyParticipant, rights.check_enters, group(), MEMBER, usable=False)


class AskedTests(SynchronousTestCase):
    """A group of which only some participants were read."""

    def test_who_was_not_asked_for(self) -> None:
        """Nobody is taken for a stranger whose part was not read, and such a group has no list of members."""
        chat = replace(
            group(), participants={MEMBER: group().participants[MEMBER]}, asked=frozenset({MEMBER, STRANGER})
        )
        self.assertIsNotNone(chat.member(MEMBER))
        self.assertIsNone(chat.participant(STRANGER))
        self.assertRaises(LookupError, chat.member, OTHER)
        self.assertRaises(LookupError, lambda: chat.members)
