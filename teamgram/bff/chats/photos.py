"""messages.editChatPhoto."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.profile_photos import InputPhotoReader
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.files.file import Photo
from teamgram.interfaces.rpc import RpcMetadata


class ChatPhotoReader:
    """Makes a photo of what a client names as a group's or channel's."""

    def __init__(self, shared: Shared) -> None:
        self._reader = InputPhotoReader(shared)

    async def photo(self, caller: RpcMetadata, view: Any) -> Photo | None:
        """The photo; None for none.

        Raises:
            RpcError: ``PHOTO_INVALID``.
        """
        if view.NAME == "inputChatUploadedPhoto":
            return await self._reader.uploaded(caller, view)
        if view.NAME == "inputChatPhotoEmpty" or view.id.NAME == "inputPhotoEmpty":
            return None
        photo = await self._reader.existing(caller, view.id)
        if not photo.is_portrait:
            raise bad_request("PHOTO_INVALID")
        return photo


class ChatPhotosService(RpcService):
    """What groups look like."""

    name = "RPCChats"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._reader = ChatPhotoReader(shared)

    @rpc("messages.editChatPhoto")
    async def edit_chat_photo(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.editChatPhoto#35ddd674 chat_id:long photo:InputChatPhoto = Updates"""
        shared, photos = self._shared, self._shared.domain.chat_photos
        # Pictures are opened only for who may put them up.
        await photos.check_edits(caller.user_id, query.chat_id)
        photo = await self._reader.photo(caller, query.photo)
        return await shared.updates.answer(await photos.edit(shared.actor(caller), query.chat_id, photo))
