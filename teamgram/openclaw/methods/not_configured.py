"""Methods about what is not here: they answer what the real gateway answers when nobody has set the thing up.

The answers are those that OpenClaw 2026.9.6 gave to its own Control UI on a
fresh machine; its screens are empty then, and not broken.
"""

from collections.abc import Callable
from typing import Any

from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.router import OPERATOR, Call, Method

_READ, _APPROVALS = scopes.READ, scopes.APPROVALS

#: Name → (scope, answer).
ANSWERS: dict[str, tuple[str, Any]] = {
    "openclaw.approval.list": (_APPROVALS, []),
    "taskSuggestions.list": (_READ, {"suggestions": []}),
    "tasks.list": (_READ, {"tasks": []}),
    "diagnostics.stability": (
        _READ,
        {
            "generatedAt": "1970-01-01T00:00:00.000Z",
            "capacity": 0,
            "count": 0,
            "dropped": 0,
            "events": [],
            "summary": {"byType": {}},
        },
    ),
    "themes.list": (_READ, {"themes": []}),
    "plugins.list": (_READ, {"plugins": [], "diagnostics": [], "mutationAllowed": False}),
    "skills.search": (_READ, {"results": []}),
    "skills.library.list": (_READ, {"entries": [], "defaultSelectionLimit": 64}),
    "progressCard.get": (_READ, {"card": None}),
    "session.discussion.info": (_READ, {"state": "none"}),
    "sessions.companion.state": (_READ, {"exchanges": []}),
    "sessions.groups.list": (_READ, {"groups": [], "sectionOrder": []}),
    "sessions.groups.defaults": (scopes.WRITE, {"defaults": []}),
    "sessions.catalog.list": (_READ, {"catalogs": []}),
    "sessions.observer.visibility": (_READ, {"ok": True}),
    "controlUi.sessionPullRequests.subscribe": (_READ, {"subscribed": False}),
    "update.status": (scopes.ADMIN, {"sentinel": None, "updateAvailable": None}),
    "users.prefs.get": (_READ, {"status": "ok", "entries": {}}),
}


def not_configured() -> list[Method]:
    """All of them, for the router."""
    return [
        Method(name, _answering(answer), scope, (OPERATOR,), False, False) for name, (scope, answer) in ANSWERS.items()
    ]


def _answering(answer: Any) -> Callable[[Call], Any]:
    return lambda call: answer
