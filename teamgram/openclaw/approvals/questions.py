"""What agents and programs ask people: choices and free words, answered once.

In memory only: whoever asks ends with the process.
"""

import uuid
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.gateway.errors import GatewayError, invalid, unavailable
from teamgram.openclaw.gateway.events import EventStream

#: That wait at once; of agents' own, so that whoever may talk to an agent cannot keep programs from asking.
MAX_PENDING, MAX_OF_AGENTS = 200, 150
MAX_ID_CHARS = 200
MAX_ANSWER_CHARS = 16_000
#: After its end a question is known for those who ask late.
_GRACE_SECONDS = 15.0

PENDING, ANSWERED, CANCELLED, EXPIRED = "pending", "answered", "cancelled", "expired"

MessageAnswers = dict[str, list[str]]
Record = dict[str, Any]


class Questions:
    """All of them.

    Attributes:
        on_asked: each hears a question's record.
        on_ended: each hears the record of one that ended.
    """

    def __init__(self, events: EventStream, reactor: Any) -> None:
        self._events = events
        self._reactor = reactor
        self._records: dict[str, Record] = {}
        self._waiting: dict[str, list[Deferred[Record]]] = {}
        self._timers: dict[str, Any] = {}
        self.on_asked: list[Callable[[Record], None]] = []
        self.on_ended: list[Callable[[Record], None]] = []

    def ask(
        self,
        questions: list[dict[str, Any]],
        timeout_ms: int,
        *,
        question_id: str = "",
        agent_id: str = "",
        session_key: str = "",
        run_id: str = "",
    ) -> Record:
        """Ask people; returns the ``QuestionRecord``.

        Raises:
            GatewayError: the id is in use, two questions have one id, or too many wait.
        """
        if question_id in self._records:
            raise invalid(f"question '{question_id[:64]}' already exists", {"reason": "QUESTION_ID_IN_USE"})
        if len(question_id) > MAX_ID_CHARS:
            raise invalid("invalid question id")
        if len({question["questionId"] for question in questions}) != len(questions):
            raise invalid("question ids must be unique")
        if len(self.pending()) >= (MAX_OF_AGENTS if run_id else MAX_PENDING):
            raise unavailable("too many questions wait already", retryable=True)
        now_ms = round(float(self._reactor.seconds()) * 1000)
        record: Record = {
            "id": question_id or str(uuid.uuid4()),
            "questions": questions,
            "createdAtMs": now_ms,
            "expiresAtMs": now_ms + timeout_ms,
            "status": PENDING,
        }
        for name, value in (("agentId", agent_id), ("sessionKey", session_key), ("runId", run_id)):
            if value:
                record[name] = value
        self._records[record["id"]] = record
        self._timers[record["id"]] = self._reactor.callLater(timeout_ms / 1000, self._end, record, EXPIRED)
        self._events.broadcast("question.requested", record)
        for hear in self.on_asked:
            hear(record)
        return record

    def get(self, question_id: str) -> Record:
        """By id.

        Raises:
            GatewayError: unknown, or ended a while ago.
        """
        record = self._records.get(question_id)
        if record is None:
            raise GatewayError(
                "INVALID_REQUEST", f"question '{question_id[:64]}' was not found", {"reason": "QUESTION_NOT_FOUND"}
            )
        return record

    def pending(self, session_key: str | None = None) -> list[Record]:
        """Those that wait for an answer (in a session), the oldest first."""
        return [
            record
            for record in self._records.values()
            if record["status"] == PENDING and session_key in (None, record.get("sessionKey"))
        ]

    def ended(self, record: Record) -> Deferred[Record]:
        """Fires when there is an answer, or will be none; at once when that is known."""
        waiting: Deferred[Record] = Deferred()
        if record["status"] == PENDING:
            self._waiting.setdefault(record["id"], []).append(waiting)
        else:
            waiting.callback(record)
        return waiting

    def answer(self, record: Record, answers: MessageAnswers, by: str) -> MessageAnswers:
        """Answer all of a question's parts; returns the answers as they are kept.

        Raises:
            GatewayError: ended already, or no answer to this question.
        """
        self._check_pending(record)
        known = {question["questionId"]: question for question in record["questions"]}
        for name in answers:
            if name not in known:
                raise _no_answer(name, "is not one of the questions")
        kept = {name: _checked(question, answers.get(name)) for name, question in known.items()}
        record |= {"answers": {"answers": kept}} | ({"resolvedBy": by} if by else {})
        self._end(record, ANSWERED)
        return kept

    def cancel(self, record: Record, by: str = "") -> None:
        """Nobody will answer it.

        Raises:
            GatewayError: ended already.
        """
        self._check_pending(record)
        if by:
            record["resolvedBy"] = by
        self._end(record, CANCELLED)

    def end_unanswered(self, record: Record) -> None:
        """Whoever asked is gone; nothing if it has ended already."""
        self._end(record, CANCELLED)

    def _check_pending(self, record: Record) -> None:
        if record["status"] != PENDING:
            text = f"question '{record['id']}' is already {record['status']}"
            raise invalid(text, {"reason": "QUESTION_ALREADY_TERMINAL"})

    def _end(self, record: Record, status: str) -> None:
        if record["status"] != PENDING:
            return
        record["status"] = status
        timer = self._timers.pop(record["id"], None)
        if timer is not None and timer.active():
            timer.cancel()
        self._timers[record["id"]] = self._reactor.callLater(_GRACE_SECONDS, self._forget, record["id"])
        for waiting in self._waiting.pop(record["id"], ()):
            if not waiting.called:
                waiting.callback(record)
        told = {"id": record["id"], "status": status}
        if status == ANSWERED:
            told["answers"] = record["answers"]
        self._events.broadcast("question.resolved", told)
        for hear in self.on_ended:
            hear(record)

    def _forget(self, question_id: str) -> None:
        self._timers.pop(question_id, None)
        self._records.pop(question_id, None)

    def close(self) -> None:
        """No more timers."""
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        self._timers.clear()


