"""Databases that an earlier version wrote: what lies in their boxes and logs is there after the migrations."""

import shutil
from pathlib import Path

from twisted.internet.task import Clock

from teamgram.database import Transaction
from teamgram.database.migrate import MIGRATIONS
from teamgram.domain.boxes.difference import UpdateLog
from teamgram.domain.boxes.events import NewMessage
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.messages.errors import RandomIdDuplicate
from teamgram.domain.messages.history import Page, Search, page_txn
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts

ANNA, BORIS, GROUP = 1, 2, -7
OWNERS = 30
"""Number of the migration that gave boxes and logs an owner."""


def write_txn(txn: Transaction) -> None:
    """A message of Boris to a group that mentions Anna, and one that she has seen, as version 0029 had them."""
    for user_id in (ANNA, BORIS):
        txn.execute(
            "INSERT INTO message_boxes (user_id, pts, last_message_id, log_floor) VALUES (?, 3, 2, 1)", (user_id,)
        )
    for number in (1, 2):
        txn.execute(
            "INSERT INTO message_contents (sender_id, random_id, sender_message_id, sender_pts, sent_at, edited_at,"
            " message, folded, tags) VALUES (?, ?, ?, ?, 100, 0, 'hello', 'hello', 0)",
            (BORIS, number, number, number + 1),
        )
        for user_id in (ANNA, BORIS):
            mentioned = int(user_id == ANNA)
            txn.execute(
                "INSERT INTO messages (owner_id, id, peer, content_id, sent_at, outgoing, mentioned, media_unread,"
                " pinned, reply_to_id, saved_peer) VALUES (?, ?, ?, ?, 100, ?, ?, ?, 0, 0, 0)",
                (user_id, number, GROUP, number, 1 - mentioned, mentioned, mentioned * (number - 1)),
            )
            txn.execute(
                "INSERT INTO update_log (user_id, pts, pts_count, logged_at, kind, event) VALUES (?, ?, 1, 100, 1, ?)",
                (user_id, number + 1, b'{"id":%d}' % number),
            )


@on_every_backend
class OldDatabaseTests(BackendTestCase):
    """A database without the migration OWNERS, opened by this version."""

    def migrations_before(self) -> Path:
        before = Path(self.mktemp())
        before.mkdir()
        for path in MIGRATIONS.glob("*.sql"):
            if int(path.name[:4]) < OWNERS:
                shutil.copy(path, before)
        return before

    async def test_owners(self) -> None:
        """Boxes, logs and unseen mentions are what they were, and go on from there."""
        old = self.open_database(migrations=self.migrations_before())
        await old.write("as it was", write_txn)
        await old.close()

        db = self.open_database()
        log = UpdateLog(db)
        self.assertEqual((await log.state(ANNA)).pts, 3)
        difference = await log.difference(ANNA, 1, 10)
        self.assertEqual(
            [(entry.pts, entry.event) for entry in difference.entries], [(2, NewMessage(1)), (3, NewMessage(2))]
        )
        self.assertEqual({entry.owner_id for entry in difference.entries}, {ANNA})
        found = await db.read("messages", messages_txn, ANNA, [1, 2])
        self.assertEqual([found[number].mention_unread for number in (1, 2)], [False, True])
        unseen = await db.read("page", page_txn, Search(ANNA, GROUP, unread_mentions=True), Page())
        self.assertEqual([message.id for message in unseen.messages], [2])
        await add_accounts(db, ANNA, BORIS)
        sent = await Messages(db, Fanout(), Clock()).send(SendRequest(BORIS, ANNA, "on", 3, 200))
        self.assertEqual((sent.own.pts, sent.ids), (4, ((3, 3),)))
        # What was sent before knows where it was sent to.
        again = Messages(db, Fanout(), Clock()).send(SendRequest(BORIS, ANNA, "on", 1, 200))
        await self.assertFailure(again, RandomIdDuplicate)
