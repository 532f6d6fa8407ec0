"""Pages under messages: found by their links, fetched once, remembered, and told when they come."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.database import Database
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.media import LinkPreview, WebPage
from teamgram.domain.files.errors import (
    ImageInvalid,
    PhotoDimensionsInvalid,
    PhotoTypeInvalid,
    StorageFull,
    UploadsTooMany,
)
from teamgram.domain.files.file import Photo
from teamgram.domain.files.files import Files
from teamgram.domain.updates.events import WebPageCame
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.web_pages import store
from teamgram.domain.web_pages.errors import PageNotFetched, PageUrlInvalid
from teamgram.domain.web_pages.fetching import Fetched, PageFetcher
from teamgram.domain.web_pages.settings import PageSettings
from teamgram.domain.web_pages.summary import Summary, decoded, summary_of
from teamgram.domain.web_pages.urls import display_url, first_link, joined, page_url
from teamgram.net.token_buckets import Limit, TokenBuckets

FRESH, FRESH_EMPTY = 86_400, 3_600
"""Seconds for which a page is remembered, and that there was none."""
MAX_WAITING = 200
"""Pages whose turn has not come; what is more is not fetched."""
NEW_PAGES = Limit(30, 0.5)
"""Of one user, that nobody has asked for before."""
_REMEMBERED = 1000
KEEP = 7 * 86_400
"""Seconds after which a page is forgotten that nobody asked for again."""
SWEEP_EVERY = 3_600
_AT_ONCE = 200

_IMAGES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_PAGES = ("text/html", "application/xhtml+xml")


class LinkPreviews:
    """Everybody's links.

    Args:
        fetcher: asks strangers' servers; None: nothing is fetched.
    """

    _log = Logger()

    def __init__(
        self,
        database: Database,
        files: Files,
        fanout: Fanout,
        clock: IReactorTime,
        fetcher: PageFetcher | None = None,
        settings: PageSettings | None = None,
    ) -> None:
        self._database = database
        self._files = files
        self._fanout = fanout
        self._clock = clock
        self._fetcher = fetcher
        self._settings = settings or PageSettings()
        self._turns = DeferredSemaphore(self._settings.at_once)
        self._coming: dict[int, list[Deferred[WebPage]]] = {}
        self._running: dict[int, Deferred[Any]] = {}
        self._told: dict[int, set[int]] = {}
        self._known: OrderedDict[str, tuple[WebPage, int]] = OrderedDict()
        self._budgets = TokenBuckets(NEW_PAGES, 10_000)
        self._rounds = LoopingCall(lambda: Deferred.fromCoroutine(self.sweep()).addErrback(self._failed))

    @property
    def enabled(self) -> bool:
        """Whether anything is fetched."""
        return self._fetcher is not None

    def start(self) -> None:
        """Fetch what messages still wait for, and forget old pages from now on."""
        self._rounds.clock = self._clock
        self._rounds.start(SWEEP_EVERY, now=False)
        if self._fetcher is not None:
            Deferred.fromCoroutine(self._go_on()).addErrback(self._failed)

    async def _go_on(self) -> None:
        for page in await self._database.read("awaited pages", store.awaited_txn, MAX_WAITING):
            self._fetch(page)

    def rest(self) -> None:
        """Forget no old pages, until the next ``start``: another process does."""
        if self._rounds.running:
            self._rounds.stop()

    async def stop(self) -> None:
        """Fetch no more; before the database closes. What is waited for is fetched at the next start."""
        self._fetcher = None
        if self._rounds.running:
            self._rounds.stop()
        for one in list(self._running.values()):
            one.cancel()
        while self._running:
            await next(iter(self._running.values()))

    async def sweep(self) -> int:
        """Forget pages that nobody asked for in a while; how many."""
        now, total = int(self._clock.seconds()), 0
        for drop, before in ((store.drop_old_txn, now - KEEP), (store.drop_unfetched_txn, now - FRESH)):
            dropped = _AT_ONCE
            while dropped == _AT_ONCE:
                urls = await self._database.write("drop old pages", drop, before, _AT_ONCE)
                for url in urls:
                    self._known.pop(url, None)
                dropped = len(urls)
                total += dropped
        return total

    # Finding

    async def of_text(self, user_id: int, text: str, entities: Sequence[Entity]) -> LinkPreview | None:
        """What goes under a text: the page of its first link, or that it is on its way; None: nothing."""
        link = first_link(text, entities) if self._fetcher is not None else None
        page = await self._page(user_id, link) if link is not None else None
        return LinkPreview(page, safe=True) if page is not None else None

    async def page_of(self, user_id: int, url: str, seconds: float = 0) -> WebPage | None:
        """The page at an address, or that it is on its way; None: there is nothing to show.

        Args:
            user_id: whose wish it is; who else must hear of it when it comes.
            seconds: how long to wait for it.

        Raises:
            PageUrlInvalid: that is no address.
        """
        if self._fetcher is None:
            return None
        page = await self._page(user_id, page_url(url))
        if page is None or not page.pending_since:
            return page
        if seconds:
            waiter: Deferred[WebPage] = Deferred()
            self._coming.setdefault(page.id, []).append(waiter)
            self._fetch(page)
            waiter.addTimeout(seconds, self._clock)
            try:
                page = await waiter
            except CancelledError:
                raise
            except Exception:
                self._told.setdefault(page.id, set()).add(user_id)
                return page
            return None if page.is_empty else page
        self._fetch(page)
        return page

    async def _page(self, user_id: int, url: str) -> WebPage | None:
        now = int(self._clock.seconds())
        known = self._known.get(url) or await self._database.read("web page", store.page_txn, url)
        if known is not None:
            page, fetched_at = known
            self._remember(page, fetched_at)
            if fetched_at == 0 and page.id in self._running:
                return page
            if fetched_at > now - (FRESH_EMPTY if page.is_empty else FRESH):
                return None if page.is_empty else page
        if self._budgets.take(user_id, now) or len(self._running) >= MAX_WAITING:
            return None
        if known is not None and fetched_at and not page.is_empty:
            # An old one is better than none; the next message has the new one.
            self._fetch(page)
            return page
        new = WebPage(secrets.randbits(62) + 1, url, display_url(url), pending_since=now)
        page = await self._database.write("new web page", store.new_page_txn, new)
        self._remember(page, 0)
        return page

    def _remember(self, page: WebPage, fetched_at: int) -> None:
        self._known[page.url] = page, fetched_at
        self._known.move_to_end(page.url)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def has_photo(self, user_id: int, page_id: int, photo_id: int) -> bool:
        """Whether that is the picture of that page, which is anybody's."""
        return await self._database.read("photo of page", store.has_photo_txn, page_id, photo_id)

    # Fetching

    def fetch_pending(self, preview: LinkPreview | None) -> None:
        """A message was sent: now its page may come."""
        if preview is None or not preview.page.pending_since or self._fetcher is None:
            return
        known = self._known.get(preview.page.url)
        if known is not None and known[1] and known[0].id == preview.page.id:
            # It came while the message was on its way.
            Deferred.fromCoroutine(self._came(known[0])).addErrback(self._failed)
        else:
            self._fetch(preview.page)

    def _fetch(self, page: WebPage) -> None:
        if page.id in self._running or self._fetcher is None:
            return
        running = self._turns.run(lambda: Deferred.fromCoroutine(self._fetch_and_tell(page)))
        self._running[page.id] = running
        running.addErrback(self._failed)
        running.addCallback(lambda fetched: self._ended(page.id, fetched))

    def _ended(self, page_id: int, fetched: WebPage | None) -> None:
        # Last of all: who waits may go on to anything, also to the end of this object.
        self._running.pop(page_id, None)
        for waiter in self._coming.pop(page_id, ()):
            if not waiter.called and fetched is not None:
                waiter.callback(fetched)
            elif not waiter.called:
                waiter.errback(PageNotFetched("cut off"))

    async def _fetch_and_tell(self, page: WebPage) -> WebPage:
        fetched = await self._fetched(page)
        if self._fetcher is None:
            # It was cut off, which says nothing about the page.
            raise CancelledError
        await self._came(fetched)
        return fetched

    async def _came(self, fetched: WebPage) -> None:
        now = int(self._clock.seconds())
        owners = await self._database.write("web page came", store.came_txn, fetched, now)
        self._remember(fetched, now)
        told = sorted({*owners, *self._told.pop(fetched.id, ())})
        if told:
            self._fanout.publish(told, WebPageCame(fetched))

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError) is None:  # type: ignore[no-untyped-call]
            self._log.failure("a page could not be looked at", failure=failure)

    async def _fetched(self, page: WebPage) -> WebPage:
        """The page as it is now; an empty one when it cannot be had."""
        fetcher = self._fetcher
        nothing = WebPage(page.id, page.url, page.shown_url)
        if fetcher is None:
            raise CancelledError
        try:
            found = await fetcher.fetch(page.url, _PAGES + _IMAGES, self._settings.page_bytes)
            if found.content_type.startswith("image/"):
                photo = await self._photo(page.url, found)
                return WebPage(page.id, page.url, page.shown_url, "photo", photo=photo) if photo else nothing
        except PageNotFetched:
            return nothing
        summary = summary_of(decoded(found.content, found.charset))
        if not summary.title and not summary.description:
            return nothing
        return WebPage(
            page.id,
            page.url,
            page.shown_url,
            "article",
            summary.site_name or display_url(found.url).partition("/")[0].removeprefix("www."),
            summary.title,
            summary.description,
            summary.author,
            await self._picture(found, summary),
            large=summary.large,
        )

    async def _picture(self, found: Fetched, summary: Summary) -> Photo | None:
        if not summary.image:
            return None
        try:
            return await self._photo(joined(found.url, summary.image), None)
        except (PageUrlInvalid, PageNotFetched):
            return None

    async def _photo(self, url: str, found: Fetched | None) -> Photo | None:
        fetcher = self._fetcher
        if found is None or found.is_cut:
            if fetcher is None:
                raise CancelledError
            found = await fetcher.fetch(url, _IMAGES, self._settings.image_bytes)
        if found.is_cut or not found.content:
            return None
        try:
            return await self._files.make_photo_of(0, found.content)
        except (PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid, StorageFull, UploadsTooMany):
            return None
