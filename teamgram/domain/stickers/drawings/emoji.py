"""A few emoji that move when they are sent alone; what is not here the apps show large and still."""

from teamgram.domain.stickers.drawings.lottie import Colour, Shape, curve, ellipse, group, heart, layer, star, tgs

_BLACK, _YELLOW, _TEAR = (40, 40, 46), (252, 204, 60), (90, 170, 240)

_HEARTS: dict[str, Colour] = {
    "❤️": (226, 48, 60),
    "🧡": (244, 132, 40),
    "💛": (250, 205, 60),
    "💚": (72, 168, 92),
    "💙": (64, 128, 220),
    "💜": (140, 84, 200),
    "🖤": (44, 44, 50),
    "🤍": (236, 236, 240),
}
_BALLS: dict[str, Colour] = {
    "🔴": (226, 48, 60),
    "🟠": (244, 132, 40),
    "🟡": (250, 205, 60),
    "🟢": (72, 168, 92),
    "🔵": (64, 128, 220),
    "🟣": (140, 84, 200),
}

_BEAT = ((0, (100, 100)), (12, (116, 116)), (24, (100, 100)), (36, (112, 112)), (48, (100, 100)), (90, (100, 100)))


def _heart(colour: Colour) -> bytes:
    return tgs(layer(group(colour, heart(360)), grow=_BEAT, last=90), last=90)


def _ball(colour: Colour) -> bytes:
    hop = ((0, (0, 40)), (22, (0, -90)), (44, (0, 40)), (60, (0, 40)))
    squash = ((0, (108, 92)), (8, (100, 100)), (38, (100, 100)), (46, (110, 90)), (60, (108, 92)))
    return tgs(layer(group(colour, ellipse((0, 0), 300)), move=hop, grow=squash, last=60), last=60)


def _face(*features: Shape, tilt: float = 8) -> bytes:
    turn = ((0, (-tilt,)), (45, (tilt,)), (90, (-tilt,)))
    return tgs(layer(*features, group(_YELLOW, ellipse((0, 0), 400)), turn=turn, last=90), last=90)


def _mouth(depth: float, y: float = 60) -> Shape:
    return curve([(-90, y), (90, y)], [(0, 0), (-40, depth)], [(40, depth), (0, 0)], closed=False)


def _eyes(h: float = 60) -> Shape:
    return group(_BLACK, ellipse((-72, -50), 44, h), ellipse((72, -50), 44, h))


def animated_emoji() -> dict[str, bytes]:
    """An animation for each emoji that has one."""
    laughing = curve([(-100, 30), (100, 30)], [(0, 150), (0, 0)], [(0, 0), (0, 150)])
    tear = layer(
        group(_TEAR, ellipse((0, 0), 40, 56)),
        move=((0, (-72, 0)), (90, (-80, 150))),
        show=((0, (0,)), (15, (100,)), (75, (100,)), (90, (0,))),
        last=90,
    )
    crying_face = layer(
        _eyes(), group(_BLACK, _mouth(-70, 110), line=22), group(_YELLOW, ellipse((0, 0), 400)), last=90
    )
    twinkle = ((0, (100, 100)), (20, (118, 118)), (40, (96, 96)), (60, (100, 100)), (90, (100, 100)))
    return {
        **{emoji: _heart(colour) for emoji, colour in _HEARTS.items()},
        **{emoji: _ball(colour) for emoji, colour in _BALLS.items()},
        "⭐": tgs(
            layer(
                group((250, 190, 40), star((0, 0), 220, 95)),
                grow=twinkle,
                turn=((0, (-6,)), (45, (6,)), (90, (-6,))),
                last=90,
            ),
            last=90,
        ),
        "🙂": _face(_eyes(), group(_BLACK, _mouth(80), line=22)),
        "😐": _face(_eyes(), group(_BLACK, _mouth(0, 80), line=22), tilt=3),
        "🙁": _face(_eyes(), group(_BLACK, _mouth(-70, 110), line=22)),
        "😃": _face(_eyes(80), group(_BLACK, laughing), tilt=12),
        "😢": tgs(tear, crying_face, last=90),
    }
