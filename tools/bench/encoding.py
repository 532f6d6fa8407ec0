"""What the codec costs alone: twenty dialogs, one update, one request."""

import timeit
from collections.abc import Callable
from typing import Any

from teamgram.mtproto.tl import decode, encode, tl


def _user(number: int) -> Any:
    return tl.user(
        id=number,
        access_hash=number * 7919,
        first_name="Ada",
        last_name="Lovelace",
        username="ada_lovelace",
        phone="15550001",
        contact=True,
        status=tl.userStatusOnline(expires=1_700_000_000),
    )


def _message(number: int) -> Any:
    return tl.message(
        id=number,
        peer_id=tl.peerUser(user_id=number),
        from_id=tl.peerUser(user_id=number),
        date=1_700_000_000,
        message="a message of usual length, neither short nor long",
        entities=[tl.messageEntityBold(offset=0, length=9)],
    )


def _dialog(number: int) -> Any:
    return tl.dialog(
        peer=tl.peerUser(user_id=number),
        top_message=number,
        read_inbox_max_id=number,
        read_outbox_max_id=number,
        unread_count=0,
        unread_mentions_count=0,
        unread_reactions_count=0,
        unread_poll_votes_count=0,
        notify_settings=tl.peerNotifySettings(),
    )


def measure() -> dict[str, float]:
    """Operation -> seconds."""
    numbers = range(1, 21)
    dialogs = tl.messages.dialogs(
        dialogs=[_dialog(n) for n in numbers],
        messages=[_message(n) for n in numbers],
        chats=[],
        users=[_user(n) for n in numbers],
    )
    request = encode(
        tl.messages.sendMessage(peer=tl.inputPeerUser(user_id=5, access_hash=7), message="hello", random_id=1)
    )
    cases: dict[str, Callable[[], Any]] = {
        "encode messages.dialogs of 20": lambda: encode(dialogs, 229),
        "the same for layer 158": lambda: encode(dialogs, 158),
        "decode messages.sendMessage": lambda: decode(request),
    }
    figures = {}
    for name, case in cases.items():
        case()
        repeats = max(1, int(0.2 / max(timeit.timeit(case, number=20) / 20, 1e-7)))
        figures[name] = min(timeit.repeat(case, number=repeats, repeat=5)) / repeats
    return figures
