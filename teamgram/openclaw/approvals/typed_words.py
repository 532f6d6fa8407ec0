"""Words typed into a conversation that are no message to the agent: ``/approve``, ``/deny``, answers to questions."""

from teamgram.openclaw.approvals import questions
from teamgram.openclaw.approvals.approval import ALLOW_ALWAYS, ALLOW_ONCE, DECISIONS, DENY, Approval
from teamgram.openclaw.approvals.approvals import Approvals, Sees
from teamgram.openclaw.approvals.questions import Questions
from teamgram.openclaw.gateway.errors import GatewayError

_SHORT = {"once": ALLOW_ONCE, "yes": ALLOW_ONCE, "allow": ALLOW_ONCE, "always": ALLOW_ALWAYS, "no": DENY}
_NO_RIGHT = "You may not approve anything here."


class TypedWords:
    """Takes them."""

    def __init__(self, approvals: Approvals, asked: Questions) -> None:
        self._approvals = approvals
        self._questions = asked

    async def take(self, text: str, session_key: str, by: str, sees: Sees | None, resolver: str) -> str | None:
        """Act on what somebody typed; what to tell him, None when it is a message like any other.

        Args:
            sees: which approvals he may decide about; None: no one's.
        """
        words = text.split()
        if words and words[0].lower() in ("/approve", "/deny"):
            return await self._decide(words, session_key, by, sees, resolver)
        if text.startswith("/"):
            return None
        record = next(iter(self._questions.pending(session_key)), None)
        answers = questions.typed(record, text) if record is not None else None
        if record is None or answers is None:
            return None
        try:
            kept = self._questions.answer(record, answers, by)
        except GatewayError as error:
            return f"⚠️ {error.message}"
        return "✓ " + "; ".join(", ".join(said) for said in kept.values())

    async def _decide(self, words: list[str], session_key: str, by: str, sees: Sees | None, resolver: str) -> str:
        if sees is None:
            return f"⚠️ {_NO_RIGHT}"
        decision = DENY if words[0].lower() == "/deny" else ""
        which = ""
        for word in words[1:3]:
            named = _SHORT.get(word.lower(), word.lower())
            if named in DECISIONS and not decision:
                decision = named
            else:
                which = word
        try:
            one = self._approvals.find(which, sees) if which else self._only(session_key, sees)
            if one is None:
                return "⚠️ Say which: /approve ID allow-once|allow-always|deny"
            await self._approvals.resolve(one, decision or ALLOW_ONCE, by, resolver)
        except GatewayError as error:
            return f"⚠️ {error.message}"
        return ended(one)

    def _only(self, session_key: str, sees: Sees) -> Approval | None:
        """The one that is meant when none is named: this conversation's, or the only one that waits."""
        pending = [one for one in self._approvals.pending() if sees(one)]
        here = [one for one in pending if one.request.get("sessionKey") == session_key]
        found = here or pending
        return found[0] if len(found) == 1 else None


def asked(one: Approval) -> str:
    """An approval as it is put into a chat."""
    about = one.request
    if one.kind == "exec":
        rows = ["🔒 May this command run?", about["command"]]
    else:
        rows = [f"🔒 {about['title']}", about["description"], *([about["detail"]] if about.get("detail") else ())]
    for name, label in (("nodeId", "Node"), ("cwd", "In"), ("agentId", "Agent"), ("warningText", "⚠️")):
        if about.get(name):
            rows.append(f"{label}: {about[name]}")
    short = one.id.removeprefix("plugin:")[:8]
    prefix = "plugin:" if one.id.startswith("plugin:") else ""
    return "\n".join([*rows, f"Answer with: /approve {prefix}{short} {'|'.join(one.allowed)}"])


def ended(one: Approval) -> str:
    """What became of it, for a chat."""
    if one.decision == DENY:
        return f"⛔ Denied: {_about(one)}"
    if one.decision:
        how = "from now on" if one.decision == ALLOW_ALWAYS else "this once"
        return f"✅ Allowed {how}: {_about(one)}"
    return f"⏱️ Not decided: {_about(one)}"


def _about(one: Approval) -> str:
    text = str(one.request.get("command") or one.request.get("title") or one.id)
    return text if len(text) <= 200 else text[:199] + "…"
