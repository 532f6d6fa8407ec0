"""Lists of files at hand: the newest first, with an end."""

from twisted.internet.task import Clock

from teamgram.domain.files.file import Document
from teamgram.domain.files.store import add_txn
from teamgram.domain.saved_files.saved_files import LIMITS, SavedFiles
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase, on_every_backend


@on_every_backend
class SavedFilesTests(BackendTestCase):
    """One list of one account, and who has what is on it."""

    async def test_order_and_end(self) -> None:
        """What is saved again is the first again; the oldest goes when there is no more room."""
        database = self.open_database()
        saved = SavedFiles(database, Fanout(), Clock())
        documents = [Document(number, 0, 0, "video/mp4", 1, "ab") for number in range(1, LIMITS["faved"] + 3)]
        for document in documents:
            await database.write("document", add_txn, 1, document)
            await saved.save(1, "faved", document)

        async def ids() -> list[int]:
            return [document.id for document, _ in await saved.all_of(1, "faved")]

        self.assertEqual(await ids(), [7, 6, 5, 4, 3])
        await saved.save(1, "faved", documents[3])
        self.assertEqual(await ids(), [4, 7, 6, 5, 3])
        await saved.let_go(1, "faved", documents[6])
        self.assertEqual(await ids(), [4, 6, 5, 3])
        # A reference that was given to another one is no good, also to who has the same file.
        await saved.save(2, "faved", documents[3])
        for user_id, owner_id, document_id, holds in ((1, 1, 4, True), (1, 1, 7, False), (2, 1, 4, False)):
            self.assertEqual(await saved.is_saved(user_id, owner_id, document_id), holds)
        await saved.clear(1, "faved")
        self.assertEqual(await ids(), [])
