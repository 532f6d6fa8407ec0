"""In whose name somebody speaks in a channel."""

import msgspec

from teamgram.domain.boxes.message import Extra
from teamgram.domain.channels.channel import AdminRight, Seat


def is_anonymous(seat: Seat) -> bool:
    """Whether they administer it and do not want to be seen."""
    membership = seat.membership
    return (
        membership is not None and membership.is_present and bool(membership.admin_rights & int(AdminRight.ANONYMOUS))
    )


def in_name_of(seat: Seat, extra: Extra) -> Extra:
    """What they write or do there: a channel's word, the group's own, or theirs."""
    if seat.channel.is_broadcast:
        return msgspec.structs.replace(extra, post=True)
    if is_anonymous(seat):
        return msgspec.structs.replace(extra, as_peer=seat.channel.marked)
    return extra
