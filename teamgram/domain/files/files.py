"""Documents and photos: made from what was uploaded, found again by who may have them, read by ranges."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from hmac import compare_digest

from twisted.internet.interfaces import IReactorTime

from teamgram.blobs import BlobMissing, Blobs, BlobsFull, Kept
from teamgram.database import Database
from teamgram.domain.files import store
from teamgram.domain.files.errors import (
    FileNotFound,
    ImageInvalid,
    PhotoDimensionsInvalid,
    PhotoFileInvalid,
    PhotoTypeInvalid,
    StorageFull,
)
from teamgram.domain.files.file import Attribute, Document, File, Photo, PhotoSize
from teamgram.domain.files.images import MAX_IMAGE, PHOTO_BOXES, THUMB_BOXES, Images, MadePicture
from teamgram.domain.files.ranges import HASHED, MAX_PIECE

_REMEMBERED = 2000

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
        self, owner_id: int, kept: Kept, mime_type: str, attributes: tuple[Attribute, ...], thumb: Kept | None
    ) -> Document:
        """A document of uploaded bytes; a thumb that is no picture is left out.

        Raises:
            StorageFull.
        """
        made = None
        if thumb is not None:
            made = await self._thumb(thumb)
        elif mime_type in _PICTURES:
            made = await self._thumb(kept)
        thumbs = await self._kept_sizes(made) if made is not None else ()
        document = Document(
            _new_id(),
            _new_hash(),
            int(self._clock.seconds()),
            mime_type,
            kept.size,
            kept.name,
            attributes,
            thumbs,
            made.stripped if made is not None else b"",
        )
        await self._database.write("new document", store.add_txn, owner_id, document)
        return document

    async def make_photo(self, owner_id: int, kept: Kept) -> Photo:
        """A photo of an uploaded picture.

        Raises:
            PhotoFileInvalid: see ``MAX_IMAGE``.
            PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid: see ``Images.shrink``.
            StorageFull.
        """
        if kept.size > MAX_IMAGE:
            raise PhotoFileInvalid(str(kept.size))
        made = await self._images.shrink(await self._whole(kept), PHOTO_BOXES)
        photo = Photo(_new_id(), _new_hash(), int(self._clock.seconds()), await self._kept_sizes(made), made.stripped)
        await self._database.write("new photo", store.add_txn, owner_id, photo)
        return photo

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
            try:
                kept = await self._blobs.keep(one.bytes)
            except BlobsFull:
                raise StorageFull from None
            sizes.append(PhotoSize(one.type, one.w, one.h, kept.size, kept.name))
        return tuple(sizes)

    # Finding

    async def find(self, named: Named) -> File:
        """The file that a client names. Its reference is not looked at here.

        Raises:
            FileNotFound: there is none, or its access_hash is another one.
        """
        key = named.kind, named.id
        file = self._known.get(key)
        if file is None:
            if named.kind == "document":
                file = await self._database.read("document", store.document_txn, named.id)
            else:
                file = await self._database.read("photo", store.photo_txn, named.id)
            if file is None:
                raise FileNotFound
            self._known[key] = file
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if not compare_digest(_bytes(named.access_hash), _bytes(file.access_hash)):
            raise FileNotFound
        return file

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
    """(blob, size) of a document or of one of its thumbs, or of a size of a photo.

    Raises:
        FileNotFound: it has no such size.
    """
    if isinstance(file, Document) and not thumb_size:
        return file.blob, file.size
    sizes = file.thumbs if isinstance(file, Document) else file.sizes
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
