"""What stands between two people: the rules over facts made by hand, and the facts out of a database."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.cache.bus import MemoryBus
from teamgram.domain.contacts import relations
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.relations import (
    BlockedByPeer,
    PeerBlockedByOwner,
    PeerDeactivated,
    PeerIsBot,
    Relation,
    relation_txn,
    relations_txn,
)
from teamgram.domain.users.user import UserNotFound
from teamgram.domain.users.users import Users
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts

ANNA, BORIS, ROBOT, OTHER_ROBOT = 1, 2, 3, 4


class RuleTests(SynchronousTestCase):
    """The pure part."""

    def test_writing(self) -> None:
        """A person is heard or not, and is not told; a bot is told; nobody writes to whom they blocked."""
        self.assertIs(relations.check_writes(Relation(ANNA, BORIS)), True)
        self.assertIs(relations.check_writes(Relation(ANNA, BORIS, is_blocked=True)), False)
        self.assertIs(relations.check_writes(Relation(ANNA, ROBOT, other_is_bot=True)), True)
        self.assertIs(relations.check_writes(Relation(ROBOT, ANNA, is_bot=True)), True)
        for relation, error in (
            (Relation(ANNA, BORIS, has_blocked=True), PeerBlockedByOwner),
            (Relation(ANNA, BORIS, has_blocked=True, is_blocked=True), PeerBlockedByOwner),
            (Relation(ANNA, BORIS, other_is_deleted=True), PeerDeactivated),
            (Relation(ROBOT, ANNA, is_bot=True, is_blocked=True), BlockedByPeer),
            (Relation(ROBOT, OTHER_ROBOT, is_bot=True, other_is_bot=True), PeerIsBot),
        ):
            self.assertRaises(error, relations.check_writes, relation)

    def test_to_oneself(self) -> None:
        """Saved Messages take everything, a bot's as well."""
        self.assertIs(relations.check_writes(Relation(ROBOT, ROBOT, is_bot=True, other_is_bot=True)), True)

    def test_what_is_no_writing(self) -> None:
        """Nothing passes a block in either direction, but who has blocked takes their words back."""
        for has_blocked, is_blocked, reaches, takes_back in (
            (False, False, True, True),
            (True, False, False, True),
            (False, True, False, False),
            (True, True, False, False),
        ):
            relation = Relation(ANNA, BORIS, has_blocked=has_blocked, is_blocked=is_blocked)
            self.assertIs(relations.reaches(relation), reaches)
            self.assertIs(relations.takes_back(relation), takes_back)


@on_every_backend
class FactTests(BackendTestCase):
    """``relation_txn`` and ``relations_txn``."""

    async def test_blocks_and_kinds(self) -> None:
        """Each direction is its own, and both functions see the same."""
        database = self.open_database()
        await add_accounts(database, ANNA, BORIS, ROBOT, bots=(ROBOT,))
        contacts = Contacts(database, MemoryBus())
        await contacts.block(ANNA, BORIS, 1)
        await contacts.block(ROBOT, ANNA, 1)
        await Users(database, MemoryBus()).delete(BORIS)
        expected = {
            (ANNA, BORIS): Relation(ANNA, BORIS, other_is_deleted=True, has_blocked=True),
            (BORIS, ANNA): Relation(BORIS, ANNA, is_blocked=True),
            (ANNA, ROBOT): Relation(ANNA, ROBOT, other_is_bot=True, is_blocked=True),
            (ROBOT, ANNA): Relation(ROBOT, ANNA, is_bot=True, has_blocked=True),
            (ROBOT, BORIS): Relation(ROBOT, BORIS, is_bot=True, other_is_deleted=True),
            (ANNA, ANNA): Relation(ANNA, ANNA),
        }
        for (user_id, other_id), relation in expected.items():
            self.assertEqual(await database.read("relation", relation_txn, user_id, other_id), relation)
            if user_id != other_id:
                many = await database.read("relations", relations_txn, user_id, [other_id, 99])
                self.assertEqual(many, {other_id: relation})

    async def test_nobody(self) -> None:
        """An id that nobody has is refused, on either side."""
        database = self.open_database()
        await add_accounts(database, ANNA)
        for pair in ((ANNA, 99), (99, ANNA)):
            await self.assertFailure(database.read("relation", relation_txn, *pair), UserNotFound)
