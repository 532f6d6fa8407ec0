"""TDLib on every way that it has to a server: data centres, test servers, HTTP, and each kind of proxy.

Where a proxy is what is tested, nobody listens at the address that TDLib has
for the server itself, but for SOCKS5, where the proxy dials it.
"""

import unittest
from typing import Any

from twisted.internet.defer import maybeDeferred

from trial_tests.clients.house import HouseTestCase, have
from trial_tests.clients.process import ClientProcess
from trial_tests.clients.server import free_port
from trial_tests.clients.socks import NAME, PASSWORD, SocksProxy
from trial_tests.clients.test_chat import SECONDS_TO_SEE

SECRET = "0123456789abcdef0123456789abcdef"


class _TdlibCase(HouseTestCase):
    async def chat(self, a: ClientProcess, b: ClientProcess) -> None:
        """Each sends, edits, sees what the other did, and finds it in the history."""
        await self.acquaint(a, b)
        for one, other in ((a, b), (b, a)):
            to_one, to_other = ["user", one.user["id"]], ["user", other.user["id"]]
            sent = await one.do("send", peer=to_other, text=f"from {one.name}")
            seen = await other.event("new_message", SECONDS_TO_SEE, text=f"from {one.name}")
            await one.do("edit", peer=to_other, id=sent["id"], text=f"{one.name} again")
            await other.event("edited", SECONDS_TO_SEE, text=f"{one.name} again", id=seen["id"])
            self.assertEqual((await other.do("history", peer=to_one))[0]["text"], f"{one.name} again")

    def proxy(self, port: int, kind: str, **type_: Any) -> dict[str, Any]:
        return {"server": "127.0.0.1", "port": port, "type": {"@type": kind, **type_}}


@unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
class TdlibWaysTests(_TdlibCase):
    """TDLib and the configuration as shipped, but for two listeners with a secret."""

    one_server = True
    secret_port = padded_port = 0

    def configure(self) -> None:
        TdlibWaysTests.secret_port, TdlibWaysTests.padded_port = free_port(), free_port()
        listeners = "".join(
            f"    - Proto: tcp\n      Addresses: [127.0.0.1:{port}]\n      Secret: {secret}\n"
            for port, secret in ((self.secret_port, SECRET), (self.padded_port, "dd" + SECRET))
        )
        path = self.server.config / "gnetway.yaml"
        text = path.read_text()
        self.assertIn("    - Proto: websocket", text)
        path.write_text(text.replace("    - Proto: websocket", listeners + "    - Proto: websocket", 1))

    async def test_mtproto_proxies(self) -> None:
        """Our own listeners with a secret are what TDLib calls an MTProto proxy, plain and padded."""
        ada = await self.sign_up(
            "tdlib",
            "Ada",
            port=free_port(),
            proxy=self.proxy(self.secret_port, "proxyTypeMtproto", secret=SECRET),
            pfs=True,
            quick_ack=True,
        )
        bob = await self.sign_up(
            "tdlib",
            "Bob",
            port=free_port(),
            proxy=self.proxy(self.padded_port, "proxyTypeMtproto", secret="dd" + SECRET),
            quick_ack=True,
        )
        await self.chat(ada, bob)
        for one in (ada, bob):
            await one.event("quick_ack")

    async def test_http(self) -> None:
        """Over HTTP alone, as through a proxy that knows nothing else: our HTTP listener is that proxy."""
        proxy = self.proxy(self.server.http_port, "proxyTypeHttp", http_only=True)
        ada = await self.sign_up("tdlib", "Ada", port=free_port(), proxy=proxy, pfs=True, quick_ack=True)
        bob = await self.sign_up("telethon", "Bob")
        await self.chat(ada, bob)

    async def test_socks(self) -> None:
        """Through a SOCKS5 proxy that dials the server."""
        socks = SocksProxy(self.reactor)
        port = await socks.listen()
        self.addCleanup(lambda: maybeDeferred(port.stopListening))
        proxy = self.proxy(port.getHost().port, "proxyTypeSocks5", username=NAME, password=PASSWORD)
        ada = await self.sign_up("tdlib", "Ada", proxy=proxy, quick_ack=True)
        bob = await self.sign_up("telethon", "Bob")
        await self.chat(ada, bob)
        await ada.event("quick_ack")
        self.assertEqual(socks.asked, {f"127.0.0.1:{self.server.port}"})

    async def test_second_data_centre(self) -> None:
        """What lies in data centre 2 makes TDLib, which began in 1, carry its authorization there."""
        ada = await self.sign_up("tdlib", "Ada", pfs=True)
        await ada.do("fetch_map")
        await self.server.logged(f"authorization of user {ada.user['id']} carried")
        self.assertEqual([session["current"] for session in await ada.do("sessions")], [True])
        self.assertEqual(await ada.do("dialogs"), [], "nobody wrote of a new device")
        # It ends only when the keys of both have been destroyed.
        await ada.do("sign_out")

    async def test_test_servers(self) -> None:
        """As on Telegram's test servers: data centre 10001."""
        ada = await self.sign_up("tdlib", "Ada", test_servers=True)
        bob = await self.sign_up("telethon", "Bob")
        await self.chat(ada, bob)


@unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
class OtherDataCentreTests(_TdlibCase):
    """A server whose own data centre is another one."""

    dc_id = 1  # where TDLib begins, and Telethon does not

    async def test_a_conversation(self) -> None:
        """Both find themselves in it, whichever they begin with."""
        ada = await self.sign_up("tdlib", "Ada", quick_ack=True)
        bob = await self.sign_up("telethon", "Bob")
        await self.chat(ada, bob)
