"""``help.getAppConfig``: limits and switches for apps, as JSON in TL's clothes."""

import json
import zlib
from typing import Any

from teamgram.bff.configuration.settings import ConfigurationSettings
from teamgram.domain.dialogs.dialogs import MAX_PINNED, MAX_PINNED_ARCHIVED
from teamgram.domain.folders.folder import MAX_CHATS, MAX_FOLDERS, MAX_LINKS, MAX_SHARED
from teamgram.domain.messages.channel_reading import MOST_READERS
from teamgram.domain.messages.reading import KEEP_READ_DATES
from teamgram.domain.reactions.allowed import MAX_PER_MESSAGE, MAX_PER_USER
from teamgram.domain.saved_files.saved_files import LIMITS
from teamgram.domain.saved_files.sounds import MAX_BYTES, MAX_SECONDS
from teamgram.domain.stickers.drawings.dice import DICE, LUCKY
from teamgram.mtproto.tl import tl

#: What there is none of here. Apps index these without asking whether they are there: Telegram Web K throws when a
#: private chat is opened without ``fragment_prefixes`` (the numbers that are no telephone's: +888 is none anywhere).
#: The names are those of Telegram Desktop's, Web A's and Web K's sources and of core.telegram.org/api/config.
_LISTS: dict[str, Any] = {
    "autologin_domains": [],
    "emojies_sounds": {},
    "fragment_prefixes": ["888"],
    "gif_search_emojies": [],
    "ignore_restriction_reasons": [],
    "pending_suggestions": [],
    "premium_playmarket_direct_currency_list": [],
    "premium_promo_order": [],
    "restriction_add_platforms": [],
    "starref_start_param_prefixes": [],
    "url_auth_domains": [],
    "whitelisted_domains": [],
}

#: Of these, nobody can have any here: apps count against both before they ask, and Web K's box of a new folder said
#: "the limit of undefined folders" (its ``getLimit`` reads the names as they are). One is the least that TDLib takes
#: for a limit (its ``ConfigManager`` logs an error of any other).
_NONE = (
    "channels_limit",
    "channels_public_limit",
    "recommended_channels_limit",
)

_FOLDERS = {
    "chatlist_invites_limit": MAX_LINKS,
    "chatlists_joined_limit": MAX_SHARED,
    "dialog_filters_chats_limit": MAX_CHATS,
    "dialog_filters_limit": MAX_FOLDERS,
}

_ROUND_VIDEO = {"diameter": 384, "video_bitrate": 1000, "audio_bitrate": 64, "max_size": 12_582_912}
"""Mobile apps' own encoding of round videos, from core.telegram.org/api/config#client-configuration."""


def app_config(settings: ConfigurationSettings) -> dict[str, Any]:
    """What apps are told about this server: only what holds here."""
    return {
        **_LISTS,
        **{f"{name}_{whose}": 1 for name in _NONE for whose in ("default", "premium")},
        **{f"{name}_{whose}": most for name, most in _FOLDERS.items() for whose in ("default", "premium")},
        "dialog_filters_enabled": True,
        "dialog_filters_tooltip": False,
        "autoarchive_setting_available": True,
        "emojies_send_dice": list(DICE),
        "emojies_send_dice_success": {
            emoji: {"value": value, "frame_start": frame} for emoji, (value, frame) in LUCKY.items()
        },
        "chat_read_mark_expire_period": KEEP_READ_DATES,
        "chat_read_mark_size_threshold": MOST_READERS,
        "pm_read_date_expire_period": KEEP_READ_DATES,
        "upload_max_fileparts_default": settings.max_file_parts,
        "upload_max_fileparts_premium": settings.max_file_parts,
        "dialogs_pinned_limit_default": MAX_PINNED,
        "dialogs_pinned_limit_premium": MAX_PINNED,
        "dialogs_folder_pinned_limit_default": MAX_PINNED_ARCHIVED,
        "dialogs_folder_pinned_limit_premium": MAX_PINNED_ARCHIVED,
        "saved_dialogs_pinned_limit_default": MAX_PINNED,
        "saved_dialogs_pinned_limit_premium": MAX_PINNED,
        "reactions_user_max_default": MAX_PER_USER,
        "reactions_user_max_premium": MAX_PER_USER,
        "round_video_encoding": _ROUND_VIDEO,
        "ringtone_duration_max": int(MAX_SECONDS),
        "ringtone_saved_count_max": LIMITS["ringtones"],
        "ringtone_size_max": MAX_BYTES,
        "saved_gifs_limit_default": LIMITS["gifs"],
        "saved_gifs_limit_premium": LIMITS["gifs"],
        "stickers_faved_limit_default": LIMITS["faved"],
        "stickers_faved_limit_premium": LIMITS["faved"],
        "topics_pinned_limit": 0,
        "about_length_limit_default": settings.about_length_max,
        "about_length_limit_premium": settings.about_length_max,
        "caption_length_limit_default": settings.caption_length_max,
        "caption_length_limit_premium": settings.caption_length_max,
        "premium_purchase_blocked": True,
        "stars_purchase_blocked": True,
        "giveaway_gifts_purchase_available": False,
        "stories_posting": "disabled",
        "translations_auto_enabled": "disabled",
        "translations_manual_enabled": "disabled",
        "reactions_uniq_max": MAX_PER_MESSAGE,
        "test": int(settings.test_mode),
    }


def json_hash(config: dict[str, Any]) -> int:
    """A number that changes when the configuration does; never 0, which means "I have none"."""
    return zlib.crc32(json.dumps(config, sort_keys=True).encode()) % (2**31 - 1) + 1


def json_value(value: Any) -> Any:
    """``JSONValue`` of what ``json`` would write.

    Raises:
        TypeError: JSON has no such thing.
    """
    if value is None:
        return tl.jsonNull()
    if isinstance(value, bool):
        return tl.jsonBool(value=value)
    if isinstance(value, (int, float)):
        return tl.jsonNumber(value=float(value))
    if isinstance(value, str):
        return tl.jsonString(value=value)
    if isinstance(value, (list, tuple)):
        return tl.jsonArray(value=[json_value(item) for item in value])
    if isinstance(value, dict):
        return tl.jsonObject(value=[tl.jsonObjectValue(key=key, value=json_value(item)) for key, item in value.items()])
    raise TypeError(f"no JSON for {type(value).__name__}")
