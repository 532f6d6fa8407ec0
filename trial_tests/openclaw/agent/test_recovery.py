"""After ``kill -9``: runs end with a visible error, nothing is done twice, repetitions are known."""

import json

from teamgram.openclaw.agent import idempotency
from teamgram.openclaw.agent.recovery import INTERRUPTED, UNANSWERED
from teamgram.openclaw.sessions import transcript_files
from trial_tests.openclaw.agent.agents import KEY, AgentsTestCase, words


class RecoveryTests(AgentsTestCase):
    """A second house on the first one's files."""

    def test_half_a_reply(self) -> None:
        """What was said until then stays, marked as cut off, also of what a tool was used in between."""
        self.send("hello chunks=200 delay=0.1")
        self.house.advance(10)
        later = self.house.again()
        client = self.operator(later)
        messages = self.ok("chat.history", client, sessionKey="main")["messages"]
        self.assertEqual([message["role"] for message in messages], ["user", "assistant", "assistant"])
        half, error = messages[1:]
        self.assertEqual(half["stopReason"], "aborted")
        said = words(half).split()
        self.assertEqual(said, [f"word{number}" for number in range(len(said))])
        self.assertGreater(len(said), 40)
        self.assertEqual((error["stopReason"], words(error)), ("error", f"⚠️ {INTERRUPTED}"))

    def test_half_a_reply_that_ended(self) -> None:
        """Of a reply that came to its end only the whole of it is seen."""
        self.send("hello chunks=60 delay=0.1")
        self.house.advance(12)
        self.assertEqual(len(self.history()), 2)
        self.assertEqual(len(self.history(client=self.operator(self.house.again()))), 2)

    def test_turn_that_was_cut_off(self) -> None:
        """It ends with an error that is in the history, and is not run again."""
        self.send("hello chunks=50 delay=0.1")
        self.house.advance(0.5)
        later = self.house.again()
        client = self.operator(later)
        self.assertEqual(
            self.history(client=client), [("user", "hello chunks=50 delay=0.1"), ("assistant", f"⚠️ {INTERRUPTED}")]
        )
        params = {"sessionKey": "main", "message": "hello chunks=50 delay=0.1", "idempotencyKey": "run-1"}
        response = client.request("chat.send", params)
        self.assertEqual((response["ok"], response["payload"]["status"]), (False, "error"))
        later.advance(6.0)
        self.assertEqual(client.events("chat"), [])
        self.assertEqual(len(self.history(client=client)), 2)

    def test_callers_of_agent(self) -> None:
        """Whoever asks again, or waits, hears that the run was cut off."""
        self.ok("agent", message="work chunks=50 delay=0.1", idempotencyKey="run-a", sessionKey="main")
        self.house.advance(0.5)
        client = self.operator(self.house.again())
        again = {"message": "work chunks=50 delay=0.1", "idempotencyKey": "run-a", "sessionKey": "main"}
        self.assertEqual(self.error("agent", client, **again)["message"], INTERRUPTED)
        waited = self.ok("agent.wait", client, runId="run-a", timeoutMs=1)
        self.assertEqual((waited["status"], waited["error"]), ("error", INTERRUPTED))

    def test_message_that_waited(self) -> None:
        """It was acknowledged, so it is in the history, with the reason why nobody answered."""
        self.send("first chunks=50 delay=0.1")
        self.send("second", "run-2", queueMode="followup")
        client = self.operator(self.house.again())
        self.assertEqual(self.history(client=client)[2:], [("user", "second"), ("assistant", f"⚠️ {UNANSWERED}")])

    def test_ended_turns_are_known(self) -> None:
        """A repeated request after the crash is answered from disk."""
        self.send("hello")
        self.ok("agent", message="work", idempotencyKey="run-a", sessionKey="main")
        self.house.advance(1.0)
        client = self.operator(self.house.again())
        self.assertEqual(self.send("hello", client=client), {"runId": "run-1", "status": "ok"})
        answer = self.ok("agent", client, message="work", idempotencyKey="run-a", sessionKey="main")
        self.assertEqual((answer["status"], answer["result"]["payloads"][0]["text"]), ("ok", "work"))
        self.assertEqual(len(self.history(client=client)), 4)

    def test_forgotten_in_time(self) -> None:
        """What ended longer ago than a key lives is not asked for again from disk."""
        self.send("hello")
        self.house.advance(1.0)
        later = self.house.again()
        later.reactor.advance(400)
        client = self.operator(later)
        self.assertEqual(self.send("hello", client=client)["status"], "started")

    def test_too_many_to_remember(self) -> None:
        """The oldest ends are forgotten, not those of whichever session was read first."""
        self.patch(idempotency, "MAX_ENDED", 3)
        for number in range(4):
            self.send(f"elsewhere {number}", f"old-{number}", sessionKey="agent:main:explicit:zzz")
            self.house.advance(1.0)
        self.send("hello")
        self.house.advance(1.0)
        client = self.operator(self.house.again())
        self.assertEqual(self.send("hello", client=client), {"runId": "run-1", "status": "ok"})

    def test_recovery_is_recovered_from(self) -> None:
        """A crash during recovery, before its record is whole, leads to the same end."""
        self.send("hello chunks=50 delay=0.1")
        session = self.house.parts.sessions.get(KEY)
        assert session is not None
        path = self.house.parts.sessions.path(session)
        before = path.read_bytes()
        self.house.again()
        after = path.read_bytes()
        self.assertTrue(after.startswith(before))
        for cut in range(len(before), len(after), 97):
            path.write_bytes(after[:cut])
            texts = [text for _, text in self.history(client=self.operator(self.house.again()))]
            self.assertEqual(texts, ["hello chunks=50 delay=0.1", f"⚠️ {INTERRUPTED}"], cut)
            for line in path.read_bytes().splitlines():
                json.loads(line)

    def test_transcript_that_cannot_be_read(self) -> None:
        """One that somebody else has spoilt does not keep the gateway from starting, or the others from being there."""
        self.send("hello")
        self.send("other", "run-2", sessionKey="other")
        self.house.advance(1.0)
        sessions = self.house.parts.sessions
        first, second = (sessions.path(each) for each in sorted(sessions, key=lambda s: s.key))
        lines = first.read_text().splitlines()
        spoilt = [line.replace('"startedAt":1', '"startedAt":"soon",":":1') for line in lines]
        self.assertNotEqual(lines, spoilt)
        first.write_text("\n".join(spoilt) + "\n")
        state = second.read_text().splitlines()
        second.write_text("\n".join([*state[:-1], state[-1].replace('"agent:main:other"', '"agent::"')]) + "\n")
        later = self.house.again()
        client = self.operator(later)
        self.assertEqual(self.history(client=client), [("user", "hello"), ("assistant", "hello")])
        self.assertEqual(self.ok("sessions.list", client)["count"], 1)
        self.assertEqual(len(later.parts.sessions.reported), 1)


