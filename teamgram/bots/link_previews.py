"""``LinkPreviewOptions`` (core.telegram.org/bots/api#linkpreviewoptions): which page stands under a text."""

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


def shows_above(parameters: Parameters) -> bool:
    """Whether what is shown beside a text stands above it."""
    return parameters.flag("show_caption_above_media") or _options(parameters).flag("show_above_text")


class GivenPreviews:
    """Looks pages up for bots."""

    def __init__(self, domain: Domain) -> None:
        self._previews = domain.previews

    async def under(
        self, bot_id: int, parameters: Parameters, text: str, entities: tuple[Entity, ...]
    ) -> LinkPreview | None:
        """What goes under a text as its bot wants it; None: nothing."""
        options = _options(parameters)
        is_off = options.flag("is_disabled") or parameters.flag("disable_web_page_preview")
        if is_off or not self._previews.enabled:
            return None
        large = options.flag("prefer_large_media")
        small = options.flag("prefer_small_media") and not large
        if options.has("url"):
            try:
                page = await self._previews.page_of(bot_id, options.text("url"))
            except PageUrlInvalid:
                return None
            return LinkPreview(page, large, small, manual=True) if page is not None else None
        found = await self._previews.of_text(bot_id, text, entities) if entities else None
        return LinkPreview(found.page, large, small, safe=True) if found is not None else None


def preview_options_json(preview: LinkPreview, *, above: bool) -> dict[str, Any]:
    """``LinkPreviewOptions`` as they were given; nothing where all are the usual ones."""
    told: dict[str, Any] = {"url": preview.page.url} if preview.manual else {}
    flags = {
        "prefer_small_media": preview.force_small,
        "prefer_large_media": preview.force_large,
        "show_above_text": above,
    }
    return told | {name: True for name, is_set in flags.items() if is_set}
