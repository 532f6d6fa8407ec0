"""Texts and captions of calls, as the domain takes them."""

from teamgram.bots.errors import bad_request
from teamgram.bots.formatting.entities import formatted
from teamgram.bots.parameters import Parameters
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.messages import text as texts

MAX_WRITTEN = 1 << 15
"""Bytes of a text with its markup (Client.cpp, ``get_formatted_text``)."""

Written = tuple[str, tuple[Entity, ...], int]
"""Text, entities and tags."""

NOTHING: Written = ("", (), 0)


def composed(parameters: Parameters, name: str, entities_name: str) -> Written:
    """What a bot wrote.

    Raises:
        ApiError, MessageEmpty, MessageTooLong, EntityBoundsInvalid.
    """
    written = parameters.text(name)
    if len(written.encode("utf-8", "replace")) > MAX_WRITTEN:
        raise bad_request("text is too long")
    text, entities = formatted(written, parameters.text("parse_mode"), parameters.object(entities_name))
    return texts.clean(text, entities)


def captioned(parameters: Parameters) -> Written:
    """``composed``, of a caption, which may be empty."""
    if not parameters.text("caption").strip():
        return NOTHING
    return composed(parameters, "caption", "caption_entities")
