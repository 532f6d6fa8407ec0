"""``chat.history`` and its relatives: what was said, told again."""

from trial_tests.openclaw.agent.agents import KEY, AgentsTestCase


class HistoryTests(AgentsTestCase):
    """``chat.history``, ``chat.startup``, ``chat.metadata``, ``chat.inject``."""

    def talk(self, count: int) -> None:
        """So many runs."""
        for number in range(count):
            self.send(f"message {number}", f"run-{number}")
            self.house.advance(0.2)

    def test_unknown_session(self) -> None:
        """Empty, and no error."""
        answer = self.ok("chat.history", sessionKey="nothing-here")
        self.assertEqual((answer["sessionKey"], answer["messages"], answer["hasMore"]), ("nothing-here", [], False))

    def test_pages(self) -> None:
        """From the end, with numbers, and on from an offset."""
        self.talk(5)
        answer = self.ok("chat.history", sessionKey="main", limit=4)
        self.assertEqual([m["__openclaw"]["seq"] for m in answer["messages"]], [7, 8, 9, 10])
        self.assertEqual((answer["hasMore"], answer["totalMessages"], answer["nextOffset"]), (True, 10, 4))
        older = self.ok("chat.history", sessionKey="main", limit=100, offset=4)["messages"]
        self.assertEqual([m["__openclaw"]["seq"] for m in older], [1, 2, 3, 4, 5, 6])
        self.assertEqual(older[0]["idempotencyKey"], "run-0:user")

    def test_cursor(self) -> None:
        """What is new since; a cursor that means nothing (any more) says reset."""
        self.talk(1)
        cursor = self.ok("chat.history", sessionKey="main")["deltaCursor"]
        self.assertEqual(self.ok("chat.history", sessionKey="main", cursor=cursor)["messages"], [])
        self.send("second", "run-x")
        self.house.advance(0.5)
        answer = self.ok("chat.history", sessionKey="main", cursor=cursor)
        self.assertEqual((answer["kind"], [m["messageSeq"] for m in answer["messages"]]), ("delta", [3, 4]))
        self.assertEqual(self.ok("chat.history", sessionKey="main", cursor="bogus"), {"kind": "reset"})
        self.ok("sessions.reset", key="main")
        self.assertEqual(self.ok("chat.history", sessionKey="main", cursor=cursor), {"kind": "reset"})

    def test_limits(self) -> None:
        """``maxChars`` cuts messages, ``maxBytes`` leaves older ones out."""
        self.send("x" * 5000)
        self.house.advance(0.5)
        (user, _) = self.ok("chat.history", sessionKey="main", maxChars=100)["messages"]
        self.assertTrue(user["__openclaw"]["truncated"])
        self.assertLess(len(user["content"]), 200)
        answer = self.ok("chat.history", sessionKey="main", maxBytes=6000)
        self.assertEqual((len(answer["messages"]), answer["hasMore"]), (1, True))

    def test_startup(self) -> None:
        """History and models in one call."""
        self.talk(1)
        answer = self.ok("chat.startup", sessionKey=KEY, limit=80, maxBytes=262144)
        self.assertEqual(len(answer["messages"]), 2)
        self.assertEqual(answer["models"][0]["id"], "echo")
        self.assertEqual(self.ok("chat.metadata", sessionKey="main")["models"], answer["models"])

    def test_inject(self) -> None:
        """A note from outside, as an assistant's message with its label."""
        self.talk(1)
        answer = self.ok("chat.inject", sessionKey="main", message="a note", label="bench")
        self.assertEqual(self.history()[-1], ("assistant", "[bench]\n\na note"))
        (event,) = self.ends(f"inject-{answer['messageId']}")
        self.assertEqual(event["message"]["content"][0]["text"], "[bench]\n\na note")
