"""The server salts of one auth key, as its sessions check them.

Salts belong to the key, not to a session (page "Service Messages", future
salts). They come from authsession in advance and overlap, so a client that
still uses the one before is served; a message never waits for them.
"""

from collections.abc import Iterable, Iterator
from struct import Struct

from teamgram.interfaces.keys import FutureSalt

_RECORD = Struct("<qqq")
"""valid_since, valid_until, salt. Thousands of keys have some: as objects they would be most of what a key costs."""


class ServerSalts:
    """Salts of one auth key, oldest first.

    Attributes:
        current: the newest salt valid at the last call that took ``now``.
        current_until: unix seconds until which ``current`` needs no new look.
    """

    __slots__ = ("_packed", "current", "current_until")

    def __init__(self, salts: Iterable[FutureSalt] = ()) -> None:
        self._packed = b""
        self.current = 0
        self.current_until = 0.0
        self.add(salts)

    def _salts(self) -> Iterator[tuple[int, int, int]]:
        return _RECORD.iter_unpack(self._packed)

    def _keep(self, salts: Iterable[tuple[int, int, int]]) -> None:
        self._packed = b"".join(_RECORD.pack(*salt) for salt in salts)

    def add(self, salts: Iterable[FutureSalt]) -> None:
        """Take in salts; those already known are kept once."""
        self._keep(sorted({*self._salts(), *((one.valid_since, one.valid_until, one.salt) for one in salts)}))
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
        if not self._packed:
            return False
        if salt == self.current_salt(now):
            return True
        return any(known == salt and since <= now < until for since, until, known in self._salts())

    def future(self, now: float, count: int) -> list[tuple[int, int, int]]:
        """Up to ``count`` salts valid at ``now`` or later, as (valid_since, valid_until, salt)."""
        return [salt for salt in self._salts() if salt[1] > now][:count]

    def valid_until(self) -> int:
        """Unix seconds at which the last known salt ends; 0 when there is none."""
        until: int = _RECORD.unpack(self._packed[-_RECORD.size :])[1] if self._packed else 0
        return until

    def _turn(self, now: float) -> None:
        salts = list(self._salts())
        if not salts:
            return
        if salts[0][1] <= now:
            # The last one stays even when it is over: a key whose new salts
            # are late still has something to put into its messages.
            salts = [salt for salt in salts if salt[1] > now] or salts[-1:]
            self._keep(salts)
        begun = [salt for salt in salts if salt[0] <= now] or salts[:1]
        _, until, self.current = begun[-1]
        later = salts[len(begun) :]
        self.current_until = float(min(until, later[0][0]) if later else until)
