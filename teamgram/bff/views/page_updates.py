"""Pages that came, as ``Update``."""

from typing import Any

from teamgram.bff.views.media import FileViews
from teamgram.domain.boxes.difference import UpdateLog
from teamgram.domain.updates.events import WebPageCame
from teamgram.mtproto.tl import tl


class PageUpdates:
    """Renders ``WebPageCame``."""

    def __init__(self, log: UpdateLog, files: FileViews) -> None:
        self._log = log
        self._files = files

    def handles(self, event: object) -> bool:
        """Whether ``render`` knows this kind of event."""
        return isinstance(event, WebPageCame)

    async def render(self, viewer_id: int, event: Any) -> tuple[list[Any], tuple[int, ...]]:
        """(the ``Update``, nobody) for one viewer."""
        # It takes no pts: whoever is not here finds the page in the message.
        pts = (await self._log.state(viewer_id)).pts
        return [tl.updateWebPage(webpage=self._files.web_page(event.page), pts=pts, pts_count=0)], ()
