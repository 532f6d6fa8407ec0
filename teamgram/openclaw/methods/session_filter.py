"""Which sessions ``sessions.list`` is asked for. Plain Python."""

from collections.abc import Callable, Collection
from typing import Any

from teamgram.openclaw.sessions.agent_session import AgentSession

Test = Callable[[AgentSession], bool]


def matcher(params: dict[str, Any], now_ms: int, agent_ids: Collection[str]) -> Test:
    """A test for the parameters of ``sessions.list``."""
    tests: list[Test] = []
    archived = params.get("archived", False)
    if archived != "all":
        tests.append(lambda session: session.is_archived == bool(archived))
    if params.get("agentId"):
        agent_id = params["agentId"].strip().lower()
        tests.append(lambda session: session.agent_id == agent_id)
    if params.get("configuredAgentsOnly"):
        tests.append(lambda session: session.agent_id in agent_ids)
    for name in ("global", "unknown"):
        if params.get(f"include{name.capitalize()}") is False:
            tests.append(lambda session, name=name: session.key != name)  # type: ignore[misc]
    if params.get("activeMinutes"):
        since = now_ms - params["activeMinutes"] * 60_000
        tests.append(lambda session: session.updated_at >= since)
    if params.get("requireLastInteraction"):
        tests.append(lambda session: session.last_interaction_at > 0)
    if params.get("label"):
        tests.append(lambda session: session.label == params["label"])
    if params.get("spawnedBy"):
        tests.append(lambda session: session.parent_key == params["spawnedBy"])
    search = (params.get("search") or "").strip().lower()
    if search:
        tests.append(
            lambda session: any(
                search in text.lower() for text in (session.key, session.label, session.display_name, session.preview)
            )
        )
    return lambda session: all(test(session) for test in tests)
