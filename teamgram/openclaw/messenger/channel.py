"""Agents live in the messenger: each is a bot account of this server that anybody may write to.

What is written to the account becomes a run of an agent session, and the
reply streams back as edits of one message. The account's own update log says
what is new, so a message that arrived while the process was going down is
answered by the next one, and its id names the run, so none is answered twice.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.domain.boxes.difference import UpdateLog
from teamgram.domain.boxes.message import Message
from teamgram.domain.chats.chats import Chats
from teamgram.domain.dialogs.dialogs import Dialogs
from teamgram.domain.errors import DomainError
from teamgram.domain.files.drawings import AGENT
from teamgram.domain.files.files import Files
from teamgram.domain.ids.peer import is_user
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.observers import MessageObservers
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.profiles.portraits import Portraits
from teamgram.domain.users.user import User
from teamgram.domain.users.users import Users
from teamgram.openclaw.agent.idempotency import fingerprint
from teamgram.openclaw.agent.outcome import ERROR
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.roster import model_chain
from teamgram.openclaw.agent.run import CHAT, RunRequest
from teamgram.openclaw.agent.run_records import user_message
from teamgram.openclaw.agent.slots import OWNERS
from teamgram.openclaw.approvals.typed_words import TypedWords
from teamgram.openclaw.config.live import Change
from teamgram.openclaw.gateway.errors import GatewayError, invalid, unavailable
from teamgram.openclaw.messenger.accounts import AgentAccount, AgentAccounts
from teamgram.openclaw.messenger.activity import RunActivity
from teamgram.openclaw.messenger.addressing import command_of, may_be_answered, names
from teamgram.openclaw.messenger.attachments import Attachments, said
from teamgram.openclaw.messenger.inbox import AgentInbox
from teamgram.openclaw.messenger.owners import Owners
from teamgram.openclaw.messenger.pieces import pieces
from teamgram.openclaw.messenger.reply import MessengerReply, mark_cut_off, random_id
from teamgram.openclaw.sessions import keys as agent_session_keys
from teamgram.openclaw.sessions.agent_session import AgentSession

CHANNEL = "telegram"
ACCOUNT = "default"
#: After an agent's account could not be opened.
_REOPEN_SECONDS = 60.0
_STOP, _RESETS = frozenset({"/stop", "/abort"}), {"/new": "new", "/reset": "reset"}
_START = "/start"
_TYPING = "sendMessageTypingAction"
#: Of one delivery.
MAX_MESSAGE_CHARS = 1_000_000

#: What people who are not known as owners may not have done for them, until the operator changes the session.
_DENIED = ["group:fs", "group:nodes", "group:messaging", "group:memory", "group:canvas"]


#: Begins a session anew: (session, ``new`` or ``reset``).
ResetSession = Callable[[AgentSession, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class MessengerDomain:
    """The messenger's own objects, from the app.

    Attributes:
        portraits: draws what agents look like.
        files: the pictures that people send.
    """

    users: Users
    messages: Messages
    observers: MessageObservers
    log: UpdateLog
    dialogs: Dialogs
    chats: Chats
    portraits: Portraits | None = None
    files: Files | None = None


class Messenger(Service):
    """The channel between the accounts and the agents."""

    _log = Logger()

    def __init__(
        self, parts: AgentParts, reset_session: ResetSession, typed_words: TypedWords, domain: MessengerDomain
    ) -> None:
        self._parts = parts
        self._typed_words = typed_words
        self._reset_session = reset_session
        self._domain = domain
        self._reactor = self._parts.reactor
        self.accounts = AgentAccounts(parts.state_dir / "messenger.json", domain.users, domain.log, self._reactor)
        self.inbox = AgentInbox(self.accounts, domain.log, self._reactor, self._take)
        self.owners = Owners(parts.state_dir, lambda: parts.config.sections.commands.owner_allow_from)
        self._attachments = Attachments(domain.messages, domain.files)
        self._opening = DeferredLock()
        self._reopening: Any = None
        self._tasks: set[Deferred[Any]] = set()
        self._parts.config.on_change(self._config_changed)

    def health(self) -> dict[str, Any]:
        """The channel's part of the health snapshot."""
        up = bool(self.running) and self.inbox.is_open
        state = {"configured": True, "running": up, "connected": up, "accounts": self.accounts.to_wire()}
        return {"channels": {CHANNEL: state}, "channelOrder": [CHANNEL], "channelLabels": {CHANNEL: "Teamgram"}}

    async def switch(self, on: bool) -> None:
        """Answer what is written to the agents, or no more of it: that waits until it is on again."""
        if not self.running:
            return
        if on and not self.inbox.is_open:
            self.inbox.start()
            for account in self.accounts.by_agent.values():
                self.inbox.heard(account)
        elif not on:
            await self.inbox.stop()

    def _config_changed(self, change: Change) -> None:
        if self.running:
            self._run(self._open_accounts())

    # Life

    def startService(self) -> None:
        """Have an account for every agent and answer what was written to them."""
        super().startService()
        self.inbox.start()
        self._run(self._open_accounts())

    def stopService(self) -> Deferred[None]:
        """Hear nothing more; what is being shown is shown."""
        super().stopService()
        for account in self.accounts.by_agent.values():
            self._domain.observers.forget(account.user_id)
        return Deferred.fromCoroutine(self._settle())

    async def _settle(self) -> None:
        if self._reopening is not None and self._reopening.active():
            self._reopening.cancel()
        await self.inbox.stop()
        while self._tasks:
            waiting: Deferred[Any] = Deferred()
            task = next(iter(self._tasks))
            task.addBoth(waiting.callback)
            await waiting
        await self.accounts.close()

    def _run(self, coroutine: Any) -> None:
        task: Deferred[Any] = Deferred.fromCoroutine(coroutine)
        self._tasks.add(task)

        def over(result: Any) -> None:
            self._tasks.discard(task)
            if isinstance(result, Failure):
                self._log.failure("the agents' messenger failed", failure=result)

        task.addBoth(over)

    async def _open_accounts(self) -> None:
        # One after the other: two that look for the same name at once would each make an account.
        await self._opening.acquire()
        try:
            for agent in self._parts.roster.all():
                try:
                    account = await self.accounts.open(agent)
                except Exception:
                    # The others' accounts are opened all the same.
                    self._log.failure("agent {agent} has no account in the messenger yet", agent=agent.id)
                    self._open_again_later()
                    continue
                if self.running:
                    self._domain.observers.observe(account.user_id, partial(self._told, account))
                    if self._domain.portraits is not None:
                        self._domain.portraits.want(account.user_id, AGENT)
                    await self._tell_cut_off(account)
                    self.inbox.heard(account)
        finally:
            self._opening.release()

    async def _tell_cut_off(self, account: AgentAccount) -> None:
        """After a restart: whoever waits for an answer that was cut off is told. Twice told is once shown."""
        prefix = f"{CHANNEL}:{account.user_id}:"
        mine = [cut for cut in self._parts.cut_off if cut.run_id.startswith(prefix)]
        self._parts.cut_off = [cut for cut in self._parts.cut_off if cut not in mine]
        for cut in mine:
            peer = cut.session.origin.get("peer") if isinstance(cut.session.origin, dict) else None
            if not isinstance(peer, int):
                continue
            try:
                await mark_cut_off(
                    self._domain.messages, account.user_id, peer, cut.run_id, cut.text, int(self._reactor.seconds())
                )
            except DomainError as error:
                self._log.warn(
                    "nobody could be told that run {run_id} was cut off: {error!r}", run_id=cut.run_id, error=error
                )

    def _open_again_later(self) -> None:
        if self.running and (self._reopening is None or not self._reopening.active()):
            self._reopening = self._reactor.callLater(_REOPEN_SECONDS, lambda: self._run(self._open_accounts()))

    # From people to agents

    def _told(self, account: AgentAccount, message: Message, edited: bool) -> None:
        if not message.out and not edited:
            self.inbox.heard(account)

    async def _take(self, account: AgentAccount, message: Message) -> None:
        """One message: a command, or a run whose reply is shown as it comes.

        Raises:
            DomainError: the messenger refuses what it takes to answer.
        """
        if message.extra.action is not None:
            return
        album = await self._attachments.album(message)
        if album[0].id != message.id:
            return  # it was taken with the first
        text = said(album)
        is_named = any(one.mentioned or names(one.text, account.username) for one in album)
        if not text or not self._is_meant(account, message, is_named):
            return
        sender = (await self._domain.users.get([message.sender_id])).get(message.sender_id)
        if sender is None or not may_be_answered(
            sender, self._parts.config.sections.channels.get(CHANNEL), is_named=is_named
        ):
            return
        session = self._session(account, message)
        await self._domain.messages.read_history(
            account.user_id, message.peer, album[-1].id, int(self._reactor.seconds())
        )
        command = command_of(text, account.username)
        if command in _STOP:
            await self._parts.lanes.abort(session.key, None, "stop")
            return
        if command in _RESETS:
            await self._reset_session(session, _RESETS[command])
            await self._say(account, message.peer, "A new conversation begins.", f"reset:{message.id}")
            return
        told = await self._typed_words.take(
            text,
            session.key,
            sender.first_name or str(sender.id),
            (lambda one: True) if sender.id in self.owners else None,
            "channel",
        )
        if told is not None:
            await self._say(account, message.peer, told, f"word:{message.id}")
            return
        # A model that is asked costs money: not for a reply that nobody could be shown.
        await self._domain.messages.check_writable(account.user_id, message.peer)
        if command == _START:
            text = "Hello!"
        try:
            await self._start_run(account, album, session, sender, text)
        except GatewayError as error:
            await self._say(account, message.peer, f"⚠️ {error.message}", f"refused:{message.id}")

    def _is_meant(self, account: AgentAccount, message: Message, is_named: bool) -> bool:
        """In private everything is for the agent, in groups what names it or answers it."""
        if is_user(message.peer) or is_named:
            return True
        key = agent_session_keys.group(account.agent_id, CHANNEL, str(message.peer))
        session = self._parts.sessions.get(key)
        return session is not None and session.settings.get("groupActivation") == "always"

    def _takes_images(self, account: AgentAccount, session: AgentSession) -> bool:
        """Whether every model that may come to answer looks at pictures."""
        agent = self._parts.roster.get(account.agent_id)
        chain = model_chain(session.model) if session.model else agent.models if agent is not None else ()
        return bool(chain) and all(map(self._parts.catalog.takes_images, chain))

    def _session(self, account: AgentAccount, message: Message) -> AgentSession:
        if is_user(message.peer):
            # Without a word from the operator everybody has a conversation of their own: strangers may write here.
            chosen = self._parts.config.sections.session.dm_scope
            key = agent_session_keys.direct(account.agent_id, CHANNEL, ACCOUNT, str(message.peer), chosen)
        else:
            key = agent_session_keys.group(account.agent_id, CHANNEL, str(message.peer))
        is_new = self._parts.sessions.get(key) is None
        session = self._parts.runs.session_for(self._parts.runs.parse_key(key), created_via="channel")
        if is_new and session.kind != "main":
            session.settings = {"inheritedToolDeny": _DENIED}
            session.chat_type = "direct" if is_user(message.peer) else "group"
        session.origin = {"channel": CHANNEL, "account": ACCOUNT, "peer": message.peer}
        return session

    async def _start_run(
        self, account: AgentAccount, album: Sequence[Message], session: AgentSession, sender: User, text: str
    ) -> None:
        message = album[0]
        run_id = f"{CHANNEL}:{account.user_id}:{message.content_id}"
        name = " ".join(filter(None, (sender.first_name, sender.last_name)))
        session.display_name = session.display_name or name
        is_owner = sender.id in self.owners
        about = {"channel": CHANNEL, "senderId": str(sender.id), "senderName": name, "senderIsOwner": is_owner}
        words = text if is_user(message.peer) else f"{name}: {text}"
        images = await self._attachments.images(album) if self._takes_images(account, session) else []
        content: Any = [{"type": "text", "text": words}, *images] if images else words
        reply: list[MessengerReply] = []
        activity = RunActivity(
            self._reactor,
            lambda: self._type_there(account.user_id, message.peer),
            lambda word: reply[0].note(word) if reply else None,
        )

        def heard(words: str) -> None:
            activity.words()
            if reply:
                reply[0].say(words)

        request = RunRequest(
            run_id,
            user_message(run_id, words, message.date * 1000, content=content, __openclaw=about),
            fingerprint(words),
            CHAT,
            on_text=heard,
            on_wait=activity.waits,
            person=OWNERS if is_owner else f"{CHANNEL}:{sender.id}",
        )
        accepted = await self._parts.runs.accept(session, request)
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
        activity.start()
        self._run(self._finish(run, reply[0], activity))

    async def _type_there(self, user_id: int, peer: int) -> None:
        if is_user(peer):
            await self._domain.dialogs.say_typing(user_id, peer, _TYPING, 0)
        else:
            await self._domain.chats.say_typing(user_id, -peer, _TYPING, 0)

    async def _finish(self, run: Any, reply: MessengerReply, activity: RunActivity) -> None:
        outcome = await run.when_ended()
        activity.stop()
        text = f"{outcome.text}\n\n⚠️ {outcome.summary}".strip() if outcome.status == ERROR else outcome.text
        if not text and outcome.images:
            text = "🖼 The answer is a picture; look at it in the console."
        if not text and reply.has_note:
            text = "Stopped."  # The note that stands there would say for ever that somebody is at work.
        if text:
            try:
                await reply.end(text)
            except DomainError as error:
                self.inbox.failures.unshown_replies += 1
                self._log.warn("the reply of run {run_id} was refused: {error!r}", run_id=run.id, error=error)
            except Exception:
                self.inbox.failures.unshown_replies += 1
                self._log.failure("the reply of run {run_id} could not be shown", run_id=run.id)

    # From agents to people

    async def _say(self, account: AgentAccount, peer: int, text: str, key: str) -> int:
        """Any text, in as many messages as it takes; the id of the last one. Under one key it is said once."""
        message_id, now = 0, int(self._reactor.seconds())
        for number, piece in enumerate(piece for piece in pieces(text.strip()) if piece.strip()):
            random = random_id(account.user_id, key, number) if number else random_id(account.user_id, key)
            request = SendRequest(account.user_id, peer, piece, random, now)
            message_id = (await self._domain.messages.send(request)).ids[0][1]
        return message_id

    def is_owner(self, peer: str) -> bool:
        """Whether a peer (a marked id) is an owner's private chat."""
        return peer.isascii() and peer.isdigit() and len(peer) < 20 and int(peer) in self.owners

    async def deliver(self, to: str, text: str, agent_id: str, key: str) -> dict[str, Any]:
        """``send``: to a user id, a ``@username`` or a ``+phone``.

        Raises:
            GatewayError: nobody is there.
        """
        account = self.accounts.by_agent.get(agent_id)
        if account is None:
            # It may have one in a moment: accounts are opened after the start.
            raise unavailable(f'agent "{agent_id}" has no account in the messenger', retryable=True)
        if len(text) > MAX_MESSAGE_CHARS:
            raise invalid(f"message is longer than {MAX_MESSAGE_CHARS} characters")
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
            raise invalid(f"OutboundDeliveryError: {type(error).__name__}") from None
        return {"messageId": str(message_id), "chatId": str(peer)}
