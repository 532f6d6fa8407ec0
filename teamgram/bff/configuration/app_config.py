"""``help.getAppConfig``: limits and switches for apps, as JSON in TL's clothes."""

import json
import zlib
from typing import Any

from teamgram.bff.configuration.settings import ConfigurationSettings
from teamgram.mtproto.tl import tl


def app_config(settings: ConfigurationSettings) -> dict[str, Any]:
    """What apps are told about this server: only what holds here."""
    return {
        "about_length_limit_default": settings.about_length_max,
        "about_length_limit_premium": settings.about_length_max,
        "caption_length_limit_default": settings.caption_length_max,
        "caption_length_limit_premium": settings.caption_length_max,
        "premium_purchase_blocked": True,
        "stars_purchase_blocked": True,
        "giveaway_gifts_purchase_available": False,
        "stories_posting": "disabled",
        "reactions_uniq_max": 0,
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
