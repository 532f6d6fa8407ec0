"""The session stage between a gateway, an authsession and a bff that are fakes."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.session import service_messages as wire
from trial_tests.session.fakes import BOOL_TRUE, GET_CONFIG, Harness, ping, with_layer


class AnswerTests(SynchronousTestCase):
    def test_ping_is_answered_in_the_same_turn(self) -> None:
        """A ping gets its pong, in one frame with the notice of the new session."""
        client = Harness().client()
        msg_id = client.send(ping(7))
        created, pong = client.received()
        self.assertEqual(created.constructor_id, wire.NEW_SESSION_CREATED)
        self.assertEqual((pong.constructor_id, pong.longs(count=2)), (wire.PONG, (msg_id, 7)))
        self.assertEqual(created.packet, pong.packet)

    def test_get_config_reaches_bff_without_its_wrappers(self) -> None:
        """bff gets the inner query byte for byte, with the layer and device of the wrappers."""
        harness = Harness()
        client = harness.client()
        msg_id = client.send(with_layer(GET_CONFIG, 199))
        results = client.results()
        self.assertEqual(results[msg_id].result(), (msg_id, BOOL_TRUE))
        (request,) = harness.bff.calls
        self.assertEqual(
            (request.method, request.service, request.body), ("help.getConfig", "RPCConfiguration", GET_CONFIG)
        )
        self.assertEqual((request.metadata.layer, request.metadata.client.device_model), (199, "phone"))
        self.assertEqual(request.metadata.user_id, 1001)
