"""All approvals: what waits for a person's word, and what the last ones were.

A decision is on disk before anybody hears of it, and so is a request. What
waits when the process ends is nobody's to decide afterwards: whoever asked is
gone. It is found at the next start as cancelled.
"""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

import msgspec

from teamgram.openclaw.approvals.approval import AGENT, DECISIONS, GATEWAY_RESTART, TIMEOUT, Approval, Requester
from teamgram.openclaw.gateway.errors import GatewayError, invalid, unavailable
from teamgram.openclaw.gateway.events import EventStream, Subscriber
from teamgram.openclaw.state_file import StateFile, read_json

#: That wait at once, and that ended and are remembered.
MAX_PENDING, MAX_ENDED = 200, 300
MAX_ID_CHARS = 200

_GONE = "unknown or expired approval id"

#: Hears of a request and of its end, beside the clients.
Heard = Callable[[Approval], None]
Sees = Callable[[Approval], bool]


class Approvals:
    """The registry.

    Attributes:
        on_requested: told of each request; each may bring it to somebody and returns whether it could.
        on_ended: told of each end.
    """

    def __init__(self, path: Path, events: EventStream, reactor: Any) -> None:
        """Reads what there is; blocks for as long as that takes.

        Raises:
            ValueError: the file is damaged.
        """
        self._events = events
        self._reactor = reactor
        self._file = StateFile(path, self._snapshot, reactor)
        stored = read_json(path) or {}
        self._all = {one.id: one for one in msgspec.convert(stored.get("approvals", []), list[Approval])}
        for one in self._all.values():
            if one.is_pending:
                one.resolved_at_ms, one.reason, one.resolver = self._now_ms(), GATEWAY_RESTART, "system"
        self._timers: dict[str, Any] = {}
        self._waiting: dict[str, list[Deferred[Approval]]] = {}
        self.on_requested: list[Callable[[Approval], bool]] = []
        self.on_ended: list[Heard] = []

    def _now_ms(self) -> int:
        return round(float(self._reactor.seconds()) * 1000)

    def _snapshot(self) -> dict[str, Any]:
        return {"version": 1, "approvals": msgspec.to_builtins(list(self._all.values()))}

    # Asking

    async def request(
        self,
        kind: str,
        request: dict[str, Any],
        allowed: list[str],
        timeout_ms: int,
        *,
        approval_id: str = "",
        requester: Requester = AGENT,
        reviewers: tuple[str, ...] = (),
    ) -> Approval:
        """Let something wait for a person; clients are told when this returns.

        Raises:
            GatewayError: the id is taken or none, too many wait, or the disk refuses.
        """
        if len(approval_id) > MAX_ID_CHARS or approval_id in (".", ".."):
            raise invalid("invalid approval id")
        if approval_id in self._all:
            raise invalid("approval id already pending")
        if len(self.pending()) >= MAX_PENDING:
            raise unavailable(f"{MAX_PENDING} approvals wait already", retryable=True)
        now_ms = self._now_ms()
        one = Approval(
            approval_id or (f"plugin:{uuid.uuid4()}" if kind == "plugin" else str(uuid.uuid4())),
            kind,
            {**request, "allowedDecisions": allowed},
            allowed,
            now_ms,
            now_ms + timeout_ms,
            requester,
            list(reviewers),
        )
        self._all[one.id] = one
        self._forget_old()
        try:
            await self._file.save()
        except Exception as error:
            self._all.pop(one.id, None)
            raise unavailable(f"approval request unavailable: {type(error).__name__}", retryable=True) from None
        if not one.is_pending:
            return one
        self._timers[one.id] = self._reactor.callLater(timeout_ms / 1000, self._expired, one)
        self._tell(f"{kind}.approval.requested", one, one.requested())
        return one

    def bring(self, one: Approval, *, but: str = "") -> bool:
        """Whether anybody is there to decide: a client that sees it (other than connection ``but``), or a channel."""
        elsewhere = [bring(one) for bring in self.on_requested]
        return any(elsewhere) or any(
            subscriber.hears("operator.approvals")
            and sees(one, subscriber.granted, "", subscriber.device_id or "")
            and getattr(subscriber.connection, "conn_id", "") != but
            for subscriber in self._events.subscribers()
        )

    def decided(self, one: Approval) -> Deferred[Approval]:
        """Fires when it has ended; who waits may be cancelled, and it waits on."""
        waiting: Deferred[Approval] = Deferred()
        if one.is_pending:
            self._waiting.setdefault(one.id, []).append(waiting)
        else:
            waiting.callback(one)
        return waiting

    # Deciding

    async def resolve(self, one: Approval, decision: str, resolved_by: str, resolver: str = "device") -> None:
        """A person has spoken; on disk when this returns.

        Raises:
            GatewayError: not a decision that may be made of this one, decided already, or the disk refuses.
        """
        if decision not in DECISIONS:
            raise invalid("invalid decision")
        if not one.is_pending:
            if one.decision == decision:
                return
            raise invalid("approval already resolved", {"reason": "APPROVAL_ALREADY_RESOLVED"})
        if decision not in one.allowed:
            raise invalid(
                f"{decision} is unavailable for this command", {"reason": "APPROVAL_ALLOW_ALWAYS_UNAVAILABLE"}
            )
        await self._end(one, decision, "user", resolved_by, resolver)

    async def cancel(self, one: Approval, reason: str) -> None:
        """Nobody needs to decide any more."""
        if one.is_pending:
            await self._end(one, "", reason, "", "runtime")

    def _expired(self, one: Approval) -> None:
        if one.is_pending:
            ending = Deferred.fromCoroutine(self._end(one, "", TIMEOUT, "", "system"))
            ending.addErrback(lambda failure: None)

    async def _end(self, one: Approval, decision: str, reason: str, resolved_by: str, resolver: str) -> None:
        one.decision, one.reason, one.resolved_at_ms = decision, reason, self._now_ms()
        one.resolved_by, one.resolver = resolved_by, resolver
        timer = self._timers.pop(one.id, None)
        if timer is not None and timer.active():
            timer.cancel()
        failure: Exception | None = None
        try:
            await self._file.save()
        except Exception as error:
            failure = error
            # A word that is not kept is none: whoever waits is not let go on by it.
            one.decision, one.reason = "", TIMEOUT
        for waiting in self._waiting.pop(one.id, ()):
            if not waiting.called:
                waiting.callback(one)
        for hear in self.on_ended:
            hear(one)
        self._tell(f"{one.kind}.approval.resolved", one, one.resolved())
        if failure is not None:
            raise unavailable(f"approval resolve unavailable: {type(failure).__name__}")

    def _tell(self, name: str, one: Approval, payload: dict[str, Any]) -> None:
        self._events.broadcast(name, payload, only=lambda who: sees(one, who.granted, _conn(who), who.device_id or ""))
        key = one.request.get("sessionKey")
        if key:
            about = {
                "sessionKey": key,
                "updatedAtMs": one.resolved_at_ms or one.created_at_ms,
                "phase": "pending" if one.is_pending else "terminal",
                "approval": one.snapshot(),
            }
            self._events.broadcast(
                "session.approval",
                about,
                only=lambda who: (
                    (who.all_sessions or key in who.session_keys)
                    and sees(one, who.granted, _conn(who), who.device_id or "")
                ),
            )

    # Looking

    def pending(self) -> list[Approval]:
        """Those that wait, the oldest first."""
        return [one for one in self._all.values() if one.is_pending]

    def ended(self) -> list[Approval]:
        """Those that ended, the last first."""
        return sorted(
            (one for one in self._all.values() if not one.is_pending), key=lambda one: (-one.resolved_at_ms, one.id)
        )

    def find(self, text: str, sees: Sees) -> Approval:
        """By id, or by the only beginning of one that fits what is pending.

        Raises:
            GatewayError: there is none, or several.
        """
        exact = self._all.get(text)
        if exact is not None and sees(exact):
            return exact
        found = [one for one in self.pending() if text and one.id.startswith(text) and sees(one)]
        if len(found) > 1:
            raise invalid("ambiguous approval id prefix; use the full id")
        if not found:
            raise GatewayError("INVALID_REQUEST", _GONE, {"reason": "APPROVAL_NOT_FOUND"})
        return found[0]

    def _forget_old(self) -> None:
        for one in self.ended()[MAX_ENDED:]:
            del self._all[one.id]

    async def close(self) -> None:
        """No more timers; what is known is on disk."""
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        self._timers.clear()
        await self._file.close()


def _conn(who: Subscriber) -> str:
    return str(getattr(who.connection, "conn_id", "") or "")


def sees(one: Approval, granted: frozenset[str], conn_id: str, device_id: str) -> bool:
    """Whether a client may see and decide it: an admin any, others an agent's, their own, and what names them."""
    if "operator.admin" in granted:
        return True
    if device_id and device_id in one.reviewers:
        return True
    if one.requester.device_id:
        return one.requester.device_id == device_id
    if one.requester.conn_id:
        return one.requester.conn_id == conn_id
    return not one.reviewers
