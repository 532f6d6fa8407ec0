"""Files of other servers, sent by their address: only where the operator lets people have this server fetch them."""

import re
from urllib.parse import unquote

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime

from teamgram.domain.errors import FloodWait
from teamgram.domain.files.errors import PhotoFileInvalid
from teamgram.domain.files.file import Attribute, Document, Photo
from teamgram.domain.files.files import Files
from teamgram.domain.files.uploads import Uploads
from teamgram.domain.web_pages.errors import ExternalFilesOff, PageNotFetched
from teamgram.domain.web_pages.fetching import Fetched, PageFetcher
from teamgram.domain.web_pages.settings import MAX_FETCHED
from teamgram.domain.web_pages.urls import page_url
from teamgram.net.token_buckets import Limit, TokenBuckets

FETCHES = Limit(10, 0.1)
"""Of one user."""
AT_ONCE = 4
MAX_PHOTO = 5 << 20
"""Bytes (core.telegram.org/bots/api#sending-files)."""

_IMAGES = ("image/",)
_FILES = ("image/", "video/", "audio/", "application/", "text/plain")
_NOT_IN_NAMES = re.compile(r"[^\w.() +-]")
_MAX_NAME = 100


class ExternalFiles:
    """Fetches them.

    Args:
        fetcher: asks strangers' servers; None: nothing is fetched.
    """

    def __init__(self, files: Files, uploads: Uploads, clock: IReactorTime, fetcher: PageFetcher | None) -> None:
        self._files = files
        self._uploads = uploads
        self._clock = clock
        self._fetcher = fetcher
        self._turns = DeferredSemaphore(AT_ONCE)
        self._budgets = TokenBuckets(FETCHES, 10_000)

    async def photo(self, user_id: int, url: str) -> Photo:
        """A photo of the picture at an address.

        Raises:
            ExternalFilesOff, PageUrlInvalid, PageNotFetched, FloodWait: it is not fetched.
            QuotaExceeded.
            PhotoFileInvalid: it is larger than ``MAX_PHOTO``.
            PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid, StorageFull: see ``Files.make_photo_of``.
        """
        found = await self._fetched(user_id, url, _IMAGES, MAX_PHOTO)
        if found.is_cut:
            raise PhotoFileInvalid
        return await self._files.make_photo_of(user_id, found.content)

    async def document(self, user_id: int, url: str, attributes: tuple[Attribute, ...] = ()) -> Document:
        """A document of the file at an address.

        Args:
            attributes: what it shall be besides its name.

        Raises:
            ExternalFilesOff, PageUrlInvalid, PageNotFetched, FloodWait: it is not fetched, or has no end.
            QuotaExceeded, StorageFull.
        """
        found = await self._fetched(user_id, url, _FILES, MAX_FETCHED)
        if found.is_cut or not found.content:
            raise PageNotFetched("too large, or empty")
        name = _NOT_IN_NAMES.sub("_", unquote(found.url.partition("?")[0].rpartition("/")[2]))[-_MAX_NAME:].strip()
        if name.strip("._ "):
            attributes = (*attributes, Attribute("filename", file_name=name))
        return await self._files.make_document_of(user_id, found.content, found.content_type, attributes)

    async def _fetched(self, user_id: int, url: str, kinds: tuple[str, ...], limit: int) -> Fetched:
        fetcher = self._fetcher
        if fetcher is None:
            raise ExternalFilesOff
        address = page_url(url)
        if wait := self._budgets.take(user_id, self._clock.seconds()):
            raise FloodWait(wait)
        found: Fetched = await self._turns.run(lambda: Deferred.fromCoroutine(fetcher.fetch(address, kinds, limit)))
        await self._uploads.check_room(user_id, len(found.content))
        return found
