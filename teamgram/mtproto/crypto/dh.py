"""Diffie-Hellman over Telegram's published prime.

Page: "Creating an Authorization Key", steps 6 to 9. The prime is the one on
that page; kurigram 2.2.26 (``pyrogram/crypto/prime.py``) takes no other, and
TDLib skips its slow primality test for it.

GMP is imported, and its numbers made, when a client first wants a key: a server that waits has no use for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gmpy2 import mpz

PRIME = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F"
    "48198A0AA7C14058229493D22530F4DBFA336F6E0AC925139543AED44CCE7C37"
    "20FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4"
    "A4A695811051907E162753B56B0F6B410DBA74D8A84B2A14B3144E0EF1284754"
    "FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F"
    "0D8115F635B105EE2E4E15D04B2454BF6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)
PRIME_BYTES = PRIME.to_bytes(256)
GENERATOR = 3

#: Our secret exponent. For a safe prime of 2048 bits, worth 103 bits of symmetric strength, RFC 7919
#: (appendix A.1, section 5.2) wants at least 225; a longer one costs time and adds nothing.
EXPONENT_BITS = 234
_EXPONENT_BYTES = -(-EXPONENT_BITS // 8)

#: g_a and g_b lie between this and PRIME - this.
_MARGIN = 1 << (2048 - 64)


def is_public_value_good(value: int) -> bool:
    """Whether a g_a or g_b is far enough from 1 and from the prime (step 9, "IMPORTANT")."""
    return _MARGIN <= value <= PRIME - _MARGIN


_WINDOW_BITS = 6
_DIGIT = (1 << _WINDOW_BITS) - 1


class _Powers(NamedTuple):
    prime: mpz
    rows: list[list[mpz]]


@cache
def _powers() -> _Powers:
    """g ** (digit * 64**place), by place and digit: 39 places of 64 digits, 0.7 MB, made in 5 ms when first needed."""
    from gmpy2 import mpz

    prime = mpz(PRIME)
    rows = []
    step = mpz(GENERATOR)
    for _ in range(EXPONENT_BITS // _WINDOW_BITS):
        row = [mpz(1)]
        for _ in range(_DIGIT):
            row.append(row[-1] * step % prime)
        rows.append(row)
        step = row[-1] * step % prime
    return _Powers(prime, rows)


def public_value(exponent: int) -> int:
    """g ** exponent mod the prime.

    The base never changes, so its powers are at hand and 39 multiplications
    are enough for our own exponents: a sixth of what a general power costs. Each exponent is used
    for one exchange, made ahead of it; how long that took tells nobody anything.
    """
    if exponent >> EXPONENT_BITS:
        from gmpy2 import powmod

        return int(powmod(GENERATOR, exponent, PRIME))
    prime, (first, *others) = _powers()
    value = first[exponent & _DIGIT]
    exponent >>= _WINDOW_BITS
    for row in others:
        value = value * row[exponent & _DIGIT] % prime
        exponent >>= _WINDOW_BITS
    return int(value)


def shared_secret(public: int, exponent: int) -> bytes:
    """The auth key: public ** exponent mod the prime, 256 bytes.

    Not GMP's slower power whose time is always the same, as the RSA key has it: an exponent belongs to one exchange,
    so nobody can time it twice over values of their choice, and its peer, who could time it once, has the key anyway.
    """
    from gmpy2 import powmod

    return int(powmod(public, exponent, PRIME)).to_bytes(256)


class DhPairs:
    """Pairs (a, g_a), each handed out once, made while nothing else is to do."""

    def __init__(self, random: Callable[[int], bytes], capacity: int = 64) -> None:
        """
        Args:
            capacity: pairs to keep ready.
        """
        self._random = random
        self._capacity = capacity
        self._ready: deque[tuple[int, bytes]] = deque()

    def __len__(self) -> int:
        return len(self._ready)

    def take(self) -> tuple[int, bytes]:
        """(a, g_a as 256 bytes): a ready one, else one made now in half a millisecond."""
        return self._ready.popleft() if self._ready else self._make()

    def refill(self) -> bool:
        """Make one pair; False when none is missing (any more)."""
        if len(self._ready) < self._capacity:
            self._ready.append(self._make())
        return len(self._ready) < self._capacity

    def _make(self) -> tuple[int, bytes]:
        while True:
            # The top bit is set: the exponent's length is no secret, its being short would be a weakness.
            exponent = int.from_bytes(self._random(_EXPONENT_BYTES)) >> -EXPONENT_BITS % 8 | 1 << (EXPONENT_BITS - 1)
            g_a = public_value(exponent)
            if is_public_value_good(g_a):
                return exponent, g_a.to_bytes(256)
