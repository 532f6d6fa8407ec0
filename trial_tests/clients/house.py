"""What every client test begins with: a server on one of the two backends, and people who sign in to it."""

import shutil
import socket
import tempfile
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, ClassVar

from twisted.internet import defer

from teamgram.clients.pointing import Server, point_at
from trial_tests.backends import BackendTestCase, service
from trial_tests.clients.cluster import KeptCluster, RunningCluster, is_wanted
from trial_tests.clients.kept_server import KeptServer
from trial_tests.clients.process import LIBRARIES, PROJECT, ClientProcess, start_client
from trial_tests.clients.server import RunningServer

FIXED_CODE = "12345"


def _empty_redis(address: str) -> None:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(64).startswith(b"+OK")


class HouseTestCase(BackendTestCase):
    """A running server and a way to invite people; everything is gone after the test.

    ``on_every_backend`` makes the twin that runs on MariaDB and Redis.

    Attributes:
        one_server: all tests of the class come to one server, each with people of its own; else each has its own.
        server_class, kept_class: what that is.
    """

    timeout = 240.0
    dc_id = 2
    libraries = LIBRARIES
    one_server = False
    server_class: ClassVar[type[RunningServer]] = RunningCluster if is_wanted() else RunningServer
    kept_class: ClassVar[type[KeptServer]] = KeptCluster if is_wanted() else KeptServer
    server: RunningServer
    _phones = 0
    _kept: ClassVar[tuple[type["HouseTestCase"], KeptServer] | None] = None

    async def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.directory = Path(tempfile.mkdtemp(prefix="teamgram-house-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.clients: list[ClientProcess] = []
        if self.one_server:
            self.server = self._kept_server()
            self.addCleanup(lambda: defer.Deferred.fromCoroutine(self._close()))
            return
        dsn, _ = self.new_place()
        # Behind the database's own: what is added last is done first, and the server writes until it is gone.
        self.addCleanup(lambda: defer.Deferred.fromCoroutine(self._close()))
        self.server = self.server_class(reactor, self.directory, dsn, self._redis(), self.dc_id)
        self.configure()
        await self.server.start()

    def _redis(self) -> str:
        if not self.on_servers:
            return ""
        redis = service("TEAMGRAM_TEST_REDIS")
        _empty_redis(redis)
        return redis

    def _kept_server(self) -> KeptServer:
        """The one of this class, started by its first test; the one of the class before ends then."""
        kept = HouseTestCase._kept
        if kept is None or kept[0] is not type(self):
            if kept is not None:
                HouseTestCase._kept = None
                kept[1].stop()
            server = self.kept_class(self.reactor, self.database_to_keep(), self._redis(), self.dc_id)
            self.server = server
            self.configure()
            server.start_and_wait()
            HouseTestCase._kept = kept = type(self), server
        return kept[1]

    def configure(self) -> None:
        """What a test wants otherwise in the server's configuration, before it starts."""

    async def _close(self) -> None:
        for client in self.clients:
            await client.stop()
        if isinstance(self.server, KeptServer):
            output = self.server.said_since()
        else:
            await self.server.terminate()
            output = self.server.output
        trouble = [line for line in output.splitlines() if "Traceback" in line or "Unhandled" in line]
        self.assertEqual(trouble, [], output[-6000:])

    def phone(self) -> str:
        """A number that nobody has signed up with yet."""
        HouseTestCase._phones += 1
        return f"1555{1000000 + HouseTestCase._phones}"

    async def connect(
        self, library: str, name: str, transport: str = "", session: bool = False, port: int = 0, **options: Any
    ) -> ClientProcess:
        """A connected client; with ``session`` its key is kept in a file named after it."""
        client = await start_client(self.reactor, self.libraries[library], f"{name} ({library})")
        self.clients.append(client)
        if transport:
            options["transport"] = transport
        if session or library == "tdlib":
            options["session"] = str(self.directory / name)
        if "pyrogram_driver.py" in self.libraries[library]:
            options["fingerprint"] = self.server.fingerprint
        if not port:
            ports = {"http": self.server.http_port, "websocket": self.server.websocket_port}
            port = ports.get(transport, self.server.port)
        if library == "tdlib":
            (self.directory / name).mkdir(exist_ok=True)
            copy = self._tdlib(name, port)
            await client.do("connect", library=str(copy), **options)
            copy.unlink()
        else:
            await client.do("connect", host="127.0.0.1", port=port, key=self.server.public_key, **options)
        return client

    def _tdlib(self, name: str, port: int) -> Path:
        """A copy of TDLib's library that comes to that port with the server's key."""
        [original] = PROJECT.glob(".test/tdlib/lib/python*/site-packages/tdjson.libs/libtdjson*")
        server = Server(IPv4Address("127.0.0.1"), port, self.server.public_key.encode())
        copy = self.directory / f"{name}.libtdjson.so"
        copy.write_bytes(point_at(original.read_bytes(), server)[0])
        return copy

    async def sign_up(self, library: str, name: str, transport: str = "", **options: Any) -> ClientProcess:
        """A connected client of a new user of that name; ``client.user`` and ``client.phone`` say who."""
        client = await self.connect(library, name, transport, **options)
        client.phone = self.phone()
        client.user = await client.do("sign_in", phone=client.phone, code=FIXED_CODE, first_name=name)
        return client

    async def acquaint(self, *clients: ClientProcess) -> None:
        """Everybody has everybody among their contacts."""
        for one in clients:
            for other in clients:
                if one is not other:
                    await one.do("import_contact", phone=other.phone, first_name=other.user["first_name"])


#: What Node libraries were installed into.
_NODE_MODULES = {"gramjs": ".test/node/node_modules/telegram", "mtcute": ".test/node/node_modules/@mtcute/node"}


def have(library: str) -> bool:
    """Whether ``make test`` has set that library up."""
    wanted = [LIBRARIES[library][0], _NODE_MODULES.get(library, "")]
    return all((PROJECT / path).exists() for path in wanted)
