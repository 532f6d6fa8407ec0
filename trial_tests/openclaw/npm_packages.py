"""What ``make test`` puts into ``.test/npm``: Node, OpenClaw's client package, Playwright; and Debian's Chromium."""

import os
import shutil
from pathlib import Path

from twisted.trial.unittest import SkipTest

_MODULES = Path(__file__).resolve().parent.parent.parent / ".test/npm/node_modules"


def _missing(what: str) -> SkipTest | AssertionError:
    text = f"{what} is missing; `make test` installs it"
    return AssertionError(text) if os.environ.get("TEAMGRAM_TEST_REQUIRE_SERVICES") else SkipTest(text)


def node() -> str:
    """The pinned Node.

    Raises:
        SkipTest: it is not installed; under ``make test`` that is a failure.
    """
    found = next(_MODULES.glob("node-linux-*/bin/node"), None)
    if found is None:
        raise _missing("Node in .test/npm")
    return str(found)


def path(name: str) -> Path:
    """Where a file of a package lies, e.g. ``@openclaw/gateway-protocol/protocol.schema.json``.

    Raises:
        SkipTest: as :func:`node`.
    """
    found = _MODULES / name
    if not found.exists():
        raise _missing(f"{name} in .test/npm")
    return found


def module(name: str) -> str:
    """The file URL of a module of a package, e.g. ``playwright-core/index.mjs``.

    Raises:
        SkipTest: as :func:`node`.
    """
    return path(name).as_uri()


def chromium() -> str:
    """Debian's browser.

    Raises:
        SkipTest: as :func:`node`.
    """
    found = shutil.which("chromium")
    if found is None:
        raise _missing("chromium")
    return found
