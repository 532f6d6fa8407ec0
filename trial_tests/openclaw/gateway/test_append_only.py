"""Words for those who can only append."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.gateway.append_only import BEGUN_AGAIN, AppendOnly


class AppendOnlyTests(SynchronousTestCase):
    """Pieces that never double a text."""

    def test_the_same_again(self) -> None:
        """However the second telling is cut, its known part does not come again."""
        for size in (1, 2, 3, 20):
            words = AppendOnly()
            told = words.add("Hel") + words.add("lo ")
            again = "Hello world"
            told += words.replace(again[:size])
            for at in range(size, len(again), size):
                told += words.add(again[at : at + size])
            self.assertEqual(told, again, size)

    def test_another_text(self) -> None:
        """What is another text is told as that."""
        words = AppendOnly()
        told = words.add("The answer is 4")
        told += words.replace("") + words.add("The ") + words.add("result") + words.add(" is 5")
        self.assertEqual(told, f"The answer is 4{BEGUN_AGAIN}The result is 5")

    def test_twice(self) -> None:
        """Broken off twice, the second time earlier than the first."""
        words = AppendOnly()
        told = words.add("abcdef") + words.replace("ab") + words.replace("a") + words.add("bcdefg") + words.add("h")
        self.assertEqual(told, "abcdefgh")
