"""Addresses of pages as people write them, made into what can be asked for.

``hyperlink`` is imported when there is an address: with its tables it is as large as a stage of the server.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.web_pages.errors import PageUrlInvalid

MAX_URL = 2048
_SCHEMES = ("http", "https")


def page_url(text: str) -> str:
    """The address in the form that goes over the wire: ASCII, with scheme and path, without a fragment.

    Raises:
        PageUrlInvalid: another scheme, a name and password in it, no host or a local one, an IPv6 address, or too long.
    """
    from hyperlink import URL, URLParseError

    text = text.strip()
    if "://" not in text:
        text = f"http://{text}"
    if not 0 < len(text) <= MAX_URL:
        raise PageUrlInvalid
    try:
        url = URL.from_text(text).to_uri().normalize()
        port = url.port
    except (URLParseError, ValueError):
        raise PageUrlInvalid from None
    if url.scheme not in _SCHEMES or url.userinfo or not url.host or not 0 < (port or 0) < 65536:
        raise PageUrlInvalid
    if not _has_dots(url.host):
        # A name of the local network.
        raise PageUrlInvalid
    path = url.path or ("",)
    written = url.replace(fragment="", path=path, rooted=True).to_text()
    if not written.isascii() or len(written) > 2 * MAX_URL:
        raise PageUrlInvalid
    return written


def _has_dots(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return "." in host.rstrip(".")
    return True


def joined(base: str, link: str) -> str:
    """Where a link in a page leads.

    Raises:
        PageUrlInvalid.
    """
    from hyperlink import URL, URLParseError

    try:
        return page_url(URL.from_text(base).click(link.strip()[:MAX_URL]).to_text())
    except (URLParseError, ValueError, NotImplementedError):
        raise PageUrlInvalid from None


def display_url(url: str) -> str:
    """An address as it is shown."""
    from hyperlink import URL, URLParseError

    try:
        iri = URL.from_text(url).to_iri().to_text()
    except (URLParseError, ValueError):
        iri = url
    return iri.partition("://")[2].rstrip("/")[:MAX_URL] or url


def first_link(text: str, entities: Iterable[Entity]) -> str | None:
    """The first address of a page that a text shows or hides, in wire form."""
    units = text.encode("utf-16-le", "surrogatepass")
    for entity in entities:
        if entity.kind == "textUrl":
            link = entity.url
        elif entity.kind == "url":
            link = units[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le", "replace")
        else:
            continue
        try:
            return page_url(link)
        except PageUrlInvalid:
            continue
    return None
