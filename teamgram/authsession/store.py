"""The SQL of auth keys, bindings and devices (``migrations/0001_authsession.sql``).

Every function takes a transaction and plain values; none of them knows the time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from hmac import compare_digest

from teamgram.authsession.salts import SaltSchedule
from teamgram.database import Row, Transaction
from teamgram.interfaces.authsession import AuthKeyIdTaken
from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType, Authorization, ClientInfo

_CLIENT_COLUMNS = tuple(field.name for field in fields(ClientInfo))
_DEVICE = ", ".join(f"d.{name}" for name in _CLIENT_COLUMNS)

#: How many ids go into one ``IN (…)``.
_CHUNK = 500


# Auth keys.


def get_key(txn: Transaction, auth_key_id: int) -> AuthKeyInfo | None:
    """One key, expired or not; with the data centre of the permanent key that it speaks for."""
    txn.execute(
        "SELECT k.auth_key_id, k.auth_key, k.key_type, k.perm_auth_key_id, k.expires_at, COALESCE(p.dc_id, k.dc_id)"
        " FROM auth_keys k LEFT JOIN auth_keys p ON p.auth_key_id = k.perm_auth_key_id WHERE k.auth_key_id = ?",
        (auth_key_id,),
    )
    row = txn.fetchone()
    return None if row is None else _key(row)


def put_key(txn: Transaction, key: AuthKeyInfo, schedule: SaltSchedule) -> None:
    """Store a new key.

    Raises:
        AuthKeyIdTaken: another key has this id; nothing is changed.
    """
    row = {
        "auth_key_id": key.auth_key_id,
        "auth_key": key.auth_key,
        "key_type": int(key.key_type),
        "perm_auth_key_id": key.perm_auth_key_id,
        "created_at": schedule.started_at,
        "expires_at": key.expires_at,
        "first_salt": schedule.first_salt,
        "salt_seed": schedule.seed,
        "dc_id": key.dc_id,
    }
    if txn.insert_ignore("auth_keys", row):
        return
    stored = get_key(txn, key.auth_key_id)
    if stored is None or not compare_digest(stored.auth_key, key.auth_key):
        raise AuthKeyIdTaken(key.auth_key_id)


def get_schedule(txn: Transaction, auth_key_id: int) -> SaltSchedule | None:
    """Where a key's salts come from."""
    txn.execute("SELECT created_at, first_salt, salt_seed FROM auth_keys WHERE auth_key_id = ?", (auth_key_id,))
    row = txn.fetchone()
    return None if row is None else SaltSchedule(row[0], row[1], bytes(row[2]))


def bind_key(txn: Transaction, temp_auth_key_id: int, perm_auth_key_id: int, expires_at: int) -> AuthKeyInfo | None:
    """Bind a temporary key that is free or bound to the same permanent one; None when it is neither, or gone."""
    txn.execute(
        "UPDATE auth_keys SET perm_auth_key_id = ?, expires_at = ?"
        " WHERE auth_key_id = ? AND key_type <> ? AND perm_auth_key_id IN (0, ?)",
        (perm_auth_key_id, expires_at, temp_auth_key_id, int(AuthKeyType.PERM), perm_auth_key_id),
    )
    return get_key(txn, temp_auth_key_id) if txn.rowcount else None


def delete_key(txn: Transaction, auth_key_id: int) -> bool:
    """Delete a key; with a permanent one its temporary ones, its binding and its device."""
    key = get_key(txn, auth_key_id)
    if key is None:
        return False
    if key.key_type is AuthKeyType.PERM:
        delete_perm_keys(txn, [auth_key_id])
    else:
        txn.execute("DELETE FROM auth_keys WHERE auth_key_id = ?", (auth_key_id,))
    return True


def delete_perm_keys(txn: Transaction, perm_auth_key_ids: Sequence[int]) -> None:
    """Delete permanent keys and all that hangs on them."""
    for start in range(0, len(perm_auth_key_ids), _CHUNK):
        chunk = tuple(perm_auth_key_ids[start : start + _CHUNK])
        marks = ", ".join("?" * len(chunk))
        for table in ("auth_keys", "auth_bindings", "auth_devices"):
            txn.execute(f"DELETE FROM {table} WHERE perm_auth_key_id IN ({marks})", chunk)


def delete_temp_keys(txn: Transaction, perm_auth_key_id: int, except_ids: Iterable[int]) -> list[int]:
    """Delete a permanent key's temporary keys but the named; the ids deleted."""
    txn.execute(
        "SELECT auth_key_id FROM auth_keys WHERE perm_auth_key_id = ? AND key_type <> ? ORDER BY auth_key_id",
        (perm_auth_key_id, int(AuthKeyType.PERM)),
    )
    kept = set(except_ids)
    doomed = [row[0] for row in txn.fetchall() if row[0] not in kept]
    txn.executemany("DELETE FROM auth_keys WHERE auth_key_id = ?", [(auth_key_id,) for auth_key_id in doomed])
    return doomed


def expired_keys(txn: Transaction, now: int, limit: int) -> list[int]:
    """Keys whose time is over."""
    txn.execute("SELECT auth_key_id FROM auth_keys WHERE expires_at BETWEEN 1 AND ? LIMIT ?", (now, limit))
    return [row[0] for row in txn.fetchall()]


