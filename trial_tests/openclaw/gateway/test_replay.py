"""The recorded sessions of real clients, played against ours."""

from twisted.internet.defer import ensureDeferred
from twisted.trial.unittest import SynchronousTestCase

from trial_tests.openclaw.agent.agents import AgentsHouse
from trial_tests.openclaw.house import ALL, TOKEN, House
from trial_tests.openclaw.replay import Hook, Replay


def approve(house: House) -> None:
    """An operator approves whoever waits."""
    for request in list(house.plane.devices.pairing.pending.values()):
        house.plane.devices.pairing.approve(request, house.plane.lifetime.now_ms(), "operator")


def by_operator(method: str, **params: str) -> Hook:
    """An operator calls a method about the device that was paired last."""

    def call(house: House) -> None:
        device_id = list(house.plane.devices.pairing.devices)[-1]
        response = house.operator(*ALL).request(method, {"deviceId": device_id, **params})
        assert response["ok"], response

    return call


def approve_surface(house: House) -> None:
    """An operator approves what the node offers."""
    operator = house.operator(*ALL)
    for pending in operator.request("node.pair.list")["payload"]["pending"]:
        assert operator.request("node.pair.approve", {"requestId": pending["requestId"]})["ok"]


def invoke(house: House) -> None:
    """An operator asks the node where ``ls`` is."""
    node_id = next(iter(house.plane.nodes.live))
    params = {"nodeId": node_id, "command": "system.which", "params": {"bins": ["ls"]}, "idempotencyKey": "k"}
    house.operator(*ALL).request("node.invoke", params)


class ReplayTests(SynchronousTestCase):
    maxDiff = None

    """Each transcript that concerns the gateway's core."""

    def play(self, name: str, house: House | None = None, **more: object) -> Replay:
        house = house or House()
        self.addCleanup(house.close)
        replay = Replay(name, house, **more)  # type: ignore[arg-type]
        replay.run()
        self.assertEqual("\n".join(replay.differences()), "")
        return replay

    def test_connect_basic(self) -> None:
        """Tokens, passwords, scopes with and without a device."""
        self.play("connect_basic")

    def test_connect_device_identity(self) -> None:
        """A device is approved silently, then comes with its token in either place."""
        self.play("connect_device_identity")

    def test_connect_errors(self) -> None:
        """Thirty ways to do the handshake wrong."""
        self.play("connect_errors")

    def test_connect_timeout(self) -> None:
        """Fifteen seconds of silence."""
        self.play("connect_timeout")

    def test_auth_loopback_delay(self) -> None:
        """Wrong secrets on loopback are answered later and later."""
        self.play("auth_loopback_delay")

    def test_auth_rate_limit_lockout(self) -> None:
        """Too many wrong secrets lock an address for a while."""
        limit = {"maxAttempts": 3, "lockoutMs": 4000, "exemptLoopback": False}
        house = House({"gateway": {"auth": {"token": TOKEN, "rateLimit": limit}}})
        self.play("auth_rate_limit_lockout", house)

    def test_auth_token_rotation(self) -> None:
        """A new shared secret closes the connections that used the old one."""
        self.play("auth_token_rotation")

    def test_config_get_patch(self) -> None:
        """Hashes, stale and invalid patches."""
        self.play(
            "config_get_patch",
            ignore=frozenset({"device.pair.resolved", "node.pair.resolved", "node.pair.requested", "presence"}),
        )

    def test_control_plane_rate_limit(self) -> None:
        """The thirty-first patch in a minute."""
        self.play("control_plane_rate_limit")

    def test_device_pairing_remote(self) -> None:
        """A device from elsewhere waits, is approved, asks for more, is rotated and removed."""
        self.play(
            "device_pairing_remote",
            ip="192.0.2.7",
            hooks={
                "open 4": approve,
                "close 5": by_operator("device.token.rotate", role="operator"),
                "close 11": by_operator("device.pair.remove"),
                "open 13": approve,
            },
        )

    def test_node_pair_invoke_linux(self) -> None:
        """A node's surface is approved, then invoked, and what is refused."""
        self.play("node_pair_invoke_linux", ignore=frozenset({"chat", "agent", "presence"}))

    def test_node_invoke_outcomes(self) -> None:
        """Success, error, progress, too late, gone."""
        self.play("node_invoke_outcomes")

    def test_presence(self) -> None:
        """Who shows, who does not, and numbers without holes."""
        self.play("presence_seq_filtering")

    def test_requests_errors(self) -> None:
        """Roles, scopes, shapes, and the eleventh wrong call in a row.

        One difference is meant: who may little is told that a method does not exist, and not that a scope is missing
        for it.
        """
        house = House()
        self.addCleanup(house.close)
        replay = Replay("requests_errors", house)
        replay.run()
        missing = "'FORBIDDEN', 'missing scope: operator.admin', ('MISSING_SCOPE',), None)"
        self.assertEqual(
            replay.differences(),
            [
                f"c2 res: -('res', 'r2', {missing}",
                f"c2 res: -('res', 'r3', {missing}",
                "c2 res: +('res', 'r2', 'INVALID_REQUEST', 'connect is only valid as the first request', (), None)",
                "c2 res: +('res', 'r3', 'INVALID_REQUEST', 'unknown method: nope.method', (), None)",
            ],
        )

    def test_cli_commands(self) -> None:
        """The calls that the ``openclaw`` command line makes of the core."""
        for name in (
            "cli_devices_list",
            "cli_gateway_call_health",
            "cli_gateway_call_unknown",
            "cli_gateway_probe",
            "cli_gateway_status",
            "cli_gateway_status_require_rpc",
            "cli_logs",
            "cli_nodes_list",
            "cli_nodes_status",
            "cli_status",
            "cli_system_event",
            "cli_system_presence",
            "tick_health_95s",
        ):
            # What others did meanwhile is in the recording too.
            self.play(name, ignore=frozenset({"node.pair.resolved", "config.changed", "presence"}))

    def test_restart_request(self) -> None:
        """A restart on request: shutdown, 1012, and no upgrade until it is up again."""
        self.play("restart_request", last_conn=3)

    def test_startup(self) -> None:
        """While starting a connect is told to come back; then it works."""

        def starting(house: House) -> None:
            house.plane.lifetime.is_ready = False

        def started(house: House) -> None:
            house.plane.lifetime.is_ready = True

        hooks = {"open 240": starting, "open 244": started}
        self.play("startup_unavailable", hooks=hooks, ignore=frozenset({"sessions.changed", "update.available"}))

    def test_node_run(self) -> None:
        """The real headless node host, from its first frame to its first invocation."""
        self.play(
            "cli_node_run_headless",
            hooks={"event node.pair.resolved": approve_surface, "event node.invoke.request": invoke},
        )


