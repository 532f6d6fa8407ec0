"""Sets of contents, in memory and in the database."""

import struct
from collections.abc import Iterable, Sequence

import msgspec
from pyroaring import BitMap, BitMap64

from teamgram.database import Transaction

_FEW = 8
"""So many numbers are stored one by one, more as a Roaring bitmap (github.com/RoaringBitmap/RoaringFormatSpec)."""

_A_NUMBER = 20
"""Its digits, and a comma."""

_ONE = struct.pack("<Q", 1)

_decode_numbers = msgspec.json.Decoder(list[int]).decode


Packed = tuple[int, bytes]
"""(how many, as they are stored)."""


def pack_list(numbers: Sequence[int]) -> Packed:
    """As ``pack``, of different numbers in order."""
    count = len(numbers)
    return (count, struct.pack(f"<{count}q", *numbers)) if count <= _FEW else pack(BitMap64(numbers))


def pack(numbers: BitMap64) -> Packed:
    """A set as it is stored."""
    count = len(numbers)
    if count <= _FEW:
        return count, struct.pack(f"<{count}q", *numbers)
    numbers.run_optimize()
    return count, numbers.serialize()


def unpack(count: int, stored: bytes) -> BitMap64:
    """The inverse of ``pack``."""
    if count <= _FEW:
        return BitMap64(struct.unpack(f"<{count}q", stored))
    return BitMap64.deserialize(stored)


def united(bitmaps: Iterable[bytes]) -> BitMap64:
    """The numbers of many serialized sets.

    A set of 64-bit numbers is written as how many sets of 32-bit numbers it has, and each of these behind the upper
    half of its numbers ("64-bit implementations" of the format). Nearly always it has one. United as what they are,
    and all at once, such sets cost half of what they cost one after another.
    """
    found = BitMap64()
    alike: dict[bytes, list[BitMap]] = {}
    for stored in bitmaps:
        if stored[:8] == _ONE:
            alike.setdefault(stored[8:12], []).append(BitMap.deserialize(stored[12:]))
        else:
            found |= BitMap64.deserialize(stored)
    for upper, sets in alike.items():
        # Which takes no empty list.
        found |= BitMap64.deserialize(_ONE + upper + BitMap.union(*sets).serialize())
    return found


def unpack_all(rows: Iterable[Packed]) -> BitMap64:
    """All numbers of stored sets."""
    small: list[bytes] = []
    large: list[bytes] = []
    for count, stored in rows:
        (small if count <= _FEW else large).append(stored)
    found = united(large)
    if small:
        one = b"".join(small)
        found |= BitMap64(struct.unpack(f"<{len(one) // 8}q", one))
    return found


def numbers_txn(txn: Transaction, columns: Sequence[str], source: str, params: Sequence[object]) -> list[int]:
    """The values of some columns, row after row; as one text (``GROUP_CONCAT``), for a tenth of the price of rows."""
    expression = " || ',' || ".join(columns)
    limit = txn.engine.concat_limit
    if not limit:
        txn.execute(f"SELECT GROUP_CONCAT({expression}) {source}", params)
        (joined,) = txn.fetchone() or (None,)
        return _decode_numbers(f"[{joined or ''}]")
    txn.execute(f"SELECT COUNT(*), {limit}, GROUP_CONCAT({expression}) {source}", params)
    count, most, joined = txn.fetchone() or (0, 0, None)
    if not count:
        return []
    text = joined.decode() if isinstance(joined, bytes) else joined or ""
    if len(text) < most - _A_NUMBER:
        return _decode_numbers(f"[{text}]")
    # Cut off, perhaps: then by rows after all.
    txn.execute(f"SELECT {', '.join(columns)} {source}", params)
    return [number for row in txn.fetchall() for number in row]
