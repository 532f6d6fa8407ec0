"""One encoded object for many receivers: the places in it where 32-bit numbers lie that differ among them.

Whoever makes the object puts marks where such numbers go, and makes it twice,
with two marks for each number that differ in every byte. Where the two
encodings differ is where the numbers lie; what the object holds besides
(somebody's text, say) cannot be taken for a mark. Marks that nobody else can
know are found in one encoding.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from teamgram.mtproto.tl.errors import TLError

Places: TypeAlias = tuple[tuple[int, int], ...]
"""(byte offset, which of the numbers) in the order of the offsets; a number may lie in several places, or in none."""

MAX_NUMBERS = 63
"""How many different numbers one object may have."""


def marks(count: int, second: bool = False) -> tuple[int, ...]:
    """The first or the second marks of so many numbers, all positive ints that fill their four bytes.

    Raises:
        ValueError: more than ``MAX_NUMBERS``.
    """
    if count > MAX_NUMBERS:
        raise ValueError(f"{count} numbers")
    return tuple(0x01010101 * (number | (0x40 if second else 0)) for number in range(1, count + 1))


def secret_marks(random: Callable[[int], bytes]) -> tuple[int, ...]:
    """``MAX_NUMBERS`` different marks that nobody can guess, positive ints."""
    drawn: dict[int, None] = {}
    while len(drawn) < MAX_NUMBERS:
        drawn[int.from_bytes(random(4), "little") >> 1 or 1] = None
    return tuple(drawn)


def find_secret(body: bytes, secret: Sequence[int]) -> Places | None:
    """Where these secret marks lie in an object; None unless each lies in one place, and there alone."""
    found = []
    for number, mark in enumerate(secret):
        written = mark.to_bytes(4, "little")
        offset = body.find(written)
        if offset < 0 or offset % 4 or body.find(written, offset + 1) >= 0:
            return None
        found.append((offset, number))
    found.sort()
    return tuple(found)


def find_places(first: bytes, second: bytes) -> Places:
    """Where the marks lie in an object that was encoded with the first and with the second ones.

    Raises:
        TLError: the two differ in anything else.
    """
    if len(first) != len(second) or len(first) % 4:
        raise TLError("two encodings of one object differ in length")
    found: list[tuple[int, int]] = []
    words = zip(memoryview(first).cast("I"), memoryview(second).cast("I"), strict=True)
    for index, (one, other) in enumerate(words):
        if one != other:
            number = one & 0xFF
            if not 0 < number <= MAX_NUMBERS or one != 0x01010101 * number or other != one | 0x40404040:
                raise TLError("two encodings of one object differ where no mark lies")
            found.append((index * 4, number - 1))
    return tuple(found)


def fill(body: bytes, places: Places, numbers: Sequence[int]) -> bytes:
    """The object with these numbers in their places."""
    filled = bytearray(body)
    for offset, number in places:
        filled[offset : offset + 4] = numbers[number].to_bytes(4, "little", signed=True)
    return bytes(filled)
