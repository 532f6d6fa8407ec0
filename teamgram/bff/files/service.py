"""upload.* and messages.uploadMedia."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.files.input_media import InputMediaReader
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.stickers.naming import named_set
from teamgram.domain.files.file import BIG, SMALL, Document, Photo
from teamgram.domain.files.files import Named, part_of
from teamgram.domain.files.map_paper import MapFrame, draw_map_paper
from teamgram.domain.files.ranges import check_range
from teamgram.domain.files.references import TO_UPLOADER, Origin
from teamgram.domain.ids.peer import PeerKind
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_KINDS = {"inputDocumentFileLocation": "document", "inputPhotoFileLocation": "photo"}

_TYPES = {
    "image/jpeg": tl.storage.fileJpeg,
    "image/png": tl.storage.filePng,
    "image/webp": tl.storage.fileWebp,
    "image/gif": tl.storage.fileGif,
    "application/pdf": tl.storage.filePdf,
    "audio/mpeg": tl.storage.fileMp3,
    "video/mp4": tl.storage.fileMp4,
    "video/quicktime": tl.storage.fileMov,
}


def _type(file: Document | Photo, blob: str) -> Any:
    """The class of ``storage.FileType`` of a file's part."""
    if isinstance(file, Document) and blob == file.blob:
        return _TYPES.get(file.mime_type, tl.storage.fileUnknown)
    if isinstance(file, Document) and file.sticker is not None:
        return tl.storage.fileWebp
    if isinstance(file, Photo) and any(blob == video.blob for video in file.videos):
        return tl.storage.fileMp4
    return tl.storage.fileJpeg


class FilesService(RpcService):
    """Bytes in and out."""

    name = "RPCFiles"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._media = InputMediaReader(shared)

    @rpc("upload.saveFilePart")
    async def save_file_part(self, caller: RpcMetadata, query: Any) -> bool:
        """upload.saveFilePart#b304a621 file_id:long file_part:int bytes:bytes = Bool"""
        uploads = self._shared.domain.filing.uploads
        await uploads.save_part(caller.user_id, query.file_id, query.file_part, query.bytes)
        return True

    @rpc("upload.saveBigFilePart")
    async def save_big_file_part(self, caller: RpcMetadata, query: Any) -> bool:
        """upload.saveBigFilePart#de7b673d file_id:long file_part:int file_total_parts:int bytes:bytes = Bool"""
        # -1: a stream, of which the number of parts is not known yet.
        total = query.file_total_parts
        if total == 0 or total < -1:
            raise bad_request("FILE_PARTS_INVALID")
        uploads = self._shared.domain.filing.uploads
        await uploads.save_part(caller.user_id, query.file_id, query.file_part, query.bytes, max(0, total))
        return True

    @rpc("upload.getFile")
    async def get_file(self, caller: RpcMetadata, query: Any) -> Any:
        """upload.getFile#be5335be flags:# precise:flags.0?true ... offset:long limit:int = upload.File"""
        check_range(query.offset, query.limit, precise=query.precise)
        file, blob = await self._location(caller, query.location)
        content = await self._shared.domain.filing.files.read(blob, query.offset, query.limit)
        make = _type(file, blob)
        return tl.upload.file(type=make(), mtime=file.date, bytes=content)

    @rpc("upload.getFileHashes")
    async def get_file_hashes(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """upload.getFileHashes#9156982a location:InputFileLocation offset:long = Vector<FileHash>"""
        if query.offset < 0:
            raise bad_request("OFFSET_INVALID")
        _, blob = await self._location(caller, query.location)
        pieces = await self._shared.domain.filing.files.hashes(blob, query.offset)
        return [tl.fileHash(offset=offset, limit=length, hash=digest) for offset, length, digest in pieces]

    @rpc("upload.getWebFile")
    async def get_web_file(self, caller: RpcMetadata, query: Any) -> Any:
        """upload.getWebFile#24e6818d location:InputWebFileLocation offset:int limit:int = upload.WebFile"""
        check_range(query.offset, query.limit, precise=True)
        location = query.location
        # Nothing that is given out here names a file of another web site, nor the cover of an album.
        if location.NAME != "inputWebFileGeoPointLocation" or location.geo_point.NAME != "inputGeoPoint":
            raise bad_request("LOCATION_INVALID")
        # Whoever asks has the place already, so its access_hash would guard nothing.
        point = location.geo_point
        frame = MapFrame(point.lat, point.long, location.w, location.h, location.zoom, location.scale)
        if not frame.is_valid:
            raise bad_request("LOCATION_INVALID")
        drawn = draw_map_paper(frame)
        return tl.upload.webFile(
            size=len(drawn),
            mime_type="image/png",
            file_type=tl.storage.filePng(),
            mtime=0,
            bytes=drawn[query.offset : query.offset + query.limit],
        )

    async def _location(self, caller: RpcMetadata, location: Any) -> tuple[Any, str]:
        if location.NAME == "inputPeerPhotoFileLocation":
            photo = await self._peer_photo(caller, location)
            return photo, part_of(photo, BIG if location.big else SMALL)[0]
        if location.NAME == "inputStickerSetThumb":
            return await self._set_thumb(location)
        # inputFileLocation and inputPhotoLegacyFileLocation name volumes: no layer served here ever gives one.
        kind = _KINDS.get(location.NAME)
        if kind is None:
            raise bad_request("LOCATION_INVALID")
        named = Named(kind, location.id, location.access_hash, location.file_reference)
        file = await self._shared.domain.access.open(caller.user_id, named, self._shared.now())
        return file, part_of(file, location.thumb_size)[0]

    async def _peer_photo(self, caller: RpcMetadata, location: Any) -> Photo:
        """The photo of a person or a group, named by its id alone: whoever sees them gets it."""
        peer = await self._shared.peer(caller, location.peer)
        domain = self._shared.domain
        if peer.kind is PeerKind.CHANNEL:
            return await domain.channel_photos.shown(await self._shared.seat_at(caller, peer), location.photo_id)
        photos = domain.profile_photos if peer.kind is PeerKind.USER else domain.chat_photos
        return await photos.shown(caller.user_id, peer.id, location.photo_id)

    async def _set_thumb(self, location: Any) -> tuple[Any, str]:
        set_ = await self._shared.domain.sticker_sets.find(named_set(location.stickerset))
        if set_.thumb is None:
            raise bad_request("LOCATION_INVALID")
        return set_.thumb, set_.thumb.blob

    @rpc("messages.getDocumentByHash")
    async def get_document_by_hash(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getDocumentByHash#b1f2061f sha256:bytes size:long mime_type:string = Document"""
        if len(query.sha256) != 32:
            raise bad_request("SHA256_HASH_INVALID")
        files = self._shared.domain.filing.files
        found = await files.of_content(caller.user_id, query.sha256, query.size, query.mime_type.strip().lower())
        if found is None:
            return tl.documentEmpty(id=0)
        return self._shared.updates.files.document(found, Origin(TO_UPLOADER, caller.user_id))

    @rpc("messages.uploadMedia")
    async def upload_media(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.uploadMedia#14967978 flags:# ... peer:InputPeer media:InputMedia = MessageMedia"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        await shared.domain.messages.check_writable(caller.user_id, peer.marked)
        if query.media.NAME in ("inputMediaPoll", "inputMediaTodo"):
            # They begin with a message.
            raise bad_request("MEDIA_INVALID")
        return shared.updates.files.uploaded(await self._media.media(caller, query.media), caller.user_id)
