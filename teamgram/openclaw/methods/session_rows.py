"""Sessions as clients see them: list rows, entries, and the events that say that something changed."""

from collections.abc import Callable
from typing import Any

from teamgram.openclaw.agent import history
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.providers.model_api import ModelRef
from teamgram.openclaw.agent.providers.thinking import OFF, level_of, shown_levels
from teamgram.openclaw.agent.roster import model_chain
from teamgram.openclaw.gateway.events import Subscriber
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession

_KINDS = {"group": "group"}

#: Settings that rows show under their own names.
_SHOWN_SETTINGS = (
    "thinkingLevel", "fastMode", "verboseLevel", "reasoningLevel", "responseUsage", "permissionMode", "sendPolicy",
    "groupActivation", "icon", "color", "category", "statusNote", "attention", "toolOverrides", "boardFace",
)  # fmt: skip


class SessionRows:
    """Builds them."""

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts

    def model_of(self, session: AgentSession | None, agent_id: str) -> ModelRef:
        """The model that the next run asks."""
        if session is not None and session.model:
            return model_chain(session.model)[0]
        agent = self._parts.roster.get(agent_id) or self._parts.roster.default
        return agent.models[0]

    def defaults(self) -> dict[str, Any]:
        """What sessions have that say nothing else."""
        ref = self._parts.roster.default.models[0]
        return {
            "modelProvider": ref.provider,
            "model": ref.model,
            "contextTokens": self._parts.catalog.context_tokens(ref),
            **self._thinking(ref),
            "modelSelectionTarget": "session",
        }

    def _thinking(self, ref: ModelRef) -> dict[str, Any]:
        levels = shown_levels(self._parts.catalog.is_reasoning(ref))
        default = level_of(self._parts.roster.defaults.thinking_default) if len(levels) > 1 else OFF
        options = [level["id"] for level in levels]
        return {"thinkingLevels": levels, "thinkingOptions": options, "thinkingDefault": default}

    def row(self, session: AgentSession, *, preview: bool = False) -> dict[str, Any]:
        """One row of ``sessions.list``."""
        parts = self._parts
        key = session.parsed
        ref = self.model_of(session, session.agent_id)
        running = parts.lanes.running(session.key)
        now_ms = parts.now_ms()
        row: dict[str, Any] = {
            "key": session.key,
            "visibility": "shared",
            "createdVia": session.created_via,
            "createdAt": session.created_at,
            "kind": _KINDS.get(key.kind, "direct"),
            "classification": self._classification(session),
            "agentId": session.agent_id,
            "isMain": key.kind == "main",
            "isBackground": key.classification in ("cron", "subagent"),
            "state": session.state(now_ms, parts.idle_after_ms, compacting=session.key in parts.compaction.running),
            "channel": session.channel,
            "peer": session.peer,
            "chatType": session.chat_type or None,
            "label": session.label or None,
            "displayName": session.display_name or session.label or None,
            "updatedAt": session.updated_at,
            "lastInteractionAt": session.last_interaction_at or None,
            "archived": session.is_archived,
            "archivedAt": session.archived_at or None,
            "pinned": session.pinned,
            "unread": session.marked_unread or session.run_ended_at > session.last_read_at > 0,
            "lastReadAt": session.last_read_at or None,
            "sessionId": session.session_id,
            "systemSent": session.messages > 0,
            "abortedLastRun": session.aborted_last_run,
            **self._thinking(ref),
            "inputTokens": session.input_tokens,
            "outputTokens": session.output_tokens,
            "totalTokens": session.context_tokens_used,
            "totalTokensFresh": bool(session.run_ended_at),
            "compactionCount": session.compactions,
            "status": ("running" if running else session.run_status) or None,
            "startedAt": session.run_started_at or None,
            "endedAt": (session.run_ended_at or None) if not running else None,
            "runtimeMs": max(0, session.run_ended_at - session.run_started_at) if session.run_ended_at else None,
            "lastRunId": session.last_run_id or None,
            "lastRunError": session.last_error or None,
            "parentSessionKey": session.parent_key or None,
            "spawnDepth": session.spawn_depth or None,
            "effectiveQueueMode": "steer",
            "modelProvider": ref.provider,
            "model": ref.model,
            "contextTokens": parts.catalog.context_tokens(ref),
            "snapshotAt": now_ms,
            "hasActiveRun": running is not None,
            "activeRunIds": [running.id] if running else [],
            "sharingRole": "admin",
        }
        if preview:
            row["lastMessagePreview"] = session.preview or None
        for name in _SHOWN_SETTINGS:
            if name in session.settings:
                row[name] = session.settings[name]
        row = {name: value for name, value in row.items() if value is not None}
        row["modelOverrideSource"] = "user" if session.model else None
        return row

    def _classification(self, session: AgentSession) -> str:
        found = session.parsed.classification
        return "direct" if found == "custom" and session.chat_type else found

    def info(self, session: AgentSession | None, key: str, agent_id: str) -> dict[str, Any]:
        """``sessionInfo`` of a history; also of a session that is not there yet."""
        if session is not None:
            return {**self.row(session), "activeLeafEntryId": session.leaf_id or None}
        ref = self.model_of(None, agent_id)
        return {
            "key": key,
            "kind": "direct",
            "classification": self._parts.runs.parse_key(key).classification,
            "agentId": agent_id,
            "updatedAt": None,
            "archived": False,
            "pinned": False,
            "unread": False,
            "totalTokensFresh": False,
            "effectiveQueueMode": "steer",
            "modelProvider": ref.provider,
            "model": ref.model,
            "modelOverrideSource": None,
            "contextTokens": self._parts.catalog.context_tokens(ref),
            "snapshotAt": self._parts.now_ms(),
            "hasActiveRun": False,
            "activeRunIds": [],
            "activeLeafEntryId": None,
        }

    def entry(self, session: AgentSession) -> dict[str, Any]:
        """A session's record, as the methods that change it answer."""
        entry: dict[str, Any] = {
            "sessionId": session.session_id,
            "lifecycleRevision": session.lifecycle_revision,
            "updatedAt": session.updated_at,
            "sessionStartedAt": session.started_at,
            "createdAt": session.created_at,
            "createdVia": session.created_via,
            "label": session.label or None,
            "displayName": session.display_name or None,
            "chatType": session.chat_type or None,
            "spawnDepth": session.spawn_depth,
            "parentSessionKey": session.parent_key or None,
            "modelOverrideSource": "user" if session.model else "default",
            "systemSent": session.messages > 0,
            "abortedLastRun": session.aborted_last_run,
            "compactionCount": session.compactions,
            "inputTokens": session.input_tokens,
            "outputTokens": session.output_tokens,
            "totalTokens": session.context_tokens_used,
            "archivedAt": session.archived_at or None,
            "pinned": session.pinned or None,
            **session.settings,
        }
        if session.model:
            ref = model_chain(session.model)[0]
            entry |= {"providerOverride": ref.provider, "modelOverride": ref.model}
        return {name: value for name, value in entry.items() if value is not None}

    def resolved(self, session: AgentSession) -> dict[str, Any]:
        """``resolved`` of those answers."""
        ref = self.model_of(session, session.agent_id)
        return {"modelProvider": ref.provider, "model": ref.model}


