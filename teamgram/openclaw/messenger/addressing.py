"""Which messages are an agent's business: who wrote them, and whether they are meant for it. Plain Python."""

import re
from typing import Any

from teamgram.domain.users.user import SERVICE_USER_ID, User

_COMMAND = re.compile(r"(/[A-Za-z0-9_]{1,64})(?:@([A-Za-z0-9_]+))?(?:\s+(.*))?", re.ASCII | re.DOTALL)


def names(text: str, username: str) -> bool:
    """Whether a text has ``@username`` in it, and not only as the beginning of a longer name."""
    return re.search(rf"@{re.escape(username)}(?![A-Za-z0-9_])", text, re.ASCII | re.IGNORECASE) is not None


def command_and_words(text: str, username: str) -> tuple[str, str]:
    """``/model`` and ``a/b`` for ``/Model@main_bot a/b``; both empty for what is no command, or another bot's."""
    match = _COMMAND.fullmatch(text)
    if match is None or (match[2] is not None and match[2].lower() != username.lower()):
        return "", ""
    return match[1].lower(), (match[3] or "").strip()


def may_be_answered(sender: User | None, channel: Any, *, is_named: bool) -> bool:
    """Whether an agent answers what somebody sent. Two agents that answered one another would never end.

    Who sent it counts, not who first wrote what is forwarded or who it was sent through: one person forwards once.

    Args:
        channel: ``channels.telegram`` of the configuration. Its ``allowBots`` is OpenClaw's key: ``true``, or
            ``mentions`` for what names the agent; nothing else lets bots in.
        is_named: the text names the agent, or answers it.
    """
    if sender is None or sender.is_deleted or sender.id == SERVICE_USER_ID:
        return False
    if not sender.is_bot:
        return True
    allowed = channel.get("allowBots") if isinstance(channel, dict) else None
    return allowed is True or (allowed == "mentions" and is_named)
