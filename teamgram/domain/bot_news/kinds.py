"""Which kinds of updates a bot takes."""

from collections.abc import Sequence


def allows(allowed: Sequence[str], kind: str) -> bool:
    """Whether a bot takes a kind of update; without a word from it, all but those that have to be asked for."""
    return kind in allowed if allowed else kind not in _ASKED_FOR


_ASKED_FOR = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Left out by default (core.telegram.org/bots/api#getupdates)."""
