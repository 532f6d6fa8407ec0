"""What the database refuses or cannot do, apart from the drivers' own errors."""


class DatabaseError(Exception):
    """Base of the errors below; a driver's errors (``IntegrityError``, …) pass through unchanged."""


class DSNError(DatabaseError):
    """The DSN cannot be understood."""


class DatabaseUnavailable(DatabaseError):
    """The server does not answer, or the file cannot be opened."""


class DatabaseTooNew(DatabaseError):
    """The database was written by a newer version of the program."""


class MigrationError(DatabaseError):
    """A migration file is malformed or failed; the message names it and the statement."""


class DatabaseClosed(DatabaseError):
    """Asked for something after ``close``."""


class DatabaseOverloaded(DatabaseError):
    """Too many writes are waiting; this one was not queued."""


class CommitOutcomeUnknown(DatabaseError):
    """The connection died during COMMIT: the transaction may or may not have happened. It was not run again."""
