"""The scheduler: jobs that start agent runs. Jobs and their next times survive a restart."""

import uuid
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.openclaw.agent import cron_schedule, job_delivery
from teamgram.openclaw.agent.cron_expression import BadSchedule
from teamgram.openclaw.agent.idempotency import fingerprint
from teamgram.openclaw.agent.job_delivery import JobDelivery
from teamgram.openclaw.agent.outcome import ERROR, OK, Outcome
from teamgram.openclaw.agent.outgoing import OutgoingMessage
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.run import CHAT, FOLLOWUP, RunRequest
from teamgram.openclaw.agent.run_records import user_message
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import GatewayError, invalid
from teamgram.openclaw.state_file import StateFile, read_json

MAX_JOBS = 1000
#: Only an administrator makes or changes a job.
_GRANTED = scopes.expand([scopes.ADMIN])
_MAX_LOG = 1000
_LONGEST_SLEEP = 3600.0
#: Sessions of single runs that stay in the index, for each job; older ones are archived.
MAX_RUN_SESSIONS = 50
CUT_OFF = "The gateway restarted while this job was running. It is not run again for that time."

Job = dict[str, Any]


class Cron:
    """Jobs by id.

    Attributes:
        log: how runs ended, newest last.
    """

    _log = Logger()

    def __init__(self, parts: AgentParts, leave_event: Callable[[str, bool], None], delivery: JobDelivery) -> None:
        """Args:
        leave_event: takes the text of a ``systemEvent`` job: (text, now?).
        """
        self._delivery = delivery
        self._parts = parts
        self._file = StateFile(parts.state_dir / "cron.json", self._snapshot, parts.reactor)
        stored = read_json(self._file.path) or {}
        self.jobs: dict[str, Job] = {job["id"]: job for job in stored.get("jobs", ())}
        self.log: deque[dict[str, Any]] = deque(stored.get("log", ()), _MAX_LOG)
        self._leave_event = leave_event
        self._timer: Any = None
        self._running: dict[str, Deferred[Any]] = {}
        self._telling: set[Deferred[None]] = set()
        self._started = False

    def _snapshot(self) -> dict[str, Any]:
        return {"version": 1, "jobs": list(self.jobs.values()), "log": list(self.log)}

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return self._parts.now_ms()

    @property
    def path(self) -> str:
        """Where the jobs are kept."""
        return str(self._file.path)

    @property
    def enabled(self) -> bool:
        """Whether jobs run at all."""
        return self._parts.config.sections.cron.enabled

    # Jobs

    async def add(self, params: dict[str, Any]) -> Job:
        """A new job, on disk when this returns.

        Raises:
            GatewayError: too many, or a schedule or payload that this gateway does not have.
        """
        now_ms = self._parts.now_ms()
        declared = params.get("declarationKey")
        same = next((job for job in self.jobs.values() if declared and job.get("declarationKey") == declared), None)
        if same is not None:
            return await self.update(same, {key: value for key, value in params.items() if key != "declarationKey"})
        if len(self.jobs) >= MAX_JOBS:
            raise invalid(f"at most {MAX_JOBS} jobs")
        job: Job = {
            "id": str(uuid.uuid4()),
            "enabled": True,
            **{key: value for key, value in params.items() if value is not None},
            "createdAtMs": now_ms,
            "updatedAtMs": now_ms,
            "state": {},
        }
        self._check(job)
        self._check_schedule(job["schedule"])
        self._plan(job, self._since(job, now_ms))
        self.jobs[job["id"]] = job
        await self._saved(job, "added")
        return job

    async def update(self, job: Job, patch: dict[str, Any]) -> Job:
        """Change a job.

        Raises:
            GatewayError: what comes out is no job; nothing changed.
        """
        changed = {**job, **patch, "state": dict(job["state"])}
        for name, value in patch.items():
            if value is None:
                changed.pop(name, None)
        if "payload" in patch and patch["payload"].get("kind") == job["payload"].get("kind"):
            changed["payload"] = {k: v for k, v in {**job["payload"], **patch["payload"]}.items() if v is not None}
        self._check(changed)
        now_ms = self._parts.now_ms()
        since = now_ms
        if "schedule" in patch:
            self._check_schedule(changed["schedule"])
            since = self._since(changed, now_ms)
        changed["updatedAtMs"] = now_ms
        self._plan(changed, since)
        self.jobs[job["id"]] = changed
        await self._saved(changed, "updated")
        return changed

    async def remove(self, job: Job) -> None:
        """No more of it."""
        self.jobs.pop(job["id"], None)
        await self._saved(job, "removed")

    def _check(self, job: Job) -> None:
        kind = job["payload"].get("kind")
        if kind not in ("systemEvent", "agentTurn"):
            raise invalid(f'invalid cron job: payloads of kind "{kind}" are not supported')
        target = job.get("sessionTarget", "isolated")
        if kind == "systemEvent" and target != "main":
            raise invalid('invalid cron job: systemEvent payloads need sessionTarget "main"')
        agent_id = job.get("agentId")
        if agent_id and self._parts.roster.get(agent_id) is None:
            raise invalid(f'Unknown agent id "{agent_id}"')
        if job.get("trigger"):
            raise invalid("invalid cron job: triggers are not supported")
        job_delivery.check(job)

    def _check_schedule(self, schedule: dict[str, Any]) -> None:
        try:
            cron_schedule.check(schedule, self._parts.now_ms())
        except BadSchedule as error:
            raise invalid(f"invalid cron job: {error}") from None

    def _since(self, job: Job, now_ms: int) -> int:
        """After when the first run of a new schedule may be: a single one that has only just gone by comes at once."""
        return now_ms - cron_schedule.GRACE_MS if job["schedule"]["kind"] == "at" else now_ms

    def _plan(self, job: Job, after_ms: int) -> None:
        state = job["state"]
        due = None
        if job.get("enabled", True):
            due = cron_schedule.next_run(job["schedule"], after_ms, job["createdAtMs"])
        if due is None:
            state.pop("nextRunAtMs", None)
        else:
            state["nextRunAtMs"] = due

    async def _saved(self, job: Job, action: str) -> None:
        self._arm()
        await self._file.save()
        event = {"jobId": job["id"], "action": action}
        if "nextRunAtMs" in job["state"]:
            event["nextRunAtMs"] = job["state"]["nextRunAtMs"]
        self._parts.stream.broadcast("cron", event)

    def _archive_old_sessions(self, job: Job) -> None:
        mark = f":cron:{job['id']}:run:"
        sessions = [session for session in self._parts.sessions.newest_first() if mark in session.key]
        for session in sessions[MAX_RUN_SESSIONS:]:
            archiving = self._parts.sessions.archive(session, self._parts.now_ms())
            archiving.addErrback(lambda failure: self._log.failure("a run's session stays", failure=failure))

    # The clock

    def start(self) -> None:
        """From now on jobs run. One that was due while the process was down runs once, at once."""
        self._started = True
        for job in tuple(self.jobs.values()):
            # What a crash cut off is not begun again: it may have done something. But it is told.
            cut_off = job["state"].get("runningAtMs")
            if cut_off is not None:
                outcome = Outcome(ERROR, CUT_OFF, cut_off, self._parts.now_ms())
                self._note_end((outcome, {}), job, str(job["state"].get("runningId") or uuid.uuid4()), cut_off)
        self._arm()

    async def stop(self) -> None:
        """No more runs; what is known is on disk."""
        self._started = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        for running in (*self._running.values(), *self._telling):
            running.cancel()
        await self._file.close()

    def next_wake(self) -> int | None:
        """When the next job is due."""
        return min(
            (job["state"]["nextRunAtMs"] for job in self.jobs.values() if "nextRunAtMs" in job["state"]), default=None
        )

    def _arm(self) -> None:
        # A job that runs is looked at again when it has ended: one that is due meanwhile would wake us without end.
        waiting = (job["state"] for job in self.jobs.values() if job["id"] not in self._running)
        due = min((state["nextRunAtMs"] for state in waiting if "nextRunAtMs" in state), default=None)
        self._sleep(None if due is None else min(max(0.0, (due - self._parts.now_ms()) / 1000), _LONGEST_SLEEP))

    def _sleep(self, seconds: float | None) -> None:
        """Look again after that time; None: when something changes."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if seconds is not None and self._started:
            self._timer = self._parts.reactor.callLater(seconds, self._wake)

    def _wake(self) -> None:
        now_ms = self._parts.now_ms()
        room = max(1, self._parts.config.sections.cron.max_concurrent_runs) - len(self._running)
        due = sorted(
            (job for job in self.jobs.values() if job["state"].get("nextRunAtMs", now_ms + 1) <= now_ms),
            key=lambda job: job["state"]["nextRunAtMs"],
        )
        for job in due if self.enabled else ():
            if job["id"] in self._running or room <= 0:
                continue
            try:
                self.run(job)
                room -= 1
            except Exception as error:
                # One job must not keep the clock from all the others.
                self._log.failure("cron job {job_id} cannot be run and is off", job_id=job["id"])
                self._switch_off(job, error)
        if due and (room <= 0 or not self.enabled):
            # Come back when a run has ended (see _ended), or in a while if jobs are switched off.
            self._sleep(60.0)
            return
        self._arm()

    def _switch_off(self, job: Job, error: Exception) -> None:
        """A job that cannot even be begun: the operator sees why, and switches it on again when it is mended."""
        job["enabled"] = False
        for name in ("nextRunAtMs", "runningAtMs", "runningId"):
            job["state"].pop(name, None)
        job["state"] |= {"lastRunStatus": "error", "lastStatus": "error", "lastError": f"{error!r}"}
        self._file.save().addErrback(lambda failure: None)

    # Runs

    def run(self, job: Job) -> str:
        """Start a job now; returns the run's id."""
        now_ms = self._parts.now_ms()
        run_id = str(uuid.uuid4())
        job["state"] |= {"runningAtMs": now_ms, "runningId": run_id}
        self._plan(job, now_ms)
        self._arm()
        running = Deferred.fromCoroutine(self._run(job, run_id))
        self._running[job["id"]] = running
        self._parts.stream.broadcast(
            "cron", {"jobId": job["id"], "action": "started", "runAtMs": now_ms, "runId": run_id}
        )
        running.addBoth(self._ended, job, run_id, now_ms)
        return run_id

    def is_running(self, job: Job) -> bool:
        """Whether it runs now."""
        return job["id"] in self._running

    async def _run(self, job: Job, run_id: str) -> tuple[Outcome, dict[str, Any]]:
        """How it ended, and what became of its answer."""
        outcome = await self._carry_out(job, run_id)
        if outcome.status != OK or job["payload"]["kind"] == "systemEvent":
            return outcome, {}
        return outcome, await self._delivery.announce(job, run_id, outcome)

    async def _carry_out(self, job: Job, run_id: str) -> Outcome:
        # The next time is on disk before anything happens: a crash after this never runs the job twice.
        await self._file.save()
        parts, payload = self._parts, job["payload"]
        now_ms = parts.now_ms()
        if payload["kind"] == "systemEvent":
            self._leave_event(payload["text"], job.get("wakeMode") == "now")
            return Outcome(OK, payload["text"], now_ms, now_ms)
        agent_id = job.get("agentId") or parts.roster.default.id
        target = job.get("sessionTarget", "isolated")
        if target == "main":
            key = parts.runs.parse_key(f"agent:{agent_id}:main")
        elif target.startswith("session:"):
            key = parts.runs.parse_key(target.removeprefix("session:"), agent_id)
        elif target == "current" and job.get("sessionKey"):
            key = parts.runs.parse_key(job["sessionKey"], agent_id)
        else:
            key = parts.runs.parse_key(f"agent:{agent_id}:cron:{job['id']}:run:{run_id}")
        session = parts.runs.session_for(key, created_via="cron")
        session.label = session.label or ""
        text = payload["message"]
        request = RunRequest(
            run_id,
            user_message(run_id, text, now_ms, __openclaw={"cronJobId": job["id"]}),
            fingerprint(text),
            CHAT,
            granted=_GRANTED,
            queue_mode=FOLLOWUP,
            timeout_ms=round((payload.get("timeoutSeconds") or 0) * 1000),
            model=payload.get("model") or "",
        )
        if payload.get("toolsAllow"):
            session.settings = {**session.settings, "toolsAllow": payload["toolsAllow"]}
        accepted = await parts.runs.accept(session, request)
        assert accepted.run is not None
        outcome = await accepted.run.when_ended()
        outcome.session_id = session.session_id
        return outcome

    def _ended(self, result: Any, job: Job, run_id: str, started_ms: int) -> None:
        self._running.pop(job["id"], None)
        try:
            self._note_end(result, job, run_id, started_ms)
        except Exception:
            self._log.failure("the end of cron job {job_id} could not be noted", job_id=job["id"])
        if self._started:
            self._wake()

    def _note_end(self, result: Any, job: Job, run_id: str, started_ms: int) -> None:
        now_ms = self._parts.now_ms()
        if isinstance(result, Failure):
            if result.check(GatewayError) is None:
                self._log.failure("cron job {job_id} failed", failure=result, job_id=job["id"])
            result = Outcome(ERROR, result.getErrorMessage(), started_ms, now_ms), {}
        result, delivered = result
        status = "ok" if result.status == OK else "error"
        job = self.jobs.get(job["id"], job)
        state = job["state"]
        for name in ("runningAtMs", "runningId"):
            state.pop(name, None)
        state |= {"lastRunAtMs": started_ms, "lastRunStatus": status, "lastStatus": status}
        state["lastDurationMs"] = now_ms - started_ms
        state["consecutiveErrors"] = 0 if status == "ok" else state.get("consecutiveErrors", 0) + 1
        state.pop("lastError", None)
        if status == "error":
            state["lastError"] = result.summary
        entry = {
            "ts": now_ms,
            "jobId": job["id"],
            "action": "finished",
            "status": status,
            "runId": run_id,
            "runAtMs": started_ms,
            "durationMs": now_ms - started_ms,
            "summary": (result.text or result.summary)[:2000],
            **delivered,
        }
        if result.session_id:
            entry["sessionId"] = result.session_id
        if status == "error":
            entry["error"] = result.summary
        self.log.append(entry)
        if job["schedule"]["kind"] == "at":
            if job.get("deleteAfterRun", False) and status == "ok":
                self.jobs.pop(job["id"], None)
            job["enabled"] = False
        if job_delivery.is_trouble(entry):
            self._tell(self._delivery.tell_trouble(job, entry, now_ms))
        self._file.save().addErrback(lambda failure: None)
        self._parts.stream.broadcast("cron", entry)
        self._archive_old_sessions(job)

    def _tell(self, telling: Any) -> None:
        task: Deferred[None] = Deferred.fromCoroutine(telling)
        self._telling.add(task)
        task.addErrback(lambda failure: self._log.failure("nobody could be told of a job", failure=failure))
        task.addBoth(lambda _: self._telling.discard(task))

    def settled(self, message: OutgoingMessage, good: bool) -> None:
        """An announcement went at last, or was given up: the log says so, and owners hear of the latter."""
        entry = next((entry for entry in reversed(self.log) if entry.get("runId") == message.run_id), None)
        job = self.jobs.get(message.job_id)
        if entry is None:
            return
        entry |= {"delivered": good, "deliveryStatus": "delivered" if good else "not-delivered"}
        entry.pop("deliveryError", None)
        if not good:
            entry["deliveryError"] = message.error
            if job is not None:
                self._tell(self._delivery.tell_trouble(job, entry, self._parts.now_ms()))
        self._file.save().addErrback(lambda failure: None)
        self._parts.stream.broadcast("cron", entry)
