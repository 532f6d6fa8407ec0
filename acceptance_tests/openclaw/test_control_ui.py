"""OpenClaw's Control UI, as its package ships it, in headless Chromium."""

import json
import os
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.web import server

from acceptance_tests.openclaw.control_ui_pages import ControlUiPages
from acceptance_tests.openclaw.program import OPENCLAW, OpenClawTestCase
from trial_tests.openclaw import npm_packages

_SCRIPT = Path(__file__).parent / "npm/control_ui.mjs"
_SCREENS = Path(__file__).parent / "npm/control_ui_screens.mjs"
#: Where the screens lie, as its router names them.
_PATHS = (
    "sessions", "usage", "agents", "skills", "automations", "nodes", "channels", "systems", "logs", "debug",
    "activity", "tasks", "settings/general", "settings/connection", "settings/approvals", "settings/devices",
    "settings/agents", "settings/model-providers", "settings/memory", "settings/security", "settings/advanced",
    "settings/automation",
)  # fmt: skip
#: What this system has not, and says so: the method, and a part of the answer.
_NOT_HERE: dict[str, str] = {}


class ControlUiTests(OpenClawTestCase):
    """Its files from a small server of their own, its gateway ours."""

    async def setUp(self) -> None:
        """Serve the files."""
        await super().setUp()
        files = ControlUiPages(OPENCLAW / "dist/control-ui")
        port: Any = reactor.listenTCP(0, server.Site(files), interface="127.0.0.1")  # type: ignore[arg-type]
        self.addCleanup(port.stopListening)
        self.page = f"http://localhost:{port.getHost().port}/"

    def browser(self) -> dict[str, str]:
        """Of the browser's script."""
        return {
            **os.environ,
            "HOME": str(self.directory),
            "PLAYWRIGHT_MODULE": npm_packages.module("playwright-core/index.mjs"),
            "CHROMIUM": npm_packages.chromium(),
        }

    async def test_screens(self) -> None:
        """Every screen shows itself: no request unknown, nothing in the console; pictures in CONTROL_UI_SCREENSHOTS."""
        pictures = os.environ.get("CONTROL_UI_SCREENSHOTS", "")
        script = self.start_node(self.browser(), str(_SCREENS), self.page, self.url, self.token, pictures, *_PATHS)
        await script.says('"done"', seconds=600)
        facts = [json.loads(line) for line in script.text.splitlines() if line.startswith("{")]
        self.assertEqual([each for each in facts if "failed" in each], [])
        screens = {each["screen"]: each for each in facts if "screen" in each}
        self.assertEqual(set(screens), {"chat", *_PATHS})
        failures = {
            (screen, method, message)
            for screen, each in screens.items()
            for method, message in each["failures"]
            if _NOT_HERE.get(method, "\0") not in message
        }
        self.assertEqual(failures, set())
        self.assertEqual({(screen, error) for screen, each in screens.items() for error in each["errors"]}, set())

    async def test_chat(self) -> None:
        """It connects elsewhere after a click, streams a reply, stops another, shows a tool; all of it again later."""
        script = self.start_node(self.browser(), str(_SCRIPT), self.page, self.url, self.token)
        await script.says('"done"', seconds=120)
        facts: dict[str, Any] = {}
        for line in script.text.splitlines():
            facts |= json.loads(line)
        self.assertNotIn("failed", facts, script.text)
        self.assertEqual(facts["pageErrors"], [])
        self.assertEqual(facts["model"], "Echo")
        self.assertTrue(facts["grew"])
        self.assertTrue(facts["interrupted"])
        self.assertTrue(facts["toolShown"])
        self.assertTrue(facts["shownAgain"])
        self.assertEqual(facts["refreshCards"], 0)
        unknown = [failure for failure in facts["failures"] if not failure[1].startswith("unknown method: ")]
        self.assertEqual(unknown, [])
