"""Devices and requests as rules, without a network."""

from twisted.trial.unittest import SynchronousTestCase

import hypothesis
from hypothesis import strategies

from teamgram.openclaw.devices import pairing
from teamgram.openclaw.devices.pairing import NodeSurface, Pairing, PairRequest

NOW_MS = 1_800_000_000_000


def request(
    device: str = "d1", role: str = "operator", scopes: tuple[str, ...] = ("operator.read",), **more: object
) -> PairRequest:
    fields: dict[str, object] = {
        "request_id": pairing.new_request_id(),
        "device_id": device,
        "public_key": "k",
        "role": role,
        "scopes": list(scopes),
        "ts_ms": NOW_MS,
        "reason": pairing.NOT_PAIRED,
        "platform": "linux",
        **more,
    }
    return PairRequest(**fields)  # type: ignore[arg-type]


def nobody(asked: PairRequest, decision: str) -> None:
    """Nobody hears what was decided."""


class PairingTests(SynchronousTestCase):
    """Asking, approving, forgetting."""

    def setUp(self) -> None:
        self.resolved: list[tuple[str, str]] = []
        self.pairing = Pairing(lambda request, decision: self.resolved.append((request.request_id, decision)))

    def test_the_same_wish_keeps_its_id(self) -> None:
        """Also when it became smaller; a larger one supersedes it and the old one is rejected."""
        first, is_new = self.pairing.request(request(scopes=("operator.read", "operator.write")))
        self.assertTrue(is_new)
        again, is_new = self.pairing.request(request(scopes=("operator.read",)))
        self.assertEqual((again.request_id, is_new), (first.request_id, False))
        larger, is_new = self.pairing.request(request(scopes=("operator.admin",)))
        self.assertTrue(is_new)
        self.assertEqual(self.resolved, [(first.request_id, "rejected")])
        self.assertEqual(list(self.pairing.pending), [larger.request_id])

    def test_waiting_is_bounded(self) -> None:
        """The oldest gives way."""
        for number in range(pairing.MAX_PENDING + 5):
            self.pairing.request(request(f"d{number}", ts_ms=NOW_MS + number))
        self.assertEqual(len(self.pairing.pending), pairing.MAX_PENDING)
        self.assertEqual(len(self.resolved), 5)

    def test_needs(self) -> None:
        """What an approved device may ask for without being approved again."""
        self.assertEqual(self.pairing.needs("d1", "operator", [], "linux", None), pairing.NOT_PAIRED)
        self.pairing.approve(request(scopes=("operator.write",)), NOW_MS, "operator")
        for role, scopes, platform, reason in (
            ("operator", ["operator.write"], "linux", None),
            ("operator", ["operator.read"], " LINUX ", None),
            ("operator", ["operator.admin"], "linux", pairing.SCOPE_UPGRADE),
            ("node", [], "linux", pairing.ROLE_UPGRADE),
            ("operator", ["operator.read"], "darwin", pairing.METADATA_UPGRADE),
        ):
            self.assertEqual(self.pairing.needs("d1", role, scopes, platform, ""), reason)

    def test_tokens(self) -> None:
        """One per role, kept while it covers what was approved; a rotated or revoked one opens no more."""
        device = self.pairing.approve(request(), NOW_MS, "silent")
        first = device.tokens["operator"].token
        self.pairing.approve(request(scopes=("operator.admin",)), NOW_MS + 1, "operator")
        self.assertIn("operator.admin", device.tokens["operator"].scopes)
        self.assertEqual(device.tokens["operator"].token, first)
        self.assertIsNotNone(self.pairing.token_of("d1", "operator", first))
        self.assertIsNone(self.pairing.token_of("d1", "node", first))
        rotated = self.pairing.rotate(device, "operator", NOW_MS + 2, ["operator.read", "operator.pairing"])
        assert rotated is not None
        self.assertIsNone(self.pairing.token_of("d1", "operator", first))
        self.assertEqual(rotated.scopes, ["operator.pairing", "operator.read"])
        self.pairing.revoke(device, "operator")
        self.assertIsNone(self.pairing.token_of("d1", "operator", rotated.token))

    def test_devices_are_bounded(self) -> None:
        """The silently approved one that was not seen for longest is forgotten, never one an operator approved."""
        self.patch(pairing, "MAX_DEVICES", 3)
        self.pairing.approve(request("asked"), NOW_MS, "operator")
        for number in range(4):
            self.pairing.approve(request(f"d{number}"), NOW_MS, "silent").last_seen_at_ms = NOW_MS + number
        self.assertEqual(set(self.pairing.devices), {"asked", "d2", "d3"})

    def test_surfaces(self) -> None:
        """Covered by what was approved: nothing to do; more: waits; the same again: no news."""
        device = self.pairing.approve(request(role="node"), NOW_MS, "silent")
        offer = NodeSurface(["canvas"], ["system.which"], {"camera": True})
        waiting = self.pairing.declare_surface(device, offer, NOW_MS)
        assert waiting is not None
        same = NodeSurface(["canvas"], ["system.which"], {"camera": True})
        self.assertIsNone(self.pairing.declare_surface(device, same, NOW_MS))
        self.assertIs(self.pairing.pending_surface(waiting.request_id), device)
        self.pairing.resolve_surface(device, True, NOW_MS)
        self.assertIsNone(self.pairing.declare_surface(device, NodeSurface([], ["system.which"], {}), NOW_MS))
        more = NodeSurface(["canvas"], ["system.which"], {"camera": True, "screen": True})
        self.assertIsNotNone(self.pairing.declare_surface(device, more, NOW_MS))


class SnapshotTests(SynchronousTestCase):
    """What goes to disk comes back."""

    @hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    @hypothesis.given(
        strategies.lists(
            strategies.tuples(
                strategies.text(min_size=1, max_size=8),
                strategies.sampled_from(["operator", "node"]),
                strategies.booleans(),
            ),
            max_size=8,
        )
    )
    def test_round_trip(self, devices: list[tuple[str, str, bool]]) -> None:
        """Devices, tokens, surfaces and waiting requests, whatever they are called."""
        before = Pairing(nobody)
        for name, role, approved in devices:
            wanted, _ = before.request(request(name, role, display_name=name))
            if approved:
                device = before.approve(wanted, NOW_MS, "operator")
                before.declare_surface(device, NodeSurface([name], [name], {name: True}), NOW_MS)
        after = Pairing(nobody)
        after.restore(before.snapshot(), NOW_MS)
        self.assertEqual(after.snapshot(), before.snapshot())

    def test_not_ours(self) -> None:
        """A snapshot of another version, or a damaged one, is refused rather than half taken."""
        self.assertRaises(ValueError, Pairing(nobody).restore, {"version": 99}, NOW_MS)
        self.assertRaises(
            ValueError, Pairing(nobody).restore, {"version": 1, "devices": [{"x": 1}], "pending": []}, NOW_MS
        )
