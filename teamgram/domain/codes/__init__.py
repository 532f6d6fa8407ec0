"""Sign-in codes: made, kept, delivered and checked."""

from teamgram.domain.codes.codes import CodePurpose, SentCode, SignInCodes
from teamgram.domain.codes.settings import CodeSettings

__all__ = ["CodePurpose", "CodeSettings", "SentCode", "SignInCodes"]
