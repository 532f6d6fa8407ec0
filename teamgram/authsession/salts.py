"""Server salts: valid for an hour, a new one every half hour, so that two hold at any time.

A salt is computed, not stored: the first one comes from the key exchange, every
later one from a random seed that lies beside the key and the number of its half
hour. So 64 salts ahead cost one row, nothing is written when they
change, and they are the same after a restart and in every process.
"""

from dataclasses import dataclass
from hmac import digest

from teamgram.interfaces.keys import FutureSalt

#: Seconds for which a salt is accepted.
LIFETIME = 3600
#: Seconds from one salt to the next.
STEP = 1800
#: The most that ``get_future_salts`` may ask for ("Service Messages", request for several future salts).
MAX_FUTURE_SALTS = 64
#: Bytes of a key's seed.
SEED_LENGTH = 32


@dataclass(frozen=True, slots=True)
class SaltSchedule:
    """All salts of one auth key.

    Attributes:
        started_at: unix seconds from which ``first_salt`` holds.
    """

    started_at: int
    first_salt: int
    seed: bytes

    def __repr__(self) -> str:
        return f"<SaltSchedule since {self.started_at}>"

    def at(self, now: int, count: int) -> list[FutureSalt]:
        """The salts that hold at ``now`` and those after them, ``count`` (1 to 64) in all, oldest first."""
        # Slot n holds from started_at + n * STEP; the first wanted is the first to end after now.
        first = max(0, (now - self.started_at - LIFETIME) // STEP + 1)
        return [self._salt(slot, now) for slot in range(first, first + min(max(count, 1), MAX_FUTURE_SALTS))]

    def _salt(self, slot: int, now: int) -> FutureSalt:
        since = self.started_at + slot * STEP
        until = since + LIFETIME
        if slot == 0:
            # Were the clock set back, the first salt would not hold yet, and nothing else would.
            return FutureSalt(min(since, now), until, self.first_salt)
        salt = int.from_bytes(digest(self.seed, slot.to_bytes(8, "little"), "sha256")[:8], "little", signed=True)
        # 0 is what clients send that know no salt.
        return FutureSalt(since, until, salt or 1)
