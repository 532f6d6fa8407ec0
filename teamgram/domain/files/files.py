"""Documents and photos: made from what was uploaded, found again by who may have them, read by ranges."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from hmac import compare_digest

from twisted.internet.interfaces import IReactorTime

from teamgram.blobs import BlobMissing, Blobs, Kept
from teamgram.database import Database
from teamgram.domain.files import store
from teamgram.domain.files.drawings import NOBODY
from teamgram.domain.files.errors import (
    FileNotFound,
    ImageInvalid,
    PhotoDimensionsInvalid,
    PhotoFileInvalid,
    PhotoFileMissing,
    PhotoTypeInvalid,
    VideoFileInvalid,
)
from teamgram.domain.files.file import Attribute, Document, EmojiMarkup, File, Photo, PhotoSize, VideoSize
from teamgram.domain.files.images import MAX_IMAGE, PHOTO_BOXES, THUMB_BOXES, Images, MadePicture
from teamgram.domain.files.mp4 import dimensions
from teamgram.domain.files.ranges import HASHED, MAX_PIECE

_REMEMBERED = 2000

MAX_VIDEO = 2 << 20
"""Bytes of a moving photo (errors of photos.uploadProfilePhoto, VIDEO_FILE_INVALID)."""

_PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
"""Documents of these types are given a thumbnail when their sender has none."""


@dataclass(frozen=True, slots=True)
class Named:
    """A file as a client names it: ``kind`` is "document" or "photo"."""

    kind: str
    id: int
    access_hash: int
    reference: bytes


class Files:
    """Every document and photo."""

    def __init__(self, database: Database, blobs: Blobs, images: Images, clock: IReactorTime) -> None:
        self._database = database
        self._blobs = blobs
        self._images = images
        self._clock = clock
        self._known: OrderedDict[tuple[str, int], File] = OrderedDict()

    # Making

    async def make_document(
        self,
        owner_id: int,
        kept: Kept,
        mime_type: str,
        attributes: tuple[Attribute, ...],
        thumb: Kept | None,
        made: list[File] | None = None,
    ) -> Document:
        """A document of uploaded bytes; a thumb that is no picture is left out.

        Args:
            made: is given the document to write (``store.add_txn``) with what it was made for; None: it is written now.

        Raises:
            StorageFull, StorageAway.
        """
        small = None
        if thumb is not None:
            small = await self._thumb(thumb)
        elif mime_type in _PICTURES:
            small = await self._thumb(kept)
        thumbs = await self._kept_sizes(small) if small is not None else ()
        document = Document(
            _new_id(),
            _new_hash(),
            int(self._clock.seconds()),
            mime_type,
            kept.size,
            kept.name,
            attributes,
            thumbs,
            small.stripped if small is not None else b"",
        )
        await self._write(owner_id, document, made)
        return document

    async def _write(self, owner_id: int, file: File, made: list[File] | None) -> None:
        if made is None:
            await self._database.write("new file", store.add_txn, owner_id, file)
        else:
            made.append(file)

    async def make_document_of(
        self, owner_id: int, content: bytes, mime_type: str, attributes: tuple[Attribute, ...]
    ) -> Document:
        """A document of bytes that are in memory.

        Raises:
            StorageFull, StorageAway.
        """
        return await self.make_document(owner_id, await self._blobs.keep(content), mime_type, attributes, None)

    async def make_photo(self, owner_id: int, kept: Kept, made: list[File] | None = None) -> Photo:
        """A photo of an uploaded picture; ``made`` as in ``make_document``.

        Raises:
            PhotoFileInvalid: see ``MAX_IMAGE``.
            PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid: see ``Images.shrink``.
            StorageFull, StorageAway.
        """
        if kept.size > MAX_IMAGE:
            raise PhotoFileInvalid(str(kept.size))
        return await self.make_photo_of(owner_id, await self._whole(kept), made)

    async def make_photo_of(self, owner_id: int, content: bytes, made: list[File] | None = None) -> Photo:
        """A photo of a picture that is in memory.

        Raises:
            PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid: see ``Images.shrink``.
            StorageFull, StorageAway.
        """
        picture = await self._images.shrink(content, PHOTO_BOXES)
        sizes = await self._kept_sizes(picture)
        photo = Photo(_new_id(), _new_hash(), int(self._clock.seconds()), sizes, picture.stripped)
        await self._write(owner_id, photo, made)
        return photo

    async def make_portrait(
        self,
        owner_id: int,
        still: Kept | None,
        video: Kept | None = None,
        start: float = 0.0,
        markup: EmojiMarkup | None = None,
    ) -> Photo:
        """A photo to be shown as somebody's or a group's.

        Args:
            video: a moving one beside it; without a still one is drawn, for nothing here opens videos.
            start: the second of the video that the still stands for.
            markup: what clients may draw in place of a video.

        Raises:
            PhotoFileMissing: none of them is there.
            PhotoFileInvalid: see ``MAX_IMAGE``.
            VideoFileInvalid: no MP4, or larger than ``MAX_VIDEO``.
            PhotoTooSmall, PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid: see ``Images.portrait``.
            StorageFull, StorageAway.
        """
        videos = (await self._video(video, start),) if video is not None else ()
        if still is not None:
            if still.size > MAX_IMAGE:
                raise PhotoFileInvalid(str(still.size))
            made = await self._images.portrait(await self._whole(still))
        elif videos or markup is not None:
            made = await self._images.drawn(NOBODY, owner_id)
        else:
            raise PhotoFileMissing
        return await self._portrait_of(owner_id, made, videos, markup)

    async def draw_portrait(self, owner_id: int, subject: str) -> Photo:
        """A photo of our own drawing (``drawings.drawn``), to be shown as ``owner_id``'s.

        Raises:
            ImageInvalid, StorageFull, StorageAway.
        """
        return await self._portrait_of(owner_id, await self._images.drawn(subject, owner_id), (), None)

    async def _portrait_of(
        self, owner_id: int, made: MadePicture, videos: tuple[VideoSize, ...], markup: EmojiMarkup | None
    ) -> Photo:
        sizes = await self._kept_sizes(made)
        photo = Photo(_new_id(), _new_hash(), int(self._clock.seconds()), sizes, made.stripped, videos, markup)
        await self._database.write("new photo", store.add_txn, owner_id, photo)
        return photo

    async def _video(self, kept: Kept, start: float) -> VideoSize:
        if kept.size > MAX_VIDEO:
            raise VideoFileInvalid(str(kept.size))
        size = dimensions(await self._whole(kept))
        if size is None:
            raise VideoFileInvalid
        return VideoSize("u", *size, kept.size, kept.name, start)

    async def _thumb(self, kept: Kept) -> MadePicture | None:
        if kept.size > MAX_IMAGE:
            return None
        try:
            return await self._images.shrink(await self._whole(kept), THUMB_BOXES)
        except (PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid):
            return None

    async def _whole(self, kept: Kept) -> bytes:
        return await self._blobs.read(kept.name, 0, kept.size)

    async def _kept_sizes(self, made: MadePicture) -> tuple[PhotoSize, ...]:
        sizes = []
        for one in made.sizes:
            kept = await self._blobs.keep(one.bytes)
            sizes.append(PhotoSize(one.type, one.w, one.h, kept.size, kept.name))
        return tuple(sizes)

    # Finding

    async def find(self, named: Named) -> File:
        """The file that a client names. Its reference is not looked at here.

        Raises:
            FileNotFound: there is none, or its access_hash is another one.
        """
        file = await self._by_id(named.kind, named.id)
        if not compare_digest(_bytes(named.access_hash), _bytes(file.access_hash)):
            raise FileNotFound
        return file

    async def of_content(self, owner_id: int, sha256: bytes, size: int, mime_type: str) -> Document | None:
        """A document of these bytes that the owner has uploaded before: what others have is nobody's to find out."""
        return await self._database.read(
            "document by content", store.document_of_content_txn, owner_id, sha256.hex(), size, mime_type
        )

    async def photo(self, photo_id: int) -> Photo:
        """A photo that the server itself names.

        Raises:
            FileNotFound: there is none.
        """
        photo = await self._by_id("photo", photo_id)
        assert isinstance(photo, Photo)
        return photo

    async def document(self, document_id: int) -> Document:
        """A document that the server itself names.

        Raises:
            FileNotFound: there is none.
        """
        document = await self._by_id("document", document_id)
        assert isinstance(document, Document)
        return document

    async def _by_id(self, kind: str, id_: int) -> File:
        key = kind, id_
        file = self._known.get(key)
        if file is None:
            if kind == "document":
                file = await self._database.read("document", store.document_txn, id_)
            else:
                file = await self._database.read("photo", store.photo_txn, id_)
            if file is None:
                raise FileNotFound
            self._known[key] = file
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return file

    def forget(self, kind: str, id_: int) -> None:
        """What is known of that file changed: the next who asks reads it anew."""
        self._known.pop((kind, id_), None)

    # Reading

    async def read(self, blob: str, offset: int, limit: int) -> bytes:
        """A range of a file's bytes; fewer, or none, behind its end.

        Raises:
            FileNotFound: the bytes are gone.
        """
        try:
            return await self._blobs.read(blob, offset, min(limit, MAX_PIECE))
        except BlobMissing:
            raise FileNotFound from None

    async def hashes(self, blob: str, offset: int) -> list[tuple[int, int, bytes]]:
        """(offset, length, SHA-256) of the pieces of ``HASHED`` bytes of the MiB from about ``offset``.

        Raises:
            FileNotFound: the bytes are gone.
        """
        first = offset - offset % HASHED
        try:
            return await self._blobs.hashes(blob, first, HASHED, MAX_PIECE // HASHED)
        except BlobMissing:
            raise FileNotFound from None


def part_of(file: File, thumb_size: str) -> tuple[str, int]:
    """(blob, size) of a document or of one of its thumbs, or of a size of a photo, moving ones among them.

    Raises:
        FileNotFound: it has no such size.
    """
    if isinstance(file, Document) and not thumb_size:
        return file.blob, file.size
    sizes: tuple[PhotoSize | VideoSize, ...]
    sizes = file.thumbs if isinstance(file, Document) else (*file.sizes, *file.videos)
    for size in sizes:
        if size.type == thumb_size:
            return size.blob, size.size
    raise FileNotFound


def _new_id() -> int:
    return secrets.randbelow((1 << 62) - 1) + 1


def _new_hash() -> int:
    return secrets.randbits(64) - (1 << 63)


def _bytes(access_hash: int) -> bytes:
    return access_hash.to_bytes(8, "little", signed=True)
