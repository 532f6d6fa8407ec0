"""Why a connection ends, and what its client is told.

Codes: "MTProto transports", section "Transport errors".
"""

#: Nothing is said; the connection is closed.
CLOSE_SILENTLY = 0
#: The auth key is not known here: clients throw theirs away and make a new one.
AUTH_KEY_NOT_FOUND = -404
#: Too many connections, or too much in one message.
TRANSPORT_FLOOD = -429
#: The client means another data centre.
INVALID_DC = -444


class WireError(Exception):
    """The peer broke a rule of the wire; nothing more is read from that connection.

    Attributes:
        code: transport error to send before closing, or ``CLOSE_SILENTLY``.
            Only what the pages foresee has a code: -404 makes clients drop a
            key, so a merely malformed frame must not get it.
    """

    def __init__(self, reason: str, code: int = CLOSE_SILENTLY) -> None:
        super().__init__(reason)
        self.code = code


class OtherProtocol(WireError):
    """The peer speaks HTTP or TLS where MTProto's transports are: apps try that by themselves, on port 80 always."""
