"""Notification sounds."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.files.input_media import InputMediaReader
from teamgram.bff.list_hash import list_hash
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.stickers.naming import named_document
from teamgram.domain.files.file import Attribute
from teamgram.domain.files.references import TO_UPLOADER, Origin
from teamgram.domain.saved_files.sounds import MAX_BYTES, SoundInvalid, mime_type_and_seconds
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class Ringtones(RpcService):
    """The caller's notification sounds."""

    name = "RPCRingtone"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._saved = shared.domain.saved_files
        self._media = InputMediaReader(shared)

    @rpc("account.uploadRingtone")
    async def upload(self, caller: RpcMetadata, query: Any) -> Any:
        """account.uploadRingtone#831a83a2 file:InputFile file_name:string mime_type:string = Document"""
        filing = self._shared.domain.filing
        kept = await self._media.file(caller, query.file)
        if kept.size > MAX_BYTES:
            raise SoundInvalid("size")
        try:
            mime_type, seconds = mime_type_and_seconds(await filing.storage.read(kept.name, 0, kept.size))
        except SoundInvalid:
            raise bad_request("RINGTONE_MIME_INVALID") from None
        title = query.file_name.rpartition("/")[2].rpartition("\\")[2].strip()[:64]
        attributes = (
            Attribute("audio", seconds=seconds, title=title),
            Attribute("filename", file_name=title or "sound"),
        )
        document = await filing.files.make_document(caller.user_id, kept, mime_type, attributes, None)
        return self._shared.updates.files.document(document, Origin(TO_UPLOADER, caller.user_id))

    @rpc("account.saveRingtone")
    async def save(self, caller: RpcMetadata, query: Any) -> Any:
        """account.saveRingtone#3dea5b03 id:InputDocument unsave:Bool = account.SavedRingtone"""
        document = await named_document(self._shared, caller, query.id, "RINGTONE_INVALID")
        if query.unsave:
            await self._saved.let_go(caller.user_id, "ringtones", document, caller.perm_auth_key_id)
            return tl.account.savedRingtone()
        # A voice message is as good as what was uploaded for it, if it is short.
        if document.size > MAX_BYTES:
            raise SoundInvalid("size")
        filing = self._shared.domain.filing
        mime_type_and_seconds(await filing.storage.read(document.blob, 0, document.size))
        await self._saved.save(caller.user_id, "ringtones", document, caller.perm_auth_key_id)
        return tl.account.savedRingtone()

    @rpc("account.getSavedRingtones")
    async def get_saved(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getSavedRingtones#e1902288 hash:long = account.SavedRingtones"""
        documents = [document for document, _ in await self._saved.all_of(caller.user_id, "ringtones")]
        hash_ = list_hash(document.id for document in documents)
        if hash_ and query.hash == hash_:
            return tl.account.savedRingtonesNotModified()
        views = [self._shared.updates.files.saved(document, caller.user_id) for document in documents]
        return tl.account.savedRingtones(hash=hash_, ringtones=views)
