"""A messenger with people in it, and a control plane whose agents live there: a real database, accounts and runs."""

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

import yaml

from teamgram.bots.views.keyboards import callback_keyboard
from teamgram.database import open_database
from teamgram.domain.chats.chats import Actor
from teamgram.domain.domain import Domain
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.user import User
from teamgram.interfaces.figures import Figures
from teamgram.openclaw.agents_service import AgentsService, agents_extension
from teamgram.openclaw.messenger.channel import Messenger
from teamgram.openclaw.messenger.domain import MessengerDomain
from teamgram.openclaw.service import OpenClawService
from trial_tests.domain.filing import unused_filing
from trial_tests.openclaw.house import TOKEN


class MessengerTestCase(TestCase):
    """A house for each test, and what is asked of it most."""

    timeout = 30
    config: dict[str, Any] = {}
    access: dict[str, Any] = {"dmPolicy": "open", "allowFrom": ["*"], "groupPolicy": "open"}

    async def setUp(self) -> None:
        """A messenger with one person, and a control plane whose agents live in it."""
        self.directory = Path(tempfile.mkdtemp(prefix="messenger-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.write_config({})
        self.database = open_database("sqlite:test.db", self.directory, reactor, pool_size=2)
        self.addCleanup(self.database.close)
        fanout = Fanout()
        self.talk = Domain.open(self.database, fanout, reactor, unused_filing(self.database, reactor))
        self.users, self.contacts = self.talk.users, self.talk.contacts
        self.ann = await self.users.create(phone="4915100000001", first_name="Ann", now=1)
        await self.start()

    def write_config(self, more: dict[str, Any]) -> None:
        """``openclaw.yaml``, with more than every test of the class has."""
        # A test that fails with runs under way ends soon all the same.
        gateway = {"port": 0, "auth": {"token": TOKEN}, "drainSeconds": 0.5}
        tree = {"gateway": gateway, **self.config, **more}
        # Most tests are about what is answered, not about who may ask.
        telegram = tree.get("channels", {}).get("telegram", {})
        tree["channels"] = {"telegram": {**self.access, **telegram}}
        (self.directory / "openclaw.yaml").write_text(yaml.safe_dump(tree))

    def configure(self, more: dict[str, Any]) -> None:
        """Edit the file while the server runs."""
        self.write_config(more)
        self.service.plane.config.reload()

    async def start(self) -> None:
        """Start the control plane."""
        domain = MessengerDomain(**self.domain())
        self.figures = Figures()
        self.service = OpenClawService(
            self.directory / "openclaw.yaml",
            self.directory,
            reactor,
            extensions=[partial(agents_extension, messenger=domain)],
            environment={},
            figures=self.figures,
        )
        self.agents, self.messenger = self.service.services[-1].services
        assert isinstance(self.agents, AgentsService) and isinstance(self.messenger, Messenger)
        self.service.startService()
        self.addCleanup(self.stop)
        await self.service.listening
        await self.until(lambda: "main" in self.messenger.accounts.by_agent)

    def domain(self) -> dict[str, Any]:
        """What the agents' accounts use of the messenger."""
        names = [
            "users",
            "messages",
            "observers",
            "log",
            "dialogs",
            "chats",
            "bots",
            "callbacks",
            "bot_inbox",
            "channels",
        ]
        return {name: getattr(self.talk, name) for name in names} | {"keyboard": callback_keyboard}

    async def stop(self) -> None:
        """Stop it, once."""
        if self.service.running:
            await self.service.stopService()

    async def until(self, condition: Any, seconds: float = 10.0) -> Any:
        """Wait for something that must come true."""
        for _ in range(round(seconds / 0.02)):
            found = condition()
            if isinstance(found, Deferred) or hasattr(found, "__await__"):
                found = await found
            if found:
                return found
            await deferLater(reactor, 0.02, lambda: None)
        raise AssertionError("did not come true")

    @property
    def bot(self) -> int:
        """The agent's account."""
        return self.messenger.accounts.by_agent["main"].user_id

    def agent(self, agent_id: str) -> int:
        """The account of an agent."""
        return self.messenger.accounts.by_agent[agent_id].user_id

    async def person(self, number: int, name: str) -> User:
        """Somebody else."""
        return await self.users.create(phone=f"49151000001{number:02}", first_name=name, now=1)

    async def write(self, text: str, random_id: int = 1, sender: User | None = None) -> None:
        """Ann, or somebody else, writes to the agent."""
        await self.write_to(self.bot, text, sender or self.ann, random_id)

    async def write_to(self, peer: int, text: str, sender: User, random_id: int = 0) -> None:
        """Somebody writes somewhere (marked id)."""
        self._written += 1
        random_id = random_id or 1_000 + self._written
        await self.talk.messages.send(SendRequest(sender.id, peer, text, random_id, int(reactor.seconds())))

    _written = 0

    async def group(self, creator: User, *others: int, title: str = "A group", banned: int = 0) -> int:
        """A group with the agent in it; its marked id."""
        actor = Actor(creator.id, int(reactor.seconds()))
        chat_id = (await self.talk.chats.create(actor, [self.bot, *others], title)).chat_id
        if banned:
            await self.talk.chats.set_default_banned_rights(actor, chat_id, banned)
        return -chat_id

    async def box(self, peer: int = 0, owner: User | None = None) -> list[tuple[bool, str]]:
        """(the owner wrote it, text) of a chat of Ann's or somebody else's, of hers with the agent if none is given."""
        found = await self.talk.messages.page(Search((owner or self.ann).id, peer or self.bot), Page(limit=100))
        return [(message.out, message.text) for message in sorted(found.messages, key=lambda m: m.id) if message.text]

    async def answers(self, count: int, peer: int = 0, owner: User | None = None) -> list[str]:
        """What others wrote there once it is so much and nothing runs any more."""

        async def there() -> bool:
            said = [text for out, text in await self.box(peer, owner) if not out]
            return len(said) >= count and self.agents.parts.runs.active() == 0

        await self.until(there)
        await self.quiet()
        return [text for out, text in await self.box(peer, owner) if not out]

    async def quiet(self, seconds: float = 0.1) -> None:
        """Nothing is being read and nothing runs, also a while later."""
        await self.until(lambda: self.agents.parts.runs.active() == 0)
        await deferLater(reactor, seconds, lambda: None)
        await self.until(lambda: self.agents.parts.runs.active() == 0)

    def metric(self, name: str) -> float:
        """A figure of ``/metrics``."""
        lines = self.figures.page()[0].decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))
