"""What bots hear of who comes into basic groups, goes, and administers them."""

from teamgram.database import Transaction
from teamgram.domain.bot_news.news import MEMBER, MemberChanged, TakenPart, note_member_txn
from teamgram.domain.chats.chat import Role
from teamgram.domain.chats.store import admin_ids_txn
from teamgram.domain.ids.peer import marked_chat
from teamgram.domain.updates.fanout import Fanout

PARTS = {Role.MEMBER: MEMBER, Role.ADMIN: TakenPart("administrator"), Role.CREATOR: TakenPart("creator")}


def note_in_chat_txn(
    txn: Transaction, fanout: Fanout, chat_id: int, whom: tuple[int, int, int], before: TakenPart, after: TakenPart
) -> None:
    """Somebody is something else in a basic group.

    Args:
        whom: who did it, of whom, and when (unix seconds).
    """
    actor_id, user_id, now = whom
    changed = MemberChanged(marked_chat(chat_id), actor_id, user_id, now, before, after)
    note_member_txn(txn, fanout.bus, admin_ids_txn(txn, chat_id), changed)
