"""Cron expressions as OpenClaw's jobs have them: grammar and clock changes of npm's ``croner`` 10. Plain Python.

Five fields (minute, hour, day of month, month, day of week), six with seconds
before them, seven with a year behind. ``L`` is the last day of a month, ``5L``
and ``5#L`` its last Friday, ``MON#2`` its second Monday, ``15W`` the weekday
nearest to the 15th; with a ``+`` before the days of the week both day fields
have to match, else either may. A wall time that a clock change leaves out
comes as much later as the clock jumped; one that comes twice counts the first
time. What croner 10.0.1 answers is recorded in the test beside this.
"""

import calendar
import datetime
from collections.abc import Iterator

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MACROS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_MAX_LENGTH = 1000
#: How far ahead a time is looked for: the 29th of February on one weekday comes every 28 years, over 2100 every 40.
_MAX_YEARS = 60
_LAST = -1
_ANY = 0


class BadSchedule(ValueError):
    """The schedule cannot be understood; the message is for the client."""


class _Field:
    """One field's name, bounds and names of values."""

    def __init__(self, name: str, low: int, high: int, names: tuple[str, ...] = (), first: int = 0) -> None:
        self.name = name
        self.low = low
        self.high = high
        self._names = {text: number for number, text in enumerate(names, first)}

    def number(self, text: str) -> int:
        """A value by number or name."""
        if text in self._names:
            return self._names[text]
        if not (text.isascii() and text.isdigit() and len(text) <= 4):
            raise BadSchedule(f'"{text}" is no {self.name} of a cron expression')
        return int(text)

    def numbers(self, text: str) -> range:
        """``*``, ``?``, ``3``, ``1-5``, each with ``/2`` behind it (also ``5/20``, as Vixie's cron has it).

        Raises:
            BadSchedule: it is none of these, or out of range.
        """
        span, slash, step_text = text.partition("/")
        step = 1
        if slash:
            step = _Field("step", 1, 9999).number(step_text)
            if not 1 <= step <= self.high + 1:
                raise BadSchedule(f'"{text}" steps too far for the {self.name} of a cron expression')
        if span in ("*", "?"):
            first, last = self.low, self.high
        else:
            left, dash, right = span.partition("-")
            first = self.number(left)
            last = self.number(right) if dash else (self.high if slash else first)
        if not self.low <= first <= last <= self.high:
            raise BadSchedule(f'"{text}" is out of range for the {self.name} of a cron expression')
        return range(first, last + 1, step)


_SECOND, _MINUTE, _HOUR = _Field("second", 0, 59), _Field("minute", 0, 59), _Field("hour", 0, 23)
_DAY, _MONTH = _Field("day", 1, 31), _Field("month", 1, 12, _MONTHS, 1)
_WEEKDAY, _YEAR = _Field("day of the week", 0, 7, _DAYS), _Field("year", 1, 9999)


