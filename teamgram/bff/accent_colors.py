"""Colours of names and profiles.

Apps draw a name in the colour ``user_id % 7`` of their own theme; Telegram Web A
draws no incoming message at all while it knows of no colours. Options 0 to 6
are those seven and carry no values ("if absent, should be replaced by the
client's own", core.telegram.org/constructor/help.peerColorOption); the others
are ours, with a value for dark themes.
"""

import zlib
from typing import Any

from teamgram.bff.registry import RpcService, rpc
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

THEME_COLORS = range(7)
"""color_ids that every client draws in colours of its own themes."""

_STRIPES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    # in light themes, in dark ones: 0xRRGGBB of the stripes beside a quote, the first is the name's
    ((0xB83A3A, 0xE58F7B), (0xF08A80, 0xA8443F)),
    ((0xB5651D, 0xE9B25F), (0xF0B06A, 0x9C5A1F)),
    ((0x7A4FB5, 0xB79AE0), (0xBFA2EE, 0x6D4AA0)),
    ((0x2F8A3B, 0x8CC56F), (0x86D07C, 0x2F7437)),
    ((0x147F86, 0x6CC3BE), (0x62CBC9, 0x1B6C73)),
    ((0x2467B0, 0x78B4E3), (0x75B5F0, 0x275F9B)),
    ((0xB33A77, 0xE591B8), (0xEE8DBB, 0x9B3A69)),
)

_PROFILES: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = (
    # background and ring of each palette colour in light themes, in dark ones
    ((0xB4473F, 0xE2A09B), (0x7E3833, 0xB86E68)),
    ((0xB06A2C, 0xE0B37F), (0x7B4B22, 0xB38152)),
    ((0x7C55A8, 0xB79CD6), (0x584073, 0x8E73AE)),
    ((0x3E8C46, 0x90C48C), (0x2F6436, 0x68996A)),
    ((0x2A8489, 0x86C4C4), (0x235E63, 0x5F9698)),
    ((0x35709F, 0x8CB7D8), (0x295375, 0x6489AB)),
    ((0xA9487C, 0xDB98BC), (0x763658, 0xAC6A90)),
    ((0x5B6772, 0xA5AFB8), (0x434C55, 0x7A858F)),
)


def name_options() -> list[Any]:
    """``help.peerColorOption`` of names, replies and links."""
    own = [tl.help.peerColorOption(color_id=color_id) for color_id in THEME_COLORS]
    striped = [
        tl.help.peerColorOption(
            color_id=color_id,
            colors=tl.help.peerColorSet(colors=list(light)),
            dark_colors=tl.help.peerColorSet(colors=list(dark)),
        )
        for color_id, (light, dark) in enumerate(_STRIPES, start=len(own))
    ]
    return own + striped


def profile_options() -> list[Any]:
    """``help.peerColorOption`` of profiles."""
    return [
        tl.help.peerColorOption(color_id=color_id, colors=_profile_set(*light), dark_colors=_profile_set(*dark))
        for color_id, (light, dark) in enumerate(_PROFILES)
    ]


def _profile_set(background: int, ring: int) -> Any:
    return tl.help.peerColorProfileSet(palette_colors=[background], bg_colors=[background], story_colors=[ring, ring])


class AccentColors(RpcService):
    """The two lists; nobody has chosen a colour yet."""

    name = "RPCAccentColors"

    def __init__(self) -> None:
        self._names = _peer_colors(name_options())
        self._profiles = _peer_colors(profile_options())

    @rpc("help.getPeerColors", login=False)
    def get_peer_colors(self, caller: RpcMetadata, query: Any) -> Any:
        """help.getPeerColors#da80f42f hash:int = help.PeerColors"""
        return _unless_known(self._names, query.hash)

    @rpc("help.getPeerProfileColors", login=False)
    def get_peer_profile_colors(self, caller: RpcMetadata, query: Any) -> Any:
        """help.getPeerProfileColors#abcfa9fd hash:int = help.PeerColors"""
        return _unless_known(self._profiles, query.hash)


def _peer_colors(options: list[Any]) -> Any:
    return tl.help.peerColors(hash=zlib.crc32(repr(options).encode()) % (2**31 - 1) + 1, colors=options)


def _unless_known(colors: Any, known: int) -> Any:
    return tl.help.peerColorsNotModified() if known == colors.hash else colors
