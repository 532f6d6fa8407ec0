"""Cron expressions, held against what npm's croner answers."""

import datetime
import json
import os
import time
import zoneinfo
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent.cron_expression import BadSchedule, CronExpression

_RECORDED = Path(__file__).with_name("croner_runs.jsonl")


def ms(text: str, zone: datetime.tzinfo = datetime.UTC) -> int:
    """Milliseconds of a wall time."""
    moment = datetime.datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)


def runs(text: str, zone: str, start: str, count: int) -> Any:
    """The next times as JavaScript writes them, or ``refused``."""
    found: list[str | None] = []
    at: int | None = ms(start)
    try:
        expression, where = CronExpression(text), zoneinfo.ZoneInfo(zone)
        while at is not None and len(found) < count:
            at = expression.next_after(at, where)
            moment = None if at is None else datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)
            found.append(f"{moment:%Y-%m-%dT%H:%M:%S}.000Z" if moment is not None else None)
    except (BadSchedule, zoneinfo.ZoneInfoNotFoundError):
        return "refused"
    return found


class CronExpressionTests(SynchronousTestCase):
    """The grammar, and what a clock change does."""

    def test_as_croner(self) -> None:
        """Every recorded case: seconds, years, ``L``, ``#``, ``W``, both day fields, spring and autumn, nonsense."""
        cases = [json.loads(line) for line in _RECORDED.read_text().splitlines()]
        self.assertGreater(len(cases), 200)
        for text, zone, start, expected in cases:
            count = len(expected) if isinstance(expected, list) else 1
            self.assertEqual(runs(text, zone, start, count), expected, (text, zone, start))

    def test_more_than_croner(self) -> None:
        """``5/20``, which many have in their crontabs."""
        self.assertEqual(runs("5/20 * * * *", "UTC", "2026-03-01T10:26:00Z", 1), ["2026-03-01T10:45:00.000Z"])

    def test_in_the_hour_that_comes_twice(self) -> None:
        """From the second one on only what lies ahead is next (croner goes back)."""
        found = runs("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1)
        self.assertEqual(found, ["2026-10-26T01:30:00.000Z"])

    def test_this_machines_zone(self) -> None:
        """Without a zone it is the machine's, its clock changes too."""
        before = os.environ.get("TZ")

        def back() -> None:
            os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
            time.tzset()

        self.addCleanup(back)
        os.environ["TZ"] = "Europe/Berlin"
        time.tzset()
        expression = CronExpression("30 2 * * *")
        at = expression.next_after(ms("2026-03-28T12:00:00Z"), None)
        self.assertEqual(at, ms("2026-03-29T01:30:00Z"))
        assert at is not None
        self.assertEqual(expression.next_after(at, None), ms("2026-03-30T00:30:00Z"))

    def test_nonsense_costs_little(self) -> None:
        """What would never come is given up; what is far too long is not read."""
        self.assertIsNone(CronExpression("0 0 30 feb *").next_after(ms("2026-03-01T00:00:00Z"), datetime.UTC))
        for text in (
            "1," * 10_000 + "1 * * * *",
            "9" * 5000 + " * * * *",
            "*/0 * * * *",
            "1,,2 * * * *",
            "* * * * 1#x",
        ):
            with self.assertRaises(BadSchedule):
                CronExpression(text)