class DrainTests(AgentsTestCase):
    """SIGTERM in mid-run."""

    def test_final_is_delivered_first(self) -> None:
        """The run that is under way ends and is told, then shutdown, then 1012; new work is refused meanwhile."""
        self.send("hello chunks=10 delay=0.1")
        self.house.advance(0.3)
        stopping = self.house.service.stopService()
        error = self.error("chat.send", sessionKey="main", message="x", idempotencyKey="late")
        self.assertEqual((error["code"], error["details"]["reason"]), ("UNAVAILABLE", "gateway-restarting"))
        self.house.advance(2.0)
        names = [event["event"] for event in self.client.events()]
        self.assertEqual([end["state"] for end in self.ends("run-1")], ["final"])
        self.assertEqual(names[-1], "shutdown")
        self.assertEqual(self.client.close, (1012, "service restart"))
        self.house.advance(3.0)
        self.successResultOf(stopping)

    def test_turn_that_takes_too_long(self) -> None:
        """What the drain does not wait for ends with an error in its transcript."""
        self.house.plane.config.replace({**self.house.plane.config.tree, "gateway": {
            **self.house.plane.config.tree["gateway"], "drainSeconds": 1}})  # fmt: skip
        self.send("hello chunks=500 delay=0.1")
        self.house.advance(0.3)
        stopping = self.house.service.stopService()
        self.house.advance(5.0)
        self.successResultOf(stopping)
        client = self.operator(self.house.again())
        texts = [text for _, text in self.history(client=client)]
        self.assertEqual(texts[-1], "⚠️ The gateway stopped.")


