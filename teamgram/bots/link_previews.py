"""``LinkPreviewOptions`` (core.telegram.org/bots/api#linkpreviewoptions): which page stands under a text."""

from dataclasses import dataclass
from typing import Any

from teamgram.bots.errors import bad_request
from teamgram.bots.parameters import Parameters
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.media import LinkPreview
from teamgram.domain.domain import Domain
from teamgram.domain.web_pages.errors import PageUrlInvalid


def _options(parameters: Parameters) -> Parameters:
    given = parameters.object("link_preview_options")
    if given is not None and not isinstance(given, dict):
        raise bad_request("can't parse link_preview_options JSON object: expected an Object")
    return parameters.inner(given or {})


@dataclass(frozen=True, slots=True)
class PreviewWishes:
    """How a bot wants the page under a text to be shown.

    Attributes:
        url: of the page; "": the first link in the text.
    """

    is_off: bool
    url: str
    large: bool
    small: bool
    above: bool


def preview_wishes(parameters: Parameters) -> PreviewWishes:
    """What a call, or an object in it, says of the page."""
    options = _options(parameters)
    large = options.flag("prefer_large_media")
    return PreviewWishes(
        options.flag("is_disabled") or parameters.flag("disable_web_page_preview"),
        options.text("url"),
        large,
        options.flag("prefer_small_media") and not large,
        options.flag("show_above_text"),
    )


def shows_above(parameters: Parameters) -> bool:
    """Whether what is shown beside a text stands above it."""
    return parameters.flag("show_caption_above_media") or preview_wishes(parameters).above


class GivenPreviews:
    """Looks pages up for bots."""

    def __init__(self, domain: Domain) -> None:
        self._previews = domain.previews

    async def under(
        self, bot_id: int, parameters: Parameters, text: str, entities: tuple[Entity, ...]
    ) -> LinkPreview | None:
        """What goes under a text as its bot wants it; None: nothing."""
        wishes = preview_wishes(parameters)
        if wishes.is_off or not self._previews.enabled:
            return None
        if wishes.url:
            try:
                page = await self._previews.page_of(bot_id, wishes.url)
            except PageUrlInvalid:
                return None
            return LinkPreview(page, wishes.large, wishes.small, manual=True) if page is not None else None
        found = await self._previews.of_text(bot_id, text, entities) if entities else None
        return LinkPreview(found.page, wishes.large, wishes.small, safe=True) if found is not None else None


def preview_options_json(preview: LinkPreview, *, above: bool) -> dict[str, Any]:
    """``LinkPreviewOptions`` as they were given; nothing where all are the usual ones."""
    told: dict[str, Any] = {"url": preview.page.url} if preview.manual else {}
    flags = {
        "prefer_small_media": preview.force_small,
        "prefer_large_media": preview.force_large,
        "show_above_text": above,
    }
    return told | {name: True for name, is_set in flags.items() if is_set}
