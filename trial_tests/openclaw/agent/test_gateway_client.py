"""The published npm package ``@openclaw/gateway-client`` talks to an agent over a real port."""

import json
import os
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.utils import getProcessOutputAndValue

from teamgram.openclaw.agents_service import agents_extension
from trial_tests.openclaw import npm_packages
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import LiveTestCase

_MODULE = "@openclaw/gateway-client/dist/index.mjs"
_SCRIPT = Path(__file__).parent.parent / "npm/chat.mjs"


class GatewayClientChatTests(LiveTestCase):
    """OpenClaw's own client."""

    extensions = (agents_extension,)

    async def test_chat(self) -> None:
        """A message streams back, the history has it, ``agent`` is answered twice."""
        environment = {**os.environ, "GATEWAY_CLIENT_MODULE": npm_packages.module(_MODULE)}
        output, errors, _ = await getProcessOutputAndValue(
            npm_packages.node(),
            [str(_SCRIPT), f"ws://127.0.0.1:{self.port}", TOKEN, "hello chunks=9 delay=0.05"],
            env=environment,
            reactor=reactor,
        )
        facts = [json.loads(line) for line in output.decode().splitlines()]
        text = " ".join(f"word{number}" for number in range(9))
        self.assertEqual(
            facts[:4],
            [
                {"sent": {"runId": "c1", "status": "started"}},
                {"final": text, "streamed": text},
                {"roles": ["user", "assistant"]},
                {"agent": "ok", "text": "word0 word1"},
            ],
            errors.decode(),
        )
