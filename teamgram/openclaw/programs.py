"""Programs that are run to their end, within bounds of time and size, without a shell. Blocks: for a thread."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

_PIECE = 64 * 1024

LATE, SILENT, TOO_MUCH, KILLED = "took too long", "said nothing for too long", "said too much", "was stopped"


class CannotStart(Exception):
    """There is no such program, or it may not be run."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How it went.

    Attributes:
        code: its exit code; a signal's number below zero.
        ended: why it was ended, empty if it ended by itself.
    """

    code: int
    stdout: bytes
    stderr: bytes
    ended: str


class Program:
    """One run.

    Args:
        environment: all of it.
    """

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        self._argv = list(argv)
        self._environment = dict(environment)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def kill(self) -> None:
        """End it, and what it has begun; from any thread, before it runs as well."""
        self._killed = True
        process = self._process
        if process is not None and process.returncode is None:
            _kill_group(process)

    def run(self, given: bytes, *, timeout: float, silence: float, most_bytes: int, keeps_end: bool = False) -> Ran:
        """Until it has ended.

        Args:
            given: for its standard input.
            timeout, silence: seconds, of all and without a word on its standard output.
            most_bytes: of its standard output, and of its standard error as well.
            keeps_end: what is too much is not its end; the last of it is kept.

        Raises:
            CannotStart.
        """
        try:
            process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise CannotStart(type(error).__name__) from None
        self._process = process
        if self._killed:
            _kill_group(process)
        try:
            return _Talk(process, given, most_bytes, keeps_end).to_the_end(timeout, silence, lambda: self._killed)
        finally:
            # Whatever it has begun goes with it.
            _kill_group(process)
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                assert pipe is not None
                with suppress(OSError):
                    pipe.close()


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


class _Talk:
    """What goes to a program and what comes from it."""

    def __init__(self, process: "subprocess.Popen[bytes]", given: bytes, most_bytes: int, keeps_end: bool) -> None:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self._process = process
        self._given = given
        self._most = most_bytes
        self._keeps_end = keeps_end
        self._input = process.stdin
        self._said = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
        self._last = time.monotonic()

    def to_the_end(self, timeout: float, silence: float, killed: Callable[[], bool]) -> Ran:
        ends = time.monotonic() + timeout
        ended = ""
        with selectors.DefaultSelector() as selector:
            os.set_blocking(self._input.fileno(), False)
            selector.register(self._input, selectors.EVENT_WRITE)
            for descriptor in self._said:
                selector.register(descriptor, selectors.EVENT_READ)
            while not ended and any(key.fd in self._said for key in selector.get_map().values()):
                now = time.monotonic()
                left = min(ends, self._last + silence) - now
                if killed():
                    ended = KILLED
                elif left <= 0:
                    ended = LATE if now >= ends else SILENT
                else:
                    for key, _ in selector.select(left):
                        ended = ended or self._turn(selector, key.fd)
        stdout, stderr = self._said.values()
        if ended:
            _kill_group(self._process)
            return Ran(self._process.wait(), bytes(stdout), bytes(stderr), ended)
        try:
            # Both ends are closed: there is nothing more to come of it.
            code = self._process.wait(max(0.1, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            _kill_group(self._process)
            return Ran(self._process.wait(), bytes(stdout), bytes(stderr), LATE)
        return Ran(code, bytes(stdout), bytes(stderr), KILLED if killed() else "")

    def _turn(self, selector: selectors.BaseSelector, descriptor: int) -> str:
        if descriptor not in self._said:
            self._write(selector)
            return ""
        said, piece = self._said[descriptor], os.read(descriptor, _PIECE)
        if not piece:
            selector.unregister(descriptor)
            return ""
        self._last = time.monotonic()
        said += piece
        if len(said) > self._most:
            if not self._keeps_end:
                return TOO_MUCH
            del said[: len(said) - self._most]
        return ""

    def _write(self, selector: selectors.BaseSelector) -> None:
        try:
            self._given = self._given[os.write(self._input.fileno(), self._given) :]
        except BrokenPipeError:
            self._given = b""  # It knows without being asked.
        except BlockingIOError:
            return
        if not self._given:
            selector.unregister(self._input)
            with suppress(OSError):
                self._input.close()
