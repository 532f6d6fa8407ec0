"""``skills.{status,install,update,upload.*}``: the skills of an agent's workspace."""

import base64
import binascii
import os
from typing import Any

from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from teamgram.openclaw.agent import skills
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.agent.skill_archives import SkillArchives, install
from teamgram.openclaw.agent.skill_installers import NODE_MANAGERS, NotInstallable, offered, summary
from teamgram.openclaw.agent.skills import Skill
from teamgram.openclaw.config import merge, redaction
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid, unavailable
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.programs import CannotStart, Program

_NO_HUB = "ClawHub is not reached from here; put the skill's folder into the workspace, or upload it"
_NO_UPLOADS = "Uploaded skill archive installs are disabled by skills.install.allowUploadedArchives"
_SECONDS, _LEAST_SECONDS, _MOST_SECONDS = 300.0, 1.0, 900.0
"""That an installer may take, as in the original."""
_MOST_OUTPUT = 64 * 1024


class SkillMethods:
    """The family."""

    _log = Logger()

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts
        self._archives = SkillArchives()
        self._running: Program | None = None

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
        wish, programs = self._wish(), self._parts.skill_tools.search_path()
        found = await self._parts.sessions.in_thread(lambda: skills.find(agent.workspace, programs))
        return {
            "agentId": agent.id,
            "workspaceDir": str(agent.workspace),
            "managedSkillsDir": str(agent.workspace / skills.FOLDERS[0]),
            "skills": [_entry(skill, agent, wish, is_off=skill.name in off) for skill in found],
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
        """Put an uploaded skill into an agent's workspace, or run what a skill that is there names to have what it
        needs. Of an uploaded one nothing is run by that.
        """
        params, now_ms = call.params, self._parts.now_ms()
        if params.get("source") == "clawhub":
            raise unavailable(_NO_HUB)
        if params.get("source") != "upload":
            return await self._run_installer(params)
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

    async def _run_installer(self, params: dict[str, Any]) -> dict[str, Any]:
        agent, tools, name = self._agent(params), self._parts.skill_tools, params["name"]
        in_thread = self._parts.sessions.in_thread
        found = await in_thread(lambda: skills.find(agent.workspace, tools.search_path()))
        skill = next((each for each in found if each.name == name), None)
        if skill is None:
            raise unavailable(f"Skill not found: {name[:64]}")
        installer = next((each for each in skill.installers if each.id == params["installId"]), None)
        if installer is None:
            raise unavailable(f"Installer not found: {params['installId'][:64]}")
        try:
            argv, environment = tools.command(installer, os.environ, _node_manager(self._wish()))
        except NotInstallable as error:
            raise unavailable(str(error)) from None
        if self._running is not None:
            raise unavailable("another installer runs; try again when it has ended")
        seconds = min(max(params.get("timeoutMs", _SECONDS * 1000) / 1000, _LEAST_SECONDS), _MOST_SECONDS)
        self._running = program = Program(argv, environment, str(tools.folder))
        self._log.info("installer {id} of skill {name}: {argv}", id=installer.id, name=name, argv=argv)
        try:
            await in_thread(tools.make_folders)
            # A thread of its own: nobody's work waits behind it.
            ran = await deferToThread(
                lambda: program.run(b"", timeout=seconds, silence=seconds, most_bytes=_MOST_OUTPUT, keeps_end=True)
            )
        except CannotStart as error:
            raise unavailable(f"Install failed: {argv[0]} cannot be started ({error})") from None
        finally:
            self._running = None
        if ran.ended or ran.code != 0:
            why = f" ({ran.ended})" if ran.ended else f" (exit {ran.code})"
            line = summary(ran.stderr) or summary(ran.stdout)
            raise unavailable(f"Install failed{why}{': ' + line if line else ''}")
        return {
            "ok": True,
            "message": "Installed",
            "stdout": ran.stdout.decode("utf-8", "replace").strip(),
            "stderr": ran.stderr.decode("utf-8", "replace").strip(),
            "code": ran.code,
            "warnings": [
                f'WARNING: Skill "{name}" install triggered from non-bundled source "openclaw-workspace". '
                "Verify the install recipe is trusted."
            ],
        }

    def stop(self) -> None:
        """End an installer that runs."""
        if self._running is not None:
            self._running.kill()

    def _wish(self) -> dict[str, Any]:
        wish = self._parts.config.sections.skills.get("install")
        return wish if isinstance(wish, dict) else {}

    def _check_uploads(self) -> None:
        if self._wish().get("allowUploadedArchives") is not True:
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


def _node_manager(wish: dict[str, Any]) -> str:
    named = wish.get("nodeManager")
    return named if named in NODE_MANAGERS else NODE_MANAGERS[0]


def _entry(skill: Skill, agent: Agent, wish: dict[str, Any], *, is_off: bool) -> dict[str, Any]:
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
        "install": [
            each.to_wire(_node_manager(wish))
            for each in offered(skill.installers, prefer_brew=wish.get("preferBrew") is not False)
        ],
        **({"problem": skill.problem} if skill.problem else {}),
    }
