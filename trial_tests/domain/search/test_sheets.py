"""Sheets against plain sets."""

import random

from twisted.trial.unittest import SynchronousTestCase

from pyroaring import BitMap64

from teamgram.domain.boxes.numbers import unpack
from teamgram.domain.search import sheets

Plain = dict[bytes, set[int]]

TERMS = [
    word.encode()
    for word in ("a", "ab", "abc", "abd", "b", "к", "ко", "кот", "ж", "東", "東京", "京都", "👍", "1", "a.b", "é", "aж")
] + [b"\x00s1", b"\x00s12", b"\x00t3"]


class SheetsTests(SynchronousTestCase):
    """What was put into sheets is found there, wherever they were merged or something was taken away."""

    def setUp(self) -> None:
        self.patch(sheets, "_FEW", 3)
        self.rng = random.Random(91)

    def some(self) -> Plain:
        """Contents of some terms."""
        chosen = self.rng.sample(TERMS, self.rng.randint(1, len(TERMS)))
        return {term: set(self.rng.sample(range(1, 1 << 40), self.rng.randint(1, 6))) for term in chosen}

    def written(self, plain: Plain) -> dict[bytes, tuple[int, bytes]]:
        """As sheets."""
        return sheets.sheets_of(sorted((term, id_) for term, ids in plain.items() for id_ in ids))

    def check(self, found: dict[bytes, tuple[int, bytes]], plain: Plain) -> None:
        """Everything is there, is counted, and is what a query gets from the sheets that it reads."""
        self.assertEqual(list(found), sorted(found))
        self.assertEqual(sum(count for count, _ in found.values()), sum(map(len, plain.values())))
        read = sheets.postings_of(sheet for _, sheet in found.values())
        self.assertEqual(list(read), sorted(plain))
        self.assertEqual({term: set(unpack(*packed)) for term, packed in read.items()}, plain)
        for term in TERMS:
            one = found.get(sheets.sheet_of(term), (0, b""))[1]
            self.assertEqual(set(sheets.asked_in((one,), b"", (term,))), plain.get(term, set()), term)
            if term.startswith(b"\x00"):
                continue
            low, high = sheets.sheets_from(term)
            there = [sheet for key, (_, sheet) in found.items() if low <= key <= high]
            with_it = BitMap64().union(*(BitMap64(ids) for word, ids in plain.items() if word.startswith(term)))
            self.assertEqual(sheets.asked_in(there, term, ()), with_it, term)

    def test_like_sets(self) -> None:
        """Random terms and contents; what lies in two of them counts once."""
        for _ in range(150):
            one, other = self.some(), self.some()
            for term in one.keys() & other.keys():
                other[term].add(min(one[term]))
            both = {term: one.get(term, set()) | other.get(term, set()) for term in one.keys() | other.keys()}
            written = [self.written(one), self.written(other)]
            self.check(written[0], one)
            merged = sheets.merged(sheet for some in written for _, sheet in some.values())
            self.check(merged, both)
            gone = {term: {id_ for id_ in ids if self.rng.random() < 0.5} for term, ids in self.some().items()}
            gone |= {term: {id_ for id_ in ids if self.rng.random() < 0.5} for term, ids in one.items()}
            left = {term: ids - gone.get(term, set()) for term, ids in both.items()}
            kept = {key: sheets.without(sheet, gone) for key, (_, sheet) in merged.items()}
            self.check(
                {key: one for key, one in kept.items() if one[0]}, {term: ids for term, ids in left.items() if ids}
            )
