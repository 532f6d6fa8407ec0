"""The one door: who is local, which names are ours, and what wrong secrets cost, on every road."""

import socket
import time
from collections import Counter
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.sections import AuthSection, ControlUiSection, GatewaySection, RateLimitSection
from teamgram.openclaw.gateway import auth
from teamgram.openclaw.gateway.door import Answer, Door, Visitor
from trial_tests.openclaw.house import TOKEN, DeviceKey, House
from trial_tests.openclaw.live import LiveTestCase, SocketClient

LOOPBACK = {"host": "127.0.0.1:18789"}
TUI = {"id": "openclaw-tui", "mode": "ui"}


class DoorTestCase(SynchronousTestCase):
    """A door with settings and a time of its own."""

    now = 1000.0

    def door(self, secret: str = TOKEN, **settings: Any) -> Door:
        section = GatewaySection(**settings)
        door = Door(lambda: section, lambda: self.now, ["box", "box.local"])
        door.use(auth.SharedSecret(auth.TOKEN if secret else auth.NONE, secret))
        return door

    def caller(self, ip: str = "127.0.0.1", door: Door | None = None, **headers: str) -> Visitor:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return (door or self.door()).caller(ip, {**LOOPBACK, **named})


class LocalityTests(DoorTestCase):
    """Who is a program of this machine."""

    def test_local(self) -> None:
        """A peer on loopback that asked for a loopback name and comes from no page, or from one of here."""
        for ip in ("127.0.0.1", "127.0.0.9", "::1", "::ffff:127.0.0.1"):
            self.assertTrue(self.caller(ip).local, ip)
        for host in ("localhost", "LOCALHOST:18789", "localhost.:1", "[::1]:1", "gw.localhost", "127.0.0.2"):
            self.assertTrue(self.caller(host=host).local, host)
        self.assertTrue(self.caller(origin="http://localhost:5173").local)
        self.assertTrue(self.caller(user_agent="x", accept="*/*", authorization="Bearer x").local)

    def test_other_machines(self) -> None:
        """Whatever they say of themselves."""
        self.assertFalse(self.caller("192.0.2.7").local)
        self.assertFalse(self.caller("192.0.2.7", x_forwarded_for="127.0.0.1").local)

    def test_what_proxies_add(self) -> None:
        """Any header that only proxies add says that the client is somewhere else."""
        for name in (
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-host",
            "x-forwarded-port",
            "x-forwarded-anything",
            "x-original-forwarded-for",
            "forwarded",
            "x-real-ip",
            "cf-connecting-ip",
            "cf-ray",
            "true-client-ip",
            "x-client-ip",
            "x-cluster-client-ip",
            "fastly-client-ip",
            "x-envoy-external-address",
            "x-proxyuser-ip",
            "via",
            "cdn-loop",
            "tailscale-user-login",
        ):
            caller = self.door().caller("127.0.0.1", {**LOOPBACK, name: "127.0.0.1"})
            self.assertEqual((caller.local, caller.forwarded), (False, True), name)

    def test_foreign_names_and_pages(self) -> None:
        """A Host that is no loopback name, no Host at all, or a page of elsewhere: not local."""
        for host in (
            "gateway.example",
            "192.0.2.1",
            "localhost.evil.example",
            "box",
            "127.0.0.1.evil.example",
            "",
            "?",
        ):
            self.assertFalse(self.caller(host=host).local, host)
        self.assertFalse(self.door().caller("127.0.0.1", {}).local)
        for origin in ("https://evil.example", "null", "", "file://", "http://localhost.evil.example"):
            self.assertFalse(self.caller(origin=origin).local, origin)

    def test_forwarded_addresses(self) -> None:
        """X-Forwarded-For counts from a named proxy only, and only as far as named proxies wrote it."""
        door = self.door(trusted_proxies=["10.0.0.0/8", "2001:db8::1"])
        for peer, text, ip in (
            ("192.0.2.7", "203.0.113.9", "192.0.2.7"),
            ("127.0.0.1", "203.0.113.9", "127.0.0.1"),
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("2001:db8::1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.2.3.4", "203.0.113.9"),
            ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
            ("10.0.0.1", "[2001:db8:9::7]:4711", "2001:db8:9::7"),
            ("10.0.0.1", "unknown", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
        ):
            caller = self.caller(peer, door, x_forwarded_for=text)
            self.assertEqual((caller.ip, caller.local), (ip, False), (peer, text))

    def test_networks(self) -> None:
        """IPv6 counts by /64, also where a proxy forwards it."""
        door = self.door(trusted_proxies=["10.0.0.1"])
        self.assertEqual(self.caller("2001:db8:1:2::3").network, self.caller("2001:db8:1:2:ffff::9").network)
        self.assertNotEqual(self.caller("2001:db8:1:2::3").network, self.caller("2001:db8:1:3::3").network)
        self.assertEqual(self.caller("10.0.0.1", door, x_forwarded_for="2001:db8:1:2::3").network, "2001:db8:1:2::/64")

    def test_silent_pairing(self) -> None:
        """Of this machine, unless it is switched off or a proxy is named."""
        for settings, fine in (
            ({}, True),
            ({"silent_local_pairing": False}, False),
            ({"trusted_proxies": ["10.0.0.1"]}, False),
        ):
            door = self.door(**settings)
            self.assertEqual(door.pairs_silently(self.caller(door=door)), fine, settings)
            self.assertFalse(door.pairs_silently(self.caller(door=door, via="1.1 x")), settings)


class HostTests(DoorTestCase):
    """Which names are ours."""

    def turned_away(self, host: str | None, **settings: Any) -> bool:
        door = self.door(**settings)
        return door.turned_away(door.caller("127.0.0.1", {} if host is None else {"host": host})) is not None

    def test_ours(self) -> None:
        """Loopback names, addresses, this machine's name, and what is configured; no browser leaves it out."""
        for host in (
            "localhost:18789",
            "a.localhost",
            "127.0.0.1",
            "192.0.2.1:18789",
            "[2001:db8::1]",
            "box",
            "BOX.local:1",
        ):
            self.assertFalse(self.turned_away(host), host)
        self.assertFalse(self.turned_away(None))
        self.assertFalse(self.turned_away("gw.example:8443", allowed_hosts=["GW.example"]))
        self.assertFalse(self.turned_away("gw.example", bind="custom", custom_bind_host="gw.example"))
        pages = ControlUiSection(allowed_origins=["https://ui.example:444"])
        self.assertFalse(self.turned_away("ui.example", control_ui=pages))
        self.assertFalse(self.turned_away("any.example", control_ui=ControlUiSection(allowed_origins=["*"])))

    def test_foreign(self) -> None:
        """A name that somebody else can make point here, and what is no name."""
        for host in (
            "evil.example",
            "localhost.evil.example:18789",
            "127.0.0.1.nip.io",
            "evil.example:80:80",
            "[::1",
            "[evil.example]",
            "localhost:evil",
            "localhost, evil.example",
            "",
            "a" * 300,
        ):
            self.assertTrue(self.turned_away(host), host)
        self.assertTrue(self.turned_away("other.example", allowed_hosts=["gw.example"]))

    def test_no_authentication_is_for_this_machine(self) -> None:
        """In mode none what came through a proxy is served only if the proxy is named."""
        for settings, away in (({}, True), ({"trusted_proxies": ["127.0.0.1"]}, False)):
            door = self.door("", **settings)
            caller = self.caller(door=door, x_forwarded_for="203.0.113.9")
            self.assertEqual(door.turned_away(caller) is not None, away)


class SecretTests(DoorTestCase):
    """Wrong secrets."""

    def test_lock(self) -> None:
        """Ten wrong ones lock a network for five minutes, for the right one too; others and this machine go on."""
        door = self.door()
        for number in range(10):
            guesser = self.caller(f"2001:db8:1:2::{number:x}", door)
            self.assertEqual(door.check(guesser, {"token": f"guess {number}"}).answer, Answer.WRONG)
        neighbour = self.caller("2001:db8:1:2:ffff::1", door)
        locked = door.check(neighbour, {"token": TOKEN})
        self.assertEqual((locked.answer, locked.wait_ms), (Answer.LOCKED, 300_000))
        self.assertEqual(door.check(self.caller("2001:db8:1:3::1", door), {"token": TOKEN}).answer, Answer.OPEN)
        self.assertEqual(door.check(self.caller(door=door), {"token": TOKEN}).answer, Answer.OPEN)
        self.now += 301
        self.assertEqual(door.check(neighbour, {"password": TOKEN}).answer, Answer.OPEN)

    def test_a_proxy_on_this_machine_is_not_exempt(self) -> None:
        """What came through it is locked out together; programs of this machine are not."""
        door = self.door()
        behind = self.caller(door=door, x_real_ip="203.0.113.9")
        for _ in range(10):
            self.assertEqual(door.check(behind, {"token": "wrong"}).hold_ms, 0)
        self.assertEqual(door.check(behind, {"token": TOKEN}).answer, Answer.LOCKED)
        self.assertEqual(door.check(self.caller(door=door), {"token": TOKEN}).answer, Answer.OPEN)

    def test_held_back(self) -> None:
        """On loopback each wrong answer is held twice as long, up to 5 s; a right secret is not, and forgets them."""
        door = self.door()
        caller, held = self.caller(door=door), []
        for _ in range(7):
            held.append(door.check(caller, {"token": "wrong"}).hold_ms)
            self.now += held[-1] / 1000
        self.assertEqual(held, [250, 500, 1000, 2000, 4000, 5000, 5000])
        self.assertEqual(door.check(caller, {"token": TOKEN}).answer, Answer.OPEN)
        self.assertEqual(door.check(caller, {"token": "wrong"}).hold_ms, 250)

    def test_guesses_side_by_side(self) -> None:
        """Many sockets are no way round the wait: beyond eight answers held nothing is looked at."""
        door = self.door()
        caller = self.caller(door=door)
        answers = [door.check(caller, {"token": f"guess {number}"}).answer for number in range(100)]
        self.assertEqual(answers, [Answer.WRONG] * 8 + [Answer.LOCKED] * 92)
        self.now += 6
        self.assertEqual(door.check(caller, {"token": TOKEN}).answer, Answer.OPEN)

    def test_missing_is_no_guess(self) -> None:
        """It costs nothing and counts for nothing."""
        door = self.door()
        for _ in range(50):
            self.assertEqual(door.check(self.caller("192.0.2.7", door), {"token": ""}).answer, Answer.MISSING)
        self.assertEqual(door.check(self.caller("192.0.2.7", door), {"token": TOKEN}).answer, Answer.OPEN)

    def test_new_limits(self) -> None:
        """Other limits hold at once."""
        section = GatewaySection(auth=AuthSection(rate_limit=RateLimitSection(max_attempts=1, exempt_loopback=False)))
        door = Door(lambda: section, lambda: self.now)
        door.use(auth.SharedSecret(auth.TOKEN, TOKEN))
        self.assertEqual(door.check(self.caller(), {"token": "wrong"}).hold_ms, 0)
        self.assertEqual(door.check(self.caller(), {"token": TOKEN}).answer, Answer.LOCKED)


class PairingTests(SynchronousTestCase):
    """Silent approval of devices."""

    def test_who_is_approved_without_being_asked_for(self) -> None:
        """A device of this machine with the secret; none that something forwards, none once a proxy is named."""
        for gateway, headers, fine in (
            ({}, {}, True),
            ({}, {"x-real-ip": "203.0.113.9"}, False),
            ({}, {"cf-connecting-ip": "203.0.113.9"}, False),
            ({}, {"host": "192.0.2.1:18789"}, False),
            ({"silentLocalPairing": False}, {}, False),
            ({"trustedProxies": ["10.0.0.1"]}, {}, False),
        ):
            house = House({"gateway": {"auth": {"token": TOKEN}, **gateway}})
            self.addCleanup(house.close)
            response = house.client(headers=headers).connect(DeviceKey(1), client=TUI)
            self.assertEqual(response["ok"], fine, (gateway, headers))
            if not fine:
                self.assertEqual(response["error"]["code"], "NOT_PAIRED")

    def test_scopes_without_a_device(self) -> None:
        """Only a program of this machine keeps them."""
        house = House()
        self.addCleanup(house.close)
        for headers, kept in (({}, True), ({"forwarded": "for=127.0.0.1"}, False)):
            hello = house.client(headers=headers).hello(scopes=["operator.read"])
            self.assertEqual(hello["auth"]["scopes"], ["operator.read"] if kept else [])

    def test_proxies_must_be_addresses(self) -> None:
        """A name is refused with its place in the file."""
        error = self.assertRaises(
            OpenClawConfigError, House, {"gateway": {"trustedProxies": ["10.0.0.1", "proxy.example"]}}
        )
        self.assertIn("gateway.trustedProxies[1]", str(error))


def answer(port: int, path: str, first: Any = None, headers: str = "") -> tuple[str, float]:
    """What a WebSocket is told (the refusal or the first word), and after how many seconds."""
    client = SocketClient(port, headers=headers, path=path)
    if b" 101 " not in client.head:
        return client.head.partition(b"\r\n")[0].decode(), 0.0
    begun = time.monotonic()
    if first is not None:
        client.send(first)
    frame = client.read()
    client.close()
    if isinstance(frame, tuple):
        return str(frame), time.monotonic() - begun
    error = frame.get("error", {})
    said = error.get("data", {}).get("reason") or error.get("message")
    text = frame.get("message") or said or frame.get("type")
    return text, time.monotonic() - begun


class EveryRoadTests(LiveTestCase):
    """A running server, over sockets: what one road learns all of them know."""

    config = {"gateway": {"auth": {"token": TOKEN, "rateLimit": {"maxAttempts": 3}}, "trustedProxies": ["127.0.0.1"]}}

    async def wrong(self, road: str, address: str) -> str:
        """Try a wrong secret from an address; what is answered."""
        forwarded = f"X-Forwarded-For: {address}\r\n"
        if road == "http":
            status, _, _ = await self.get("/v1/probe", Authorization="Bearer wrong", X_Forwarded_For=address)
            return str(status)
        if road == "connect":
            client = await self.in_thread(SocketClient, self.port, None, forwarded)
            frame = await self.in_thread(lambda: client.connect(auth={"token": "wrong"}))
            client.close()
            return str(frame["error"]["details"]["code"])
        path, first = {
            "jsonrpc": ("/jsonrpc", {"type": "gateway.hello", "authToken": "wrong"}),
            "mini": ("/mini?token=wrong", None),
        }[road]
        return (await self.in_thread(answer, self.port, path, first, forwarded))[0]

    async def right(self, address: str) -> dict[str, str]:
        """What each road answers to the right secret from an address."""
        forwarded = f"X-Forwarded-For: {address}\r\n"
        authorization = f"Bearer {TOKEN}"
        client = await self.in_thread(SocketClient, self.port, None, forwarded)
        frame = await self.in_thread(lambda: client.connect())
        client.close()
        hello = {"type": "gateway.hello", "authToken": TOKEN}
        return {
            "http": str((await self.get("/v1/probe", Authorization=authorization, X_Forwarded_For=address))[0]),
            "connect": "ok" if frame["ok"] else frame["error"]["details"]["code"],
            "jsonrpc": (await self.in_thread(answer, self.port, "/jsonrpc", hello, forwarded))[0],
            "mini": (await self.in_thread(answer, self.port, f"/mini?token={TOKEN}", None, forwarded))[0],
        }

    async def test_locked_on_one_road_locked_on_all(self) -> None:
        """Three wrong secrets over any road lock the forwarded address on every road, and no other address."""
        self.plane.http.add("/v1/probe", lambda request: request.finish(), bearer=True)
        for number, road in enumerate(("http", "connect", "jsonrpc", "mini")):
            address = f"203.0.113.{number}"
            said = [await self.wrong(road, address) for _ in range(4)]
            self.assertEqual(len(set(said[:3])), 1, said)
            self.assertNotEqual(said[3], said[0], road)
            self.assertEqual(
                await self.right(address),
                {
                    "http": "429",
                    "connect": "AUTH_RATE_LIMITED",
                    "jsonrpc": "unauthorized: too many failed authentication attempts (retry later)",
                    "mini": "too many failed authentication attempts",
                },
            )
        self.assertEqual(
            await self.right("203.0.113.99"),
            {"http": "200", "connect": "ok", "jsonrpc": "gateway.welcome", "mini": "connected"},
        )

    async def test_one_subscriber(self) -> None:
        """Addresses of one /64 are one guesser."""
        self.plane.http.add("/v1/probe", lambda request: request.finish(), bearer=True)
        said = [await self.wrong("http", f"2001:db8:1:2::{number}") for number in range(5)]
        self.assertEqual(said, ["401", "401", "401", "429", "429"])

    async def test_foreign_names(self) -> None:
        """A name that is not ours gets nothing on any road, whatever it knows."""
        self.plane.http.add("/v1/probe", lambda request: request.finish(), bearer=True)
        for path in ("/v1/probe", "/healthz", "/metrics", "/", "/__openclaw__/x"):
            status, _, body = await self.get(path, Host="evil.example:18789", Authorization=f"Bearer {TOKEN}")
            self.assertEqual((status, body["error"]["type"]), (403, "forbidden"), path)
        for path in ("/", "/jsonrpc", f"/mini?token={TOKEN}"):
            client = await self.in_thread(lambda path=path: SocketClient(self.port, path=path, host="evil.example"))
            self.assertIn(b" 403 ", client.head, path)
            client.close()
        self.plane.config.replace({"gateway": {**self.plane.config.tree["gateway"], "allowedHosts": ["evil.example"]}})
        self.assertEqual((await self.get("/healthz", Host="evil.example:18789"))[0], 200)


class HeldBackTests(LiveTestCase):
    """On loopback, where nobody is locked out."""

    async def test_every_road_waits(self) -> None:
        """Wrong secrets one after the other, each over another road: each answer takes twice as long."""
        self.plane.http.add("/v1/probe", lambda request: request.finish(), bearer=True)
        begun = time.monotonic()
        status = (await self.get("/v1/probe", Authorization="Bearer wrong"))[0]
        waited = [time.monotonic() - begun]
        hello = {"type": "gateway.hello", "authToken": "wrong"}
        said, seconds = await self.in_thread(answer, self.port, "/jsonrpc", hello)
        waited.append(seconds)
        told, seconds = await self.in_thread(answer, self.port, "/mini?token=wrong")
        waited.append(seconds)
        self.assertEqual((status, said, told), (401, "unauthorized: gateway token mismatch", "unauthorized"))
        for seconds, least in zip(waited, (0.25, 0.5, 1.0), strict=True):
            self.assertGreaterEqual(seconds, least * 0.9)
        begun = time.monotonic()
        self.assertEqual((await self.get("/v1/probe", Authorization=f"Bearer {TOKEN}"))[0], 200)
        self.assertLess(time.monotonic() - begun, 1.9)

    async def test_side_by_side(self) -> None:
        """Thirty guesses at once: eight are looked at."""
        self.plane.http.add("/v1/probe", lambda request: request.finish(), bearer=True)
        self.assertEqual(await self.in_thread(self.guess_at_once, 30), {b"401": 8, b"429": 22})

    def guess_at_once(self, count: int) -> dict[bytes, int]:
        """So many wrong secrets, each over its own socket; how often each status came."""
        sockets = [socket.create_connection(("127.0.0.1", self.port), 10) for _ in range(count)]
        for number, each in enumerate(sockets):
            each.sendall(b"GET /v1/probe HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %d\r\n\r\n" % number)
        statuses = Counter(each.recv(4096)[9:12] for each in sockets)
        for each in sockets:
            each.close()
        return dict(statuses)


class NoAuthenticationTests(LiveTestCase):
    """``auth.mode: none`` and a page whose name was made to point here."""

    config = {"gateway": {"auth": {"mode": "none"}}}

    async def test_rebinding(self) -> None:
        """Neither its requests nor its WebSockets are served; a program's of this machine are."""
        self.plane.http.add("/v1/probe", lambda request: request.finish(), bearer=True)
        self.assertEqual((await self.get("/v1/probe"))[0], 200)
        self.assertEqual((await self.get("/v1/probe", Host="evil.example:18789"))[0], 403)
        self.assertEqual((await self.get("/v1/probe", X_Forwarded_For="203.0.113.9"))[0], 403)
        for path in ("/", "/jsonrpc", "/mini"):
            client = await self.in_thread(lambda path=path: SocketClient(self.port, path=path, host="evil.example"))
            self.assertIn(b" 403 ", client.head, path)
            client.close()
