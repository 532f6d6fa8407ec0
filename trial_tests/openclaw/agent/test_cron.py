"""The scheduler and heartbeats."""

import datetime
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent import cron
from teamgram.openclaw.agent.cron_expression import BadSchedule
from teamgram.openclaw.agent.cron_schedule import check, next_run
from teamgram.openclaw.agent.heartbeat import seconds_of
from trial_tests.openclaw.agent.agents import AgentsHouse, AgentsTestCase


def ms(text: str, zone: datetime.tzinfo = datetime.UTC) -> int:
    """Milliseconds of a wall time."""
    return round(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


class ScheduleTests(SynchronousTestCase):
    """When a job is due."""

    def test_never(self) -> None:
        """A time that has gone by."""
        self.assertIsNone(next_run({"kind": "at", "at": "2026-01-01T00:00:00Z"}, ms("2026-03-01 00:00"), 0))

    def test_every(self) -> None:
        """Counted from the anchor, whatever was missed."""
        self.assertEqual(next_run({"kind": "every", "everyMs": 1000}, 5_300, 100), 6_100)
        self.assertEqual(next_run({"kind": "every", "everyMs": 1000, "anchorMs": 9_000}, 5_300, 100), 9_000)

    def test_bad(self) -> None:
        """What is no schedule."""
        for schedule in (
            {"kind": "at", "at": "soon"},
            {"kind": "cron", "expr": "@daily", "tz": "Moon"},
            {"kind": "stream"},
            {"kind": "at", "at": "9" * 5000},
            {"kind": "at", "at": "1970-01-01T00:00:00Z"},
            {"kind": "at", "at": "2099-01-01T00:00:00Z"},
            {"kind": "every", "everyMs": 20},
        ):
            with self.assertRaises(BadSchedule, msg=str(schedule)):
                check(schedule, ms("2026-03-01 00:00"))
        check({"kind": "at", "at": "2026-02-28T23:59:30Z"}, ms("2026-03-01 00:00"))

    def test_made_before_there_was_a_least_interval(self) -> None:
        """It keeps to it too."""
        self.assertEqual(next_run({"kind": "every", "everyMs": 1}, 5_300, 0), 6_000)

    def test_intervals(self) -> None:
        """As heartbeats are configured."""
        self.assertEqual(
            [seconds_of(text) for text in ("30m", "90s", "1h", "0m", "5", "never")], [1800, 90, 3600, 0, 300, 0]
        )


class CronTests(AgentsTestCase):
    """Jobs."""

    def setUp(self) -> None:
        """The clock starts runs."""
        super().setUp()
        self.house.agents.startService()

    def job(self, **more: Any) -> dict[str, Any]:
        """Parameters of a job that speaks every ten seconds."""
        return {
            "name": "talker",
            "schedule": {"kind": "every", "everyMs": 10_000},
            "sessionTarget": "isolated",
            "wakeMode": "now",
            "payload": {"kind": "agentTurn", "message": "time to talk"},
            **more,
        }

    def runs(self, house: AgentsHouse | None = None) -> list[dict[str, Any]]:
        """How runs ended."""
        return list((house or self.house).agents.cron.log)

    def test_runs(self) -> None:
        """On time, each in a session of its own, told as cron events, with a log."""
        job = self.ok("cron.add", **self.job())
        self.house.advance(25)
        (first, second) = self.runs()
        self.assertEqual((first["status"], first["summary"]), ("ok", "time to talk"))
        keys = {row["key"] for row in self.ok("sessions.list")["sessions"]}
        self.assertIn(f"agent:main:cron:{job['id']}:run:{second['runId']}", keys)
        actions = [event["payload"]["action"] for event in self.client.events("cron")]
        self.assertEqual(actions, ["added", "started", "finished", "started", "finished"])
        self.assertEqual(self.ok("cron.runs", id=job["id"])["total"], 2)
        (listed,) = self.ok("cron.list")["jobs"]
        self.assertEqual((listed["lastRunStatus"], listed["id"]), ("ok", job["id"]))
        self.assertEqual(self.ok("cron.status")["nextWakeAtMs"], listed["nextRunAtMs"])

    def test_old_runs_are_archived(self) -> None:
        """A job that runs often does not fill the list of sessions."""
        self.patch(cron, "MAX_RUN_SESSIONS", 2)
        self.ok("cron.add", **self.job())
        self.house.advance(55)
        self.assertEqual((len(self.runs()), self.ok("sessions.list")["count"]), (5, 2))

    def test_over_restart(self) -> None:
        """Jobs survive; one that came due meanwhile runs once; one that a crash cut off is not repeated."""
        self.ok("cron.add", **self.job(payload={"kind": "agentTurn", "message": "x chunks=100 delay=0.1"}))
        self.house.advance(11)
        self.assertTrue(self.house.parts.runs.active())
        later = self.house.again()
        later.reactor.rightNow += 35
        later.agents.startService()
        self.assertEqual(later.parts.runs.active(), 0)
        later.advance(0.1)
        self.assertEqual(later.parts.runs.active(), 1)
        later.advance(11)
        self.assertEqual([entry["status"] for entry in self.runs(later)], ["error", "ok"])
        self.assertEqual(self.runs(later)[0]["error"], cron.CUT_OFF)

    def test_change(self) -> None:
        """Switched off it waits; removed it is gone; unknown ids are told."""
        job = self.ok("cron.add", **self.job())
        self.ok("cron.update", id=job["id"], patch={"enabled": False})
        self.house.advance(15)
        self.assertEqual(self.runs(), [])
        self.assertEqual(self.ok("cron.list")["jobs"], [])
        self.assertEqual(self.ok("cron.list", includeDisabled=True)["total"], 1)
        self.assertEqual(self.ok("cron.remove", id=job["id"]), {"ok": True, "removed": True})
        self.assertEqual(self.ok("cron.remove", id=job["id"]), {"ok": True, "removed": False})
        self.assertIn("unknown cron job", self.error("cron.run", id=job["id"])["message"])

    def test_run_now(self) -> None:
        """By hand; ``due`` only when it is."""
        job = self.ok("cron.add", **self.job())
        self.assertEqual(self.ok("cron.run", id=job["id"], mode="due")["ran"], False)
        self.assertEqual(self.ok("cron.run", id=job["id"])["ran"], True)
        self.house.advance(1)
        self.assertEqual(len(self.runs()), 1)

    def test_once(self) -> None:
        """``at`` runs once, and goes if it is to."""
        at = str(self.house.plane.lifetime.now_ms() + 5000)
        job = self.ok("cron.add", **self.job(schedule={"kind": "at", "at": at}, deleteAfterRun=True))
        self.house.advance(20)
        self.assertEqual(len(self.runs()), 1)
        self.assertIn("unknown", self.error("cron.get", id=job["id"])["message"])

    def test_just_gone_by(self) -> None:
        """A single time that passed while the request was on its way comes at once."""
        at = str(self.house.plane.lifetime.now_ms() - 5000)
        self.ok("cron.add", **self.job(schedule={"kind": "at", "at": at}))
        self.house.advance(1)
        self.assertEqual(len(self.runs()), 1)

    def test_failures_are_counted(self) -> None:
        """A failed run of the agent is a failed run of the job."""
        self.ok("cron.add", **self.job(payload={"kind": "agentTurn", "message": "FAIL400"}))
        self.house.advance(25)
        (job,) = self.ok("cron.list")["jobs"]
        self.assertEqual((job["lastRunStatus"], job["state"]["consecutiveErrors"]), ("error", 2))

    def test_refused(self) -> None:
        """Schedules and payloads that this gateway has not, and nonsense."""
        for more in (
            {"schedule": {"kind": "cron", "expr": "nonsense"}},
            {"schedule": {"kind": "on-exit", "command": "ls"}},
            {"payload": {"kind": "command", "argv": ["ls"]}},
            {"payload": {"kind": "systemEvent", "text": "x"}},
            {"schedule": {"kind": "at", "at": "2020-01-01T00:00:00Z"}},
            {"schedule": {"kind": "every", "everyMs": 5}},
            {"delivery": {"mode": "webhook", "to": "file:///etc/passwd"}},
            {"agentId": "nobody"},
        ):
            self.assertEqual(self.error("cron.add", **self.job(**more))["code"], "INVALID_REQUEST")

    def test_one_that_cannot_be_begun(self) -> None:
        """A job whose next time cannot be found any more is switched off and says so; the others go on."""
        broken = self.ok("cron.add", **self.job(name="broken"))
        self.ok("cron.add", **self.job())
        self.house.agents.cron.jobs[broken["id"]]["schedule"]["everyMs"] = None
        self.house.advance(45)
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
        self.assertEqual([entry["jobId"] == broken["id"] for entry in self.runs()], [False] * 4)
        row = self.ok("cron.get", id=broken["id"])
        self.assertEqual((row["enabled"], row["state"]["lastRunStatus"]), (False, "error"))
        self.assertIn("TypeError", row["state"]["lastError"])

    def test_end_that_cannot_be_noted(self) -> None:
        """The next runs come all the same."""
        self.ok("cron.add", **self.job())

        def fail(job: Any) -> None:
            raise ZeroDivisionError

        self.patch(self.house.agents.cron, "_archive_old_sessions", fail)
        self.house.advance(35)
        self.assertEqual(len(self.runs()), 3)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 3)

    def test_due_while_it_runs(self) -> None:
        """A job that takes longer than its interval does not keep the clock turning."""
        self.house.agents.parts.config.replace({**self.house.plane.config.tree, "cron": {"maxConcurrentRuns": 4}})
        payload = {"kind": "agentTurn", "message": "chunks=25 delay=1"}
        self.ok("cron.add", **self.job(payload=payload))
        woken: list[int] = []
        real = self.house.agents.cron._wake

        def wake() -> None:
            woken.append(1)
            real()

        self.patch(self.house.agents.cron, "_wake", wake)
        self.house.advance(33)
        self.assertLess(len(woken), 5)
        self.house.advance(20)
        self.assertEqual([entry["status"] for entry in self.runs()], ["ok"])

    def test_control_plane_rate(self) -> None:
        """Thirty changes a minute."""
        for _ in range(30):
            self.client.request("cron.run", {"id": "x"})
        self.assertEqual(self.error("cron.run", id="x")["code"], "UNAVAILABLE")


