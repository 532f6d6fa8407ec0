"""A phone set up with a QR code: one device, ten minutes, what its profile says and no more."""

import base64
import json
from typing import Any

from trial_tests.openclaw.approvals.test_approvals import ShapesTestCase
from trial_tests.openclaw.house import Client, DeviceKey

_PHONE = {"id": "openclaw-ios", "version": "1", "platform": "ios", "mode": "ui"}


class SetupCodeTests(ShapesTestCase):
    """From the code to the device's own token."""

    def setUp(self) -> None:
        """Devices may ask for it by its public name."""
        super().setUp()
        tree = self.house.plane.config.tree
        named = {**tree["gateway"], "allowedHosts": ["claw.example"]}
        self.house.plane.config.replace({**tree, "gateway": named})

    def code(self, **more: Any) -> tuple[Any, str]:
        """(the answer, the token in it)."""
        answer = self.ok("device.pair.setupCode", **{"publicUrl": "https://claw.example", **more})
        text = answer["setupCode"]
        payload = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        self.assertEqual((payload["url"], payload["expiresAtMs"]), (answer["gatewayUrl"], answer["expiresAtMs"]))
        return answer, payload["bootstrapToken"]

    def phone(self, token: str, key: int = 7, **more: Any) -> tuple[Client, Any]:
        """A phone that comes from elsewhere with the code; the response to its connect."""
        client = self.house.client("192.0.2.7", headers={"host": "claw.example", "x-forwarded-for": "192.0.2.7"})
        asked = {
            "client": {
                "id": "openclaw-ios",
                "version": "1",
                "platform": "ios",
                "mode": "ui",
                "displayName": "My phone",
            },
            "scopes": ["operator.read", "operator.write"],
            "auth": {"bootstrapToken": token},
        }
        return client, client.connect(DeviceKey(key), **{**asked, **more})

    def test_phone(self) -> None:
        """It is let in at once with a token of its own, which it uses from then on; the admin is told."""
        answer, token = self.code()
        self.assertShape("DevicePairSetupCodeResult", answer)
        self.assertTrue(answer["qrDataUrl"].startswith("data:image/png;base64,"))
        self.assertEqual((answer["gatewayUrl"], answer["access"]), ("wss://claw.example", "limited"))
        self.assertEqual(self.ok("device.pair.setupStatus", setupId=answer["setupId"]), {})
        _, response = self.phone(token)
        self.assertTrue(response["ok"], response)
        own = response["payload"]["auth"]["deviceToken"]
        status = self.ok("device.pair.setupStatus", setupId=answer["setupId"])
        self.assertShape("DevicePairSetupStatusResult", status)
        self.assertEqual(status["completion"]["deviceName"], "My phone")
        (event,) = self.client.events("device.pair.setup.completed")
        self.assertShape("DevicePairSetupCompletedEvent", event["payload"])
        _, again = self.phone("", auth={"deviceToken": own})
        self.assertTrue(again["ok"], again)

    def test_misused(self) -> None:
        """By another device, for more than it is for, later, made up: refused, as guesses are."""
        _, token = self.code()
        self.assertTrue(self.phone(token)[1]["ok"])
        _, other = self.phone(token, key=8)
        self.assertEqual(other["error"]["details"]["code"], "AUTH_BOOTSTRAP_TOKEN_INVALID")
        _, greedy = self.phone(token, scopes=["operator.admin"])
        self.assertEqual(greedy["error"]["details"]["code"], "AUTH_SCOPE_MISMATCH")
        _, node_token = self.code(bootstrapProfile="node")
        self.assertFalse(self.phone(node_token, key=9)[1]["ok"])
        _, late = self.code()
        self.house.reactor.rightNow += 601
        self.assertFalse(self.phone(late, key=10)[1]["ok"])
        self.assertFalse(self.phone("guess", key=11)[1]["ok"])
        self.assertEqual(len(self.ok("device.pair.list")["paired"]), 1)

    def test_node(self) -> None:
        """For a node alone."""
        _, token = self.code(bootstrapProfile="node")
        asked = {"id": "node-host", "version": "1", "platform": "linux", "mode": "node"}
        _, response = self.phone(token, client=asked, role="node", scopes=[])
        self.assertTrue(response["ok"], response)

    def test_restart(self) -> None:
        """A code that was shown holds after a restart; its token is not on disk."""
        _, token = self.code()
        kept = (self.house.plane.lifetime.state_dir / "setup-codes.json").read_text()
        self.assertNotIn(token, kept)
        later = self.house.again()
        self.assertIsNotNone(later.plane.setup_codes.find(token, "device", later.plane.lifetime.now_ms()))

    def test_refused(self) -> None:
        """Without an address that a phone can reach, and for who is no admin."""
        self.assertIn("bound to loopback", self.error("device.pair.setupCode")["message"])
        for url in ("ftp://x", "https://a:b@x", "https://[", "x"):
            self.assertEqual(self.error("device.pair.setupCode", publicUrl=url)["code"], "INVALID_REQUEST")
        pairing = self.operator(scopes=["operator.pairing"])
        error = self.error("device.pair.setupCode", pairing, publicUrl="https://claw.example")
        self.assertEqual(error["code"], "FORBIDDEN")
