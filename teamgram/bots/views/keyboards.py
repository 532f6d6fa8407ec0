"""Keyboards between the Bot API's JSON and TL, in which messages keep them."""

from collections.abc import Callable, Sequence
from typing import Any

from teamgram.bots.errors import bad_request
from teamgram.mtproto.tl import TLError, decode, encode, tl

MAX_BUTTONS = 300
"""Of one keyboard; more than any client shows."""
MAX_DATA = 64
"""Bytes of ``callback_data`` (core.telegram.org/bots/api#inlinekeyboardbutton)."""
MAX_MARKUP = 10_000
"""Bytes of a keyboard as it is kept."""


def keyboard_from(given: Any) -> bytes:
    """What a bot's ``reply_markup`` is kept as; b"" for none.

    Raises:
        ApiError: it is no keyboard, or has a button that cannot be here.
    """
    if given is None or given == {}:
        return b""
    if not isinstance(given, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in given:
        view = _inline(given["inline_keyboard"])
    elif "keyboard" in given:
        view = _reply(given)
    elif given.get("remove_keyboard"):
        view = tl.replyKeyboardHide(selective=bool(given.get("selective")))
    elif given.get("force_reply"):
        view = tl.replyKeyboardForceReply(
            single_use=True,
            selective=bool(given.get("selective")),
            placeholder=str(given.get("input_field_placeholder") or "")[:64] or None,
        )
    else:
        return b""
    if view is None:
        return b""
    markup = encode(view)
    if len(markup) > MAX_MARKUP:
        raise bad_request("reply markup is too long")
    return markup


def callback_keyboard(rows: Sequence[Sequence[tuple[str, str]]]) -> bytes:
    """Rows of buttons that ask their bot: what stands on each, and what it says."""
    shown = [[{"text": words, "callback_data": data} for words, data in row] for row in rows]
    return keyboard_from({"inline_keyboard": shown})


def _rows(given: Any, button: Callable[[dict[str, Any]], Any]) -> list[list[Any]]:
    if not isinstance(given, list) or not all(isinstance(row, list) for row in given):
        raise bad_request("can't parse reply keyboard markup JSON object: an Array of Arrays was expected")
    if sum(map(len, given)) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return [[button(one if isinstance(one, dict) else {"text": one}) for one in row] for row in given if row]


def _text(given: dict[str, Any]) -> str:
    text = given.get("text")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("can't parse keyboard button: the text of a button must be non-empty")
    return text


def _style(given: dict[str, Any]) -> Any:
    style = given.get("style")
    if style not in ("primary", "danger", "success"):
        return None
    return tl.keyboardButtonStyle(
        bg_primary=style == "primary", bg_danger=style == "danger", bg_success=style == "success"
    )


def _inline(given: Any) -> Any:
    rows = _rows(given, _inline_button)
    if not rows:
        return None
    return tl.replyInlineMarkup(rows=[tl.keyboardInlineButtonRow(buttons=row) for row in rows])


def _inline_button(given: dict[str, Any]) -> Any:
    return tl.keyboardInlineButton(text=_text(given), type=_inline_type(given), style=_style(given))


def _inline_type(given: dict[str, Any]) -> Any:
    if "callback_data" in given:
        data = str(given["callback_data"]).encode("utf-8", "replace")
        if not 1 <= len(data) <= MAX_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
        return tl.inlineButtonTypeCallback(data=data)
    if given.get("url"):
        return _link(str(given["url"]))
    if isinstance(given.get("copy_text"), dict):
        copied = str(given["copy_text"].get("text") or "")
        if not 1 <= len(copied) <= 256:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
        return tl.inlineButtonTypeCopy(copy_text=copied)
    for name, same_peer in (("switch_inline_query", False), ("switch_inline_query_current_chat", True)):
        if name in given:
            return tl.inlineButtonTypeSwitchInline(same_peer=same_peer, query=str(given[name])[:256])
    if isinstance(given.get("web_app"), dict):
        return tl.inlineButtonTypeWebView(url=_url(str(given["web_app"].get("url") or "")))
    for name in ("login_url", "callback_game", "pay"):
        if name in given:
            raise bad_request(f"{name} is not available on this server")
    raise bad_request("text buttons are unallowed in the inline keyboard")


def _link(url: str) -> Any:
    if url.startswith("tg://user?id="):
        number = url.removeprefix("tg://user?id=")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise bad_request("BUTTON_USER_INVALID")
        return tl.inlineButtonTypeUserProfile(user_id=int(number))
    return tl.inlineButtonTypeUrl(url=_url(url))


def _url(url: str) -> str:
    url = url.strip()
    if "://" not in url:
        url = f"http://{url}"
    if len(url) > 2048 or any(character.isspace() for character in url):
        raise bad_request("BUTTON_URL_INVALID")
    return url


def _reply(given: dict[str, Any]) -> Any:
    rows = _rows(given["keyboard"], _reply_button)
    if not rows:
        return None
    return tl.replyKeyboardMarkup(
        resize=bool(given.get("resize_keyboard")),
        single_use=bool(given.get("one_time_keyboard")),
        selective=bool(given.get("selective")),
        persistent=bool(given.get("is_persistent")),
        placeholder=str(given.get("input_field_placeholder") or "")[:64] or None,
        rows=[tl.keyboardButtonRow(buttons=row) for row in rows],
    )


def _reply_button(given: dict[str, Any]) -> Any:
    return tl.keyboardButton(text=_text(given), type=_reply_type(given), style=_style(given))


def _reply_type(given: dict[str, Any]) -> Any:
    if given.get("request_contact"):
        return tl.buttonTypeRequestPhone()
    if given.get("request_location"):
        return tl.buttonTypeRequestGeoLocation()
    if isinstance(given.get("web_app"), dict):
        return tl.buttonTypeSimpleWebView(url=_url(str(given["web_app"].get("url") or "")))
    for name in ("request_users", "request_chat", "request_poll", "request_managed_bot"):
        if given.get(name) is not None:
            raise bad_request(f"{name} is not available on this server")
    return tl.buttonTypeDefault()


def keyboard_json(markup: bytes) -> dict[str, Any] | None:
    """``InlineKeyboardMarkup`` of a message; other keyboards are not told."""
    if not markup:
        return None
    try:
        view = decode(markup)
    except TLError:
        return None
    if view.NAME != "replyInlineMarkup":
        return None
    return {"inline_keyboard": [[_button_json(button) for button in row.buttons] for row in view.rows]}


def _button_json(button: Any) -> dict[str, Any]:
    told, kind = {"text": button.text}, button.type
    name = kind.NAME
    if name == "inlineButtonTypeCallback":
        told["callback_data"] = kind.data.decode("utf-8", "replace")
    elif name == "inlineButtonTypeUrl":
        told["url"] = kind.url
    elif name == "inlineButtonTypeUserProfile":
        told["url"] = f"tg://user?id={kind.user_id}"
    elif name == "inlineButtonTypeCopy":
        told["copy_text"] = {"text": kind.copy_text}
    elif name == "inlineButtonTypeWebView":
        told["web_app"] = {"url": kind.url}
    elif name == "inlineButtonTypeSwitchInline":
        told["switch_inline_query_current_chat" if kind.same_peer else "switch_inline_query"] = kind.query
    if button.style is not None:
        style = button.style
        named = "primary" if style.bg_primary else "danger" if style.bg_danger else "success"
        told["style"] = named
    return told
