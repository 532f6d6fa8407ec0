"""``skills.{status,install,update,upload.*}``: the skills of an agent's workspace."""

import base64
import binascii
from typing import Any

from teamgram.openclaw.agent import skills
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.agent.skill_archives import SkillArchives, install
from teamgram.openclaw.agent.skills import Skill
from teamgram.openclaw.config import merge, redaction
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid, unavailable
from teamgram.openclaw.gateway.router import Call, method

_NO_HUB = "ClawHub is not reached from here; put the skill's folder into the workspace, or upload it"
_NO_UPLOADS = "Uploaded skill archive installs are disabled by skills.install.allowUploadedArchives"
_NO_INSTALLERS = "installers of skills are not run here: install what it needs on this machine by hand"


class SkillMethods:
    """The family."""

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts
        self._archives = SkillArchives()

    def _agent(self, params: dict[str, Any]) -> Agent:
        agent_id = params.get("agentId")
        agent = self._parts.roster.get(agent_id) if isinstance(agent_id, str) and agent_id else None
        if agent_id and agent is None:
            raise invalid(f'unknown agent id "{agent_id}"')
        return agent or self._parts.roster.default

    @method("skills.status", scopes.READ)
    async def status(self, call: Call) -> dict[str, Any]:
        """The skills of an agent's workspace, and what keeps some of them from being used."""
        agent = self._agent(call.params)
        off = self._parts.roster.skills_off
        found = await self._parts.sessions.in_thread(lambda: skills.find(agent.workspace))
        return {
            "agentId": agent.id,
            "workspaceDir": str(agent.workspace),
            "managedSkillsDir": str(agent.workspace / skills.FOLDERS[0]),
            "skills": [_entry(skill, agent, is_off=skill.name in off) for skill in found],
        }

    @method("skills.update", scopes.ADMIN, control_plane_write=True)
    def update(self, call: Call) -> dict[str, Any]:
        """Switch a skill on or off, or keep a key for it in the configuration."""
        params, config = call.params, self._parts.config
        if "skillKey" not in params:
            raise unavailable(_NO_HUB)
        key = params["skillKey"].strip()
        entry = {name: params[name] for name in ("enabled", "apiKey", "env") if name in params}
        try:
            config.replace(merge.merge(config.tree, {"skills": {"entries": {key: entry}}}))
        except OpenClawConfigError as error:
            raise invalid(f"invalid config: {error.summary()}") from None
        kept = merge.at(config.tree, ("skills", "entries", key)) or {}
        return {
            "ok": True,
            "skillKey": key,
            "config": redaction.redact({"skills": {"entries": {key: kept}}})["skills"]["entries"][key],
        }

    @method("skills.install", scopes.ADMIN, control_plane_write=True)
    async def install(self, call: Call) -> dict[str, Any]:
        """Put an uploaded skill into an agent's workspace. Nothing of it is run."""
        params, now_ms = call.params, self._parts.now_ms()
        if params.get("source") == "clawhub":
            raise unavailable(_NO_HUB)
        if params.get("source") != "upload":
            raise invalid(_NO_INSTALLERS)
        self._check_uploads()
        agent, upload = self._agent(params), self._archives.get(params["uploadId"], now_ms)
        if not upload.is_whole or upload.slug != params["slug"]:
            raise invalid("the upload is not whole, or of another skill")
        if params.get("sha256") and params["sha256"].lower() != upload.sha256:
            raise invalid("the archive's SHA-256 is another")
        content, force = bytes(upload.content), params.get("force") is True
        # Whatever comes of it, it was this one's turn.
        self._archives.drop(upload)
        where = await self._parts.sessions.in_thread(
            lambda: install(content, agent.workspace, upload.slug, force=force)
        )
        return {
            "ok": True,
            "message": "Installed",
            "slug": upload.slug,
            "sha256": upload.sha256,
            "targetDir": str(where),
        }

    def _check_uploads(self) -> None:
        wish = self._parts.config.sections.skills.get("install")
        if not isinstance(wish, dict) or wish.get("allowUploadedArchives") is not True:
            raise unavailable(_NO_UPLOADS)

    @method("skills.upload.begin", scopes.ADMIN)
    def upload_begin(self, call: Call) -> dict[str, Any]:
        """Announce an archive."""
        self._check_uploads()
        params = call.params
        upload = self._archives.begin(
            params["slug"], params["sizeBytes"], params.get("sha256") or "", self._parts.now_ms()
        )
        return {"uploadId": upload.id, "receivedBytes": 0, "expiresAtMs": upload.expires_at_ms}

    @method("skills.upload.chunk", scopes.ADMIN)
    def upload_chunk(self, call: Call) -> dict[str, Any]:
        """A piece of it."""
        self._check_uploads()
        upload = self._archives.get(call.params["uploadId"], self._parts.now_ms())
        try:
            data = base64.b64decode(call.params["dataBase64"], validate=True)
        except (binascii.Error, ValueError):
            raise invalid("dataBase64 is no base64") from None
        self._archives.add(upload, call.params["offset"], data)
        return {"uploadId": upload.id, "receivedBytes": len(upload.content)}

    @method("skills.upload.commit", scopes.ADMIN)
    def upload_commit(self, call: Call) -> dict[str, Any]:
        """All of it is here."""
        self._check_uploads()
        upload = self._archives.get(call.params["uploadId"], self._parts.now_ms())
        self._archives.commit(upload, call.params.get("sha256") or "")
        return {"uploadId": upload.id, "sha256": upload.sha256, "sizeBytes": upload.size}


def _entry(skill: Skill, agent: Agent, *, is_off: bool) -> dict[str, Any]:
    bins = [each.removeprefix("bin:") for each in skill.missing if each.startswith("bin:")]
    env = [each.removeprefix("env:") for each in skill.missing if each.startswith("env:")]
    path = agent.workspace / skill.path
    return {
        "name": skill.name,
        "description": skill.description,
        "source": "openclaw-workspace",
        "bundled": False,
        "filePath": str(path),
        "baseDir": str(path.parent),
        "skillKey": skill.name,
        "always": False,
        "disabled": is_off,
        "blockedByAllowlist": False,
        "eligible": skill.is_ready and not is_off,
        "requirements": {"bins": bins, "anyBins": [], "env": env, "config": [], "os": []},
        "missing": {"bins": bins, "anyBins": [], "env": env, "config": [], "os": []},
        "configChecks": [],
        "install": [],
        **({"problem": skill.problem} if skill.problem else {}),
    }
