"""What a model's content deltas mean: words, thinking, and what is only said again. Plain Python."""

import re
from collections.abc import Callable

#: Tags that models put around their thinking inside the content. Source: ``stripReasoningTagsFromText`` of OpenClaw
#: (src/shared/text/reasoning-tags.ts): think, thinking, thought, antthinking.
_TAGS = "think|thinking|thought|antthinking"
_OPEN = re.compile(rf"<(?:{_TAGS})>", re.IGNORECASE)
_CLOSE = re.compile(rf"</(?:{_TAGS})>\s*", re.IGNORECASE)
_LONGEST_TAG = len("</antthinking>")
_FENCE = "```"
#: A first delta of so many characters that the second one repeats is no accident.
_SURELY_REPEATED = 3


def without_halves(text: str) -> str:
    """The text with whole surrogate pairs joined and single halves replaced, so that it can be written anywhere."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class Joined:
    """Text in pieces: halves of a surrogate pair that came apart find each other."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._half = ""

    def add(self, text: str) -> None:
        """More of it."""
        text, self._half = self._half + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        if text:
            self._on_text(without_halves(text))

    def finish(self) -> None:
        """Nothing more comes."""
        half, self._half = self._half, ""
        if half:
            self._on_text(without_halves(half))


class Deltas:
    """Deltas of a text; a provider that repeats all it said so far in each of them is found out.

    The second delta shows it: if it begins with the whole first one, it waits for the third to tell.
    """

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._said: list[str] = []
        self._waiting: str | None = None
        self._is_cumulative: bool | None = None

    @property
    def _so_far(self) -> str:
        if len(self._said) > 1:
            self._said = ["".join(self._said)]
        return self._said[0] if self._said else ""

    def add(self, text: str) -> None:
        """One delta."""
        if not text:
            return
        if self._is_cumulative is None and self._said:
            self._find_out(text)
        elif self._is_cumulative:
            self.add_whole(text)
        else:
            self._say(text)

    def add_whole(self, text: str) -> None:
        """All of it so far, or a message at the end that says it again: only what is new of it counts."""
        self.finish()
        so_far = self._so_far
        if text.startswith(so_far):
            self._say(text[len(so_far) :])
        elif not so_far.startswith(text):
            self._say(text)

    def finish(self) -> None:
        """Nothing more comes: decide."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            so_far = self._so_far
            self._is_cumulative = len(so_far) >= _SURELY_REPEATED
            self._say(waiting[len(so_far) :] if self._is_cumulative else waiting)

    def _find_out(self, text: str) -> None:
        so_far = self._so_far
        if self._waiting is None:
            if len(text) > len(so_far) and text.startswith(so_far):
                self._waiting = text
            else:
                self._is_cumulative = False
                self._say(text)
            return
        waiting, self._waiting = self._waiting, None
        self._is_cumulative = text.startswith(waiting)
        if self._is_cumulative:
            self._say(text[len(so_far) :])
        else:
            self._say(waiting)
            self._say(text)

    def _say(self, text: str) -> None:
        if text:
            self._said.append(text)
            self._on_text(text)


class ThinkingTags:
    """Takes ``<think>…</think>`` out of a text: at its beginning or at the beginning of a line, outside code fences.

    A block that is never closed is thinking to its end. Some chat templates open it in the prompt, so that a reply has
    only the end of it, on a line of its own: then all before that was thinking.
    """

    def __init__(
        self,
        on_text: Callable[[str], None],
        on_thinking: Callable[[str], None],
        on_late_end: Callable[[], None] = lambda: None,
        *,
        begins_thinking: bool = False,
    ) -> None:
        """Args:
        on_late_end: what was told as words until now was thinking.
        begins_thinking: the model is known to leave the opening tag out; without the closing one all is words.
        """
        self._on_text = on_text
        self._on_thinking = on_thinking
        self._on_late_end = on_late_end
        self._held = ""
        self._words: list[str] = []
        self._is_thinking = begins_thinking
        # What may still turn out to be words.
        self._unsure: list[str] | None = [] if begins_thinking else None
        self._has_thought = False
        self._is_line_start = True
        self._in_fence = False
        self._has_spoken = False
        # After a block, and before anything was said, space says nothing.
        self._skips_space = False

    def add(self, text: str) -> None:
        """More of it."""
        self._held += text
        while self._held and (self._think() if self._is_thinking else self._speak()):
            pass
        self._tell()

    def finish(self) -> None:
        """Nothing more comes: what was held back was no tag."""
        held, self._held = self._held, ""
        if self._unsure is not None:
            self._word("".join(self._unsure) + held)
            self._tell()
        elif self._is_thinking:
            self._thought(held)
        else:
            self._word(held)
            self._tell()

    def _thought(self, text: str) -> None:
        if self._unsure is not None:
            self._unsure.append(text)
        elif text:
            self._on_thinking(text)

    def _tell(self) -> None:
        words, self._words = "".join(self._words), []
        if words:
            self._on_text(words)

    def _word(self, text: str) -> None:
        if self._skips_space:
            text = text.lstrip()
            self._skips_space = not text
        if text:
            self._has_spoken = True
            self._words.append(text)

    def _think(self) -> bool:
        """Think up to the closing tag; hold what may become it."""
        found = _CLOSE.search(self._held)
        if found is None:
            at = self._held.rfind("<", -_LONGEST_TAG)
            end = len(self._held) if at < 0 else at
            self._thought(self._held[:end])
            self._held = self._held[end:]
            return False
        unsure, self._unsure = self._unsure, None
        self._thought("".join(unsure or ()) + self._held[: found.start()])
        self._has_thought = True
        self._held = self._held[found.end() :]
        self._is_thinking, self._is_line_start, self._skips_space = False, True, True
        return True

    def _speak(self) -> bool:
        """Say one line, or what there is of it; hold what may become a tag or a fence at its beginning."""
        held = self._held
        lead = 0
        if self._is_line_start:
            body = held.lstrip()
            lead = len(held) - len(body)
            if not body or (_FENCE.startswith(body) and len(body) < len(_FENCE)):
                return False
            if body.startswith(_FENCE):
                self._in_fence = not self._in_fence
            elif body[0] == "<" and not self._in_fence:
                opened = _OPEN.match(body)
                if opened is not None:
                    if self._has_spoken:
                        self._word(held[:lead])
                    self._tell()
                    self._held = body[opened.end() :]
                    self._is_thinking = True
                    return True
                closed = _CLOSE.match(body)
                if closed is not None and not self._has_thought:
                    self._tell()
                    self._on_late_end()
                    self._held = body[closed.end() :]
                    self._has_thought = self._skips_space = True
                    return True
                if len(body) < _LONGEST_TAG and ">" not in body and "\n" not in body:
                    return False
        end = held.find("\n", lead) + 1
        self._is_line_start = end > 0
        end = end or len(held)
        self._word(held[:end])
        self._held = held[end:]
        return True
