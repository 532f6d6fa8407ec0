"""Operator scopes: which exist, what implies what, and who may hear which event."""

from collections.abc import Iterable

ADMIN = "operator.admin"
READ = "operator.read"
WRITE = "operator.write"
APPROVALS = "operator.approvals"
QUESTIONS = "operator.questions"
PAIRING = "operator.pairing"
TALK = "operator.talk"
TALK_SECRETS = "operator.talk.secrets"

ALL = (ADMIN, READ, WRITE, APPROVALS, PAIRING, QUESTIONS, TALK, TALK_SECRETS)

_IMPLIED = {ADMIN: frozenset(ALL), WRITE: frozenset({WRITE, READ, TALK})}

#: Not a scope of theirs: an event that nobody has subscribed a scope for.
WITHHELD = ""

#: Event name, or family up to the first dot, to the scope that hears it; None: every connection, nodes too.
_EVENT_SCOPES: dict[str, str | None] = {
    "tick": None,
    "health": None,
    "heartbeat": None,
    "shutdown": None,
    "chat": READ,
    "agent": READ,
    "presence": READ,
    "sessions": READ,
    "session": READ,
    "cron": READ,
    "config": READ,
    "node": READ,
    "voicewake": READ,
    "question": QUESTIONS,
    "terminal": ADMIN,
    "session.approval": APPROVALS,
    "node.pair": PAIRING,
    "device.pair": PAIRING,
}


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """``scopes`` with everything they imply."""
    granted: set[str] = set()
    for scope in scopes:
        granted |= _IMPLIED.get(scope, {scope})
    return frozenset(granted)


def known(scopes: Iterable[str]) -> list[str]:
    """The scopes that exist, in the order given, each once."""
    return [scope for scope in dict.fromkeys(scopes) if scope in ALL]


def event_scope(name: str) -> str | None:
    """The scope that a connection needs for event ``name``; :data:`WITHHELD` if nobody may hear it.

    The longest known prefix decides, so ``node.pair.requested`` needs
    pairing and ``node.hostStats`` read. Unknown families are withheld.
    """
    if ".approval." in f".{name}.":
        return APPROVALS
    family = name
    while family:
        if family in _EVENT_SCOPES:
            return _EVENT_SCOPES[family]
        family = family.rpartition(".")[0]
    return WITHHELD
