"""A screen nobody sees, with a window manager, and hands for what is on it."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue

#: Debian's packages xvfb, openbox, xdotool and imagemagick.
PROGRAMS = ("Xvfb", "openbox", "xdotool", "import", "compare")
_SIZE = "1280x800x24"
#: A blinking cursor changes less than that, a spinner more.
_STILL_POINTS = 150
_TIMES_TO_SETTLE = 24
_BETWEEN = 0.4


def have_a_screen() -> bool:
    """Whether this machine has what a :class:`Screen` is made of."""
    return all(shutil.which(program) for program in PROGRAMS)


class Screen:
    """1280 by 800 points.

    Attributes:
        environment: for programs that shall appear on it.
    """

    def __init__(self, pictures: Path, reactor: Any) -> None:
        """
        Args:
            pictures: a directory for screenshots.
        """
        reading, writing = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", _SIZE, "-nolisten", "tcp"],
            pass_fds=(writing,),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(writing)
        with os.fdopen(reading) as told:
            display = told.readline().strip()
        # There is no graphics card behind it.
        self.environment = {**os.environ, "DISPLAY": f":{display}", "QT_XCB_GL_INTEGRATION": "none"}
        self._manager = subprocess.Popen(
            ["openbox"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._reactor = reactor
        self._pictures = pictures
        self._pictures.mkdir(parents=True, exist_ok=True)
        self._count = 0

    def close(self) -> None:
        """Everything on it ends with it."""
        for process in (self._manager, self._server):
            process.kill()
            process.wait()

    async def click(self, x: int, y: int) -> None:
        """With the left button."""
        await self._run("xdotool", "mousemove", str(x), str(y), "click", "1")

    async def right_click(self, x: int, y: int) -> None:
        """With the right button: what it brings up is a menu."""
        await self._run("xdotool", "mousemove", str(x), str(y), "click", "3")

    async def scroll(self, x: int, y: int, notches: int) -> None:
        """Down there; up where it is negative."""
        turn = ["--repeat", str(abs(notches)), "5" if notches > 0 else "4"]
        await self._run("xdotool", "mousemove", str(x), str(y), "click", *turn)

    async def type(self, text: str, *keys: str) -> None:
        """Into what has the focus; then these keys by their names."""
        if text:
            await self._run("xdotool", "type", "--delay", "40", text)
        if keys:
            await self._run("xdotool", "key", "--delay", "100", *keys)

    async def has_window(self, title: str, seconds: float = 10) -> bool:
        """Whether a window with that in its title gets the focus."""
        for _ in range(int(seconds / _BETWEEN)):
            command = [shutil.which("xdotool") or "", "getactivewindow", "getwindowname"]
            done: Any = await getProcessOutputAndValue(command[0], command[1:], env=self.environment)
            if title in done[0].decode():
                return True
            await self.pause(_BETWEEN)
        return False

    async def picture(self, name: str) -> Path:
        """A screenshot, kept under that name behind its number."""
        self._count += 1
        path = self._pictures / f"{self._count:02d}-{name}.png"
        await self._take(path)
        return path

    async def still(self, name: str, must_be: bool = True) -> Path:
        """A screenshot of when nothing moves any more, but for a blinking cursor.

        Args:
            must_be: whether it is wrong that something moves for ever, as a spinner that waits for an answer does.
        """
        path = await self.picture(name)
        before = path.with_suffix(".before.png")
        for _ in range(_TIMES_TO_SETTLE if must_be else _TIMES_TO_SETTLE // 4):
            path.replace(before)
            await self.pause(_BETWEEN)
            await self._take(path)
            if await self.points_changed(before, path) < _STILL_POINTS:
                break
        else:
            assert not must_be, f"something moves for ever: {before} and {path}"
        before.unlink()
        return path

    async def pause(self, seconds: float) -> None:
        """Let it draw."""
        await deferLater(self._reactor, seconds)

    async def points_changed(self, before: Path, after: Path) -> int:
        """How many points of two screenshots differ."""
        command = [shutil.which("compare") or "", "-metric", "AE", str(before), str(after), "null:"]
        done: Any = await getProcessOutputAndValue(command[0], command[1:], env=self.environment)
        number = re.match(rb"[\d.e+]+", done[1])
        assert number is not None, done
        return int(float(number[0]))

    async def _take(self, path: Path) -> None:
        # Most of the time would go into packing it well.
        await self._run("import", "-window", "root", "-define", "png:compression-level=1", str(path))

    async def _run(self, *command: str) -> None:
        done: Any = await getProcessOutputAndValue(shutil.which(command[0]), command[1:], env=self.environment)
        assert done[2] == 0, (command, done)
