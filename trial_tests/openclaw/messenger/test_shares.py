"""One stranger, however many groups they make, keeps neither the owner nor anybody else waiting."""

import os
from typing import Any

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.users.user import User
from teamgram.openclaw.messenger.owners import FILE, Owners, OwnersFile, configured_ids
from trial_tests.openclaw.live import temporary_directory
from trial_tests.openclaw.messenger.messenger import MessengerTestCase


class ShareTests(MessengerTestCase):
    """Eight runs at once may be, and one stranger asks for more of them."""

    async def flood(self, text: str, count: int = 10) -> User:
        """A stranger who asks that in so many groups."""
        mallory = await self.person(1, "Mallory")
        for number in range(count):
            group = await self.group(mallory, title=f"group {number}")
            await self.write_to(group, f"@main_bot {text}", mallory)
        await self.until(lambda: self.agents.parts.runs.active() == count)
        return mallory

    async def asked(self, sender: User) -> float:
        """How long somebody waits for an answer."""
        begun = float(reactor.seconds())
        await self.write("hello", sender=sender)

        async def answered() -> bool:
            return (False, "hello") in await self.box(self.bot, sender)

        await self.until(answered, 5.0)
        return float(reactor.seconds()) - begun

    def begun(self) -> int:
        """Runs that ask a model now, or wait for their next attempt."""
        return sum(lane.active is not None and lane.active.started_at > 0 for lane in self.lanes.values())

    @property
    def lanes(self) -> dict[str, Any]:
        """The sessions' lanes."""
        return self.agents.parts.lanes._lanes

    async def stop_all(self) -> None:
        """So that the test ends at once."""
        await self.agents.parts.lanes.shutdown()

    async def test_many_groups(self) -> None:
        """Somebody else is answered at once, and the stranger has a share only."""
        await self.flood("chunks=500 delay=0.1")
        bob = await self.person(2, "Bob")
        self.assertLess(await self.asked(bob), 2.0)

        async def only_the_share() -> bool:
            return self.begun() == 2

        # The answer is there a moment before Bob's own run has ended.
        await self.until(only_the_share, 5.0)
        await self.stop_all()

    async def test_provider_that_refuses(self) -> None:
        """Runs that wait for their next attempt hold nothing: all have been begun, and others are answered at once."""
        await self.flood("FAIL500")
        await self.until(lambda: self.begun() == 8)
        bob = await self.person(2, "Bob")
        self.assertLess(await self.asked(bob), 2.0)
        self.assertLess(await self.asked(self.ann), 2.0)
        await self.stop_all()

    async def test_owner_has_a_lane(self) -> None:
        """Strangers who together take everything that is for them do not keep the owner waiting."""
        (self.directory / "openclaw" / FILE).unlink(missing_ok=True)
        for number in range(10, 16):
            person = await self.person(number, "Mallory")
            group = await self.group(person)
            await self.write_to(self.bot, "chunks=500 delay=0.1", person)
            await self.write_to(group, "@main_bot chunks=500 delay=0.1", person)
        await self.until(lambda: self.begun() == 8)
        await self.write("hello")
        await self.quiet_for(0.5)
        self.assertEqual(await self.box(), [(True, "hello")], "nobody is an owner until the operator says so")
        # While it runs, by the file that ``teamgram owners`` writes, and by the configuration.
        OwnersFile(self.directory / "openclaw").add(self.ann.id)
        await self.write("it is me", 2)

        async def answered() -> bool:
            said = [text for out, text in await self.box() if not out]
            return any("it is me" in text or "hello" in text for text in said)

        await self.until(answered, 2.0)
        bob = await self.person(2, "Bob")
        self.configure({"commands": {"ownerAllowFrom": [f"telegram:{bob.id}"]}})
        self.assertLess(await self.asked(bob), 2.0)
        await self.stop_all()

    async def quiet_for(self, seconds: float) -> None:
        """Let that much time pass."""
        until = float(reactor.seconds()) + seconds
        await self.until(lambda: float(reactor.seconds()) >= until)

    async def test_strangers_behind_a_stranger(self) -> None:
        """Who waits behind a run makes it an owner's only if they are one."""
        mallory = await self.flood("chunks=500 delay=0.1", 3)
        await self.until(lambda: self.begun() == 2)
        for run in [lane.active for lane in self.lanes.values() if not lane.active.started_at]:
            await self.write_to(run.session.origin["peer"], "@main_bot and that", mallory)
        await self.until(lambda: self.agents.parts.runs.active() == 4)
        await self.quiet_for(0.2)
        self.assertEqual(self.begun(), 2)
        await self.stop_all()

    async def test_waiting_places_in_a_group(self) -> None:
        """One person cannot fill a group's queue either: the others' messages are still taken."""
        mallory = await self.person(1, "Mallory")
        group = await self.group(mallory, self.ann.id)
        await self.write_to(group, "@main_bot chunks=500 delay=0.1", mallory)
        await self.until(lambda: self.begun() == 1)
        for number in range(30):
            await self.write_to(group, f"@main_bot {number}", mallory)
        await self.write_to(group, "@main_bot and me?", self.ann)
        await self.until(lambda: self.agents.parts.runs.active() == 1 + 25 + 1)
        refused = [text for _, text in await self.box(group) if text.startswith("⚠️")]
        self.assertEqual(len(refused), 5)
        await self.stop_all()


class OwnersTests(SynchronousTestCase):
    """Who is one."""

    def setUp(self) -> None:
        self.directory = temporary_directory()
        self.entries: list[str | int] = []
        self.owners = Owners(self.directory, lambda: self.entries)
        self.file = OwnersFile(self.directory)

    def test_nobody_at_first(self) -> None:
        """No file, nothing in the configuration."""
        self.assertNotIn(1, self.owners)

    def test_file(self) -> None:
        """What is written there counts at the next question; nobody else may read it."""
        self.assertTrue(self.file.add(7))
        self.assertFalse(self.file.add(7))
        self.assertIn(7, self.owners)
        self.assertTrue(self.file.add(8))
        self.assertEqual([each in self.owners for each in (7, 8, 9)], [True, True, False])
        self.assertTrue(self.file.remove(7))
        self.assertFalse(self.file.remove(7))
        self.assertEqual([each in self.owners for each in (7, 8)], [False, True])
        self.assertEqual(os.stat(self.file.path).st_mode & 0o777, 0o600)
        os.unlink(self.file.path)
        self.assertNotIn(8, self.owners)

    def test_damaged_file(self) -> None:
        """Nobody is an owner by it, and nothing is written over it."""
        for content in ("[", '{"userIds": ["*"]}', '{"userIds": {"7": 1}}', "7", "{}"):
            self.file.path.write_text(content)
            self.assertNotIn(7, self.owners)
            self.assertRaises(ValueError, self.file.add, 7)
            self.assertEqual(self.file.path.read_text(), content)

    def test_configuration(self) -> None:
        """Ids, with the channel's name before them or not; no wildcard, no names, no other channels."""
        self.entries = ["telegram:1", "tg:2", "3", 4, " telegram: 5 "]
        self.assertEqual([each in self.owners for each in range(7)], [False, True, True, True, True, True, False])
        found = configured_ids(["*", "telegram:*", "discord:6", "@ann", "telegram:@ann", "-7", "+49151", 0, "1e3", ""])
        self.assertEqual(found[0], frozenset())
        self.assertEqual(len(found[1]), 9)
        self.entries = []
        self.assertNotIn(1, self.owners)
