"""Write ``teamgram/domain/stickers/drawings/reactions.json``: the outlines of the standard reactions, and their icons.

The shapes are those of Microsoft's Fluent Emoji in its flat form (MIT, ``drawings/reactions.LICENSE.txt``), as the npm
package ``@iconify-json/fluent-emoji-flat`` has them. Needs npm and ``pip install fonttools``; the server needs neither.

    python tools/gen_reactions.py > teamgram/domain/stickers/drawings/reactions.json

One reaction a line: emoji, title, icon (WebP, in base64), and shapes, the first at the back: a colour, and outlines.
An outline is where it begins and then, for each curve, two control points and where it ends, in pixels from the middle
of 512 by 512.
"""

import base64
import io
import json
import math
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PIL import Image, ImageChops, ImageDraw

PACKAGE = "@iconify-json/fluent-emoji-flat@1.2.6"
REACTIONS = (
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 "
    "🥱 🥴 😍 🐳 ❤\u200d🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 "
    "😴 😭 🤓 👻 👨\u200d💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 "
    "🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷\u200d♂ 🤷 🤷\u200d♀ 😡"
)
"""Those that the Bot API lists (``ReactionTypeEmoji``), in its order."""

_SIDE = 512
_ICON = 100
_DRAWN = 800
_STEPS = 12

Outline = list[float]


def icons() -> tuple[dict[str, str], dict[str, str]]:
    """(name by code points, SVG by name)."""
    with tempfile.TemporaryDirectory() as directory:
        packed = subprocess.run(
            ["npm", "pack", "--silent", PACKAGE], cwd=directory, capture_output=True, text=True, check=True
        )
        with tarfile.open(Path(directory) / packed.stdout.strip()) as archive:

            def read(name: str) -> Any:
                member = archive.extractfile(f"package/{name}.json")
                assert member is not None
                return json.load(member)

            names, drawn = read("chars"), read("icons")["icons"]
    return names, {name: icon["body"] for name, icon in drawn.items()}


def outlines(path: Any, scale: float, move: float) -> Iterator[Outline]:
    """The outlines of an SVG path as cubic curves."""
    from fontTools.pens.basePen import BasePen

    found: list[Outline] = []

    class Pen(BasePen):  # type: ignore[misc]
        def _moveTo(self, pt: tuple[float, float]) -> None:
            found.append(list(pt))

        def _lineTo(self, pt: tuple[float, float]) -> None:
            found[-1].extend((*found[-1][-2:], *pt, *pt))

        def _curveToOne(self, one: Any, two: Any, pt: Any) -> None:
            found[-1].extend((*one, *two, *pt))

    path.draw(Pen(None))
    for outline in (one for one in found if len(one) > 2):
        yield [value * scale + move for value in outline]


def _as_matrix(rotation: re.Match[str]) -> str:
    """``rotate(degrees x y)`` as fontTools takes it."""
    degrees, *about = map(float, re.split(r"[ ,]+", rotation[1].strip()))
    x, y = about or (0.0, 0.0)
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    moved = (x - x * cosine + y * sine, y - x * sine - y * cosine)
    return f"matrix({cosine} {sine} {-sine} {cosine} {moved[0]} {moved[1]})"


def shapes(svg: str) -> list[tuple[str, list[Outline]]]:
    """(colour, outlines) of a drawing, the first at the back."""
    from fontTools.svgLib.path import SVGPath

    found = []
    for element, colour in _painted(ElementTree.fromstring(f"<svg>{svg}</svg>"), ""):
        if "transform" in element.attrib:
            element.set("transform", re.sub(r"rotate\(([^)]*)\)", _as_matrix, element.attrib["transform"]))
        document = ElementTree.Element("svg")
        document.append(element)
        path = SVGPath.fromstring(ElementTree.tostring(document))
        hexadecimal = colour if len(colour) == 6 else "".join(2 * digit for digit in colour)
        found.append((hexadecimal, list(outlines(path, _SIDE / 32, -_SIDE / 2))))
    return found


def _painted(element: ElementTree.Element, colour: str) -> Iterator[tuple[ElementTree.Element, str]]:
    """Everything that is drawn, with its colour, which may be that of the group around it."""
    own = element.get("fill", colour)
    if element.tag in ("path", "circle", "ellipse"):
        yield element, own.removeprefix("#")
    for part in element:
        yield from _painted(part, own)


def icon(drawn: list[tuple[str, list[Outline]]]) -> bytes:
    """A small still picture."""
    picture = Image.new("RGBA", (_DRAWN, _DRAWN))
    for colour, outlines_ in drawn:
        mask = Image.new("1", picture.size)
        for outline in outlines_:
            one = Image.new("1", picture.size)
            ImageDraw.Draw(one).polygon(list(_points(outline)), fill=1)
            mask = ImageChops.logical_xor(mask, one)
        picture.paste(Image.new("RGBA", picture.size, f"#{colour}"), mask=mask)
    written = io.BytesIO()
    picture.resize((_ICON, _ICON), Image.Resampling.LANCZOS).save(written, "WEBP", quality=80, method=6)
    return written.getvalue()


def _points(outline: Outline) -> Iterator[tuple[float, float]]:
    scale = _DRAWN / _SIDE
    start = outline[:2]
    for at in range(2, len(outline), 6):
        x1, y1, x2, y2, x3, y3 = outline[at : at + 6]
        for step in range(_STEPS):
            t = step / _STEPS
            parts = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            x = sum(part * value for part, value in zip(parts, (start[0], x1, x2, x3), strict=True))
            y = sum(part * value for part, value in zip(parts, (start[1], y1, y2, y3), strict=True))
            yield (x + _SIDE / 2) * scale, (y + _SIDE / 2) * scale
        start = [x3, y3]


def main() -> None:
    """Write all of them."""
    names, bodies = icons()
    lines = []
    for emoji in REACTIONS.split():
        code = "-".join(f"{ord(character):x}" for character in emoji)
        name = next(names[one] for one in (code, f"{code}-fe0f") if one in names)
        drawn = shapes(bodies[name])
        whole = [
            (colour, [[round(value) for value in outline] for outline in outlines_]) for colour, outlines_ in drawn
        ]
        title = name.replace("-", " ").capitalize()
        entry = [emoji, title, base64.b64encode(icon(drawn)).decode(), whole]
        lines.append(json.dumps(entry, ensure_ascii=False, separators=(",", ":")))
    sys.stdout.write("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
