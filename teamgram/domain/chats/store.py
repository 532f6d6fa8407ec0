"""SQL of ``chats`` and ``chat_participants``."""

from collections.abc import Collection, Iterable, Sequence

from teamgram.database import Row, Transaction
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.chats.chat import Chat, Participant, Role, Standing
from teamgram.domain.files.file import unpack_avatar

_COLUMNS = (
    "id, title, about, creator_id, created_at, version, default_banned_rights, deactivated, noforwards, photo,"
    " ttl_seconds, migrated_to, migrated_to_hash"
)
_PARTICIPANT = "user_id, inviter_id, joined_at, role, status"


def chat_txn(txn: Transaction, chat_id: int, user_ids: Collection[int], *, lock: bool = False) -> Chat | None:
    """One group, with the part that these users have or had in it.

    Args:
        lock: hold the row, so that nobody comes or goes until this transaction ends. Before locking message boxes.
    """
    row = _chat_row_txn(txn, chat_id, lock)
    if row is None:
        return None
    asked = frozenset(user_ids)
    txn.execute(
        f"SELECT {_PARTICIPANT} FROM chat_participants WHERE chat_id = ? AND user_id IN ({marks(asked)})",
        (chat_id, *asked),
    )
    return _chat(row, txn.fetchall(), asked)


def chats_for_txn(txn: Transaction, chat_ids: Iterable[int], user_ids: Collection[int]) -> dict[int, Chat]:
    """Those of many groups that exist, by id, with the part that these users have or had in each."""
    asked = frozenset(user_ids)
    found: dict[int, Chat] = {}
    for some in chunks(sorted(set(chat_ids))):
        txn.execute(f"SELECT {_COLUMNS} FROM chats WHERE id IN ({marks(some)})", some)
        rows = txn.fetchall()
        parts: dict[int, list[Row]] = {row[0]: [] for row in rows}
        txn.execute(
            f"SELECT chat_id, {_PARTICIPANT} FROM chat_participants WHERE chat_id IN ({marks(some)})"
            f" AND user_id IN ({marks(asked)})",
            (*some, *asked),
        )
        for chat_id, *part in txn.fetchall():
            if chat_id in parts:
                parts[chat_id].append(tuple(part))
        found.update((row[0], _chat(row, parts[row[0]], asked)) for row in rows)
    return found


def listed_txn(txn: Transaction, limit: int) -> list[Chat]:
    """The newest groups of all, whole."""
    txn.execute("SELECT id FROM chats ORDER BY id DESC LIMIT ?", (limit,))
    found = chats_txn(txn, [row[0] for row in txn.fetchall()])
    return [found[chat_id] for chat_id in sorted(found, reverse=True)]


def whole_chat_txn(txn: Transaction, chat_id: int) -> Chat | None:
    """One group with everybody who is or was in it: what is remembered to show it to all of them."""
    row = _chat_row_txn(txn, chat_id, False)
    if row is None:
        return None
    txn.execute(f"SELECT {_PARTICIPANT} FROM chat_participants WHERE chat_id = ?", (chat_id,))
    return _chat(row, txn.fetchall(), None)


def member_ids_txn(txn: Transaction, chat_id: int) -> tuple[int, ...]:
    """Those who are in it now, in the order of their ids."""
    txn.execute(
        "SELECT user_id FROM chat_participants WHERE chat_id = ? AND status = ? ORDER BY user_id",
        (chat_id, int(Standing.PRESENT)),
    )
    return tuple(row[0] for row in txn.fetchall())


def admin_ids_txn(txn: Transaction, chat_id: int) -> list[int]:
    """Those who administer it now, its creator among them."""
    txn.execute(
        "SELECT user_id FROM chat_participants WHERE chat_id = ? AND status = ? AND role <> ? ORDER BY user_id",
        (chat_id, int(Standing.PRESENT), int(Role.MEMBER)),
    )
    return [row[0] for row in txn.fetchall()]


def _chat_row_txn(txn: Transaction, chat_id: int, lock: bool) -> Row | None:
    txn.execute(f"SELECT {_COLUMNS} FROM chats WHERE id = ?{txn.engine.for_update if lock else ''}", (chat_id,))
    return txn.fetchone()


