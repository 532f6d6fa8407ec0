"""Who asks to be let into channels and supergroups, as their administrators hear of it."""

from teamgram.database import Transaction
from teamgram.domain.channels.channel import AdminRight
from teamgram.domain.channels.store import admin_ids_txn
from teamgram.domain.chats.join_requests import (
    JoinRequest,
    ask_txn,
    forget_requests_txn,
    tell_bots_txn,
    tell_pending_txn,
)
from teamgram.domain.ids.peer import marked_channel
from teamgram.domain.updates.fanout import Fanout


def ask_in_channel_txn(txn: Transaction, fanout: Fanout, channel_id: int, request: JoinRequest) -> None:
    """Somebody asks to be let in, whom a rule lets ask; the administrators who let people in hear of it.

    Raises:
        JoinRequestsTooMany.
    """
    marked = marked_channel(channel_id)
    if ask_txn(txn, marked, request):
        admin_ids = admin_ids_txn(txn, channel_id, AdminRight.INVITE_USERS)
        tell_pending_txn(txn, fanout, marked, admin_ids)
        tell_bots_txn(txn, fanout, marked, admin_ids, request)


def end_in_channel_txn(txn: Transaction, fanout: Fanout, channel_id: int, *user_ids: int) -> None:
    """These do not wait any more; the administrators who let people in hear so if they did."""
    marked = marked_channel(channel_id)
    if forget_requests_txn(txn, marked, user_ids):
        tell_pending_txn(txn, fanout, marked, admin_ids_txn(txn, channel_id, AdminRight.INVITE_USERS))
