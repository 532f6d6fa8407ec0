"""Taking everything that was written in a group from everybody: for an operator who must act."""

from teamgram.database import Database, Transaction
from teamgram.domain.chats import store as chat_store
from teamgram.domain.ids.peer import chat_id_of, is_chat
from teamgram.domain.messages import deleting
from teamgram.domain.updates.fanout import Fanout

_AT_ONCE = 20
"""Contents that one transaction takes from all boxes."""


class Wiping:
    """Deletes histories for everybody, step by step."""

    def __init__(self, database: Database, fanout: Fanout) -> None:
        self._database = database
        self._fanout = fanout

    async def wipe(self, peer: int, now: int) -> int:
        """Delete all that was written in a group or channel (marked id); how many messages that were."""
        owners = [peer]
        if is_chat(peer):
            chat = await self._database.read("group to wipe", chat_store.whole_chat_txn, chat_id_of(peer))
            owners = sorted(chat.participants) if chat is not None else []
        wiped = 0
        for owner_id in owners:
            while contents := await self._database.read("contents to wipe", _contents_txn, owner_id, peer):
                await self._database.write("wipe", deleting.end_txn, self._fanout, contents, now)
                wiped += len(contents)
        return wiped


def _contents_txn(txn: Transaction, owner_id: int, peer: int) -> tuple[int, ...]:
    txn.execute(
        "SELECT content_id FROM messages WHERE owner_id = ? AND peer = ? ORDER BY id DESC LIMIT ?",
        (owner_id, peer, _AT_ONCE),
    )
    return tuple(row[0] for row in txn.fetchall())
