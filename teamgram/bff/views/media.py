"""Documents, photos and other media as TL objects, with references for where they are given."""

from typing import Any

from twisted.internet.interfaces import IReactorTime

from teamgram.domain.boxes.media import LinkPreview, Media, Place, WebPage
from teamgram.domain.files.file import Attribute, Avatar, Document, Photo, PhotoSize
from teamgram.domain.files.references import (
    IN_CONTENT,
    IN_SCHEDULED,
    IN_STICKER_SET,
    IN_WEB_PAGE,
    OF_CHANNEL,
    OF_GROUP,
    ON_PROFILE,
    SAVED_BY,
    TO_UPLOADER,
    FileReferences,
    Origin,
)
from teamgram.mtproto.tl import tl

_PAGE_SECONDS = 15
"""After which clients ask again for a page that has not come."""
_LARGE = 320
"""Pixels that a picture must be wide or high to be shown large."""
_MOVING = "application/x-tgsticker"


def _size_views(stripped: bytes, sizes: tuple[PhotoSize, ...]) -> list[Any]:
    views = [tl.photoSize(type=one.type, w=one.w, h=one.h, size=one.size) for one in sizes]
    return [tl.photoStrippedSize(type="i", bytes=stripped), *views] if stripped else views


def _video_views(photo: Photo) -> list[Any]:
    views = [
        tl.videoSize(type=one.type, w=one.w, h=one.h, size=one.size, video_start_ts=one.start or None)
        for one in photo.videos
    ]
    if photo.markup is not None:
        colours = list(photo.markup.colours)
        views.append(tl.videoSizeEmojiMarkup(emoji_id=photo.markup.emoji_id, background_colors=colours))
    return views


def user_photo_view(avatar: Avatar | None, dc_id: int, *, personal: bool = False) -> Any:
    """``userProfilePhoto``, or None."""
    if avatar is None:
        return None
    return tl.userProfilePhoto(
        has_video=avatar.has_video,
        personal=personal,
        photo_id=avatar.photo_id,
        stripped_thumb=avatar.stripped or None,
        dc_id=dc_id,
    )


def chat_photo_view(avatar: Avatar | None, dc_id: int) -> Any:
    """``ChatPhoto``."""
    if avatar is None:
        return tl.chatPhotoEmpty()
    return tl.chatPhoto(
        has_video=avatar.has_video,
        photo_id=avatar.photo_id,
        stripped_thumb=avatar.stripped or None,
        dc_id=dc_id,
    )


def _set_view(attribute: Attribute) -> Any:
    if not attribute.set_id:
        return tl.inputStickerSetEmpty()
    return tl.inputStickerSetID(id=attribute.set_id, access_hash=attribute.set_access_hash)


def attribute_view(attribute: Attribute) -> Any:
    """``DocumentAttribute``."""
    kind = attribute.kind
    if kind == "imageSize":
        return tl.documentAttributeImageSize(w=attribute.w, h=attribute.h)
    if kind == "animated":
        return tl.documentAttributeAnimated()
    if kind == "hasStickers":
        return tl.documentAttributeHasStickers()
    if kind == "filename":
        return tl.documentAttributeFilename(file_name=attribute.file_name)
    if kind == "sticker":
        coords = attribute.mask_coords
        return tl.documentAttributeSticker(
            mask=attribute.mask,
            alt=attribute.alt,
            stickerset=_set_view(attribute),
            mask_coords=tl.maskCoords(n=coords.n, x=coords.x, y=coords.y, zoom=coords.zoom) if coords else None,
        )
    if kind == "customEmoji":
        # Nobody here pays for them.
        return tl.documentAttributeCustomEmoji(
            free=True, text_color=attribute.text_color, alt=attribute.alt, stickerset=_set_view(attribute)
        )
    if kind == "audio":
        return tl.documentAttributeAudio(
            voice=attribute.voice,
            duration=int(attribute.seconds),
            title=attribute.title or None,
            performer=attribute.performer or None,
            waveform=attribute.waveform or None,
        )
    return tl.documentAttributeVideo(
        round_message=attribute.round_message,
        supports_streaming=attribute.supports_streaming,
        nosound=attribute.nosound,
        duration=attribute.seconds,
        w=attribute.w,
        h=attribute.h,
        preload_prefix_size=attribute.preload_prefix_size or None,
    )


