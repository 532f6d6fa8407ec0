"""How updates reach sessions, and how sessions tell who is there: events of the bus (``interfaces.bus``).

What crosses here is ids and TL bytes of the newest layer: nothing that would
have to be in the same process.
"""

from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from teamgram.mtproto.tl.places import Places


class Receiver(NamedTuple):
    """A user who gets an update, and the numbers that are the user's own in it."""

    user_id: int
    numbers: tuple[int, ...] = ()


class PushedUpdates(msgspec.Struct, frozen=True):
    """One ``Updates`` object for some users, for all sessions that get a receiver's updates.

    Session converts it once for each layer among them. Each user gets what is
    pushed in the order of the events.

    Attributes:
        body: boxed, of the newest layer, with the first marks (``mtproto.tl.places``) where the receivers' numbers go.
        receivers: each once.
        places: where the numbers go; none for what is the same for all.
        except_perm_auth_key_id: the device that made the change is left out: it has it in its answer.
        only_perm_auth_key_id: no other device gets it.
    """

    body: bytes
    receivers: tuple[Receiver, ...]
    places: Places = ()
    except_perm_auth_key_id: int = 0
    only_perm_auth_key_id: int = 0

    @classmethod
    def for_device(cls, body: bytes, user_id: int, perm_auth_key_id: int) -> "PushedUpdates":
        """What one device of a user is told, and no other."""
        return cls(body, (Receiver(user_id),), only_perm_auth_key_id=perm_auth_key_id)


@dataclass(frozen=True, slots=True)
class UpdatesSessionChanged:
    """How it is with a signed-in device's updates session from now on.

    Attributes:
        server: the session process that has the device.
        connected: some connection carries it; both are False when there is none (any more).
        takes_updates: an update would be kept for it or sent. Not so when it lost one already: its client is to
            get all by the difference, so that none is worth drawing until it was told.
        tells: of the bff processes that hear it one has it set: that is who tells others that the user came or went.
    """

    server: str
    user_id: int
    perm_auth_key_id: int
    connected: bool
    takes_updates: bool
    tells: bool = True


@dataclass(frozen=True, slots=True)
class SessionsGone:
    """A session process begins, or ended: of what it told about devices nothing holds any more."""

    server: str


@dataclass(frozen=True, slots=True)
class DevicesAsked:
    """Somebody begins who knows of no device: every session process tells how it is with each, as if it changed."""


@dataclass(frozen=True, slots=True)
class UpdatesMayBeLost:
    """What somebody had to push may not have come: every session that takes updates is to get the difference."""
