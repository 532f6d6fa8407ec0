"""What a bot says of itself as TL, and which button a keyboard has."""

from collections.abc import Sequence
from typing import Any

from teamgram.domain.bots.bot import Bot, BotCommand, CommandSet, MenuButton
from teamgram.domain.ids.peer import is_user
from teamgram.domain.users.user import User
from teamgram.mtproto.tl import TLError, decode, tl


def command_views(commands: Sequence[BotCommand]) -> list[Any]:
    """``Vector<BotCommand>``."""
    return [tl.botCommand(command=one.command, description=one.description) for one in commands]


def commands_for(sets: Sequence[CommandSet], peer: int, lang_code: str = "") -> tuple[BotCommand, ...]:
    """The menu that somebody sees in a chat with a bot: the narrowest set that fits, in their language if there is one.

    The order of scopes is core.telegram.org/bots/api#determining-list-of-commands's, as far as it is the same for
    everybody in a chat.

    Args:
        peer: marked id of the chat in the viewer's box.
    """
    wide = "users" if is_user(peer) else "chats"
    for scope, place in (("peer", peer), (wide, 0), ("default", 0)):
        fitting = {one.lang_code: one.commands for one in sets if (one.scope, one.peer) == (scope, place)}
        found = fitting.get(lang_code) or fitting.get("")
        if found:
            return found
    return ()


def menu_button_view(button: MenuButton, commands: Sequence[BotCommand]) -> Any:
    """``BotMenuButton``; the usual one is the list of commands, if there is one."""
    if button.kind == "web_app":
        return tl.botMenuButton(text=button.text, url=button.url)
    if button.kind == "commands" or commands:
        return tl.botMenuButtonCommands()
    return tl.botMenuButtonDefault()


def bot_info_view(user: User, bot: Bot | None, peer: int, lang_code: str = "", menu: MenuButton | None = None) -> Any:
    """``botInfo`` of a bot, as it is seen in a chat (marked id in the viewer's box).

    Args:
        lang_code: of the viewer.
        menu: the viewer's button; None: the one for everybody.
    """
    if bot is None:
        return tl.botInfo(user_id=user.id, description=user.about or None, menu_button=tl.botMenuButtonDefault())
    details = bot.details
    commands = commands_for(details.commands, peer, lang_code)
    return tl.botInfo(
        user_id=user.id,
        description=details.wording(lang_code).description or details.description or None,
        commands=command_views(commands) or None,
        menu_button=menu_button_view(menu or details.menu, commands),
    )


def has_callback(markup: bytes, data: bytes) -> bool:
    """Whether a keyboard, as it is stored, has a button that asks the bot with this data."""
    if not markup:
        return False
    try:
        view = decode(markup)
    except TLError:
        return False
    if view.NAME != "replyInlineMarkup":
        return False
    kinds = [button.type for row in view.rows for button in row.buttons]
    return any(kind.NAME == "inlineButtonTypeCallback" and kind.data == data for kind in kinds)
