"""Pages that links lead to: asked for while a message is written, and chosen for it."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.messages.compose import captioned
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.boxes.media import LinkPreview
from teamgram.domain.files.references import IN_WEB_PAGE, Origin
from teamgram.domain.web_pages.errors import PageUrlInvalid
from teamgram.domain.web_pages.urls import first_link
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_AT_ONCE = 2.0
"""Seconds that somebody who is writing waits; later the page comes as an update."""
_CHOSEN = 8.0
"""Seconds that one waits who wants that page under a message, or the page itself."""


async def chosen_preview(shared: Shared, caller: RpcMetadata, view: Any) -> LinkPreview | None:
    """What ``inputMediaWebPage`` wants under a message; None where it does not insist.

    Raises:
        RpcError: ``WEBPAGE_MEDIA_EMPTY``: there is no such page.
    """
    try:
        page = await shared.domain.previews.page_of(caller.user_id, view.url, seconds=0 if view.optional else _CHOSEN)
    except PageUrlInvalid:
        page = None
    if page is None or (page.pending_since and not view.optional):
        if view.optional:
            return None
        raise bad_request("WEBPAGE_MEDIA_EMPTY")
    return LinkPreview(
        page,
        force_large=view.force_large_media,
        force_small=view.force_small_media and not view.force_large_media,
        manual=True,
    )


class WebPages(RpcService):
    """Pages."""

    name = "RPCWebPage"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.getWebPagePreview")
    async def get_preview(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getWebPagePreview#570d6f6f flags:# message:string entities:flags.3?... = ..."""
        shared = self._shared
        text, entities, _ = await captioned(shared, caller, query.message, query.entities)
        url = first_link(text, entities)
        page = await shared.domain.previews.page_of(caller.user_id, url, _AT_ONCE) if url is not None else None
        if page is None:
            media = tl.messageMediaEmpty()
        else:
            media = shared.updates.files.previewed(LinkPreview(page), Origin(IN_WEB_PAGE, page.id))
        return tl.messages.webPagePreview(media=media, chats=[], users=[])

    @rpc("messages.getWebPage")
    async def get_page(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getWebPage#8d9692a3 url:string hash:int = messages.WebPage"""
        page = await self._shared.domain.previews.page_of(caller.user_id, query.url, _CHOSEN)
        if page is None:
            view = tl.webPageEmpty(id=0, url=query.url[:2048])
        elif query.hash and query.hash == page.hash:
            view = tl.webPageNotModified()
        else:
            view = self._shared.updates.files.web_page(page)
        return tl.messages.webPage(webpage=view, chats=[], users=[])
