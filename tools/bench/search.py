"""What a search costs in a box of many messages, on SQLite; the text and the words are generated."""

import itertools
import random
import shutil
import tempfile
import time
from pathlib import Path

from teamgram.database import Transaction
from teamgram.database.engines import SQLiteEngine
from teamgram.database.migrate import migrate
from teamgram.domain.boxes.talks import Talk
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.search import finding, store

MESSAGES = 20_000
RARE_EVERY = 500
OWNER, OTHER = 1, 2
_STEP = 250


def measure() -> dict[str, float]:
    """CPU seconds by what was done: one message indexed, one search."""
    directory = Path(tempfile.mkdtemp(prefix="teamgram-bench-search-"))
    engine = SQLiteEngine(directory / "teamgram.db")
    engine.create_file()
    connection = engine.connect()
    try:
        migrate(engine, connection)
        txn = Transaction(engine, connection.cursor())
        txn.execute("BEGIN")
        _fill_txn(txn)
        figures = {f"index a message, of {MESSAGES}": _index_txn(txn) / MESSAGES}
        for name, text in (
            ("a rare word", "rare"),
            ("a frequent and a rare word", "1w rare"),
            ("a frequent word", "1w"),
        ):
            began = time.process_time()
            found, _ = finding.found_txn(txn, text, Search(OWNER, None), True)
            page = finding.page_txn(txn, OWNER, found, Page(limit=20))
            figures[f"search, {name} ({page.count} found)"] = time.process_time() - began
        txn.execute("COMMIT")
        return figures
    finally:
        connection.close()
        shutil.rmtree(directory, ignore_errors=True)


def _fill_txn(txn: Transaction) -> None:
    rng = random.Random(1)
    words = [f"{number}w" for number in range(1, 5001)]
    weights = list(itertools.accumulate(1 / number for number in range(1, 5001)))
    for id_ in range(1, MESSAGES + 1):
        text = " ".join(rng.choices(words, cum_weights=weights, k=8)) + (" rare" if id_ % RARE_EVERY == 0 else "")
        txn.execute(
            "INSERT INTO message_contents (sender_id, random_id, sender_message_id, sender_pts, sent_at, edited_at,"
            " message, tags, peer) VALUES (?, ?, ?, 1, ?, 0, ?, 0, ?)",
            (OWNER, id_, id_, id_, text, OTHER),
        )
        txn.execute(
            "INSERT INTO messages (owner_id, id, peer, content_id, sent_at, outgoing, mentioned, mention_unread,"
            " pinned, reply_to_id, saved_peer) VALUES (?, ?, ?, ?, ?, 1, 0, 0, 0, 0, 0)",
            (OWNER, id_, OTHER, id_, id_),
        )
    txn.execute(
        "INSERT INTO dialogs (owner_id, peer, top_message_id, top_sent_at, read_inbox_max_id, read_outbox_max_id,"
        " unread_count, unread_mentions, unread_mark, pinned_order, folder_id, pinned_message_id, hidden_bar)"
        " VALUES (?, ?, ?, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
        (OWNER, OTHER, MESSAGES),
    )


def _index_txn(txn: Transaction) -> float:
    """CPU seconds."""
    began = time.process_time()
    read = 0
    talks: dict[Talk, int] = {}
    while (found := store.unindexed_txn(txn, read, _STEP)).last_id:
        talks.update(store.index_txn(txn, found, talks, found.last_id).talks)
        read = found.last_id
    return time.process_time() - began
