"""People who wait to be let in, and those whom the operator let in: ``channels.telegram.dmPolicy: pairing``.

Who writes to an agent and is not known is given a code, once in an hour; the operator types it. Codes, their time and
that only so many wait are OpenClaw's (its page "Pairing"), but for how many: there it is three.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from teamgram.openclaw.state_file import StateFile, read_json

CODE_LENGTH = 8
#: Without what is easily taken for something else.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
TTL_MS = 3_600_000
MAX_PENDING = 50
#: Whoever was let in stays so until the operator says otherwise.
MAX_PAIRED = 100_000


class PersonRequest(msgspec.Struct, rename="camel", omit_defaults=True):
    """Somebody who wrote to an agent.

    Attributes:
        code: what they were told.
        name: as they call themselves.
        created_at, last_seen_at, expires_at: unix milliseconds.
        is_dismissed: the operator does not want them; they are told nothing more until it expires.
    """

    code: str
    user_id: int
    agent_id: str
    name: str
    created_at: int
    last_seen_at: int
    expires_at: int
    is_dismissed: bool = False


class PairedPerson(msgspec.Struct, rename="camel"):
    """Somebody who was let in; when, in unix milliseconds."""

    user_id: int
    name: str
    approved_at: int


class PersonPairing:
    """All of them, kept in one file."""

    def __init__(self, path: Path, reactor: Any, now_ms: Callable[[], int]) -> None:
        """Blocks for one small read.

        Raises:
            ValueError: the file is damaged.
        """
        self._now_ms = now_ms
        self._file = StateFile(path, self._snapshot, reactor)
        stored = read_json(path) or {}
        requests = msgspec.convert(stored.get("requests", []), list[PersonRequest])
        people = msgspec.convert(stored.get("paired", []), list[PairedPerson])
        self._requests = {request.user_id: request for request in requests}
        self._paired = {person.user_id: person for person in people}

    def _snapshot(self) -> dict[str, Any]:
        return {
            "version": 1,
            "requests": msgspec.to_builtins(list(self._requests.values())),
            "paired": msgspec.to_builtins(list(self._paired.values())),
        }

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._paired

    async def close(self) -> None:
        """Save what is not saved yet."""
        await self._file.close()

    def people(self) -> list[PairedPerson]:
        """Whoever was let in."""
        return list(self._paired.values())

    def pending(self) -> list[PersonRequest]:
        """Who waits, the first one first."""
        self._forget_old()
        return [request for request in self._requests.values() if not request.is_dismissed]

    async def ask(self, user_id: int, agent_id: str, name: str) -> PersonRequest | None:
        """Somebody who is not known wrote; the request if it is a new one: they are to be told its code, once.

        It is on disk when this returns. None: they were told already, or too many wait.
        """
        now = self._now_ms()
        self._forget_old()
        known = self._requests.get(user_id)
        if known is not None:
            known.last_seen_at = now
            self._file.touch()
            return None
        if len(self.pending()) >= MAX_PENDING:
            return None
        codes = {request.code for request in self._requests.values()}
        code = next(code for code in iter(_new_code, "") if code not in codes)
        request = self._requests[user_id] = PersonRequest(code, user_id, agent_id, name, now, now, now + TTL_MS)
        try:
            await self._file.save()
        except BaseException:
            self._requests.pop(user_id, None)
            raise
        return request

    def find(self, code: str) -> PersonRequest | None:
        """The request that waits with that code, in any case."""
        return next((one for one in self.pending() if secrets.compare_digest(one.code, _as_code(code))), None)

    async def approve(self, request: PersonRequest) -> None:
        """Let somebody in; on disk when this returns."""
        if len(self._paired) >= MAX_PAIRED:
            raise ValueError(f"{MAX_PAIRED} people have been let in already")
        self._requests.pop(request.user_id, None)
        self._paired[request.user_id] = PairedPerson(request.user_id, request.name, self._now_ms())
        try:
            await self._file.save()
        except BaseException:
            self._paired.pop(request.user_id, None)
            self._requests[request.user_id] = request
            raise

    async def dismiss(self, request: PersonRequest) -> None:
        """Do not let somebody in; they may ask again when their hour is over. On disk when this returns."""
        request.is_dismissed = True
        await self._file.save()

    async def revoke(self, user_id: int) -> bool:
        """Let somebody in no longer, on disk when this returns; False if nobody had let them in."""
        if self._paired.pop(user_id, None) is None:
            return False
        await self._file.save()
        return True

    def _forget_old(self) -> None:
        now = self._now_ms()
        for user_id in [one.user_id for one in self._requests.values() if one.expires_at <= now]:
            del self._requests[user_id]


def _new_code() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(CODE_LENGTH))


def _as_code(text: str) -> str:
    """As it might be one; what holds other letters is none."""
    return text.strip().upper() if text.isascii() else ""


def told(request: PersonRequest, agent: str) -> str:
    """What somebody is told who is not known, in Markdown: apps copy the command with one touch."""
    return (
        f"I am {agent}, and I do not know you yet.\n\n"
        f"Your user id: `{request.user_id}`\nYour pairing code: `{request.code}`\n\n"
        f"Whoever runs this server lets you in by typing:\n```\nteamgram pairing approve {request.code}\n```"
    )
