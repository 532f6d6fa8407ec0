"""Going on from an earlier place: in another session, or in the same, with the way back."""

from twisted.internet.defer import Deferred

from trial_tests.openclaw.approvals.test_approvals import ShapesTestCase


class ForkTests(ShapesTestCase):
    """In another session."""

    def test_fork(self) -> None:
        """Up to an answer; before a message of the user's, whose text comes back to be edited."""
        for number in range(3):
            self.send(f"message {number}", f"run-{number}")
            self.house.advance(0.5)
        messages = self.ok("chat.history", sessionKey="main")["messages"]
        ids = [message["__openclaw"]["id"] for message in messages]
        forked = self.ok("sessions.fork", sessionKey="main", entryId=ids[3])
        self.assertNotIn("editorText", forked)
        self.assertEqual(len(self.history(forked["sessionKey"])), 4)
        edited = self.ok("sessions.fork", sessionKey="main", entryId=ids[2])
        self.assertEqual((edited["editorText"], len(self.history(edited["sessionKey"]))), ("message 1", 2))
        self.assertEqual(len(self.history()), 6)
        self.send("elsewhere", "run-9", sessionKey=edited["sessionKey"])
        self.house.advance(0.5)
        self.assertEqual(self.history(edited["sessionKey"])[-1], ("assistant", "elsewhere"))
        self.assertEqual(len(self.history()), 6)
        self.assertIn("no such entry", self.error("sessions.fork", sessionKey="main", entryId="x")["message"])
        (branch,) = self.ok("sessions.branches.list", sessionKey="main")["branches"]
        self.assertEqual((branch["messageCount"], branch["active"]), (6, True))

    def test_title(self) -> None:
        """The first sentence, as far as it goes."""
        for message, title in (
            ("Hello there. And more.", "Hello there."),
            ("word " * 40, "word " * 11 + "word…"),
            ("  ", None),
        ):
            self.assertEqual(self.ok("sessions.title.prepare", agentId="main", message=message)["title"], title)


