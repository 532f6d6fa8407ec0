"""``file_id``s."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.bots.errors import ApiError
from teamgram.bots.file_ids import FileId, FileIds


class FileIdTests(SynchronousTestCase):
    """Which file, for one bot."""

    def test_for_one_bot(self) -> None:
        """The same for the same, and nothing for another bot or another server; nothing that was changed opens."""
        ids, others = FileIds(b"k" * 32), FileIds(b"j" * 32)
        for file in (FileId("photo", 7, "x"), FileId("document", 2**60), FileId("document", 5, "", True)):
            text = ids.make(1, file)
            self.assertEqual(text, ids.make(1, file))
            self.assertEqual(ids.open(1, text), file)
            self.assertNotEqual(text, ids.make(2, file))
            self.assertRaises(ApiError, ids.open, 2, text)
            self.assertRaises(ApiError, others.open, 1, text)
            for index in range(len(text)):
                changed = text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]
                try:
                    opened = ids.open(1, changed)
                except ApiError:
                    continue
                # The last letter has bits that mean nothing.
                self.assertEqual((index, opened), (len(text) - 1, file))
        for text in ("", "x", "=", "é" * 10, "A" * 5000):
            self.assertRaises(ApiError, ids.open, 1, text)

    def test_unique(self) -> None:
        """The same whoever asks, another one for another file, and no key to anything."""
        ids = FileIds(b"k" * 32)
        unique = ids.unique(FileId("photo", 7, "x"))
        self.assertNotEqual(unique, ids.unique(FileId("photo", 7, "y")))
        self.assertRaises(ApiError, ids.open, 1, unique)
