"""A client that keeps to the rules against the stage, over connections that are cut anywhere.

Seeds are fixed, so a failure comes again. What is true after each run: every
request ran exactly once and its answer arrived, and every update arrived,
each message taken once by its msg_id.
"""

import random
import struct

from twisted.trial.unittest import SynchronousTestCase

from teamgram.session import service_messages as wire
from trial_tests.session.fakes import (
    GET_CONFIG,
    GET_NEAREST_DC,
    GET_STATE,
    KEY,
    USER,
    Client,
    Harness,
    Received,
    unpack,
)

UPDATES = 0x74AE4240
RUNS = 1000


class TrainTraveller:
    """One session of a client that loses what is under way whenever its connection is cut."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.harness = Harness()
        self.harness.bff.slow.add("help.getNearestDc")
        self.client: Client = self.harness.client()
        self.unanswered: dict[int, bytes] = {}
        self.made: list[int] = []
        self.answers: dict[int, int] = {}
        self.updates: list[bytes] = []
        self.pushed = 0
        self.seen: set[int] = set()
        self.unread: list[bytes] = []

    def request(self, query: bytes) -> None:
        """Send a request; cut at this moment, it is lost on its way."""
        msg_id, payload = self.client.core.message(query)
        self.unanswered[msg_id] = payload
        self.made.append(msg_id)
        if self.chance.random() < 0.8:
            self.client.send_frame(payload)
        else:
            self.reconnect()

    def reconnect(self) -> None:
        """Lose what was not read, and resend what has no answer; the old end may be noticed late or never."""
        self.collect()
        self.unread = self.unread[: self.chance.randrange(len(self.unread) + 1)]
        self.read()
        self.unread = []
        noticed = self.chance.random()
        old = self.client.conn
        if noticed < 0.5:
            self.client.close()
        self.client.connect()
        for payload in self.unanswered.values():
            self.client.send_frame(payload)
        self.client.send(struct.pack("<Iq", wire.PING, 1))
        if 0.5 <= noticed < 0.8:
            new, self.client.conn = self.client.conn, old
            self.client.close()
            self.client.conn = new

    def collect(self) -> None:
        """What the server wrote to the connection that is open now."""
        self.harness.turn()
        sent = self.harness.gateway.sent
        self.unread += [payload for conn, _, payload in sent if conn == self.client.conn]
        sent.clear()

    def read(self) -> None:
        """Take everything that arrived, once, and acknowledge it (an acknowledgement may get lost)."""
        acks = []
        for one in unpack(self.unread):
            if one.seq_no & 1:
                acks.append(one.msg_id)
            if one.msg_id not in self.seen:
                self.seen.add(one.msg_id)
                self.take(one)
        self.unread = []
        if acks and self.chance.random() < 0.7:
            self.client.ack(*acks)

    def take(self, one: Received) -> None:
        if one.constructor_id == wire.RPC_RESULT:
            msg_id, _ = one.result()
            self.answers[msg_id] = self.answers.get(msg_id, 0) + 1
            self.unanswered.pop(msg_id, None)
        elif one.constructor_id == UPDATES:
            self.updates.append(one.body[8:])

    def step(self) -> None:
        """One of the things that happen."""
        self.check_what_was_told()
        what = self.chance.random()
        if what < 0.35:
            self.request(self.chance.choice((GET_CONFIG, GET_NEAREST_DC, GET_STATE)))
        elif what < 0.5 and self.harness.bff.waiting:
            waiting = self.harness.bff.waiting
            waiting.pop(self.chance.randrange(len(waiting)))[1].callback(b"\xb5\x75\x72\x99")
        elif what < 0.7 and self.harness.devices.take_updates(USER):
            self.harness.push(USER, struct.pack("<i", self.pushed))
            self.pushed += 1
        elif what < 0.85:
            self.collect()
            self.read()
        elif what < 0.95:
            self.reconnect()
        else:
            self.harness.clock.advance(self.chance.random() * 3)

    def check_what_was_told(self) -> None:
        """Whoever would take an update is drawn for."""
        wrapper = self.harness.service.stage.keys.wrappers.get(KEY)
        session = wrapper.updates_session if wrapper is not None else None
        if session is not None and not session.core.outbox.push_lost:
            assert self.harness.devices.take_updates(USER), "an update would never be drawn"
        if session is None:
            assert not self.harness.devices.take_updates(USER), "drawn for nobody"

    def settle(self) -> None:
        """A last connection that holds."""
        self.reconnect()
        self.harness.turn()
        while self.harness.bff.waiting:
            # Each lets another one start.
            for _, deferred in self.harness.bff.waiting[:]:
                self.harness.bff.waiting.pop(0)
                deferred.callback(b"\xb5\x75\x72\x99")
            self.harness.turn()
        for _ in range(3):
            self.collect()
            self.read()


class CutConnectionTests(SynchronousTestCase):
    def test_every_request_once_and_every_update_once(self) -> None:
        """Connections cut at any moment in either direction lose nothing and double nothing."""
        requests = updates = 0
        for seed in range(RUNS):
            traveller = TrainTraveller(seed)
            for _ in range(40):
                traveller.step()
            traveller.settle()
            ran = [request.msg_id for request in traveller.harness.bff.calls]
            self.assertEqual(sorted(ran), sorted(traveller.made), f"seed {seed}")
            self.assertEqual(traveller.answers, dict.fromkeys(traveller.made, 1), f"seed {seed}")
            expected = [struct.pack("<i", number) for number in range(traveller.pushed)]
            self.assertEqual(sorted(traveller.updates), sorted(expected), f"seed {seed}")
            self.assertEqual(traveller.harness.service.stage.requests.running, {}, f"seed {seed}")
            requests += len(ran)
            updates += traveller.pushed
        self.assertGreater(requests, RUNS)
        self.assertGreater(updates, RUNS)
