"""The data directory: whether it is there, ours, and keeps its secrets."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from teamgram.app.doctor.findings import Finding, bad, good, odd
from teamgram.domain.codes.sealing import KEY_FILE
from teamgram.openclaw.config.sections import GatewaySection
from teamgram.openclaw.gateway import auth


def data_directory(data_dir: Path) -> Iterator[Finding]:
    """Whether it is there, ours, and nobody else's."""
    subject = "data directory"
    if not data_dir.exists():
        parent = next(each for each in data_dir.parents if each.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            yield good(subject, f"{data_dir} is made at the first start")
        else:
            yield bad(
                subject,
                f"{data_dir} is not there, and {parent} is not ours to write",
                f"mkdir {data_dir} as root, then chown it to the server's user",
            )
        return
    status = data_dir.stat()
    if not stat.S_ISDIR(status.st_mode):
        yield bad(subject, f"{data_dir} is no directory", "give --data-dir a directory")
    elif not os.access(data_dir, os.W_OK | os.X_OK):
        yield bad(
            subject, f"{data_dir} cannot be written by this user", f"run as its owner, or chown -R $(id -u) {data_dir}"
        )
    elif stat.S_IMODE(status.st_mode) & 0o022:
        yield bad(subject, f"{data_dir} can be written by others", f"chmod 700 {data_dir}")
    else:
        yield good(subject, str(data_dir))


def secret_files(data_dir: Path) -> Iterator[Finding]:
    """Keys, tokens and the database itself are their owner's only."""
    names = (
        auth.TOKEN_FILE,
        "server_pkcs1.key",
        KEY_FILE,
        "openclaw/identity.json",
        "openclaw/devices.json",
        "openclaw/config-patch.json",
    )
    found = [data_dir / name for name in names if (data_dir / name).exists()]
    shared = [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in shared:
        mode = stat.S_IMODE(path.stat().st_mode)
        yield bad("permissions", f"{path} is readable by others (mode {mode:04o})", f"chmod 600 {path}")
    if found and not shared:
        yield good("permissions", f"{len(found)} secret files are their owner's only")


def token(gateway: GatewaySection, data_dir: Path) -> Finding:
    """What opens the control port."""
    subject = "gateway token"
    if gateway.auth.mode == auth.NONE:  # Only on loopback: the configuration is refused otherwise.
        return odd(
            subject,
            "gateway.auth.mode is none: every program of this machine may do everything",
            "set gateway.auth.mode: token",
        )
    secret = gateway.auth.password if gateway.auth.mode == auth.PASSWORD else gateway.auth.token
    if secret:
        weak = len(secret) < 16
        return (
            odd(subject, "the configured secret is short", "use 32 random characters")
            if weak
            else good(subject, "configured")
        )
    path = data_dir / auth.TOKEN_FILE
    if not path.exists():
        return good(subject, f"{path} is made at the first start")
    try:
        empty = not path.read_text().strip()
    except OSError as error:
        return bad(subject, f"{path} cannot be read: {error.strerror}", "run as its owner")
    return (
        bad(subject, f"{path} is empty", f"rm {path}; the next start makes a new one")
        if empty
        else good(subject, str(path))
    )
