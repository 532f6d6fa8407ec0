"""RPCUserChannelProfiles: photos.*, what people look like."""

import math
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.files.input_media import InputMediaReader
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.files.errors import FileNotFound
from teamgram.domain.files.file import EmojiMarkup, Photo
from teamgram.domain.files.files import Named
from teamgram.domain.files.uploads import Uploaded
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_PAGE = 100
MAX_COLOURS = 4
_MAX_START = 60.0


def _markup(view: Any) -> EmojiMarkup | None:
    """Only custom emoji: a sticker's set may be gone when somebody draws it."""
    if view is None or view.NAME != "videoSizeEmojiMarkup":
        return None
    colours = tuple(colour & 0xFFFFFF for colour in view.background_colors)
    if not 1 <= len(colours) <= MAX_COLOURS:
        raise bad_request("PHOTO_INVALID")
    return EmojiMarkup(view.emoji_id, colours)


class InputPhotoReader:
    """Makes photos of people and groups from what a client wants to put up."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._media = InputMediaReader(shared)

    async def uploaded(self, caller: RpcMetadata, query: Any) -> Photo:
        """A new photo of ``file``, ``video`` and ``video_emoji_markup``, or some of them.

        Raises:
            PhotoFileMissing, PhotoTooSmall, VideoFileInvalid, …: see ``Files.make_portrait``.
        """
        still = await self._file(caller, query.file)
        video = await self._file(caller, query.video)
        start = query.video_start_ts or 0.0
        if not (math.isfinite(start) and 0 <= start <= _MAX_START):
            start = 0.0
        markup = _markup(getattr(query, "video_emoji_markup", None))
        return await self._shared.domain.filing.files.make_portrait(caller.user_id, still, video, start, markup)

    async def _file(self, caller: RpcMetadata, view: Any) -> Uploaded | None:
        return None if view is None else await self._media.file(caller, view)

    async def existing(self, caller: RpcMetadata, view: Any, whose: int = 0) -> Photo:
        """The photo of an ``inputPhoto``: one that the caller was shown, of a profile of theirs without a reference.

        Args:
            whose: that profile; the caller's own when none is given.

        Raises:
            RpcError: ``PHOTO_INVALID``.
            FileReferenceExpired, …: see ``FileAccess.open``.
        """
        named = Named("photo", view.id, view.access_hash, view.file_reference)
        domain = self._shared.domain
        try:
            photo = await domain.filing.files.find(named)
            if not await domain.profile_photos.is_shown(caller.user_id, whose or caller.user_id, view.id):
                photo = await domain.access.open(caller.user_id, named, self._shared.now())
        except FileNotFound:
            raise bad_request("PHOTO_INVALID") from None
        assert isinstance(photo, Photo)
        return photo


class ProfilePhotosService(RpcService):
    """Photos of people."""

    name = "RPCUserChannelProfiles"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._photos = shared.domain.profile_photos
        self._reader = InputPhotoReader(shared)

    @rpc("photos.uploadProfilePhoto")
    async def upload_profile_photo(self, caller: RpcMetadata, query: Any) -> Any:
        """photos.uploadProfilePhoto#388a3b5 flags:# fallback:flags.3?true ... = photos.Photo"""
        whose = await self._whose(caller, query)
        photo = await self._reader.uploaded(caller, query)
        await self._photos.put_up(whose, photo, fallback=query.fallback)
        return await self._answer(caller, photo, whose)

    @rpc("photos.updateProfilePhoto")
    async def update_profile_photo(self, caller: RpcMetadata, query: Any) -> Any:
        """photos.updateProfilePhoto#9e82039 flags:# fallback:flags.0?true bot:flags.1?InputUser id:InputPhoto = ..."""
        whose = await self._whose(caller, query)
        photo = None
        if query.id.NAME == "inputPhoto":
            photo = await self._reader.existing(caller, query.id, whose)
            await self._photos.put_up(whose, photo, fallback=query.fallback)
        else:
            await self._photos.take_down_shown(whose, fallback=query.fallback)
        return await self._answer(caller, photo, whose)

    async def _whose(self, caller: RpcMetadata, query: Any) -> int:
        """Whose photo is meant: the caller's, or that of a bot of theirs.

        Raises:
            RpcError: ``BOT_INVALID``.
        """
        if query.bot is None:
            return caller.user_id
        user = await self._shared.input_peers.user(caller, query.bot)
        bot = (await self._shared.domain.bots.get([user.id])).get(user.id)
        if bot is None or bot.owner_id != caller.user_id:
            raise bad_request("BOT_INVALID")
        return user.id

    @rpc("photos.deletePhotos")
    async def delete_photos(self, caller: RpcMetadata, query: Any) -> list[int]:
        """photos.deletePhotos#87cf7f2f id:Vector<InputPhoto> = Vector<long>"""
        if len(query.id) > MAX_PAGE:
            raise bad_request("LIMIT_INVALID")
        files = self._shared.domain.filing.files
        wanted = []
        for view in query.id:
            if view.NAME != "inputPhoto":
                continue
            try:
                await files.find(Named("photo", view.id, view.access_hash, view.file_reference))
            except FileNotFound:
                continue
            wanted.append(view.id)
        return await self._photos.take_down(caller.user_id, wanted)

    @rpc("photos.getUserPhotos")
    async def get_user_photos(self, caller: RpcMetadata, query: Any) -> Any:
        """photos.getUserPhotos#91cd32a8 user_id:InputUser offset:int max_id:long limit:int = photos.Photos"""
        shared = self._shared
        user = await shared.input_peers.user(caller, query.user_id)
        found = await self._photos.seen_of(caller.user_id, user.id)
        first = 0
        if query.max_id:
            # "Behind that photo", and with an offset of -1 that photo itself: so TDLib renews a reference.
            ids = [photo.id for photo in found]
            first = ids.index(query.max_id) + 1 if query.max_id in ids else len(ids)
        first = max(0, first + query.offset)
        page = found[first : first + min(max(query.limit, 0), MAX_PAGE)]
        photos = [shared.updates.files.on_profile(photo, user.id) for photo in page]
        users = await shared.user_views.render(caller.user_id, [user.id])
        if len(page) == len(found):
            return tl.photos.photos(photos=photos, users=users)
        return tl.photos.photosSlice(count=len(found), photos=photos, users=users)

    @rpc("photos.uploadContactProfilePhoto")
    async def upload_contact_profile_photo(self, caller: RpcMetadata, query: Any) -> Any:
        """photos.uploadContactProfilePhoto#e14c4a71 flags:# suggest:flags.3?true ... = photos.Photo"""
        shared = self._shared
        user = await shared.input_peers.user(caller, query.user_id)
        if user.id == caller.user_id:
            raise bad_request("USER_ID_INVALID")
        if query.suggest and query.save:
            raise bad_request("PHOTO_INVALID")
        photo = None
        if query.file is not None or query.video is not None:
            if not query.suggest:
                await self._check_contact(caller, user.id)
            photo = await self._reader.uploaded(caller, query)
        if query.suggest:
            if photo is None:
                raise bad_request("PHOTO_FILE_MISSING")
            await self._photos.suggest(caller.user_id, user.id, photo, shared.now())
        else:
            await self._photos.give_contact(caller.user_id, user.id, photo)
        return await self._answer(caller, photo, user.id)

    async def _check_contact(self, caller: RpcMetadata, user_id: int) -> None:
        if user_id not in (await self._shared.domain.contacts.book(caller.user_id)).contacts:
            raise bad_request("CONTACT_MISSING")

    async def _answer(self, caller: RpcMetadata, photo: Photo | None, user_id: int) -> Any:
        shared = self._shared
        users = await shared.user_views.render(caller.user_id, [user_id])
        return tl.photos.photo(photo=shared.updates.files.given(photo, caller.user_id), users=users)
