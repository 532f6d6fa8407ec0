"""The tool calls of a reply while they come in pieces, in all the ways in which servers cut them. Plain Python.

Ways that were seen: the name again in every piece; no ``index``; index 0 for each of several ids; an id anew in every
piece; arguments as an object, as text in pieces, as text that is whole at the end once more, as nothing at all.
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from teamgram.openclaw.agent.providers.model_api import ToolCall
from teamgram.openclaw.agent.providers.reply_text import without_halves

#: Of an argument text that is no JSON, what the tool's refusal shows.
_SHOWN_CHARS = 1000


@dataclass(slots=True)
class _Growing:
    index: Any
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    signature: str = ""

    def rename(self, name: str) -> None:
        if name.startswith(self.name):
            self.name = name
        elif not self.name.endswith(name):
            self.name += name

    @property
    def is_whole(self) -> bool:
        return _as_object("".join(self.pieces)) is not None


class GrowingCalls:
    """Hears pieces of calls and tells which calls they are."""

    def __init__(self, most: int) -> None:
        """Args:
        most: calls that one reply may hold.
        """
        self._most = most
        self._calls: list[_Growing] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def begin(self, index: Any, call_id: str, name: str, arguments: Any = None, signature: str = "") -> None:
        """A call of its own, whatever came before.

        Raises:
            ValueError: there would be too many.
        """
        if len(self._calls) >= self._most:
            raise ValueError("too many tool calls")
        self._calls.append(_Growing(index, call_id, name, signature=signature))
        self._put(self._calls[-1], arguments)

    def add(self, index: Any, call_id: str, name: str, arguments: Any = None) -> None:
        """A piece: of a call that has begun, or the first of one.

        Args:
            index: the place that the provider names, None if it names none.
            call_id, name: empty where the piece has none.
            arguments: a piece of JSON text, or all of it as an object.

        Raises:
            ValueError: there would be too many calls.
        """
        call = self._find(index, call_id, name)
        if call is None:
            self.begin(index, call_id, name, arguments)
            return
        call.id = call.id or call_id
        if name:
            call.rename(name)
        self._put(call, arguments)

    def _find(self, index: Any, call_id: str, name: str) -> _Growing | None:
        here = [call for call in self._calls if index is None or call.index in (index, None)]
        if call_id:
            same = next((call for call in here if call.id == call_id), None)
            if same is not None:
                return same
        if not here:
            return None
        last = here[-1]
        if call_id and last.id:
            # Another id is another call, unless the piece has no name: then the server makes up ids as it goes.
            return None if name else last
        if index is None and name and last.name and (name != last.name or last.is_whole):
            return None
        return last

    @staticmethod
    def _put(call: _Growing, arguments: Any) -> None:
        if isinstance(arguments, str):
            if arguments:
                call.pieces.append(arguments)
        elif arguments is not None:
            call.pieces = [json.dumps(arguments)]

    def whole(self, new_id: Callable[[], str] = lambda: f"call_{uuid.uuid4().hex[:24]}") -> list[ToolCall]:
        """The calls, in the order in which they began; each has an id of its own."""
        found: list[ToolCall] = []
        taken: set[str] = set()
        for call in self._calls:
            if not call.name and not call.pieces:
                continue
            call_id = without_halves(call.id)
            if not call_id or call_id in taken:
                call_id = new_id()
            taken.add(call_id)
            name = without_halves(call.name) or "unnamed"
            found.append(ToolCall(call_id, name, _arguments(call.pieces), without_halves(call.signature)))
        return found


def _as_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if isinstance(value, str):
        # Encoded twice.
        return _as_object(value) if value.startswith("{") else None
    return value if isinstance(value, dict) else None


def _arguments(pieces: list[str]) -> dict[str, Any]:
    """The arguments of a call; models sometimes send nothing or nonsense, which the tool then refuses."""
    text = without_halves("".join(pieces))
    if text.strip() in ("", "null"):
        return {}
    found = _as_object(text)
    if found is None:
        # Cumulative pieces, or the whole once more at the end.
        found = _as_object(pieces[-1])
    if found is None:
        return {"_invalid": text[:_SHOWN_CHARS]}
    clean = json.loads(without_halves(json.dumps(found, ensure_ascii=False)))
    return clean if isinstance(clean, dict) else {}
