"""SQL of ``contacts``, ``phone_book_entries`` and ``blocks``. Every function runs inside a transaction."""

from collections.abc import Sequence
from dataclasses import replace

from teamgram.database import Transaction
from teamgram.domain.contacts.book import AddressBook, Contact, SavedPhone
from teamgram.domain.files.file import Avatar, pack_avatar, unpack_avatar


def book_txn(txn: Transaction, owner_id: int) -> AddressBook:
    txn.execute(
        "SELECT contact_id, first_name, last_name, phone, is_mutual, is_close_friend, note, photo"
        " FROM contacts WHERE owner_id = ?",
        (owner_id,),
    )
    contacts = {
        row[0]: Contact(row[0], row[1], row[2], row[3], bool(row[4]), bool(row[5]), row[6], unpack_avatar(row[7]))
        for row in txn.fetchall()
    }
    txn.execute("SELECT owner_id, is_close_friend FROM contacts WHERE contact_id = ?", (owner_id,))
    rows = txn.fetchall()
    added_by = frozenset(row[0] for row in rows)
    close_friend_of = frozenset(row[0] for row in rows if row[1])
    txn.execute("SELECT blocked_id, blocked_at FROM blocks WHERE owner_id = ?", (owner_id,))
    blocked = {row[0]: row[1] for row in txn.fetchall()}
    txn.execute("SELECT owner_id FROM blocks WHERE blocked_id = ?", (owner_id,))
    blocked_by = frozenset(row[0] for row in txn.fetchall())
    return AddressBook(owner_id, contacts, added_by, blocked, blocked_by, close_friend_of)


def lock_books_txn(txn: Transaction, user_ids: Sequence[int]) -> None:
    """Keep others from changing these users' books meanwhile; call it first in a transaction.

    Two who add each other at the same moment must each see the other's row, or
    neither becomes mutual. On SQLite there is one writer anyway.
    """
    if txn.engine.for_update:
        for user_id in sorted(set(user_ids)):  # in one order everywhere, so that nobody waits in a circle
            txn.execute(f"SELECT id FROM users WHERE id = ?{txn.engine.for_update}", (user_id,))
            txn.fetchall()


def put_contact_txn(txn: Transaction, owner_id: int, contact: Contact, now: int) -> Contact:
    """Insert or change; the contact as stored (a number known before stays known)."""
    txn.execute(
        "SELECT phone, is_close_friend, note FROM contacts WHERE owner_id = ? AND contact_id = ?",
        (owner_id, contact.user_id),
    )
    before = txn.fetchone()
    if before is not None:
        contact = replace(
            contact,
            phone=contact.phone or before[0],
            is_close_friend=bool(before[1]),
            note=contact.note or before[2],
        )
    txn.execute("UPDATE contacts SET is_mutual = 1 WHERE owner_id = ? AND contact_id = ?", (contact.user_id, owner_id))
    txn.execute("SELECT 1 FROM contacts WHERE owner_id = ? AND contact_id = ?", (contact.user_id, owner_id))
    contact = replace(contact, is_mutual=txn.fetchone() is not None)
    txn.upsert(
        "contacts",
        {"owner_id": owner_id, "contact_id": contact.user_id},
        {
            "first_name": contact.first_name,
            "last_name": contact.last_name,
            "phone": contact.phone,
            "is_mutual": int(contact.is_mutual),
            "is_close_friend": int(contact.is_close_friend),
            "note": contact.note,
            "added_at": now,
        },
    )
    return contact


def delete_contact_txn(txn: Transaction, owner_id: int, user_id: int) -> bool:
    txn.execute("DELETE FROM contacts WHERE owner_id = ? AND contact_id = ?", (owner_id, user_id))
    if not txn.rowcount:
        return False
    txn.execute("UPDATE contacts SET is_mutual = 0 WHERE owner_id = ? AND contact_id = ?", (user_id, owner_id))
    return True


