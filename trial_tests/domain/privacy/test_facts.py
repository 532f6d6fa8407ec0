"""Whom people let, out of a database."""

from teamgram.cache.bus import MemoryBus
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.privacy.facts import allowing_txn
from teamgram.domain.privacy.keys import CHAT_INVITE, FORWARDS, PHONE_NUMBER
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.domain.users.users import Users
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts

VIEWER, OPEN, CLOSED, KNOWS, FRIEND, BLOCKS = 1, 2, 3, 4, 5, 6


@on_every_backend
class AllowingTests(BackendTestCase):
    """``allowing_txn``."""

    async def test_each_owner_by_their_own_rules(self) -> None:
        """Their rules, their contacts, their close friends, their blocks; oneself always; each key for itself."""
        database = self.open_database()
        await add_accounts(database, VIEWER, OPEN, CLOSED, KNOWS, FRIEND, BLOCKS)
        contacts, privacy = Contacts(database, MemoryBus()), Privacy(database, MemoryBus())
        viewer = await Users(database, MemoryBus()).require(VIEWER)
        for owner in (KNOWS, FRIEND, BLOCKS):
            await contacts.add(owner, viewer, "x", "", "", 1)
        await contacts.set_close_friends(FRIEND, [VIEWER])
        await contacts.block(BLOCKS, VIEWER, 1)
        await privacy.set(CLOSED, CHAT_INVITE, [Rule(RuleKind.DISALLOW_ALL)])
        await privacy.set(VIEWER, CHAT_INVITE, [Rule(RuleKind.DISALLOW_ALL)])
        await privacy.set(KNOWS, CHAT_INVITE, [Rule(RuleKind.ALLOW_CLOSE_FRIENDS)])
        await privacy.set(FRIEND, CHAT_INVITE, [Rule(RuleKind.ALLOW_CLOSE_FRIENDS)])
        everybody = [VIEWER, OPEN, CLOSED, KNOWS, FRIEND, BLOCKS]

        async def allowing(key: str) -> set[int]:
            return await database.read("allowing", allowing_txn, key, everybody, VIEWER)

        self.assertEqual(await allowing(CHAT_INVITE), {VIEWER, OPEN, FRIEND})
        self.assertEqual(await allowing(FORWARDS), {VIEWER, OPEN, CLOSED, KNOWS, FRIEND})
        self.assertEqual(await allowing(PHONE_NUMBER), {VIEWER, KNOWS, FRIEND})
