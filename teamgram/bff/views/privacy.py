"""Privacy rules as TL."""

from typing import Any

from teamgram.domain.privacy.rules import Rule
from teamgram.mtproto.tl import tl


def privacy_rule_view(rule: Rule) -> Any:
    """``privacyValue…``."""
    constructor = getattr(tl, f"privacyValue{rule.kind.value}")
    return constructor(users=list(rule.user_ids)) if "Users" in rule.kind.value else constructor()