class SessionEvents:
    """Tells subscribers what happens in sessions."""

    def __init__(self, parts: AgentParts, rows: SessionRows) -> None:
        self._parts = parts
        self._rows = rows
        parts.sessions.on_append.append(self._appended)
        parts.on_changed = self.changed
        self.on_deleted: list[Callable[[AgentSession], None]] = []

    def changed(
        self, session: AgentSession, *, reason: str | None = None, phase: str | None = None, run_id: str | None = None
    ) -> None:
        """``sessions.changed`` to whoever asked for it."""
        if not any(subscriber.all_sessions for subscriber in self._parts.stream.subscribers()):
            return
        payload: dict[str, Any] = {"sessionKey": session.key, "agentId": session.agent_id}
        for name, value in (("reason", reason), ("phase", phase), ("runId", run_id)):
            if value is not None:
                payload[name] = value
        row = self._rows.row(session, preview=True)
        payload |= {"ts": self._parts.now_ms(), "session": row}
        self._parts.stream.broadcast("sessions.changed", payload, only=lambda subscriber: subscriber.all_sessions)

    def deleted(self, session: AgentSession) -> None:
        """The same for one that is gone."""
        for hear in self.on_deleted:
            hear(session)
        payload = {
            "sessionKey": session.key,
            "agentId": session.agent_id,
            "reason": "delete",
            "sessionId": session.session_id,
            "ts": self._parts.now_ms(),
            "session": None,
        }
        self._parts.stream.broadcast("sessions.changed", payload, only=lambda subscriber: subscriber.all_sessions)

    def _appended(self, session: AgentSession, record: dict[str, Any], seq: int) -> None:
        if not seq or record.get("type") != transcripts.MESSAGE:
            return
        key = session.key

        def follows(subscriber: Subscriber) -> bool:
            return subscriber.all_sessions or key in subscriber.session_keys

        if any(follows(subscriber) for subscriber in self._parts.stream.subscribers()):
            self._parts.stream.broadcast("session.message", self.message_payload(session, record, seq), only=follows)

    def message_payload(self, session: AgentSession, record: dict[str, Any], seq: int) -> dict[str, Any]:
        """``session.message``."""
        return {
            "sessionKey": session.key,
            "agentId": session.agent_id,
            "message": history.shown(record, seq),
            "messageId": record["id"],
            "messageSeq": seq,
            "updatedAt": session.updated_at,
            "sessionId": session.session_id,
        }
