"""What sticker sets refuse to be."""

from teamgram.domain.errors import DomainError


class StickerSetInvalid(DomainError):
    """There is no such set, or it is not the asker's to change."""


class StickersEmpty(DomainError):
    """A set without any sticker."""


class StickersTooMany(DomainError):
    """A set that holds no more."""


class StickerSetsTooMany(DomainError):
    """An account that has made, or installed, as many sets as one may."""


class StickerInvalid(DomainError):
    """That is no sticker of a set of the asker's."""


class StickerEmojiInvalid(DomainError):
    """A sticker stands for one emoji at least, and for nothing else."""


class StickerFileInvalid(DomainError):
    """That is no file that stickers are made of."""


class StickerPngInvalid(DomainError):
    """A still sticker that is no WebP and no PNG, too large, or moving."""


class StickerPngDimensions(DomainError):
    """A still sticker of another size than stickers have."""


class StickerTgsInvalid(DomainError):
    """An animated sticker that is none, or breaks the rules for them."""


class StickerVideoInvalid(DomainError):
    """A video sticker that is no WebM with one VP9 track, or too long."""


class StickerVideoBig(DomainError):
    """A video sticker of too many bytes."""


class StickerVideoDimensions(DomainError):
    """A video sticker of another size than stickers have."""


class ThumbPngInvalid(DomainError):
    """A set's still picture that is none."""


class ThumbTgsInvalid(DomainError):
    """A set's moving picture that is none."""


class SetTitleInvalid(DomainError):
    """A title that is empty or too long."""


class SetNameInvalid(DomainError):
    """A short name that no set can have."""


class SetNameOccupied(DomainError):
    """A short name that another set has."""
