"""A reply while it grows."""

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.openclaw.agent.run_events import merge_deltas
from teamgram.openclaw.agent.streaming import ALWAYS_WHOLE, LiveText


class LiveTextTests(SynchronousTestCase):
    """What is told when."""

    def test_trailing_space_waits(self) -> None:
        """Space at the end is told with what follows it, so the text told is always trimmed."""
        live = LiveText()
        live.begin_item()
        live.add("word0 ")
        self.assertEqual(live.take(0.0).text, "word0")
        live.add("\n ")
        self.assertIsNone(live.take(0.0))
        live.add("word1 ")
        piece = live.take(0.0)
        assert piece is not None
        self.assertEqual((piece.text, piece.whole), (" \n word1", "word0 \n word1"))

    def test_next_item_is_a_paragraph(self) -> None:
        """Text after a tool is joined by an empty line, and counts as an item of its own."""
        live = LiveText()
        live.begin_item()
        live.add("Let me check. ")
        live.take(0.0)
        live.begin_item()
        live.add("Done.")
        piece = live.take(0.0)
        assert piece is not None
        self.assertEqual((piece.text, piece.item_delta, piece.item_text), ("\n\nDone.", "Done.", "Done."))
        self.assertEqual(live.text, "Let me check.\n\nDone.")

    def test_failed_call_is_taken_back(self) -> None:
        """What a call said before it failed is replaced by what the next attempt says."""
        live = LiveText()
        live.begin_item()
        live.add("kept")
        live.take(0.0)
        live.begin_item()
        live.add("wrong")
        live.take(0.0)
        live.take_back_item()
        live.add("right")
        piece = live.take(0.0)
        assert piece is not None
        self.assertTrue(piece.replaces)
        self.assertEqual((piece.text, piece.item_delta), ("kept\n\nright", "right"))

    def test_cumulative_text_costs_little(self) -> None:
        """A long reply in small pieces sends less than three times its size, cumulative text and all."""
        live = LiveText()
        live.begin_item()
        size, sent = 0, 0
        for _ in range(20_000):
            live.add("x" * 100)
            piece = live.take(0.0)
            assert piece is not None
            size += 100
            sent += len(piece.text) + len(piece.whole or "")
        # The final message has it all once more.
        self.assertLess(sent + size, 2.9 * size)
        self.assertGreater(size, 100 * ALWAYS_WHOLE)

    @given(st.lists(st.text(alphabet="ab \n", max_size=6), max_size=30), st.integers(1, 4))
    @settings(max_examples=200, deadline=None)
    def test_pieces_give_the_text(self, parts: list[str], every: int) -> None:
        """Whatever the model says: pieces joined are the text, which is the trimmed whole."""
        live = LiveText()
        live.begin_item()
        told = ""
        for index, part in enumerate(parts):
            live.add(part)
            piece = live.take(0.0) if index % every == 0 else None
            if piece is not None:
                told += piece.text
                self.assertEqual(piece.whole, told)
        last = live.take(0.0)
        told += last.text if last is not None else ""
        self.assertEqual(told, live.text)
        self.assertEqual(told, "".join(parts).strip())


class MergeTests(SynchronousTestCase):
    """Two deltas that a slow client has not read."""

    def test_joined(self) -> None:
        """The newer one says both; a stale cumulative text does not survive."""
        older = {"deltaText": "a", "message": "a", "seq": 1}
        self.assertEqual(merge_deltas(older, {"deltaText": "b", "seq": 2}), {"deltaText": "ab", "seq": 2})

    def test_replacement(self) -> None:
        """A replacement makes the older one void, and stays one when it is swallowed itself."""
        replaced = {"deltaText": "new", "replace": True}
        self.assertEqual(merge_deltas({"deltaText": "old"}, replaced), replaced)
        self.assertEqual(merge_deltas(replaced, {"deltaText": "er"}), {"deltaText": "newer", "replace": True})
