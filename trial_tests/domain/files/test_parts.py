"""Which parts make a file, which references hold, and which ranges may be asked for."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.files import parts, ranges
from teamgram.domain.files.errors import (
    FilePartEmpty,
    FilePartInvalid,
    FilePartMissing,
    FilePartsInvalid,
    FilePartSizeChanged,
    FilePartSizeInvalid,
    FilePartTooBig,
    FileReferenceEmpty,
    FileReferenceExpired,
    FileReferenceInvalid,
    LimitInvalid,
    OffsetInvalid,
)
from teamgram.domain.files.references import IN_CONTENT, TO_UPLOADER, FileReferences, Origin

KIB, MIB = 1024, 1 << 20


class PartRulesTests(SynchronousTestCase):
    """core.telegram.org/api/files, "Uploading files"."""

    def test_one_part(self) -> None:
        """Numbers and sizes that no part of any file has."""
        for part, size, total, error in (
            (-1, KIB, 0, FilePartInvalid),
            (4000, KIB, 0, FilePartInvalid),
            (3, KIB, 3, FilePartInvalid),
            (0, 0, 0, FilePartEmpty),
            (0, 512 * KIB + 1, 0, FilePartTooBig),
            (0, 1000, 2, FilePartSizeInvalid),
            (0, 3 * KIB, 2, FilePartSizeInvalid),
            (0, KIB, -1, FilePartsInvalid),
            (0, KIB, 4001, FilePartsInvalid),
        ):
            with self.assertRaises(error):
                parts.check_part(part, size, total, 4000)
        parts.check_part(1, 1000, 2, 4000)
        parts.check_part(0, 1000, 0, 4000)
        parts.check_part(3999, 512 * KIB, 4000, 4000)

    def test_two_parts(self) -> None:
        """The shorter one is the last, whichever came first; others fit each other."""
        parts.check_beside(0, 64 * KIB, 1, 10)
        parts.check_beside(1, 10, 0, 64 * KIB)
        parts.check_beside(1, 10, 1, 64 * KIB)
        with self.assertRaises(FilePartSizeInvalid):
            parts.check_beside(1, 64 * KIB, 0, 10)
        with self.assertRaises(FilePartSizeChanged):
            parts.check_beside(2, 64 * KIB, 1, 32 * KIB)

    def test_whole(self) -> None:
        """All parts, and no other."""
        parts.check_whole({0: 7}, 1, 4000)
        parts.check_whole({0: KIB, 1: KIB, 2: 1}, 3, 4000)
        for sizes, count, error in (
            ({}, 0, FilePartsInvalid),
            ({0: KIB}, 4001, FilePartsInvalid),
            ({0: KIB, 1: KIB}, 1, FilePartsInvalid),
            ({0: KIB, 1: 2 * KIB, 2: KIB}, 3, FilePartSizeChanged),
            ({0: KIB, 1: 2 * KIB}, 2, FilePartSizeChanged),
            ({0: 7, 1: 7}, 2, FilePartSizeInvalid),
        ):
            with self.assertRaises(error):
                parts.check_whole(sizes, count, 4000)
        with self.assertRaises(FilePartMissing) as caught:
            parts.check_whole({0: KIB, 2: KIB}, 3, 4000)
        self.assertEqual(caught.exception.number, 1)


class RangeTests(SynchronousTestCase):
    """core.telegram.org/api/files, "Downloading files"."""

    def test_ranges(self) -> None:
        """Both ways of asking, at their borders."""
        for offset, limit in ((0, 4 * KIB), (0, MIB), (4 * KIB, 4 * KIB), (MIB - 4 * KIB, 4 * KIB), (5 * MIB, MIB)):
            ranges.check_range(offset, limit, precise=False)
        for offset, limit in ((0, KIB), (KIB, 3 * KIB), (MIB, MIB), (0, 1000 * KIB)):
            ranges.check_range(offset, limit, precise=True)
        for offset, limit, precise, error in (
            (-4096, 4096, False, OffsetInvalid),
            (KIB, 4096, False, OffsetInvalid),
            (1, 4096, True, OffsetInvalid),
            (0, 0, True, LimitInvalid),
            (0, -4096, True, LimitInvalid),
            (0, 12 * KIB, False, LimitInvalid),
            (0, KIB, False, LimitInvalid),
            (0, 2 * MIB, False, LimitInvalid),
            (0, 2 * MIB, True, LimitInvalid),
            (0, 1500, True, LimitInvalid),
            (MIB - 4 * KIB, 8 * KIB, False, LimitInvalid),
        ):
            with self.assertRaises(error):
                ranges.check_range(offset, limit, precise=precise)


class ReferenceTests(SynchronousTestCase):
    """Signed, for one file, for a while."""

    def setUp(self) -> None:
        self.references = FileReferences(b"k" * 32, 160)

    def test_says_where_it_was_given(self) -> None:
        """For at least its lifetime, and a sixteenth more at most."""
        for origin in (Origin(IN_CONTENT, 77), Origin(TO_UPLOADER, 1 << 40)):
            given = self.references.give(5, origin, 1000)
            self.assertEqual(self.references.read(given, 5, 1160), origin)
            with self.assertRaises(FileReferenceExpired):
                self.references.read(given, 5, 1171)

    def test_equal_for_a_while(self) -> None:
        """What is said about one file in the same moment is the same, for all who have the content."""
        origin = Origin(IN_CONTENT, 77)
        self.assertEqual(self.references.give(5, origin, 1000), self.references.give(5, origin, 1009))

    def test_nothing_in_it_can_be_changed(self) -> None:
        """Any other byte, length, file or key makes it none."""
        given = self.references.give(5, Origin(IN_CONTENT, 77), 1000)
        others = [bytes((*given[:i], given[i] ^ 1, *given[i + 1 :])) for i in range(len(given))]
        for other in [*others, given[:-1], given + b"\0", b"x", bytes(len(given))]:
            with self.assertRaises(FileReferenceInvalid):
                self.references.read(other, 5, 1000)
        with self.assertRaises(FileReferenceInvalid):
            self.references.read(given, 6, 1000)
        with self.assertRaises(FileReferenceInvalid):
            FileReferences(b"o" * 32, 160).read(given, 5, 1000)
        with self.assertRaises(FileReferenceEmpty):
            self.references.read(b"", 5, 1000)

    def test_tells_no_numbers(self) -> None:
        """Where it was given cannot be read off it."""
        given = self.references.give(5, Origin(IN_CONTENT, 0x1122334455), 1000)
        self.assertNotIn(b"\x55\x44\x33\x22\x11", given)
