"""The gate in front of the methods."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import unavailable
from teamgram.openclaw.gateway.router import Call, method
from trial_tests.openclaw.house import House


class Family:
    """Methods for these tests.

    Attributes:
        house: where they are registered.
    """

    house: House

    def __init__(self) -> None:
        self.waiting: list[Deferred[Any]] = []

    @method("test.wait", scopes.READ)
    async def wait(self, call: Call) -> Any:
        """Answers when the test says so."""
        self.waiting.append(Deferred())
        return await self.waiting[-1]

    @method("test.break", scopes.READ)
    def broken(self, call: Call) -> Any:
        """A bug."""
        raise RuntimeError("token=hunter2")

    @method("test.twice", scopes.READ)
    def twice(self, call: Call) -> Any:
        """Answers twice."""
        self.house.reactor.callLater(1, call.reply.result, {"final": True})
        return {"accepted": True}


class RouterTests(SynchronousTestCase):
    """Admission and answers."""

    def setUp(self) -> None:
        self.family = Family()
        self.house = House(extensions=[lambda plane: plane.router.register(self.family)])
        self.family.house = self.house
        self.addCleanup(self.house.close)

    def test_answers_out_of_order(self) -> None:
        """What waits does not hold up what does not."""
        client = self.house.operator()
        self.assertIsNone(client.request("test.wait", request_id="slow"))
        self.assertTrue(client.request("health")["ok"])
        self.family.waiting[0].callback({"done": 1})
        self.assertEqual(client.response("slow")["payload"], {"done": 1})

    def test_an_answer_may_fail_late(self) -> None:
        """A refusal after waiting is a refusal."""
        client = self.house.operator()
        client.request("test.wait", request_id="slow")
        self.family.waiting[0].errback(unavailable("not now", retry_after_ms=5))
        error = client.response("slow")["error"]
        self.assertEqual((error["code"], error["retryable"], error["retryAfterMs"]), ("UNAVAILABLE", True, 5))

    def test_two_answers_with_one_id(self) -> None:
        """``agent`` needs it."""
        client = self.house.operator()
        client.request("test.twice", request_id="x")
        self.house.advance(1.5)
        answers = [f["payload"] for f in client.take() if f.get("id") == "x"]
        self.assertEqual(answers, [{"accepted": True}, {"final": True}])

    def test_a_bug_is_ours(self) -> None:
        """The client hears that it failed and nothing of why; the log has the failure once."""
        client = self.house.operator()
        error = client.request("test.break")["error"]
        self.assertEqual(error["code"], "UNAVAILABLE")
        self.assertNotIn("hunter2", str(error))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_in_flight_is_bounded(self) -> None:
        """One connection cannot pile up requests without end."""
        client = self.house.operator()
        for number in range(1024):
            client.request("test.wait", request_id=str(number))
        refused = client.request("test.wait")["error"]
        self.assertEqual(refused["message"], "The server is busy. Please try again in a moment.")
        self.family.waiting[0].callback(None)
        self.assertIsNone(client.request("test.wait"))

    def test_features_list_what_works(self) -> None:
        """hello names every registered method and nothing else."""
        hello = self.house.client().hello()
        self.assertEqual(hello["features"]["methods"], self.house.plane.router.names())
        self.assertIn("test.wait", hello["features"]["methods"])

    def test_no_name_twice(self) -> None:
        """Two families cannot both have a method."""
        self.assertRaises(ValueError, self.house.plane.router.register, Family())

    def test_answers_after_the_client_left(self) -> None:
        """Go nowhere and break nothing."""
        client = self.house.operator()
        client.request("test.wait")
        client.transport.loseConnection()
        self.family.waiting[0].callback({})
        self.house.turn()
