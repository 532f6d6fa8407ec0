"""Anything at all from a client: an answer, a close, or nothing, but never a failure of ours."""

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import hypothesis
from hypothesis import strategies

from trial_tests.openclaw.house import House, client_frame

VALUES: Any = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.text(max_size=20),
    lambda inner: (
        strategies.lists(inner, max_size=4) | strategies.dictionaries(strategies.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)
NAMES = [
    "nodeId",
    "requestId",
    "deviceId",
    "role",
    "raw",
    "baseHash",
    "command",
    "params",
    "event",
    "payload",
    "text",
    "path",
]


class NoiseTests(SynchronousTestCase):
    """One house, many strange clients."""

    def setUp(self) -> None:
        """One house for all examples of a test."""
        self.house = House()
        self.addCleanup(self.house.close)

    def ends_well(self) -> None:
        self.assertEqual(self.flushLoggedErrors(), [])

    @hypothesis.settings(deadline=None, max_examples=200)
    @hypothesis.given(strategies.data())
    def test_parameters(self, data: Any) -> None:
        """Every method with parameters of any shape answers each request exactly once."""
        method = data.draw(strategies.sampled_from(self.house.plane.router.names()))
        params = data.draw(VALUES | strategies.dictionaries(strategies.sampled_from(NAMES), VALUES, max_size=6))
        hypothesis.assume(method != "gateway.restart.request")
        client = self.house.operator()
        client.request(method, params, "x")
        answers = [frame for frame in client.take() if frame.get("id") == "x"]
        self.assertLessEqual(len(answers), 1)
        if not answers:
            self.assertIsNotNone(client.close)
        client.transport.loseConnection()
        self.ends_well()

    @hypothesis.settings(deadline=None, max_examples=200)
    @hypothesis.given(VALUES, strategies.booleans(), strategies.sampled_from(["/", "/mini", "/jsonrpc"]))
    def test_first_frames(self, value: Any, as_connect: bool, path: str) -> None:
        """A first frame of any shape, on any path."""
        client = self.house.client(path=path)
        frame = {"type": "req", "id": "c", "method": "connect", "params": value} if as_connect else value
        client.send_bytes(client_frame(json.dumps(frame).encode()))
        client.transport.loseConnection()
        self.ends_well()

    @hypothesis.settings(deadline=None, max_examples=300)
    @hypothesis.given(
        strategies.lists(
            strategies.tuples(
                strategies.sampled_from([0, 1, 2, 8, 9, 10]), strategies.binary(max_size=60), strategies.booleans()
            )
            | strategies.binary(max_size=20),
            max_size=6,
        )
    )
    def test_frames(self, pieces: list[Any]) -> None:
        """Frames of any kind in any order, and bytes that are none, after hello."""
        client = self.house.operator()
        for piece in pieces:
            if not client.lost:
                data = piece if isinstance(piece, bytes) else client_frame(piece[1], piece[0], final=piece[2])
                client.send_bytes(data)
        client.transport.loseConnection()
        self.ends_well()
