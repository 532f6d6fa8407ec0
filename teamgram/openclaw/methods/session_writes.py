"""What a client hears when a transcript could not be changed."""

from typing import TypeVar

from twisted.internet.defer import Deferred

from teamgram.openclaw.gateway.errors import unavailable

T = TypeVar("T")


async def on_disk(change: "Deferred[T]") -> T:
    """Wait for a change of a session's transcript.

    Raises:
        GatewayError: the disk refused, or the session was deleted meanwhile.
    """
    try:
        return await change
    except OSError as error:
        raise unavailable(f"the session could not be written: {error.strerror}") from None
