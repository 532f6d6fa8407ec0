"""The server salts of one auth key, as its sessions check them.

Salts belong to the key, not to a session (page "Service Messages", future
salts). They come from authsession in advance and overlap, so a client that
still uses the one before is served; a message never waits for them.
"""

from bisect import bisect_right
from collections.abc import Iterable

from teamgram.interfaces.keys import FutureSalt


class ServerSalts:
    """Salts of one auth key, oldest first.

    Attributes:
        current: the newest salt valid at the last call that took ``now``.
        current_until: unix seconds until which ``current`` needs no new look.
    """

    __slots__ = ("_salts", "current", "current_until")

    def __init__(self, salts: Iterable[FutureSalt] = ()) -> None:
        self._salts: list[FutureSalt] = []
        self.current = 0
        self.current_until = 0.0
        self.add(salts)

    def add(self, salts: Iterable[FutureSalt]) -> None:
        """Take in salts; those already known are kept once."""
        self._salts = sorted({*self._salts, *salts}, key=lambda salt: (salt.valid_since, salt.valid_until))
        self.current_until = 0.0

    def current_salt(self, now: float) -> int:
        """The newest salt valid at ``now`` (unix seconds); what we put into our messages."""
        if now >= self.current_until:
            self._turn(now)
        return self.current

    def accepts(self, salt: int, now: float) -> bool:
        """Whether a client may use ``salt`` at ``now``: the current one or an older one that is still valid.

        The current one is good for as long as no newer is known, or a client
        would be told again and again to use what is then refused.
        """
        if not self._salts:
            return False
        if salt == self.current_salt(now):
            return True
        return any(known.salt == salt and known.valid_since <= now < known.valid_until for known in self._salts)

    def future(self, now: float, count: int) -> list[tuple[int, int, int]]:
        """Up to ``count`` salts valid at ``now`` or later, as (valid_since, valid_until, salt)."""
        valid = [salt for salt in self._salts if salt.valid_until > now]
        return [(salt.valid_since, salt.valid_until, salt.salt) for salt in valid[:count]]

    def valid_until(self) -> int:
        """Unix seconds at which the last known salt ends; 0 when there is none."""
        return self._salts[-1].valid_until if self._salts else 0

    def _turn(self, now: float) -> None:
        if self._salts and self._salts[0].valid_until <= now:
            # The last one stays even when it is over: a key whose new salts
            # are late still has something to put into its messages.
            self._salts = [salt for salt in self._salts if salt.valid_until > now] or self._salts[-1:]
        index = bisect_right(self._salts, now, key=lambda salt: salt.valid_since)
        if not self._salts:
            return
        newest = self._salts[max(index - 1, 0)]
        self.current = newest.salt
        next_since = self._salts[index].valid_since if index < len(self._salts) else newest.valid_until
        self.current_until = float(min(newest.valid_until, next_since))
