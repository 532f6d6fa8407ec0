"""Methods about what is not here: they answer what the real gateway answers when nobody has set the thing up.

The answers are those that OpenClaw 2026.9.6 gave to its own Control UI on a
fresh machine; its screens are empty then, and not broken. What would have to do
something says instead that it cannot, and why.
"""

from collections.abc import Callable
from typing import Any

from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import unavailable
from teamgram.openclaw.gateway.router import OPERATOR, Call, Method

_READ, _WRITE, _APPROVALS = scopes.READ, scopes.WRITE, scopes.APPROVALS

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


_SPEECH = "is not configured: there is no provider of speech here"
_DREAMS = "is not configured: memory is files here, and nothing dreams of them"
_TASKS = "is not configured: agents keep no tasks here"
_BOARD = "is not configured: there are no dashboards here"
_UPDATES = "is not configured: this program is updated as it was installed"

#: Families that take something which is not here: (scope, what is said, names).
_FAMILIES = (
    (_READ, _SPEECH, "tts.status tts.providers tts.personas talk.catalog talk.config"),
    (_WRITE, _SPEECH, "tts.enable tts.disable tts.convert tts.setProvider tts.setPersona tts.speak"),
    (
        scopes.TALK,
        _SPEECH,
        "talk.client.create talk.client.transcript talk.client.close talk.client.toolCall talk.client.steer "
        "talk.session.create talk.session.appendAudio talk.session.cancelOutput talk.session.acknowledgeMark "
        "talk.session.submitToolResult talk.session.steer talk.session.close talk.speak talk.mode",
    ),
    (_READ, _DREAMS, "doctor.memory.dreamDiary"),
    (
        _WRITE,
        _DREAMS,
        "doctor.memory.backfillDreamDiary doctor.memory.resetDreamDiary doctor.memory.resetGroundedShortTerm "
        "doctor.memory.repairDreamingArtifacts doctor.memory.dedupeDreamDiary",
    ),
    (_READ, _TASKS, "tasks.get"),
    (_WRITE, _TASKS, "tasks.cancel tasks.retry tasks.dismiss"),
    (_READ, _BOARD, "board.get board.widget.appView board.prompt.authorize board.data.read"),
    (_WRITE, _BOARD, "board.update board.widget.put board.event board.action"),
    (_APPROVALS, _BOARD, "board.widget.grant"),
    (scopes.ADMIN, _UPDATES, "update.run update.hold"),
)
#: Name → (scope, the error's words).
REFUSALS: dict[str, tuple[str, str]] = {
    name: (scope, f"{name} {text}") for scope, text, names in _FAMILIES for name in names.split()
}


def not_configured() -> list[Method]:
    """All of them, for the router."""
    answers = [(name, scope, _answering(answer)) for name, (scope, answer) in ANSWERS.items()]
    refusals = [(name, scope, _refusing(text)) for name, (scope, text) in REFUSALS.items()]
    return [Method(name, function, scope, (OPERATOR,), False, False) for name, scope, function in answers + refusals]


def _answering(answer: Any) -> Callable[[Call], Any]:
    return lambda call: answer


def _refusing(text: str) -> Callable[[Call], Any]:
    def refuse(call: Call) -> Any:
        raise unavailable(text, {"reason": "not-configured"})

    return refuse
