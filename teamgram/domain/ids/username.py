"""Usernames: what may be one, and how two are compared."""

import re

from teamgram.domain.errors import DomainError

MIN_LENGTH = 5
MAX_LENGTH = 32
_SHAPE = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*", re.ASCII)


class UsernameInvalid(DomainError):
    """Not a username: 5 to 32 of a-z, 0-9 and _, a letter first, no two underscores together, none last."""


def check_username(username: str) -> str:
    """The username itself.

    Raises:
        UsernameInvalid: its shape is wrong.
    """
    if not MIN_LENGTH <= len(username) <= MAX_LENGTH or _SHAPE.fullmatch(username) is None:
        raise UsernameInvalid(username)
    return username


def username_key(username: str) -> str:
    """What a username is compared and stored by: letters' case does not count, nor a leading "@"."""
    return username.lstrip("@").lower()