class DiskTests(AgentsTestCase):
    """A disk that refuses."""

    def refuse(self) -> None:
        """From now on nothing can be written."""

        def full(*args: object) -> None:
            raise OSError(28, "No space left on device")

        self.patch(transcript_files, "append", full)

    def test_message_is_refused(self) -> None:
        """A message that cannot be kept is not acknowledged, leaves nothing behind, and may be sent again."""
        self.send("before", "run-0")
        self.house.advance(0.5)
        real = transcript_files.append
        self.refuse()
        error = self.error("chat.send", sessionKey="main", message="hello", idempotencyKey="run-1")
        self.assertEqual((error["code"], error["retryable"]), ("UNAVAILABLE", True))
        self.flushLoggedErrors(OSError)
        self.patch(transcript_files, "append", real)
        self.assertEqual(self.send("hello")["status"], "started")
        self.house.advance(0.5)
        self.assertEqual(len(self.ends("run-1")), 1)

    def test_message_that_is_stopped_before_it_is_refused(self) -> None:
        """Its sender hears why, although the session has nothing left to do by then."""
        self.send("hello chunks=10 delay=0.1")
        self.house.advance(0.3)
        self.house.slow_disk(0.5)
        real = transcript_files.append
        self.refuse()
        params = {"sessionKey": "main", "message": "and", "idempotencyKey": "run-2", "queueMode": "followup"}
        self.client.request("chat.send", params, "second")
        self.house.slow_disk(0.02)
        self.client.request("chat.abort", {"sessionKey": "main"}, "stop")
        self.house.advance(3.0)
        error = self.client.response("second")["error"]
        self.assertEqual((error["code"], error["retryable"]), ("UNAVAILABLE", True))
        self.assertTrue(self.client.response("stop")["ok"])
        self.assertEqual(self.flushLoggedErrors(KeyError), [])
        self.flushLoggedErrors(OSError)
        self.patch(transcript_files, "append", real)
        self.send("again", "run-3")
        self.house.advance(1.0)
        self.assertEqual([end["state"] for end in self.ends("run-3")], ["final"])

    def test_what_cannot_be_encoded(self) -> None:
        """A record that has no JSON fails like one that cannot be written: nobody waits for ever."""
        self.send("hello chunks=10 delay=0.1")
        self.send("second", "run-2", queueMode="followup")
        real = self.house.parts.lanes._user_record
        self.patch(self.house.parts.lanes, "_user_record", lambda run: {**real(run), "message": object()})
        self.house.advance(3.0)
        self.assertEqual([self.ends(run)[0]["state"] for run in ("run-1", "run-2")], ["final", "error"])
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 1)
        self.send("again", "run-3")
        self.house.advance(0.5)
        self.assertEqual([end["state"] for end in self.ends("run-3")], ["final"])

    def test_who_only_looks_on(self) -> None:
        """A listener that fails stops no session."""

        def fail(*args: object, **more: object) -> None:
            raise ZeroDivisionError

        self.patch(self.house.parts, "on_changed", fail)
        self.send("hello")
        self.house.advance(0.5)
        self.send("again", "run-2")
        self.house.advance(0.5)
        self.assertEqual([len(self.ends(run)) for run in ("run-1", "run-2")], [1, 1])
        self.assertTrue(self.flushLoggedErrors(ZeroDivisionError))

    def test_turn_ends_all_the_same(self) -> None:
        """A run whose end cannot be written is told as failed, once, and its session goes on."""
        self.send("hello chunks=10 delay=0.1")
        self.house.advance(0.3)
        real = transcript_files.append
        self.refuse()
        self.house.advance(3.0)
        (end,) = self.ends("run-1")
        self.assertEqual(end["state"], "error")
        self.flushLoggedErrors(OSError)
        self.patch(transcript_files, "append", real)
        self.send("again", "run-2")
        self.house.advance(0.5)
        self.assertEqual([end["state"] for end in self.ends("run-2")], ["final"])
