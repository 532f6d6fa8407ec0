"""Phone numbers: always digits in international form, without "+"."""

import re
import unicodedata

from teamgram.domain.errors import DomainError

MIN_DIGITS = 6  # five are a sign-in code that was typed into the wrong field
MAX_DIGITS = 15  # ITU-T E.164
_MAX_WRITTEN = 40
_WRITTEN = re.compile(r"\+?[0-9 ()./\-]+", re.ASCII)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"), "-")
_NOT_A_DIGIT = re.compile(r"[^0-9]")


class PhoneNumberInvalid(DomainError):
    """Not an international phone number."""


def normalize_phone(written: str) -> str:
    """``+1 (555) 010-0123`` -> ``15550100123``, as people write and copy numbers.

    Digits of any script, any blanks and dashes, the marks of writing direction around a number, and ``00`` in
    front for ``+``.
    Which numbers a country hands out is not checked: a private server may
    number its users as it likes.

    Raises:
        PhoneNumberInvalid: letters, a leading zero, too few or too many digits.
    """
    if len(written) > _MAX_WRITTEN:
        raise PhoneNumberInvalid()
    written = "".join(map(_plain, written.translate(_DASHES))).strip()
    if _WRITTEN.fullmatch(written) is None:
        raise PhoneNumberInvalid()
    digits = _NOT_A_DIGIT.sub("", written)
    if digits.startswith("00") and not written.startswith("+"):
        digits = digits[2:]
    if not MIN_DIGITS <= len(digits) <= MAX_DIGITS or digits[0] == "0":
        raise PhoneNumberInvalid()
    return digits


def _plain(character: str) -> str:
    """A character of a number as ASCII has it; marks that are not seen (Unicode's ``Cf``) are nothing."""
    if character.isascii():
        return character
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    if category == "Zs":
        return " "
    return {"\uff0b": "+", "\uff08": "(", "\uff09": ")"}.get(character, character)
