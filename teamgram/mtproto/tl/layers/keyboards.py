"""Buttons under messages. Layer 229 split them into a button and its type; before, each kind was a constructor.

``KeyboardInlineButton(type=InlineButtonType)`` and ``KeyboardButton(type=ButtonType)`` against ``keyboardButtonUrl``,
``keyboardButtonRequestPhone``, ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teamgram.mtproto.tl.classes import class_named

_INLINE_KINDS = {
    "inlineButtonTypeBuy": "keyboardButtonBuy",
    "inlineButtonTypeCallback": "keyboardButtonCallback",
    "inlineButtonTypeCopy": "keyboardButtonCopy",
    "inlineButtonTypeGame": "keyboardButtonGame",
    "inlineButtonTypeSwitchInline": "keyboardButtonSwitchInline",
    "inlineButtonTypeUrl": "keyboardButtonUrl",
    "inlineButtonTypeUrlAuth": "keyboardButtonUrlAuth",
    "inlineButtonTypeUserProfile": "keyboardButtonUserProfile",
    "inlineButtonTypeWebView": "keyboardButtonWebView",
    "inputInlineButtonTypeUrlAuth": "inputKeyboardButtonUrlAuth",
    "inputInlineButtonTypeUserProfile": "inputKeyboardButtonUserProfile",
}
"""The older constructor of each inline kind; the fields have the same names on both sides."""

_KINDS = {
    "buttonTypeRequestGeoLocation": "keyboardButtonRequestGeoLocation",
    "buttonTypeRequestPeer": "keyboardButtonRequestPeer",
    "buttonTypeRequestPhone": "keyboardButtonRequestPhone",
    "buttonTypeRequestPoll": "keyboardButtonRequestPoll",
    "buttonTypeSimpleWebView": "keyboardButtonSimpleWebView",
    "inputButtonTypeRequestPeer": "inputKeyboardButtonRequestPeer",
}
_NEWER_INLINE = {older: newer for newer, older in _INLINE_KINDS.items()}
_NEWER = {older: newer for newer, older in _KINDS.items()}


def _copy(name: str, source: Any, **more: Any) -> Any:
    """An object of ``name`` with the fields that ``source`` shares with it."""
    cls = class_named(name)
    shared = {field: getattr(source, field) for field in cls.__slots__ if hasattr(source, field)}
    return cls(**{**shared, **{field: value for field, value in more.items() if field in cls.__slots__}})


def older_inline_button(button: Any, layer: int) -> Any:
    """``keyboardInlineButton`` as the constructor that older layers have; a disabled one becomes an idle callback."""
    older = _INLINE_KINDS.get(button.type.NAME)
    if older is None:
        return class_named("keyboardButtonCallback")(text=button.text, style=button.style, data=b"")
    # Before 229 the bot that a login is for had to be named.
    bot = getattr(button.type, "bot", None) or class_named("inputUserEmpty")()
    return _copy(older, button.type, text=button.text, style=button.style, bot=bot)


def older_inline_row(row: Any, layer: int) -> Any:
    """``keyboardInlineButtonRow`` as a ``keyboardButtonRow``, whose buttons are then changed one by one."""
    return class_named("keyboardButtonRow")(buttons=row.buttons)


def older_button(button: Any, layer: int) -> Any:
    """``keyboardButton`` of a special type as its own constructor; a plain one as it is."""
    older = _KINDS.get(button.type.NAME) if layer < 229 and button.type is not None else None
    return button if older is None else _copy(older, button.type, text=button.text, style=button.style)


def newer_button(button: Any) -> Any:
    """``keyboardButton...`` of older layers as ``keyboardButton(type=...)``."""
    kind = class_named("buttonTypeDefault")() if button.NAME == "keyboardButton" else _copy(_NEWER[button.NAME], button)
    return class_named("keyboardButton")(text=button.text, style=button.style, type=kind)


def newer_inline_rows(rows: list[Any]) -> list[Any]:
    """Rows of an inline keyboard that was read in an older layer's shape."""
    return [class_named("keyboardInlineButtonRow")(buttons=[_newer_inline(b) for b in row.buttons]) for row in rows]


def _newer_inline(button: Any) -> Any:
    newer = _NEWER_INLINE.get(button.NAME)
    kind = class_named("inlineButtonTypeDisabled")() if newer is None else _copy(newer, button)
    return class_named("keyboardInlineButton")(text=button.text, style=button.style, type=kind)


DOWNGRADES: dict[tuple[str, str], Callable[[Any, int], Any]] = {
    ("KeyboardButton", "keyboardInlineButton"): older_inline_button,
    ("KeyboardButtonRow", "keyboardInlineButtonRow"): older_inline_row,
    ("KeyboardButton", "keyboardButton"): older_button,
}
UPGRADES: dict[str, Callable[[Any], Any]] = dict.fromkeys(("keyboardButton", *_NEWER), newer_button)
