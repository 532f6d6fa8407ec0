"""A walk through the whole table of who may do what, in one house: groups first, then people."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.database import Transaction
from teamgram.domain.privacy.keys import ENFORCED, WITHOUT_EFFECT
from teamgram.domain.users.user import SERVICE_USER_ID
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase
from trial_tests.bff import permission_deeds as deeds
from trial_tests.bff.permission_deeds import Cast, make_group, outcome
from trial_tests.bff.permission_table import (
    CHATS,
    DOCUMENT,
    GROUP_ROLES,
    LINKS,
    MESSAGES,
    NONE,
    OWN,
    PEER,
    PEOPLE,
    PRIVATE_ROLES,
    TABLES,
    YES,
    written,
)
from trial_tests.bff.talk_house import START, Device, House


class RulesHouse(House):
    """The domain's rules alone: most of what an agent may not call is refused before they are asked."""

    gated = False


class DocumentTests(SynchronousTestCase):
    """``docs/permissions.md``."""

    def test_it_has_the_tables_as_they_are_walked(self) -> None:
        """``python -m trial_tests.bff.permission_table`` writes them anew."""
        document = DOCUMENT.read_text()
        self.assertEqual(document, written(document))
        for name in TABLES:
            self.assertIn(f"<!-- {name} -->", document)

    def test_it_names_every_privacy_key(self) -> None:
        """Those that are kept, and why the others have no effect."""
        document = DOCUMENT.read_text()
        for key in ENFORCED:
            self.assertIn(f"`{key}`", document)
        for key, reason in WITHOUT_EFFECT.items():
            self.assertIn(f"`{key}`", document)
            self.assertIn(reason, document)


class GroupWalkTests(BackendTestCase):
    """Every role does every deed in a group of its own."""

    timeout = 300.0

    async def cast(self) -> Cast:
        house = RulesHouse(self)
        names = ("Anna", "Adam", "Max", "Olga", "Outsider")
        anna, adam, max_, olga, outsider = [await house.sign_up(name) for name in names]
        actors = {role: await house.sign_up(f"The {role}", is_bot=role == "agent") for role in GROUP_ROLES}
        actors["creator"] = anna
        actors["service"] = Device(house, await house.users.require(SERVICE_USER_ID))
        return Cast(house, anna, adam, max_, olga, outsider, actors)

    async def walk(self, rows: Any) -> None:
        cast = await self.cast()
        wrong: list[str] = []
        for row in rows:
            for role, expected in zip(GROUP_ROLES, row.outcomes, strict=True):
                group = await make_group(cast, role, cast.actors[role])
                found = await outcome(getattr(deeds, row.key)(group))
                if found != expected:
                    wrong.append(f"{row.key} as {role}: {found}, not {expected}")
        self.assertEqual(wrong, [])

    async def test_messages(self) -> None:
        """What is written, edited, deleted, pinned, read and taken elsewhere."""
        await self.walk(MESSAGES)

    async def test_messages_by_the_domain(self) -> None:
        """Who comes without a client, as agents and the control plane's ``send`` do, may just the same."""
        cast = await self.cast()
        rows = {row.key: row for row in MESSAGES}
        wrong: list[str] = []
        for key in deeds.BY_THE_DOMAIN:
            for role, expected in zip(GROUP_ROLES, rows[key].outcomes, strict=True):
                group = await make_group(cast, role, cast.actors[role])
                found = await outcome(deeds.by_the_domain(group, key))
                # Without a client nobody resolves a peer first: a stranger has no such message there.
                if found != expected and (found, expected) != ("MESSAGE_ID_INVALID", PEER):
                    wrong.append(f"{key} as {role}: {found}, not {expected}")
        self.assertEqual(wrong, [])

    async def test_chats(self) -> None:
        """The group itself, and who is in it."""
        await self.walk(CHATS)

    async def test_links(self) -> None:
        """Invite links."""
        await self.walk(LINKS)


