"""Who may see what of a user, by the user's own rules."""

from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.privacy.rules import PrivacyKey, PrivacyRules, Rule, RuleKind, allows

__all__ = ["Privacy", "PrivacyKey", "PrivacyRules", "Rule", "RuleKind", "allows"]
