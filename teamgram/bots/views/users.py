"""``User`` (core.telegram.org/bots/api#user)."""

from typing import Any

from teamgram.domain.bots.bot import Bot
from teamgram.domain.users.user import User


def user_json(user: User) -> dict[str, Any]:
    """A person or a bot, as anybody may know them."""
    told: dict[str, Any] = {"id": user.id, "is_bot": user.is_bot, "first_name": user.first_name}
    if user.last_name:
        told["last_name"] = user.last_name
    if user.username:
        told["username"] = user.username
    if user.lang_code and not user.is_bot:
        told["language_code"] = user.lang_code
    return told


def me_json(user: User, bot: Bot) -> dict[str, Any]:
    """What ``getMe`` tells a bot of itself."""
    return user_json(user) | {
        "can_join_groups": not bot.details.no_groups,
        "can_read_all_group_messages": bot.details.sees_all,
        "supports_inline_queries": bot.details.inline is not None,
        "supports_guest_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
        "can_manage_bots": False,
    }
