"""Diffie-Hellman with the group that every client knows.

Checks: "Security Guidelines", "Validation of DH parameters" and "g_a and g_b
validation".
"""

import secrets
from collections import deque
from collections.abc import Callable

import gmpy2

#: Telegram's published safe prime. kurigram takes no other, and TDLib skips
#: its slow primality test for it (``pyrogram/crypto/prime.py`` has it as
#: CURRENT_DH_PRIME, Telethon's and TDLib's tests as well).
DH_PRIME_BYTES = bytes.fromhex(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F"
    "48198A0AA7C14058229493D22530F4DBFA336F6E0AC925139543AED44CCE7C37"
    "20FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4"
    "A4A695811051907E162753B56B0F6B410DBA74D8A84B2A14B3144E0EF1284754"
    "FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F"
    "0D8115F635B105EE2E4E15D04B2454BF6F4FADF034B10403119CD8E3B92FCC5B"
)
DH_PRIME = gmpy2.mpz(int.from_bytes(DH_PRIME_BYTES, "big"))
DH_G = 3
DH_BYTES = 256
#: Length of our secret exponents. RFC 7919, section 5.2, asks for at least 225
#: bits in a safe-prime group of this size; twice that and some costs a quarter
#: of what 2048 bits cost.
SECRET_BYTES = 64

_LOWEST = gmpy2.mpz(1) << (2048 - 64)
_HIGHEST = DH_PRIME - _LOWEST

Random = Callable[[int], bytes]


def is_safe_public(number: int) -> bool:
    """Whether g_a or g_b lies between 2^(2048-64) and dh_prime - 2^(2048-64)."""
    return bool(_LOWEST <= number <= _HIGHEST)


def to_bytes(number: int) -> bytes:
    """A number below dh_prime as 256 bytes, big-endian."""
    return int(number).to_bytes(DH_BYTES, "big")


def make_pair(random: Random = secrets.token_bytes) -> tuple[int, bytes]:
    """A secret exponent and its public value: (a, g^a mod dh_prime as 256 bytes)."""
    while True:
        secret = int.from_bytes(random(SECRET_BYTES), "big")
        public = gmpy2.powmod(DH_G, secret, DH_PRIME)
        if is_safe_public(int(public)):
            return secret, to_bytes(int(public))


def shared_key(public: bytes, secret: int) -> bytes:
    """auth_key = public^secret mod dh_prime, 256 bytes."""
    number = gmpy2.powmod(int.from_bytes(public, "big"), secret, DH_PRIME)
    return to_bytes(int(number))


class PairPool:
    """(a, g^a) pairs made ahead, in idle time; each is given out once."""

    def __init__(self, size: int = 64, random: Random = secrets.token_bytes) -> None:
        self._size = size
        self._random = random
        self._pairs: deque[tuple[int, bytes]] = deque()

    def take(self) -> tuple[int, bytes]:
        """A pair from the pool, or made now when it is empty."""
        return self._pairs.popleft() if self._pairs else make_pair(self._random)

    def refill_one(self) -> bool:
        """Make one pair; False when the pool is full. Call it when nothing else waits."""
        if len(self._pairs) >= self._size:
            return False
        self._pairs.append(make_pair(self._random))
        return True