def delete_user_txn(txn: Transaction, user_id: int) -> list[int]:
    """Take a user out of everybody's book, and empty theirs; whose books changed."""
    txn.execute(
        "SELECT owner_id FROM contacts WHERE contact_id = ? UNION SELECT contact_id FROM contacts WHERE owner_id = ?",
        (user_id, user_id),
    )
    others = [row[0] for row in txn.fetchall()]
    txn.execute("DELETE FROM contacts WHERE owner_id = ? OR contact_id = ?", (user_id, user_id))
    txn.execute("DELETE FROM phone_book_entries WHERE owner_id = ?", (user_id,))
    return others


def close_friends_txn(txn: Transaction, owner_id: int) -> list[int]:
    """Who counts as the owner's close friend."""
    txn.execute("SELECT contact_id FROM contacts WHERE owner_id = ? AND is_close_friend = 1", (owner_id,))
    return [row[0] for row in txn.fetchall()]


def set_close_friends_txn(txn: Transaction, owner_id: int, user_ids: Sequence[int]) -> None:
    txn.execute("UPDATE contacts SET is_close_friend = 0 WHERE owner_id = ?", (owner_id,))
    txn.executemany(
        "UPDATE contacts SET is_close_friend = 1 WHERE owner_id = ? AND contact_id = ?",
        [(owner_id, user_id) for user_id in user_ids],
    )


def set_note_txn(txn: Transaction, owner_id: int, user_id: int, note: str) -> bool:
    if not is_contact_txn(txn, owner_id, user_id):
        return False
    txn.execute("UPDATE contacts SET note = ? WHERE owner_id = ? AND contact_id = ?", (note, owner_id, user_id))
    return True


def set_photo_txn(txn: Transaction, owner_id: int, user_id: int, avatar: Avatar | None) -> None:
    """What the owner alone sees as a contact's photo."""
    txn.execute(
        "UPDATE contacts SET photo_id = ?, photo = ? WHERE owner_id = ? AND contact_id = ?",
        (avatar.photo_id if avatar is not None else 0, pack_avatar(avatar), owner_id, user_id),
    )


def is_contact_txn(txn: Transaction, owner_id: int, user_id: int) -> bool:
    """Whether the owner has that user in their book."""
    txn.execute("SELECT 1 FROM contacts WHERE owner_id = ? AND contact_id = ?", (owner_id, user_id))
    return txn.fetchone() is not None


def remember_phone_txn(txn: Transaction, owner_id: int, phone: str, first_name: str, last_name: str, now: int) -> None:
    txn.upsert(
        "phone_book_entries",
        {"owner_id": owner_id, "phone": phone},
        {"first_name": first_name, "last_name": last_name, "added_at": now},
    )


def count_phone_txn(txn: Transaction, phone: str) -> int:
    txn.execute("SELECT COUNT(*) FROM phone_book_entries WHERE phone = ?", (phone,))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def phones_txn(txn: Transaction, owner_id: int) -> list[SavedPhone]:
    """The numbers in somebody's phone book that are nobody's."""
    txn.execute(
        "SELECT phone, first_name, last_name, added_at FROM phone_book_entries WHERE owner_id = ? ORDER BY phone",
        (owner_id,),
    )
    return [SavedPhone(*row) for row in txn.fetchall()]


def forget_phone_txn(txn: Transaction, phone: str) -> list[tuple[int, str, str]]:
    """Take a number out of everybody's phone book: (owner id, first name, last name) of each."""
    txn.execute("SELECT owner_id, first_name, last_name FROM phone_book_entries WHERE phone = ?", (phone,))
    entries = [(row[0], row[1], row[2]) for row in txn.fetchall()]
    txn.execute("DELETE FROM phone_book_entries WHERE phone = ?", (phone,))
    return entries


def block_txn(txn: Transaction, owner_id: int, user_id: int, now: int) -> bool:
    inserted: bool = txn.insert_ignore("blocks", {"owner_id": owner_id, "blocked_id": user_id, "blocked_at": now})
    return inserted


def unblock_txn(txn: Transaction, owner_id: int, user_id: int) -> bool:
    txn.execute("DELETE FROM blocks WHERE owner_id = ? AND blocked_id = ?", (owner_id, user_id))
    return bool(txn.rowcount)