def _chat(row: Row, participants: Iterable[Row], asked: frozenset[int] | None) -> Chat:
    found = {
        user_id: Participant(user_id, inviter_id, joined_at, Role(role), Standing(status))
        for user_id, inviter_id, joined_at, role, status in participants
    }
    return Chat(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        bool(row[7]),
        bool(row[8]),
        found,
        asked,
        unpack_avatar(row[9]),
        *row[10:13],
    )


def is_member_txn(txn: Transaction, chat_id: int, user_id: int) -> bool:
    """Whether the user is in the group now, without loading everybody."""
    txn.execute(
        "SELECT 1 FROM chat_participants WHERE chat_id = ? AND user_id = ? AND status = ?",
        (chat_id, user_id, int(Standing.PRESENT)),
    )
    return txn.fetchone() is not None


def chats_txn(txn: Transaction, chat_ids: Iterable[int]) -> dict[int, Chat]:
    """Those of the groups that exist, whole, by id."""
    found = ((chat_id, whole_chat_txn(txn, chat_id)) for chat_id in sorted(set(chat_ids)))
    return {chat_id: chat for chat_id, chat in found if chat is not None}


def insert_chat_txn(txn: Transaction, title: str, creator_id: int, now: int) -> int:
    """A new, empty group's id."""
    txn.execute(
        "INSERT INTO chats (title, about, creator_id, created_at, version, default_banned_rights,"
        " deactivated, noforwards) VALUES (?, '', ?, ?, 1, 0, 0, 0)",
        (title, creator_id, now),
    )
    return txn.lastrowid


def put_participants_txn(txn: Transaction, chat_id: int, participants: Sequence[Participant]) -> None:
    """Insert or change these participants."""
    for participant in participants:
        txn.upsert(
            "chat_participants",
            {"chat_id": chat_id, "user_id": participant.user_id},
            {
                "inviter_id": participant.inviter_id,
                "joined_at": participant.joined_at,
                "role": int(participant.role),
                "status": int(participant.standing),
            },
        )


def update_chat_txn(txn: Transaction, chat_id: int, **columns: int | str | bytes | None) -> None:
    """Change columns of one group."""
    changes = ", ".join(f"{name} = ?" for name in columns)
    txn.execute(f"UPDATE chats SET {changes} WHERE id = ?", (*columns.values(), chat_id))


def all_leave_txn(txn: Transaction, chat_id: int) -> None:
    """Nobody is in it any more."""
    txn.execute(
        "UPDATE chat_participants SET status = ? WHERE chat_id = ? AND status = ?",
        (int(Standing.LEFT), chat_id, int(Standing.PRESENT)),
    )


def raise_version_txn(txn: Transaction, chat_id: int) -> None:
    """Its participants changed."""
    txn.execute("UPDATE chats SET version = version + 1 WHERE id = ?", (chat_id,))


def chat_ids_of_txn(txn: Transaction, user_id: int) -> list[int]:
    """The groups that the user is in now, oldest first."""
    txn.execute(
        "SELECT chat_id FROM chat_participants WHERE user_id = ? AND status = ? ORDER BY chat_id",
        (user_id, int(Standing.PRESENT)),
    )
    return [row[0] for row in txn.fetchall()]


def common_chat_ids_txn(txn: Transaction, user_id: int, other_id: int, max_id: int, limit: int) -> list[int]:
    """Groups that both are in now, newest first, below ``max_id`` (0: no bound)."""
    below = " AND a.chat_id < ?" if max_id else ""
    txn.execute(
        "SELECT a.chat_id FROM chat_participants a JOIN chat_participants b ON b.chat_id = a.chat_id"
        f" WHERE a.user_id = ? AND a.status = 0 AND b.user_id = ? AND b.status = 0{below}"
        " ORDER BY a.chat_id DESC LIMIT ?",
        (user_id, other_id, *((max_id,) if max_id else ()), limit),
    )
    return [row[0] for row in txn.fetchall()]