class CronExpression:
    """One expression."""

    def __init__(self, text: str) -> None:
        """Parse.

        Raises:
            BadSchedule: it is none.
        """
        parts = _MACROS.get(text.strip().lower(), text).lower().split()
        if not 5 <= len(parts) <= 7 or len(text) > _MAX_LENGTH:
            raise BadSchedule(f'"{text[:80]}" is no cron expression: it has five, six or seven fields')
        if len(parts) == 5:
            parts.insert(0, "0")
        if len(parts) == 6:
            parts.append("*")
        second, minute, hour, day, month, weekday, year = parts
        self._seconds, self._minutes, self._hours = (
            _plain(_SECOND, second),
            _plain(_MINUTE, minute),
            _plain(_HOUR, hour),
        )
        self._months = frozenset(_plain(_MONTH, month))
        self._years = None if year == "*" else frozenset(_plain(_YEAR, year))
        self._days: set[int] = set()
        self._nearest: set[int] = set()
        for part in day.split(","):
            self._add_day(part)
        self._both = weekday.startswith("+")
        weekday = weekday.removeprefix("+")
        #: For each weekday (0 is Sunday) which of a month's: 1 to 5, the last, any.
        self._weekdays: dict[int, set[int]] = {}
        for part in weekday.split(","):
            self._add_weekday(part)
        self._any_day, self._any_weekday = day == "*", weekday == "*"

    def _add_day(self, part: str) -> None:
        if part == "l":
            self._days.add(_LAST)
        elif part == "lw":
            self._nearest.add(_LAST)
        elif part.endswith("w"):
            if not part[:-1].isdigit():
                raise BadSchedule(f'"{part}" is no day of a cron expression')
            self._nearest.update(_DAY.numbers(part[:-1]))
        else:
            self._days.update(_DAY.numbers(part))

    def _add_weekday(self, part: str) -> None:
        span, mark, which = part.partition("#")
        if not mark and len(part) > 1 and part.endswith("l"):
            span, which = part[:-1], "l"
        nth = _ANY
        if which == "l":
            nth = _LAST
        elif mark:
            if not which.isdigit():
                raise BadSchedule(f'"{part}" is no day of the week of a cron expression')
            (nth,) = _Field("week of a month", 1, 5).numbers(which)
        for number in _WEEKDAY.numbers(span):
            self._weekdays.setdefault(number % 7, set()).add(nth)

    def _on(self, day: datetime.date) -> bool:
        last = calendar.monthrange(day.year, day.month)[1]
        in_month = day.day in self._days or (_LAST in self._days and day.day == last)
        if not in_month and self._nearest:
            in_month = any(day.day == _nearest_weekday(day, wanted, last) for wanted in self._nearest)
        nths = self._weekdays.get(day.isoweekday() % 7)
        in_week = nths is not None and (
            _ANY in nths or (day.day - 1) // 7 + 1 in nths or (_LAST in nths and day.day + 7 > last)
        )
        if self._any_day or self._any_weekday or self._both:
            return in_month and in_week
        return in_month or in_week

    def _matching_days(self, first: datetime.date) -> Iterator[datetime.date]:
        for year in range(first.year, min(first.year + _MAX_YEARS, datetime.MAXYEAR)):
            if self._years is not None and year not in self._years:
                continue
            for month in range(first.month if year == first.year else 1, 13):
                if month not in self._months:
                    continue
                for number in range(1, calendar.monthrange(year, month)[1] + 1):
                    day = datetime.date(year, month, number)
                    if day >= first and self._on(day):
                        yield day

    def next_after(self, ms: int, zone: datetime.tzinfo | None) -> int | None:
        """The next time after ``ms``, None if there is none in sixty years.

        Args:
            zone: None is this machine's.
        """
        start = datetime.datetime.fromtimestamp(ms // 1000, zone).replace(tzinfo=None, fold=0)
        start += datetime.timedelta(seconds=1)
        for day in self._matching_days(start.date()):
            for time in self._times(start.time() if day == start.date() else datetime.time.min):
                moment = datetime.datetime.combine(day, time, zone)
                # A wall time that comes twice is the first one, one that is left out is as much later.
                found = round(moment.timestamp() * 1000)
                if found > ms:
                    return found
        return None

    def _times(self, first: datetime.time) -> Iterator[datetime.time]:
        for hour in self._hours:
            if hour < first.hour:
                continue
            for minute in self._minutes:
                if (hour, minute) < (first.hour, first.minute):
                    continue
                for second in self._seconds:
                    time = datetime.time(hour, minute, second)
                    if time >= first:
                        yield time


def _plain(field: _Field, text: str) -> tuple[int, ...]:
    return tuple(sorted({number for part in text.split(",") for number in field.numbers(part)}))


def _nearest_weekday(day: datetime.date, wanted: int, last: int) -> int:
    """The working day of that month nearest to a day of it; 0 when it has no such day."""
    wanted = last if wanted == _LAST else wanted
    if wanted > last:
        return 0
    weekday = day.replace(day=wanted).weekday()
    if weekday == 5:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 6:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted
