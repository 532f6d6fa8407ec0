"""What a person may be called here."""

from teamgram.domain.errors import DomainError

MAX_NAME = 64
MAX_ABOUT = 140


class FirstNameInvalid(DomainError):
    """Empty or too long."""


class LastNameInvalid(DomainError):
    """Too long."""


class AboutTooLong(DomainError):
    """More than ``MAX_ABOUT`` characters."""


def _one_line(written: str) -> str:
    """Without control characters and without space around it or in rows."""
    return " ".join("".join(char if char.isprintable() or char in "\u200d\ufe0f" else " " for char in written).split())


def check_first_name(written: str) -> str:
    """The name as it is stored.

    Raises:
        FirstNameInvalid: empty or longer than ``MAX_NAME`` characters.
    """
    name = _one_line(written)
    if not name or len(name) > MAX_NAME:
        raise FirstNameInvalid()
    return name


def check_last_name(written: str) -> str:
    """The name as it is stored; may be empty.

    Raises:
        LastNameInvalid: longer than ``MAX_NAME`` characters.
    """
    name = _one_line(written)
    if len(name) > MAX_NAME:
        raise LastNameInvalid()
    return name


def check_about(written: str) -> str:
    """The bio as it is stored.

    Raises:
        AboutTooLong: longer than ``MAX_ABOUT`` characters.
    """
    about = _one_line(written)
    if len(about) > MAX_ABOUT:
        raise AboutTooLong()
    return about
