"""What of an OpenClaw comes over: decided first, shown, and then done. What is here already stays as it is."""

from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agents_service import AgentsService
from teamgram.openclaw.config import merge, openclaw_keys
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.secret_sources import SecretsWanted
from teamgram.openclaw.control_plane import ControlPlane
from teamgram.openclaw.devices.pairing import Device, DeviceToken, NodeSurface
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.importing.openclaw_state import FoundSession, OpenClawState
from teamgram.openclaw.sessions import keys, transcripts

_ROLES = frozenset({"user", "assistant", "toolResult", "system"})
#: Of an entry of OpenClaw's, the settings of a session that mean the same here.
_SETTINGS = ("thinkingLevel", "verboseLevel", "reasoningLevel", "responseUsage", "permissionMode", "sendPolicy")


@dataclass(slots=True)
class Plan:
    """What is to be done.

    Attributes:
        tree: the configuration as it will be; None: it stays.
        notes: what does not come over, and why.
    """

    tree: dict[str, Any] | None = None
    changed: list[str] = field(default_factory=list)
    sessions: list[FoundSession] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    known_sessions: int = 0
    known_jobs: int = 0
    known_devices: int = 0
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For people."""
        messages = sum(len(_kept(found.records)) for found in self.sessions)
        told = [
            f"configuration   {len(self.changed)} settings{': ' + ', '.join(self.changed[:12]) if self.changed else ''}"
        ]
        if len(self.changed) > 12:
            told[0] += ", …"
        for count, what, known, more in (
            (len(self.sessions), "conversations", self.known_sessions, f" with {messages} records"),
            (len(self.jobs), "jobs", self.known_jobs, ""),
            (len(self.devices), "devices", self.known_devices, ", which keep their tokens"),
        ):
            here = f"; {known} are here already" if known else ""
            told.append(f"{what:<15} {count}{more if count else ''}{here}")
        return [*told, *(f"not taken       {note}" for note in self.notes)]


class BringingOver:
    """From a state directory to a control plane that does not run."""

    def __init__(self, state: OpenClawState, plane: ControlPlane, agents: AgentsService) -> None:
        self._state = state
        self._plane = plane
        self._agents = agents

    def plan(self) -> Plan:
        """Look at everything. Blocks, and changes nothing.

        Raises:
            OpenClawConfigError: the configuration there cannot be read.
        """
        plan = Plan()
        self._plan_config(plan)
        for found in self._state.sessions():
            self._plan_session(plan, found)
        self._plan_jobs(plan)
        self._plan_devices(plan)
        return plan

    def _plan_config(self, plan: Plan) -> None:
        config = self._plane.config
        theirs = self._state.config()
        theirs.pop("meta", None)
        for path in openclaw_keys.used_part(theirs)[1]:
            plan.notes.append(f"{path}: kept in the configuration, not used here")
        while True:
            tree = merge.merge(config.tree, theirs)
            try:
                config.check(tree)
            except OpenClawConfigError as error:
                if not all(_without(theirs, issue["path"]) for issue in error.issues):
                    plan.notes.append(f"the configuration: {error.summary()}")
                    return
                plan.notes += [f"{issue['path']}: {issue['message']}" for issue in error.issues]
            else:
                break
        plan.changed = merge.changed_paths(config.tree, tree)
        if plan.changed:
            plan.tree = tree

    def _plan_session(self, plan: Plan, found: FoundSession) -> None:
        sessions = self._agents.parts.sessions
        try:
            key = keys.parse(found.key, found.agent_id)
        except keys.BadSessionKey as error:
            plan.notes.append(f"conversation {found.key[:80]}: {error}")
            return
        if not _kept(found.records):
            return
        if sessions.get(key.text) is not None or sessions.by_id(found.session_id) is not None:
            plan.known_sessions += 1
            return
        if found.unreadable:
            plan.notes.append(f"{found.unreadable} records of {key.text}, which cannot be read")
        plan.sessions.append(found)

    def _plan_jobs(self, plan: Plan) -> None:
        known = {(job["name"], str(job["schedule"])) for job in self._agents.cron.jobs.values()}
        for job in self._state.jobs():
            about = {
                name: job[name]
                for name in (
                    "name", "description", "enabled", "agentId", "sessionKey", "schedule", "sessionTarget", "wakeMode",
                    "payload", "delivery", "failureAlert", "deleteAfterRun",
                )
                if job.get(name) is not None
            }  # fmt: skip
            if (about.get("name"), str(about.get("schedule"))) in known:
                plan.known_jobs += 1
                continue
            problem = self._plane.schemas.problem("cron.add", {n: v for n, v in about.items() if n != "enabled"})
            if problem is not None:
                plan.notes.append(f'job "{str(about.get("name"))[:60]}": {problem}')
                continue
            if about["payload"].get("toolsAllow") == ["*"]:
                about["payload"] = {name: value for name, value in about["payload"].items() if name != "toolsAllow"}
            plan.jobs.append(about)

    def _plan_devices(self, plan: Plan) -> None:
        known = self._plane.devices.pairing.devices
        for found in self._state.devices():
            if found["deviceId"] in known:
                plan.known_devices += 1
                continue
            try:
                plan.devices.append(_device(found))
            except (TypeError, ValueError, KeyError, AttributeError):
                plan.notes.append(f"device {found['deviceId'][:16]}…: it cannot be understood")

    # Doing it

    async def carry_out(self, plan: Plan) -> None:
        """Do it; what cannot be done is added to the plan's notes, and the rest goes on.

        Raises:
            OpenClawConfigError, OSError: the disk, or what changed meanwhile.
        """
        if plan.tree is not None:
            try:
                self._plane.config.replace(plan.tree, by_operator=True)
            except SecretsWanted as wanted:
                wanted.fetch()
                self._plane.config.replace(plan.tree, by_operator=True)
        for found in plan.sessions:
            await self._bring_session(found)
        for job in plan.jobs:
            try:
                await self._agents.cron.add(job)
            except GatewayError as error:
                plan.notes.append(f'job "{job["name"]}": {error.message}')
        known = self._plane.devices.pairing
        for device in plan.devices:
            known.devices[device.device_id] = device
        if plan.devices:
            await self._plane.devices.saved()

    async def _bring_session(self, found: FoundSession) -> None:
        sessions, entry, now_ms = self._agents.parts.sessions, found.entry, self._agents.parts.now_ms()
        session = sessions.create(
            keys.parse(found.key, found.agent_id), now_ms, session_id=found.session_id, created_via="import"
        )
        sessions.relabel(session, _text(entry.get("label")))
        session.display_name = _text(entry.get("displayName"))
        session.created_at = session.started_at = _time(entry.get("createdAt")) or now_ms
        session.archived_at = _time(entry.get("archivedAt"))
        session.pinned = bool(entry.get("pinnedAt") or entry.get("pinned"))
        provider, model = _text(entry.get("providerOverride")), _text(entry.get("modelOverride"))
        if model:
            session.model = model if "/" in model else f"{provider}/{model}" if provider else ""
        session.settings = {name: entry[name] for name in _SETTINGS if isinstance(entry.get(name), str)}
        updated = _time(entry.get("updatedAt"))
        session.last_interaction_at = _time(entry.get("lastInteractionAt")) or updated
        session.updated_at = updated
        writing: Deferred[None] = sessions.append(session, _kept(found.records), updated)
        await writing


def _kept(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records that mean the same here, with what refers to others put right."""
    kept: list[dict[str, Any]] = []
    following: dict[str, str] = {}
    waiting: list[str] = []
    for record in records:
        record_id = str(record.get("id") or transcripts.new_id())
        waiting.append(record_id)
        if _is_kept(record):
            kept.append({**record, "id": record_id})
            following |= dict.fromkeys(waiting, record_id)
            waiting.clear()
    for record in kept:
        if record["type"] == transcripts.COMPACTION:
            # What a summary leaves from on may be a record of a kind that is not here: then the next one.
            first = str(record.get("firstKeptEntryId") or "")
            record["firstKeptEntryId"] = following.get(first, record["id"])
    return kept


