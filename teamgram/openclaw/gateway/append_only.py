"""Words for those who can only append: a reply that is begun again must not come twice. Plain Python."""

#: Stands between what was told and a reply that turned out another one.
BEGUN_AGAIN = "\n\n[The reply broke off. It begins again:]\n\n"


class AppendOnly:
    """Turns a growing text, which may be taken back and told anew, into pieces to append.

    When the new telling begins as the old one did, only what goes beyond it comes; when it turns out another text, it
    comes whole after :data:`BEGUN_AGAIN`.
    """

    __slots__ = ("_again", "_told")

    def __init__(self) -> None:
        self._told = ""
        self._again: str | None = None

    def add(self, text: str) -> str:
        """More of the text; what to append for it."""
        if self._again is None:
            self._told += text
            return text
        return self.replace(self._again + text)

    def replace(self, text: str) -> str:
        """All of the text so far, in place of what was told; what to append for it."""
        if self._told.startswith(text):
            self._again = text
            return ""
        self._again = None
        rest = text[len(self._told) :] if text.startswith(self._told) else BEGUN_AGAIN + text
        self._told = text
        return rest
