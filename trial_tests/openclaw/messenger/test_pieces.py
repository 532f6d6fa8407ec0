"""Long texts as several messages."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.messages.text import MAX_LENGTH
from teamgram.openclaw.messenger.pieces import pieces, units


class PiecesTests(SynchronousTestCase):
    """Long texts as several messages."""

    def test_cut_at_lines(self) -> None:
        """Nothing is lost, no piece is too long, and lines stay whole where they can."""
        text = "\n".join("x" * 300 for _ in range(40))
        found = pieces(text)
        self.assertEqual("".join(found), text)
        self.assertTrue(all(len(piece) <= MAX_LENGTH for piece in found))
        self.assertTrue(all(piece.endswith("\n") for piece in found[:-1]))
        self.assertEqual(pieces("y" * 5000), ["y" * MAX_LENGTH, "y" * (5000 - MAX_LENGTH)])
        self.assertEqual(pieces(""), [])

    def test_utf16(self) -> None:
        """A character beyond the first plane is two units, and stays whole."""
        found = pieces("\U0001f600" * 5000)
        self.assertEqual("".join(found), "\U0001f600" * 5000)
        self.assertEqual([units(piece) for piece in found], [4096, 4096, 1808])

    def test_what_belongs_together(self) -> None:
        """Families, flags, skin tones and accents are not cut; nor are links."""
        for whole in (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\U0001f1e9\U0001f1ea",
            "\U0001f44d\U0001f3fd",
            "e\u0301\u0323",
            "\U0001f3f4\U000e0067\U000e0062\U000e007f",
        ):
            for offset in range(12):
                text = "x" * offset + whole * 2000
                found = pieces(text)
                self.assertEqual("".join(found), text)
                self.assertTrue(all(units(piece) <= MAX_LENGTH for piece in found))
                self.assertTrue(all(piece.startswith(whole) for piece in found[1:]), whole)
        link = "https://example.org/" + "a" * 200
        text = " ".join(["word"] * 800 + [link] * 10)
        self.assertEqual(sum(piece.count(link) for piece in pieces(text)), 10)

    def test_marks_without_end(self) -> None:
        """Nothing but marks is cut all the same."""
        self.assertEqual("".join(pieces("\u0301" * 10_000)), "\u0301" * 10_000)
