"""One account as everybody's code sees it."""

from dataclasses import dataclass

from teamgram.domain.errors import DomainError
from teamgram.domain.files.file import Avatar

SERVICE_USER_ID = 777000
"""The official account that sends sign-in codes and login notices."""


class UserNotFound(DomainError):
    """No account has that id, phone or username."""


@dataclass(frozen=True, slots=True)
class User:
    """An account.

    Attributes:
        access_hash: what a client must show beside the id to address the user.
        phone: digits in international form without "+"; empty for bots, the
            service account and deleted accounts.
        username: as its owner writes it, without "@"; empty for none.
        created_at: unix seconds.
        fallback_photo: shown to whom the account does not show its ``photo``.
    """

    id: int
    access_hash: int
    phone: str
    first_name: str
    last_name: str = ""
    username: str = ""
    about: str = ""
    is_bot: bool = False
    is_verified: bool = False
    is_support: bool = False
    is_deleted: bool = False
    lang_code: str = ""
    created_at: int = 0
    birthday: str = ""
    photo: Avatar | None = None
    fallback_photo: Avatar | None = None

    def __repr__(self) -> str:
        return f"<User {self.id}>"
