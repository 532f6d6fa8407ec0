"""The codec's public face: objects, bytes, names."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from teamgram.mtproto.tl import (
    NEWEST_LAYER,
    TLError,
    decode,
    decode_from,
    decode_result,
    encode,
    encode_result,
    registry,
    tl,
)


class ObjectTests(SynchronousTestCase):
    """Classes made by literal name."""

    def test_absent_fields(self) -> None:
        """Optional fields are None when absent, true fields False."""
        user = tl.user(id=5)
        self.assertIsNone(user.first_name)
        self.assertIs(user.contact, False)

    def test_field_called_self(self) -> None:
        """A field may be called self."""
        self.assertIs(tl.user(id=5, self=True).self, True)

    def test_required_fields_are_required(self) -> None:
        """A constructor without a field that the newest layer requires cannot be made."""
        self.assertRaises(TypeError, tl.user)

    def test_equality_is_by_fields(self) -> None:
        """Two objects are equal when their class and all fields are."""
        self.assertEqual(tl.peerUser(user_id=1), tl.peerUser(user_id=1))
        self.assertNotEqual(tl.peerUser(user_id=1), tl.peerUser(user_id=2))
        self.assertNotEqual(tl.peerUser(user_id=1), tl.peerChat(chat_id=1))

    def test_constructor_that_is_also_a_namespace(self) -> None:
        """tl.updates is a constructor and holds the updates.* ones."""
        self.assertEqual(tl.updates.NAME, "updates")
        self.assertEqual(tl.updates.state.NAME, "updates.state")
        self.assertEqual(tl.updates.getState.NAME, "updates.getState")

    def test_unknown_names(self) -> None:
        """A name in no layer is an AttributeError, under a namespace and under a constructor."""
        self.assertRaises(AttributeError, lambda: tl.messages.noSuchThing)
        self.assertRaises(AttributeError, lambda: tl.user.noSuchThing)

    def test_repr_shows_what_is_there(self) -> None:
        """repr names the constructor and the fields that are present."""
        self.assertEqual(repr(tl.user(id=5, first_name="A")), "user(id=5, first_name='A')")


class BytesTests(SynchronousTestCase):
    """decode and encode."""

    def test_known_bytes(self) -> None:
        """A ping is its id and eight bytes, little endian."""
        self.assertEqual(encode(tl.ping(ping_id=0x0102030405060708)).hex(), "ec77be7a0807060504030201")

    def test_string_padding_at_every_length(self) -> None:
        """Strings of all lengths around the limits come back and stay aligned."""
        for size in [*range(9), 252, 253, 254, 255, 256, 257, 70000]:
            error = tl.rpc_error(error_code=1, error_message="x" * size)
            written = encode(error)
            self.assertEqual(len(written) % 4, 0)
            self.assertEqual(decode(written), error)

    def test_query_of_a_wrapper_stays_bytes(self) -> None:
        """The wrapped query of invokeWithLayer is the remaining bytes."""
        ping = encode(tl.ping(ping_id=1))
        wrapped = encode(tl.invokeWithLayer(layer=200, query=tl.ping(ping_id=1)))
        self.assertEqual(decode(wrapped).query, ping)
        self.assertEqual(encode(tl.invokeWithLayer(layer=200, query=ping)), wrapped)

    def test_bare_vector_of_bare_items(self) -> None:
        """future_salts carries its salts without ids."""
        salts = tl.future_salts(req_msg_id=1, now=2, salts=[tl.future_salt(valid_since=3, valid_until=4, salt=-5)])
        self.assertEqual(len(encode(salts)), 4 + 8 + 4 + 4 + 16)
        self.assertEqual(decode(encode(salts)), salts)

    def test_left_over_bytes(self) -> None:
        """decode takes all bytes; decode_from says where the object ended."""
        written = encode(tl.ping(ping_id=1))
        self.assertRaises(TLError, decode, written + b"\0\0\0\0")
        self.assertEqual(decode_from(b"\0" + written + b"\0\0\0\0", 1), (tl.ping(ping_id=1), 13))

    def test_wrong_type_of_a_field(self) -> None:
        """A value of another boxed type, a missing field and a wrong Python type are TLErrors."""
        self.assertRaises(TLError, encode, tl.message(id=1, peer_id=tl.user(id=1), date=1, message=""))
        self.assertRaises(TLError, encode, tl.message(id=1, peer_id=None, date=1, message=""))
        self.assertRaises(TLError, encode, tl.message(id="1", peer_id=tl.peerUser(user_id=1), date=1, message=""))
        self.assertRaises(TLError, encode, tl.ping(ping_id=1 << 63))

    def test_results(self) -> None:
        """encode_result follows the method's result type: vectors of objects and of numbers, Bool."""
        users = [tl.userEmpty(id=1), tl.user(id=2)]
        self.assertEqual(decode_result("users.getUsers", encode_result("users.getUsers", users)), users)
        ids = encode_result("contacts.getContactIDs", [1, 2])
        self.assertEqual(ids.hex(), "15c4b51c" + "02000000" + "01000000" + "02000000")
        self.assertEqual(encode_result("account.updateStatus", True).hex(), "b5757299")
        self.assertRaises(TLError, encode_result, "no.method", True)
        self.assertRaises(TLError, encode_result, "account.updateStatus", tl.user(id=1))


class RegistryTests(SynchronousTestCase):
    """Names and ids."""

    def test_ids_of_one_name_in_several_layers(self) -> None:
        """The table of ids in Telegram's own history: message at six layers."""
        ids = {198: 0x96FDBBE9, 223: 0x3AE56482, 227: 0x7600B9D3, 229: 0x7600B9D3}
        for layer, number in ids.items():
            self.assertEqual(registry.id_of("message", layer), number)
            self.assertEqual(registry.name_of(number), "message")

    def test_functions(self) -> None:
        """is_function tells requests from objects; unknown ids are neither."""
        self.assertTrue(registry.is_function(0xFEF48F62))
        self.assertFalse(registry.is_function(0x7600B9D3))
        self.assertFalse(registry.is_function(0xDEADBEEF))
        self.assertIsNone(registry.name_of(0xDEADBEEF))

    def test_methods(self) -> None:
        """methods() lists each function once, service ones too."""
        methods = list(registry.methods())
        self.assertEqual(len(methods), len(set(methods)))
        self.assertIn("messages.sendMessage", methods)
        self.assertIn("req_pq_multi", methods)

    def test_result_types(self) -> None:
        """A method's result type is the one of the asked layer."""
        self.assertEqual(registry.result_type_of("messages.createChat", 158), "Updates")
        self.assertEqual(registry.result_type_of("messages.createChat"), "messages.InvitedUsers")
        self.assertRaises(TLError, registry.result_type_of, "no.method")

    def test_every_id_is_the_crc_of_its_line(self) -> None:
        """Every definition in the schema text has the id that its normal form gives."""
        for number in list(registry.all_ids()):
            definition = registry.entry(number).definition
            self.assertEqual(definition.crc32(), number, definition.name)

    def test_layers_from_158_to_232(self) -> None:
        """Every layer has one definition a name, and the oldest and newest are known by themselves."""
        self.assertIn(158, registry.layers)
        self.assertEqual(registry.layers[-3:], (229, 230, NEWEST_LAYER))
        self.assertEqual(registry.schema_layer(168), 167)
        self.assertEqual(registry.schema_layer(231), 230)
        self.assertEqual(registry.schema_layer(233), 232)
