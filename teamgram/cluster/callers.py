"""Who asks, as bytes: made once for all requests of a session, and read once by the other end."""

from __future__ import annotations

from collections import OrderedDict

from teamgram.cluster.held_keys import HeldKeys
from teamgram.cluster.keys import device_message, device_of
from teamgram.cluster.protos import calls_pb2
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.rpc import RpcMetadata

MAX_REMEMBERED = 20_000


class CallerBytes:
    """From ``RpcMetadata`` to bytes: session hands the same object over until something about it changes.

    Args:
        held: has the epochs; a key's stays the same for as long as it is in memory.
    """

    def __init__(self, held: HeldKeys) -> None:
        self._held = held
        # By identity, which holds as long as the object is kept here.
        self._known: OrderedDict[int, tuple[RpcMetadata, bytes]] = OrderedDict()

    def of(self, metadata: RpcMetadata) -> bytes:
        """The bytes of a ``Caller``."""
        known = self._known.get(id(metadata))
        if known is not None:
            return known[1]
        written = calls_pb2.Caller(
            perm_auth_key_id=metadata.perm_auth_key_id,
            auth_key_id=metadata.auth_key_id,
            key_type=int(metadata.key_type),
            session_id=metadata.session_id,
            user_id=metadata.user_id,
            layer=metadata.layer,
            device=device_message(metadata.client),
            client_addr=metadata.client_addr,
            local_addr=metadata.local_addr,
            transport=metadata.transport,
            dc_id=metadata.dc_id,
            epoch=self._held.epoch(metadata.perm_auth_key_id),
        ).SerializeToString()
        self._known[id(metadata)] = (metadata, written)
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return written


class Callers:
    """From bytes to ``RpcMetadata``, and the epoch with which the permanent key is held."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[RpcMetadata, int]] = OrderedDict()

    def of(self, written: bytes) -> tuple[RpcMetadata, int]:
        """The caller, and its epoch.

        Raises:
            DecodeError, ValueError: it is none.
        """
        known = self._known.get(written)
        if known is not None:
            return known
        caller = calls_pb2.Caller.FromString(written)
        metadata = RpcMetadata(
            caller.perm_auth_key_id,
            caller.auth_key_id,
            AuthKeyType(caller.key_type),
            caller.session_id,
            caller.user_id,
            caller.layer,
            device_of(caller.device),
            caller.client_addr,
            caller.local_addr,
            caller.transport,
            caller.dc_id,
        )
        self._known[written] = metadata, caller.epoch
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
        return metadata, caller.epoch
