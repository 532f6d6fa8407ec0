"""SQL of ``users`` and ``usernames``. Every function runs inside a transaction."""

from collections.abc import Sequence
from typing import Any

from teamgram.database import Transaction
from teamgram.domain.files.file import unpack_avatar
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.users.user import FATHER_USERNAME, User, UserNotFound, unpack_traits

_COLUMNS = (
    "id, access_hash, phone, first_name, last_name, username, about,"
    " is_bot, is_verified, is_support, is_deleted, lang_code, created_at, birthday, photo, fallback_photo, bot_traits"
)
_CHANGEABLE = frozenset(
    {
        "phone",
        "first_name",
        "last_name",
        "username",
        "about",
        "is_bot",
        "is_verified",
        "is_support",
        "is_deleted",
        "lang_code",
        "birthday",
        "bot_traits",
    }
)
_IDS_PER_QUERY = 500  # below SQLite's oldest limit of 999 parameters


def _user(row: Sequence[Any]) -> User:
    return User(
        id=row[0],
        access_hash=row[1],
        phone=row[2] or "",
        first_name=row[3],
        last_name=row[4],
        username=row[5],
        about=row[6],
        is_bot=bool(row[7]),
        is_verified=bool(row[8]),
        is_support=bool(row[9]),
        is_deleted=bool(row[10]),
        lang_code=row[11],
        created_at=row[12],
        birthday=row[13],
        photo=unpack_avatar(row[14]),
        fallback_photo=unpack_avatar(row[15]),
        traits=unpack_traits(row[16]),
    )


def users_by_id_txn(txn: Transaction, user_ids: Sequence[int]) -> dict[int, User]:
    users: dict[int, User] = {}
    for start in range(0, len(user_ids), _IDS_PER_QUERY):
        part = user_ids[start : start + _IDS_PER_QUERY]
        marks = ",".join("?" * len(part))
        txn.execute(f"SELECT {_COLUMNS} FROM users WHERE id IN ({marks})", tuple(part))
        for row in txn.fetchall():
            users[row[0]] = _user(row)
    return users


def users_page_txn(txn: Transaction, after_id: int, limit: int) -> list[User]:
    """Accounts in the order of their ids, for who lists them all."""
    txn.execute(f"SELECT {_COLUMNS} FROM users WHERE id > ? ORDER BY id LIMIT ?", (after_id, limit))
    return [_user(row) for row in txn.fetchall()]


def user_by_phone_txn(txn: Transaction, phone: str) -> User | None:
    return users_by_phone_txn(txn, [phone]).get(phone)


def users_by_phone_txn(txn: Transaction, phones: Sequence[str]) -> dict[str, User]:
    users: dict[str, User] = {}
    for start in range(0, len(phones), _IDS_PER_QUERY):
        part = phones[start : start + _IDS_PER_QUERY]
        marks = ",".join("?" * len(part))
        txn.execute(f"SELECT {_COLUMNS} FROM users WHERE phone IN ({marks})", tuple(part))
        for row in txn.fetchall():
            users[row[2]] = _user(row)
    return users


def insert_user_txn(txn: Transaction, user: User) -> int | None:
    """The new account's id, or None when the number is taken."""
    inserted = txn.insert_ignore(
        "users",
        {
            "access_hash": user.access_hash,
            "phone": user.phone or None,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "is_bot": int(user.is_bot),
            "lang_code": user.lang_code,
            "created_at": user.created_at,
        },
    )
    return txn.lastrowid if inserted else None


def lock_phone_txn(txn: Transaction, phone: str) -> int | None:
    """Who has the number; nobody takes it, or gives it up, before this transaction ends."""
    txn.execute(f"SELECT id FROM users WHERE phone = ?{txn.engine.for_update}", (phone,))
    row = txn.fetchone()
    return None if row is None else row[0]


def update_user_txn(txn: Transaction, user_id: int, columns: dict[str, Any]) -> None:
    unknown = columns.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not columns of a user that change: {sorted(unknown)}")
    if not columns:
        return
    values: list[Any] = []
    for name, value in columns.items():
        if name == "phone":
            value = value or None  # NULL: UNIQUE must not bind the accounts without a number
        values.append(int(value) if isinstance(value, bool) else value)
    assignments = ", ".join(f"{name} = ?" for name in columns)
    txn.execute(f"UPDATE users SET {assignments} WHERE id = ?", (*values, user_id))
    if txn.rowcount == 0 and not users_by_id_txn(txn, [user_id]):
        raise UserNotFound(f"no user {user_id}")


def peer_by_username_txn(txn: Transaction, key: str) -> Peer | None:
    txn.execute("SELECT peer_kind, peer_id FROM usernames WHERE name = ?", (key,))
    row = txn.fetchone()
    return None if row is None else Peer(PeerKind(row[0]), row[1])


def peers_by_usernames_txn(txn: Transaction, keys: Sequence[str]) -> list[Peer]:
    if not keys:
        return []
    marks = ", ".join("?" * len(keys))
    txn.execute(f"SELECT peer_kind, peer_id FROM usernames WHERE name IN ({marks})", keys)
    return [Peer(PeerKind(kind), peer_id) for kind, peer_id in txn.fetchall()]


def peers_by_username_prefix_txn(txn: Transaction, prefix: str, limit: int) -> list[Peer]:
    # A range, not LIKE: "_" is a letter of usernames and a wildcard of LIKE.
    txn.execute(
        "SELECT peer_kind, peer_id FROM usernames WHERE name >= ? AND name < ? ORDER BY name LIMIT ?",
        (prefix, prefix + "\x7f", limit),
    )
    return [Peer(PeerKind(kind), peer_id) for kind, peer_id in txn.fetchall()]


def claim_username_txn(txn: Transaction, key: str, peer: Peer) -> bool:
    """Take a free name for a user or a channel; False when somebody has it."""
    taken: bool = txn.insert_ignore("usernames", {"name": key, "peer_kind": int(peer.kind), "peer_id": peer.id})
    return taken


def release_username_txn(txn: Transaction, key: str) -> None:
    txn.execute("DELETE FROM usernames WHERE name = ?", (key,))


def agent_usernames_txn(txn: Transaction, limit: int) -> list[str]:
    """Of agents that have one and are not deleted, in the order of their ids: bots with a token are none."""
    txn.execute(
        "SELECT username FROM users WHERE is_bot = 1 AND is_deleted = 0 AND username <> ''"
        " AND NOT EXISTS (SELECT 1 FROM bots WHERE bots.user_id = users.id AND LENGTH(bots.secret_hash) > 0)"
        " AND username <> ? ORDER BY id LIMIT ?",
        (FATHER_USERNAME, limit),
    )
    return [row[0] for row in txn.fetchall()]
