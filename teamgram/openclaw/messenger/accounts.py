"""The agents' accounts in the messenger: which bot is whose, and how far its log was taken care of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from teamgram.domain.boxes.difference import UpdateLog
from teamgram.domain.errors import DomainError
from teamgram.domain.users.users import UsernameOccupied, Users
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.messenger.reply import random_id
from teamgram.openclaw.state_file import StateFile, read_json


@dataclass(slots=True)
class AgentAccount:
    """An agent's account.

    Attributes:
        pts: up to where its log was taken care of.
    """

    agent_id: str
    user_id: int
    username: str
    pts: int


class AgentAccounts:
    """All of them, kept in one file.

    Attributes:
        by_agent: by the agent's id.
    """

    _log = Logger()

    def __init__(self, path: Path, users: Users, updates: UpdateLog, reactor: Any) -> None:
        """Blocks for one small read.

        Raises:
            ValueError: the file is damaged.
        """
        self._users = users
        self._updates = updates
        self._reactor = reactor
        self._file = StateFile(path, self._snapshot, reactor)
        stored = read_json(path) or {}
        self.by_agent: dict[str, AgentAccount] = {
            entry["agentId"]: AgentAccount(entry["agentId"], entry["userId"], entry["username"], entry["pts"])
            for entry in stored.get("accounts", ())
        }

    def _snapshot(self) -> dict[str, Any]:
        return {"version": 1, "accounts": self.to_wire()}

    def to_wire(self) -> list[dict[str, Any]]:
        """As the file and the health snapshot have them."""
        return [
            {"agentId": account.agent_id, "userId": account.user_id, "username": account.username, "pts": account.pts}
            for account in self.by_agent.values()
        ]

    async def save(self) -> None:
        """What is known now is on disk when this returns."""
        await self._file.save()

    async def close(self) -> None:
        """Save what is not saved yet."""
        await self._file.close()

    async def open(self, agent: Agent) -> AgentAccount:
        """The agent's account: the one it has, else the bot with its username, else a new one.

        Raises:
            DomainError: no username is free.
        """
        known = self.by_agent.get(agent.id)
        if known is not None:
            return known
        base = agent.id.replace("-", "_")
        users = self._users
        for username in (f"{base}_bot", f"{base}_agent_bot", f"{base}_{random_id(agent.id) & 0xFFFF}_bot"):
            peer = await users.resolve_username(username)
            found = (await users.get([peer.id])).get(peer.id) if peer is not None else None
            if found is not None and not found.is_bot:
                continue
            if found is None:
                name = agent.name if agent.named else agent.id.capitalize()
                found = await users.create(phone="", first_name=name, now=int(self._reactor.seconds()), is_bot=True)
                try:
                    await users.set_username(found.id, username)
                except UsernameOccupied:
                    continue
            state = await self._updates.state(found.id)
            account = self.by_agent[agent.id] = AgentAccount(agent.id, found.id, username, state.pts)
            await self._file.save()
            self._log.info("agent {agent} is @{username} in the messenger", agent=agent.id, username=username)
            return account
        raise DomainError(f"no username is free for agent {agent.id}")
