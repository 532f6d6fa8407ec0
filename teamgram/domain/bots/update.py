"""What waits for a bot to take it: facts, which are rendered when they are taken."""

from dataclasses import dataclass
from typing import TypeAlias

import msgspec


class BotMessage(msgspec.Struct, frozen=True, tag="message"):
    """A message in the bot's box, under the bot's own id, is new or (``edited``) has other content."""

    id: int
    edited: bool = False


class BotCallback(msgspec.Struct, frozen=True, tag="callback_query", omit_defaults=True):
    """Somebody pressed a button below a message of the bot's.

    Attributes:
        peer: marked id of the dialog in the bot's box; ``message_id`` is the bot's own.
        chat_instance: the same for all buttons in one chat.
    """

    query_id: int
    user_id: int
    peer: int
    message_id: int
    chat_instance: int
    data: bytes = b""


BotUpdate: TypeAlias = BotMessage | BotCallback


@dataclass(frozen=True, slots=True)
class WaitingUpdate:
    """One of them with the number that confirms it; ``came_at`` is unix seconds."""

    update_id: int
    came_at: int
    update: BotUpdate


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BotUpdate).decode


def pack_update(update: BotUpdate) -> bytes:
    """As it is stored."""
    return _encode(update)


def unpack_update(stored: bytes) -> BotUpdate:
    """The inverse of ``pack_update``."""
    return _decode(stored)