def result(record: Record) -> dict[str, Any]:
    """What who waits for an answer is told."""
    told = {"status": record["status"]}
    return told | {"answers": record["answers"]} if record["status"] == ANSWERED else told


def _no_answer(name: str, problem: str) -> GatewayError:
    return invalid(f"answer to '{name[:64]}' {problem}", {"reason": "QUESTION_INVALID_ANSWER"})


def _checked(question: dict[str, Any], given: list[str] | None) -> list[str]:
    name = question["questionId"]
    said = [text.strip() for text in given or () if text.strip()]
    if not said:
        raise _no_answer(name, "is missing")
    if len(said) > 1 and not question.get("multiSelect"):
        raise _no_answer(name, "must be one")
    if sum(map(len, said)) > MAX_ANSWER_CHARS:
        raise _no_answer(name, "is too long")
    labels = {option["label"].strip().casefold(): option["label"] for option in question.get("options") or ()}
    chosen = [labels.get(text.casefold(), text) for text in said]
    if labels and question.get("isOther") is False and not set(chosen) <= set(labels.values()):
        raise _no_answer(name, "must be one of the options")
    return list(dict.fromkeys(chosen))


def typed(record: Record, text: str) -> MessageAnswers | None:
    """What a person typed as the answer to a question of one part: an option's number or name, or free words.

    None when the question has several parts or is about a secret: that is answered in a client.
    """
    if len(record["questions"]) != 1 or record["questions"][0].get("isSecret"):
        return None
    (question,) = record["questions"]
    options = question.get("options") or []
    parts = [part.strip() for part in text.split(",")] if question.get("multiSelect") else [text.strip()]
    said = []
    for part in parts:
        number = int(part[:4]) if part.isascii() and part.isdigit() else 0
        said.append(options[number - 1]["label"] if 0 < number <= len(options) else part)
    return {question["questionId"]: said}


def wording(record: Record) -> str:
    """A question as it is put into a chat."""
    rows = []
    for question in record["questions"]:
        rows.append(f"❓ {question['question']}")
        for number, option in enumerate(question.get("options") or (), 1):
            about = f": {option['description']}" if option.get("description") else ""
            rows.append(f"{number}. {option['label']}{about}")
    return "\n".join(rows)
