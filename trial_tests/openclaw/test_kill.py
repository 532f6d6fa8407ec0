"""``kill -9`` on the whole program."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from trial_tests.clients.server import RunningServer
from trial_tests.openclaw.house import DeviceKey
from trial_tests.openclaw.live import SocketClient


class KillTests(TestCase):
    """A real process and its files."""

    timeout = 180

    async def test_devices_survive(self) -> None:
        """A device that had its hello is paired after a kill, with the same token, under the same shared secret."""
        directory = Path(tempfile.mkdtemp(prefix="openclaw-kill-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        server = RunningServer(reactor, directory)
        key = DeviceKey(5)

        def hello(**given: str) -> dict[str, Any]:
            client = SocketClient(server.gateway_port)
            tui = {"id": "openclaw-tui", "version": "1", "platform": "linux", "mode": "ui"}
            payload = client.hello(key, client=tui, auth=given, scopes=["operator.read"])
            client.close()
            return payload

        await server.start()
        secret = (server.data_dir / "gateway.token").read_text().strip()
        first = await deferToThread(hello, token=secret)
        await server.kill()
        await server.start()
        try:
            second = await deferToThread(hello, deviceToken=first["auth"]["deviceToken"])
            self.assertEqual(second["auth"]["method"], "device-token")
            self.assertEqual((server.data_dir / "gateway.token").read_text().strip(), secret)
        finally:
            await server.terminate()
