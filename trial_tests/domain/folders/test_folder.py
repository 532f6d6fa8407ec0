"""What a folder may be."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.folders import errors
from teamgram.domain.folders.folder import MAX_CHATS, Folder, Kinds, check_id, checked, in_order, is_shareable


class CheckedTests(SynchronousTestCase):
    """``checked`` and its neighbours."""

    def test_each_conversation_once(self) -> None:
        """Pinned ones are not named again, and what is in the folder is not left out of it."""
        kept = checked(Folder(" Work ", pinned=(1, 2, 1), included=(2, 3), excluded=(3, 4, 4)))
        self.assertEqual((kept.title, kept.pinned, kept.included, kept.excluded), ("Work", (1, 2), (3,), (4,)))

    def test_refused(self) -> None:
        """Without a name, with a long one, with nothing in it, with too much."""
        many = tuple(range(1, MAX_CHATS + 2))
        for error, folder in (
            (errors.FolderTitleEmpty, Folder("  ", included=(1,))),
            (errors.FolderTitleTooLong, Folder("x" * 33, included=(1,))),
            (errors.FolderIsEmpty, Folder("Work", int(Kinds.EXCLUDE_READ), excluded=(1,))),
            (errors.FolderChatsTooMany, Folder("Work", pinned=(1,), included=many[1:])),
            (errors.FolderExclusionsTooMany, Folder("Work", int(Kinds.BOTS), excluded=many)),
        ):
            self.assertRaises(error, checked, folder)
        for folder_id in (0, 1, 256, -5):
            self.assertRaises(errors.FolderIdInvalid, check_id, folder_id)
        for folder_id in (2, 255):
            check_id(folder_id)

    def test_shareable(self) -> None:
        """Named conversations only."""
        self.assertTrue(is_shareable(Folder("Work", included=(-1,))))
        self.assertFalse(is_shareable(Folder("Work", int(Kinds.BOTS), included=(-1,))))
        self.assertFalse(is_shareable(Folder("Work", included=(-1,), excluded=(2,))))

    def test_order(self) -> None:
        """Unknown ids are passed over, unnamed ones stay behind in their order."""
        self.assertEqual(in_order([0, 2, 3, 4], [3, 9, 0, 3]), [3, 0, 2, 4])
