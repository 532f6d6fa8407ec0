"""Who may talk to an agent: ``channels.telegram``, pairing by a code."""

import re
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import validate
from teamgram.openclaw.config.telegram import account_id, telegram_section
from teamgram.openclaw.messenger import pairing
from teamgram.openclaw.messenger.access import Access, access
from trial_tests.openclaw.messenger.messenger import MessengerTestCase

OWNER, PAIRED, NAMED, STRANGER, GROUP = 1, 2, 3, 4, -5


class AccessTests(SynchronousTestCase):
    """The rule, for each word that an operator may say."""

    def who(self, peer: int = 0, **section: Any) -> set[int]:
        """Who is answered there, in private unless a group is named."""
        settings = telegram_section({"telegram": section})
        return {
            person
            for person in (OWNER, PAIRED, NAMED, STRANGER)
            if access(settings, person, peer or person, {OWNER}, {PAIRED}) is Access.ANSWER
        }

    def test_private(self) -> None:
        """``dmPolicy`` and ``allowFrom``; as shipped a stranger is asked to pair and nobody else."""
        self.assertEqual(self.who(), {OWNER, PAIRED})
        self.assertIs(access(telegram_section({}), STRANGER, STRANGER, {OWNER}, {PAIRED}), Access.PAIR)
        self.assertEqual(self.who(allowFrom=[f"tg:{NAMED}"]), {OWNER, PAIRED, NAMED})
        self.assertEqual(self.who(dmPolicy="allowlist", allowFrom=[NAMED]), {OWNER, NAMED})
        self.assertEqual(self.who(dmPolicy="open", allowFrom=["*"]), {OWNER, PAIRED, NAMED, STRANGER})
        self.assertEqual(self.who(dmPolicy="open", allowFrom=[NAMED]), {OWNER, NAMED})
        self.assertEqual(self.who(dmPolicy="disabled", allowFrom=["*"]), set())
        self.assertEqual(self.who(enabled=False, allowFrom=["*"]), set())
        for policy in ("allowlist", "open", "disabled"):
            found = access(telegram_section({"telegram": {"dmPolicy": policy}}), STRANGER, STRANGER, {OWNER}, {PAIRED})
            self.assertIs(found, Access.NOTHING)

    def test_groups(self) -> None:
        """A code lets nobody in there; ``groups`` says in which, and of each who."""
        self.assertEqual(self.who(GROUP), {OWNER})
        self.assertEqual(self.who(GROUP, allowFrom=[NAMED]), {OWNER, NAMED})
        self.assertEqual(self.who(GROUP, allowFrom=[NAMED], groupAllowFrom=[]), {OWNER})
        self.assertEqual(self.who(GROUP, groupPolicy="open"), {OWNER, PAIRED, NAMED, STRANGER})
        self.assertEqual(self.who(GROUP, groupPolicy="disabled", allowFrom=["*"]), set())
        self.assertEqual(self.who(GROUP, groupPolicy="open", groups={"-6": {}}), set())
        self.assertEqual(self.who(GROUP, groups={"*": {"allowFrom": [STRANGER]}}), {OWNER, STRANGER})
        self.assertEqual(self.who(GROUP, groups={"-5": {"enabled": False}, "*": {"groupPolicy": "open"}}), set())
        self.assertEqual(self.who(GROUP, groups={"-5": {"groupPolicy": "open"}}), {OWNER, PAIRED, NAMED, STRANGER})
        self.assertEqual(self.who(GROUP, enabled=False, groupPolicy="open"), set())

    def test_names_nobody(self) -> None:
        """Usernames and numbers change hands."""
        for entry in ("@ann", "ann", "+4915", "tg:", "discord:5", -5, 0, "0", str(2**63)):
            self.assertIsNone(account_id(entry), entry)

    def test_configuration(self) -> None:
        """What cannot be meant stops the start and says where; keys of OpenClaw's that mean nothing here do not."""
        validate(
            {"channels": {"telegram": {"botToken": "1:a", "dmPolicy": "pairing", "groups": {"*": {"topics": {}}}}}}
        )
        for wrong, where in (
            ({"dmPolicy": "opne"}, "channels.telegram.dmPolicy"),
            ({"dmPolicy": "open"}, "channels.telegram.allowFrom"),
            ({"allowFrom": 5}, "channels.telegram.allowFrom"),
            ({"groups": {"-5": {"requireMention": "yes"}}}, "channels.telegram.groups"),
            ({"historyLimit": 101}, "channels.telegram.historyLimit"),
        ):
            with self.assertRaises(OpenClawConfigError) as caught:
                validate({"channels": {"telegram": wrong}})
            self.assertIn(where, caught.exception.issues[0]["path"])


