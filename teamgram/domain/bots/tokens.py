"""Tokens: ``<user id>:<secret>``. Only a hash of the secret is kept.

The shape is the original's (core.telegram.org/bots/api#authorizing-your-bot): libraries check it. A secret has 210
random bits, so a plain hash of it cannot be searched for.
"""

import hashlib
import re
import secrets

from teamgram.domain.bots.errors import BotTokenInvalid

_SHAPE = re.compile(r"([0-9]{1,18}):([A-Za-z0-9_-]{35})", re.ASCII)
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"


def new_secret() -> str:
    """The second half of a token."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(35))


def hash_of(secret: str) -> bytes:
    """What is kept of it (32 bytes)."""
    return hashlib.sha256(secret.encode()).digest()


def token(user_id: int, secret: str) -> str:
    """As it is shown, once."""
    return f"{user_id}:{secret}"


def parse(text: str) -> tuple[int, str]:
    """(user id, secret).

    Raises:
        BotTokenInvalid: that is no token.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise BotTokenInvalid
    return int(match[1]), match[2]
