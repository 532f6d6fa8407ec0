"""The IDMap decides where a method goes."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.mtproto.tl import MIN_LAYER, NEWEST_LAYER, registry
from teamgram.session.routing import MAX_KNOWN_IDS, MethodRoute, Routing, services_by_method
from teamgram.session.service import method_name
from trial_tests.session.fakes import FakeBff


def id_of(name: str, layer: int) -> int:
    """The id of a name that the layer has."""
    found = registry.id_of(name, layer)
    assert found is not None
    return found


class RoutingTests(SynchronousTestCase):
    def routing(self, id_map: dict[str, str]) -> tuple[Routing, FakeBff, FakeBff]:
        bff, other = FakeBff(), FakeBff()
        return Routing(id_map, {"bff.bff": bff, "bff.files": other}, method_name), bff, other

    def test_services_go_to_their_targets(self) -> None:
        """Two targets, a method each."""
        routing, bff, other = self.routing({"/mtproto.RPCMessages": "bff.bff", "/mtproto.RPCFiles": "bff.files"})
        send = routing.route(id_of("messages.sendMessage", 229))
        part = routing.route(id_of("upload.saveFilePart", 229))
        assert isinstance(send, MethodRoute)
        assert isinstance(part, MethodRoute)
        self.assertEqual((send.method, send.service), ("messages.sendMessage", "RPCMessages"))
        self.assertIs(send.caller, bff)
        self.assertIs(part.caller, other)
        self.assertEqual((send.for_updates, part.for_updates), (True, False))

    def test_the_case_of_a_service_s_name(self) -> None:
        """teamgram's file and its description write the same service in two ways."""
        for name in ("RPCQrCode", "RPCQrcode", "rpcqrcode"):
            routing, bff, _ = self.routing({f"/mtproto.{name}": "bff.bff"})
            route = routing.route(id_of("auth.exportLoginToken", 229))
            assert isinstance(route, MethodRoute), name
            self.assertIs(route.caller, bff)

    def test_ids_of_all_layers_are_one_method(self) -> None:
        """An old layer's id of a method goes where the new one goes."""
        routing, _, _ = self.routing({"/mtproto.RPCMessages": "bff.bff"})
        methods = {routing.route(id_of("messages.sendMessage", layer)).method for layer in (158, 181, 198, 229)}
        self.assertEqual(methods, {"messages.sendMessage"})

    def test_service_outside_the_id_map(self) -> None:
        """Known, but nobody serves it."""
        routing, _, _ = self.routing({"/mtproto.RPCMessages": "bff.bff"})
        self.assertEqual(routing.route(id_of("upload.saveFilePart", 229)), "upload.saveFilePart")

    def test_no_method(self) -> None:
        """Unknown ids and constructors of types are no methods."""
        routing, _, _ = self.routing({"/mtproto.RPCMessages": "bff.bff"})
        self.assertIsNone(routing.route(0x0BADF00D))
        self.assertIsNone(routing.route(id_of("peerUser", 229)))

    def test_another_id_map(self) -> None:
        """A service moves to another target and one goes; the counts stay, and a wrong map changes nothing."""
        routing, bff, other = self.routing({"/mtproto.RPCMessages": "bff.bff", "/mtproto.RPCFiles": "bff.files"})
        send, part = id_of("messages.sendMessage", 229), id_of("upload.saveFilePart", 229)
        before = routing.route(send)
        assert isinstance(before, MethodRoute)
        before.times.answered(0.01)
        routing.set_id_map({"/mtproto.RPCMessages": "bff.files"}, {"bff.files": other})
        after = routing.route(send)
        assert isinstance(after, MethodRoute)
        self.assertIs(after.caller, other)
        self.assertIs(after.times, before.times)
        self.assertEqual(routing.route(part), "upload.saveFilePart")
        self.assertRaises(ValueError, routing.set_id_map, {"/mtproto.RPCMessages": "bff.nobody"}, {"bff.bff": bff})
        self.assertIs(routing.route(send), after)

    def test_target_without_a_caller(self) -> None:
        """A mistake in the IDMap stops the start."""
        error = self.assertRaises(ValueError, self.routing, {"/mtproto.RPCMessages": "bff.nobody"})
        self.assertIn("bff.nobody", str(error))

    def test_hostile_ids_do_not_grow_it(self) -> None:
        """What is remembered is bounded."""
        routing = Routing({}, {}, lambda constructor_id: None)
        for constructor_id in range(MAX_KNOWN_IDS + 1000):
            routing.route(constructor_id)
        self.assertEqual(len(routing._known), MAX_KNOWN_IDS)

    def test_every_listed_method_exists(self) -> None:
        """The project's own list names only methods that the registry knows, each in one service."""
        unknown = [
            method
            for method in services_by_method()
            if not any(registry.id_of(method, layer) for layer in range(MIN_LAYER, NEWEST_LAYER + 1))
        ]
        self.assertEqual(unknown, [])
