"""When a scheduled job is due: once at a time, every so often, or by a cron expression. Plain Python."""

import datetime
import zoneinfo
from typing import Any

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES = {
    3: {name: number for number, name in enumerate(_MONTHS, 1)},
    4: {name: number for number, name in enumerate(_DAYS)},
}
_MACROS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_MAX_DAYS = 366 * 5


class BadSchedule(ValueError):
    """The schedule cannot be understood; the message is for the client."""


class CronExpression:
    """Five fields: minute, hour, day of month, month, day of week; as in Vixie cron, either day field may match."""

    def __init__(self, text: str) -> None:
        """Parse.

        Raises:
            BadSchedule: it is none.
        """
        parts = _MACROS.get(text.strip().lower(), text).split()
        if len(parts) == 6:
            # Some write seconds first; we have none, so only "0" can be meant.
            if parts[0] != "0":
                raise BadSchedule("cron expressions have minutes as their smallest unit")
            parts = parts[1:]
        if len(parts) != 5:
            raise BadSchedule(f'"{text}" is no cron expression: five fields are needed')
        sets = [_field(part, index) for index, part in enumerate(parts)]
        self._minutes, self._hours, self._days, self._months = sets[:4]
        self._weekdays = {day % 7 for day in sets[4]}
        self._any_day, self._any_weekday = parts[2].startswith("*"), parts[4].startswith("*")

    def _on(self, day: datetime.date) -> bool:
        if day.month not in self._months:
            return False
        in_month, in_week = day.day in self._days, day.isoweekday() % 7 in self._weekdays
        if self._any_day or self._any_weekday:
            return in_month and in_week
        return in_month or in_week

    def next_after(self, ms: int, zone: datetime.tzinfo) -> int | None:
        """The next time after ``ms``, None if there is none in five years. A wall time that a clock change skips is
        passed over, one that comes twice counts once."""
        start = datetime.datetime.fromtimestamp(ms / 1000, zone)
        day = start.date()
        for _ in range(_MAX_DAYS):
            if self._on(day):
                for hour in sorted(self._hours):
                    for minute in sorted(self._minutes):
                        moment = datetime.datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                        found = round(moment.timestamp() * 1000)
                        back = datetime.datetime.fromtimestamp(found / 1000, zone)
                        if found > ms and (back.hour, back.minute) == (hour, minute):
                            return found
            day += datetime.timedelta(days=1)
        return None


def _field(text: str, index: int) -> set[int]:
    low, high = _FIELDS[index]
    found: set[int] = set()
    for part in text.lower().split(","):
        span, slash, step_text = part.partition("/")
        step = 1
        if slash:
            if not step_text.isdigit() or not int(step_text):
                raise BadSchedule(f'"{text}" is no cron field')
            step = int(step_text)
        if span == "*":
            first, last = low, high
        else:
            left, dash, right = span.partition("-")
            first = _number(left, index, text)
            last = _number(right, index, text) if dash else (high if slash else first)
        if not low <= first <= last <= high:
            raise BadSchedule(f'"{text}" is out of range')
        found.update(range(first, last + 1, step))
    return found


def _number(text: str, index: int, field: str) -> int:
    names = _NAMES.get(index, {})
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdigit()):
        raise BadSchedule(f'"{field}" is no cron field')
    return int(text)


def next_run(schedule: dict[str, Any], after_ms: int, created_ms: int) -> int | None:
    """When a job is due next, None for never again.

    Args:
        schedule: as ``cron.add`` takes it.
        created_ms: ``every`` counts from here unless it has an anchor.

    Raises:
        BadSchedule: it cannot be understood.
    """
    kind = schedule.get("kind")
    if kind == "at":
        at = _moment(str(schedule["at"]))
        return at if at > after_ms else None
    if kind == "every":
        every = int(schedule["everyMs"])
        anchor = int(schedule.get("anchorMs", created_ms))
        return anchor + ((after_ms - anchor) // every + 1) * every if after_ms >= anchor else anchor
    if kind == "cron":
        return CronExpression(str(schedule["expr"])).next_after(after_ms, _zone(schedule.get("tz")))
    raise BadSchedule(f'schedules of kind "{kind}" are not supported')


def _moment(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise BadSchedule(f'"{text}" is no time') from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp() * 1000)


def _zone(name: Any) -> datetime.tzinfo:
    if not name:
        return datetime.UTC
    try:
        return zoneinfo.ZoneInfo(str(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSchedule(f'"{name}" is no time zone') from None
