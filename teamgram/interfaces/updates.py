"""How updates reach sessions, and how sessions tell who is there.

What crosses here is ids and TL bytes of the newest layer: nothing that would
have to be in the same process.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from teamgram.mtproto.tl.places import Places


class Receiver(NamedTuple):
    """A user who gets an update, and the numbers that are the user's own in it."""

    user_id: int
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PushedUpdates:
    """One ``Updates`` object for some users.

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


class UpdatesPush(Protocol):
    """Session's side of the push, as bff's update rendering sees it. Nothing here waits."""

    def has_updates_session(self, user_id: int, except_perm_auth_key_id: int = 0) -> bool:
        """Whether rendering for this user is worth it: some session of theirs would get it now.

        ``except_perm_auth_key_id`` is the device that ``push`` will leave out.
        """

    def push(self, updates: PushedUpdates) -> None:
        """Send it to the receivers' updates sessions, converted once for each layer among them.

        Each user gets what is pushed in the order of the calls.
        """


class PresenceSink(Protocol):
    """Told by session when a signed-in device's first updates session opens or its last one closes."""

    def device_connected(self, user_id: int, perm_auth_key_id: int) -> None: ...

    def device_disconnected(self, user_id: int, perm_auth_key_id: int) -> None: ...
