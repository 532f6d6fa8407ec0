"""What bots offer to who asks them from other chats, as TL."""

from collections.abc import Sequence
from typing import Any

from teamgram.bff.views.entities import entity_views
from teamgram.bff.views.media import FileViews
from teamgram.bff.views.messages import reply_markup_view
from teamgram.domain.bots.inline_results import InlineAnswer, InlineMessage, InlineResult, WebFile
from teamgram.domain.files.references import TO_UPLOADER, Origin
from teamgram.mtproto.tl import tl

_PEER_TYPES = {
    "sender": "inlineQueryPeerTypeSameBotPM",
    "private": "inlineQueryPeerTypePM",
    "bot": "inlineQueryPeerTypeBotPM",
    "group": "inlineQueryPeerTypeChat",
    "supergroup": "inlineQueryPeerTypeMegagroup",
    "channel": "inlineQueryPeerTypeBroadcast",
}
_NAMES = {view: name for name, view in _PEER_TYPES.items()}

DC_ID = 2


def peer_type_view(name: str) -> Any:
    """``InlineQueryPeerType``, None for nothing."""
    return getattr(tl, _PEER_TYPES[name])() if name in _PEER_TYPES else None


def peer_types_from(views: Sequence[Any] | None) -> tuple[str, ...]:
    """The names of those that a client gives."""
    return tuple(dict.fromkeys(_NAMES[view.NAME] for view in views or ()))


def point_view(point: tuple[float, float] | None) -> Any:
    """``GeoPoint`` of (latitude, longitude), None for None."""
    return None if point is None else tl.geoPoint(lat=point[0], long=point[1], access_hash=0)


def inline_message_view(owner_id: int, message_id: int, key: int) -> Any:
    """``InputBotInlineMessageID``: by it a bot changes what somebody sent by way of it."""
    return tl.inputBotInlineMessageID64(dc_id=DC_ID, owner_id=owner_id, id=message_id, access_hash=key)


class InlineViews:
    """Renders results for who asked."""

    def __init__(self, files: FileViews) -> None:
        self._files = files

    def answer(self, query_id: int, answer: InlineAnswer, user_id: int) -> Any:
        """``messages.botResults``, without the bot's user."""
        switch = answer.switch
        return tl.messages.botResults(
            gallery=answer.gallery,
            query_id=query_id,
            next_offset=answer.next_offset or None,
            switch_pm=tl.inlineBotSwitchPM(text=switch.text, start_param=switch.start_param)
            if switch is not None and not switch.url
            else None,
            switch_webview=tl.inlineBotWebView(text=switch.text, url=switch.url)
            if switch is not None and switch.url
            else None,
            results=[self.result(one, user_id) for one in answer.results],
            cache_time=answer.cache_seconds,
            users=[],
        )

    def result(self, result: InlineResult, user_id: int) -> Any:
        """``BotInlineResult``; its files are given to that user."""
        message = self._message(result.message)
        if result.photo is not None or result.document is not None:
            origin = Origin(TO_UPLOADER, user_id)
            photo, document = result.photo, result.document
            return tl.botInlineMediaResult(
                id=result.id,
                type=result.kind,
                photo=self._files.photo(photo, origin) if photo is not None else None,
                document=self._files.document(document, origin) if document is not None else None,
                title=result.title or None,
                description=result.description or None,
                send_message=message,
            )
        return tl.botInlineResult(
            id=result.id,
            type=result.kind,
            title=result.title or None,
            description=result.description or None,
            url=result.url or None,
            thumb=_web_file_view(result.thumb, is_thumb=True),
            content=_web_file_view(result.content),
            send_message=message,
        )

    def _message(self, message: InlineMessage) -> Any:
        entities, markup = entity_views(message.entities), reply_markup_view(message.reply_markup)
        if message.auto:
            return tl.botInlineMessageMediaAuto(
                message=message.text, entities=entities, reply_markup=markup, invert_media=message.above
            )
        media = message.media
        if media is not None and media.contact is not None:
            card = media.contact
            return tl.botInlineMessageMediaContact(
                phone_number=card.phone,
                first_name=card.first_name,
                last_name=card.last_name,
                vcard=card.vcard,
                reply_markup=markup,
            )
        if media is not None and media.place is not None:
            place = media.place
            point = point_view((place.latitude, place.longitude))
            if place.title:
                return tl.botInlineMessageMediaVenue(
                    geo=point,
                    title=place.title,
                    address=place.address,
                    provider=place.provider,
                    venue_id=place.venue_id,
                    venue_type=place.venue_type,
                    reply_markup=markup,
                )
            return tl.botInlineMessageMediaGeo(
                geo=point,
                heading=place.heading or None,
                period=place.period or None,
                proximity_notification_radius=place.proximity or None,
                reply_markup=markup,
            )
        if message.link:
            return tl.botInlineMessageMediaWebPage(
                invert_media=message.above,
                force_large_media=message.large,
                force_small_media=message.small,
                manual=True,
                message=message.text,
                entities=entities,
                url=message.link,
                reply_markup=markup,
            )
        return tl.botInlineMessageText(
            no_webpage=message.no_page,
            message=message.text,
            entities=entities,
            reply_markup=markup,
            invert_media=message.above,
        )


def _web_file_view(file: WebFile | None, *, is_thumb: bool = False) -> Any:
    """``WebDocument``, which clients get from where it lies: this server is no proxy for it."""
    if file is None:
        return None
    attributes: list[Any] = []
    if file.w and file.h and (is_thumb or not file.seconds):
        attributes.append(tl.documentAttributeImageSize(w=file.w, h=file.h))
    elif file.w and file.h:
        attributes.append(tl.documentAttributeVideo(duration=float(file.seconds), w=file.w, h=file.h))
    elif file.seconds:
        attributes.append(
            tl.documentAttributeAudio(duration=file.seconds, title=file.title or None, performer=file.performer or None)
        )
    return tl.webDocumentNoProxy(url=file.url, size=0, mime_type=file.mime_type, attributes=attributes)
