"""Which parts make a file (core.telegram.org/api/files, "Uploading files"): pure functions over numbers and sizes.

Every part but the last has the same size, a multiple of 1 KiB that divides 512 KiB; the last may be shorter.
"""

from collections.abc import Mapping

from teamgram.domain.files.errors import (
    FilePartEmpty,
    FilePartInvalid,
    FilePartMissing,
    FilePartsInvalid,
    FilePartSizeChanged,
    FilePartSizeInvalid,
    FilePartTooBig,
)
from teamgram.domain.files.settings import MAX_PART


def check_part(part: int, size: int, total: int, max_parts: int) -> None:
    """One part by itself.

    Args:
        total: how many the client says there are; 0 when it does not.

    Raises:
        FilePartsInvalid, FilePartInvalid, FilePartEmpty, FilePartTooBig, FilePartSizeInvalid.
    """
    if not 0 <= total <= max_parts:
        raise FilePartsInvalid(str(total))
    if not 0 <= part < (total or max_parts):
        raise FilePartInvalid(str(part))
    if size == 0:
        raise FilePartEmpty
    if size > MAX_PART:
        raise FilePartTooBig(str(size))
    if total and part < total - 1:
        _check_full(size)


def check_beside(part: int, size: int, highest: int, highest_size: int) -> None:
    """A part beside the one with the highest number that is there.

    Raises:
        FilePartSizeInvalid, FilePartSizeChanged: the two cannot be parts of one file.
    """
    if part == highest:
        return
    before, last = (size, highest_size) if part < highest else (highest_size, size)
    _check_full(before)
    if last > before:
        raise FilePartSizeChanged(f"{last} behind {before}")


def check_whole(sizes: Mapping[int, int], count: int, max_parts: int) -> None:
    """All parts that came, as the file of ``count`` parts that the client says they are.

    Raises:
        FilePartsInvalid, FilePartMissing, FilePartSizeInvalid, FilePartSizeChanged.
    """
    if not 1 <= count <= max_parts:
        raise FilePartsInvalid(str(count))
    for part in range(count):
        if part not in sizes:
            raise FilePartMissing(part)
    if len(sizes) != count:
        raise FilePartsInvalid(f"{len(sizes)} for {count}")
    if count > 1:
        full = sizes[0]
        _check_full(full)
        if any(sizes[part] != full for part in range(count - 1)) or sizes[count - 1] > full:
            raise FilePartSizeChanged


def _check_full(size: int) -> None:
    if size % 1024 or MAX_PART % size:
        raise FilePartSizeInvalid(str(size))