class AgentReplayTests(SynchronousTestCase):
    """Each transcript with runs in it. The recorded gateway needs seconds where ours needs none: clients wait."""

    maxDiff = None
    #: Of parts that this gateway has not: background tasks, and how long a send took.
    IGNORE = frozenset({"task", "chat.send_timing"})

    def play(self, name: str, *deliberate: str, hooks: dict[str, Hook] | None = None, waits: bool = True) -> Replay:
        house = AgentsHouse()
        self.addCleanup(house.close)
        replay = Replay(
            name, house, ignore=self.IGNORE, deliberate=frozenset(deliberate), waits=waits, hooks=hooks or {}
        )
        replay.run()
        self.assertEqual("\n".join(replay.differences()), "")
        return replay

    def test_commands(self) -> None:
        """The ``agent`` and ``cron`` commands, and a call that waits for the final answer."""
        for name in ("cli_agent", "cli_agent_json", "cli_gateway_call_agent_expect_final", "cli_cron_list"):
            self.play(name)

    def test_chat(self) -> None:
        """Send, replay, abort, conflicts, bad input.

        Deliberate: an aborted turn ends once, and a steered message that never got in ends as aborted.
        """
        self.play("chat_send_stream_abort_replay", "idem-2", "idem-3", "idem-4")

    def test_chat_error(self) -> None:
        """A run that fails. Deliberate: our words for it, and no fall-back is told of where there is none."""
        self.play("chat_error", "r3", "err-1")

    def test_queue_modes(self) -> None:
        """Messages to a busy session. Runs begin at once here, so other ones are queued; answers are the same."""
        self.play("chat_queue_modes", "q-1b", "qb-followup", "qb-collect", "qb-steer", "qb-interrupt", waits=False)

    def test_reconnect(self) -> None:
        """A client that left in mid-run finds the running text, and the rest by its cursor."""
        self.play("chat_reconnect_history_delta")

    def test_tools(self) -> None:
        """Who hears of tool calls."""
        self.play("chat_tool_events_subscriptions")

    def test_agent_and_wait(self) -> None:
        """``agent`` answers twice, ``agent.wait`` waits.

        Deliberate: no bot of Telegram's can be configured (r11), and a turn that the recording's end cut off ends (r9).
        """
        self.play("agent_and_agent_wait", "r11", "r9")

    def test_sessions(self) -> None:
        """Everything about sessions. Deliberate: the recording's provider is not configured here (r15)."""
        self.play("health_status_sessions", "r15")

    def test_gateway_client(self) -> None:
        """The client package. The recorded run failed for want of a model."""
        self.play("gateway_client_npm", "4ca0b869-98ff-453a-8f0e-a70ffda59cbf")

    def test_tui(self) -> None:
        """The terminal's chat; four lists of parts that are not here are unknown methods, which it takes."""
        self.play(
            "cli_tui",
            "4:f4e964ab-e437-4d16-9092-2aeee9304969",
            "5:b7c8d44f-58a1-4584-aa16-3d389ab1b823",
            "6:76bdca72-57f0-45ea-a8dc-9e390c27f0cf",
            "8:2d7a6efd-c1da-4ca2-96ca-0cd3cba93cc5",
        )

    def test_sigterm(self) -> None:
        """Stopped in mid-run: nothing new is taken, the final is delivered, then shutdown and 1012."""

        def stop(house: House) -> None:
            ensureDeferred(house.service.drain())

        self.play("shutdown_sigterm_drain", hooks={"request r3": stop})
