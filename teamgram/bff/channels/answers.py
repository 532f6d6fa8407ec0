"""What who changed something about a channel is answered."""

from typing import Any

from teamgram.bff.shared import Shared
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.ids.peer import marked_channel
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


async def told(shared: Shared, caller: RpcMetadata, channel_id: int, change: OwnChange | None = None) -> Any:
    """``updates`` with the channel as it is for the caller now, and the post that says what happened."""
    if change is not None:
        updates = await shared.updates.answer(change)
    else:
        updates = nothing_told(shared)
        _, updates.chats = await shared.peers(caller.user_id, {marked_channel(channel_id)})
    updates.updates.insert(0, tl.updateChannel(channel_id=channel_id))
    return updates


def nothing_told(shared: Shared) -> Any:
    """``updates`` with nothing in it."""
    return tl.updates(updates=[], users=[], chats=[], date=shared.now(), seq=0)
