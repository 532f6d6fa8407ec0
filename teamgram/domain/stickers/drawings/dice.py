"""Dice, darts, balls, pins and the slot machine (core.telegram.org/api/dice).

Of each kind but the last a set has what is shown while the value is not known, in an endless loop, and then one
drawing for each value. The slot machine's are put together by the apps: its body, the body of who won, the lever, and
for each of the three reels seven-that-won, seven, bar, berries, lemon, and the turning reel.
"""

from collections.abc import Callable

from teamgram.domain.stickers.drawings.lottie import (
    Keys,
    Point,
    Shape,
    ellipse,
    group,
    layer,
    polygon,
    rectangle,
    star,
    tgs,
)

_WHITE, _BLACK, _GREY = (255, 255, 255), (40, 40, 46), (160, 166, 178)
_RED, _ORANGE, _YELLOW = (226, 58, 64), (243, 138, 48), (250, 205, 60)
_GREEN, _BLUE, _BROWN = (72, 168, 92), (64, 128, 220), (120, 78, 50)

_LOOP = 60
_REST: Keys = ((0, (0,)),)

_PIPS: dict[int, tuple[Point, ...]] = {
    1: ((0, 0),),
    2: ((-1, -1), (1, 1)),
    3: ((-1, -1), (0, 0), (1, 1)),
    4: ((-1, -1), (1, -1), (-1, 1), (1, 1)),
    5: ((-1, -1), (1, -1), (0, 0), (-1, 1), (1, 1)),
    6: ((-1, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (1, 1)),
}


def _die(value: int) -> tuple[Shape, ...]:
    pips = [ellipse((75 * x, 75 * y), 52) for x, y in _PIPS[value]]
    return (
        group(_RED if value == 1 else _BLACK, *pips),
        group(_WHITE, rectangle((0, 0), 300, 300, 56)),
        group(_GREY, rectangle((0, 10), 312, 312, 60)),
    )


def _dice() -> list[bytes]:
    waiting = tgs(layer(*_die(5), turn=((0, (0,)), (_LOOP, (360,))), last=_LOOP), last=_LOOP)
    drawn = [waiting]
    for value in _PIPS:
        thrown = layer(
            *_die(value),
            move=((0, (-180, -220)), (25, (0, 60)), (38, (10, -40)), (52, (0, 0))),
            turn=((0, (-540,)), (52, (0,))),
            grow=((0, (40, 40)), (25, (100, 100))),
        )
        drawn.append(tgs(thrown))
    return drawn


def _target() -> tuple[Shape, ...]:
    rings = [group(_RED if number % 2 else _WHITE, ellipse((0, 0), 90 * number)) for number in (1, 2, 3, 4)]
    return (*rings, group(_BLACK, ellipse((0, 0), 380)))


def _dart() -> tuple[Shape, ...]:
    return (
        group(_GREY, polygon([(0, 0), (14, -34), (34, -14)])),
        group(_BLUE, polygon([(20, -20), (110, -110), (124, -96)])),
        group(_YELLOW, polygon([(96, -100), (150, -164), (164, -150), (108, -96)])),
    )


def _darts() -> list[bytes]:
    board = layer(*_target())
    still = layer(*_dart(), move=((0, (60, 20)), (_LOOP // 2, (70, 0)), (_LOOP, (60, 20))), last=_LOOP)
    drawn = [tgs(still, layer(*_target(), last=_LOOP), last=_LOOP)]
    # From beside the board to its middle.
    for place in ((-175, 150), (-115, 110), (95, -95), (-75, -60), (42, 32), (0, 0)):
        miss = place[0] == -175
        fly = layer(
            *_dart(),
            move=((0, (320, -320)), (30, place), (90, (place[0], place[1] + (90 if miss else 0)))),
            show=((0, (100,)), (70, (100,)), (90, (0 if miss else 100,))),
        )
        shake = layer(*_target(), turn=((0, (0,)), (30, (0,)), (36, (3,)), (42, (-2,)), (48, (0,))))
        drawn.append(tgs(fly, board if miss else shake))
    return drawn


def _ball(colour: tuple[int, int, int], lines: bool) -> tuple[Shape, ...]:
    if lines:
        seams = group(_BLACK, polygon([(-55, 0), (55, 0)]), polygon([(0, -55), (0, 55)]), line=5)
        return seams, group(colour, ellipse((0, 0), 112))
    patches = [star((38 * x, 38 * y), 17, 14) for x, y in ((1, 0.3), (-1, 0.3), (0, -1), (0.6, 1), (-0.6, 1))]
    return (
        group(_BLACK, star((0, 0), 20, 16), *patches),
        group(colour, ellipse((0, 0), 112)),
        group(_GREY, ellipse((0, 0), 120)),
    )


def _basketball() -> list[bytes]:
    def scene(last: int = 180) -> tuple[Shape, Shape]:
        rim = layer(group(_RED, rectangle((0, -40), 170, 16, 8)), last=last)
        net = [polygon([(x, -34), (x * 0.6, 60)]) for x in (-76, -38, 0, 38, 76)]
        behind = layer(
            group(_GREY, *net, line=5),
            group(_RED, rectangle((0, -90), 120, 80), line=8),
            group(_WHITE, rectangle((0, -110), 320, 220, 14)),
            group(_GREY, rectangle((0, -110), 332, 232, 18)),
            last=last,
        )
        return rim, behind

    rim, behind = scene(_LOOP)
    bounce = layer(
        *_ball(_ORANGE, lines=True), move=((0, (0, 190)), (_LOOP // 2, (0, 120)), (_LOOP, (0, 190))), last=_LOOP
    )
    drawn = [tgs(bounce, rim, behind, last=_LOOP)]
    roads: tuple[Keys, ...] = (
        ((0, (-120, 300)), (35, (-190, -150)), (80, (-230, 330))),
        ((0, (-60, 300)), (35, (-110, -90)), (50, (-150, -150)), (90, (-250, 330))),
        ((0, (60, 300)), (35, (90, -60)), (48, (70, -110)), (62, (100, -60)), (100, (200, 330))),
        ((0, (60, 300)), (35, (80, -140)), (48, (30, -100)), (60, (0, -60)), (90, (0, 190))),
        ((0, (0, 300)), (35, (0, -200)), (58, (0, -50)), (90, (0, 190))),
    )
    rim, behind = scene()
    for value, road in enumerate(roads, 1):
        ball = layer(*_ball(_ORANGE, lines=True), move=road, turn=((0, (0,)), (90, (360,))))
        drawn.append(tgs(rim, ball, behind) if value > 3 else tgs(ball, rim, behind))
    return drawn


def _football() -> list[bytes]:
    def goal(last: int = 180) -> Shape:
        net = [polygon([(x, -130), (x, 60)]) for x in range(-160, 161, 40)]
        net += [polygon([(-190, y), (190, y)]) for y in range(-110, 61, 38)]
        posts = (rectangle((-195, -40), 18, 220), rectangle((195, -40), 18, 220), rectangle((0, -145), 408, 18))
        return layer(
            group(_RED, *posts), group(_GREY, *net, line=3), group(_GREEN, rectangle((0, 150), 512, 180)), last=last
        )

    waiting = layer(
        *_ball(_WHITE, lines=False),
        move=((0, (0, 190)), (_LOOP // 2, (0, 165)), (_LOOP, (0, 190))),
        last=_LOOP,
    )
    drawn = [tgs(waiting, goal(_LOOP), last=_LOOP)]
    roads: tuple[Keys, ...] = (
        ((0, (0, 190)), (30, (-300, -160)), (60, (-420, -200))),
        ((0, (0, 190)), (26, (185, -60)), (60, (330, 150))),
        ((0, (0, 190)), (28, (-90, 10)), (50, (-90, 40))),
        ((0, (0, 190)), (28, (20, -60)), (55, (20, 40))),
        ((0, (0, 190)), (28, (130, -95)), (60, (130, 40))),
    )
    for road in roads:
        shot = layer(
            *_ball(_WHITE, lines=False),
            move=road,
            turn=((0, (0,)), (60, (540,))),
            grow=((0, (100, 100)), (30, (70, 70))),
        )
        drawn.append(tgs(shot, goal()))
    return drawn


_PINS: tuple[Point, ...] = ((0, 40), (-60, -20), (60, -20), (-120, -80), (0, -80), (120, -80))
_DOWN = {1: 0, 2: 1, 3: 3, 4: 4, 5: 5, 6: 6}


def _pin() -> tuple[Shape, ...]:
    return (
        group(_RED, rectangle((0, -32), 30, 10)),
        group(_WHITE, ellipse((0, -52), 42), rectangle((0, -20), 30, 60, 14), ellipse((0, 22), 58, 84)),
        group(_GREY, ellipse((0, -52), 50), rectangle((0, -20), 38, 66, 16), ellipse((0, 22), 66, 92)),
    )


def _bowling() -> list[bytes]:
    ball = (
        group(_BLACK, ellipse((-12, -16), 14), ellipse((12, -16), 14), ellipse((0, -38), 14)),
        group(_BLUE, ellipse((0, 0), 120)),
    )
    standing = [layer(*_pin(), move=((0, place),), last=_LOOP) for place in _PINS]
    rolling = layer(*ball, move=((0, (0, 180)),), turn=((0, (0,)), (_LOOP, (360,))), last=_LOOP)
    drawn = [tgs(rolling, *standing, last=_LOOP)]
    for value, down in _DOWN.items():
        pins = []
        for number, (x, y) in enumerate(_PINS):
            falls = number < down
            pins.append(
                layer(
                    *_pin(),
                    move=((0, (x, y)), (40, (x, y)), (70, (x * 1.6 + (20 if falls else 0), y - 90)))
                    if falls
                    else ((0, (x, y)),),
                    turn=((0, (0,)), (40, (0,)), (70, (100 if x >= 0 else -100,))) if falls else _REST,
                    show=((0, (100,)), (55, (100,)), (75, (0,))) if falls else ((0, (100,)),),
                )
            )
        end = (-235, -60) if value == 1 else (0 if value == 6 else 70 - 20 * value, 10)
        roll = layer(
            *ball,
            move=((0, (0, 320)), (45, end), (75, (end[0], end[1] - 120))),
            turn=((0, (0,)), (75, (720,))),
            grow=((0, (110, 110)), (75, (45, 45))),
            show=((0, (100,)), (60, (100,)), (80, (0,))),
        )
        drawn.append(tgs(roll, *pins))
    return drawn


_REELS = (-118, 0, 118)


def _symbol(name: str) -> tuple[Shape, ...]:
    if name == "seven":
        return (group(_RED, polygon([(-36, -48), (38, -48), (38, -30), (6, 50), (-20, 50), (8, -24), (-36, -24)])),)
    if name == "bar":
        return tuple(group(_BLACK, rectangle((0, y), 84, 22, 6)) for y in (-32, 0, 32))
    if name == "berries":
        return (
            group(_RED, ellipse((-22, 26), 48), ellipse((22, 26), 48)),
            group(_GREEN, polygon([(-22, 10), (6, -46)]), polygon([(22, 10), (6, -46)]), line=7),
        )
    return group(_YELLOW, ellipse((0, 0), 92, 66)), group(_ORANGE, ellipse((0, 0), 100, 74))


def _in_turn(at: int) -> Keys:
    """There for the quarter of 40 frames that begins at ``at`` times ten."""
    begin = 10 * at
    before: Keys = ((0, (0,)), (begin - 1, (0,))) if at else ()
    after: Keys = ((begin + 10, (0,)),) if at < 3 else ()
    return (*before, (begin, (100,)), (begin + 9, (100,)), *after)


def _slot_machine() -> list[bytes]:
    def body(colour: tuple[int, int, int]) -> tuple[Shape, ...]:
        windows = [rectangle((x, 0), 104, 170, 14) for x in _REELS]
        return (
            group(_WHITE, *windows),
            group(_BLACK, rectangle((0, 0), 372, 196, 20)),
            group(_YELLOW, rectangle((0, -150), 220, 60, 24), rectangle((0, 150), 300, 26, 12)),
            group(colour, rectangle((0, 0), 430, 420, 60)),
        )

    won = layer(*body(_ORANGE), grow=((0, (100, 100)), (12, (104, 104)), (24, (98, 98)), (36, (100, 100))))
    lever = layer(
        group(_RED, ellipse((0, -110), 56)),
        group(_GREY, rectangle((0, -50), 18, 110, 8)),
        move=((0, (190, 40)),),
        turn=((0, (10,)), (20, (40,)), (45, (10,))),
    )
    drawn = [tgs(layer(*body(_RED))), tgs(won), tgs(lever)]
    for number, x in enumerate(_REELS):
        shown = [
            tgs(
                layer(
                    *_symbol("seven"),
                    move=((0, (x, 0)),),
                    grow=((0, (100, 100)), (15, (135, 135)), (30, (100, 100)), (45, (135, 135)), (60, (100, 100))),
                )
            )
        ]
        ends = 40 + 20 * number
        for name in ("seven", "bar", "berries", "lemon"):
            stop = layer(
                *_symbol(name),
                move=((0, (x, -70)), (ends, (x, 12)), (ends + 14, (x, 0))),
                show=((0, (0,)), (10, (100,))),
            )
            shown.append(tgs(stop))
        strip = [
            layer(*_symbol(name), move=((0, (x, 0)),), show=_in_turn(at), last=40)
            for at, name in enumerate(("seven", "bar", "berries", "lemon"))
        ]
        shown.append(tgs(*strip, last=40))
        drawn += shown
    return drawn


DICE: dict[str, Callable[[], list[bytes]]] = {
    "🎲": _dice,
    "🎯": _darts,
    "🏀": _basketball,
    "⚽": _football,
    "🎳": _bowling,
    "🎰": _slot_machine,
}
"""What draws the set of an emoji."""

LUCKY = {"🎯": (6, 32), "🏀": (5, 60), "⚽": (5, 30), "🎳": (6, 45), "🎰": (64, 100)}
"""The value that apps celebrate, and the frame at which they do."""
