"""pq challenges: products of two primes, and taking them apart again.

"Creating an Authorization Key", steps 2 and 3. kurigram writes p and q as
4 bytes each; with both primes between 2^30 and 2^31, pq stays below 2^63 too.
"""

import secrets
from collections import deque
from collections.abc import Callable
from math import gcd

import gmpy2

Random = Callable[[int], bytes]


def make_pq(random: Random = secrets.token_bytes) -> tuple[bytes, bytes, bytes]:
    """(pq, p, q) big-endian: 8, 4 and 4 bytes, p < q, pq below 2^63."""
    while True:
        # 2^30 … 2^31: pq stays below 2^63 and p, q are 4 bytes long.
        p, q = sorted(int(gmpy2.next_prime((int.from_bytes(random(4), "big") >> 2) | 1 << 30)) for _ in range(2))
        if p < q < 1 << 31:
            return (p * q).to_bytes(8, "big"), p.to_bytes(4, "big"), q.to_bytes(4, "big")


def factorize(pq: int) -> tuple[int, int]:
    """(p, q), p < q, of a product of two primes, by Pollard's rho in Brent's form. For clients and tests."""
    if pq % 2 == 0:
        return 2, pq // 2
    c = 1
    while True:
        y, r, q, g = 2, 1, 1, 1
        x = ys = y
        while g == 1:
            x = y
            for _ in range(r):
                y = (y * y + c) % pq
            k = 0
            while k < r and g == 1:
                ys = y
                for _ in range(min(128, r - k)):
                    y = (y * y + c) % pq
                    q = q * abs(x - y) % pq
                g = gcd(q, pq)
                k += 128
            r *= 2
        if g == pq:
            g = 1
            while g == 1:
                ys = (ys * ys + c) % pq
                g = gcd(abs(x - ys), pq)
        if g != pq:
            return min(g, pq // g), max(g, pq // g)
        c += 1


class ChallengePool:
    """(pq, p, q) made ahead, in idle time; each is given out once."""

    def __init__(self, size: int = 256, random: Random = secrets.token_bytes) -> None:
        self._size = size
        self._random = random
        self._challenges: deque[tuple[bytes, bytes, bytes]] = deque()

    def take(self) -> tuple[bytes, bytes, bytes]:
        """A challenge from the pool, or made now when it is empty."""
        return self._challenges.popleft() if self._challenges else make_pq(self._random)

    def refill_one(self) -> bool:
        """Make one challenge; False when the pool is full."""
        if len(self._challenges) >= self._size:
            return False
        self._challenges.append(make_pq(self._random))
        return True
