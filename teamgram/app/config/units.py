"""Durations and sizes as operators write them: ``300s``, ``10m``, ``4h``, ``64KiB``.

The duration form is Go's (teamgram's files have ``IdleTimeout: 4h``); a bare
number is seconds or bytes.
"""

import re

_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE_UNITS = {"": 1, "B": 1, "KIB": 1024, "KB": 1000, "MIB": 1024**2, "MB": 1000**2, "GIB": 1024**3, "GB": 1000**3}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SIZE = re.compile(r"(\d+)\s*([A-Za-z]*)")


def parse_duration(value: float | str) -> float:
    """Seconds of ``1h30m``, ``250ms``, ``90`` (seconds).

    Raises:
        ValueError: with what is accepted.
    """
    if isinstance(value, bool):
        raise ValueError("a duration is written like 30s, 5m or 4h")
    if isinstance(value, int | float):
        seconds = float(value)
    else:
        text = value.strip()
        parts = _DURATION_PART.findall(text)
        if text.isdigit():
            seconds = float(text)
        elif not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError(f"{value!r} is no duration; write it like 30s, 5m or 4h")
        else:
            seconds = sum(float(number) * _DURATION_UNITS[unit] for number, unit in parts)
    if seconds < 0:
        raise ValueError(f"{value!r}: a duration is not negative")
    return seconds


def parse_size(value: int | str) -> int:
    """Bytes of ``64KiB``, ``1MB``, ``65536``.

    Raises:
        ValueError: with what is accepted.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(str(value).strip())
    if match is None or match.group(2).upper() not in _SIZE_UNITS:
        raise ValueError(f"{value!r} is no size; write it like 65536, 64KiB or 1MiB")
    return int(match.group(1)) * _SIZE_UNITS[match.group(2).upper()]
