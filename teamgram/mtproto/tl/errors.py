"""The one error that reading or writing TL raises."""

from __future__ import annotations


class TLError(ValueError):
    """Bytes that are no TL object we know, or an object that the asked layer cannot carry.

    The text names constructors and fields, never their values, so it may be logged.
    """


class BadConstructorError(TLError):
    """Bytes that name a constructor which no layer has, or which is none of the type wanted there."""


class NotInLayerError(TLError):
    """A well-formed object that the client's layer has no way to say."""
