"""OpenClaw's Control UI, as its package ships it, in headless Chromium."""

import json
import os
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.web import server, static

from acceptance_tests.openclaw.program import OPENCLAW, OpenClawTestCase
from trial_tests.openclaw import npm_packages

_SCRIPT = Path(__file__).parent / "npm/control_ui.mjs"


class ControlUiTests(OpenClawTestCase):
    """Its files from a small server of their own, its gateway ours."""

    async def setUp(self) -> None:
        """Serve the files."""
        await super().setUp()
        files = static.File(str(OPENCLAW / "dist/control-ui"))
        port: Any = reactor.listenTCP(0, server.Site(files), interface="127.0.0.1")  # type: ignore[arg-type]
        self.addCleanup(port.stopListening)
        self.page = f"http://localhost:{port.getHost().port}/"

    async def test_chat(self) -> None:
        """It connects elsewhere after a click, streams a reply, stops another, shows a tool; all of it again later."""
        environment = {
            **os.environ,
            "HOME": str(self.directory),
            "PLAYWRIGHT_MODULE": npm_packages.module("playwright-core/index.mjs"),
            "CHROMIUM": npm_packages.chromium(),
        }
        script = self.start_node(environment, str(_SCRIPT), self.page, self.url, self.token)
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
