"""``memory_search``: what the agent, or its owner, wrote down in the workspace's memory files."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent import memory
from teamgram.openclaw.agent.tools.registry import Tool, ToolContext, parameters
from teamgram.openclaw.agent.tools.workspace import InThread

_DEFAULT_RESULTS = 6


def memory_search(in_thread: InThread) -> Tool:
    """The tool. Whoever has no business in the workspace's files has none here: its group is kept from strangers."""

    def function(arguments: dict[str, Any], context: ToolContext) -> Deferred[str]:
        workspace, limit = context.agent.workspace, int(arguments.get("maxResults") or _DEFAULT_RESULTS)

        def find() -> str:
            hits = memory.search(workspace, arguments["query"], limit)
            return "\n\n".join(f"{hit.path}:{hit.start_line}\n{hit.snippet}" for hit in hits) or "(nothing)"

        return in_thread(find)

    query = {"type": "string", "minLength": 1, "maxLength": 500, "description": "words to look for"}
    most = {"type": "integer", "minimum": 1, "maximum": memory.MAX_RESULTS}
    return Tool(
        "memory_search",
        "Search your memory (MEMORY.md and memory/*.md) for what was noted about people, wishes and decisions.",
        parameters({"query": query, "maxResults": most}, ["query"]),
        function,
        group="memory",
    )
