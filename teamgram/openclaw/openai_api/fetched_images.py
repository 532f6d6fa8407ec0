"""Pictures that a program names by address: fetched here, from public addresses alone, where the operator lets it."""

import base64
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from teamgram.domain.web_pages.errors import PageNotFetched, PageUrlInvalid
from teamgram.domain.web_pages.fetching import PageFetcher
from teamgram.domain.web_pages.urls import page_url
from teamgram.openclaw.config.sections import EndpointSection
from teamgram.openclaw.openai_api.conversation import MAX_IMAGES, BadConversation

SECONDS = 10.0


class FetchedImages:
    """Fetches them."""

    def __init__(self, fetcher: PageFetcher) -> None:
        self._fetcher = fetcher

    async def put_in(self, messages: Any, section: EndpointSection) -> None:
        """Put ``data:`` URLs in the place of addresses, in what ``messages`` or ``input`` of a request holds.

        Raises:
            BadConversation: they may not be fetched, are no pictures, too many or too large, or cannot be had.
        """
        found = [part for part in _parts(messages) if _address(part)]
        if not found:
            return
        if not section.images.allow_url:
            raise BadConversation(
                "images are taken as data: URLs in base64; addresses only with images.allowUrl of this endpoint"
            )
        if len(found) > min(MAX_IMAGES, section.max_url_parts):
            raise BadConversation(f"at most {min(MAX_IMAGES, section.max_url_parts)} images by address")
        for part in found:
            url = await self._data_url(_address(part), section)
            part["image_url"] = {**part["image_url"], "url": url} if isinstance(part["image_url"], dict) else url

    async def _data_url(self, text: str, section: EndpointSection) -> str:
        images = section.images
        try:
            url = page_url(text)
            host = urlsplit(url).hostname or ""
            if images.url_allowlist and not any(fnmatchcase(host, name.lower()) for name in images.url_allowlist):
                raise BadConversation("images of that host are not allowed")
            got = await self._fetcher.fetch(url, tuple(images.allowed_mimes) or ("image/",), images.max_bytes)
        except PageUrlInvalid:
            raise BadConversation("an image's address must be an http or https URL on the Internet") from None
        except PageNotFetched as error:
            raise BadConversation(f"an image could not be fetched: {error}") from None
        kind = got.content_type.lower()
        if not kind.startswith("image/"):
            raise BadConversation("what lies at an image's address is no image")
        if got.is_cut:
            raise BadConversation(f"an image is larger than {images.max_bytes} bytes")
        return f"data:{kind};base64,{base64.b64encode(got.content).decode()}"


def _parts(messages: Any) -> Iterator[dict[str, Any]]:
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) else None
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") in ("image_url", "input_image"):
                yield part


def _address(part: dict[str, Any]) -> str:
    where = part.get("image_url")
    url = where.get("url") if isinstance(where, dict) else where
    return url if isinstance(url, str) and url[:8].lower().startswith(("http://", "https://")) else ""
