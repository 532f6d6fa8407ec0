"""What an old layer gets in place of a constructor that it does not know, by result type.

Three answers, tried in this order: a stand-in of the same type (the table below); left out, where it lies in a vector
or in a field that may be absent; ``TLError``, for a wrong object would be worse than a refused answer. An entry of the
types in ``LEFT_OUT_WHOLE`` goes as a whole when something that it requires is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teamgram.mtproto.tl.classes import class_named

Maker = Callable[[Any, int], Any]


def _plain(name: str, **fields: Any) -> tuple[Maker, str]:
    return (lambda obj, layer: class_named(name)(**fields)), name


def _plain_text(obj: Any, layer: int) -> Any:
    text = getattr(obj, "text", None)
    if isinstance(text, str):
        return class_named("textPlain")(text=text)
    return class_named("textEmpty")() if text is None else text


def _peer_color(obj: Any, layer: int) -> Any:
    return class_named("peerColor")(background_emoji_id=getattr(obj, "background_emoji_id", None))


def _code_in_app(obj: Any, layer: int) -> Any:
    return class_named("auth.sentCodeTypeApp")(length=getattr(obj, "length", None) or 5)


_STAND_INS: dict[str, tuple[Maker, str]] = {
    "ChatReactions": _plain("chatReactionsNone"),
    "EmojiStatus": _plain("emojiStatusEmpty"),
    "MessageAction": _plain("messageActionEmpty"),
    "MessageMedia": _plain("messageMediaUnsupported"),
    "PageBlock": _plain("pageBlockUnsupported"),
    "Reaction": _plain("reactionEmpty"),
    "PeerColor": (_peer_color, "peerColor"),
    "PhoneCallDiscardReason": _plain("phoneCallDiscardReasonHangup"),
    "ReportReason": _plain("inputReportReasonOther"),
    "RichText": (_plain_text, "textPlain"),
    "SendMessageAction": _plain("sendMessageTypingAction"),
    "auth.CodeType": _plain("auth.codeTypeSms"),
    "auth.SentCodeType": (_code_in_app, "auth.sentCodeTypeApp"),
}


LEFT_OUT_WHOLE = frozenset(
    {
        "ChannelAdminLogEvent",
        "Dialog",
        "ReactionCount",
        "SavedDialog",
        "StarsTransaction",
        "TopPeerCategoryPeers",
        "Update",
    }
)
"""Types whose vectors lose an entry rather than fail when a part of it has no place in the client's layer."""


INSTEAD_OF: dict[str, Maker] = {
    "updateShort": lambda obj, layer: class_named("updates")(updates=[], users=[], chats=[], date=obj.date, seq=0),
}
"""What is written for an object of a known constructor when something that it requires is refused."""


def stand_in_for(result: str) -> tuple[Maker, str] | None:
    """The maker of a stand-in for a type and the constructor it needs; None when the type has none."""
    return _STAND_INS.get(result)
