"""How much of fetching there may be."""

from dataclasses import dataclass

MAX_FETCHED = 7 << 20
"""Bytes of the largest page or picture that any setting allows: a connection ends at a little more."""


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Bounds of link previews.

    Attributes:
        enabled: whether anything is fetched.
        seconds: that one page, or one picture, may take with all its redirects.
        page_bytes: that are read of a page; the rest does not count.
        image_bytes: of a picture; a larger one is none.
        at_once: pages that are being fetched.
    """

    enabled: bool = True
    seconds: float = 10.0
    page_bytes: int = 512 << 10
    image_bytes: int = 5 << 20
    at_once: int = 4
