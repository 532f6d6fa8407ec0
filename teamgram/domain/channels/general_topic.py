"""General: the topic that every forum has, in which everything lies that lies in no other."""

from teamgram.database import Transaction
from teamgram.domain.chats.chats import Actor
from teamgram.domain.ids.peer import marked_channel

GENERAL = 1
"""Its id (core.telegram.org/api/forum)."""

GENERAL_COLOUR = 0x6FB9F0


def add_general_txn(txn: Transaction, channel_id: int, actor: Actor) -> None:
    """Write it down, unless it is there."""
    txn.execute("SELECT last_message_id FROM message_boxes WHERE owner_id = ?", (marked_channel(channel_id),))
    row = txn.fetchone()
    txn.insert_ignore(
        "forum_topics",
        {
            "channel_id": channel_id,
            "id": GENERAL,
            "creator_id": actor.user_id,
            "created_at": actor.now,
            "title": "General",
            "icon_color": GENERAL_COLOUR,
            "icon_emoji_id": 0,
            "top_message_id": row[0] if row else GENERAL,
        },
    )


def note_general_txn(txn: Transaction, channel_id: int, message_id: int) -> None:
    """Something was said there that answers nothing."""
    txn.execute(
        "UPDATE forum_topics SET top_message_id = ? WHERE channel_id = ? AND id = ?", (message_id, channel_id, GENERAL)
    )
