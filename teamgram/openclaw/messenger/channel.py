"""Agents live in the messenger: each is a bot account of this server that anybody may write to.

What is written to the account becomes a turn of an agent session, and the
reply streams back as edits of one message. The account's own update log says
what is new, so a message that arrived while the process was going down is
answered by the next one, and its id names the turn, so none is answered twice.
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.domain.boxes.difference import UpdateLog
from teamgram.domain.boxes.events import NewMessage
from teamgram.domain.boxes.message import Message
from teamgram.domain.errors import DomainError
from teamgram.domain.ids.peer import is_user
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.observers import MessageObservers
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.messages.text import MAX_LENGTH
from teamgram.domain.users.users import UsernameOccupied, Users
from teamgram.openclaw.agent.idempotency import ERROR, fingerprint
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.agent.run import CHAT, RunRequest
from teamgram.openclaw.agent.run_records import user_message
from teamgram.openclaw.config.live import Change
from teamgram.openclaw.gateway.errors import GatewayError, invalid
from teamgram.openclaw.messenger.reply import MessengerReply, random_id
from teamgram.openclaw.sessions import keys as agent_session_keys
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.state_file import StateFile, read_json

if TYPE_CHECKING:
    from teamgram.openclaw.agent.extension import AgentsService

CHANNEL = "telegram"
ACCOUNT = "default"
_DIFFERENCE_LIMIT = 100
_STOP, _RESETS = frozenset({"/stop", "/abort"}), {"/new": "new", "/reset": "reset"}
_START = "/start"

#: What people who are not known as owners may not have done for them, until the operator changes the session.
_DENIED = ["group:fs", "group:nodes", "group:messaging"]


@dataclass(frozen=True, slots=True)
class MessengerDomain:
    """The messenger's own objects, from the app."""

    users: Users
    messages: Messages
    observers: MessageObservers
    log: UpdateLog


@dataclass(slots=True)
class Account:
    """An agent's account.

    Attributes:
        pts: up to where its log was taken care of.
    """

    agent_id: str
    user_id: int
    username: str
    pts: int
    reading: bool = False
    again: bool = False


