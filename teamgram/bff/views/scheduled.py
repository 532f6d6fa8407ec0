"""What happens to messages that wait, as ``Update``."""

from typing import Any

from teamgram.bff.views.media import FileViews
from teamgram.bff.views.messages import message_view, peer_view, peers_in
from teamgram.domain.scheduled.scheduled import ScheduledMessages
from teamgram.domain.updates.events import ScheduledChanged
from teamgram.mtproto.tl import tl


class ScheduledUpdates:
    """Renders ``ScheduledChanged``."""

    def __init__(self, scheduled: ScheduledMessages, files: FileViews) -> None:
        self._scheduled = scheduled
        self._files = files

    def handles(self, event: object) -> bool:
        """Whether ``render`` knows this kind of event."""
        return isinstance(event, ScheduledChanged)

    async def render(self, viewer_id: int, event: Any) -> tuple[list[Any], tuple[int, ...]]:
        """(each ``Update``, whom the message names) for who wrote it."""
        found = await self._scheduled.get(viewer_id, event.peer, [event.id])
        if not found:
            # Sent or deleted meanwhile, which is told as well.
            gone = tl.updateDeleteScheduledMessages(peer=peer_view(event.peer), messages=[event.id])
            return [gone], ()
        updates = [tl.updateNewScheduledMessage(message=message_view(one, self._files)) for one in found]
        return updates, tuple(sorted(peers_in(found)))
