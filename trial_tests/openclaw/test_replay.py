"""The recorded sessions of real clients, played against ours."""

from twisted.trial.unittest import SynchronousTestCase

from trial_tests.openclaw.house import ALL, TOKEN, House
from trial_tests.openclaw.replay import Hook, Replay


def approve(house: House) -> None:
    """An operator approves whoever waits."""
    for request in list(house.plane.pairing.pending.values()):
        house.plane.pairing.approve(request, house.plane.now_ms(), "operator")


def by_operator(method: str, **params: str) -> Hook:
    """An operator calls a method about the device that was paired last."""

    def call(house: House) -> None:
        device_id = list(house.plane.pairing.devices)[-1]
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
        """Roles, scopes, shapes, and the eleventh wrong call in a row."""
        self.play("requests_errors")

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
            house.plane.is_ready = False

        def started(house: House) -> None:
            house.plane.is_ready = True

        hooks = {"open 240": starting, "open 244": started}
        self.play("startup_unavailable", hooks=hooks, ignore=frozenset({"sessions.changed", "update.available"}))

    def test_node_run(self) -> None:
        """The real headless node host, from its first frame to its first invocation."""
        self.play(
            "cli_node_run_headless",
            hooks={"event node.pair.resolved": approve_surface, "event node.invoke.request": invoke},
        )
