"""What files refuse to be."""

from teamgram.domain.errors import DomainError


class FilePartInvalid(DomainError):
    """No such part: its number is negative, or behind the last."""


class FilePartEmpty(DomainError):
    """A part of no bytes."""


class FilePartTooBig(DomainError):
    """A part of more than 512 KiB."""


class FilePartSizeInvalid(DomainError):
    """A part that is not the last has a size that is no multiple of 1 KiB, or does not divide 512 KiB."""


class FilePartSizeChanged(DomainError):
    """A part that is not the last has another size than the others."""


class FilePartsInvalid(DomainError):
    """The number of parts is none, too large, or another one than before."""


class FilePartMissing(DomainError):
    """Part ``number`` has not come."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number


class ChecksumInvalid(DomainError):
    """The bytes that came are not those that the client says it sent."""


class UploadsTooMany(DomainError):
    """So much is being uploaded already that nothing more is taken."""


class QuotaExceeded(DomainError):
    """The account's files hold all that an account's may."""


class StorageFull(DomainError):
    """The disk is too full for anything new."""


class StorageAway(DomainError):
    """The store of bytes does not answer now: the same thing asked again later may go well."""


class FileReferenceEmpty(DomainError):
    """A file was asked for without the reference that came with it."""


class FileReferenceInvalid(DomainError):
    """That reference was not given by this server, or for another file."""


class FileReferenceExpired(DomainError):
    """That reference is too old, or what it came with is not the asker's any more."""


class FileNotFound(DomainError):
    """No such file, or it was named with a wrong access_hash: nobody is told which."""


class OffsetInvalid(DomainError):
    """A range begins where none may begin."""


class LimitInvalid(DomainError):
    """A range has a length that none may have, or crosses a border of a MiB."""


class ImageInvalid(DomainError):
    """Those bytes are no picture, or one that takes too much to open."""


class PhotoTypeInvalid(DomainError):
    """A picture of a kind that photos are not made of."""


class PhotoDimensionsInvalid(DomainError):
    """A picture that is too large, or far too long for its width."""


class PhotoTooSmall(DomainError):
    """A picture too small to be somebody's photo."""


class PhotoFileMissing(DomainError):
    """Neither a picture nor a video was sent along."""


class VideoFileInvalid(DomainError):
    """Those bytes are no MP4, or one that is too large for a photo."""


class PhotoFileInvalid(DomainError):
    """A file too large for a photo."""
