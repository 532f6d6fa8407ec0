"""The list of who names files, held against the tables that there are."""

import re

from teamgram.database import Transaction
from teamgram.domain.boxes.media import Media
from teamgram.domain.boxes.message import Extra
from teamgram.domain.files.file import Document, Photo, PhotoSize, VideoSize
from teamgram.domain.files.naming import BLOBS_NAMED_IN, FILES_NAMED_IN, blobs_of, files_in
from trial_tests.backends import BackendTestCase

NAMELIKE = re.compile(r"(.*_)?(photo|document|file|blob|thumb|sticker|wallpaper|ringtone)(_id|_name|s_id)")

NO_NAMES = {
    ("account_wallpapers", "wallpaper_id"): "the wallpaper's, which names its document itself",
    ("documents", "blob_name"): "file_blobs has it, too",
    ("file_blobs", "file_id"): "which file has the bytes; the file itself is named elsewhere",
    ("sticker_words", "document_id"): "goes with sticker_set_items",
    ("upload_parts", "file_id"): "the number that a client gave to an upload",
    ("uploads", "file_id"): "the number that a client gave to an upload",
}
"""Columns with names like that which keep nothing alive, and why."""


class FilesNamedTests(BackendTestCase):
    """SQLite's tables; MariaDB's are made by the same migrations."""

    async def test_every_column_is_in_the_list(self) -> None:
        """A table with the id of a file is in it, or in the one above with the reason: else what it names would go."""

        def columns(txn: Transaction) -> set[tuple[str, str]]:
            txn.execute("SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c")
            return {(table, column) for table, column in txn.fetchall() if NAMELIKE.fullmatch(column)}

        found = await self.open_database().read("columns", columns)
        self.assertEqual(found, {*FILES_NAMED_IN, *BLOBS_NAMED_IN, *NO_NAMES})

    async def test_each_is_found_by_an_index(self) -> None:
        """Every file is looked for in each of them."""

        def first_columns(txn: Transaction) -> set[tuple[str, str]]:
            txn.execute(
                "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_index_list(m.name) i"
                " JOIN pragma_index_info(i.name) c WHERE c.seqno = 0"
            )
            return set(txn.fetchall())

        self.assertLessEqual(
            {*FILES_NAMED_IN, *BLOBS_NAMED_IN}, await self.open_database().read("indexes", first_columns)
        )

    def test_files_inside(self) -> None:
        """Wherever they are in it."""
        thumb = PhotoSize("m", 1, 1, 10, "t" * 64)
        document = Document(1, 0, 0, "a/b", 100, "d" * 64, thumbs=(thumb,))
        photo = Photo(2, 0, 0, (thumb,), videos=(VideoSize("u", 1, 1, 50, "v" * 64),))
        self.assertEqual([file.id for file in files_in(Extra(media=Media(document=document)))], [1])
        self.assertEqual([file.id for file in files_in((Extra(media=Media(photo=photo)), document))], [2, 1])
        self.assertEqual(list(files_in(Extra(grouped_id=7))), [])
        self.assertEqual(blobs_of(document), {"d" * 64: 100, "t" * 64: 10})
        self.assertEqual(blobs_of(photo), {"t" * 64: 10, "v" * 64: 50})
