"""The machine: room on the disk, the clock, open files."""

import ctypes
import ctypes.util
import os
import resource
import shutil
import time
from pathlib import Path

from teamgram.app.doctor.findings import Finding, bad, good, odd
from teamgram.openclaw.gateway import auth

_NEEDED_FREE_BYTES = 200 * 1024 * 1024
_COMFORTABLE_FREE_BYTES = 1024 * 1024 * 1024
_NEEDED_FREE_INODES = 1000
_COMFORTABLE_OPEN_FILES = 4096
#: How far files, or a database's clock, may be off ours before a clock is at fault.
CLOCK_SLACK_SECONDS = 60.0
_STA_UNSYNC = 0x40


def disk(data_dir: Path) -> Finding:
    """Room for the database to grow."""
    there = next(each for each in (data_dir, *data_dir.parents) if each.exists())
    free = shutil.disk_usage(there).free
    counts = os.statvfs(there)
    text = f"{free / 1e9:.1f} GB free at {there}"
    if counts.f_files and counts.f_favail < _NEEDED_FREE_INODES:
        return bad("disk", f"only {counts.f_favail} more files fit at {there}", "remove files there")
    if free < _NEEDED_FREE_BYTES:
        return bad("disk", text, "make room: without it nothing can be stored, and messages are refused")
    if free < _COMFORTABLE_FREE_BYTES:
        return odd("disk", text, "make room soon")
    return good("disk", text)


def clock(data_dir: Path, now: float) -> Finding:
    """Telegram's clients are refused when the time is wrong: their message ids are times."""
    names = ("server_pkcs1.key", auth.TOKEN_FILE, "openclaw/devices.json")
    times = [(data_dir / name).stat().st_mtime for name in names if (data_dir / name).exists()]
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if any(each > now + CLOCK_SLACK_SECONDS for each in times):
        return bad(
            "clock", f"{shown}, but files in {data_dir} are newer: it was set back", "set it, and run chrony or ntpd"
        )
    if _is_synchronized() is False:
        return odd(
            "clock",
            f"{shown}; nothing keeps it right",
            "run chrony, ntpd or systemd-timesyncd: 30 s ahead or 5 min behind lose clients",
        )
    return good("clock", shown)


class _Timex(ctypes.Structure):
    """The beginning of adjtimex(2)'s ``struct timex``; what follows is only room."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    ]


def _is_synchronized() -> bool | None:
    """What the kernel was told by whoever keeps the clock; None when it does not say."""
    timex = _Timex(modes=0)  # Only look.
    try:
        if ctypes.CDLL(ctypes.util.find_library("c")).adjtimex(ctypes.byref(timex)) < 0:
            return None
    except (OSError, AttributeError):
        return None
    return not timex.status & _STA_UNSYNC


def open_files() -> Finding:
    """A connection is a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _COMFORTABLE_OPEN_FILES:
        return odd(
            "open files",
            f"at most {soft}, so fewer connections than that",
            f"ulimit -n {min(hard, 65536)}, or LimitNOFILE= of the unit",
        )
    return good("open files", f"at most {soft}")