def _is_kept(record: dict[str, Any]) -> bool:
    kind, message = record.get("type"), record.get("message")
    if kind == transcripts.MESSAGE:
        return (
            isinstance(message, dict)
            and message.get("role") in _ROLES
            and isinstance(message.get("content"), str | list)
            and isinstance(record.get("timestamp"), str)
        )
    return kind == transcripts.RESET or (kind == transcripts.COMPACTION and isinstance(record.get("summary"), str))


def _device(found: dict[str, Any]) -> Device:
    """Raises:
    TypeError, ValueError, KeyError, AttributeError: it is none.
    """
    tokens = {}
    for role, token in (found.get("tokens") or {}).items():
        granted = scopes.known(token.get("scopes") or ())
        tokens[role] = DeviceToken(role, granted, str(token["token"]), int(token.get("createdAtMs") or 0))
    surface = found.get("surface")
    approved = int(found.get("approvedAtMs") or 0)
    roles = [role for role in found.get("roles") or [] if role in ("operator", "node")]
    if not roles or bytes.fromhex(found["deviceId"]).hex() != found["deviceId"]:
        raise ValueError(found["deviceId"])
    device = Device(
        found["deviceId"],
        found["publicKey"],
        roles,
        scopes.known(found.get("scopes") or ()),
        "import",
        int(found.get("createdAtMs") or 0),
        approved,
        found.get("displayName"),
        found.get("label"),
        found.get("platform"),
        found.get("deviceFamily"),
        str(found.get("clientId") or ""),
        str(found.get("clientMode") or ""),
        last_seen_at_ms=int(found.get("lastSeenAtMs") or 0),
        tokens=tokens,
    )
    if isinstance(surface, dict):
        device.surface = NodeSurface(
            [str(each) for each in surface.get("caps") or ()],
            [str(each) for each in surface.get("commands") or ()],
            {str(name): bool(value) for name, value in (surface.get("permissions") or {}).items()},
            created_at_ms=approved,
            approved_at_ms=int(surface.get("approvedAtMs") or approved),
        )
    return device


def _without(tree: dict[str, Any], path: str) -> bool:
    """Take what stands at a path out of a tree; whether there was something of it."""
    steps = [step for step in path.replace("[", ".[").split(".") if step]
    while steps:
        inner: Any = tree
        for step in steps[:-1]:
            inner = inner.get(step) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and steps[-1] in inner:
            del inner[steps[-1]]
            return True
        steps.pop()
    return False


def _text(value: Any) -> str:
    return value[:512] if isinstance(value, str) else ""


def _time(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and 0 < value < 1e14 else 0
