"""Inputs that clients write where another type belongs, as the official server lets them.

Pyrogram and kurigram pass what they resolved (an InputPeer) wherever a user or
a channel is wanted, e.g. ``users.getUsers`` and ``messages.createChat``; the
fields are the same, so the value is taken as the type that was meant.
"""

from collections.abc import Callable
from typing import Any

from teamgram.mtproto.tl.classes import tl

Convert = Callable[[Any], Any]

#: (type that is expected, constructor that is written) -> the conversion.
STAND_INS: dict[tuple[str, str], Convert] = {
    ("InputUser", "inputPeerEmpty"): lambda peer: tl.inputUserEmpty(),
    ("InputUser", "inputPeerSelf"): lambda peer: tl.inputUserSelf(),
    ("InputUser", "inputPeerUser"): lambda peer: tl.inputUser(user_id=peer.user_id, access_hash=peer.access_hash),
    ("InputPeer", "inputUserEmpty"): lambda user: tl.inputPeerEmpty(),
    ("InputPeer", "inputUserSelf"): lambda user: tl.inputPeerSelf(),
    ("InputPeer", "inputUser"): lambda user: tl.inputPeerUser(user_id=user.user_id, access_hash=user.access_hash),
    ("InputChannel", "inputPeerEmpty"): lambda peer: tl.inputChannelEmpty(),
    ("InputChannel", "inputPeerChannel"): lambda peer: tl.inputChannel(
        channel_id=peer.channel_id, access_hash=peer.access_hash
    ),
    ("InputPeer", "inputChannelEmpty"): lambda channel: tl.inputPeerEmpty(),
    ("InputPeer", "inputChannel"): lambda channel: tl.inputPeerChannel(
        channel_id=channel.channel_id, access_hash=channel.access_hash
    ),
}
