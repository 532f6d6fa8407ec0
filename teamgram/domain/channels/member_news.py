"""What bots hear of who comes into channels, goes, and may do what there."""

from teamgram.database import Transaction
from teamgram.domain.bot_news.news import LEFT, MemberChanged, TakenPart, note_member_txn
from teamgram.domain.channels.channel import FOREVER, Membership
from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.ids.peer import marked_channel
from teamgram.domain.updates.fanout import Fanout


def part_of(membership: Membership | None) -> TakenPart:
    """What somebody is, as bots are told."""
    if membership is None:
        return LEFT
    banned, until = membership.banned_rights, membership.banned_until % FOREVER
    if membership.standing is Standing.REMOVED:
        return TakenPart("kicked", until=until)
    if membership.is_present and membership.role is not Role.MEMBER:
        status = "creator" if membership.role is Role.CREATOR else "administrator"
        return TakenPart(status, rights=membership.admin_rights, rank=membership.rank)
    if banned:
        return TakenPart("restricted", banned=banned, until=until, present=membership.is_present)
    return TakenPart("member") if membership.is_present else LEFT


def note_in_channel_txn(
    txn: Transaction,
    fanout: Fanout,
    channel_id: int,
    whom: tuple[int, int, int],
    before: Membership | None,
    after: Membership,
    *,
    by_request: bool = False,
) -> None:
    """Somebody is something else in a channel.

    Args:
        whom: who did it, of whom, and when (unix seconds).
    """
    actor_id, user_id, now = whom
    changed = MemberChanged(
        marked_channel(channel_id), actor_id, user_id, now, part_of(before), part_of(after), by_request=by_request
    )
    txn.execute(
        "SELECT user_id FROM channel_members WHERE channel_id = ? AND role > 0 AND standing = ?",
        (channel_id, int(Standing.PRESENT)),
    )
    note_member_txn(txn, fanout.bus, [row[0] for row in txn.fetchall()], changed)
