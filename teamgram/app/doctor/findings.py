"""What the doctor says of one thing: how bad it is, and what to do."""

from dataclasses import dataclass
from enum import Enum

#: How long one look may wait for somebody's answer.
PROBE_SECONDS = 2.0


class Verdict(Enum):
    """How bad it is."""

    GOOD = "ok"
    ODD = "note"
    BAD = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found.

    Attributes:
        fix: what to do; empty when nothing has to be done.
    """

    verdict: Verdict
    subject: str
    text: str
    fix: str = ""


def good(subject: str, text: str) -> Finding:
    """As it should be."""
    return Finding(Verdict.GOOD, subject, text)


def odd(subject: str, text: str, fix: str) -> Finding:
    """It works, but not for long or not for everybody."""
    return Finding(Verdict.ODD, subject, text, fix)


def bad(subject: str, text: str, fix: str) -> Finding:
    """It does not work."""
    return Finding(Verdict.BAD, subject, text, fix)