class HeartbeatTests(AgentsTestCase):
    """What wake and the scheduler leave reaches the agent."""

    def setUp(self) -> None:
        """The clock starts runs."""
        super().setUp()
        self.house.agents.startService()

    def test_wake_now(self) -> None:
        """A run in the main session with the text in it."""
        self.ok("wake", text="the mail is here", mode="now")
        self.house.advance(1)
        (role, text), _ = self.history()
        self.assertEqual(role, "user")
        self.assertIn("- the mail is here", text)
        self.assertEqual(self.ok("last-heartbeat")["status"], "sent")

    def test_many_at_once(self) -> None:
        """Thirty ``wake now`` are one turn, and those that come while it runs one more."""
        for number in range(30):
            self.ok("wake", text=f"news {number}", mode="now")
        self.house.advance(1)
        ((_, text), _) = self.history()
        self.assertEqual(text.count("- news"), 30)
        self.ok("wake", text="slowly chunks=20 delay=0.1", mode="now")
        self.house.advance(1)
        for number in range(5):
            self.ok("wake", text=f"late {number}", mode="now")
            self.house.advance(0.1)
        self.house.advance(5)
        said = [text for role, text in self.history() if role == "user"]
        self.assertEqual([text.count("- ") for text in said], [30, 1, 5])

    def test_killed_before_the_beat(self) -> None:
        """What was left is brought by the next process; what was brought is not brought again."""
        self.ok("wake", text="already told", mode="now")
        self.house.advance(1)
        self.ok("wake", text="not yet told", mode="next-heartbeat")
        later = self.house.again()
        self.addCleanup(later.close)
        later.agents.startService()
        client = self.operator(later)
        self.ok("wake", client, text="later still", mode="now")
        later.advance(1)
        said = [text for role, text in self.history(client=client) if role == "user"]
        self.assertEqual(len(said), 2)
        self.assertNotIn("already told", said[1])
        self.assertLess(said[1].index("not yet told"), said[1].index("later still"))

    def test_next_beat(self) -> None:
        """Otherwise with the next one; without news no model is asked."""
        self.ok("wake", text="later", mode="next-heartbeat")
        self.house.advance(1)
        self.assertEqual(self.history(), [])
        self.house.step_seconds = 1.0
        self.house.advance(1805)
        self.assertEqual(len(self.history()), 2)
        self.house.advance(1800)
        self.assertEqual(self.ok("last-heartbeat")["reason"], "nothing-new")
        self.assertEqual(len(self.history()), 2)

    def test_interval_changed(self) -> None:
        """While it runs: shorter, never, and there again."""
        self.house.step_seconds = 1.0

        def set_every(every: str) -> None:
            tree = {**self.house.plane.config.tree, "agents": {"defaults": {"heartbeat": {"every": every}}}}
            self.house.plane.config.replace(tree)

        def beats() -> int:
            return len(self.client.events("heartbeat"))

        set_every("10s")
        self.house.advance(25)
        self.assertEqual(beats(), 2)
        set_every("0m")
        self.house.advance(25)
        self.assertEqual(beats(), 2)
        set_every("10s")
        self.house.advance(25)
        self.assertEqual(beats(), 4)

    def test_switched_off(self) -> None:
        """``set-heartbeats``."""
        self.ok("set-heartbeats", enabled=False)
        self.ok("wake", text="x", mode="now")
        self.house.advance(1)
        self.assertEqual(self.ok("last-heartbeat")["reason"], "disabled")

    def test_system_event_job(self) -> None:
        """A scheduled text for the main session."""
        self.ok("cron.add", name="n", schedule={"kind": "every", "everyMs": 10_000}, sessionTarget="main",
                wakeMode="now", payload={"kind": "systemEvent", "text": "water the plants"})  # fmt: skip
        self.house.advance(12)
        self.assertIn("water the plants", self.history()[0][1])
