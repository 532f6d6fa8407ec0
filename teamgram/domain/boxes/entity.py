"""Formatted parts of texts."""

import msgspec


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """A formatted part of a text.

    ``kind`` is the TL name without its ``messageEntity`` prefix, first letter
    small (``bold``, ``textUrl``, ``mentionName``). ``offset`` and ``length``
    count UTF-16 code units, as every client does.
    """

    kind: str
    offset: int
    length: int
    url: str = ""
    language: str = ""
    user_id: int = 0
    document_id: int = 0
    collapsed: bool = False
