"""``sessions.{fork,rewind,branches.*}``: going on from an earlier place, elsewhere or here, and going back again."""

import uuid
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from teamgram.openclaw.agent.history import is_shown
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid, unavailable
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.methods.session_rows import SessionEvents
from teamgram.openclaw.methods.session_writes import on_disk
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.transcript_writer import Read
from teamgram.openclaw.sessions.transcripts import text_of

_HEADLINE = 200
_CONVERSATION = (transcripts.MESSAGE, transcripts.COMPACTION)


class SessionBranchMethods:
    """The family."""

    def __init__(self, parts: AgentParts, events: SessionEvents) -> None:
        self._parts = parts
        self._events = events

    def _existing(self, params: dict[str, Any]) -> AgentSession:
        key = self._parts.runs.parse_key(params["sessionKey"], params.get("agentId")).text
        session = self._parts.sessions.get(key)
        if session is None:
            raise invalid(f"No session found: {key}")
        return session

    @method("sessions.fork", scopes.WRITE)
    async def fork(self, call: Call) -> dict[str, Any]:
        """Another session with the conversation up to an entry; before one of the user's, whose text is edited."""
        session, parts = self._existing(call.params), self._parts
        entry_id = call.params["entryId"]

        def read(
            newest_first: Iterator[dict[str, Any]], last: int
        ) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
            kept: list[dict[str, Any]] = []
            entry: dict[str, Any] | None = None
            for record in newest_first:
                if record.get("type") == transcripts.RESET:
                    break
                if entry is None:
                    if record.get("id") != entry_id:
                        continue
                    entry = record
                    if _is_users(record):
                        continue
                if record.get("type") in _CONVERSATION:
                    kept.append(record)
            return kept[::-1], entry

        records, entry = await parts.sessions.read(session, read)
        if entry is None:
            raise invalid(f"no such entry: {entry_id}")
        key = parts.runs.parse_key(f"agent:{session.agent_id}:dashboard:{uuid.uuid4()}")
        forked = parts.runs.session_for(key)
        forked.parent_key, forked.model, forked.settings = session.key, session.model, dict(session.settings)
        now_ms = parts.now_ms()
        await on_disk(parts.sessions.append(forked, records, now_ms))
        self._events.changed(forked, reason="create")
        return {"sessionKey": forked.key, **_to_edit(entry)}

    @method("sessions.rewind", scopes.ADMIN)
    async def rewind(self, call: Call) -> dict[str, Any]:
        """Go on in this session from an entry, or from before one of the user's, whose text is edited.

        What was said since is another branch, and counts as spent.
        """
        session, entry_id = self._existing(call.params), call.params["entryId"]
        found: list[dict[str, Any]] = []

        def make(newest_first: Iterator[dict[str, Any]], last: int) -> list[dict[str, Any]]:
            branch = _Branch(last)
            for record in newest_first:
                if record.get("type") == transcripts.RESET:
                    break
                branch.see(record)
                if record.get("id") == entry_id and record.get("type") == transcripts.MESSAGE:
                    found.append(record)
                    break
            if not found:
                return []
            (entry,) = found
            rest: Iterable[dict[str, Any]] = chain([entry], newest_first)
            messages = branch.seq
            if _is_users(entry):
                rest, messages = newest_first, messages - 1
            target = next((record for record in rest if record.get("type") in (*_CONVERSATION, transcripts.RESET)), {})
            return [_rewound(target, messages, branch.end(), self._parts.now_ms())]

        await self._change(session, make, every_branch=False)
        if not found:
            raise invalid(f"no such entry: {entry_id}")
        return _to_edit(found[0])

    @method("sessions.branches.switch", scopes.ADMIN)
    async def switch(self, call: Call) -> dict[str, Any]:
        """Go on from the end of another branch."""
        session, leaf_id = self._existing(call.params), call.params["leafEntryId"]
        if leaf_id == session.leaf_id:
            return {}
        found: list[dict[str, Any]] = []

        def make(newest_first: Iterator[dict[str, Any]], last: int) -> list[dict[str, Any]]:
            branches: set[str] = set()
            for record in newest_first:
                if record.get("type") == transcripts.RESET:
                    break
                if record.get("type") == transcripts.REWIND:
                    branches.add(str((record.get("branch") or {}).get("leafEntryId")))
                if record.get("id") == leaf_id and leaf_id in branches:
                    found.append(record)
                    break
            if not found:
                return []
            count, passed = 0, False
            for record in transcripts.visible(chain(found, newest_first)):
                count += is_shown(record)
                passed = passed or record.get("id") == session.leaf_id
                if record.get("type") == transcripts.RESET:
                    break
            ended = {
                "leafEntryId": session.leaf_id,
                "headline": session.preview[:_HEADLINE],
                "messageCount": session.messages,
                "updatedAt": transcripts.iso(session.updated_at),
            }
            # A place on the way to the other end is no branch of its own.
            branch = None if passed or not session.messages else ended
            return [_rewound(found[0], count, branch, self._parts.now_ms())]

        await self._change(session, make, every_branch=True)
        if not found:
            raise invalid(f"no such branch: {leaf_id}")
        return {}

    async def _change(self, session: AgentSession, make: "Read[list[dict[str, Any]]]", *, every_branch: bool) -> None:
        parts = self._parts
        was_busy: list[bool] = []

        def make_if_quiet(newest_first: Iterator[dict[str, Any]], last: int) -> list[dict[str, Any]]:
            # Whoever wrote meanwhile is answered where he wrote.
            was_busy.append(bool(session.open_runs))
            return [] if session.open_runs else make(newest_first, last)

        await on_disk(parts.sessions.append_after(session, make_if_quiet, parts.now_ms(), every_branch=every_branch))
        if was_busy[0]:
            raise unavailable("the session is busy; stop its run first", retryable=True)
        self._events.changed(session, reason="update")

    @method("sessions.branches.list", scopes.READ)
    async def branches(self, call: Call) -> dict[str, Any]:
        """The one that is gone on with, and those that were left, since the conversation began; the newest first."""
        key = self._parts.runs.parse_key(call.params["sessionKey"], call.params.get("agentId")).text
        session = self._parts.sessions.get(key)
        if session is None or not session.messages:
            # The Control UI asks as soon as it shows a session, also one that nobody has said anything in.
            return {"branches": []}

        def read(newest_first: Iterator[dict[str, Any]], last: int) -> list[dict[str, Any]]:
            found = []
            for record in newest_first:
                if record.get("type") == transcripts.RESET:
                    break
                if record.get("type") == transcripts.REWIND and record.get("branch"):
                    found.append(record["branch"])
            return found

        active = {
            "leafEntryId": session.leaf_id or session.last_id,
            "headline": session.preview[:_HEADLINE],
            "messageCount": session.messages,
            "updatedAt": transcripts.iso(session.updated_at),
            "active": True,
        }
        rows = {active["leafEntryId"]: active}
        for branch in await self._parts.sessions.read(session, read, every_branch=True):
            rows.setdefault(branch["leafEntryId"], {**branch, "active": False})
        return {"branches": list(rows.values())}


