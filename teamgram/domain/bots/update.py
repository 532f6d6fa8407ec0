"""What waits for a bot to take it: facts, which are rendered when they are taken."""

from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from teamgram.domain.bot_news.news import BotNews
from teamgram.domain.bots.inline_results import InlineQuestion
from teamgram.domain.boxes.poll import Poll, PollState


class BotMessage(msgspec.Struct, frozen=True, tag="message", omit_defaults=True):
    """A message in the bot's box, under the bot's own id, is new or (``edited``) has other content.

    Attributes:
        channel: the marked id of the channel in whose box it lies; 0: in the bot's own.
    """

    id: int
    edited: bool = False
    channel: int = 0


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


class BotInlineCallback(msgspec.Struct, frozen=True, tag="inline_callback_query", omit_defaults=True):
    """Somebody pressed a button below a message that a person sent by way of the bot.

    Attributes:
        owner_id: the sender, or the channel, in whose box the message has that id; ``key`` opens it for the bot.
    """

    query_id: int
    user_id: int
    owner_id: int
    message_id: int
    key: int
    chat_instance: int
    data: bytes = b""


class BotInlineQuery(msgspec.Struct, frozen=True, tag="inline_query"):
    """Somebody asks the bot from another chat."""

    query_id: int
    user_id: int
    question: InlineQuestion


class BotChosen(msgspec.Struct, frozen=True, tag="chosen_inline_result", omit_defaults=True):
    """Somebody has sent what the bot offered; ``owner_id``, ``message_id``, ``key`` as of buttons, 0: not to change."""

    user_id: int
    result_id: str
    query: str
    point: tuple[float, float] | None = None
    message_id: int = 0
    key: int = 0
    owner_id: int = 0


class BotPoll(msgspec.Struct, frozen=True, tag="poll"):
    """A poll of the bot's stands so."""

    poll: Poll
    state: PollState


class BotPollAnswer(msgspec.Struct, frozen=True, tag="poll_answer"):
    """Somebody voted in a poll of the bot's that tells who did: a bit for each answer, 0: the vote was taken back."""

    poll: Poll
    user_id: int
    choices: int


BotUpdate: TypeAlias = (
    BotMessage | BotCallback | BotInlineCallback | BotInlineQuery | BotChosen | BotPoll | BotPollAnswer | BotNews
)


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