class Messenger(Service):
    """The channel between the accounts and the agents."""

    _log = Logger()

    def __init__(self, agents: "AgentsService", domain: MessengerDomain) -> None:
        self._agents = agents
        self._house = agents.house
        self._domain = domain
        self._reactor = self._house.reactor
        self._file = StateFile(self._house.plane.state_dir / "messenger.json", self._snapshot, self._reactor)
        stored = read_json(self._file.path) or {}
        self.accounts: dict[str, Account] = {
            entry["agentId"]: Account(entry["agentId"], entry["userId"], entry["username"], entry["pts"])
            for entry in stored.get("accounts", ())
        }
        self._tasks: set[Deferred[Any]] = set()
        agents.deliveries.channels[CHANNEL] = self.deliver
        self._house.config.on_change(self._config_changed)
        self._house.plane.health.sources.append(self._health)

    def _snapshot(self) -> dict[str, Any]:
        accounts = [
            {"agentId": account.agent_id, "userId": account.user_id, "username": account.username, "pts": account.pts}
            for account in self.accounts.values()
        ]
        return {"version": 1, "accounts": accounts}

    def _health(self) -> dict[str, Any]:
        up = bool(self.running)
        accounts = self._snapshot()["accounts"]
        state = {"configured": True, "running": up, "connected": up, "accounts": accounts}
        return {"channels": {CHANNEL: state}, "channelOrder": [CHANNEL], "channelLabels": {CHANNEL: "Teamgram"}}

    def _config_changed(self, change: Change) -> None:
        if self.running:
            self._run(self._open_accounts())

    # Life

    def startService(self) -> None:
        """Have an account for every agent and answer what was written to them."""
        super().startService()
        self._run(self._open_accounts())

    def stopService(self) -> Deferred[None]:
        """Hear nothing more; what is being shown is shown."""
        super().stopService()
        for account in self.accounts.values():
            self._domain.observers.forget(account.user_id)
        return Deferred.fromCoroutine(self._settle())

    async def _settle(self) -> None:
        while self._tasks:
            waiting: Deferred[Any] = Deferred()
            task = next(iter(self._tasks))
            task.addBoth(waiting.callback)
            await waiting
        await self._file.close()

    def _run(self, coroutine: Any) -> Deferred[Any]:
        task: Deferred[Any] = Deferred.fromCoroutine(coroutine)
        self._tasks.add(task)

        def over(result: Any) -> None:
            self._tasks.discard(task)
            if isinstance(result, Failure):
                self._log.failure("the agents' messenger failed", failure=result)

        task.addBoth(over)
        return task

    async def _open_accounts(self) -> None:
        for agent in self._house.roster.all():
            account = self.accounts.get(agent.id)
            if account is None:
                account = await self._open_account(agent)
            self._domain.observers.observe(account.user_id, partial(self._told, account))
            self._heard(account)

    async def _open_account(self, agent: Agent) -> Account:
        """The account with the agent's username if it is a bot, else a new one."""
        base = agent.id.replace("-", "_")
        users = self._domain.users
        for username in (f"{base}_bot", f"{base}_agent_bot", f"{base}_{random_id(agent.id) & 0xFFFF}_bot"):
            peer = await users.resolve_username(username)
            found = (await users.get([peer.id])).get(peer.id) if peer is not None else None
            if found is not None and not found.is_bot:
                continue
            if found is None:
                name = agent.name if agent.named else agent.id.capitalize()
                found = await users.create(phone="", first_name=name, now=int(self._reactor.seconds()), is_bot=True)
                try:
                    await users.set_username(found.id, username)
                except UsernameOccupied:
                    continue
            state = await self._domain.log.state(found.id)
            account = self.accounts[agent.id] = Account(agent.id, found.id, username, state.pts)
            await self._file.save()
            self._log.info("agent {agent} is @{username} in the messenger", agent=agent.id, username=username)
            return account
        raise DomainError(f"no username is free for agent {agent.id}")

    # From people to agents

    def _told(self, account: Account, message: Message, edited: bool) -> None:
        if not message.out and not edited:
            self._heard(account)

    def _heard(self, account: Account) -> None:
        if account.reading:
            account.again = True
            return
        account.reading = True
        self._run(self._read(account))

    async def _read(self, account: Account) -> None:
        """Everything in the account's log that was not taken care of, in order."""
        try:
            more = True
            while more and self.running:
                account.again = False
                difference = await self._domain.log.difference(account.user_id, account.pts, _DIFFERENCE_LIMIT)
                for entry in difference.entries:
                    message = None
                    if isinstance(entry.event, NewMessage):
                        message = difference.messages.get(entry.event.id)
                    if message is not None and not message.out:
                        await self._take(account, message)
                    account.pts = entry.pts
                if difference.too_long:
                    account.pts = difference.state.pts
                if difference.entries:
                    await self._file.save()
                more = account.again or (bool(difference.entries) and account.pts < difference.state.pts)
        finally:
            account.reading = False

    async def _take(self, account: Account, message: Message) -> None:
        """One message: a command, or a turn whose reply is shown as it comes."""
        text = self._addressed(account, message)
        if not text:
            return
        session = self._session(account, message)
        await self._domain.messages.read_history(
            account.user_id, message.peer, message.id, int(self._reactor.seconds())
        )
        command = text.split("@")[0].strip().lower()
        if command in _STOP:
            await self._house.lanes.abort(session.key, None, "stop")
            return
        if command in _RESETS:
            await self._agents.reset_session(session, _RESETS[command])
            await self._say(account, message.peer, "A new conversation begins.", f"reset:{message.id}")
            return
        if command == _START:
            text = "Hello!"
        try:
            await self._start_turn(account, message, session, text)
        except GatewayError as error:
            await self._say(account, message.peer, f"⚠️ {error.message}", f"refused:{message.id}")

    def _addressed(self, account: Account, message: Message) -> str:
        """The text if it is for the agent: all of it in private, in groups what names it or answers it."""
        text = message.text.strip()
        if is_user(message.peer):
            return text
        name = f"@{account.username}"
        if name.lower() in text.lower() or message.mentioned:
            return text
        key = agent_session_keys.group(account.agent_id, CHANNEL, str(message.peer))
        session = self._house.sessions.get(key)
        return text if session is not None and session.settings.get("groupActivation") == "always" else ""

    def _session(self, account: Account, message: Message) -> AgentSession:
        if is_user(message.peer):
            # Without a word from the operator everybody has a conversation of their own: strangers may write here.
            chosen = (self._house.config.tree.get("session") or {}).get("dmScope") or "per-channel-peer"
            key = agent_session_keys.direct(account.agent_id, CHANNEL, ACCOUNT, str(message.peer), chosen)
        else:
            key = agent_session_keys.group(account.agent_id, CHANNEL, str(message.peer))
        is_new = self._house.sessions.get(key) is None
        session = self._house.runs.session_for(self._house.runs.parse_key(key), created_via="channel")
        if is_new and session.kind != "main":
            session.settings = {"inheritedToolDeny": _DENIED}
            session.chat_type = "direct" if is_user(message.peer) else "group"
        session.origin = {"channel": CHANNEL, "account": ACCOUNT, "peer": message.peer}
        return session

    async def _start_turn(self, account: Account, message: Message, session: AgentSession, text: str) -> None:
        run_id = f"{CHANNEL}:{account.user_id}:{message.content_id}"
        sender = (await self._domain.users.get([message.sender_id])).get(message.sender_id)
        name = " ".join(filter(None, (sender.first_name, sender.last_name))) if sender is not None else ""
        session.display_name = session.display_name or name
        about = {"channel": CHANNEL, "senderId": str(message.sender_id), "senderName": name}
        said = text if is_user(message.peer) else f"{name}: {text}"
        reply: list[MessengerReply] = []
        request = RunRequest(
            run_id,
            user_message(run_id, said, message.date * 1000, __openclaw=about),
            fingerprint(said),
            CHAT,
            on_text=lambda words: reply[0].say(words) if reply else None,
        )
        accepted = await self._house.runs.accept(session, request)
        run = accepted.run
        if run is None:
            return
        reply.append(
            MessengerReply(
                self._domain.messages,
                self._reactor,
                sender_id=account.user_id,
                peer=message.peer,
                run_id=run_id,
                reply_to_id=0 if is_user(message.peer) else message.id,
                text=lambda: run.live.text,
            )
        )
        self._run(self._finish(run, reply[0]))

    async def _finish(self, run: Any, reply: MessengerReply) -> None:
        outcome = await run.when_ended()
        text = f"{outcome.text}\n\n⚠️ {outcome.summary}".strip() if outcome.status == ERROR else outcome.text
        if text:
            await reply.end(text)

    # From agents to people

    async def _say(self, account: Account, peer: int, text: str, key: str) -> int:
        request = SendRequest(
            account.user_id, peer, text[:MAX_LENGTH], random_id(account.user_id, key), int(self._reactor.seconds())
        )
        return (await self._domain.messages.send(request)).ids[0][1]

    async def deliver(self, to: str, text: str, agent_id: str, key: str) -> dict[str, Any]:
        """``send``: to a user id, a ``@username`` or a ``+phone``.

        Raises:
            GatewayError: nobody is there.
        """
        account = self.accounts.get(agent_id)
        if account is None:
            raise invalid(f'agent "{agent_id}" has no account in the messenger')
        target = to.removeprefix(f"{CHANNEL}:").strip()
        users, peer = self._domain.users, 0
        if target.lstrip("-").isdigit() and not target.startswith("+"):
            peer = int(target)
            if is_user(peer) and peer not in await users.get([peer]):
                peer = 0
        elif target.startswith("+"):
            found = await users.by_phone(target[1:])
            peer = found.id if found is not None else 0
        else:
            resolved = await users.resolve_username(target.removeprefix("@"))
            peer = resolved.marked if resolved is not None else 0
        if not peer:
            raise invalid(f"nobody in the messenger is {to}")
        try:
            message_id = await self._say(account, peer, text, key)
        except DomainError as error:
            raise invalid(f"OutboundDeliveryError: {error}") from None
        return {"messageId": str(message_id), "chatId": str(peer)}