class Pair:
    """Somebody in a role, and Boris, towards whom they act: they have written to each other before."""

    def __init__(self, house: "PeopleHouse", role: str, actor: Device, boris: Device) -> None:
        self.house, self.role, self.actor, self.boris = house, role, actor, boris
        self.peer = actor.peer(boris)
        self.mine = self.his = 0

    async def heard(self, query: Any) -> str:
        """Call it as the actor; whether Boris hears of it."""
        await self.boris.take()
        await self.actor.call(query)
        return YES if await self.boris.take() else OWN

    # The deeds, by the keys of the table.

    async def send(self) -> str:
        if self.role == "service":
            await self.boris.take()
            await self.house.domain.service_messages.send(self.boris.user.id, "from the server")
            return YES if await self.boris.take() else OWN
        query = tl.messages.sendMessage(peer=self.peer, message="words", random_id=next(self.house.keys))
        return await self.heard(query)

    async def forward(self) -> str:
        ids = {"id": [self.mine], "random_id": [next(self.house.keys)]}
        return await self.heard(tl.messages.forwardMessages(from_peer=self.peer, to_peer=self.peer, **ids))

    async def edit(self) -> str:
        return await self.heard(tl.messages.editMessage(peer=self.peer, id=self.mine, message="other words"))

    async def react(self) -> str:
        reaction = [tl.reactionEmoji(emoticon="👍")]
        return await self.heard(tl.messages.sendReaction(peer=self.peer, msg_id=self.his, reaction=reaction))

    async def pin(self) -> str:
        return await self.heard(tl.messages.updatePinnedMessage(peer=self.peer, id=self.his))

    async def pin_own(self) -> str:
        return await self.heard(tl.messages.updatePinnedMessage(peer=self.peer, id=self.his, pm_oneside=True))

    async def unpin_all(self) -> str:
        # Boris has pinned it for both, before any block.
        return await self.heard(tl.messages.unpinAllMessages(peer=self.peer))

    async def typing(self) -> str:
        return await self.heard(tl.messages.setTyping(peer=self.peer, action=tl.sendMessageTypingAction()))

    async def read(self) -> str:
        return await self.heard(tl.messages.readHistory(peer=self.peer, max_id=0))

    async def delete(self) -> str:
        return await self.heard(tl.messages.deleteMessages(id=[self.his], revoke=True))

    async def clear(self) -> str:
        return await self.heard(tl.messages.deleteHistory(peer=self.peer, max_id=0, revoke=True))

    async def when_read(self) -> str:
        await self.actor.call(tl.messages.getOutboxReadDate(peer=self.peer, msg_id=self.mine))
        return YES

    async def last_seen(self) -> str:
        (user,), _ = await self.house.shared.peers(self.actor.user.id, {self.boris.user.id})
        return YES if user.status.NAME == "userStatusOffline" else NONE

    async def phone(self) -> str:
        (user,), _ = await self.house.shared.peers(self.actor.user.id, {self.boris.user.id})
        return YES if user.phone else NONE

    async def add(self) -> str:
        created = await self.house.domain.chats.create(
            self.house.shared.actor(self.actor.caller), [self.house.witness.user.id], "x"
        )
        user = self.actor.input_user(self.boris)
        return await self.heard(tl.messages.addChatUser(chat_id=created.chat_id, user_id=user, fwd_limit=0))

    async def found(self) -> str:
        users = [self.actor.input_user(self.boris), self.actor.input_user(self.house.witness)]
        return await self.heard(tl.messages.createChat(users=users, title="x"))

    async def to_bot(self) -> str:
        await self.actor.send(self.actor.peer(self.house.robot), "hello")
        return YES

    async def to_gone(self) -> str:
        await self.actor.send(self.actor.peer(self.house.gone), "hello")
        return YES


class PeopleHouse(RulesHouse):
    """A house with a witness, a bot and somebody who is gone."""

    witness: Device
    robot: Device
    gone: Device

    async def furnish(self) -> None:
        """They move in, and one of them out."""
        self.witness = await self.sign_up("Witness")
        self.robot = await self.sign_up("Robot", is_bot=True)
        self.gone = await self.sign_up("Gone")
        await self.users.delete(self.gone.user.id)


def _seen_txn(txn: Transaction, user_id: int) -> None:
    txn.upsert("last_seen", {"user_id": user_id}, {"seen_at": START - 10})


class PeopleWalkTests(BackendTestCase):
    """Every role does every deed to somebody."""

    timeout = 300.0

    async def pair(self, house: PeopleHouse, role: str) -> Pair:
        boris = await house.sign_up("Boris")
        await house.database.write("seen", _seen_txn, boris.user.id)
        if role == "service":
            return Pair(house, role, Device(house, await house.users.require(SERVICE_USER_ID)), boris)
        actor = await house.sign_up(f"The {role}", is_bot="agent" in role)
        pair = Pair(house, role, actor, boris)
        await actor.send(pair.peer, "mine")
        await boris.send(boris.peer(actor), "his")
        pair.his, pair.mine = (message.id for message in (await actor.history(pair.peer)).messages)
        at_boris = (await boris.history(boris.peer(actor))).messages
        await boris.call(tl.messages.readHistory(peer=boris.peer(actor), max_id=0))
        await boris.call(tl.messages.updatePinnedMessage(peer=boris.peer(actor), id=at_boris[1].id))
        if role == "contact":
            await house.contacts.add(boris.user.id, actor.user, "Known", "", "", 1)
        if role.startswith("blocked"):
            await house.contacts.block(boris.user.id, actor.user.id, 1)
        if role == "blocking":
            await house.contacts.block(actor.user.id, boris.user.id, 1)
        await boris.take()
        return pair

    async def test_people(self) -> None:
        """What reaches whom, what is seen of whom, and what is refused how."""
        house = PeopleHouse(self)
        await house.furnish()
        wrong: list[str] = []
        for row in PEOPLE:
            for role, expected in zip(PRIVATE_ROLES, row.outcomes, strict=True):
                if expected == NONE and role == "service":
                    continue  # there is no road on which it could
                pair = await self.pair(house, role)
                found = await outcome(getattr(pair, row.key)())
                if found != expected:
                    wrong.append(f"{row.key} as {role}: {found}, not {expected}")
        self.assertEqual(wrong, [])
