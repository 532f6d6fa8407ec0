"""What a page says of itself: Open Graph (ogp.me), Twitter's names for the same, and plain HTML.

Only the beginnings of a page's tags are looked at, each with bounds. ``html.parser`` would read all of it, and
Python 3.11's takes quadratic time on pages that are made for it (CVE-2025-6069).
"""

import re
from dataclasses import dataclass
from html import unescape

MAX_TAGS = 1000
_MAX_TAG = 4096
_MAX_TITLE, _MAX_DESCRIPTION, _MAX_NAME = 256, 1024, 64

_INTERESTING = re.compile(
    r"<(!--|script|style|svg|noscript|template|textarea|meta|title|link)(?![a-z0-9-])", re.IGNORECASE
)
# Begins where a name begins and gives nothing back, or 512 KiB of names without a value would take seconds.
_ATTRIBUTE = re.compile(
    r"""(?<![a-z:-])([a-z:-]{1,32}+)\s{0,8}+=\s{0,8}(?:"([^"]{0,4096})"|'([^']{0,4096})'|([^\s"'<>]{1,2048}))""",
    re.IGNORECASE,
)
_CHARSET = re.compile(rb"""<meta[^>]{0,256}?charset\s{0,8}=\s{0,8}["']?\s{0,8}([a-zA-Z0-9_:.-]{2,40})""", re.IGNORECASE)
_CHARSETS = re.compile(
    r"utf-?(8|16|16le|16be)|us-ascii|ascii|latin-?1|(iso-?8859-|windows-?|cp)\d{1,4}|koi8-[rtu]|gb(k|2312|18030)"
    r"|big5(-hkscs)?|euc-(jp|kr)|shift[_-]jis|iso-2022-(jp|kr)|tis-620",
    re.IGNORECASE,
)
_ENDS = {"!--": "-->", "title": "</title"}
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Summary:
    """Empty where the page says nothing. ``image``: an address, perhaps relative to the page's."""

    title: str = ""
    description: str = ""
    site_name: str = ""
    author: str = ""
    kind: str = ""
    image: str = ""
    large: bool = False


def decoded(data: bytes, charset: str) -> str:
    """The text of a page, by what its header or its beginning says it is written in."""
    if not charset:
        said = _CHARSET.search(data[:4096])
        charset = said[1].decode() if said else "utf-8"
    if _CHARSETS.fullmatch(charset) is None:
        # Python knows others that are no alphabets, and one (punycode) that takes quadratic time.
        charset = "utf-8"
    try:
        return data.decode(charset, "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def summary_of(text: str) -> Summary:
    """What a page says of itself."""
    told: dict[str, str] = {}
    at = 0
    for _ in range(MAX_TAGS):
        tag = _INTERESTING.search(text, at)
        if tag is None:
            break
        name, at = tag[1].lower(), tag.end()
        if name in ("meta", "link"):
            _take(told, name, text[at : at + _MAX_TAG])
        elif name == "title":
            start = text.find(">", at, at + _MAX_TAG) + 1
            end = text.find("<", start, start + _MAX_TAG) if start else -1
            if end > 0:
                told.setdefault("title", text[start:end])
        else:
            end = text.find(_ENDS.get(name, f"</{name}"), at)
            if end < 0 and name != "!--":
                end = text.find(f"</{name.upper()}", at)
            if end < 0:
                break
            at = end
    return _summary(told)


def _take(told: dict[str, str], name: str, rest: str) -> None:
    attributes: dict[str, str] = {}
    at = 0
    while len(attributes) < 16:
        # From one attribute to the next, and never over the end of the tag.
        found = _ATTRIBUTE.search(rest, at)
        if found is None or ">" in rest[at : found.start()]:
            break
        attributes.setdefault(found[1].lower(), found[2] or found[3] or found[4] or "")
        at = found.end()
    if name == "link":
        if attributes.get("rel", "").lower() == "image_src":
            told.setdefault("image_src", attributes.get("href", ""))
        return
    key = (attributes.get("property") or attributes.get("name") or "").lower()
    content = attributes.get("content", "").strip()
    if key and content and len(told) < 100:
        told.setdefault(key, content)


def _summary(told: dict[str, str]) -> Summary:
    def first(limit: int, *names: str) -> str:
        for name in names:
            text = _SPACE.sub(" ", _printable(unescape(told.get(name, "")))).strip()
            if text:
                return text if len(text) <= limit else text[: limit - 1].rstrip() + "\u2026"
        return ""

    image = first(
        2048, "og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src", "image_src"
    )
    return Summary(
        first(_MAX_TITLE, "og:title", "twitter:title", "title"),
        first(_MAX_DESCRIPTION, "og:description", "twitter:description", "description"),
        first(_MAX_NAME, "og:site_name", "application-name"),
        first(_MAX_NAME, "article:author:name", "author", "twitter:creator"),
        first(_MAX_NAME, "og:type"),
        image,
        told.get("twitter:card", "") == "summary_large_image",
    )


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c.isspace() else " " for c in text)
