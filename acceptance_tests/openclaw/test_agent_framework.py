"""OpenAI's framework of agents with an agent of ours as its model."""

import json
import os
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.utils import getProcessOutputAndValue

from acceptance_tests.openclaw.program import OPENCLAW
from trial_tests.openclaw import npm_packages
from trial_tests.openclaw.agent.fake_provider import openai_text, openai_tool
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.openai_api.test_openai_api import OpenAiApiTestCase

_FRAMEWORK = OPENCLAW.parent / "@openai/agents/dist/index.mjs"
_SCRIPT = Path(__file__).parent / "npm/agents.mjs"


class AgentsFrameworkTests(OpenAiApiTestCase):
    """npm's ``@openai/agents``."""

    async def test_tools_and_streams(self) -> None:
        """Over either API its own tool is called and the result comes back to the model; a stream ends whole."""
        turns = [
            openai_tool("wall_clock", '{"city":"Rome"}'),
            openai_text("It is ", "a quarter past three."),
            openai_text("And ", "now."),
        ]
        self.provider.answers = [*turns, *turns]
        output, errors, _ = await getProcessOutputAndValue(
            npm_packages.node(),
            [str(_SCRIPT), f"http://127.0.0.1:{self.port}/v1", TOKEN],
            env={**os.environ, "AGENTS_MODULE": _FRAMEWORK.as_uri()},
            reactor=reactor,
        )
        self.assertTrue(output, errors.decode())
        found = {"asked": ["Rome"], "answer": "It is a quarter past three.", "text": "And now."}
        self.assertEqual(
            [json.loads(line) for line in output.splitlines()],
            [{"api": "chat", **found}, {"api": "responses", **found}, {"done": True}],
        )
        told = [each[2]["messages"] for each in self.provider.asked if each[2]["messages"][-1]["role"] == "tool"]
        self.assertEqual([messages[-1]["content"] for messages in told], ["a quarter past three"] * 2)
