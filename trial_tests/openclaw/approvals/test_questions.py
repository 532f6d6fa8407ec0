"""What agents and programs ask people, answered in clients or by typing; in published shapes."""

from typing import Any

from teamgram.openclaw.agent.providers.model_api import ToolCall
from trial_tests.openclaw.agent.test_runner import TurnTestCase, says, wants
from trial_tests.openclaw.approvals.test_approvals import ShapesTestCase

_PART = {"questionId": "size", "header": "Size", "question": "How large?", "options": [{"label": "S"}, {"label": "L"}]}


class ProgramQuestionTests(ShapesTestCase):
    """A program asks."""

    def ask(self, **more: Any) -> str:
        asked = self.ok("question.request", **{"questions": [_PART], "id": "q", **more})
        self.assertShape("QuestionRequestResult", asked)
        return str(asked["id"])

    def test_answered(self) -> None:
        """Everybody who may hears of it and of the answer; who waits has it."""
        self.ask(sessionKey="main")
        (event,) = self.client.events("question.requested")
        self.assertShape("QuestionRecord", event["payload"])
        self.assertShape("QuestionListResult", self.ok("question.list"))
        self.client.request("question.waitAnswer", {"id": "q"}, "wait")
        answers = {"answers": {"size": ["l"]}}
        resolved = self.ok("question.resolve", id="q", answers=answers)
        self.assertShape("QuestionResolveResult", resolved)
        # As the option is written.
        self.assertEqual(resolved["answers"]["answers"]["size"], ["L"])
        self.assertEqual(self.client.response("wait")["payload"], resolved)
        self.assertShape("QuestionResolvedEvent", self.client.events("question.resolved")[0]["payload"])
        self.assertShape("QuestionGetResult", self.ok("question.get", id="q"))
        self.assertIn("already answered", self.error("question.resolve", id="q", cancel=True)["message"])
        self.house.advance(20)
        self.assertEqual(self.error("question.get", id="q")["details"]["reason"], "QUESTION_NOT_FOUND")

    def test_not_answered(self) -> None:
        """Who waits may stop waiting; it ends by itself, or when somebody says that it is not answered."""
        self.ask(timeoutMs=5000)
        self.client.request("question.waitAnswer", {"id": "q", "timeoutMs": 1000}, "short")
        self.client.request("question.waitAnswer", {"id": "q"}, "long")
        self.house.advance(2)
        self.assertEqual(self.client.response("short")["payload"], {"status": "pending"})
        self.house.advance(5)
        self.assertEqual(self.client.response("long")["payload"], {"status": "expired"})
        self.ask(id="other")
        self.assertEqual(self.ok("question.resolve", id="other", cancel=True), {"status": "cancelled"})

    def test_refused(self) -> None:
        """What is no answer, or no question."""
        self.ask(questions=[{**_PART, "isOther": False}])
        for answers, problem in (
            ({}, "missing"),
            ({"size": ["S", "L"]}, "must be one"),
            ({"size": ["M"]}, "one of the options"),
            ({"size": ["S"], "colour": ["red"]}, "not one of the questions"),
            ({"size": ["x" * 20_000]}, "too long"),
        ):
            error = self.error("question.resolve", id="q", answers={"answers": answers})
            self.assertIn(problem, error["message"])
        self.assertIn("already exists", self.error("question.request", questions=[_PART], id="q")["message"])
        twice = self.error("question.request", questions=[_PART, _PART])
        self.assertIn("unique", twice["message"])
        store = {**_PART, "secretStore": {"name": "KEY", "kind": "secret"}}
        self.assertIn("no secret store", self.error("question.request", questions=[store])["message"])
        for number in range(250):
            self.client.request("question.request", {"questions": [_PART], "id": f"m{number}"})
        self.assertEqual(len(self.ok("question.list")["questions"]), 200)


class AgentQuestionTests(TurnTestCase, ShapesTestCase):
    """The tool ``ask_user``."""

    def setUp(self) -> None:
        super().setUp()
        call = ToolCall("c1", "ask_user", {"question": "Which?", "options": ["red", "blue"]})
        self.played = self.play(wants(call), says("so be it"))
        self.send("choose")
        self.house.advance(0.5)

    def answer_to_model(self) -> str:
        return str(self.played.asked[-1].messages[-1]["content"][0]["text"])

    def test_client(self) -> None:
        """A client answers, and the run goes on with it."""
        (record,) = self.ok("question.list")["questions"]
        self.assertShape("QuestionRecord", record)
        self.assertEqual((record["sessionKey"], record["runId"]), ("agent:main:main", "run-1"))
        self.ok("question.resolve", id=record["id"], answers={"answers": {"answer": ["green"]}})
        self.house.advance(0.5)
        self.assertEqual((self.final(), self.answer_to_model()), ("so be it", "green"))

    def test_typed(self) -> None:
        """A number typed into the conversation is the option; repeated by a client, it is nothing."""
        self.send("2", "typed")
        self.send("2", "typed")
        self.house.advance(0.5)
        self.assertEqual((self.final(), self.answer_to_model()), ("so be it", "blue"))
        self.assertEqual([text for role, text in self.history() if role == "user"], ["choose"])

    def test_stopped(self) -> None:
        """A run that is stopped asks no more."""
        self.send("/stop", "stop")
        self.house.advance(0.5)
        self.assertEqual(self.ok("question.list")["questions"], [])

    def test_silence(self) -> None:
        """Nobody answers: the model is told, and the conversation goes on."""
        self.house.step_seconds = 10.0
        self.house.advance(500)
        self.assertEqual((self.final(), self.answer_to_model()), ("so be it", "The person did not answer."))
