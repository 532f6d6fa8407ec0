"""Basic groups in a database: what is stored, remembered, and told to whom."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.cache.bus import MemoryBus
from teamgram.domain.boxes.message import Action
from teamgram.domain.chats.chat import MAX_PARTICIPANTS, Role, Standing
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.chats.errors import (
    ChatNotModified,
    ChatTitleEmpty,
    UsersTooMany,
)
from teamgram.domain.contacts.relations import PeerDeactivated
from teamgram.domain.updates.events import ChatParticipantRemoved
from teamgram.domain.users.user import SERVICE_USER_ID, UserNotFound
from teamgram.domain.users.users import Users
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts
from trial_tests.domain.listening import Heard, listening

ANNA, BORIS, CLARA, DORA = 1, 2, 3, 4
NOW = 1_700_000_000


class ChatsTestCase(BackendTestCase):
    """Four people, and the groups of a database."""

    async def chats(self) -> tuple[Chats, Heard]:
        self.database = self.open_database()
        await add_accounts(self.database, ANNA, BORIS, CLARA, DORA)
        fanout, heard = listening()
        return Chats(self.database, fanout), heard

    async def refused(self, coroutine: Any, error: type[Exception]) -> None:
        """Whether it is."""
        await self.assertFailure(Deferred.fromCoroutine(coroutine), error)


@on_every_backend
class ChatsTests(ChatsTestCase):
    """``Chats``."""

    async def test_founding(self) -> None:
        """The creator, those who come along, and a service message in everybody's box."""
        chats, heard = await self.chats()
        created = await chats.create(Actor(ANNA, NOW), [BORIS, BORIS, ANNA, CLARA], "  A   group ")
        chat = await chats.of_member(ANNA, created.chat_id)
        self.assertEqual((chat.title, chat.members, chat.creator_id), ("A group", [ANNA, BORIS, CLARA], ANNA))
        self.assertEqual({p.user_id: p.role for p in chat.participants.values()}[ANNA], Role.CREATOR)
        self.assertEqual([entry.owner_id for entry in heard.entries], [ANNA, BORIS, CLARA])
        (message,) = created.change.messages.values()
        self.assertEqual(message.extra.action, Action("chatCreate", "A group", (BORIS, CLARA)))

    async def test_alone(self) -> None:
        """With nobody, or only oneself, it is a group of one; TDLib makes such."""
        chats, _ = await self.chats()
        for user_ids in ([], [ANNA]):
            created = await chats.create(Actor(ANNA, NOW), user_ids, "Mine")
            self.assertEqual((await chats.of_member(ANNA, created.chat_id)).members, [ANNA])
            (message,) = created.change.messages.values()
            self.assertEqual(message.extra.action, Action("chatCreate", "Mine", ()))

    async def test_what_is_no_group(self) -> None:
        """Too many, no title, somebody who is not there, the service account, a deleted one."""
        chats, heard = await self.chats()
        await Users(self.database, MemoryBus()).delete(DORA)
        for user_ids, title, error in (
            (list(range(2, MAX_PARTICIPANTS + 2)), "x", UsersTooMany),
            ([BORIS], " ", ChatTitleEmpty),
            ([BORIS, 99], "x", UserNotFound),
            ([BORIS, SERVICE_USER_ID], "x", UserNotFound),
            ([BORIS, DORA], "x", PeerDeactivated),
        ):
            await self.refused(chats.create(Actor(ANNA, NOW), user_ids, title), error)
        self.assertEqual(heard.entries, [])

    async def test_memory_follows_the_database(self) -> None:
        """Every change is seen at once; the version grows with what happens to its participants."""
        chats, _ = await self.chats()
        chat_id = (await chats.create(Actor(ANNA, NOW), [BORIS], "x")).chat_id
        version = (await chats.of_member(ANNA, chat_id)).version
        await chats.add_user(Actor(BORIS, NOW), chat_id, CLARA)
        await chats.set_admin(Actor(ANNA, NOW), chat_id, BORIS, True)
        await chats.set_default_banned_rights(Actor(ANNA, NOW), chat_id, 2)
        await self.refused(chats.set_default_banned_rights(Actor(ANNA, NOW), chat_id, 2), ChatNotModified)
        chat = await chats.of_member(ANNA, chat_id)
        self.assertEqual((chat.version, chat.is_admin(BORIS), chat.default_banned_rights), (version + 2, True, 2))
        self.assertEqual(chat, (await Chats(self.database, listening()[0]).get([chat_id]))[chat_id])

    async def test_who_goes_hears_of_it_once_more(self) -> None:
        """The service message reaches who is put out, the event those who stay; their role is gone with them."""
        chats, heard = await self.chats()
        chat_id = (await chats.create(Actor(ANNA, NOW), [BORIS, CLARA], "x")).chat_id
        await chats.set_admin(Actor(ANNA, NOW), chat_id, BORIS, True)
        heard.entries.clear()
        heard.take()
        await chats.remove_user(Actor(ANNA, NOW, 55), chat_id, BORIS)
        self.assertEqual([entry.owner_id for entry in heard.entries], [ANNA, BORIS, CLARA])
        ((told, event, _),) = heard.take()
        self.assertEqual((sorted(told), type(event)), ([ANNA, CLARA], ChatParticipantRemoved))
        gone = (await chats.of_member(BORIS, chat_id)).participants[BORIS]
        self.assertEqual((gone.standing, gone.role), (Standing.REMOVED, Role.MEMBER))
        self.assertEqual((await chats.ids_of(BORIS), await chats.ids_of(CLARA)), ([], [chat_id]))
        self.assertEqual(await chats.common(ANNA, BORIS, 0, 10), [])
