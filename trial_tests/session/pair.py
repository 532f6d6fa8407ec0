"""One session and its client, with numbers for time."""

from collections.abc import Iterable

from teamgram.session import service_messages as wire
from teamgram.session.counts import SessionCounts
from teamgram.session.salts import ServerSalts
from teamgram.session.session import Session
from teamgram.session.settings import SessionSettings
from trial_tests.session.fakes import (
    NOW,
    SALT,
    ClientCore,
    Received,
    ping,
    salts,
    unpack,
)

SECOND = 1 << 32


class Pair:
    """A session and the client's side of it, at a time that the test moves."""

    def __init__(self, **changes: float) -> None:
        self.now = NOW
        self.session = Session(9, 4242, ServerSalts(salts()), SessionSettings(**changes), SessionCounts())  # type: ignore[arg-type]
        self.client = ClientCore(lambda: self.now)

    def deliver(self, payload: bytes, salt: int = SALT) -> None:
        self.session.receive(payload, salt, self.now)

    def send(self, body: bytes, *, content_related: bool = True, salt: int = SALT, msg_id: int | None = None) -> int:
        msg_id, payload = self.client.message(body, content_related=content_related, msg_id=msg_id)
        self.deliver(payload, salt)
        return msg_id

    def events(self) -> list[object]:
        return list(iter(self.session.next_event, None))

    def received(self) -> list[Received]:
        return unpack(list(iter(lambda: self.session.packet(self.now), None)))

    def began(self) -> "Pair":
        """With the first message, and the notice of the new session, out of the way."""
        self.send(ping())
        (created, _) = self.received()
        self.ack(created.msg_id)
        return self

    def ack(self, *msg_ids: int) -> None:
        self.send(wire.msgs_ack(msg_ids), content_related=False)

    def bad_msgs(self) -> list[tuple[int, int, int]]:
        return [one.bad_msg() for one in self.received() if one.constructor_id == wire.BAD_MSG_NOTIFICATION]


def constructors(messages: Iterable[Received]) -> list[int]:
    return [one.constructor_id for one in messages]
