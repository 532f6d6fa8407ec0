"""The standard reactions: their icons, and animations made of their outlines (``reactions.json``)."""

import base64
from functools import cache
from pathlib import Path

import msgspec

from teamgram.domain.stickers.drawings.lottie import Keys, Shape, curve, group, layer, tgs, within

ICON_SIDE = 100
"""Pixels."""

_Outlines = tuple[tuple[float, ...], ...]


class DrawnReaction(msgspec.Struct, frozen=True, array_like=True):
    """One reaction.

    Attributes:
        icon: WebP, 100 pixels a side, in base64.
        shapes: (colour in six hexadecimal digits, outlines), the first at the back.
    """

    emoji: str
    title: str
    icon: str
    shapes: tuple[tuple[str, _Outlines], ...]

    @property
    def picture(self) -> bytes:
        """The icon, WebP."""
        return base64.b64decode(self.icon)


@cache
def drawn_reactions() -> tuple[DrawnReaction, ...]:
    """All of them, in the order in which apps offer them."""
    path = Path(__file__).with_suffix(".json")
    return msgspec.json.decode(path.read_bytes(), type=tuple[DrawnReaction, ...])


@cache
def emoji_of_reactions() -> dict[str, int]:
    """The place of each among the standard reactions."""
    return {one.emoji: place for place, one in enumerate(drawn_reactions())}


def _outline(numbers: tuple[float, ...]) -> Shape:
    points: list[tuple[float, float]] = [(numbers[0], numbers[1])]
    into: list[tuple[float, float]] = [(0, 0)]
    out: list[tuple[float, float]] = []
    for at in range(2, len(numbers), 6):
        x1, y1, x2, y2, x, y = numbers[at : at + 6]
        out.append((x1 - points[-1][0], y1 - points[-1][1]))
        points.append((x, y))
        into.append((x2 - x, y2 - y))
    out.append((0, 0))
    return curve(points, into, out)


def _shapes(reaction: DrawnReaction) -> list[Shape]:
    """The first in front, as Lottie has them."""
    groups = []
    for colour, outlines in reversed(reaction.shapes):
        red, green, blue = bytes.fromhex(colour)
        groups.append(group((red, green, blue), *map(_outline, outlines)))
    return groups


def _moving(reaction: DrawnReaction, last: int, **moves: Keys) -> bytes:
    return tgs(layer(*_shapes(reaction), last=last, **moves), last=last)


def appearing(reaction: DrawnReaction) -> bytes:
    """It comes up."""
    return _moving(reaction, 40, grow=((0, (0, 0)), (16, (100, 100)), (26, (86, 86)), (34, (92, 92))))


def selected(reaction: DrawnReaction) -> bytes:
    """It is pointed at."""
    nod = ((0, (0,)), (12, (-8,)), (28, (8,)), (42, (-4,)), (54, (0,)))
    return _moving(reaction, 60, turn=nod, grow=((0, (92, 92)), (14, (98, 98)), (54, (92, 92))))


def activated(reaction: DrawnReaction) -> bytes:
    """Somebody reacts with it."""
    hop = ((0, (0, 20)), (14, (0, -30)), (30, (0, 20)), (44, (0, 0)), (56, (0, 20)))
    squash = ((0, (84, 84)), (5, (92, 76)), (14, (80, 90)), (30, (92, 76)), (44, (84, 84)))
    return _moving(reaction, 90, move=hop, grow=squash)


def bursting(reaction: DrawnReaction) -> bytes:
    """Small ones fly around it, and fade."""
    layers = []
    for number in range(7):
        x, y = ((-160, -50), (-90, -150), (15, -165), (115, -130), (165, -15), (100, 125), (-115, 115))[number]
        begin = 3 * number
        layers.append(
            within(
                "reaction",
                move=((begin, (0, 60)), (begin + 45, (x, y)), (90, (x * 1.1, y + 60))),
                turn=((begin, (0,)), (90, ((number - 3) * 30,))),
                grow=((begin, (0, 0)), (begin + 14, (32, 32)), (90, (20, 20))),
                show=((begin, (0,)), (begin + 6, (100,)), (60, (100,)), (90, (0,))),
                last=90,
            )
        )
    return tgs(*layers, last=90, assets={"reaction": [layer(*_shapes(reaction), last=90)]})
