"""From a result that somebody has chosen to the message that they send."""

import secrets

from teamgram.domain.bots.errors import InlineResultsInvalid
from teamgram.domain.bots.inline import Choice
from teamgram.domain.bots.inline_results import InlineMessage, InlineResult, WebFile
from teamgram.domain.boxes.media import LinkPreview, Media
from teamgram.domain.boxes.message import Extra
from teamgram.domain.files.file import Attribute
from teamgram.domain.web_pages.errors import PageUrlInvalid
from teamgram.domain.web_pages.external import ExternalFiles
from teamgram.domain.web_pages.previews import LinkPreviews


class InlineMessages:
    """Makes them; what a bot offered by its address is fetched now."""

    def __init__(self, external: ExternalFiles, previews: LinkPreviews) -> None:
        self._external = external
        self._previews = previews

    async def extra(self, user_id: int, choice: Choice, *, silent: bool = False) -> Extra:
        """All of the message besides its text.

        Raises:
            InlineResultsInvalid: the result has neither a text nor anything else.
            ExternalFilesOff, PageUrlInvalid, PageNotFetched, PhotoTypeInvalid, …: see ``ExternalFiles``.
        """
        result, message = choice.result, choice.result.message
        media = await self._media(user_id, result)
        if media is None and not message.text:
            raise InlineResultsInvalid(result.id)
        return Extra(
            entities=message.entities,
            silent=silent,
            invert_media=message.above,
            reply_markup=message.reply_markup,
            media=media,
            preview=await self._preview(user_id, message) if media is None else None,
            via_bot_id=choice.bot_id,
            via_key=secrets.randbits(62) + 1,
        )

    async def _media(self, user_id: int, result: InlineResult) -> Media | None:
        message = result.message
        if not message.auto:
            return message.media
        if result.photo is not None:
            return Media(photo=result.photo)
        if result.document is not None:
            return Media(document=result.document)
        content = result.content
        if content is None:
            return None
        if result.kind == "photo":
            return Media(photo=await self._external.photo(user_id, content.url))
        return Media(document=await self._external.document(user_id, content.url, _attributes(result.kind, content)))

    async def _preview(self, user_id: int, message: InlineMessage) -> LinkPreview | None:
        if message.no_page or not self._previews.enabled:
            return None
        if not message.link:
            found = await self._previews.of_text(user_id, message.text, message.entities) if message.entities else None
            return LinkPreview(found.page, message.large, message.small, safe=True) if found is not None else None
        try:
            page = await self._previews.page_of(user_id, message.link)
        except PageUrlInvalid:
            return None
        return LinkPreview(page, message.large, message.small, manual=True) if page is not None else None


def _attributes(kind: str, content: WebFile) -> tuple[Attribute, ...]:
    """What a file of another server is, as its bot says."""
    seconds = float(content.seconds)
    if kind == "gif":
        video = Attribute("video", w=content.w, h=content.h, seconds=seconds, nosound=True)
        return (Attribute("animated"), video) if content.mime_type == "video/mp4" else (Attribute("animated"),)
    if kind == "video":
        return (Attribute("video", w=content.w, h=content.h, seconds=seconds, supports_streaming=True),)
    if kind == "audio":
        return (Attribute("audio", seconds=seconds, title=content.title, performer=content.performer),)
    if kind == "voice":
        return (Attribute("audio", seconds=seconds, voice=True),)
    return ()
