"""One account as everybody's code sees it."""

from dataclasses import dataclass

from teamgram.domain.errors import DomainError

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
    photo_id: int = 0
    created_at: int = 0
    birthday: str = ""

    def __repr__(self) -> str:
        return f"<User {self.id}>"
