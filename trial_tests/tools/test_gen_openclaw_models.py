"""Types for clients, made from OpenClaw's own schema: a program that uses them is held to what our gateway says."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from tools.gen_openclaw_models import generate
from trial_tests.openclaw import npm_packages
from trial_tests.openclaw.agent.agents import AgentsTestCase


class ModelsTests(AgentsTestCase):
    """The module that is made, used."""

    def models(self) -> ModuleType:
        """It, imported."""
        protocol = json.loads(npm_packages.path("@openclaw/gateway-protocol/protocol.schema.json").read_text())
        path = Path(self.mktemp()).with_suffix(".py")
        path.write_text(generate(protocol))
        spec = importlib.util.spec_from_file_location("openclaw_models", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["openclaw_models"] = module
        self.addCleanup(sys.modules.pop, "openclaw_models")
        spec.loader.exec_module(module)
        return module

    def test_answers(self) -> None:
        """Ours are what its types say, for every method without parameters that has a result's type."""
        models = self.models()
        self.assertEqual(len(models.METHODS), 410)
        self.assertEqual(models.METHODS["chat.send"][:2], ("operator.write", "ChatSendParams"))
        self.send("hello", "run-1")
        self.house.advance(0.5)
        asked: dict[str, dict[str, Any]] = {
            "question.list": {}, "sessions.branches.list": {"sessionKey": "main"},
            "agents.list": {}, "models.list": {}, "cron.list": {}, "channels.pairing.list": {},
            "exec.approval.grants.list": {}, "skills.search": {},
            "agents.files.list": {"agentId": "main"},
        }  # fmt: skip
        checked = 0
        for method, params in asked.items():
            result = models.METHODS[method][2]
            if result is not None:
                # Those that msgspec can hold against: it takes no unions of several records.
                msgspec.convert(self.ok(method, **params), getattr(models, result))
                checked += 1
        self.assertGreater(checked, 5)

    def test_wrong(self) -> None:
        """And what is none is none."""
        models = self.models()
        with self.assertRaises(msgspec.ValidationError):
            msgspec.convert({"questions": [{"id": 1}]}, models.QuestionListResult)
        params = {"sessionKey": "main", "message": "x", "idempotencyKey": "k"}
        self.assertEqual(msgspec.convert(params, models.ChatSendParams), params)