def unused_keys(txn: Transaction, before: int, limit: int) -> list[int]:
    """Permanent keys with which nobody is signed in, made before and not active since the given time."""
    txn.execute(
        "SELECT k.auth_key_id FROM auth_keys k"
        " LEFT JOIN auth_bindings b ON b.perm_auth_key_id = k.auth_key_id"
        " LEFT JOIN auth_devices d ON d.perm_auth_key_id = k.auth_key_id"
        " WHERE k.key_type = ? AND k.created_at < ? AND b.user_id IS NULL"
        " AND (d.active_at IS NULL OR d.active_at < ?) LIMIT ?",
        (int(AuthKeyType.PERM), before, before, limit),
    )
    return [row[0] for row in txn.fetchall()]


def delete_expired(txn: Transaction, auth_key_ids: Sequence[int], now: int) -> None:
    """Delete those of the keys that are (still) expired."""
    txn.executemany(
        "DELETE FROM auth_keys WHERE auth_key_id = ? AND expires_at BETWEEN 1 AND ?",
        [(auth_key_id, now) for auth_key_id in auth_key_ids],
    )


def _key(row: Row) -> AuthKeyInfo:
    auth_key_id, auth_key, key_type, perm_auth_key_id, expires_at, dc_id = row
    return AuthKeyInfo(auth_key_id, bytes(auth_key), AuthKeyType(key_type), perm_auth_key_id, expires_at, dc_id)


# Bindings and devices.


def get_client(txn: Transaction, perm_auth_key_id: int) -> tuple[int, ClientInfo]:
    """(user_id or 0, device)."""
    txn.execute("SELECT user_id FROM auth_bindings WHERE perm_auth_key_id = ?", (perm_auth_key_id,))
    binding = txn.fetchone()
    txn.execute(f"SELECT {_DEVICE} FROM auth_devices d WHERE d.perm_auth_key_id = ?", (perm_auth_key_id,))
    device = txn.fetchone()
    return (binding[0] if binding else 0), (ClientInfo(*device) if device else ClientInfo())


def put_client(txn: Transaction, perm_auth_key_id: int, client: ClientInfo, now: int) -> None:
    """Store a device."""
    columns = dict(zip(_CLIENT_COLUMNS, astuple(client), strict=True))
    txn.upsert("auth_devices", {"perm_auth_key_id": perm_auth_key_id}, {**columns, "active_at": now})


def bind_user(
    txn: Transaction, perm_auth_key_id: int, user_id: int, hash: int, now: int, carried_from: int = 0
) -> bool:
    """Sign a key in, keeping hash and date when it is signed in as that user already; False: there is no such key.

    An authorization that the user gave to the key itself is not replaced by one carried there.
    """
    key = get_key(txn, perm_auth_key_id)
    if key is None or key.key_type is not AuthKeyType.PERM:
        return False
    txn.execute("SELECT user_id, carried_from FROM auth_bindings WHERE perm_auth_key_id = ?", (perm_auth_key_id,))
    if txn.fetchone() not in ((user_id, 0), (user_id, carried_from)):
        txn.upsert(
            "auth_bindings",
            {"perm_auth_key_id": perm_auth_key_id},
            {"user_id": user_id, "hash": hash, "created_at": now, "carried_from": carried_from},
        )
    return True


def unbind_user(txn: Transaction, perm_auth_key_id: int) -> tuple[int, list[int]]:
    """Sign a key out and those that its authorization was carried to; whose it was (or 0), and which keys."""
    txn.execute("SELECT user_id FROM auth_bindings WHERE perm_auth_key_id = ?", (perm_auth_key_id,))
    row = txn.fetchone()
    if row is None:
        return 0, []
    txn.execute("SELECT perm_auth_key_id FROM auth_bindings WHERE carried_from = ?", (perm_auth_key_id,))
    signed_out = [perm_auth_key_id, *(carried[0] for carried in txn.fetchall())]
    txn.executemany("DELETE FROM auth_bindings WHERE perm_auth_key_id = ?", [(key,) for key in signed_out])
    return row[0], signed_out


def touch(txn: Transaction, seen: Sequence[tuple[str, int, int]]) -> None:
    """(client_addr, active_at, perm_auth_key_id) of devices that were active."""
    txn.executemany("UPDATE auth_devices SET client_addr = ?, active_at = ? WHERE perm_auth_key_id = ?", seen)


def authorizations(txn: Transaction, user_id: int) -> list[Authorization]:
    """A user's signed-in keys."""
    # A key may be signed in before its device is known.
    txn.execute(
        f"SELECT b.perm_auth_key_id, b.hash, b.created_at, b.carried_from, d.active_at, {_DEVICE} FROM auth_bindings b"
        " LEFT JOIN auth_devices d ON d.perm_auth_key_id = b.perm_auth_key_id WHERE b.user_id = ?",
        (user_id,),
    )
    return [
        Authorization(
            perm_auth_key_id=perm_auth_key_id,
            user_id=user_id,
            client=ClientInfo(*client) if active_at is not None else ClientInfo(),
            created_at=created_at,
            active_at=max(created_at, active_at or 0),
            hash=hash,
            carried_from=carried_from,
        )
        for perm_auth_key_id, hash, created_at, carried_from, active_at, *client in txn.fetchall()
    ]
