"""What all sessions together keep, and who gives it up."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.session.memory import kept_bytes
from teamgram.session.outbox import NOTHING
from teamgram.session.session_list import ClientSession
from trial_tests.session.fakes import GET_CONFIG, KEY, Client, Harness, ping, with_layer

SWEPT = 10.5
"""Seconds after which the bound was looked at."""


def sessions(harness: Harness) -> dict[int, ClientSession]:
    """By session_id."""
    return {session.core.session_id: session for session in harness.service.stage.keys.lists[KEY].sessions}


class KeptBytesTests(SynchronousTestCase):
    def harness(self, kept_limit_bytes: int) -> Harness:
        harness = Harness(kept_limit_bytes=kept_limit_bytes)
        harness.service.startService()
        self.addCleanup(harness.service.stopService)
        return harness

    def begun(self, harness: Harness, session_id: int) -> Client:
        client = harness.client(session_id)
        client.send(ping())
        client.ack(*[one.msg_id for one in client.received()])
        return client

    def sweep(self, harness: Harness) -> None:
        harness.clock.pump([0.5] * int(2 * SWEPT))

    def test_longest_disconnected_sessions_end_first(self) -> None:
        """Until a quarter of the bound is free again; who is connected stays."""
        harness = self.harness(20 * 2400)
        clients = [self.begun(harness, number) for number in range(1, 31)]
        for client in clients[1:]:
            harness.clock.advance(0.01)
            client.close()
        self.sweep(harness)
        left = list(sessions(harness))
        self.assertEqual(left[0], 1)
        self.assertEqual(left[1:], list(range(32 - len(left), 31)))
        self.assertLessEqual(sum(map(kept_bytes, sessions(harness).values())), 15 * 2400)
        self.assertGreater(len(left), 8)
        self.assertEqual(harness.service.stage.counts.given_up, 30 - len(left))

    def test_fattest_connected_session_forgets_its_answers(self) -> None:
        """What it asks for again is refused, not run again; a thin one keeps all."""
        harness = self.harness(160_000)
        fat, thin = self.begun(harness, 1), self.begun(harness, 2)
        payloads = [fat.core.message(GET_CONFIG) for _ in range(300)]
        for _, payload in payloads:
            fat.send_frame(payload)
            fat.received()
        kept = thin.core.message(GET_CONFIG)
        thin.send_frame(kept[1])
        thin.received()
        self.sweep(harness)
        self.assertEqual(set(sessions(harness)), {1, 2})
        self.assertEqual(len(sessions(harness)[1].core.outbox.unacked), 0)
        calls = len(harness.bff.calls)
        fat.received()
        fat.send_frame(payloads[0][1])
        self.assertEqual([one.bad_msg()[2] for one in fat.received()], [20])
        thin.send_frame(kept[1])
        self.assertIn(kept[0], thin.results())
        self.assertEqual(len(harness.bff.calls), calls)

    def test_within_the_bound_nothing_is_given_up(self) -> None:
        """Sessions that wait are kept for their time."""
        harness = self.harness(1 << 20)
        for number in range(1, 31):
            self.begun(harness, number).close()
        self.sweep(harness)
        self.assertEqual((len(sessions(harness)), harness.service.stage.counts.given_up), (30, 0))


class IdleSessionTests(SynchronousTestCase):
    """What a client that has said something and waits costs."""

    def test_empty_containers_are_shared(self) -> None:
        """Once all is answered and acknowledged, neither session nor key holds a container of its own for it."""
        harness = Harness()
        client = harness.client()
        answers = []
        for _ in range(3):
            client.send(with_layer(GET_CONFIG))
            client.send(ping())
            answers += [one.msg_id for one in client.received()]
        client.ack(*answers)
        client.received()
        session = sessions(harness)[9]
        core, outbox = session.core, session.core.outbox
        self.assertIs(core.to_ack, NOTHING)
        self.assertIs(outbox.unacked, NOTHING)
        self.assertEqual((outbox.queue, core._events), ((), ()))
        wrapper = harness.service.stage.keys.wrappers[KEY]
        self.assertEqual((wrapper.session_data_chan, wrapper.rpc_queue, wrapper.refused), ((), (), ()))

    def test_nothing_is_put_into_what_is_shared(self) -> None:
        """A session that forgot to make its own would write into everybody's."""
        self.assertRaises(TypeError, NOTHING.__setitem__, 1, 2)
        self.assertRaises(TypeError, NOTHING.setdefault, 1, 2)

    def test_what_clients_say_of_themselves_is_shared(self) -> None:
        """Two devices of one kind have the same strings."""
        harness = Harness()
        for key in (KEY, 88):
            client = harness.client(auth_key_id=key, perm_auth_key_id=key)
            client.send(with_layer(GET_CONFIG, device=b"a phone of some kind"))
            client.received()
        one, other = (harness.service.stage.keys.wrappers[key].client for key in (KEY, 88))
        self.assertIs(one.device_model, other.device_model)
