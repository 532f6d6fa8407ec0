"""Generated Python: lines of one function, the names that it may use, and its compilation."""

from __future__ import annotations

from struct import Struct
from typing import Any

FIXED_CODES = {"#": "I", "int": "i", "long": "q", "double": "d"}
"""``struct`` codes of the TL types with a fixed size."""


class Source:
    """Collects the lines of one generated function.

    Constants (struct methods, dispatch tables, classes) become names of the function's globals, shared by value.
    """

    def __init__(self, signature: str) -> None:
        self._lines = [f"def {signature}:"]
        self._indent = 1
        self._variables = 0
        self.scope: dict[str, Any] = {}

    def line(self, text: str) -> None:
        self._lines.append("    " * self._indent + text)

    def indent(self) -> None:
        self._indent += 1

    def dedent(self) -> None:
        self._indent -= 1

    def variable(self) -> str:
        """A fresh local name."""
        self._variables += 1
        return f"v{self._variables}"

    def constant(self, name: str, value: Any) -> str:
        """Make ``value`` reachable and return its name."""
        if self.scope.setdefault(name, value) is not value:
            name = f"{name}_{len(self.scope)}"
            self.scope[name] = value
        return name

    def unpacker(self, codes: str) -> str:
        name = f"unpack_{codes}"
        return name if name in self.scope else self.constant(name, Struct("<" + codes).unpack_from)

    def packer(self, codes: str) -> str:
        name = f"pack_{codes}"
        return name if name in self.scope else self.constant(name, Struct("<" + codes).pack)

    def compile(self, what: str) -> Any:
        """The finished function; ``what`` names it in a traceback."""
        if len(self._lines) == 1:
            self.line("pass")
        name = self._lines[0][4:].partition("(")[0]
        exec(compile("\n".join(self._lines), f"<tl {what}>", "exec"), self.scope)
        return self.scope.pop(name)
