"""What each fact that the domain refuses with is called on the wire: one table.

Names are those of Telegram's list of RPC errors. A handler raises ``RpcError``
itself only where no domain rule is behind it.
"""

from teamgram.domain.errors import DomainError, FloodWait
from teamgram.domain.ids.username import UsernameInvalid
from teamgram.domain.users.user import UserNotFound
from teamgram.domain.users.users import PhoneOccupied, UsernameNotModified, UsernameOccupied
from teamgram.interfaces.rpc import RpcError

RPC_ERRORS: dict[type[DomainError], tuple[int, str]] = {
    PhoneOccupied: (400, "PHONE_NUMBER_OCCUPIED"),
    UserNotFound: (400, "USER_ID_INVALID"),
    UsernameInvalid: (400, "USERNAME_INVALID"),
    UsernameNotModified: (400, "USERNAME_NOT_MODIFIED"),
    UsernameOccupied: (400, "USERNAME_OCCUPIED"),
}


def rpc_error_for(error: DomainError) -> RpcError | None:
    """The wire's name of a domain error; None when the table has none, which is a bug."""
    if isinstance(error, FloodWait):
        return RpcError(420, "FLOOD_WAIT", max(1, error.seconds))
    for kind in type(error).__mro__:
        entry = RPC_ERRORS.get(kind)
        if entry is not None:
            return RpcError(*entry)
    return None


def bad_request(type: str) -> RpcError:
    """``RpcError`` 400, the usual one."""
    return RpcError(400, type)


AUTH_KEY_UNREGISTERED = (401, "AUTH_KEY_UNREGISTERED")
METHOD_NOT_IMPL = (501, "METHOD_NOT_IMPL")
INTERNAL = (500, "INTERNAL")
