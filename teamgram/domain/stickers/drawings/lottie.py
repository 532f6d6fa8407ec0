"""Shapes that move, as TGS: Lottie (lottiefiles.github.io/lottie-docs) of 512 x 512 at 60 frames a second, gzipped.

Coordinates are pixels from the middle, so that everything turns and grows around it.
"""

import gzip
import json
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

SIDE, RATE = 512, 60

Colour = tuple[int, int, int]
Point = tuple[float, float]
Shape = dict[str, Any]
Keys = Sequence[tuple[int, Sequence[float]]]
"""(frame, value) of something that moves, in order; between them it goes softly."""

_SOFT = {"i": {"x": [0.4], "y": [1]}, "o": {"x": [0.6], "y": [0]}}


def _still(value: Any) -> dict[str, Any]:
    return {"a": 0, "k": value}


def _moving(keys: Keys) -> dict[str, Any]:
    if len(keys) == 1:
        return _still(list(keys[0][1]) if len(keys[0][1]) > 1 else keys[0][1][0])
    # Ends are written out, for renderers that do not look at the next key; the last one moves nothing any more.
    moves = [
        {"t": frame, "s": list(value), "e": list(keys[number + 1][1]), **_SOFT}
        for number, (frame, value) in enumerate(keys[:-1])
    ]
    return {"a": 1, "k": [*moves, {"t": keys[-1][0], "s": list(keys[-1][1])}]}


def ellipse(at: Point, w: float, h: float | None = None) -> Shape:
    """A circle, or an ellipse."""
    return {"ty": "el", "p": _still(list(at)), "s": _still([w, w if h is None else h])}


def rectangle(at: Point, w: float, h: float, radius: float = 0) -> Shape:
    """Around its middle."""
    return {"ty": "rc", "p": _still(list(at)), "s": _still([w, h]), "r": _still(radius)}


def polygon(points: Sequence[Point]) -> Shape:
    """Straight from point to point, and closed."""
    none = [[0, 0] for _ in points]
    return {"ty": "sh", "ks": _still({"c": True, "v": [list(point) for point in points], "i": none, "o": none})}


def curve(points: Sequence[Point], into: Sequence[Point], out: Sequence[Point], *, closed: bool = True) -> Shape:
    """Bezier curves; ``into`` and ``out`` are relative to their points."""
    return {
        "ty": "sh",
        "ks": _still(
            {"c": closed, "v": [list(p) for p in points], "i": [list(p) for p in into], "o": [list(p) for p in out]}
        ),
    }


def star(at: Point, outer: float, inner: float, points: int = 5) -> Shape:
    """With the first ray upwards."""
    turned = []
    for number in range(2 * points):
        radius = inner if number % 2 else outer
        angle = math.pi * number / points - math.pi / 2
        turned.append((round(at[0] + radius * math.cos(angle), 2), round(at[1] + radius * math.sin(angle), 2)))
    return polygon(turned)


def heart(size: float) -> Shape:
    """About so wide."""
    s = size / 200
    points = [(0, -45), (95, -55), (0, 95), (-95, -55)]
    into = [(0, -25), (0, -60), (12, -14), (0, 62)]
    out = [(0, -25), (0, 62), (-12, -14), (0, -60)]
    return curve(*([(x * s, y * s) for x, y in some] for some in (points, into, out)))


def group(colour: Colour, *shapes: Shape, line: float = 0) -> Shape:
    """Shapes of one colour, filled, or drawn by a line of that width."""
    rgb = [round(part / 255, 3) for part in colour] + [1]
    paint: Shape = {"ty": "fl", "c": _still(rgb), "o": _still(100), "r": 1}
    if line:
        paint = {"ty": "st", "c": _still(rgb), "o": _still(100), "w": _still(line), "lc": 2, "lj": 2}
    place = {
        "ty": "tr",
        "p": _still([0, 0]),
        "a": _still([0, 0]),
        "s": _still([100, 100]),
        "r": _still(0),
        "o": _still(100),
    }
    return {"ty": "gr", "it": [*shapes, paint, place]}


def layer(
    *groups: Shape,
    move: Keys = ((0, (0, 0)),),
    turn: Keys = ((0, (0,)),),
    grow: Keys = ((0, (100, 100)),),
    show: Keys = ((0, (100,)),),
    last: int = 180,
) -> Shape:
    """Groups that move together, the first in front.

    Args:
        move: pixels from the middle. turn: degrees. grow: percent of width and height. show: percent.
    """
    return {"ty": 4, **_placed(move, turn, grow, show, last, 0), "shapes": list(groups)}


def within(asset: str, *, move: Keys, turn: Keys, grow: Keys, show: Keys, last: int) -> Shape:
    """As ``layer``, of layers that are kept once under a name (``tgs``)."""
    return {"ty": 0, "refId": asset, "w": SIDE, "h": SIDE, **_placed(move, turn, grow, show, last, SIDE / 2)}


def _placed(move: Keys, turn: Keys, grow: Keys, show: Keys, last: int, anchor: float) -> Shape:
    middle = SIDE / 2
    place = [(frame, (middle + x, middle + y)) for frame, (x, y) in move]
    return {
        "ddd": 0,
        "sr": 1,
        "ip": 0,
        "op": last,
        "st": 0,
        "bm": 0,
        "ks": {
            "p": _moving(place),
            "r": _moving(turn),
            "s": _moving(grow),
            "o": _moving(show),
            "a": _still([anchor, anchor]),
        },
    }


def tgs(*layers: Shape, last: int = 180, assets: Mapping[str, Sequence[Shape]] = MappingProxyType({})) -> bytes:
    """Layers, the first in front, as a file; the same ones always give the same bytes.

    Args:
        assets: layers that others show (``within``), by name.
    """
    whole = {
        "tgs": 1,
        "v": "5.5.2",
        "fr": RATE,
        "ip": 0,
        "op": last,
        "w": SIDE,
        "h": SIDE,
        "ddd": 0,
        "assets": [{"id": name, "layers": _numbered(kept, last)} for name, kept in assets.items()],
        "layers": _numbered(layers, last),
    }
    return gzip.compress(json.dumps(whole, separators=(",", ":")).encode(), 9, mtime=0)


def _numbered(layers: Sequence[Shape], last: int) -> list[Shape]:
    return [{**one, "ind": number, "op": last} for number, one in enumerate(layers, 1)]
