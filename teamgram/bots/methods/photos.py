"""What people, groups and the bot itself look like."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.input_media import MAX_PHOTO, GivenMedia
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.media import MediaViews
from teamgram.domain.channels.rights import check_changes_info
from teamgram.domain.chats.chats import Actor
from teamgram.domain.domain import Domain
from teamgram.domain.files.file import Photo
from teamgram.domain.ids.peer import channel_id_of, is_channel

MAX_LISTED = 100


class BotPhotos:
    """Photos on profiles and of groups."""

    def __init__(
        self, domain: Domain, conversations: Conversations, given: GivenMedia, views: MediaViews, clock: Any
    ) -> None:
        self._domain = domain
        self._conversations = conversations
        self._given = given
        self._views = views
        self._clock = clock

    @api_method("setChatPhoto")
    async def set_chat_photo(self, call: ApiCall) -> bool:
        """True."""
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        file = self._given.upload(call.parameters, "photo")
        if file is None:
            raise bad_request("photo must be uploaded as an InputFile")
        # Pictures are opened only for who may put them up.
        if is_channel(peer):
            check_changes_info(await self._conversations.seat(call.bot_id, peer))
        else:
            chat = await self._conversations.group(call.bot_id, peer)
            await self._domain.chat_photos.check_edits(call.bot_id, chat.id)
        kept = await self._given.kept(call.bot_id, file, MAX_PHOTO)
        await self._put_up(call, peer, await self._domain.filing.files.make_portrait(call.bot_id, kept))
        return True

    @api_method("deleteChatPhoto")
    async def delete_chat_photo(self, call: ApiCall) -> bool:
        """True."""
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        await self._put_up(call, peer, None)
        return True

    async def _put_up(self, call: ApiCall, peer: int, photo: Photo | None) -> None:
        if is_channel(peer):
            await self._domain.channel_photos.edit(self._actor(call), channel_id_of(peer), photo)
        else:
            chat = await self._conversations.group(call.bot_id, peer)
            await self._domain.chat_photos.edit(self._actor(call), chat.id, photo)

    def _actor(self, call: ApiCall) -> Actor:
        return Actor(call.bot_id, int(self._clock.seconds()), 0)

    @api_method("setMyProfilePhoto")
    async def set_my_photo(self, call: ApiCall) -> bool:
        """True."""
        given = call.parameters.object("photo")
        if not isinstance(given, dict) or given.get("type") not in ("static", "animated"):
            raise bad_request("can't parse InputProfilePhoto: unsupported type specified")
        inner = call.parameters.inner(given)
        name = "photo" if given["type"] == "static" else "animation"
        file = self._given.upload(inner, name)
        if file is None:
            raise bad_request("profile photo must be uploaded as an InputFile")
        kept, files = await self._given.kept(call.bot_id, file, MAX_PHOTO), self._domain.filing.files
        if name == "photo":
            photo = await files.make_portrait(call.bot_id, kept)
        else:
            start = inner.decimal("main_frame_timestamp") if inner.has("main_frame_timestamp") else 0.0
            photo = await files.make_portrait(call.bot_id, None, kept, start if 0 <= start <= 60 else 0.0)
        await self._domain.profile_photos.put_up(call.bot_id, photo)
        return True

    @api_method("removeMyProfilePhoto")
    async def remove_my_photo(self, call: ApiCall) -> bool:
        """True."""
        await self._domain.profile_photos.take_down_shown(call.bot_id)
        return True

    @api_method("getUserProfilePhotos")
    async def get_user_photos(self, call: ApiCall) -> Any:
        """UserProfilePhotos: what this bot may see of them."""
        user = await self._conversations.person(call.bot_id, call.parameters)
        photos = await self._domain.profile_photos.seen_of(call.bot_id, user.id)
        first, limit = max(call.parameters.number("offset"), 0), call.parameters.number("limit", MAX_LISTED)
        page = photos[first : first + min(max(limit, 1), MAX_LISTED)]
        return {"total_count": len(photos), "photos": [self._views.sizes(call.bot_id, one) for one in page]}
