"""Who has an account here."""

from teamgram.domain.users.user import SERVICE_USER_ID, User, UserNotFound
from teamgram.domain.users.users import Users

__all__ = ["SERVICE_USER_ID", "User", "UserNotFound", "Users"]
