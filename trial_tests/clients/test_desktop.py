"""Finding, laying down and starting a Telegram Desktop; a shell script plays it."""

import os
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from teamgram.clients import desktop
from teamgram.clients.build import UnknownBuildError

_SCRIPT = b'#!/bin/sh\necho "$@"\necho "$HERE" >&2\n'


class DesktopTests(SynchronousTestCase):
    """In directories of the test's own."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir()

    def program(self, *parts: str) -> Path:
        """An executable of that name."""
        path = self.directory.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_SCRIPT)
        path.chmod(0o755)
        return path

    def test_found(self) -> None:
        """By Debian's name and by the portable build's, and not where there is none."""
        self.assertIsNone(desktop.find_binary(str(self.directory)))
        portable = self.program("Telegram")
        self.assertEqual(desktop.find_binary(str(self.directory)), portable)
        debians = self.program("telegram-desktop")
        self.assertEqual(desktop.find_binary(str(self.directory)), debians)

    def test_start(self) -> None:
        """With a directory of its own, without its updater, and what it says is kept."""
        copy = desktop.lay_copy(self.program("telegram-desktop"), _SCRIPT, self.directory / "copies")
        process = desktop.start(copy, copy.parent, {**os.environ, "HERE": "an environment"})
        self.assertEqual(process.wait(30), 0)
        said = (copy.parent / "output.txt").read_text()
        self.assertEqual(said, f"-externalupdater -noupdate -workdir {copy.parent / 'data'}\nan environment\n")
        self.assertTrue((copy.parent / "data").is_dir())

    def test_a_running_copy(self) -> None:
        """It is replaced under its name and goes on with what it had."""
        original = self.program("telegram-desktop")
        copy = desktop.lay_copy(original, b"#!/bin/sh\nsleep 0.2\nexit 7\n", self.directory / "copies")
        process = desktop.start(copy, copy.parent, os.environ)
        time.sleep(0.05)
        desktop.lay_copy(original, _SCRIPT, copy.parent)
        self.assertEqual(process.wait(30), 7)
        self.assertEqual(copy.read_bytes(), _SCRIPT)

    def test_bundle(self) -> None:
        """Of a macOS bundle everything is copied and the program in it is the changed one."""
        program = self.program("Telegram.app", "Contents", "MacOS", "Telegram")
        (self.directory / "Telegram.app" / "Contents" / "Info.plist").write_text("who it is")
        bundle = self.directory / "Telegram.app"
        self.assertEqual(desktop.program_in(bundle), program)
        copy = desktop.lay_copy(bundle, b"changed", self.directory / "copies")
        self.assertEqual(copy, self.directory / "copies" / "Telegram.app" / "Contents" / "MacOS" / "Telegram")
        self.assertEqual(copy.read_bytes(), b"changed")
        self.assertEqual((copy.parents[1] / "Info.plist").read_text(), "who it is")
        self.assertEqual(program.read_bytes(), _SCRIPT)

    def test_the_original_stays(self) -> None:
        """No copy is laid over it, by no road."""
        original = self.program("telegram-desktop")
        (self.directory / "link").symlink_to(self.directory)
        for place in (self.directory, self.directory / "link"):
            self.assertRaises(FileExistsError, desktop.lay_copy, original, b"changed", place)
        self.assertEqual(original.read_bytes(), _SCRIPT)

    def test_too_large(self) -> None:
        """A file beyond any build's size is not read whole."""
        large = self.directory / "large"
        with large.open("wb") as file:
            file.truncate(64)
        self.patch(desktop, "MAX_BUILD_BYTES", 63)
        self.assertRaises(UnknownBuildError, desktop.read_program, large)
        self.patch(desktop, "MAX_BUILD_BYTES", 64)
        self.assertEqual(desktop.read_program(large), bytes(64))