def _attribute_views(document: Document) -> list[Any]:
    if document.mime_type != _MOVING or document.sticker is None:
        return [attribute_view(attribute) for attribute in document.attributes]
    # Telegram calls them all so, and Web K takes only what is called so for an animation (its appDocsManager.ts).
    views = [attribute_view(attribute) for attribute in document.attributes if attribute.kind != "filename"]
    return [*views, tl.documentAttributeFilename(file_name="AnimatedSticker.tgs")]


def _geo_view(place: Place) -> Any:
    return tl.geoPoint(long=place.longitude, lat=place.latitude, access_hash=0, accuracy_radius=place.accuracy or None)


def _in_content(content_id: int) -> Origin:
    """Where a message gives its files: one that waits to be sent is called by a negative number."""
    return Origin(IN_CONTENT, content_id) if content_id >= 0 else Origin(IN_SCHEDULED, -content_id)


class FileViews:
    """Renders media. References given in one ``moment`` are equal."""

    def __init__(self, references: FileReferences, dc_id: int, clock: IReactorTime) -> None:
        self._references = references
        self.dc_id = dc_id
        self._clock = clock
        self._moment: int | None = None
        self._last: tuple[Media, int, int, Any] | None = None

    def hold(self) -> None:
        """Time stands still until ``go_on``: what is drawn twice is drawn alike."""
        self._moment = int(self._clock.seconds())

    def go_on(self) -> None:
        """Time goes on."""
        self._moment = None

    def _reference(self, file_id: int, origin: Origin) -> bytes:
        return self._references.give(file_id, origin, self._now())

    def _now(self) -> int:
        return int(self._clock.seconds()) if self._moment is None else self._moment

    def document(self, document: Document, origin: Origin) -> Any:
        """``document``, given at ``origin``."""
        return tl.document(
            id=document.id,
            access_hash=document.access_hash,
            file_reference=self._reference(document.id, origin),
            date=document.date,
            mime_type=document.mime_type,
            size=document.size,
            thumbs=_size_views(document.stripped, document.thumbs) or None,
            dc_id=self.dc_id,
            attributes=_attribute_views(document),
        )

    def sticker(self, document: Document) -> Any:
        """A document as the set that it belongs to gives it."""
        said = document.sticker
        return self.document(document, Origin(IN_STICKER_SET, said.set_id if said is not None else 0))

    def photo(self, photo: Photo, origin: Origin) -> Any:
        """``photo``, given at ``origin``."""
        return tl.photo(
            id=photo.id,
            access_hash=photo.access_hash,
            file_reference=self._reference(photo.id, origin),
            date=photo.date,
            sizes=_size_views(photo.stripped, photo.sizes),
            video_sizes=_video_views(photo) or None,
            dc_id=self.dc_id,
        )

    def on_profile(self, photo: Photo | None, user_id: int) -> Any:
        """``photo`` of somebody's profile, or None."""
        return None if photo is None else self.photo(photo, Origin(ON_PROFILE, user_id))

    def of_group(self, photo: Photo | None, chat_id: int) -> Any:
        """``Photo`` of a group."""
        return tl.photoEmpty(id=0) if photo is None else self.photo(photo, Origin(OF_GROUP, chat_id))

    def of_channel(self, photo: Photo | None, channel_id: int) -> Any:
        """``Photo`` of a channel, for who sees the channel."""
        return tl.photoEmpty(id=0) if photo is None else self.photo(photo, Origin(OF_CHANNEL, channel_id))

    def in_action(self, photo: Photo | None, content_id: int) -> Any:
        """``Photo`` that a service message speaks of."""
        return tl.photoEmpty(id=0) if photo is None else self.photo(photo, _in_content(content_id))

    def given(self, photo: Photo | None, user_id: int) -> Any:
        """``Photo`` for that user alone."""
        return tl.photoEmpty(id=0) if photo is None else self.photo(photo, Origin(TO_UPLOADER, user_id))

    def saved(self, document: Document, user_id: int) -> Any:
        """A document as a user's own list gives it."""
        said = document.sticker
        if said is not None and said.set_id:
            return self.sticker(document)
        return self.document(document, Origin(SAVED_BY, user_id))

    def uploaded(self, media: Media, user_id: int) -> Any:
        """``MessageMedia`` for who has uploaded it."""
        return self._media(media, Origin(TO_UPLOADER, user_id))

    def in_message(self, media: Media | None, content_id: int) -> Any:
        """``MessageMedia`` in a message of that content, or None. The objects are shared: nobody changes them."""
        if media is None:
            return None
        now = self._now()
        last = self._last
        if last is not None and last[0] is media and last[1] == content_id and last[2] == now:
            # Both sides of a conversation are told one after the other.
            return last[3]
        view = self._media(media, _in_content(content_id))
        self._last = media, content_id, now, view
        return view

    def preview(self, preview: LinkPreview | None, content_id: int) -> Any:
        """``MessageMedia`` of the page under a message, or None."""
        if preview is None:
            return None
        return self.previewed(preview, _in_content(content_id))

    def previewed(self, preview: LinkPreview, origin: Origin) -> Any:
        """``messageMediaWebPage``."""
        return tl.messageMediaWebPage(
            force_large_media=preview.force_large,
            force_small_media=preview.force_small,
            manual=preview.manual,
            safe=preview.safe,
            webpage=self.web_page(preview.page, origin),
        )

    def web_page(self, page: WebPage, origin: Origin | None = None) -> Any:
        """``WebPage``; its picture is given where the page was, if nothing else is said."""
        if page.pending_since:
            return tl.webPagePending(id=page.id, url=page.url, date=page.pending_since + _PAGE_SECONDS)
        if page.is_empty:
            return tl.webPageEmpty(id=page.id, url=page.url)
        return tl.webPage(
            id=page.id,
            url=page.url,
            display_url=page.shown_url or page.url,
            hash=page.hash,
            type=page.kind or None,
            site_name=page.site_name or None,
            title=page.title or None,
            description=page.description or None,
            author=page.author or None,
            photo=self.photo(page.photo, origin or Origin(IN_WEB_PAGE, page.id)) if page.photo is not None else None,
            has_large_media=page.photo is not None and max(one.w for one in page.photo.sizes) > _LARGE,
        )

    def _media(self, media: Media, origin: Origin) -> Any:
        if media.photo is not None:
            return tl.messageMediaPhoto(
                photo=self.photo(media.photo, origin), spoiler=media.spoiler, ttl_seconds=media.ttl or None
            )
        if media.ended == "photo":
            return tl.messageMediaPhoto(ttl_seconds=media.ttl)
        if media.ended:
            return tl.messageMediaDocument(
                ttl_seconds=media.ttl,
                video=media.ended in ("video", "round"),
                round=media.ended == "round",
                voice=media.ended == "voice",
            )
        if media.document is not None:
            document = media.document
            video, audio = document.attribute("video"), document.attribute("audio")
            return tl.messageMediaDocument(
                document=self.document(document, origin),
                spoiler=media.spoiler,
                video=video is not None,
                round=video is not None and video.round_message,
                voice=audio is not None and audio.voice,
                ttl_seconds=media.ttl or None,
            )
        if media.place is not None:
            place = media.place
            if place.period:
                return tl.messageMediaGeoLive(
                    geo=_geo_view(place),
                    heading=place.heading or None,
                    period=place.period,
                    proximity_notification_radius=place.proximity or None,
                )
            if not place.title:
                return tl.messageMediaGeo(geo=_geo_view(place))
            return tl.messageMediaVenue(
                geo=_geo_view(place),
                title=place.title,
                address=place.address,
                provider=place.provider,
                venue_id=place.venue_id,
                venue_type=place.venue_type,
            )
        if media.contact is not None:
            card = media.contact
            return tl.messageMediaContact(
                phone_number=card.phone,
                first_name=card.first_name,
                last_name=card.last_name,
                vcard=card.vcard,
                user_id=card.user_id,
            )
        assert media.dice is not None
        return tl.messageMediaDice(value=media.dice.value, emoticon=media.dice.emoticon)
