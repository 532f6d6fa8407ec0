"""Sheets: the postings of a young segment, those of all terms that begin alike in one row.

A row for each term would cost more than the postings in it: most words of some
hundreds of messages are in one of them only. Terms are together that begin with the
same two characters or so: what is asked for lies in one sheet of a segment, a single
letter in some neighbours. Much larger sheets would not lie in one page of SQLite's.

A sheet is its lines one after another: byte 255, the term, byte 254, its contents.
No byte of UTF-8 is 254 or 255. Contents are decimal numbers with commas between, or
``=`` and a Roaring bitmap (github.com/RoaringBitmap/RoaringFormatSpec) in base64.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from pyroaring import BitMap64

from teamgram.domain.boxes.numbers import Packed, pack, pack_list, united

SHEET = b"\xfe"
"""Ends the key of a sheet."""

LEVELS = 2
"""Segments of these levels have sheets."""

_FEW = 32
"""So many contents are written as numbers."""

_LINE = re.compile(b"\xff([^\xfe]*)\xfe([^\xff]*)")
_BITMAP = b"="

_encode = msgspec.json.Encoder().encode
_decode_row = msgspec.json.Decoder(list[int]).decode
_decode_rows = msgspec.json.Decoder(list[list[int]]).decode


def _width(term: bytes) -> int:
    """Bytes that all terms of its sheet begin with: two of ASCII, four of a script with two each, a longer one."""
    first = term[0]
    if first < 0x80:
        return 2
    return 3 if 0xE0 <= first < 0xF0 else 4


def sheet_of(term: bytes) -> bytes:
    """Key of the sheet in which a term is; keys are in the order of terms."""
    width = _width(term)
    # No word has the byte 0.
    return term[:width].ljust(width, b"\x00") + SHEET


def sheets_from(beginning: bytes) -> tuple[bytes, bytes]:
    """(first, last) key of the sheets with words that begin so."""
    if len(beginning) >= _width(beginning):
        return (key := sheet_of(beginning)), key
    return beginning, beginning + b"\xff"


def sheets_of(postings: Iterable[tuple[bytes, int]]) -> dict[bytes, Packed]:
    """(postings, sheet) by key, of (term, content) in order."""
    by_term: dict[bytes, list[int]] = {}
    for term, content_id in postings:
        by_term.setdefault(term, []).append(content_id)
    return _sheets((term, len(ids), _written(ids)) for term, ids in by_term.items())


def _sheets(terms: Iterable[tuple[bytes, int, bytes]]) -> dict[bytes, Packed]:
    """Of (term, how many contents, these as they are written), in order."""
    found: dict[bytes, Packed] = {}
    lines: list[bytes] = []
    total = 0
    key = alike = b""
    for term, count, written in terms:
        if not lines or not term.startswith(alike):
            if lines:
                found[key] = total, b"".join(lines)
            key, lines, total = sheet_of(term), [], 0
            # A shorter term has a sheet for itself, although others begin with it.
            width = _width(term)
            alike = term[:width] if len(term) >= width else SHEET
        lines.append(b"\xff%b\xfe%b" % (term, written))
        total += count
    if lines:
        found[key] = total, b"".join(lines)
    return found


def merged(sheets: Iterable[bytes]) -> dict[bytes, Packed]:
    """As ``sheets_of``, of the sheets of several segments."""
    return _sheets(map(_one, sorted(_by_term(sheets).items())))


def _one(term: tuple[bytes, list[bytes]]) -> tuple[bytes, int, bytes]:
    written = term[1]
    if len(written) == 1 and not written[0].startswith(_BITMAP):
        return term[0], written[0].count(b",") + 1, written[0]
    # A content that was indexed again may be in two of them.
    ids = _read(written)
    return term[0], len(ids), _written(list(ids))


def _by_term(sheets: Iterable[bytes]) -> dict[bytes, list[bytes]]:
    by_term: dict[bytes, list[bytes]] = {}
    for term, written in _LINE.findall(b"".join(sheets)):
        by_term.setdefault(term, []).append(written)
    return by_term


def _written(ids: Sequence[int]) -> bytes:
    if len(ids) <= _FEW:
        return _encode(ids)[1:-1]
    return _BITMAP + b2a_base64(BitMap64(ids).serialize(), newline=False)


def asked_in(sheets: Iterable[bytes], beginning: bytes, terms: Collection[bytes]) -> BitMap64:
    """Contents of what is asked for (see ``terms.Asked``), from its sheets."""
    if terms:
        line = b"\xff(?:%b)\xfe([^\xff]*)" % b"|".join(map(re.escape, terms))
    else:
        line = b"\xff%b[^\xfe]*\xfe([^\xff]*)" % re.escape(beginning)
    return _read(re.findall(line, b"".join(sheets)))


def _read(written: Iterable[bytes]) -> BitMap64:
    few: list[bytes] = []
    bitmaps: list[bytes] = []
    for ids in written:
        if ids.startswith(_BITMAP):
            bitmaps.append(a2b_base64(ids[1:]))
        else:
            few.append(ids)
    found = united(bitmaps)
    found.update(_decode_row(b"[%b]" % b",".join(few)))
    return found


def postings_of(sheets: Iterable[bytes]) -> dict[bytes, Packed]:
    """Contents by term, the terms in order."""
    found: dict[bytes, Packed] = {}
    plain: list[tuple[bytes, bytes]] = []
    for term, written in sorted(_by_term(sheets).items()):
        joined = b",".join(written)
        if _BITMAP in joined:
            found[term] = pack(_read(written))
        else:
            # In its place among the others.
            found[term] = (0, b"")
            plain.append((term, joined))
    rows = _decode_rows(b"[[%b]]" % b"],[".join(ids for _, ids in plain)) if plain else []
    for (term, _), ids in zip(plain, rows, strict=True):
        # As ``_one``.
        found[term] = pack_list(sorted(set(ids)) if len(ids) > 1 else ids)
    return found


def without(sheet: bytes, gone: Mapping[bytes, Collection[int]]) -> Packed:
    """What is left when contents are taken away from terms; no postings for none."""
    lines: list[bytes] = []
    count = 0
    for term, written in _LINE.findall(sheet):
        left = _read((written,)) - BitMap64(gone.get(term, ()))
        if left:
            count += len(left)
            lines.append(b"\xff%b\xfe%b" % (term, _written(list(left))))
    return count, b"".join(lines)
