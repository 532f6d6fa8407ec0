"""A reply while it grows: what is told when, without telling all of it again and again. Plain Python.

The first words are told at once, then at most every 75 ms. Clients that
render the cumulative text get it with every piece while it is short; once it
is long, only each time it has grown by a third, so that the whole costs a
small multiple of its size and not its square. Concatenating the pieces always
gives the text.
"""

from dataclasses import dataclass

INTERVAL_SECONDS = 0.075

#: Cumulative text goes with every piece up to this many characters: for those who render it, and for everybody else.
ALWAYS_WHOLE_FOR_VIEWERS = 65536
ALWAYS_WHOLE = 6144
#: Beyond this only the final message has the whole text.
NEVER_WHOLE = 300_000
_GROWTH = 4 / 3


@dataclass(frozen=True, slots=True)
class Piece:
    """What is told at one time.

    Attributes:
        text: new characters; all of them if ``replaces``.
        replaces: what was told before no longer holds.
        whole: the cumulative text, where everybody gets it.
        whole_for_viewers: the same for clients that render it.
        item_text, item_delta: the text of the present model call, and what is new of it.
    """

    text: str
    replaces: bool
    whole: str | None
    whole_for_viewers: str | None
    item_text: str
    item_delta: str


class _Growth:
    """When the cumulative text is due again."""

    __slots__ = ("_always", "_next")

    def __init__(self, always: int) -> None:
        self._always = always
        self._next = 0.0

    def is_due(self, size: int) -> bool:
        if size <= self._always:
            return True
        if size > NEVER_WHOLE or size < self._next:
            return False
        self._next = size * _GROWTH
        return True


class LiveText:
    """One run's visible text over all its model calls.

    Leading space is dropped, trailing space held back until something
    follows, so what was told is always the trimmed text.
    """

    def __init__(self) -> None:
        self._told: list[str] = []
        self._told_size = 0
        self._waiting: list[str] = []
        self._item: list[str] = []
        self._item_size = 0
        self._item_start = 0
        self._recorded = 0
        self._space = ""
        self._replaces = False
        self._growth = _Growth(ALWAYS_WHOLE)
        self._viewer_growth = _Growth(ALWAYS_WHOLE_FOR_VIEWERS)
        self.next_at = 0.0

    @property
    def text(self) -> str:
        """Everything so far, trimmed; also what was not told yet."""
        return "".join(self._told) + "".join(self._waiting)

    @property
    def unrecorded(self) -> str:
        """What the transcript does not have yet, trimmed."""
        return self.text[self._recorded :].strip()

    def recorded(self) -> None:
        """The transcript has everything so far."""
        self._recorded = len(self.text)

    @property
    def size(self) -> int:
        """Characters told so far."""
        return self._told_size

    @property
    def has_news(self) -> bool:
        """Something waits to be told."""
        return bool(self._waiting) or self._replaces

    def begin_item(self) -> None:
        """Another model call begins; its text is a paragraph of its own."""
        self._space = "\n\n" if self._told or self._waiting else ""
        self._item, self._item_size = [], 0
        self._item_start = len(self._told)

    def take_back_item(self) -> None:
        """This model call failed half way and is made again: its text does not hold."""
        told = self._item_start
        if len(self._told) > told:
            self._replaces = True
            del self._told[told:]
            self._told_size = sum(map(len, self._told))
        self._waiting.clear()
        self.begin_item()

    def add(self, text: str) -> None:
        """The model said this."""
        visible = text.rstrip() if text[-1:].isspace() else text
        if not visible:
            if self._told or self._waiting:
                self._space += text
            return
        if not (self._told or self._waiting):
            lead = visible.lstrip()
        else:
            lead = self._space + visible
        self._space = text[len(visible) :]
        self._waiting.append(lead)

    def take(self, now: float) -> Piece | None:
        """What is to be told now, None if nothing is new. The caller keeps to :attr:`next_at`."""
        if not self.has_news:
            return None
        text = "".join(self._waiting)
        self._waiting.clear()
        self._told.append(text)
        self._told_size += len(text)
        item_delta = text.removeprefix("\n\n") if not self._item else text
        replaces, self._replaces = self._replaces, False
        if replaces:
            text = "".join(self._told)
        self._item.append(item_delta)
        self._item_size += len(item_delta)
        self.next_at = now + INTERVAL_SECONDS
        everybody, viewers = self._growth.is_due(self._told_size), self._viewer_growth.is_due(self._told_size)
        whole = self._join() if everybody or viewers else None
        return Piece(
            text,
            replaces,
            whole if everybody else None,
            whole if viewers else None,
            "".join(self._item) if self._item_size <= ALWAYS_WHOLE else "",
            item_delta,
        )

    def _join(self) -> str:
        whole = "".join(self._told)
        # Joined once, joined for good, unless a model call's start has to stay findable.
        if self._item_start == 0:
            self._told = [whole]
        return whole
