"""The recorded sessions of real clients that talk to agents, played against ours.

What differs is listed here and in ``docs/openclaw.md``: no ``task`` and
``chat.send_timing`` events, no methods of families that we have not.
"""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from trial_tests.openclaw.agent.agents import AgentsHouse
from trial_tests.openclaw.replay import Replay

_CONFIG = {
    "models": {"providers": {"fake": {"api": "echo", "models": [{"id": "echo", "contextWindow": 65536}]}}},
    "agents": {"defaults": {"model": {"primary": "fake/echo"}}},
}
_NOT_OURS = frozenset({"task", "chat.send_timing"})


class AgentReplayTests(SynchronousTestCase):
    """Each transcript that concerns the agents."""

    maxDiff = None

    def play(self, name: str, *, but: tuple[str, ...] = (), **more: Any) -> Replay:
        """Play one; ``but`` names responses that differ, by their request's id."""
        house = AgentsHouse(_CONFIG)
        self.addCleanup(house.close)
        house.agents.startService()
        replay = Replay(name, house, ignore=_NOT_OURS, **more)
        replay.run()
        found = [line for line in replay.differences() if not any(f"'{request_id}" in line for request_id in but)]
        self.assertEqual("\n".join(found), "")
        return replay

    def test_chat_send_stream_abort_replay(self) -> None:
        """Streaming, repetitions, conflicts, aborts, retries of a failing model, injected notes.

        Theirs took 440 ms to acknowledge r3; by then our turn is over, so the repetition r4 is answered otherwise.
        """
        self.play("chat_send_stream_abort_replay", but=("r4",))

    def test_chat_queue_modes(self) -> None:
        """Messages for a busy session."""
        self.play("chat_queue_modes")

    def test_chat_tool_events_subscriptions(self) -> None:
        """Tools, and who hears of them."""
        self.play("chat_tool_events_subscriptions")

    def test_chat_reconnect_history_delta(self) -> None:
        """A client that comes back in mid-turn."""
        self.play("chat_reconnect_history_delta")

    def test_chat_error(self) -> None:
        """A turn that fails: the same code, our own words."""
        self.play("chat_error", but=("r3",))

    def test_agent_and_agent_wait(self) -> None:
        """``agent``, answered twice; ``send`` to a channel that is not there is refused in our own words.

        The recording ends before the turn that r9 started; ours is quicker.
        """
        self.play("agent_and_agent_wait", but=("r9", "r11"))

    def test_health_status_sessions(self) -> None:
        """Sessions made, changed, compacted, reset, deleted."""
        self.play("health_status_sessions")

    def test_command_line(self) -> None:
        """The ``openclaw`` command's calls."""
        for name in ("cli_agent", "cli_agent_json", "cli_gateway_call_agent_expect_final", "cli_cron_list"):
            self.play(name)

    def test_tui(self) -> None:
        """The terminal UI; it tolerates unknown methods for four lists."""
        self.play("cli_tui", but=("4:", "5:", "6:", "8:"))

    def test_gateway_client(self) -> None:
        """The published client package."""
        self.play("gateway_client_npm")
