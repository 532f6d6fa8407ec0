"""What one session reports to whoever owns it: facts, one at a time."""

import msgspec


class RpcReceived(msgspec.Struct, frozen=True):
    """A request to run once; answer with ``Session.reply`` or ``Session.fail``.

    Attributes:
        body: the boxed query with its wrappers (``invokeWithLayer``, …).
    """

    msg_id: int
    body: bytes


class RpcCancelled(msgspec.Struct, frozen=True):
    """The client dropped the answer of a running request, which is answered already: stop the work."""

    msg_id: int


class DestroySessionReceived(msgspec.Struct, frozen=True):
    """Another session of the key is to be forgotten; answer with ``Session.session_destroyed``."""

    msg_id: int
    session_id: int


class DestroyAuthKeyReceived(msgspec.Struct, frozen=True):
    """The key is to be forgotten; answer with ``Session.auth_key_destroyed``."""

    msg_id: int


class DisconnectDelayed(msgspec.Struct, frozen=True):
    """Close the connection unless this comes again within ``delay`` seconds (``ping_delay_disconnect``)."""

    delay: int


class HttpWaitReceived(msgspec.Struct, frozen=True):
    """How long an HTTP response may be held back, in milliseconds."""

    max_delay: int
    wait_after: int
    max_wait: int


SessionEvent = (
    RpcReceived | RpcCancelled | DestroySessionReceived | DestroyAuthKeyReceived | DisconnectDelayed | HttpWaitReceived
)
