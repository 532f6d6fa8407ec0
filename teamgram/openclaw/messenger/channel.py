"""Agents live in the messenger: each is a bot account of this server that anybody may write to.

What is written to the account becomes a run of an agent session, and the
reply streams back as edits of one message. The account's own update log says
what is new, so a message that arrived while the process was going down is
answered by the next one, and its id names the run, so none is answered twice.
"""

from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.domain.bots.bot import MAX_ABOUT, MAX_DESCRIPTION, CommandSet
from teamgram.domain.boxes.message import Message
from teamgram.domain.errors import DomainError
from teamgram.domain.files.drawings import AGENT
from teamgram.domain.updates.events import BotCallbackAsked
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.approvals.pressed import PressedButtons
from teamgram.openclaw.approvals.typed_words import TypedWords
from teamgram.openclaw.config.live import Change
from teamgram.openclaw.config.telegram import CHANNEL, telegram_section
from teamgram.openclaw.messenger.accounts import AgentAccount, AgentAccounts
from teamgram.openclaw.messenger.attachments import Attachments
from teamgram.openclaw.messenger.commands import Commands, CompactSession, ResetSession, menu
from teamgram.openclaw.messenger.domain import MessengerDomain
from teamgram.openclaw.messenger.inbox import AgentInbox, MessengerFailures
from teamgram.openclaw.messenger.incoming import Incoming
from teamgram.openclaw.messenger.outbound import Outbound
from teamgram.openclaw.messenger.owners import Owners
from teamgram.openclaw.messenger.pairing import PersonPairing, PersonRequest
from teamgram.openclaw.messenger.presses import Presses
from teamgram.openclaw.messenger.reply import mark_cut_off
from teamgram.openclaw.messenger.supergroups import SupergroupInbox
from teamgram.openclaw.messenger.turns import Turns

#: After an agent's account could not be opened.
_REOPEN_SECONDS = 60.0
_ABOUT = "An agent of this server. Write to me."
_LET_IN = "You are let in. Write, and I answer."


class Messenger(Service):
    """The channel between the accounts and the agents.

    Attributes:
        owners: whom the operator named as one.
        pairing: who waits to be let in, and whom the operator let in.
        outbound: what agents say unasked.
        inbox, supergroups: what they hear.
        turns, attachments, presses: what is written to them, and pressed.
    """

    _log = Logger()

    def __init__(
        self,
        parts: AgentParts,
        reset_session: ResetSession,
        compact_session: CompactSession,
        typed_words: TypedWords,
        buttons: PressedButtons,
        domain: MessengerDomain,
    ) -> None:
        self._parts = parts
        self._domain = domain
        self._reactor = self._parts.reactor
        self.accounts = AgentAccounts(parts.state_dir / "messenger.json", domain.users, domain.log, self._reactor)
        self.owners = Owners(parts.state_dir, lambda: parts.config.sections.commands.owner_allow_from)
        self.pairing = PersonPairing(parts.state_dir / "pairing.json", self._reactor, parts.now_ms)
        self.outbound = outbound = Outbound(domain, self.accounts, self._reactor)
        failures = MessengerFailures()
        self.attachments = Attachments(domain.messages, domain.files)
        self.turns = Turns(parts, domain, self.owners, self.attachments, failures, self._run)
        commands = Commands(parts, self.owners, reset_session, compact_session)
        self.presses = Presses(parts, domain, self.owners, self.pairing, self.turns, commands, buttons)
        incoming = Incoming(
            parts,
            domain,
            self.owners,
            self.pairing,
            self.attachments,
            outbound,
            self.turns,
            typed_words,
            commands,
        )
        self.inbox = AgentInbox(self.accounts, domain.log, self._reactor, incoming.take, failures)
        self.supergroups: SupergroupInbox | None = None
        if domain.bot_inbox is not None:
            self.supergroups = SupergroupInbox(
                domain.bot_inbox, domain.messages, self._reactor, self.inbox.take_one, failures
            )
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
                self._follow(account)
        elif not on:
            await self._stop_reading()

    def _follow(self, account: AgentAccount) -> None:
        if self.supergroups is not None and self.inbox.is_open:
            self.supergroups.follow(account)

    async def _stop_reading(self) -> None:
        await self.inbox.stop()
        if self.supergroups is not None:
            await self.supergroups.stop()

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
        await self._stop_reading()
        while self._tasks:
            waiting: Deferred[Any] = Deferred()
            task = next(iter(self._tasks))
            task.addBoth(waiting.callback)
            await waiting
        await self.accounts.close()
        await self.pairing.close()

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
                    self._domain.observers.observe(
                        account.user_id, partial(self._told, account), partial(self._pressed, account)
                    )
                    await self._introduce(account, agent)
                    if self._domain.portraits is not None:
                        self._domain.portraits.want(account.user_id, AGENT)
                    await self._tell_cut_off(account)
                    self.inbox.heard(account)
                    self._follow(account)
        finally:
            self._opening.release()

    async def _introduce(self, account: AgentAccount, agent: Agent) -> None:
        """What apps show of it: its menu, and what it says of itself."""
        bots = self._domain.bots
        if bots is None:
            return
        await bots.adopt(account.user_id, int(self._reactor.seconds()))
        details = (await bots.require(account.user_id)).details
        wanted = CommandSet(commands=menu(telegram_section(self._parts.config.sections.channels)))
        if wanted not in details.commands:
            await bots.set_commands(account.user_id, wanted)
        about = str(agent.identity.get("description") or agent.identity.get("theme") or _ABOUT)
        if not details.description:
            await bots.set_description(account.user_id, f"{agent.name}: {about}"[:MAX_DESCRIPTION])
        if not (await self._domain.users.require(account.user_id)).about:
            await bots.set_profile(account.user_id, about=about[:MAX_ABOUT])

    def _pressed(self, account: AgentAccount, asked: BotCallbackAsked) -> None:
        if self.running:
            self._run(self.presses.take(account, asked))

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

    # Who is let in

    async def approve(self, request: PersonRequest, *, notify: bool, owner: bool) -> bool:
        """Let somebody in, and say so to them; False: they should have been told and could not be.

        Args:
            owner: they become an owner of the agents as well.
        """
        await self.pairing.approve(request)
        if owner:
            await self._parts.sessions.in_thread(partial(self.owners.file.add, request.user_id))
        account = self.accounts.by_agent.get(request.agent_id)
        if not notify or account is None:
            return not notify
        try:
            await self.outbound.say(account, request.user_id, _LET_IN, f"paired:{request.code}")
        except DomainError as error:
            self._log.warn(
                "{user_id} could not be told that they are let in: {error!r}", user_id=request.user_id, error=error
            )
            return False
        return True

    def is_owner(self, peer: str) -> bool:
        """Whether a peer (a marked id) is an owner's private chat."""
        return peer.isascii() and peer.isdigit() and len(peer) < 20 and int(peer) in self.owners
