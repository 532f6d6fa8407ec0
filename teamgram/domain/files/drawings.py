"""Portraits of our own drawing, for accounts that nobody takes a photo of. Runs in the process that opens pictures."""

from typing import Any

SIDE = 640
_TWICE = 2 * SIDE
"""Drawn at twice the size and made smaller, which makes edges smooth."""

SERVICE, AGENT, NOBODY = "service", "agent", "nobody"

_COLOURS = (
    ((92, 175, 250), (64, 129, 222)),
    ((160, 222, 126), (84, 166, 71)),
    ((255, 151, 107), (221, 83, 88)),
    ((178, 150, 250), (110, 98, 205)),
    ((102, 224, 213), (45, 150, 175)),
    ((255, 168, 196), (212, 83, 137)),
    ((255, 207, 112), (226, 134, 52)),
)
_WHITE = (255, 255, 255)


def drawn(subject: str, colour: int) -> Any:
    """A picture of ``SIDE`` pixels a side.

    Args:
        subject: ``SERVICE``, a speech bubble; ``AGENT``, a robot's head; anything else a person without a face.
        colour: any number; equal ones are the same colour.
    """
    from PIL import Image, ImageDraw

    top, bottom = _COLOURS[colour % len(_COLOURS)]
    shade = Image.linear_gradient("L").resize((_TWICE, _TWICE))
    picture = Image.composite(Image.new("RGB", shade.size, bottom), Image.new("RGB", shade.size, top), shade)
    draw = ImageDraw.Draw(picture)
    {SERVICE: _bubble, AGENT: _robot}.get(subject, _person)(draw, bottom)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _bubble(draw: Any, ink: tuple[int, int, int]) -> None:
    draw.rounded_rectangle((290, 340, 990, 860), radius=150, fill=_WHITE)
    draw.polygon(((400, 800), (400, 1010), (620, 830)), fill=_WHITE)
    for x in (460, 640, 820):
        draw.ellipse((x - 50, 550, x + 50, 650), fill=ink)


def _robot(draw: Any, ink: tuple[int, int, int]) -> None:
    draw.rectangle((620, 250, 660, 420), fill=_WHITE)
    draw.ellipse((580, 190, 700, 310), fill=_WHITE)
    for x in (250, 970):
        draw.rounded_rectangle((x, 580, x + 60, 780), radius=30, fill=_WHITE)
    draw.rounded_rectangle((330, 400, 950, 960), radius=140, fill=_WHITE)
    for x in (500, 780):
        draw.ellipse((x - 70, 540, x + 70, 680), fill=ink)
    draw.rounded_rectangle((490, 780, 790, 830), radius=25, fill=ink)


def _person(draw: Any, ink: tuple[int, int, int]) -> None:
    draw.ellipse((450, 280, 830, 660), fill=_WHITE)
    draw.ellipse((280, 740, 1000, 1460), fill=_WHITE)
