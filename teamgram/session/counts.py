"""What the session stage counts as it goes: plain numbers, read when somebody asks (``metrics``)."""

from bisect import bisect_left

LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds in seconds of a request's time in bff."""


class SessionCounts:
    """Counters of all sessions of one stage, since the start.

    Attributes:
        refused: messages answered with ``bad_msg_notification`` or ``bad_server_salt``, by error code.
        duplicates: messages that had been received before.
        resent: messages of ours that left again.
        updates_dropped: times a session lost its waiting updates and was told to get the difference.
        large_bytes: bytes of the large requests that are not answered yet, now.
        given_up: times a session ended or lost its kept answers because all of them kept too much.
    """

    __slots__ = ("duplicates", "given_up", "large_bytes", "refused", "resent", "updates_dropped")

    def __init__(self) -> None:
        self.refused: dict[int, int] = {}
        self.duplicates = 0
        self.resent = 0
        self.updates_dropped = 0
        self.large_bytes = 0
        self.given_up = 0

    def count_refused(self, code: int) -> None:
        """One more message refused with ``code``."""
        self.refused[code] = self.refused.get(code, 0) + 1


class MethodTimes:
    """How often a method was asked for, how long it took, and what went wrong.

    Attributes:
        buckets: answers by ``LATENCY_BUCKETS``, the last for those above all.
        seconds: time of all answers together.
        errors: answers that were an error, by its code.
    """

    __slots__ = ("buckets", "errors", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(LATENCY_BUCKETS) + 1)
        self.seconds = 0.0
        self.errors: dict[int, int] = {}

    def answered(self, seconds: float) -> None:
        """One answer that took ``seconds``."""
        self.buckets[bisect_left(LATENCY_BUCKETS, seconds)] += 1
        self.seconds += seconds

    def failed(self, code: int) -> None:
        """It was an error."""
        self.errors[code] = self.errors.get(code, 0) + 1