class RewindTests(ShapesTestCase):
    """In the same."""

    def setUp(self) -> None:
        """Three questions, three answers."""
        super().setUp()
        for number in range(3):
            self.say(f"message {number}")

    def say(self, text: str) -> None:
        self.send(text, f"run-{text}")
        self.house.advance(0.5)

    def ids(self) -> list[str]:
        return [message["__openclaw"]["id"] for message in self.ok("chat.history", sessionKey="main")["messages"]]

    def said(self) -> list[str]:
        return [text for role, text in self.history() if role == "user"]

    def test_rewind(self) -> None:
        """Before a message of the user's, whose text comes back; the model sees no more than the history shows."""
        cursor = self.ok("chat.history", sessionKey="main")["deltaCursor"]
        answer = self.ok("sessions.rewind", sessionKey="main", entryId=self.ids()[2])
        self.assertEqual(answer, {"editorText": "message 1"})
        self.assertShape("SessionsRewindResult", answer)
        self.assertEqual(self.said(), ["message 0"])
        # Who had more of it looks at all of it again.
        again = self.ok("chat.history", sessionKey="main", cursor=cursor)
        self.assertEqual(again["kind"], "reset")
        self.say("instead")
        self.assertEqual(self.said(), ["message 0", "instead"])
        messages = self.ok("chat.history", sessionKey="main")["messages"]
        self.assertEqual([message["__openclaw"]["seq"] for message in messages], [1, 2, 3, 4])
        session = self.house.parts.sessions.get("agent:main:main")
        assert session is not None
        reading = Deferred.fromCoroutine(self.house.parts.compaction.context(session, 100_000))
        self.assertEqual(len(self.successResultOf(reading).messages), 4)
        self.assertEqual(self.ok("sessions.search", query="message 2")["results"][0]["score"], 0.5)

    def test_after_an_answer(self) -> None:
        """It stays."""
        self.assertEqual(self.ok("sessions.rewind", sessionKey="main", entryId=self.ids()[1]), {})
        self.assertEqual(len(self.history()), 2)

    def test_to_nothing(self) -> None:
        """Before the first message, of a session and after a reset."""
        self.ok("sessions.rewind", sessionKey="main", entryId=self.ids()[0])
        self.assertEqual(self.history(), [])
        self.say("first")
        self.ok("sessions.reset", key="main")
        self.say("after")
        self.ok("sessions.rewind", sessionKey="main", entryId=self.ids()[1])
        self.assertEqual(self.history(), [("system", "Reset")])
        self.assertEqual(self.ok("sessions.branches.list", sessionKey="main")["branches"][1]["headline"], "after")

    def test_branches(self) -> None:
        """Those that were left are listed, and gone on with; a place on the way is none. All of it after a restart."""
        self.ok("sessions.rewind", sessionKey="main", entryId=self.ids()[2])
        self.say("instead")
        listed = self.ok("sessions.branches.list", sessionKey="main")
        self.assertShape("SessionsBranchesListResult", listed)
        rows = [(row["headline"], row["messageCount"], row["active"]) for row in listed["branches"]]
        self.assertEqual(rows, [("instead", 4, True), ("message 2", 6, False)])
        other = listed["branches"][1]["leafEntryId"]
        later = self.house.again()
        client = self.operator(later)
        switched = self.ok("sessions.branches.switch", client, sessionKey="main", leafEntryId=other)
        self.assertShape("SessionsBranchesSwitchResult", switched)
        self.assertEqual(len(self.history(client=client)), 6)
        there = self.ok("sessions.branches.list", client, sessionKey="main")["branches"]
        self.assertEqual([(row["headline"], row["active"]) for row in there], [("message 2", True), ("instead", False)])
        ids = [m["__openclaw"]["id"] for m in self.ok("chat.history", client, sessionKey="main")["messages"]]
        self.ok("sessions.rewind", client, sessionKey="main", entryId=ids[1])
        self.ok("sessions.branches.switch", client, sessionKey="main", leafEntryId=other)
        self.assertEqual(len(self.ok("sessions.branches.list", client, sessionKey="main")["branches"]), 2)

    def test_usage(self) -> None:
        """What was rewound was paid for."""
        before = self.ok("sessions.usage")["totals"]["totalTokens"]
        self.ok("sessions.rewind", sessionKey="main", entryId=self.ids()[0])
        self.assertEqual(self.ok("sessions.usage")["totals"]["totalTokens"], before)

    def test_shortened(self) -> None:
        """Shortening keeps the branch that is gone on with, and repetitions of all are known after a restart."""
        self.ok("sessions.rewind", sessionKey="main", entryId=self.ids()[2])
        self.ok("sessions.compact", key="main", maxLines=10)
        self.assertEqual(self.said(), ["message 0"])
        client = self.operator(self.house.again())
        self.assertEqual(self.send("message 2", "run-message 2", client)["status"], "ok")
        self.assertEqual(len(self.history(client=client)), 2)

    def test_refused(self) -> None:
        """No such entry or branch, a session that is busy, somebody who may only write."""
        for method, name, which in (
            ("sessions.rewind", "entryId", "x"),
            ("sessions.branches.switch", "leafEntryId", self.ids()[1]),
        ):
            params = {"sessionKey": "main", name: which}
            self.assertIn("no such", self.client.request(method, params)["error"]["message"])
            writer = self.operator(scopes=["operator.write"])
            self.assertEqual(writer.request(method, params)["error"]["code"], "FORBIDDEN")
        self.assertIn("No session", self.error("sessions.rewind", sessionKey="none", entryId="x")["message"])
        self.send("long chunks=50 delay=0.1", "busy")
        self.house.advance(0.2)
        self.assertIn("busy", self.error("sessions.rewind", sessionKey="main", entryId=self.ids()[1])["message"])
        self.ok("chat.abort", sessionKey="main")
