"""Buttons below what is asked of people: what each says, and what becomes of a press. The words for typing stay."""

from teamgram.openclaw.agent.delivery import ButtonRows
from teamgram.openclaw.approvals import questions
from teamgram.openclaw.approvals.approval import ALLOW_ALWAYS, ALLOW_ONCE, DENY, Approval
from teamgram.openclaw.approvals.approvals import Approvals, Sees
from teamgram.openclaw.approvals.questions import Questions, Record
from teamgram.openclaw.approvals.typed_words import ended
from teamgram.openclaw.gateway.errors import GatewayError

#: Bytes of what a button says (core.telegram.org/bots/api#inlinekeyboardbutton).
MAX_DATA = 64
_MOST_OPTIONS, _MOST_CHARS = 20, 64
_DECISIONS = {"o": (ALLOW_ONCE, "✅ Once"), "a": (ALLOW_ALWAYS, "✅ Always"), "d": (DENY, "⛔ Deny")}
_APPROVAL, _QUESTION = "approve", "answer"


def approval_buttons(one: Approval) -> ButtonRows:
    """One for each word that may be said; none where its id does not go into a button."""
    row = [
        (words, f"{_APPROVAL}:{letter}:{one.id}")
        for letter, (decision, words) in _DECISIONS.items()
        if decision in one.allowed
    ]
    return [row] if row and all(_fits(data) for _, data in row) else []


def question_buttons(record: Record) -> ButtonRows:
    """One for each option of a question of one part with one answer."""
    if len(record["questions"]) != 1:
        return []
    (question,) = record["questions"]
    options = question.get("options") or []
    if question.get("isSecret") or question.get("multiSelect") or len(options) > _MOST_OPTIONS:
        return []
    rows = [
        [(str(option["label"])[:_MOST_CHARS], f"{_QUESTION}:{number}:{record['id']}")]
        for number, option in enumerate(options)
    ]
    return rows if all(_fits(data) for row in rows for _, data in row) else []


def _fits(data: str) -> bool:
    return len(data.encode()) <= MAX_DATA


class PressedButtons:
    """Takes presses."""

    def __init__(self, approvals: Approvals, asked: Questions) -> None:
        self._approvals = approvals
        self._questions = asked

    async def take(self, data: str, session_key: str, by: str, sees: Sees | None) -> str | None:
        """Act on a press; what became of it, None when it is no button of ours.

        Args:
            session_key: of the conversation in which it was pressed: its questions can be answered, no others.
            sees: which approvals whoever pressed may decide about; None: no one's.

        Raises:
            GatewayError: they may not, or it is too late.
        """
        kind, _, rest = data.partition(":")
        word, _, name = rest.partition(":")
        if kind == _APPROVAL and word in _DECISIONS:
            if sees is None:
                raise GatewayError("FORBIDDEN", "You may not approve anything here.")
            one = self._approvals.find(name, sees)
            await self._approvals.resolve(one, _DECISIONS[word][0], by, "channel")
            return ended(one)
        if kind == _QUESTION and word.isascii() and word.isdigit():
            record = self._questions.get(name)
            if record.get("sessionKey") != session_key:
                raise GatewayError("FORBIDDEN", "That was not asked here.")
            answers = questions.typed(record, str(int(word[:4]) + 1))
            if answers is None:
                return None
            kept = self._questions.answer(record, answers, by)
            return "✓ " + "; ".join(", ".join(said) for said in kept.values())
        return None
