"""What an agent's menu offers, and what becomes of each: ``/new``, ``/stop``, ``/status``, ``/model``, …"""

import re
from collections.abc import Awaitable, Callable

from teamgram.domain.bots.bot import BotCommand
from teamgram.domain.users.user import User
from teamgram.openclaw.agent.delivery import ButtonRows
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.providers.model_api import ModelRef
from teamgram.openclaw.agent.roster import model_chain
from teamgram.openclaw.approvals.pressed import MAX_DATA
from teamgram.openclaw.config.telegram import TelegramSection
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.messenger.owners import Owners
from teamgram.openclaw.sessions.agent_session import AgentSession

_NAME = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)
_MOST_COMMANDS, _MAX_ABOUT = 100, 256
_MOST_MODELS = 40
_MODEL = "model"
_MENU = (
    ("new", "Begin a new conversation"),
    ("stop", "Stop what is being answered"),
    ("status", "Model, tokens, what is going on"),
    ("model", "Choose the model (owners)"),
    ("compact", "Sum the conversation up (owners)"),
    ("reset", "Begin this conversation anew"),
    ("help", "What can be typed here"),
)
_FOR_OWNERS = "That is for the agents' owners: teamgram owners add PHONE names one."

#: Begins a session anew: (session, ``new`` or ``reset``).
ResetSession = Callable[[AgentSession, str], Awaitable[None]]
#: Sums a session's conversation up; False: there was nothing to sum up. Raises GatewayError.
CompactSession = Callable[[AgentSession], Awaitable[bool]]


def menu(section: TelegramSection) -> tuple[BotCommand, ...]:
    """The commands that apps offer; those of the operator's own after ours."""
    found = {name: BotCommand(name, about) for name, about in _MENU}
    for custom in section.custom_commands:
        name, about = custom.command.removeprefix("/").lower(), custom.description.strip()
        if _NAME.fullmatch(name) and about and name not in found and len(found) < _MOST_COMMANDS:
            found[name] = BotCommand(name, about[:_MAX_ABOUT])
    return tuple(found.values())


class Commands:
    """Does what is typed or chosen."""

    def __init__(
        self, parts: AgentParts, owners: Owners, reset_session: ResetSession, compact_session: CompactSession
    ) -> None:
        self._parts = parts
        self._owners = owners
        self._reset_session = reset_session
        self._compact_session = compact_session

    async def take(
        self, command: str, words: str, session: AgentSession, sender: User
    ) -> tuple[str, ButtonRows | None] | None:
        """What is said to a command, with its buttons; nothing said is an empty text, None is none of ours.

        Args:
            command: with its slash, in small letters.
            words: what was typed after it.
        """
        is_owner = sender.id in self._owners
        if command in ("/stop", "/abort"):
            await self._parts.lanes.abort(session.key, None, "stop")
            return "", None
        if command in ("/new", "/reset") and not words:
            await self._reset_session(session, command[1:])
            return "A new conversation begins.", None
        if command == "/status":
            return self._status(session), None
        if command == "/help":
            return "\n".join(f"/{name}: {about}" for name, about in _MENU), None
        if command == "/compact":
            return (await self._compact(session) if is_owner else f"⚠️ {_FOR_OWNERS}"), None
        if command == "/model":
            if words:
                return self.choose(words, session, sender.id), None
            return f"The model is {self._model(session)}.", self._models(session) if is_owner else None
        return None

    async def _compact(self, session: AgentSession) -> str:
        try:
            done = await self._compact_session(session)
        except GatewayError as error:
            return f"⚠️ {error.message}"
        return "The conversation is summed up." if done else "There is nothing to sum up."

    def _model(self, session: AgentSession) -> ModelRef:
        agent = self._parts.roster.get(session.agent_id) or self._parts.roster.default
        return model_chain(session.model)[0] if session.model else agent.models[0]

    def _status(self, session: AgentSession) -> str:
        running = self._parts.lanes.running(session.key)
        limit = self._parts.catalog.context_tokens(self._model(session))
        rows = [
            f"Model: {self._model(session)} ({limit:,} tokens)",
            f"Messages: {session.messages}",
            f"Tokens: {session.input_tokens:,} read, {session.output_tokens:,} written",
            f"Conversation: {session.key}",
            "Answering now; /stop stops it." if running is not None else "Waiting for you.",
        ]
        return "\n".join(rows)

    def _models(self, session: AgentSession) -> ButtonRows:
        agent = self._parts.roster.get(session.agent_id) or self._parts.roster.default
        rows: ButtonRows = []
        for row in self._parts.catalog.rows(agent.models[0]):
            data = f"{_MODEL}:{row['provider']}/{row['id']}"
            if row["available"] and len(data.encode()) <= MAX_DATA and len(rows) < _MOST_MODELS:
                rows.append([(f"{row['provider']}/{row['id']}", data)])
        return rows

    def pressed(self, data: str, session: AgentSession, user_id: int) -> str | None:
        """What becomes of a button of ours; None: it is none."""
        kind, _, name = data.partition(":")
        return self.choose(name, session, user_id) if kind == _MODEL else None

    def choose(self, name: str, session: AgentSession, user_id: int) -> str:
        """Have a conversation answered by that model from now on; what is said to it."""
        if user_id not in self._owners:
            return f"⚠️ {_FOR_OWNERS}"
        try:
            ref = ModelRef.parse(name)
        except ValueError:
            return "⚠️ Name it as provider/model."
        if not self._parts.catalog.knows_provider(ref.provider):
            return f"⚠️ No provider {ref.provider[:64]} is configured."
        session.model = str(ref)
        return f"The model is {ref} from now on."

    async def save(self, session: AgentSession) -> None:
        """What was chosen is on disk when this returns; clients are told."""
        await self._parts.sessions.save(session, self._parts.now_ms())
        self._parts.on_changed(session, reason="patch")
