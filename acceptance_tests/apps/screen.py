"""A screen nobody sees, with a window manager, and hands for what is on it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from twisted.internet.utils import getProcessOutputAndValue

#: Debian's packages xvfb, openbox, xdotool and imagemagick.
PROGRAMS = ("Xvfb", "openbox", "xdotool", "import")
_SIZE = "1280x800x24"


def have_a_screen() -> bool:
    """Whether this machine has what a :class:`Screen` is made of."""
    return all(shutil.which(program) for program in PROGRAMS)


class Screen:
    """1280 by 800 points.

    Attributes:
        environment: for programs that shall appear on it.
    """

    def __init__(self, pictures: Path) -> None:
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
        self._pictures = pictures
        self._pictures.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        """Everything on it ends with it."""
        for process in (self._manager, self._server):
            process.kill()
            process.wait()

    async def click(self, x: int, y: int) -> None:
        """With the left button."""
        await self._run("xdotool", "mousemove", str(x), str(y), "click", "1")

    async def type(self, text: str, *keys: str) -> None:
        """Into what has the focus; then these keys by their names."""
        await self._run("xdotool", "type", "--delay", "60", text)
        if keys:
            await self._run("xdotool", "key", *keys)

    async def picture(self, name: str) -> Path:
        """A screenshot, kept under that name."""
        path = self._pictures / f"{name}.png"
        await self._run("import", "-window", "root", str(path))
        return path

    async def _run(self, *command: str) -> None:
        done: Any = await getProcessOutputAndValue(shutil.which(command[0]), command[1:], env=self.environment)
        assert done[2] == 0, (command, done)
