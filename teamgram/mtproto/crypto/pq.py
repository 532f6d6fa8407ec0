"""The small proof of work that opens a key exchange: a product of two primes to take apart.

Page: "Creating an Authorization Key", steps 2 and 3.
"""

from collections.abc import Callable
from typing import NamedTuple


class PQ(NamedTuple):
    """pq and its factors, p < q, as the big-endian byte strings that cross the wire.

    kurigram writes each factor as four bytes, so both are four bytes long.
    """

    pq: bytes
    p: bytes
    q: bytes


def make_pq(random: Callable[[int], bytes]) -> PQ:
    """Two different primes between 2**30 and 2**31 and their product, which stays below 2**63.

    It takes some 15 microseconds, so there is no store of them as there is of ``dh.DhPairs``.
    """
    while True:
        p, q = sorted((_prime(random), _prime(random)))
        if p != q and q < 1 << 31:
            return PQ((p * q).to_bytes(8), p.to_bytes(4), q.to_bytes(4))


def _prime(random: Callable[[int], bytes]) -> int:
    # With the first exchange, as in ``dh``.
    from gmpy2 import next_prime

    return int(next_prime(int.from_bytes(random(4)) >> 2 | 1 << 30))
