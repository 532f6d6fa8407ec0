"""``ask_user``: a choice or a word that only a person can give."""

from typing import Any

from twisted.internet.defer import CancelledError

from teamgram.openclaw.agent.tools.registry import READ, Tool, ToolContext, ToolError, parameters
from teamgram.openclaw.approvals.questions import ANSWERED, Questions
from teamgram.openclaw.gateway.errors import GatewayError

#: How long a person has for an answer.
PATIENCE_MS = 480_000
_PART = "answer"


def ask_user(questions: Questions) -> Tool:
    """A question to whoever the conversation is with."""

    async def function(arguments: dict[str, Any], context: ToolContext) -> str:
        if context.session is None:
            raise ToolError("there is nobody to ask: this call belongs to no conversation")
        part = {
            "questionId": _PART,
            "header": "Question",
            "question": arguments["question"],
            "options": [{"label": label} for label in arguments.get("options") or ()],
            "isOther": True,
        }
        if arguments.get("several"):
            part["multiSelect"] = True
        try:
            record = questions.ask(
                [part],
                PATIENCE_MS,
                agent_id=context.agent.id,
                session_key=context.session.key,
                run_id=context.run_id,
            )
        except GatewayError as error:
            raise ToolError(error.message) from None
        try:
            await context.wait(questions.ended(record))
        except CancelledError:
            questions.end_unanswered(record)
            raise
        if record["status"] != ANSWERED:
            return "The person did not answer."
        return "\n".join(record["answers"]["answers"][_PART])

    label = {"type": "string", "minLength": 1, "maxLength": 200}
    return Tool(
        "ask_user",
        "Ask the person you talk with a question and wait for the answer. Use it when you cannot go on without it.",
        parameters(
            {
                "question": {"type": "string", "minLength": 1, "maxLength": 2000},
                "options": {"type": "array", "items": label, "maxItems": 4},
                "several": {"type": "boolean", "description": "more than one option may be chosen"},
            },
            ["question"],
        ),
        function,
        effect=READ,
        group="sessions",
        over_http=False,
    )
