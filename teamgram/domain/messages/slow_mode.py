"""Slow mode: members of a supergroup wait between two messages, administrators do not."""

from teamgram.database import Transaction
from teamgram.domain.channels.channel import Seat
from teamgram.domain.messages.errors import SlowMode, SlowModeOneByOne


def next_at_txn(txn: Transaction, seat: Seat) -> int:
    """When they may write again (unix seconds), 0 for at any time."""
    seconds = seat.channel.slowmode_seconds
    if not seconds or seat.is_admin:
        return 0
    txn.execute(
        "SELECT sent_at FROM slow_mode_turns WHERE channel_id = ? AND user_id = ?", (seat.channel.id, seat.user_id)
    )
    row = txn.fetchone()
    return int(row[0]) + seconds if row else 0


def take_turn_txn(txn: Transaction, seat: Seat, now: int, *, messages: int = 1) -> None:
    """Write now; an album is one message.

    Call it after the message was posted: what was sent before is answered, however soon it is sent again.

    Raises:
        SlowMode, SlowModeOneByOne.
    """
    if not seat.channel.slowmode_seconds or seat.is_admin:
        return
    if messages > 1:
        raise SlowModeOneByOne(str(seat.channel.id))
    wait = next_at_txn(txn, seat) - now
    if wait > 0:
        raise SlowMode(wait)
    key = {"channel_id": seat.channel.id, "user_id": seat.user_id}
    txn.upsert("slow_mode_turns", key, {"sent_at": now})
