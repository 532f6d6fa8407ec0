"""Which commands on hosts want a person's word: ``exec-approvals.json``, in OpenClaw's own shape.

``security`` says what may run at all (``deny``, ``allowlist``, ``full``),
``ask`` when a person is asked (``off``, ``on-miss``: when the allowlist has
it not, ``always``), ``askFallback`` what holds when nobody answers. An
agent's own entry counts over ``defaults``, and ``tools.exec`` of the
configuration is under both.
"""

import hashlib
import json
import re
import uuid
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.state_file import StateFile, read_json

SECURITIES = ("deny", "allowlist", "full")
ASKS = ("off", "on-miss", "always")
#: What one person or program may put into the file.
MAX_AGENTS, MAX_ENTRIES, MAX_TEXT = 200, 1000, 4096
_BUILT_IN = {"security": "full", "ask": "off", "askFallback": "deny", "autoAllowSkills": False}

ALLOW, ASK, REFUSE = "allow", "ask", "refuse"
File = dict[str, Any]


class ExecPolicy:
    """The file and what it says."""

    def __init__(self, path: Path, configured: Callable[[], dict[str, Any]], reactor: Any) -> None:
        """Blocks for one small read.

        Args:
            configured: ``tools.exec``.

        Raises:
            ValueError: the file is damaged.
        """
        self._configured = configured
        self._reactor = reactor
        self._file = StateFile(path, lambda: self.file, reactor)
        stored = read_json(path)
        self._exists = stored is not None
        self.file: File = stored or {"version": 1, "agents": {}}
        if not isinstance(self.file, dict) or self.file.get("version") != 1:
            raise ValueError(f"{path} is of another version")

    def view(self) -> dict[str, Any]:
        """``ExecApprovalsSnapshot``: the socket's secret is nobody's to see."""
        file = {**self.file}
        if isinstance(file.get("socket"), dict):
            file["socket"] = {name: value for name, value in file["socket"].items() if name != "token"}
        return {
            "path": str(self._file.path),
            "exists": self._exists,
            "hash": self.hash,
            "file": file,
            "resolvedDefaults": self._resolved({}),
        }

    @property
    def hash(self) -> str:
        """Names this state of the file."""
        return hashlib.sha256(json.dumps(self.file, sort_keys=True).encode()).hexdigest()

    async def set(self, file: File, base_hash: str | None) -> None:
        """Put another file in the place of this one; on disk when this returns.

        Raises:
            GatewayError: it changed meanwhile, or is none.
        """
        if self._exists and base_hash is None:
            raise invalid("exec approvals base hash required; reload and retry")
        if base_hash is not None and base_hash != self.hash:
            raise invalid("exec approvals changed since last load; reload and retry")
        _check(file)
        before, self.file = self.file, file
        try:
            await self._file.save()
        except Exception:
            self.file = before
            raise
        self._exists = True

    def _resolved(self, entry: dict[str, Any]) -> dict[str, Any]:
        found = dict(_BUILT_IN)
        known = {"security": SECURITIES, "ask": ASKS, "askFallback": SECURITIES, "autoAllowSkills": (True, False)}
        for layer in (self._configured(), self.file.get("defaults") or {}, entry):
            found |= {name: layer[name] for name, values in known.items() if layer.get(name) in values}
        return found

    def verdict(self, agent_id: str, argv: list[str], *, at_least: str = "off") -> str:
        """:data:`ALLOW`, :data:`ASK` or :data:`REFUSE`.

        Args:
            at_least: an ``ask`` under which it may not go: a session that is ``guarded`` has ``on-miss``, with the
                allowlist as what may run unasked.
        """
        policy = self._resolved(self._entry(agent_id))
        security, ask = policy["security"], policy["ask"]
        if at_least == "on-miss":
            security, ask = (
                SECURITIES[min(SECURITIES.index(security), 1)],
                ASKS[max(ASKS.index(ask), 1)],
            )
        if security == "deny":
            return REFUSE
        if ask == "always":
            return ASK
        if security == "full" or self._listed(agent_id, argv):
            return ALLOW
        return ASK if ask == "on-miss" else REFUSE

    def fallback(self, agent_id: str, argv: list[str]) -> bool:
        """Whether a command may run that nobody said anything to."""
        what = self._resolved(self._entry(agent_id))["askFallback"]
        return what == "full" or (what == "allowlist" and self._listed(agent_id, argv))

    def _entry(self, agent_id: str) -> dict[str, Any]:
        agents = self.file.get("agents") or {}
        return {**(agents.get("*") or {}), **(agents.get(agent_id) or {})}

    def _listed(self, agent_id: str, argv: list[str]) -> bool:
        agents = self.file.get("agents") or {}
        entries = [e for name in ("*", agent_id) for e in (agents.get(name) or {}).get("allowlist") or ()]
        return any(_matches(entry, argv) for entry in entries)

    async def allow_always(self, agent_id: str, argv: list[str], text: str) -> None:
        """This very command is allowed from now on; on disk when this returns."""
        agents = {**(self.file.get("agents") or {})}
        entry = {**(agents.get(agent_id) or {})}
        found = [each for each in entry.get("allowlist") or () if not _matches(each, argv)]
        exact = "^" + re.escape("\n".join(argv[1:])) + "$"
        new = {"id": str(uuid.uuid4()), "pattern": argv[0], "argPattern": exact, "commandText": text[:MAX_TEXT]}
        entry["allowlist"] = [*found, {**new, "source": "allow-always"}][-MAX_ENTRIES:]
        await self.set({**self.file, "agents": {**agents, agent_id: entry}}, self.hash)

    async def close(self) -> None:
        """Save what is not saved yet."""
        await self._file.close()


def _matches(entry: dict[str, Any], argv: list[str]) -> bool:
    """Whether an allowlist's entry is about a command: its program by name or pattern, its arguments by expression."""
    pattern, program = str(entry.get("pattern") or ""), argv[0]
    # A name is what the host finds under it; a path is that file: "ls" is not "/tmp/ls", and no path leads elsewhere.
    if not pattern or (("/" in pattern) != ("/" in program) and pattern != "*") or ".." in program.split("/"):
        return False
    if not fnmatchcase(program, pattern):
        return False
    expression = entry.get("argPattern")
    if not expression:
        return True
    try:
        return re.fullmatch(expression.removeprefix("^").removesuffix("$"), "\n".join(argv[1:])) is not None
    except re.error:
        return False


def _check(file: File) -> None:
    agents = file.get("agents") or {}
    if len(agents) > MAX_AGENTS:
        raise invalid(f"exec approvals for more than {MAX_AGENTS} agents")
    for layer in (file.get("defaults") or {}, *agents.values()):
        for name, known in (("security", SECURITIES), ("ask", ASKS), ("askFallback", SECURITIES)):
            if layer.get(name) is not None and layer[name] not in known:
                raise invalid(f"exec approvals: {name} must be one of {', '.join(known)}")
        entries = layer.get("allowlist") or []
        if len(entries) > MAX_ENTRIES:
            raise invalid(f"exec approvals: more than {MAX_ENTRIES} entries of one agent")
        for entry in entries:
            if any(isinstance(value, str) and len(value) > MAX_TEXT for value in entry.values()):
                raise invalid(f"exec approvals: an entry is longer than {MAX_TEXT} characters")
            try:
                re.compile(entry.get("argPattern") or "")
            except (re.error, RecursionError, OverflowError):
                raise invalid("exec approvals: an argPattern is no expression") from None
