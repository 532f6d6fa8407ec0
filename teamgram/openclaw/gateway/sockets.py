"""From an upgraded socket to a client that is listened to: which dialect it speaks."""

from teamgram.openclaw.gateway.connection import Connection, Dialect, Opening, Transport
from teamgram.openclaw.gateway.dialects.desk import Desk
from teamgram.openclaw.gateway.dialects.jsonrpc import JsonRpc
from teamgram.openclaw.gateway.dialects.mini import Mini
from teamgram.openclaw.gateway.dialects.protocol4 import Protocol4
from teamgram.openclaw.gateway.door import Visitor
from teamgram.openclaw.gateway.handshake import Handshake


class Sockets:
    """Gives each its dialect.

    Attributes:
        reactor, door: for whoever opens them.
    """

    def __init__(self, desk: Desk, handshake: Handshake) -> None:
        self.reactor = desk.lifetime.reactor
        self.door = desk.door
        self._desk = desk
        self._handshake = handshake

    def is_full(self, caller: Visitor) -> bool:
        """Whether no more are taken now, or none of that network."""
        reception = self._desk.reception
        too_many = reception.waiting_from(caller.network) >= reception.max_handshakes_per_ip
        return self._desk.lifetime.draining or too_many

    def connect(self, transport: Transport, opening: Opening, accept: bytes, *, mini: bool = False) -> Connection:
        """A WebSocket was opened; ``accept`` is the HTTP answer that says so and goes out first."""
        desk = self._desk
        connection = Connection(desk.reception, transport, opening)
        connection.outbox.add_frame(accept)
        path = opening.path.partition("?")[0]
        dialect: Dialect
        if mini or (path == "/mini" and desk.config.sections.mini.enabled):
            dialect = Mini(connection, desk, own_port=mini)
        elif path == "/jsonrpc":
            dialect = JsonRpc(connection, desk)
        else:
            dialect = Protocol4(connection, desk, self._handshake)
        connection.dialect = dialect
        desk.reception.add(connection)
        dialect.opened()
        return connection
