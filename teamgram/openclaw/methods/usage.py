"""``sessions.usage``, ``usage.cost``, ``usage.status``: what was used and what it cost."""

import datetime
from typing import Any

from teamgram.openclaw.agent import usage_details
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.usage_report import Period, UsageReport, UsageTotals, report
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.methods.session_rows import SessionRows
from teamgram.openclaw.sessions.agent_session import AgentSession

#: Sessions whose transcripts one request reads, the newest first.
MAX_SESSIONS = 1000
_DEFAULT_LIMIT = 50
_DEFAULT_LOGS = 200
_RANGES = {"7d": 7, "30d": 30, "90d": 90, "1y": 365, "all": 3650}
_DEFAULT_DAYS = 30


class UsageMethods:
    """The family."""

    def __init__(self, parts: AgentParts, rows: SessionRows) -> None:
        self._parts = parts
        self._rows = rows

    def _period(self, params: dict[str, Any]) -> Period:
        zone: datetime.tzinfo | None = datetime.UTC if params.get("mode") == "utc" else None
        if params.get("timeZone") and params.get("mode", "specific") == "specific":
            import zoneinfo

            try:
                zone = zoneinfo.ZoneInfo(str(params["timeZone"]))
            except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
                raise invalid(f'"{params["timeZone"]}" is no time zone') from None
        today = datetime.datetime.fromtimestamp(self._parts.now_ms() / 1000, zone).date()
        last, days = _date(params.get("endDate")) or today, params.get("days")
        if not isinstance(days, int) or isinstance(days, bool) or not 0 < days <= _RANGES["all"]:
            days = _RANGES.get(str(params.get("range")), _DEFAULT_DAYS)
        first = _date(params.get("startDate")) or last - datetime.timedelta(days=days - 1)
        if first > last:
            raise invalid("startDate is after endDate")
        return Period(first, last, zone)

    async def _reports(self, params: dict[str, Any], period: Period) -> list[tuple[AgentSession, UsageReport]]:
        parts, agent_id = self._parts, params.get("agentId")
        key = parts.runs.canonical_key(params["key"]) if params.get("key") else None
        begins_ms = period.begins_ms()
        wanted = [
            session
            for session in parts.sessions.newest_first()
            if session.updated_at >= begins_ms
            and (key is None or session.key == key)
            and (not agent_id or session.agent_id == agent_id)
        ]
        found = []
        for session in wanted[:MAX_SESSIONS]:
            counted = await parts.sessions.read(
                session, lambda records, last: report(records, period), every_branch=True
            )
            if counted.last_ms:
                found.append((session, counted))
        return found

    @method("sessions.usage", scopes.READ)
    async def sessions_usage(self, call: Call) -> dict[str, Any]:
        """By session, with what they come to together."""
        period = self._period(call.params)
        found = await self._reports(call.params, period)
        whole = UsageReport()
        agents: dict[str, UsageTotals] = {}
        channels: dict[str, UsageTotals] = {}
        for session, counted in found:
            whole.merge(counted)
            agents.setdefault(session.agent_id, UsageTotals()).merge(counted.totals)
            channels.setdefault(session.channel or "webchat", UsageTotals()).merge(counted.totals)
        shown = found[: call.params.get("limit") or _DEFAULT_LIMIT]
        spans = [counted.last_ms - counted.first_ms for _, counted in found]
        return {
            "updatedAt": self._parts.now_ms(),
            "startDate": period.first.isoformat(),
            "endDate": period.last.isoformat(),
            "sessions": [self._entry(session, counted) for session, counted in shown],
            "totals": whole.totals.to_wire(),
            "aggregates": {
                "messages": whole.message_counts(),
                "tools": whole.tool_usage(),
                "byModel": whole.model_usage(),
                "byProvider": _by_provider(whole),
                "byAgent": [{"agentId": agent, "totals": totals.to_wire()} for agent, totals in agents.items()],
                "byChannel": [{"channel": name, "totals": totals.to_wire()} for name, totals in channels.items()],
                "daily": _daily(whole),
            },
            "overview": {
                "matchedSessions": len(found),
                "returnedSessions": len(shown),
                "durationCount": len(spans),
                "durationSumMs": sum(spans),
            },
        }

    def _entry(self, session: AgentSession, counted: UsageReport) -> dict[str, Any]:
        ref = self._rows.model_of(session, session.agent_id)
        days = [
            {"date": day, "tokens": totals.total_tokens, "cost": totals.total_cost}
            for day, totals in sorted(counted.days.items())
        ]
        entry = {
            "key": session.key,
            "label": session.label or session.display_name or None,
            "sessionId": session.session_id,
            "updatedAt": session.updated_at,
            "agentId": session.agent_id,
            "channel": session.channel,
            "chatType": session.chat_type or None,
            "modelProvider": ref.provider,
            "model": ref.model,
        }
        usage = {
            "sessionId": session.session_id,
            "firstActivity": counted.first_ms,
            "lastActivity": counted.last_ms,
            "durationMs": counted.last_ms - counted.first_ms,
            "activityDates": sorted(counted.day_messages),
            "dailyBreakdown": days,
            "messageCounts": counted.message_counts(),
            "toolUsage": counted.tool_usage(),
            "modelUsage": counted.model_usage(),
            **counted.totals.to_wire(),
        }
        return {**{name: value for name, value in entry.items() if value is not None}, "usage": usage}

    @method("sessions.usage.timeseries", scopes.READ)
    async def timeseries(self, call: Call) -> dict[str, Any]:
        """One session's answers over time."""
        session = self._session(call.params, "timeseries")
        points = await self._parts.sessions.read(
            session, lambda records, last: usage_details.timeseries(records), every_branch=True
        )
        return {"sessionId": session.session_id, "points": points}

    @method("sessions.usage.logs", scopes.READ)
    async def logs(self, call: Call) -> dict[str, Any]:
        """What was said in it, with what it cost."""
        session, limit = self._session(call.params, "logs"), call.params.get("limit", _DEFAULT_LOGS)
        if isinstance(limit, bool) or not isinstance(limit, int):
            limit = _DEFAULT_LOGS
        most = max(0, min(limit, usage_details.MAX_LOGS))
        found = await self._parts.sessions.read(
            session, lambda records, last: usage_details.logs(records, most), every_branch=True
        )
        return {"logs": found}

    def _session(self, params: dict[str, Any], what: str) -> AgentSession:
        key = params.get("key")
        if not isinstance(key, str) or not key.strip():
            raise invalid(f"key is required for {what}")
        session = self._parts.sessions.get(self._parts.runs.canonical_key(key.strip()))
        if session is None:
            raise invalid(f"No transcript found for session: {key[:200]}")
        return session

    @method("usage.cost", scopes.READ)
    async def cost(self, call: Call) -> dict[str, Any]:
        """By day."""
        period = self._period(call.params)
        whole = UsageReport()
        for _, counted in await self._reports(call.params, period):
            whole.merge(counted)
        return {
            "updatedAt": self._parts.now_ms(),
            "days": (period.last - period.first).days + 1,
            "daily": whole.daily(),
            "totals": whole.totals.to_wire(),
        }

    @method("usage.status", scopes.READ)
    def status(self, call: Call) -> dict[str, Any]:
        """What providers tell of their own quotas: none of ours is asked for that."""
        return {"updatedAt": self._parts.now_ms(), "providers": []}


def _date(text: Any) -> datetime.date | None:
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(str(text))
    except ValueError:
        raise invalid(f'"{str(text)[:40]}" is no date') from None


def _by_provider(whole: UsageReport) -> list[dict[str, Any]]:
    found: dict[str, tuple[list[int], UsageTotals]] = {}
    for (provider, _), (number, totals) in whole.models.items():
        count, mine = found.setdefault(provider, ([0], UsageTotals()))
        count[0] += number[0]
        mine.merge(totals)
    return [
        {"provider": provider, "count": count[0], "totals": totals.to_wire()}
        for provider, (count, totals) in found.items()
    ]


def _daily(whole: UsageReport) -> list[dict[str, Any]]:
    rows = []
    for day, counted in sorted(whole.day_messages.items()):
        totals = whole.days.get(day, UsageTotals())
        rows.append(
            {
                "date": day,
                "tokens": totals.total_tokens,
                "cost": totals.total_cost,
                "messages": counted["user"] + counted["assistant"],
                "toolCalls": counted["toolCalls"],
                "errors": counted["errors"],
            }
        )
    return rows
