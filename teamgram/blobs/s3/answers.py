"""What is read out of the store's XML (Amazon S3 API Reference); answers are bounded before they come here."""

from collections.abc import Iterator
from datetime import datetime
from xml.etree import ElementTree

from teamgram.blobs.errors import BlobsAway


def elements(body: bytes, name: str) -> Iterator[ElementTree.Element]:
    """Every element of that name, whatever its namespace.

    Raises:
        BlobsAway: it is no XML.
    """
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        # The last two: an encoding that there is not, or that XML cannot be in.
        raise BlobsAway(f"an answer that is no XML: {error}") from None
    return (one for one in root.iter() if one.tag.rpartition("}")[2] == name)


def child(element: ElementTree.Element, name: str) -> str:
    """The text of a child of that name, empty when there is none."""
    return next((one.text or "" for one in element if one.tag.rpartition("}")[2] == name), "")


def text_of(body: bytes, name: str) -> str:
    """The text of the first element of that name, empty when there is none.

    Raises:
        BlobsAway: it is no XML.
    """
    return next((one.text or "" for one in elements(body, name)), "")


def seconds_of(text: str) -> float:
    """A time as the store writes it, in unix seconds.

    Raises:
        BlobsAway: it is none.
    """
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        raise BlobsAway(f"a time that is none: {text[:40]!r}") from None


def size_of(text: str) -> int:
    """A number of bytes as the store writes it.

    Raises:
        BlobsAway: it is none.
    """
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BlobsAway(f"a size that is none: {text[:40]!r}")
    return int(text)
