"""``openclaw tui``, the terminal's chat."""

from acceptance_tests.openclaw.program import Background, OpenClawTestCase


class TuiTests(OpenClawTestCase):
    """Somebody types, somebody reads."""

    async def started(self, shows: str = "connected | idle") -> Background:
        """A terminal that shows the chat."""
        tui = self.start_in_terminal(self.environment, "tui")
        await tui.says(shows, seconds=60)
        return tui

    async def test_chat(self) -> None:
        """A reply grows word by word, the next comes too, and /quit ends the program."""
        tui = await self.started()
        tui.types("count chunks=40 delay=0.1\r")
        await tui.says("word3")
        self.assertNotIn("word39", tui.text)
        await tui.says("word39")
        tui.types("hello once more\r")
        await tui.says("gateway connected | idle")
        tui.types("/quit\r")
        await tui.ended

    async def test_stop(self) -> None:
        """Escape stops the run."""
        tui = await self.started()
        tui.types("count chunks=400 delay=0.1\r")
        await tui.says("word3")
        tui.types("\x1b")
        await tui.says("aborted")
        self.assertNotIn("word399", tui.text)

    async def test_history(self) -> None:
        """What was said before is there when it starts."""
        await self.run_openclaw("agent", "--agent", "main", "--message", "hello from before")
        await self.started("hello from before")
