"""What tests of service messages watch and ask for."""

from typing import Any

from teamgram.mtproto.tl import encode, tl
from trial_tests.conformance.house import ConformanceCase
from trial_tests.peer.calls import PeerSession

PING = encode(tl.ping(ping_id=7))
GET_CONFIG = encode(tl.help.getConfig())
GET_USERS = encode(tl.users.getUsers(id=[]))
RPC_RESULT = 0xF35C6D01
ACK = 0x62D6B459
PONG = 0x347773C5


def history(peer: Any, limit: int = 100) -> Any:
    """A request that the database answers, so that it is under way for a while."""
    return tl.messages.getHistory(
        peer=peer, offset_id=0, offset_date=0, add_offset=0, limit=limit, max_id=0, min_id=0, hash=0
    )


class Watching(ConformanceCase):
    def watch(self, session: PeerSession) -> list[Any]:
        """Every message of the server's from now on, answers too."""
        seen: list[Any] = []
        take = session.take

        def watched(messages: Any) -> None:
            messages = list(messages)
            seen.extend(messages)
            take(messages)

        session.take = watched  # type: ignore[method-assign]
        return seen
