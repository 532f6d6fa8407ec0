"""How a process says what kept it from starting: by its exit code."""

import sys
from typing import Any

#: Exit codes: sysexits' EX_CONFIG and EX_UNAVAILABLE.
BAD_CONFIGURATION, CANNOT_START = 78, 69


def end_process(reactor: Any, code: int) -> None:
    """Stop the reactor, and end with that code when all is closed."""
    reactor.addSystemEventTrigger("after", "shutdown", _exit, code)
    reactor.callWhenRunning(reactor.stop)


def _exit(code: int) -> None:
    """``twistd`` knows no exit code of a service; nothing is left to be cleaned up at this point."""
    import os

    sys.stdout.flush()
    os._exit(code)