class PairingTests(MessengerTestCase):
    """As shipped: nobody is known."""

    access: dict[str, Any] = {}

    async def code(self) -> str:
        """The code that Ann was told, in the only thing that was said to her."""
        (said,) = await self.answers(1)
        match = re.search(r"teamgram pairing approve ([A-Z2-9]{8})$", said)
        self.assertIsNotNone(match, said)
        self.assertIn(f"Your user id: {self.ann.id}", said)
        return str(match[1] if match else "")

    def request(self, name: str, **params: Any) -> Any:
        """A method of the control plane's."""
        methods = self.agents.channel_pairing
        call = _Call({"channel": "telegram", "accountId": "default", **params})
        return getattr(methods, name)(call)

    async def test_let_in(self) -> None:
        """A code once, and no run; let in, also over a restart, until it is revoked."""
        await self.write("hello")
        code = await self.code()
        await self.write("hello?", 2)
        await self.quiet()
        self.assertEqual(len(await self.answers(1)), 1)
        self.assertEqual([s for s in self.agents.parts.sessions if s.channel == "telegram"], [])
        (waiting,) = self.request("list")["requests"]
        self.assertEqual((waiting["requestId"], waiting["senderId"]), (code, str(self.ann.id)))
        answer = await self.request("approve", requestId=code.lower(), notify=True)
        self.assertEqual((answer["senderId"], answer["notification"]), (str(self.ann.id), "sent"))
        self.assertNotIn(self.ann.id, self.messenger.owners)
        await self.stop()
        await self.start()
        await self.write("and now?", 3)
        self.assertEqual((await self.answers(3))[1:], ["You are let in. Write, and I answer.", "and now?"])
        self.assertEqual(self.request("list")["requests"], [])
        self.assertEqual(self.request("people")["people"][0]["userId"], self.ann.id)
        await self.request("revoke", userId=self.ann.id)
        await self.write("and now?", 4)
        self.assertIn("pairing code", (await self.answers(4))[3])

    async def test_group(self) -> None:
        """Who was let in by a code asks nothing in a group; an owner does, named while it runs."""
        await self.write("hello")
        await self.request("approve", requestId=await self.code())
        group = await self.group(self.ann)
        await self.write_to(group, "@main_bot hello", self.ann)
        await self.quiet()
        self.assertEqual(await self.box(group), [(True, "@main_bot hello")])
        self.messenger.owners.file.add(self.ann.id)
        await self.write_to(group, "@main_bot again", self.ann)
        self.assertEqual(await self.answers(1, group), ["Ann: @main_bot again"])

    async def test_owner(self) -> None:
        """The first owner can be named with it, by an admin, and no second one."""
        await self.write("hello")
        answer = await self.request("approve", requestId=await self.code(), bootstrapCommandOwner=True)
        self.assertEqual((answer["commandOwnerBootstrap"], answer["notification"]), ("configured", "not-requested"))
        self.assertIn(self.ann.id, self.messenger.owners)
        bob = await self.person(1, "Bob")
        await self.write("hello", 1, bob)
        await self.until(lambda: self.messenger.pairing.pending())
        (request,) = self.messenger.pairing.pending()
        answer = await self.request("approve", requestId=request.code, bootstrapCommandOwner=True)
        self.assertEqual(answer["commandOwnerBootstrap"], "already-configured")
        self.assertNotIn(bob.id, self.messenger.owners)

    async def test_bounds(self) -> None:
        """So many wait and no more; who is dismissed makes room, and is told nothing while their hour lasts."""
        self.patch(pairing, "MAX_PENDING", 1)
        await self.write("hello")
        code = await self.code()
        bob = await self.person(1, "Bob")
        await self.write("hello", 1, bob)
        await self.quiet()
        self.assertEqual(await self.box(self.bot, bob), [(True, "hello")])
        await self.request("dismiss", requestId=code)
        await self.write("hello?", 2)
        await self.write("hello?", 2, bob)
        self.assertIn("pairing code", (await self.answers(1, self.bot, bob))[0])
        self.assertEqual(len(await self.answers(1)), 1)

    async def test_an_hour(self) -> None:
        """A code is worth nothing after it; whoever writes then is given another one."""
        self.patch(pairing, "TTL_MS", 1)
        await self.write("hello")
        code = await self.code()
        await self.quiet()
        self.assertIsNone(self.messenger.pairing.find(code))
        await self.write("hello", 2)
        self.assertNotIn(code, (await self.answers(2))[1])

    async def test_bots_do_not_pair(self) -> None:
        """Not even where they are heard: nobody would type their code."""
        self.configure({"channels": {"telegram": {"allowBots": True}}})
        robot = await self.users.create(phone="", first_name="Robot", now=1, is_bot=True)
        group = await self.group(self.ann, robot.id)
        await self.write_to(group, "@main_bot hello", robot)
        await self.quiet()
        self.assertEqual(self.messenger.pairing.pending(), [])
        self.assertEqual(len(await self.box(group)), 1)

    async def test_requires_mention(self) -> None:
        """``groups.*.requireMention: false``: everything that is said there is for it."""
        self.messenger.owners.file.add(self.ann.id)
        group = await self.group(self.ann)
        await self.write_to(group, "hello", self.ann)
        await self.quiet()
        self.assertEqual(len(await self.box(group)), 1)
        self.configure({"channels": {"telegram": {"groups": {str(group): {"requireMention": False}}}}})
        await self.write_to(group, "hello all", self.ann)
        self.assertEqual(await self.answers(1, group), ["Ann: hello all"])
        elsewhere = await self.group(self.ann)
        await self.write_to(elsewhere, "@main_bot hello", self.ann)
        await self.quiet()
        self.assertEqual(len(await self.box(elsewhere)), 1)


class _Call:
    """An admin's call."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params

    def require(self, scope: str) -> None:
        """Everything is an admin's."""
        assert scope == "operator.admin"
