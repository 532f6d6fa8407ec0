"""The grammar of agent session keys. Plain Python.

``agent:<agentId>:<rest>``, lower-case; a bare key belongs to the default
agent. What stands in ``rest`` says what kind of conversation it is:

    main                                  the owner's one conversation
    dashboard:<uuid>                      made without a key
    explicit:<sessionId>                  named by a session id
    openai:<uuid>                         one call over HTTP
    <channel>:group:<id>[:topic:<id>]     a group; also channel:<id>[:thread:<id>]
    direct:<peer>, <channel>:direct:<peer>, <channel>:<account>:direct:<peer>
    subagent:<uuid>, cron:<job>[:run:<id>]
"""

import re
from dataclasses import dataclass

MAX_KEY_CHARS = 512
_AGENT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

#: Keys that belong to no agent.
_BARE = frozenset({"global", "unknown"})
_CLASSES = frozenset({"main", "dashboard", "explicit", "openai", "subagent", "cron"})


class BadSessionKey(ValueError):
    """The text is no session key; the message is for the client."""


@dataclass(frozen=True, slots=True)
class SessionKey:
    """A canonical key and what it says.

    Attributes:
        text: the whole key.
        agent_id: whose it is.
        rest: what follows ``agent:<id>:``.
    """

    text: str
    agent_id: str
    rest: str

    @property
    def classification(self) -> str:
        """``group``, ``direct``, ``custom``, or the first word of the rest where that is one of ours."""
        head = self.rest.partition(":")[0]
        if head in _CLASSES:
            return head
        if self.is_group:
            return "group"
        return "direct" if "direct" in self.rest.split(":")[:3] else "custom"

    @property
    def is_group(self) -> bool:
        """Whether several people talk there."""
        parts = self.rest.split(":")
        return len(parts) >= 3 and parts[1] in ("group", "channel")

    @property
    def kind(self) -> str:
        """``main``, ``group`` or ``dm``."""
        if self.rest == "main":
            return "main"
        return "group" if self.is_group else "dm"

    @property
    def channel(self) -> str | None:
        """The messaging surface it came from; None for our own (web chat, HTTP, cron)."""
        parts = self.rest.split(":")
        marks = {"group", "channel", "direct"}
        if len(parts) >= 3 and (parts[1] in marks or (len(parts) >= 4 and parts[2] in marks)):
            return parts[0]
        return None

    @property
    def peer(self) -> str | None:
        """The person or group at the other end, where the key names one."""
        parts = self.rest.split(":")
        for index, part in enumerate(parts[:3]):
            if part in ("group", "channel", "direct") and index + 1 < len(parts):
                return parts[index + 1]
        return None


def normal_agent_id(text: str) -> str:
    """An agent id as keys and folders carry it.

    Raises:
        BadSessionKey: it is none.
    """
    agent_id = text.strip().lower()
    if not _AGENT_ID.fullmatch(agent_id):
        raise BadSessionKey(f'invalid agent id "{text[:64]}"')
    return agent_id


def agent_id_from_name(name: str) -> str:
    """An id made of a name that people chose: ``Home Bot`` → ``home-bot``; empty if nothing usable is left."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.strip().lower()).strip("-_")[:64]


def parse(text: str, default_agent: str = "main", main_key: str = "main") -> SessionKey:
    """The canonical key of what a client said.

    Raises:
        BadSessionKey: too long, empty, or with control characters.
    """
    key = text.strip().lower()
    if not key or len(key) > MAX_KEY_CHARS or not key.isprintable():
        raise BadSessionKey("invalid session key")
    if key in _BARE:
        return SessionKey(key, default_agent, key)
    if key.startswith("agent:"):
        _, agent_id, rest = ([*key.split(":", 2), "", ""])[:3]
        agent_id = normal_agent_id(agent_id)
        if not rest:
            raise BadSessionKey("invalid session key")
    else:
        agent_id, rest = default_agent, key
    if rest == main_key:
        rest = "main"
    return SessionKey(f"agent:{agent_id}:{rest}", agent_id, rest)


def direct(agent_id: str, channel: str, account: str, peer: str, dm_scope: str) -> str:
    """The key of a private chat with ``peer``, as ``session.dmScope`` wants it."""
    rest = {
        "main": "main",
        "per-peer": f"direct:{peer}",
        "per-channel-peer": f"{channel}:direct:{peer}",
        "per-account-channel-peer": f"{channel}:{account}:direct:{peer}",
    }[dm_scope]
    return f"agent:{agent_id}:{rest}".lower()


def group(agent_id: str, channel: str, chat_id: str) -> str:
    """The key of a group chat."""
    return f"agent:{agent_id}:{channel}:group:{chat_id}".lower()
