"""Who hears what of a run."""

from typing import Any

from trial_tests.openclaw.agent.agents import KEY, AgentsTestCase


class SubscriptionTests(AgentsTestCase):
    """Who hears what."""

    def test_tool_details(self) -> None:
        """Arguments and results go to the sender with the cap, and to followers under another name."""
        follower = self.operator(caps=[])
        self.ok("sessions.subscribe", follower)
        stranger = self.operator()
        self.send("USETOOL please")
        self.house.advance(1.0)

        def tools(client: Any) -> list[tuple[str, str]]:
            return [
                (event["event"], event["payload"]["data"]["phase"])
                for event in client.events()
                if event["payload"].get("stream") == "tool"
            ]

        self.assertEqual(tools(self.client), [("agent", "start"), ("agent", "result")])
        self.assertEqual(tools(follower), [("session.tool", "start"), ("session.tool", "result")])
        self.assertEqual(tools(stranger), [])
        (final,) = self.ends("run-1", stranger)
        self.assertTrue(final["message"]["content"][0]["text"].startswith("Let me check.\n\n"))

    def test_session_messages(self) -> None:
        """Subscribers of one session get its messages as they are written, others do not."""
        follower = self.operator()
        self.ok("sessions.messages.subscribe", follower, key="main")
        self.send("hello")
        self.send("elsewhere", "run-2", sessionKey="other")
        self.house.advance(1.0)
        told = [event["payload"] for event in follower.events("session.message")]
        self.assertEqual([(m["sessionKey"], m["messageSeq"]) for m in told], [(KEY, 1), (KEY, 2)])
        self.assertEqual(self.client.events("session.message"), [])
        self.ok("sessions.messages.unsubscribe", follower, key="main")
        self.send("more", "run-3")
        self.house.advance(1.0)
        self.assertEqual(len(follower.events("session.message")), 2)

    def test_scoped_client(self) -> None:
        """A client with ``session-scoped-events`` hears only sessions that it subscribed to."""
        scoped = self.operator(caps=["session-scoped-events"])
        self.ok("sessions.messages.subscribe", scoped, key="other")
        self.send("hello")
        self.send("hello", "run-2", sessionKey="other")
        self.house.advance(1.0)
        self.assertEqual(self.chats("run-1", scoped), [])
        self.assertEqual(len(self.ends("run-2", scoped)), 1)

    def test_read_scope_is_needed(self) -> None:
        """A client without the read scope hears no words."""
        blind = self.operator(scopes=["operator.pairing"])
        self.send("hello")
        self.house.advance(1.0)
        self.assertEqual(self.chats("run-1", blind), [])
