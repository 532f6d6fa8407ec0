"""What an old layer gets in place of a constructor that it does not know, by result type.

Three answers, tried in this order: a stand-in of the same type; left out of vectors and optional fields; ``TLError``.
The error is right where neither makes sense to the client, for a wrong object would be worse than a refused answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teamgram.mtproto.tl.classes import class_named

DROPPED_TYPES = frozenset(
    {
        "Update",
        "MessageEntity",
        "DocumentAttribute",
        "WebPageAttribute",
        "MessageReplyHeader",
        "PrivacyKey",
        "PrivacyRule",
        "NotifyPeer",
        "DialogFilter",
        "Dialog",
        "VideoSize",
        "Chat",
        "StickerSetCovered",
        "BotCommandScope",
        "ReplyMarkup",
    }
)
"""Types whose unknown constructors are left out: of vectors, and of fields that may be absent."""

Maker = Callable[[Any, int], Any]


def _plain(name: str, **fields: Any) -> tuple[Maker, str]:
    return (lambda obj, layer: class_named(name)(**fields)), name


def _text_of(obj: Any) -> str:
    return getattr(obj, "text", "") if isinstance(getattr(obj, "text", ""), str) else ""


def replacement_for(result: str) -> tuple[Maker, str] | None:
    """The maker of a stand-in for a type, and the constructor it makes; None when the type has no stand-in."""
    return _REPLACEMENTS.get(result)


_REPLACEMENTS: dict[str, tuple[Maker, str]] = {
    "MessageMedia": _plain("messageMediaUnsupported"),
    "MessageAction": _plain("messageActionEmpty"),
    "PageBlock": _plain("pageBlockUnsupported"),
    "RichText": (lambda obj, layer: class_named("textPlain")(text=_text_of(obj)), "textPlain"),
    "SendMessageAction": _plain("sendMessageTypingAction"),
    "EmojiStatus": _plain("emojiStatusEmpty"),
    "PhoneCallDiscardReason": _plain("phoneCallDiscardReasonHangup"),
    "auth.SentCodeType": (
        lambda obj, layer: class_named("auth.sentCodeTypeApp")(length=getattr(obj, "length", None) or 5),
        "auth.sentCodeTypeApp",
    ),
    "auth.CodeType": _plain("auth.codeTypeSms"),
    "ReportReason": _plain("inputReportReasonOther"),
    "ChatReactions": _plain("chatReactionsNone"),
}
