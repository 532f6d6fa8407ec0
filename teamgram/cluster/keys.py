"""Auth keys as messages."""

from dataclasses import fields

from teamgram.cluster.protos import calls_pb2, frames_pb2
from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType, ClientInfo


def key_message(key: AuthKeyInfo) -> frames_pb2.AuthKey:
    """The message of a key."""
    return frames_pb2.AuthKey(
        auth_key_id=key.auth_key_id,
        auth_key=key.auth_key,
        key_type=int(key.key_type),
        perm_auth_key_id=key.perm_auth_key_id,
        expires_at=key.expires_at,
        dc_id=key.dc_id,
    )


def found_message(key: AuthKeyInfo | None) -> frames_pb2.AuthKeyFound:
    """The answer to whoever asked for a key."""
    return frames_pb2.AuthKeyFound(key=key_message(key) if key is not None else None)


def key_of(message: frames_pb2.AuthKey) -> AuthKeyInfo:
    """The key of a message.

    Raises:
        ValueError: of a type that there is not.
    """
    return AuthKeyInfo(
        message.auth_key_id,
        message.auth_key,
        AuthKeyType(message.key_type),
        message.perm_auth_key_id,
        message.expires_at,
        message.dc_id,
    )


def key_found(message: frames_pb2.AuthKeyFound) -> AuthKeyInfo | None:
    """What the answer says."""
    return key_of(message.key) if message.HasField("key") else None


_DEVICE = tuple(field.name for field in fields(ClientInfo))


def device_message(client: ClientInfo) -> calls_pb2.Device:
    """The message of a device."""
    return calls_pb2.Device(**{name: getattr(client, name) for name in _DEVICE})


def device_of(message: calls_pb2.Device) -> ClientInfo:
    """The device of a message."""
    return ClientInfo(**{name: getattr(message, name) for name in _DEVICE})
