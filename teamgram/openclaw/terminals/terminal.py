"""One shell in a pseudo-terminal: what it writes goes out as text, in pieces, no faster than it is read."""

import codecs
import fcntl
import os
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

#: Written at once, so that a program that prints much does not cost a frame a line.
FLUSH_SECONDS = 0.03
#: Of what was written, so much is shown again to who attaches.
BUFFER_CHARS = 128 * 1024
#: Beyond this much unsent, the shell waits.
_MOST_PENDING_BYTES = 256 * 1024
#: Of this process's environment, what a shell gets: nothing that may be a secret.
_KEPT_NAMES = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SHELL")


class Terminal(ProcessProtocol):
    """The process and what it said.

    Attributes:
        told: (number of the piece, text) for whoever is attached; set by the owner.
        ended: hears (exit code, signal); set by the owner.
        buffer: what it wrote last.
        may_write: whether whoever is attached reads fast enough.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending: list[str] = []
        self._pending_bytes = 0
        self._timer: Any = None
        self._held = False
        self.seq = 0
        self.buffer = ""
        self.is_over = False
        self.told: Callable[[int, str], None] = lambda seq, text: None
        self.ended: Callable[[int | None, int | None], None] = lambda code, signal: None
        self.may_write: Callable[[], bool] = lambda: True

    def start(self, shell: str, cwd: Path, cols: int, rows: int) -> None:
        """Begin.

        Raises:
            OSError: there is no such program or directory.
        """
        if not os.access(shell, os.X_OK) or not cwd.is_dir():
            raise FileNotFoundError(f"{shell} in {cwd}")
        environment = {name: os.environ[name] for name in _KEPT_NAMES if name in os.environ}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._reactor.spawnProcess(self, shell, [shell, "-i"], environment, str(cwd), usePTY=True)
        self.resize(cols, rows)

    def _process(self) -> Any:
        return self.transport

    def type(self, text: str) -> None:
        """Somebody typed this."""
        if not self.is_over:
            self._process().write(text.encode("utf-8", "replace"))

    def resize(self, cols: int, rows: int) -> None:
        """The window has another size."""
        process = self._process()
        if not self.is_over and process is not None:
            fcntl.ioctl(process.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def kill(self) -> None:
        """End it, and whatever it runs in its terminal."""
        process = self._process()
        if self.is_over or process is None or process.pid is None:
            return
        try:
            os.killpg(os.getpgid(process.pid), 9)
        except (ProcessLookupError, PermissionError):
            process.signalProcess("KILL")

    def outReceived(self, data: bytes) -> None:
        """It wrote something."""
        text = self._decoder.decode(data)
        self._pending.append(text)
        self._pending_bytes += len(data)
        if self._pending_bytes >= _MOST_PENDING_BYTES and not self._held:
            self._held = True
            self._process().pauseProducing()
        if self._timer is None:
            self._timer = self._reactor.callLater(FLUSH_SECONDS, self._flush)

    def _flush(self) -> None:
        self._timer = None
        if not self.may_write() and not self.is_over:
            if not self._held:
                self._held = True
                self._process().pauseProducing()
            self._timer = self._reactor.callLater(FLUSH_SECONDS * 4, self._flush)
            return
        text = "".join(self._pending)
        self._pending, self._pending_bytes = [], 0
        if text:
            self.buffer = (self.buffer + text)[-BUFFER_CHARS:]
            self.seq += 1
            self.told(self.seq, text)
        if self._held and not self.is_over:
            self._held = False
            self._process().resumeProducing()

    def processEnded(self, reason: Failure) -> None:
        """It is over."""
        self.is_over = True
        if self._timer is not None:
            self._timer.cancel()
        self._flush()
        code = signal = None
        if isinstance(reason.value, ProcessTerminated | ProcessDone):
            code, signal = reason.value.exitCode, reason.value.signal
        self.ended(code, signal)
