"""What all sessions together keep for their clients, and who gives it up when that is too much.

Each session has bounds of its own, but a stranger may have as many keys and
sessions as it likes: only a bound over all of them is one.
"""

from teamgram.session.session_list import ClientSession
from teamgram.session.stage import Stage

_MSG_ID_BYTES = 200
"""A remembered msg_id with what became of it (measured, CPython 3.11)."""

_MESSAGE_BYTES = 300
"""A kept message beside what the outbox counts for it (measured as well)."""

_SESSION_BYTES = 2048
"""A session that has nothing to keep."""

_GOAL = 0.75
"""Part of the bound that is to be kept after giving up, so that it is not done again at once."""


def kept_bytes(session: ClientSession) -> int:
    """What a session costs, in bytes, about."""
    outbox = session.core.outbox
    messages = len(outbox.queue) + len(outbox.unacked)
    remembered = len(session.core.inbox.messages)
    return (
        _SESSION_BYTES
        + outbox.queued_bytes
        + outbox.unacked_bytes
        + session.core.large_bytes
        + messages * _MESSAGE_BYTES
        + remembered * _MSG_ID_BYTES
    )


def hold_bound(stage: Stage, limit_bytes: int) -> None:
    """Give up what is kept above ``limit_bytes``.

    First go the sessions that wait for their client, the longest waiting
    first: it is told ``new_session_created`` when it comes. When that is not
    enough, the answers that the fattest sessions keep for sending again: a
    client that asks for one of them is refused with code 20.
    """
    kept = {session: kept_bytes(session) for keys in stage.keys.lists.values() for session in keys.sessions}
    total = sum(kept.values())
    if total <= limit_bytes:
        return
    goal = int(limit_bytes * _GOAL)
    for session in list(stage.delivery.disconnected):
        if total <= goal:
            return
        total -= kept.pop(session)
        stage.sessions.end(session)
        stage.counts.given_up += 1
    for session in sorted(kept, key=kept.__getitem__, reverse=True):
        if total <= goal:
            return
        session.core.forget_unacked()
        total -= kept[session] - kept_bytes(session)
        stage.counts.given_up += 1
