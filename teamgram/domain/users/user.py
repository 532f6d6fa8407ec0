"""One account as everybody's code sees it."""

from dataclasses import dataclass

import msgspec

from teamgram.domain.errors import DomainError
from teamgram.domain.files.file import Avatar

SERVICE_USER_ID = 777000
"""The official account that sends sign-in codes and login notices."""

FATHER_USERNAME = "BotFather"
"""Of the server's own bot that makes bots."""


class UserNotFound(DomainError):
    """No account has that id, phone or username."""


class BotTraits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a bot's settings goes along wherever it is shown.

    Attributes:
        version: one more with every change of what it says of itself.
        inline: what stands in the field where one asks it in other chats; None: it is not asked there.
        inline_geo: it wants to be told where they are who ask.
        no_groups: nobody may bring it into groups.
        hears_all: privacy mode is off.
    """

    version: int = 1
    inline: str | None = None
    inline_geo: bool = False
    no_groups: bool = False
    hears_all: bool = False


PLAIN_BOT = BotTraits()

_encode_traits = msgspec.json.Encoder().encode
_decode_traits = msgspec.json.Decoder(BotTraits).decode


def pack_traits(traits: BotTraits) -> bytes:
    """As they are stored."""
    return _encode_traits(traits)


def unpack_traits(stored: bytes | None) -> BotTraits:
    """The inverse of ``pack_traits``; of nothing, those of a bot of which nothing is known."""
    return _decode_traits(stored) if stored else PLAIN_BOT


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
    traits: BotTraits = PLAIN_BOT

    def __repr__(self) -> str:
        return f"<User {self.id}>"
