"""``cron.*``: scheduled runs."""

import base64
import hashlib
import json
from typing import Any

from teamgram.openclaw.agent.cron import Cron, Job
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import GatewayError, invalid
from teamgram.openclaw.gateway.router import Call, method

_DEFAULT_LIMIT = 50


def _revision(jobs: list[Job]) -> str:
    """Names this state of the jobs."""
    content = json.dumps(jobs, sort_keys=True, default=str).encode()
    return "sha256:" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


class CronMethods:
    """The family."""

    def __init__(self, cron: Cron) -> None:
        self._cron = cron

    def _job(self, params: dict[str, Any]) -> Job:
        job_id = params.get("id") or params.get("jobId")
        job = self._cron.jobs.get(str(job_id))
        if job is None:
            raise invalid(f"unknown cron job id: {job_id}", {"code": "CRON_JOB_NOT_FOUND", "jobId": job_id})
        return job

    @method("cron.list", scopes.READ)
    def list(self, call: Call) -> dict[str, Any]:
        """Jobs, sorted and paged."""
        params = call.params
        jobs = [job for job in self._cron.jobs.values() if _wanted(job, params)]
        field = {"updatedAtMs": lambda job: job["updatedAtMs"], "name": lambda job: job["name"].lower()}.get(
            params.get("sortBy") or "", lambda job: job["state"].get("nextRunAtMs", 1 << 62)
        )
        jobs.sort(key=field, reverse=params.get("sortDir") == "desc")
        limit, offset = params.get("limit") or _DEFAULT_LIMIT, params.get("offset") or 0
        shown = jobs[offset : offset + limit]
        more = offset + len(shown) < len(jobs)
        return {
            "jobs": [_row(job) for job in shown],
            # The command line compares it from page to page, and takes none that lacks it.
            "snapshotRevision": _revision(jobs),
            "total": len(jobs),
            "offset": offset,
            "limit": limit,
            "hasMore": more,
            "nextOffset": offset + len(shown) if more else None,
            "deliveryPreviews": {},
        }

    @method("cron.get", scopes.READ)
    def get(self, call: Call) -> Job:
        """One job."""
        return _row(self._job(call.params))

    @method("cron.status", scopes.READ)
    def status(self, call: Call) -> dict[str, Any]:
        """Whether jobs run, and when the next one does."""
        cron = self._cron
        return {
            "enabled": cron.enabled,
            "triggersEnabled": False,
            "storePath": cron.path,
            "storage": "json",
            "jobs": len(cron.jobs),
            "nextWakeAtMs": cron.next_wake(),
        }

    @method("cron.runs", scopes.READ)
    def runs(self, call: Call) -> dict[str, Any]:
        """How runs ended, the newest first."""
        params = call.params
        job_id = params.get("id") or params.get("jobId")
        found = [
            entry
            for entry in reversed(self._cron.log)
            if (not job_id or entry["jobId"] == job_id) and params.get("status", "all") in ("all", entry["status"])
        ]
        if params.get("sortDir") == "asc":
            found.reverse()
        limit, offset = params.get("limit") or _DEFAULT_LIMIT, params.get("offset") or 0
        shown = found[offset : offset + limit]
        return {
            "entries": shown,
            "total": len(found),
            "offset": offset,
            "limit": limit,
            "hasMore": offset + len(shown) < len(found),
        }

    @method("cron.add", scopes.ADMIN, control_plane_write=True)
    async def add(self, call: Call) -> Job:
        """A new job."""
        return _row(await self._cron.add(call.params))

    @method("cron.update", scopes.ADMIN, control_plane_write=True)
    async def update(self, call: Call) -> Job:
        """Change one."""
        return _row(await self._cron.update(self._job(call.params), call.params["patch"]))

    @method("cron.remove", scopes.ADMIN, control_plane_write=True)
    async def remove(self, call: Call) -> dict[str, Any]:
        """Remove one; that it is not there is no error."""
        try:
            job = self._job(call.params)
        except GatewayError:
            return {"ok": True, "removed": False}
        await self._cron.remove(job)
        return {"ok": True, "removed": True}

    @method("cron.run", scopes.ADMIN, control_plane_write=True)
    def run(self, call: Call) -> dict[str, Any]:
        """Run one now; ``mode: due`` only if its time has come."""
        job = self._job(call.params)
        mode = call.params.get("mode") or "force"
        due = job["state"].get("nextRunAtMs")
        if mode == "due" and (due is None or due > self._cron.now_ms()):
            return {"ok": True, "ran": False, "reason": "not-due"}
        if mode == "if-enabled" and not job.get("enabled", True):
            return {"ok": True, "ran": False, "reason": "disabled"}
        if self._cron.is_running(job):
            return {"ok": True, "ran": False, "reason": "already-running"}
        return {"ok": True, "ran": True, "enqueued": True, "runId": self._cron.run(job)}


def _wanted(job: Job, params: dict[str, Any]) -> bool:
    enabled = job.get("enabled", True)
    wish = params.get("enabled") or ("all" if params.get("includeDisabled") else "enabled")
    if wish != "all" and enabled != (wish == "enabled"):
        return False
    if params.get("agentId") and job.get("agentId") not in (None, params["agentId"]):
        return False
    if params.get("scheduleKind", "all") not in ("all", job["schedule"]["kind"]):
        return False
    if params.get("lastRunStatus", "all") not in ("all", job["state"].get("lastRunStatus", "unknown")):
        return False
    query = (params.get("query") or "").strip().lower()
    return not query or query in f"{job['name']} {job.get('description', '')} {job['id']}".lower()


def _row(job: Job) -> Job:
    row = dict(job)
    state = job["state"]
    row |= {name: state[name] for name in ("nextRunAtMs", "lastRunAtMs", "lastRunStatus") if name in state}
    if "lastError" in state:
        row["lastRunError"] = state["lastError"]
    return row
