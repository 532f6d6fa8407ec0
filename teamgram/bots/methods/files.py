"""Photos, documents, places, contacts and dice; albums; fetching files."""

from typing import Any

from teamgram.bots.downloads import Downloads
from teamgram.bots.errors import bad_request
from teamgram.bots.formatting.composing import captioned
from teamgram.bots.input_media import GivenMedia, live_place_of, point_of
from teamgram.bots.methods.sending import BotSending
from teamgram.bots.registry import ApiCall, api_method
from teamgram.domain.boxes.media import ContactCard, Media, Place, throw


class BotFiles:
    """Messages with something in them besides text."""

    def __init__(self, sending: BotSending, given: GivenMedia, downloads: Downloads) -> None:
        self._sending = sending
        self._given = given
        self._downloads = downloads

    @api_method("sendPhoto")
    async def send_photo(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "photo")

    @api_method("sendDocument")
    async def send_document(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "document")

    @api_method("sendVideo")
    async def send_video(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "video")

    @api_method("sendAnimation")
    async def send_animation(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "animation")

    @api_method("sendAudio")
    async def send_audio(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "audio")

    @api_method("sendVoice")
    async def send_voice(self, call: ApiCall) -> Any:
        """Message."""
        return await self._captioned(call, "voice")

    @api_method("sendVideoNote")
    async def send_video_note(self, call: ApiCall) -> Any:
        """Message."""
        return await self._sending.send(call, await self._given.media(call.bot_id, call.parameters, "video_note"), "")

    @api_method("sendSticker")
    async def send_sticker(self, call: ApiCall) -> Any:
        """Message."""
        return await self._sending.send(call, await self._given.media(call.bot_id, call.parameters, "sticker"), "")

    async def _captioned(self, call: ApiCall, kind: str) -> Any:
        text, entities, tags = captioned(call.parameters)
        media = await self._given.media(call.bot_id, call.parameters, kind)
        return await self._sending.send(call, media, text, entities, tags)

    @api_method("sendMediaGroup")
    async def send_media_group(self, call: ApiCall) -> Any:
        """Array of Message."""
        given = call.parameters.object("media")
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise bad_request("can't parse media JSON object: an Array of InputMedia was expected")
        if not 2 <= len(given) <= 10:
            raise bad_request("there must be from 2 to 10 messages in a media group")
        items = []
        for one in given:
            kind = str(one.get("type") or "")
            if kind != "photo" and kind not in ("video", "audio", "document", "animation"):
                raise bad_request("type of the media can't be used in an album")
            inner = call.parameters.inner({**one, kind: one.get("media")})
            items.append((await self._given.media(call.bot_id, inner, kind), captioned(inner)))
        return await self._sending.send_album(call, items)

    @api_method("sendLocation")
    async def send_location(self, call: ApiCall) -> Any:
        """Message."""
        return await self._sending.send(call, Media(place=live_place_of(call.parameters)), "")

    @api_method("sendVenue")
    async def send_venue(self, call: ApiCall) -> Any:
        """Message."""
        given, point = call.parameters, point_of(call.parameters)
        title = given.text("title").strip()[:256]
        if not title:
            raise bad_request("title is empty")
        provider = "foursquare" if given.has("foursquare_id") else "gplaces" if given.has("google_place_id") else ""
        prefix = "foursquare" if provider == "foursquare" else "google_place"
        place = Place(
            point.latitude,
            point.longitude,
            point.accuracy,
            title,
            given.text("address")[:256],
            provider,
            given.text(f"{prefix}_id")[:256],
            given.text(f"{prefix}_type")[:256],
        )
        return await self._sending.send(call, Media(place=place), "")

    @api_method("sendContact")
    async def send_contact(self, call: ApiCall) -> Any:
        """Message."""
        given = call.parameters
        phone = given.text("phone_number").strip()[:32]
        if not phone:
            raise bad_request("phone number is empty")
        card = ContactCard(
            phone, given.text("first_name")[:64], given.text("last_name")[:64], given.text("vcard")[:4096]
        )
        return await self._sending.send(call, Media(contact=card), "")

    @api_method("sendDice")
    async def send_dice(self, call: ApiCall) -> Any:
        """Message."""
        dice = throw(call.parameters.text("emoji") or "🎲")
        if dice is None:
            raise bad_request("EMOTICON_INVALID")
        return await self._sending.send(call, Media(dice=dice), "")

    @api_method("getFile")
    async def get_file(self, call: ApiCall) -> Any:
        """File."""
        return await self._downloads.told(call.bot_id, call.parameters.text("file_id"))
