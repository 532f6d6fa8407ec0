"""``sessions.*``: listing, subscribing, making, changing, talking."""

import uuid
from collections.abc import Iterator
from typing import Any

from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.providers.model_api import ModelRef
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid, unavailable
from teamgram.openclaw.gateway.events import Subscriber
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.gateway.schemas.validator import MethodSchemas
from teamgram.openclaw.methods import session_filter
from teamgram.openclaw.methods.chat import ChatMethods
from teamgram.openclaw.methods.session_rows import SessionEvents, SessionRows
from teamgram.openclaw.methods.session_writes import on_disk
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.transcripts import text_of

_DEFAULT_LIMIT = 100
_MAX_PREVIEW_KEYS = 64

#: Parameters of ``sessions.patch`` that whoever may write may give; any other takes operator.admin. From the reference
#: gateway 2026.9 (src/shared/session-method-scopes-base.ts, SESSIONS_PATCH_WRITE_SCOPE_MUTATIONS and _ENVELOPE_FIELDS).
_PATCHED_BY_WRITERS = frozenset({
    "label", "icon", "color", "category", "boardFace", "pinned", "archived", "unread", "model", "thinkingLevel",
    "fastMode", "permissionMode",
    "key", "agentId", "expectedSessionId", "expectedLifecycleRevision", "expectedPermissionMode",
    "expectedMarkedUnreadAt",
})  # fmt: skip
#: The like for ``sessions.create``, by what it must not have.
_CREATED_BY_ADMINS = frozenset({"execNode", "toolOverrides", "incognito"})
#: Parameters of ``sessions.patch`` that are kept as they are, None removes.
_SETTINGS = frozenset({
    "icon", "color", "category", "boardFace", "statusNote", "attention", "contextWindow", "thinkingLevel", "fastMode",
    "toolOverrides", "verboseLevel", "traceLevel", "reasoningLevel", "responseUsage", "elevatedLevel", "execHost",
    "execSecurity", "execAsk", "execNode", "permissionMode", "completionOwnerSessionKey", "inheritedToolPolicyVersion",
    "inheritedToolAllow", "inheritedToolDeny", "sendPolicy", "groupActivation",
})  # fmt: skip


