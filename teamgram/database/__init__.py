"""The adbapi pool, the SQL engines and the migrations."""

from teamgram.database.database import Database, Observe, open_database
from teamgram.database.errors import (
    CommitOutcomeUnknown,
    DatabaseClosed,
    DatabaseError,
    DatabaseOverloaded,
    DatabaseTooNew,
    DatabaseUnavailable,
    DSNError,
    MigrationError,
)
from teamgram.database.transaction import Row, Transaction

__all__ = [
    "CommitOutcomeUnknown",
    "DSNError",
    "Database",
    "DatabaseClosed",
    "DatabaseError",
    "DatabaseOverloaded",
    "DatabaseTooNew",
    "DatabaseUnavailable",
    "MigrationError",
    "Observe",
    "Row",
    "Transaction",
    "open_database",
]
