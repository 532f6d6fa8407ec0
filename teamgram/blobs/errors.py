"""What a store of bytes cannot do."""


class BlobError(Exception):
    """Base of the errors here."""


class BlobMissing(BlobError):
    """Nothing is stored under that name."""


class BlobsFull(BlobError):
    """So little room is left that nothing new is taken, for the database needs the rest."""


class BlobsAway(BlobError):
    """The store does not answer, or refuses everything: later it may do what it was asked. The text says why."""
