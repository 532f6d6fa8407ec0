"""Wallpapers made, found, and kept at hand."""

import secrets

from twisted.internet.interfaces import IReactorTime

from teamgram.blobs import Kept
from teamgram.database import Database, Transaction
from teamgram.domain.files.errors import ImageInvalid, PhotoDimensionsInvalid, PhotoTypeInvalid
from teamgram.domain.files.file import Attribute
from teamgram.domain.files.filing import Filing
from teamgram.domain.files.images import MAX_IMAGE
from teamgram.domain.wallpapers import store
from teamgram.domain.wallpapers.errors import WallpaperFileInvalid, WallpaperInvalid, WallpaperTypeInvalid
from teamgram.domain.wallpapers.wallpaper import DrawnAs, NamedWallpaper, Wallpaper

_BOXES = (("w", 2560),)
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}


class Wallpapers:
    """Everybody's."""

    def __init__(self, database: Database, filing: Filing, clock: IReactorTime) -> None:
        self._database = database
        self._filing = filing
        self._clock = clock

    async def make(self, owner_id: int, kept: Kept, mime_type: str, drawn_as: DrawnAs) -> Wallpaper:
        """One of an uploaded picture: a photo (JPEG), or a pattern to be drawn over colours (PNG).

        Raises:
            WallpaperTypeInvalid, WallpaperFileInvalid, WallpapersTooMany, StorageFull.
        """
        if mime_type not in _ENDINGS:
            raise WallpaperTypeInvalid(mime_type)
        if kept.size > MAX_IMAGE:
            raise WallpaperFileInvalid(str(kept.size))
        filing = self._filing
        data = await filing.storage.read(kept.name, 0, kept.size)
        is_pattern = mime_type == "image/png"
        if is_pattern != data.startswith(b"\x89PNG"):
            raise WallpaperFileInvalid
        try:
            picture = (await filing.images.shrink(data, _BOXES)).sizes[-1]
        except (PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid):
            raise WallpaperFileInvalid from None
        if not is_pattern:
            # Made anew: what a camera wrote into it goes to nobody.
            kept = await filing.storage.keep(picture.bytes)
        slug = secrets.token_urlsafe(16)
        attributes = (
            Attribute("imageSize", w=picture.w, h=picture.h),
            Attribute("filename", file_name=f"wallpaper.{_ENDINGS[mime_type]}"),
        )
        document = await filing.files.make_document(owner_id, kept, mime_type, attributes, None)
        made = Wallpaper(_new_id(), _new_hash(), owner_id, slug, document, is_pattern, drawn_as)
        await self._database.write("new wallpaper", store.add_wallpaper_txn, made)
        return made

    async def find(self, named: NamedWallpaper) -> Wallpaper:
        """One as a client names it.

        Raises:
            WallpaperInvalid: there is none.
        """
        found = await self._database.read("wallpaper", store.find_txn, named)
        if found is None:
            raise WallpaperInvalid
        return found

    async def all_of(self, user_id: int) -> list[Wallpaper]:
        """An account's, newest first."""
        return await self._database.read("wallpapers", store.all_of_txn, user_id)

    async def save(self, user_id: int, named: NamedWallpaper, drawn_as: DrawnAs) -> None:
        """Put one on top of an account's; colours alone make one.

        Raises:
            WallpaperInvalid: there is none.
        """
        await self._database.write("save wallpaper", _save_txn, user_id, named, drawn_as)

    async def let_go(self, user_id: int, named: NamedWallpaper) -> None:
        """Take one off an account's list; not being there is no error.

        Raises:
            WallpaperInvalid: there is none.
        """
        found = await self.find(named)
        await self._database.write("let wallpaper go", store.let_go_txn, user_id, found.id)

    async def reset(self, user_id: int) -> None:
        """Nothing is left on an account's list."""
        await self._database.write("reset wallpapers", store.clear_txn, user_id)

    async def has_picture(self, user_id: int, wallpaper_id: int, document_id: int) -> bool:
        """Whether that is the picture of that wallpaper, which is anybody's who has its link."""
        return await self._database.read("picture of wallpaper", store.has_picture_txn, wallpaper_id, document_id)


def _save_txn(txn: Transaction, user_id: int, named: NamedWallpaper, drawn_as: DrawnAs) -> None:
    if named.no_file and not named.id:
        if not drawn_as.colours:
            raise WallpaperInvalid
        same = [one for one in store.all_of_txn(txn, user_id) if one.document is None and one.drawn_as == drawn_as]
        if same:
            found = same[0]
        else:
            found = Wallpaper(_new_id(), _new_hash(), user_id, secrets.token_urlsafe(16), drawn_as=drawn_as)
            store.add_wallpaper_txn(txn, found)
    else:
        known = store.find_txn(txn, named)
        if known is None:
            raise WallpaperInvalid
        found = known
    store.save_txn(txn, user_id, found.id, drawn_as)


def _new_id() -> int:
    return secrets.randbelow((1 << 62) - 1) + 1


def _new_hash() -> int:
    return secrets.randbits(64) - (1 << 63)
