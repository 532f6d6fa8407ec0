"""``terminal.*``: shells for operators who may do everything, where ``gateway.terminal.enabled`` says so."""

import base64
import binascii
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.connection import Connection
from teamgram.openclaw.gateway.errors import GatewayError, invalid, unavailable
from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.terminals.terminal import Terminal

MAX_TERMINALS = 16
MAX_INPUT_CHARS = 65_536
MAX_UPLOAD_BYTES, MAX_UPLOADS = 16 * 1024 * 1024, 50
#: Beyond this much unread, a shell waits for its client.
_MOST_UNREAD_BYTES = 1024 * 1024


@dataclass(slots=True)
class _Open:
    """A shell, and who sees it (None: nobody at the moment)."""

    id: str
    agent_id: str
    shell: str
    cwd: Path
    terminal: Terminal
    created_at_ms: int
    connection: Connection | None = None
    timer: Any = None
    uploads: list[Path] = field(default_factory=list)
    directory: Path | None = None

    def describe(self) -> dict[str, Any]:
        """As answers have it."""
        return {
            "sessionId": self.id,
            "agentId": self.agent_id,
            "shell": self.shell,
            "cwd": str(self.cwd),
            "confined": False,
        }


class TerminalMethods:
    """The family."""

    def __init__(self, parts: AgentParts, events: EventStream) -> None:
        self._parts = parts
        self._events = events
        self._open: dict[str, _Open] = {}
        parts.config.on_change(lambda change: self._configured())

    def _section(self) -> Any:
        return self._parts.config.sections.gateway.terminal

    def _configured(self) -> None:
        if not self._section().enabled:
            self.close_all()

    def close_all(self) -> None:
        """End all of them."""
        for each in list(self._open.values()):
            each.terminal.kill()

    def _check_enabled(self) -> None:
        if not self._section().enabled:
            raise unavailable("terminal is disabled; gateway.terminal.enabled switches it on")

    def _mine(self, call: Call) -> _Open:
        """The shell that a caller is attached to.

        Raises:
            GatewayError: there is none of that id, or another client has it.
        """
        self._check_enabled()
        found = self._open.get(call.params["sessionId"])
        if found is None or found.connection is not call.connection:
            raise invalid("unknown terminal session")
        return found

    @method("terminal.open", scopes.ADMIN)
    def open(self, call: Call) -> dict[str, Any]:
        """Another shell, in an agent's workspace."""
        self._check_enabled()
        params, parts = call.params, self._parts
        if params.get("catalog"):
            raise invalid("there are no catalogs of other programs' sessions here")
        agent_id = params.get("agentId")
        if params.get("sessionKey"):
            agent_id = parts.runs.parse_key(params["sessionKey"], agent_id).agent_id
        agent = parts.roster.get(agent_id) if agent_id else parts.roster.default
        if agent is None:
            raise invalid(f'unknown agent id "{agent_id}"')
        if len(self._open) >= MAX_TERMINALS:
            raise unavailable(f"{MAX_TERMINALS} terminals are open already", retryable=True)
        shell = self._section().shell or os.environ.get("SHELL") or "/bin/sh"
        agent.workspace.mkdir(parents=True, exist_ok=True)
        terminal = Terminal(parts.reactor)
        found = _Open(str(uuid.uuid4()), agent.id, shell, agent.workspace, terminal, parts.now_ms())
        terminal.told, terminal.ended = self._teller(found), self._ender(found)
        terminal.may_write = lambda: _reads(found.connection)
        try:
            terminal.start(shell, agent.workspace, params["cols"], params["rows"])
        except OSError as error:
            raise unavailable(f"no shell could be started: {error.strerror or error}") from None
        self._open[found.id] = found
        self._attach(found, call)
        return found.describe()

    def _attach(self, found: _Open, call: Call) -> None:
        found.connection = call.connection
        if found.timer is not None:
            found.timer.cancel()
            found.timer = None
        self._watch(found)

    def _watch(self, found: _Open) -> None:
        """See now and then whether whoever is attached is still there."""

        def look() -> None:
            found.timer = None
            if found.id not in self._open:
                return
            if found.connection is not None and not found.connection.is_open:
                found.connection = None
                seconds = self._section().detached_session_timeout_seconds
                found.timer = self._parts.reactor.callLater(seconds, found.terminal.kill)
                return
            found.timer = self._parts.reactor.callLater(5.0, look)

        found.timer = self._parts.reactor.callLater(5.0, look)

    def _teller(self, found: _Open) -> Callable[[int, str], None]:
        def told(seq: int, text: str) -> None:
            self._tell(found, "terminal.data", {"sessionId": found.id, "seq": seq, "data": text})

        return told

    def _ender(self, found: _Open) -> Callable[[int | None, int | None], None]:
        def ended(code: int | None, signal: int | None) -> None:
            self._open.pop(found.id, None)
            if found.timer is not None and found.timer.active():
                found.timer.cancel()
            if found.directory is not None:
                shutil.rmtree(found.directory, ignore_errors=True)
            about = {"sessionId": found.id, "exitCode": code, "signal": signal, "reason": "process_exit"}
            self._tell(found, "terminal.exit", about)

        return ended

    def _tell(self, found: _Open, name: str, payload: dict[str, Any]) -> None:
        connection = found.connection
        if connection is not None and connection.is_open:
            self._events.broadcast(name, payload, only=lambda who: who is connection.subscriber)

    @method("terminal.input", scopes.ADMIN)
    def input(self, call: Call) -> dict[str, Any]:
        """What is typed."""
        found = self._mine(call)
        if len(call.params["data"]) > MAX_INPUT_CHARS:
            raise invalid(f"at most {MAX_INPUT_CHARS} characters at once")
        found.terminal.type(call.params["data"])
        return {"ok": True}

    @method("terminal.resize", scopes.ADMIN)
    def resize(self, call: Call) -> dict[str, Any]:
        """The window's size."""
        self._mine(call).terminal.resize(call.params["cols"], call.params["rows"])
        return {"ok": True}

    @method("terminal.close", scopes.ADMIN)
    def close(self, call: Call) -> dict[str, Any]:
        """End a shell, whoever is attached."""
        self._check_enabled()
        found = self._open.get(call.params["sessionId"])
        if found is not None:
            found.terminal.kill()
        return {"ok": found is not None}

    @method("terminal.list", scopes.ADMIN)
    def list(self, call: Call) -> dict[str, Any]:
        """All of them."""
        self._check_enabled()
        rows = [
            {
                **each.describe(),
                "attached": each.connection is not None,
                "owner": "conn",
                "createdAtMs": each.created_at_ms,
            }
            for each in self._open.values()
        ]
        return {"sessions": rows}

    @method("terminal.attach", scopes.ADMIN)
    def attach(self, call: Call) -> dict[str, Any]:
        """Take a shell over, with what it wrote last; who had it sees no more of it."""
        self._check_enabled()
        found = self._open.get(call.params["sessionId"])
        if found is None:
            raise invalid("unknown terminal session")
        if found.connection is not call.connection:
            self._tell(found, "terminal.exit", {"sessionId": found.id, "reason": "detached"})
        self._attach(found, call)
        answer = {**found.describe(), "owner": "conn", "buffer": found.terminal.buffer}
        return {**answer, "seq": found.terminal.seq}

    @method("terminal.upload", scopes.ADMIN)
    async def upload(self, call: Call) -> dict[str, Any]:
        """A file for a shell to work on; it is gone with the shell."""
        found = self._mine(call)
        name = Path(call.params["name"]).name
        if not name or name in (".", "..") or "\0" in name:
            raise invalid("a file needs a name")
        try:
            content = base64.b64decode(call.params["contentBase64"], validate=True)
        except (binascii.Error, ValueError):
            raise invalid("contentBase64 is no base64") from None
        if len(content) > MAX_UPLOAD_BYTES or len(found.uploads) >= MAX_UPLOADS:
            raise invalid(f"at most {MAX_UPLOADS} files of {MAX_UPLOAD_BYTES} bytes")

        def write() -> Path:
            if found.directory is None:
                found.directory = Path(tempfile.mkdtemp(prefix="teamgram-terminal-"))
            path = Path(tempfile.mkdtemp(dir=found.directory)) / name
            path.write_bytes(content)
            return path

        try:
            path = await self._parts.sessions.in_thread(write)
        except OSError as error:
            raise GatewayError("UNAVAILABLE", f"the file could not be written: {error.strerror}") from None
        found.uploads.append(path)
        return {"path": str(path), "size": len(content)}


def _reads(connection: Connection | None) -> bool:
    """Whether whoever is attached reads as fast as the shell writes; nobody does not mind."""
    subscriber = connection.subscriber if connection is not None and connection.is_open else None
    return subscriber is None or subscriber.outbox.waiting_bytes < _MOST_UNREAD_BYTES
