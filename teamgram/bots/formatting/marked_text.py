"""A text that grows while its markup is read, with the entities that were opened in it."""

from dataclasses import dataclass, field

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.messages.text import utf16_length


class MarkupError(ValueError):
    """The markup cannot be read; the text says why and where, as the original does (TDLib, MessageEntity.cpp)."""


@dataclass(slots=True)
class Opened:
    """An entity whose end has not come.

    Attributes:
        name: what errors call it.
        at: where its markup begins in what the bot wrote, in characters.
        offset: where it begins in the text, in UTF-16 units.
        start: the same in pieces of :attr:`MarkedText.pieces`.
    """

    name: str
    at: int
    offset: int
    start: int
    argument: str = ""


@dataclass(slots=True)
class MarkedText:
    """Plain text and entities, so far.

    Attributes:
        units: UTF-16 units so far.
    """

    pieces: list[str] = field(default_factory=list)
    units: int = 0
    entities: list[Entity] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)

    def add(self, character: str) -> None:
        """One more character of the text."""
        self.pieces.append(character)
        self.units += utf16_length(character)

    def open(self, name: str, at: int, argument: str = "") -> None:
        """An entity begins here."""
        self.opened.append(Opened(name, at, self.units, len(self.pieces), argument))

    def close(self, entity: Entity | None) -> None:
        """The entity that was opened last ends here; an empty one is none, nor is None."""
        opened = self.opened.pop()
        if entity is not None and self.units > opened.offset:
            self.entities.append(
                Entity(
                    entity.kind,
                    opened.offset,
                    self.units - opened.offset,
                    entity.url,
                    entity.language,
                    entity.user_id,
                    entity.document_id,
                    entity.collapsed,
                )
            )

    def since(self, opened: Opened) -> str:
        """The text since then."""
        return "".join(self.pieces[opened.start :])

    def finished(self) -> tuple[str, list[Entity]]:
        """The text and its entities, in order."""
        return "".join(self.pieces), sorted(self.entities, key=lambda one: (one.offset, -one.length))


def bytes_before(text: str, index: int) -> int:
    """The byte offset of a character."""
    return len(text[:index].encode("utf-8", "surrogatepass"))


def identifier(text: str) -> int | None:
    """An id as it is written; None: it is none (of 63 bits)."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    number = int(text)
    return number if number < 2**63 else None


def link_entity(url: str) -> Entity | None:
    """What a link is: a person's name for ``tg://user?id=``, nothing for what is no link."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() == "tg" and rest.startswith("user?id="):
        number = rest.removeprefix("user?id=")
        user_id = identifier(number)
        return Entity("mentionName", 0, 0, user_id=user_id) if user_id is not None else None
    if not url or any(character.isspace() for character in url):
        return None
    if not rest:
        url = f"http://{url}"
        if "." not in url:
            return None
    return Entity("textUrl", 0, 0, url=url)


def custom_emoji_entity(url: str) -> Entity | None:
    """What ``tg://emoji?id=`` names."""
    number = url.removeprefix("tg://emoji?id=")
    document_id = identifier(number) if number != url else None
    return Entity("customEmoji", 0, 0, document_id=document_id) if document_id is not None else None
