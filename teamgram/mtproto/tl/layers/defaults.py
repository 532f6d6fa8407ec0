"""What stands in a field that an old layer requires and newer ones no longer have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teamgram.mtproto.tl.classes import class_named

_BARE: dict[str, Callable[[], Any]] = {
    "int": int,
    "long": int,
    "double": float,
    "string": str,
    "bytes": bytes,
    "Bool": bool,
    "true": bool,
    "int128": lambda: bytes(16),
    "int256": lambda: bytes(32),
}

_BOXED: dict[str, tuple[str, dict[str, Any]]] = {
    "BotMenuButton": ("botMenuButtonDefault", {}),
    "Document": ("documentEmpty", {"id": 0}),
    "InputCheckPasswordSRP": ("inputCheckPasswordEmpty", {}),
    "InputPeer": ("inputPeerEmpty", {}),
    "InputUser": ("inputUserEmpty", {}),
    "Peer": ("peerUser", {"user_id": 0}),
    "ReportReason": ("inputReportReasonOther", {}),
    "StarsAmount": ("starsAmount", {"amount": 0, "nanos": 0}),
}
"""The emptiest constructor of a boxed type."""


def default_for(kind: str) -> Callable[[], Any]:
    """A maker of the empty value of a TL type; of None for a boxed type without one, which then fails when written."""
    if kind.startswith(("Vector<", "vector<")):
        return list
    if kind in _BOXED:
        name, fields = _BOXED[kind]
        return lambda: class_named(name)(**fields)
    return _BARE.get(kind, lambda: None)
