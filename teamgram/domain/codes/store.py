"""SQL of ``sign_in_codes``. Every function runs inside a transaction."""

from dataclasses import dataclass

from teamgram.database import Transaction


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One pending code.

    Attributes:
        digest, sealed: see ``sealing``.
        verified: it was entered rightly, and the number has yet to sign up.
    """

    phone_code_hash: str
    phone: str
    purpose: str
    digest: bytes
    sealed: bytes
    kind: str
    attempts: int
    resends: int
    verified: bool
    created_at: int
    expires_at: int


_COLUMNS = "phone_code_hash, phone, purpose, digest, sealed, kind, attempts, resends, verified, created_at, expires_at"


def _row(row: tuple[object, ...]) -> CodeRow:
    values = list(row)
    values[8] = bool(values[8])
    return CodeRow(*values)  # type: ignore[arg-type]


def get_txn(txn: Transaction, phone_code_hash: str) -> CodeRow | None:
    txn.execute(
        f"SELECT {_COLUMNS} FROM sign_in_codes WHERE phone_code_hash = ?{txn.engine.for_update}", (phone_code_hash,)
    )
    row = txn.fetchone()
    return None if row is None else _row(row)


def put_txn(txn: Transaction, row: CodeRow) -> None:
    """Store a new code; older ones for the same number and purpose stop working."""
    txn.execute("DELETE FROM sign_in_codes WHERE phone = ? AND purpose = ?", (row.phone, row.purpose))
    txn.execute("DELETE FROM sign_in_codes WHERE expires_at < ?", (row.created_at,))
    txn.execute(
        f"INSERT INTO sign_in_codes ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.phone_code_hash,
            row.phone,
            row.purpose,
            row.digest,
            row.sealed,
            row.kind,
            row.attempts,
            row.resends,
            int(row.verified),
            row.created_at,
            row.expires_at,
        ),
    )


def update_txn(txn: Transaction, row: CodeRow) -> None:
    txn.execute(
        "UPDATE sign_in_codes SET kind = ?, attempts = ?, resends = ?, verified = ? WHERE phone_code_hash = ?",
        (row.kind, row.attempts, row.resends, int(row.verified), row.phone_code_hash),
    )


def delete_txn(txn: Transaction, phone_code_hash: str) -> bool:
    txn.execute("DELETE FROM sign_in_codes WHERE phone_code_hash = ?", (phone_code_hash,))
    return bool(txn.rowcount)


def pending_txn(txn: Transaction, now: int) -> list[CodeRow]:
    txn.execute(f"SELECT {_COLUMNS} FROM sign_in_codes WHERE expires_at >= ? ORDER BY created_at", (now,))
    return [_row(row) for row in txn.fetchall()]
