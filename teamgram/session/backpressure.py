"""When a session has so much under way or unsent that it is not read, or starts no request."""

from teamgram.session.service_messages import MAX_MSG_IDS
from teamgram.session.session_list import ClientSession
from teamgram.session.settings import SessionSettings


def is_saturated(session: ClientSession, settings: SessionSettings, share: float = 1.0) -> bool:
    """Whether a session has more than this share of what it may have before its connections are not read."""
    core = session.core
    return (
        core.running > settings.max_running_rpcs * share
        or core.outbox.queued_bytes > settings.unsent_limit_bytes * share
        or core.large_bytes > settings.large_session_bytes * share
        or len(core.to_ack) > MAX_MSG_IDS * share
    )


def holds_back(session: ClientSession, settings: SessionSettings) -> bool:
    """Whether so much of a session is unsent that it waits with its next request: answers cost memory.

    What follows ``auth.bindTempAuthKey`` waits for its answer: before it, nobody asks. Pieces of files are as large as
    all else that may wait, so the next one is made when the connection has room for it.
    """
    return (
        session.binding
        or session.giving
        or session.core.outbox.queued_bytes > settings.unsent_limit_bytes
        or (session.takes_files and not session.writable and session.conn is not None)
    )
