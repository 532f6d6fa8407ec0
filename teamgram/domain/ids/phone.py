"""Phone numbers: always digits in international form, without "+"."""

import re

from teamgram.domain.errors import DomainError

MIN_DIGITS = 5
MAX_DIGITS = 15  # ITU-T E.164
_MAX_WRITTEN = 40
_WRITTEN = re.compile(r"\+?[0-9 ()./\-\u00a0]+", re.ASCII)
_NOT_A_DIGIT = re.compile(r"[^0-9]")


class PhoneNumberInvalid(DomainError):
    """Not an international phone number."""


def normalize_phone(written: str) -> str:
    """``+1 (555) 010-0123`` -> ``15550100123``.

    Which numbers a country hands out is not checked: a private server may
    number its users as it likes.

    Raises:
        PhoneNumberInvalid: letters, a leading zero, too few or too many digits.
    """
    written = written.strip()
    if len(written) > _MAX_WRITTEN or _WRITTEN.fullmatch(written) is None:
        raise PhoneNumberInvalid()
    digits = _NOT_A_DIGIT.sub("", written)
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS or digits[0] == "0":
        raise PhoneNumberInvalid()
    return digits
