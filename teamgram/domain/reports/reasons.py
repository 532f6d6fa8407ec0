"""What somebody may report a message for: the choices of core.telegram.org/api/report, in one step."""

from dataclasses import dataclass

TITLE = "Report"

REASONS = {
    "spam": "Scam or spam",
    "violence": "Violence",
    "childabuse": "Child abuse",
    "pornography": "Illegal adult content",
    "illegaldrugs": "Illegal goods",
    "personaldetails": "Personal data",
    "copyright": "Copyright",
    "fake": "Somebody pretends to be somebody else",
    "other": "Something else",
}
"""Names are those of TL's ``inputReportReason…``, small; with what people read."""

OTHER = "other"
"""Says nothing by itself: whoever chooses it is asked to write what it is."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """What who reports is asked next.

    Attributes:
        choices: (name, what people read); none: for a comment to what they have chosen.
    """

    reason: str = ""
    choices: tuple[tuple[str, str], ...] = ()


def next_step(option: str, said: str) -> NextStep | None:
    """What is asked after a choice ("" for none yet); None: nothing, it can be taken down.

    Raises:
        KeyError: there is no such choice.
    """
    if not option:
        return NextStep(choices=tuple(REASONS.items()))
    if REASONS[option] and option == OTHER and not said.strip():
        return NextStep(option)
    return None
