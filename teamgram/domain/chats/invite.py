"""One invite link: what it is, and how it lies in the database."""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Transaction

PREFIX = "https://t.me/+"
"""Clients take the hash from links of this form and ask the server that they talk to."""

COLUMNS = (
    "hash, chat_id, admin_id, title, created_at, expires_at, usage_limit, used, revoked, permanent, request_needed"
)


@dataclass(frozen=True, slots=True)
class Invite:
    """One link.

    Attributes:
        chat_id: the basic group's id, or the channel's marked id.
        expires_at: unix seconds; ``usage_limit``: how many may use it; 0 for no bound.
        permanent: the administrator's main link, of which there is always one.
        request_needed: it lets nobody in, but one asks by it.
        waiting: how many have asked by it and wait; counted where a link is shown, else 0.
    """

    hash: str
    chat_id: int
    admin_id: int
    title: str
    created_at: int
    expires_at: int
    usage_limit: int
    used: int
    revoked: bool
    permanent: bool
    request_needed: bool = False
    waiting: int = 0

    @property
    def link(self) -> str:
        """As people are given it."""
        return PREFIX + self.hash

    def usable(self, now: int) -> bool:
        """Whether somebody can still join by it."""
        return not (
            self.revoked
            or (self.expires_at and self.expires_at <= now)
            or (self.usage_limit and self.used >= self.usage_limit)
        )


def hash_in(link: str) -> str:
    """The hash in a link of any form that clients write (``t.me/+hash``, ``t.me/joinchat/hash``, the hash)."""
    return link.rstrip("/").rpartition("/")[2].lstrip("+")


@dataclass(frozen=True, slots=True)
class InvitePage:
    """A part of an administrator's links, or of those who came by one.

    Attributes:
        count: how many there are in all.
        uses: (user, unix seconds, the administrator who let them in or 0).
    """

    count: int
    invites: tuple[Invite, ...] = ()
    uses: tuple[tuple[int, int, int], ...] = ()


def invite_of(row: Sequence[object]) -> Invite:
    """From ``COLUMNS``."""
    return Invite(*row[:8], bool(row[8]), bool(row[9]), bool(row[10]))  # type: ignore[arg-type,call-arg]


def invite_txn(txn: Transaction, hash_: str) -> Invite | None:
    """The link, if there is one."""
    txn.execute(f"SELECT {COLUMNS} FROM chat_invites WHERE hash = ?", (hash_,))
    row = txn.fetchone()
    return invite_of(row) if row is not None else None


def revoke_links_txn(txn: Transaction, chat_id: int, admin_id: int) -> None:
    """Nobody joins any more by the links of who is no administrator any more, and cannot take them back themselves."""
    txn.execute(
        "UPDATE chat_invites SET revoked = 1 WHERE chat_id = ? AND admin_id = ? AND revoked = 0", (chat_id, admin_id)
    )


def ask_by_links_txn(txn: Transaction, chat_id: int, needed: bool) -> bool:
    """By all links of a group that are not used up one asks from now on, or comes in; False: it was so.

    Links for so many uses stay as they are.
    """
    which = "chat_id = ? AND revoked = 0 AND usage_limit = 0 AND request_needed <> ?"
    txn.execute(f"SELECT 1 FROM chat_invites WHERE {which} LIMIT 1", (chat_id, int(needed)))
    if txn.fetchone() is None:
        return False
    txn.execute(f"UPDATE chat_invites SET request_needed = ? WHERE {which}", (int(needed), chat_id, int(needed)))
    return True
