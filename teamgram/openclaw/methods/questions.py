"""``question.*``: what agents and programs ask people."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.approvals.questions import PENDING, Questions, Record, result
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method

_TIMEOUT_MS, _MAX_TIMEOUT_MS = 900_000, 86_400_000
_MAX_QUESTION_CHARS = 16_384


class QuestionMethods:
    """The family."""

    def __init__(self, parts: AgentParts, questions: Questions) -> None:
        self._parts = parts
        self._questions = questions

    @method("question.request", scopes.QUESTIONS)
    def request(self, call: Call) -> dict[str, Any]:
        """Ask; who waits for the answer calls ``question.waitAnswer``."""
        params = call.params
        if any(question.get("secretStore") for question in params["questions"]):
            raise invalid("secret store questions are not supported: there is no secret store here")
        texts = (text for question in params["questions"] for text in _texts(question))
        if sum(map(len, texts)) > _MAX_QUESTION_CHARS:
            raise invalid(f"a question is longer than {_MAX_QUESTION_CHARS} characters")
        key = params.get("sessionKey")
        record = self._questions.ask(
            params["questions"],
            min(params.get("timeoutMs") or _TIMEOUT_MS, _MAX_TIMEOUT_MS),
            question_id=params.get("id") or "",
            agent_id=params.get("agentId") or "",
            session_key=self._parts.runs.parse_key(key, params.get("agentId")).text if key else "",
            run_id=params.get("runId") or "",
        )
        return {"id": record["id"], "expiresAtMs": record["expiresAtMs"]}

    @method("question.waitAnswer", scopes.QUESTIONS)
    async def wait(self, call: Call) -> dict[str, Any]:
        """Answered when it is, or ``pending`` after ``timeoutMs``."""
        record, timeout_ms = self._questions.get(call.params["id"]), call.params.get("timeoutMs")
        waiting: Deferred[Record] = self._questions.ended(record)
        if timeout_ms:
            reactor = self._parts.reactor
            timer = reactor.callLater(timeout_ms / 1000, _enough, waiting, record)
            waiting.addBoth(_no_more, timer)
        return result(await waiting)

    @method("question.resolve", scopes.QUESTIONS)
    def resolve(self, call: Call) -> dict[str, Any]:
        """Answer, or say that nobody will."""
        params = call.params
        record = self._questions.get(params["id"])
        client = call.connection.peer.client
        by = str(client.get("displayName") or client.get("id") or "")
        if params.get("cancel"):
            self._questions.cancel(record, by)
        else:
            self._questions.answer(record, params["answers"]["answers"], by)
        return result(record)

    @method("question.get", scopes.QUESTIONS)
    def get(self, call: Call) -> dict[str, Any]:
        """One."""
        return {"question": self._questions.get(call.params["id"])}

    @method("question.list", scopes.QUESTIONS)
    def list(self, call: Call) -> dict[str, Any]:
        """Those that wait."""
        return {"questions": [record for record in self._questions.pending() if record["status"] == PENDING]}


def _enough(waiting: Deferred[Record], record: Record) -> None:
    if not waiting.called:
        waiting.callback(record)


def _no_more(result: Any, timer: Any) -> Any:
    if timer.active():
        timer.cancel()
    return result


def _texts(question: dict[str, Any]) -> list[str]:
    options = [part for option in question["options"] for part in (option["label"], option.get("description") or "")]
    return [question["question"], *options]