class SessionMethods:
    """The family."""

    def __init__(
        self, parts: AgentParts, rows: SessionRows, events: SessionEvents, chat: ChatMethods, schemas: MethodSchemas
    ) -> None:
        """Args:
        chat: ``sessions.send`` is a ``chat.send``.
        """
        self._chat = chat
        self._schemas = schemas
        self._parts = parts
        self._rows = rows
        self._events = events

    def _key(self, params: dict[str, Any]) -> str:
        return self._parts.runs.parse_key(params["key"], params.get("agentId")).text

    def _find(self, params: dict[str, Any]) -> AgentSession | None:
        return self._parts.sessions.get(self._key(params))

    def _existing(self, params: dict[str, Any]) -> AgentSession:
        session = self._find(params)
        if session is None:
            raise invalid(f"No session found: {self._key(params)}")
        return session

    async def _save(self, session: AgentSession, reason: str) -> None:
        now_ms = self._parts.now_ms()
        session.updated_at = max(session.updated_at, now_ms)
        await on_disk(self._parts.sessions.save(session, now_ms))
        self._events.changed(session, reason=reason)

    # Looking

    @method("sessions.list", scopes.READ)
    def list(self, call: Call) -> dict[str, Any]:
        """The newest first."""
        return self.listing(call.params)

    def listing(self, params: dict[str, Any]) -> dict[str, Any]:
        """The answer of ``sessions.list``."""
        parts = self._parts
        now_ms = parts.now_ms()
        by = "last_interaction_at" if params.get("sortBy") in ("lastInteractionAt", "activity") else "updated_at"
        wanted = session_filter.matcher(params, now_ms, {agent.id for agent in parts.roster.all()})
        found = [session for session in parts.sessions.newest_first(by) if wanted(session)]
        limit, offset = params.get("limit") or _DEFAULT_LIMIT, params.get("offset") or 0
        shown = found[offset : offset + limit]
        more = offset + len(shown) < len(found)
        preview = bool(params.get("includeLastMessage"))
        return {
            "ts": now_ms,
            "path": str(parts.directory),
            "count": len(shown),
            "totalCount": len(found),
            "limitApplied": limit,
            "nextOffset": offset + len(shown) if more else None,
            "hasMore": more,
            "owners": [],
            "defaults": self._rows.defaults(),
            "sessions": [self._rows.row(session, preview=preview) for session in shown],
        }

    @method("sessions.subscribe", scopes.READ)
    def subscribe(self, call: Call) -> dict[str, Any]:
        """From now on ``sessions.changed``, ``session.tool`` and ``session.message`` of every session."""
        self._subscriber(call).all_sessions = True
        answer: dict[str, Any] = {"subscribed": True}
        if call.params:
            problem = self._schemas.problem("sessions.list", call.params)
            if problem is not None:
                raise invalid(f"invalid sessions.subscribe params: {problem}")
            answer["list"] = self.listing(call.params)
        return answer

    @method("sessions.unsubscribe", scopes.READ)
    def unsubscribe(self, call: Call) -> dict[str, Any]:
        """No more of them."""
        self._subscriber(call).all_sessions = False
        return {"subscribed": False}

    def _subscriber(self, call: Call) -> Subscriber:
        subscriber = call.connection.subscriber
        if subscriber is None:
            raise unavailable("the connection is closing")
        return subscriber

    @method("sessions.messages.subscribe", scopes.READ)
    def messages_subscribe(self, call: Call) -> dict[str, Any]:
        """From now on ``session.message`` of one session."""
        key = self._key(call.params)
        self._subscriber(call).session_keys.add(key)
        answer: dict[str, Any] = {"subscribed": True, "key": key}
        if call.params.get("includeApprovals"):
            replay = {"sessionKey": key, "updatedAtMs": self._parts.now_ms(), "approvals": [], "truncated": False}
            answer["approvalReplay"] = replay
        return answer

    @method("sessions.messages.unsubscribe", scopes.READ)
    def messages_unsubscribe(self, call: Call) -> dict[str, Any]:
        """No more of them."""
        key = self._key(call.params)
        self._subscriber(call).session_keys.discard(key)
        return {"subscribed": False, "key": key}

    @method("sessions.preview", scopes.READ)
    async def preview(self, call: Call) -> dict[str, Any]:
        """The last words of several sessions."""
        limit = min(call.params.get("limit") or 12, 50)
        most_chars = call.params.get("maxChars") or 240
        previews = []
        for asked in call.params["keys"][:_MAX_PREVIEW_KEYS]:
            session = self._parts.sessions.get(self._parts.runs.canonical_key(asked))
            if session is None:
                previews.append({"key": asked, "status": "missing", "items": []})
                continue
            messages = await self._parts.histories.page(session, limit)
            items = [
                {"role": message["role"], "text": text_of(message).strip()[:most_chars]}
                for message in messages
                if text_of(message).strip()
            ]
            previews.append({"key": asked, "status": "ok" if items else "empty", "items": items})
        return {"ts": self._parts.now_ms(), "previews": previews}

    @method("sessions.describe", scopes.READ)
    def describe(self, call: Call) -> dict[str, Any]:
        """One row; null when there is no such session."""
        session = self._find(call.params)
        preview = bool(call.params.get("includeLastMessage"))
        return {"session": self._rows.row(session, preview=preview) if session is not None else None}

    @method("sessions.resolve", scopes.READ)
    def resolve(self, call: Call) -> dict[str, Any]:
        """The canonical key of a key, a session id or a label."""
        params, sessions = call.params, self._parts.sessions
        named = [name for name in ("key", "sessionId", "label") if params.get(name)]
        if len(named) != 1:
            raise invalid("Provide exactly one of key, sessionId or label")
        text = params[named[0]]
        if named[0] == "key":
            text = self._parts.runs.canonical_key(text)
            session = sessions.get(text)
        else:
            session = sessions.by_id(text) if named[0] == "sessionId" else sessions.by_label(text)
        if session is None:
            if params.get("allowMissing"):
                return {"ok": False}
            raise invalid(f"No session found: {text}")
        return {"ok": True, "key": session.key, "agentId": session.agent_id}

    @method("sessions.get", scopes.READ)
    async def get(self, call: Call) -> dict[str, Any]:
        """The messages of a session."""
        key = call.params.get("key") or call.params.get("sessionKey")
        if not isinstance(key, str) or not key:
            raise invalid("invalid sessions.get params: must have required property 'key'")
        session = self._parts.sessions.get(self._parts.runs.parse_key(key, call.params.get("agentId")).text)
        limit = call.params.get("limit")
        limit = limit if isinstance(limit, int) and 0 < limit <= 1000 else 200
        return {"messages": await self._parts.histories.page(session, limit) if session is not None else []}

    # Making and changing

    @method("sessions.create", scopes.WRITE)
    async def create(self, call: Call) -> dict[str, Any]:
        """A new session, or the one that has the key already."""
        params, parts = call.params, self._parts
        if any(params.get(name) for name in _CREATED_BY_ADMINS) or params.get("permissionMode") == "full":
            call.require(scopes.ADMIN)
        if params.get("idempotencyKey") and call.connection.device_id is None:
            raise invalid("idempotent session creation requires an authenticated principal or device identity")
        agent_id = params.get("agentId") or parts.roster.default.id
        made_up = f"agent:{agent_id}:dashboard:{self._dashboard_id(call)}"
        key = parts.runs.parse_key(params.get("key") or made_up, params.get("agentId"))
        label = params.get("label") or ""
        holder = parts.sessions.by_label(label) if label else None
        if holder is not None and holder.key != key.text:
            raise invalid(f"label already in use: {label}")
        self._check_model(params.get("model"))
        is_new = parts.sessions.get(key.text) is None
        session = parts.runs.session_for(key)
        if label:
            parts.sessions.relabel(session, label)
        session.display_name = params.get("displayName") or session.display_name
        session.model = params.get("model") or session.model
        session.spawn_depth = params.get("spawnDepth") or session.spawn_depth
        for name in ("thinkingLevel", "fastMode", "permissionMode", "toolOverrides", "category"):
            if params.get(name) is not None:
                session.settings = {**session.settings, name: params[name]}
        parent = params.get("parentSessionKey")
        if parent:
            session.parent_key = parts.runs.parse_key(parent).text
        elif is_new and key.classification != "main":
            session.parent_key = f"agent:{key.agent_id}:main"
        if params.get("fork") and is_new:
            await self._fork(session)
        await self._save(session, "create")
        message = params.get("message") or params.get("task")
        answer = {
            "ok": True,
            "key": session.key,
            "sessionId": session.session_id,
            "entry": self._rows.entry(session),
            "session": self._rows.row(session),
            "runStarted": False,
            "resolved": self._rows.resolved(session),
        }
        if message or params.get("attachments"):
            sent = {
                "message": message or "",
                "attachments": params.get("attachments"),
                "idempotencyKey": params.get("idempotencyKey") or str(uuid.uuid4()),
            }
            started = await self._chat.start_chat(call, session.key, sent)
            answer |= {"runStarted": True, "runId": started["runId"]}
        return answer

    def _dashboard_id(self, call: Call) -> str:
        asked = call.params.get("idempotencyKey")
        if asked:
            # The same device asking again with the same key gets the same session.
            return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{call.connection.device_id}:{asked}"))
        return str(uuid.uuid4())

    def _check_model(self, text: str | None) -> None:
        if not text:
            return
        try:
            ref = ModelRef.parse(text)
        except ValueError:
            raise invalid(f'Unknown model "{text}". Name it as provider/model.') from None
        if not self._parts.catalog.knows_provider(ref.provider):
            raise invalid(f'Unknown provider "{ref.provider}". Use /models to list providers.')

    async def _fork(self, session: AgentSession) -> None:
        """Start with what the parent session holds."""
        parent = self._parts.sessions.get(session.parent_key)
        if parent is None:
            raise invalid(f"No session found: {session.parent_key}")

        def read(newest_first: Iterator[dict[str, Any]], last: int) -> list[dict[str, Any]]:
            found = []
            for record in newest_first:
                if record.get("type") == transcripts.RESET:
                    break
                if record.get("type") in (transcripts.MESSAGE, transcripts.COMPACTION):
                    found.append(record)
            return found[::-1]

        records = await self._parts.sessions.read(parent, read)
        await on_disk(self._parts.sessions.append(session, records, self._parts.now_ms()))

    @method("sessions.send", scopes.WRITE)
    async def send(self, call: Call) -> dict[str, Any]:
        """``chat.send`` to a session that is there."""
        session = self._existing(call.params)
        params = {**call.params}
        params.setdefault("idempotencyKey", str(uuid.uuid4()))
        answer: dict[str, Any] = await self._chat.start_chat(call, session.key, params)
        return answer

    @method("sessions.abort", scopes.WRITE)
    async def abort(self, call: Call) -> dict[str, Any]:
        """Stop the runs of a session, or one run wherever it runs."""
        params, runs = call.params, self._parts.runs
        run_id = params.get("runId")
        if params.get("key"):
            key = self._key(params)
        else:
            entry = runs.idempotency.by_run(run_id) if run_id else None
            if not run_id:
                raise invalid("Provide key or runId")
            key = entry.run.session.key if entry is not None and entry.run is not None else ""
        stopped = await self._parts.lanes.abort(key, run_id, "rpc")
        status = "aborted" if stopped else "no-active-run"
        return {"ok": True, "abortedRunId": stopped[-1] if stopped else None, "status": status, "runIds": stopped}

    @method("sessions.patch", scopes.WRITE)
    async def patch(self, call: Call) -> dict[str, Any]:
        """Change settings; a missing session is made."""
        params, parts = call.params, self._parts
        # To take the mode away is to give the whole one back.
        if params.keys() - _PATCHED_BY_WRITERS or params.get("permissionMode", "") in ("full", None):
            call.require(scopes.ADMIN)
        key = parts.runs.parse_key(params["key"], params.get("agentId"))
        session = parts.sessions.get(key.text)
        expected = params.get("expectedSessionId")
        if expected and (session is None or session.session_id != expected):
            raise invalid("session changed", {"reason": "session-changed"})
        revision = params.get("expectedLifecycleRevision")
        if revision and (session is None or session.lifecycle_revision != revision):
            raise invalid("session changed", {"reason": "session-changed"})
        self._check_model(params.get("model"))
        label = params.get("label")
        holder = parts.sessions.by_label(label) if label else None
        if holder is not None and holder.key != key.text:
            raise invalid(f"label already in use: {label}")
        if session is None:
            session = parts.runs.session_for(key)
        if "label" in params:
            parts.sessions.relabel(session, label or "")
        if "model" in params:
            session.model = params["model"] or ""
        self._patch_marks(session, params)
        settings = {**session.settings}
        for name in _SETTINGS & params.keys():
            if params[name] is None:
                settings.pop(name, None)
            else:
                settings[name] = params[name]
        session.settings = settings
        await self._save(session, "patch")
        return {
            "ok": True,
            "path": str(parts.sessions.path(session)),
            "key": session.key,
            "entry": self._rows.entry(session),
            "resolved": self._rows.resolved(session),
        }

    def _patch_marks(self, session: AgentSession, params: dict[str, Any]) -> None:
        now_ms = self._parts.now_ms()
        if "archived" in params:
            session.archived_at = now_ms if params["archived"] else 0
        if "pinned" in params:
            session.pinned = params["pinned"]
        if "unread" in params:
            session.marked_unread = params["unread"]
            session.last_read_at = session.last_read_at if params["unread"] else now_ms
