"""One thing that somebody wants to do, and what a person said to it. Plain Python."""

import unicodedata
from typing import Any
from urllib.parse import quote

import msgspec

EXEC, PLUGIN = "exec", "plugin"
ALLOW_ONCE, ALLOW_ALWAYS, DENY = "allow-once", "allow-always", "deny"
DECISIONS = (ALLOW_ONCE, ALLOW_ALWAYS, DENY)
#: Why one ended without a person's word.
TIMEOUT, NO_ROUTE, RUN_ABORTED, GATEWAY_RESTART = "timeout", "no-route", "run-aborted", "gateway-restart"
_CANCELLED = (RUN_ABORTED, GATEWAY_RESTART)


def plain(text: str) -> str:
    """Text as a person may judge it: what is invisible or turns the writing around is spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"\\u{{{ord(char):X}}}"
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and char != "\n"
        else char
        for char in text
    )


class Requester(msgspec.Struct, frozen=True):
    """Who wants it: a client of ours, or (all empty) an agent."""

    conn_id: str = ""
    device_id: str = ""


AGENT = Requester()


class Approval(msgspec.Struct):
    """One, pending until :attr:`resolved_at_ms` is set.

    Attributes:
        kind: :data:`EXEC` (a command on a host) or :data:`PLUGIN` (anything else, described in words).
        request: what clients are shown of it, as the ``*.approval.requested`` events have it.
        allowed: the decisions that may be made.
        decision: empty without one.
        reason: ``user``, or why it ended without a person.
        resolved_by: a client's name; with ``resolver`` (``device``, ``channel``, ``runtime``, ``system``).
    """

    id: str
    kind: str
    request: dict[str, Any]
    allowed: list[str]
    created_at_ms: int
    expires_at_ms: int
    requester: Requester = AGENT
    reviewers: list[str] = []
    decision: str = ""
    reason: str = ""
    resolved_at_ms: int = 0
    resolved_by: str = ""
    resolver: str = ""

    @property
    def is_pending(self) -> bool:
        """Whether it still waits for a word."""
        return not self.resolved_at_ms

    @property
    def status(self) -> str:
        """``pending``, ``allowed``, ``denied``, ``expired`` or ``cancelled``."""
        if self.is_pending:
            return "pending"
        if self.decision:
            return "denied" if self.decision == DENY else "allowed"
        if self.reason in _CANCELLED:
            return "cancelled"
        return "denied" if self.reason == NO_ROUTE else "expired"

    def requested(self) -> dict[str, Any]:
        """As lists and the ``requested`` event have it."""
        return {
            "approvalKind": self.kind,
            "id": self.id,
            "request": self.request,
            "createdAtMs": self.created_at_ms,
            "expiresAtMs": self.expires_at_ms,
        }

    def resolved(self) -> dict[str, Any]:
        """As the ``resolved`` event has it."""
        return {
            "id": self.id,
            "decision": self.decision or DENY,
            "resolvedBy": self.resolved_by or None,
            "ts": self.resolved_at_ms,
            "request": self.request,
            "approvalKind": self.kind,
        }

    def waited(self) -> dict[str, Any]:
        """The answer to who waits for the decision; None: nobody said anything."""
        answer: dict[str, Any] = {
            "id": self.id,
            "decision": self.decision or None,
            "createdAtMs": self.created_at_ms,
            "expiresAtMs": self.expires_at_ms,
        }
        if not self.is_pending and not self.decision:
            answer["terminalReason"] = "no-approval-route" if self.reason == NO_ROUTE else self.reason
        return answer

    def _presentation(self) -> dict[str, Any]:
        request = self.request
        shown: dict[str, Any] = {"kind": self.kind, "allowedDecisions": self.allowed}
        if self.kind == EXEC:
            shown |= {"commandText": request["command"]}
            names: tuple[str, ...] = ("commandPreview", "warningText", "host", "nodeId", "agentId", "scope")
        else:
            shown |= {
                "title": request["title"],
                "description": request["description"],
                "severity": request.get("severity") or "warning",
            }
            names = ("detail", "pluginId", "toolName", "agentId", "scope")
        return shown | {name: request[name] for name in names if request.get(name)}

    def snapshot(self) -> dict[str, Any]:
        """``ApprovalSnapshot`` of the protocol."""
        wire: dict[str, Any] = {
            "id": self.id,
            "urlPath": f"/approve/{quote(self.id, safe='')}",
            "createdAtMs": self.created_at_ms,
            "expiresAtMs": self.expires_at_ms,
            "presentation": self._presentation(),
            "status": self.status,
        }
        source = {name: self.request[name] for name in ("agentId", "sessionKey") if self.request.get(name)}
        if self.is_pending:
            if "sessionKey" in source:
                wire["sourceSessionKey"] = source["sessionKey"]
            return wire
        wire |= {"resolvedAtMs": self.resolved_at_ms, "reason": self.reason}
        if source:
            wire["source"] = source
        if self.resolver:
            wire["resolver"] = {"kind": self.resolver}
            if self.resolved_by:
                wire["resolver"]["id"] = self.resolved_by
        if self.status in ("allowed", "denied"):
            wire["decision"] = self.decision or DENY
        return wire
