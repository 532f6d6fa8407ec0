"""From an older layer's shape to the newest one, after decoding, so that handlers know one shape only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teamgram.mtproto.tl.classes import class_named


def _make(name: str, field: str, **more: Any) -> Callable[[Any], Any]:
    return lambda value: class_named(name)(**{field: value}, **more)


def _make_each(name: str, field: str) -> Callable[[Any], Any]:
    return lambda values: [class_named(name)(**{field: value}) for value in values]


_VALUE_UPGRADES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("int", "double"): float,
    ("int", "string"): str,
    ("int", "RecentStory"): _make("recentStory", "max_id"),
    ("int", "PeerColor"): _make("peerColor", "color"),
    ("long", "Peer"): _make("peerUser", "user_id"),
    ("long", "StarsAmount"): _make("starsAmount", "amount", nanos=0),
    ("string", "TextWithEntities"): _make("textWithEntities", "text", entities=[]),
    ("string", "Reaction"): _make("reactionEmoji", "emoticon"),
    ("string", "Vector<Reaction>"): lambda value: [class_named("reactionEmoji")(emoticon=value)],
    ("Vector<string>", "ChatReactions"): lambda values: class_named("chatReactionsSome")(
        reactions=[class_named("reactionEmoji")(emoticon=value) for value in values]
    ),
    ("Vector<long>", "Vector<Peer>"): _make_each("peerUser", "user_id"),
    ("Vector<Peer>", "Vector<SendAsPeer>"): _make_each("sendAsPeer", "peer"),
    ("string", "NotificationSound"): lambda value: class_named("notificationSoundLocal")(title=value, data=value),
}


def value_upgrade(older: str, newest: str) -> Callable[[Any], Any] | None:
    """The change of a value from an older type of its field to the newest; None when it stays as it was read."""
    return _VALUE_UPGRADES.get((older, newest))


def _reply_to(request: Any) -> None:
    """``reply_to_msg_id`` and ``top_msg_id`` of layers up to 158 become ``reply_to``."""
    if request.reply_to is None and request.reply_to_msg_id is not None:
        request.reply_to = class_named("inputReplyToMessage")(
            reply_to_msg_id=request.reply_to_msg_id, top_msg_id=getattr(request, "top_msg_id", None)
        )


OBJECT_UPGRADES: dict[str, Callable[[Any], None]] = {
    "messages.sendMessage": _reply_to,
    "messages.sendMedia": _reply_to,
    "messages.sendMultiMedia": _reply_to,
    "messages.sendInlineBotResult": _reply_to,
    "messages.saveDraft": _reply_to,
    "messages.sendScreenshotNotification": _reply_to,
    "draftMessage": _reply_to,
}
"""Called with an object that was read in an older shape than the newest."""
