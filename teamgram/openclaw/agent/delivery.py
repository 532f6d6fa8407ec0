"""Where ``send`` delivers: sessions, and the messaging channels that somebody has hung in. Each message once."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import GatewayError, invalid, require_scope, unavailable
from teamgram.openclaw.sessions.agent_session import AgentSession

_MAX_REMEMBERED = 1000
WEBHOOK = "webhook"

#: Where what belongs to no channel goes: into a session of ours.
_SESSIONS = ("webchat", "session")


async def _not_switched(on: bool) -> None:
    """Of a channel on which nobody writes."""


#: Rows of buttons below a message: words, and what a press of it says to us.
ButtonRows = list[list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class FileToSend:
    """A file on its way to somebody.

    Attributes:
        kind: ``photo``, ``voice``, ``audio``, ``document``, or ``auto``: as its type says.
    """

    name: str
    mime_type: str
    content: bytes
    kind: str = "auto"


@dataclass(frozen=True, slots=True)
class OutboundChannel:
    """A messaging channel.

    Attributes:
        deliver: sends (to, text, agent id, idempotency key, and buttons if there are any); returns facts for the
            answer.
        is_owner: whether a peer there is an owner of the agents.
        switch: answers what is written there, or no more of it.
        deliver_files: sends (to, files, caption, agent id, idempotency key) there; None: it takes none.
    """

    deliver: Callable[..., Awaitable[dict[str, Any]]]
    is_owner: Callable[[str], bool]
    switch: Callable[[bool], Awaitable[None]] = _not_switched
    deliver_files: Callable[[str, list[FileToSend], str, str, str], Awaitable[dict[str, Any]]] | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRoute:
    """Where somebody is to be reached: a channel and who or what there."""

    channel: str
    to: str


#: Adds an assistant message to a session; returns its id.
Say = Callable[[AgentSession, str], Awaitable[str]]


class Deliveries:
    """Delivers.

    Attributes:
        channels: by name; the messenger adds itself.
    """

    def __init__(self, parts: AgentParts, say: Say) -> None:
        self.channels: dict[str, OutboundChannel] = {}
        self._parts = parts
        self._say = say
        #: Posts to programs; no channel that people are on.
        self.webhook: OutboundChannel | None = None
        self._known: OrderedDict[str, tuple[str, dict[str, Any] | None, list[Deferred[None]]]] = OrderedDict()

    async def deliver(
        self,
        to: str,
        text: str,
        channel: str,
        key: str,
        agent_id: str,
        granted: frozenset[str],
        buttons: ButtonRows | None = None,
    ) -> dict[str, Any]:
        """Deliver once per ``key``; a repetition gets the first answer.

        Args:
            granted: the scopes of whoever wants it.
            buttons: shown below it on a channel that has such.

        Raises:
            GatewayError: nowhere to deliver to, the channel refused, or it is a session and ``granted`` is not enough.
        """
        asked = f"{channel}\0{to}\0{text}"
        known = self._known.get(key)
        if known is not None:
            return await self._repeated(known, asked, key)
        waiting: list[Deferred[None]] = []
        self._known[key] = (asked, None, waiting)
        try:
            answer = {"runId": key, **await self._deliver(to, text, channel, key, agent_id, granted, buttons)}
        except BaseException:
            del self._known[key]
            raise
        else:
            self._known[key] = (asked, answer, waiting)
            self._forget_old()
        finally:
            for each in waiting:
                each.callback(None)
        return answer

    def _forget_old(self) -> None:
        """The oldest that are done; what is under way is known to its end."""
        done = [key for key, (_, answer, _) in self._known.items() if answer is not None]
        for key in done[:-_MAX_REMEMBERED]:
            del self._known[key]

    async def _repeated(
        self, known: tuple[str, dict[str, Any] | None, list[Deferred[None]]], asked: str, key: str
    ) -> dict[str, Any]:
        if known[0] != asked:
            raise invalid("This message ID was already used for different input.", {"reason": "send-request-conflict"})
        if known[1] is None:
            waiting: Deferred[None] = Deferred()
            known[2].append(waiting)
            await waiting
        answer = self._known.get(key, known)[1]
        if answer is None:
            raise unavailable("the delivery failed", retryable=True)
        return answer

    async def _deliver(
        self,
        to: str,
        text: str,
        channel: str,
        key: str,
        agent_id: str,
        granted: frozenset[str],
        buttons: ButtonRows | None,
    ) -> dict[str, Any]:
        if channel == WEBHOOK:
            require_scope(scopes.ADMIN, granted)
            if self.webhook is None:
                raise unavailable("webhooks are not here")
            return {"channel": channel, **await self.webhook.deliver(to, text, agent_id, key)}
        if channel and channel not in _SESSIONS:
            return await self._over(channel, to, text, agent_id, key, buttons)
        session = self._parts.sessions.get(self._parts.runs.canonical_key(to)) or self._parts.sessions.by_label(to)
        if session is not None:
            # To put words into the agent's mouth is ``chat.inject``, by whatever name.
            require_scope(scopes.ADMIN, granted)
            return {"channel": "session", "to": session.key, "messageId": await self._say(session, text)}
        if channel or not self.channels:
            raise invalid(f"No session found: {to}")
        return await self._over(next(iter(self.channels)), to, text, agent_id, key, buttons)

    async def _over(
        self, channel: str, to: str, text: str, agent_id: str, key: str, buttons: ButtonRows | None
    ) -> dict[str, Any]:
        found = self.channels.get(channel)
        if found is None:
            raise unavailable(f'OutboundDeliveryError: channel "{channel}" is not configured', {"channel": channel})
        more = (buttons,) if buttons else ()
        try:
            return {"channel": channel, "to": to, **await found.deliver(to, text, agent_id, key, *more)}
        except GatewayError:
            raise
        except Exception as error:
            raise unavailable(f"OutboundDeliveryError: {type(error).__name__}") from error

    async def deliver_files(
        self, to: str, files: list[FileToSend], caption: str, key: str, session: AgentSession | None, agent_id: str
    ) -> dict[str, Any]:
        """Send files to whom a session is with, or to somebody on its channel.

        Raises:
            GatewayError: nowhere to send to, or the channel refused.
        """
        route = self.route_of(session)
        channel = route.channel if route is not None else next(iter(self.channels), "")
        found = self.channels.get(channel)
        target = to or (route.to if route is not None else "")
        if found is None or found.deliver_files is None or not target:
            raise invalid("this conversation is on no channel that takes files: say `to`")
        return {"channel": channel, "to": target, **await found.deliver_files(target, files, caption, agent_id, key)}

    # Where to

    def knows(self, channel: str) -> bool:
        """Whether there is such a channel: one that refuses may do better later."""
        return not channel or channel in (*_SESSIONS, WEBHOOK) or channel in self.channels

    def route_of(self, session: AgentSession | None) -> DeliveryRoute | None:
        """Whom a session's conversation is with, None for one of ours alone."""
        if session is None or session.channel not in self.channels or not session.peer:
            return None
        return DeliveryRoute(str(session.channel), session.peer)

    def owners(self, agent_id: str) -> list[DeliveryRoute]:
        """The owners who talk with an agent on a channel, the last one first. Strangers are told nothing unasked."""
        found: dict[DeliveryRoute, None] = {}
        for session in self._parts.sessions.newest_first("last_interaction_at"):
            route = self.route_of(session) if session.agent_id == agent_id else None
            if route is not None and self.channels[route.channel].is_owner(route.to):
                found[route] = None
        return list(found)

    async def say_in_main(self, text: str, agent_id: str) -> None:
        """Say something in an agent's main session, where every client of ours looks.

        Raises:
            GatewayError: the disk refuses.
        """
        session = self._parts.runs.session_for(self._parts.runs.parse_key(f"agent:{agent_id}:main"), created_via="cron")
        await self._say(session, text)
