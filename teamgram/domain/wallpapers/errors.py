"""What wallpapers refuse to be."""

from teamgram.domain.errors import DomainError


class WallpaperInvalid(DomainError):
    """There is no such wallpaper."""


class WallpaperFileInvalid(DomainError):
    """That is no picture that a wallpaper can be."""


class WallpaperTypeInvalid(DomainError):
    """Wallpapers are JPEG and PNG."""


class WallpapersTooMany(DomainError):
    """An account that has made as many as one may."""
