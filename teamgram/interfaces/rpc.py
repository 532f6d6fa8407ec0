"""What crosses between session and bff: one request in, one result out."""

from collections.abc import Awaitable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from teamgram.interfaces.keys import AuthKeyType, ClientInfo

ASKING: ContextVar[int] = ContextVar("asking", default=0)
"""The permanent key whose request the code that runs is part of, 0 for none; follows a coroutine through its awaits."""


class RpcError(Exception):
    """The only kind of failure that a client sees.

    ``RpcError(420, "FLOOD_WAIT", 3)`` reads ``FLOOD_WAIT_3`` on the wire; where
    the name has its number inside (``EMAIL_UNCONFIRMED_%d``-like) the type
    carries ``%d``.
    """

    def __init__(self, code: int, type: str, argument: int | None = None) -> None:
        self.code = code
        self.type = type
        self.argument = argument
        super().__init__(f"{code} {self.message}")

    @property
    def message(self) -> str:
        """``error_message`` as it is written into ``rpc_error``."""
        if self.argument is None:
            return self.type
        if "%d" in self.type:
            return self.type.replace("%d", str(self.argument))
        return f"{self.type}_{self.argument}"


@dataclass(frozen=True, slots=True)
class RpcMetadata:
    """Who asks, over what. One object per session, shared by its requests until something changes.

    Attributes:
        user_id: 0 while the key is not signed in.
        layer: the layer to encode the answer in (158 .. newest).
        local_addr: "host:port" the client came by; ``help.getConfig`` sends it back there.
        dc_id: the data centre that its key was made for, 0 when the exchange named none.
    """

    perm_auth_key_id: int
    auth_key_id: int
    key_type: AuthKeyType
    session_id: int
    user_id: int
    layer: int
    client: ClientInfo = field(default_factory=ClientInfo)
    client_addr: str = ""
    local_addr: str = ""
    transport: str = "tcp"
    dc_id: int = 0


@dataclass(slots=True)
class RpcRequest:
    """One method call with every wrapper (``invokeWithLayer``, …) already taken off.

    Attributes:
        method: literal TL name, e.g. ``messages.sendMessage``.
        body: the boxed TL query, constructor id included.
        no_updates: wrapped in ``invokeWithoutUpdates``.
    """

    metadata: RpcMetadata
    msg_id: int
    service: str
    method: str
    body: bytes
    no_updates: bool = False


class RpcCaller(Protocol):
    """The bff as session sees it."""

    def call(self, request: RpcRequest) -> bytes | Awaitable[bytes]:
        """The boxed result encoded for ``request.metadata.layer``.

        Returns bytes at once where nothing has to wait, else a Deferred of
        them (cancellable).

        Raises:
            RpcError: at once or through the awaitable; nothing else ever.
        """
