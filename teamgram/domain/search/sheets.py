"""Sheets: the postings of a young segment, those of all terms that begin alike in one row.

A row for each term would cost more than the postings in it: most words of a few
hundred messages are in one of them. What is asked for begins with a whole
character, so it lies in one sheet (text of three bytes a character: its first two).

A sheet is its lines one after another: byte 255, the term, byte 254, its contents.
No byte of UTF-8 is 254 or 255. Contents are decimal numbers with commas between, or
``=`` and a Roaring bitmap (github.com/RoaringBitmap/RoaringFormatSpec) in base64.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from pyroaring import BitMap64

from teamgram.domain.boxes.numbers import Packed, pack, pack_list

SHEET = b"\xfe"
"""Ends the key of a sheet."""

_FEW = 32
"""So many contents are written as numbers."""

_LINE = re.compile(b"\xff([^\xfe]*)\xfe([^\xff]*)")
_BITMAP = b"="

_encode = msgspec.json.Encoder().encode
_decode_row = msgspec.json.Decoder(list[int]).decode
_decode_rows = msgspec.json.Decoder(list[list[int]]).decode


def sheet_of(term: bytes) -> bytes:
    """Key of the sheet in which a term is, and all words that begin with it."""
    return term[: 1 if term[0] < 0x80 else 2] + SHEET


def sheets_of(postings: Iterable[tuple[bytes, int]]) -> dict[bytes, Packed]:
    """(postings, sheet) by key, of (term, content)."""
    by_term: dict[bytes, list[int]] = {}
    for term, content_id in postings:
        by_term.setdefault(term, []).append(content_id)
    lines: dict[bytes, list[bytes]] = {}
    counts: dict[bytes, int] = {}
    for term, ids in by_term.items():
        key = sheet_of(term)
        lines.setdefault(key, []).append(b"\xff%b\xfe%b" % (term, _written(ids)))
        counts[key] = counts.get(key, 0) + len(ids)
    return {key: (counts[key], b"".join(some)) for key, some in lines.items()}


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
    found = BitMap64()
    few: list[bytes] = []
    for ids in written:
        if ids.startswith(_BITMAP):
            found |= BitMap64.deserialize(a2b_base64(ids[1:]))
        else:
            few.append(ids)
    found.update(_decode_row(b"[%b]" % b",".join(few)))
    return found


def postings_of(sheets: Iterable[bytes]) -> dict[bytes, Packed]:
    """Contents by term, the terms in order."""
    by_term: dict[bytes, list[bytes]] = {}
    for term, ids in _LINE.findall(b"".join(sheets)):
        by_term.setdefault(term, []).append(ids)
    found: dict[bytes, Packed] = {}
    plain: list[tuple[bytes, bytes]] = []
    for term, written in sorted(by_term.items()):
        joined = b",".join(written)
        if _BITMAP in joined:
            found[term] = pack(_read(written))
        else:
            # In its place among the others.
            found[term] = (0, b"")
            plain.append((term, joined))
    rows = _decode_rows(b"[[%b]]" % b"],[".join(ids for _, ids in plain)) if plain else []
    for (term, _), ids in zip(plain, rows, strict=True):
        # One that was indexed again may be in two of them.
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
