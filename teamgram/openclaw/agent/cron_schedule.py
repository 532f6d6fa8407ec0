"""When a scheduled job is due: once at a time, every so often, or by a cron expression. Plain Python."""

import datetime
from typing import Any

from teamgram.openclaw.agent.cron_expression import BadSchedule, CronExpression

#: A job that comes more often keeps the gateway from everything else.
LEAST_EVERY_MS = 1000
#: A time that has only just gone by is meant: the client's clock and ours differ.
GRACE_MS = 60_000
_FARTHEST_MS = round(10 * 365.25 * 86_400_000)


def check(schedule: dict[str, Any], now_ms: int) -> None:
    """What somebody asks for now.

    Raises:
        BadSchedule: it cannot be understood, is over already, or comes too often.
    """
    next_run(schedule, now_ms, now_ms)
    if schedule["kind"] == "every" and int(schedule["everyMs"]) < LEAST_EVERY_MS:
        raise BadSchedule(f"everyMs must be at least {LEAST_EVERY_MS}")
    if schedule["kind"] == "at":
        at = _moment(str(schedule["at"]))
        if at < now_ms - GRACE_MS:
            ago = (now_ms - at) // 60_000
            raise BadSchedule(f"schedule.at is in the past: {_iso(at)} ({ago} minutes ago). Now: {_iso(now_ms)}")
        if at > now_ms + _FARTHEST_MS:
            raise BadSchedule(f"schedule.at is too far in the future: {_iso(at)}; at most 10 years")


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
        # One that was made before there was a least interval keeps to it too.
        every = max(int(schedule["everyMs"]), LEAST_EVERY_MS)
        anchor = int(schedule.get("anchorMs", created_ms))
        return anchor + ((after_ms - anchor) // every + 1) * every if after_ms >= anchor else anchor
    if kind == "cron":
        return CronExpression(str(schedule["expr"])).next_after(after_ms, _zone(schedule.get("tz")))
    raise BadSchedule(f'schedules of kind "{kind}" are not supported')


def _iso(ms: int) -> str:
    try:
        return datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{ms} ms"


def _moment(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 16:
        return int(text)
    try:
        moment = datetime.datetime.fromisoformat(text)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise BadSchedule(f'"{text[:80]}" is no time') from None


def _zone(name: Any) -> datetime.tzinfo | None:
    """The zone of that name; None, which is this machine's own, without one."""
    if not name:
        return None
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(str(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSchedule(f'"{name}" is no time zone') from None