class _Branch:
    """The end of a branch as it is passed on the way back."""

    def __init__(self, last: int) -> None:
        """Args:
        last: the number of its newest message.
        """
        self.seq = last + 1
        self._last = last
        self._newest: dict[str, Any] | None = None

    def see(self, record: dict[str, Any]) -> None:
        """One record further back; :attr:`seq` is the number of the message that was passed last."""
        if is_shown(record):
            self.seq -= 1
            self._newest = self._newest or record

    def end(self) -> dict[str, Any] | None:
        """As lists have it."""
        if self._newest is None:
            return None
        return {
            "leafEntryId": self._newest["id"],
            "headline": text_of(self._newest.get("message") or {})[:_HEADLINE],
            "messageCount": self._last,
            "updatedAt": self._newest["timestamp"],
        }


def _rewound(target: dict[str, Any], messages: int, branch: dict[str, Any] | None, now_ms: int) -> dict[str, Any]:
    preview = text_of(target.get("message") or {})[:120]
    about = {"toId": target.get("id") or "", "messages": messages, "leafId": target.get("id") or "", "preview": preview}
    if branch is not None and branch["leafEntryId"] != about["leafId"]:
        about["branch"] = branch
    return transcripts.record(transcripts.REWIND, None, now_ms, **about)


def _is_users(record: dict[str, Any]) -> bool:
    return (record.get("message") or {}).get("role") == "user"


def _to_edit(entry: dict[str, Any]) -> dict[str, Any]:
    """What of an entry of the user's is put back for him to edit."""
    message = entry.get("message") or {}
    if message.get("role") != "user":
        return {}
    answer: dict[str, Any] = {"editorText": text_of(message)}
    content = message.get("content")
    images = [part for part in content if part.get("type") == "image"] if isinstance(content, list) else []
    whole = [part for part in images if part.get("data") and part.get("mimeType")]
    pictures = [{"mimeType": part["mimeType"], "data": part["data"]} for part in whole]
    if pictures:
        answer["editorAttachments"] = pictures[:10]
    return answer
