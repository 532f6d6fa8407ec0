"""Wrappers are taken off in any nesting, and what is inside is left alone."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.mtproto.tl import encode, tl
from teamgram.session import service_messages as wire
from teamgram.session.invoke import MAX_WRAPPERS, unwrap
from teamgram.session.service_messages import MalformedMessage
from trial_tests.session.fakes import GET_CONFIG, with_layer

QUERY = GET_CONFIG + b"body"
WRAPPERS = [0xDA9B0D0D, 0xC1CD5EA9, 0xCB9F372D, 0x3DC4B4F0, 0x365275F2, 0xDD289F8E, 0x1DF92984, 0x3072CFA1]


def gunzip(packed: bytes) -> bytes:
    """As a session unpacks."""
    return wire.gunzip(packed, 1 << 20)


class UnwrapTests(SynchronousTestCase):
    def test_nothing_to_take_off(self) -> None:
        """A bare query is its own body."""
        invocation = unwrap(QUERY, gunzip)
        self.assertEqual((invocation.query, invocation.constructor_id), (QUERY, 0xC4F9186B))
        self.assertEqual((invocation.layer, invocation.client, invocation.after), (0, None, ()))

    def test_params_without_end(self) -> None:
        """More values than any client has are refused before they are all stepped over."""
        for count, taken in ((1000, True), (1100, False)):
            params = tl.jsonArray(value=[tl.jsonNull()] * count)
            fields = dict.fromkeys(
                ("device_model", "system_version", "app_version", "system_lang_code", "lang_pack", "lang_code"), ""
            )
            body = encode(tl.initConnection(api_id=1, params=params, query=QUERY, **fields))
            if taken:
                self.assertEqual(unwrap(body, gunzip).query, QUERY)
            else:
                self.assertRaises(MalformedMessage, unwrap, body, gunzip)

    def test_init_connection_with_everything(self) -> None:
        """proxy and params are stepped over, as the TL codec writes them."""
        params = tl.jsonObject(
            value=[
                tl.jsonObjectValue(key="tz_offset", value=tl.jsonNumber(value=3600.0)),
                tl.jsonObjectValue(key="flags", value=tl.jsonArray(value=[tl.jsonNull(), tl.jsonBool(value=True)])),
                tl.jsonObjectValue(key="nested", value=tl.jsonObject(value=[])),
                tl.jsonObjectValue(key="token", value=tl.jsonString(value="x" * 300)),
            ]
        )
        body = encode(
            tl.invokeWithLayer(
                layer=214,
                query=encode(
                    tl.initConnection(
                        api_id=17349,
                        device_model="Pixel",
                        system_version="Android 15",
                        app_version="11.2",
                        system_lang_code="de-DE",
                        lang_pack="android",
                        lang_code="de",
                        proxy=tl.inputClientProxy(address="proxy.example", port=443),
                        params=params,
                        query=QUERY,
                    )
                ),
            )
        )
        invocation = unwrap(body, gunzip)
        self.assertEqual((invocation.query, invocation.layer), (QUERY, 214))
        client = invocation.client
        assert client is not None
        self.assertEqual((client.api_id, client.device_model, client.lang_pack), (17349, "Pixel", "android"))
        self.assertEqual((client.app_version, client.system_lang_code, client.lang_code), ("11.2", "de-DE", "de"))

    def test_every_wrapper(self) -> None:
        """Each wrapper that clients send, around one another."""
        wrapped = [
            tl.invokeAfterMsg(msg_id=4, query=QUERY),
            tl.invokeAfterMsgs(msg_ids=[8, 12], query=QUERY),
            tl.invokeWithoutUpdates(query=QUERY),
            tl.invokeWithMessagesRange(range=tl.messageRange(min_id=1, max_id=2), query=QUERY),
            tl.invokeWithTakeout(takeout_id=5, query=QUERY),
            tl.invokeWithBusinessConnection(connection_id="abc", query=QUERY),
            tl.invokeWithGooglePlayIntegrity(nonce="n", token="t" * 300, query=QUERY),
            tl.invokeWithApnsSecret(nonce="n", secret="s", query=QUERY),
            tl.invokeWithReCaptcha(token="t", query=QUERY),
        ]
        for wrapper in wrapped:
            self.assertEqual(unwrap(encode(wrapper), gunzip).query, QUERY, wrapper.NAME)
        body = QUERY
        for wrapper in wrapped:
            wrapper.query = body
            body = encode(wrapper)
        invocation = unwrap(body, gunzip)
        self.assertEqual((invocation.query, invocation.after, invocation.no_updates), (QUERY, (8, 12, 4), True))

    def test_gzip_between_wrappers(self) -> None:
        """TDLib packs what is inside invokeAfterMsg, others the whole."""
        packed = wire.gzip_packed(with_layer(wire.gzip_packed(QUERY + b"a" * 1000), 201))
        invocation = unwrap(struct.pack("<Iq", 0xCB9F372D, 4) + packed, gunzip)
        self.assertEqual((invocation.query, invocation.layer, invocation.after), (QUERY + b"a" * 1000, 201, (4,)))

    def test_depth_is_bounded(self) -> None:
        """More wrappers than anybody sends are refused."""
        body = struct.pack("<I", 0xBF9459B7) * (MAX_WRAPPERS + 1) + QUERY
        self.assertRaises(MalformedMessage, unwrap, body, gunzip)

    def test_nested_bombs_are_bounded(self) -> None:
        """Each unpacking is held to the limit."""
        bomb = wire.gzip_packed(wire.gzip_packed(b"\0" * 500_000) * 2)
        self.assertRaises(MalformedMessage, unwrap, bomb, lambda packed: wire.gunzip(packed, 1000))

    def test_cut_short_anywhere(self) -> None:
        """A wrapper may end nowhere but where it ends."""
        whole = with_layer(GET_CONFIG)
        for length in range(4, len(whole)):
            self.assertRaises(MalformedMessage, unwrap, whole[:length], gunzip)

    @given(
        st.sampled_from([0xDA9B0D0D, 0xC1CD5EA9, 0xCB9F372D, 0x3DC4B4F0, 0x365275F2, 0xDD289F8E, 0x3072CFA1]),
        st.binary(),
    )
    @settings(max_examples=500, deadline=None)
    def test_any_bytes(self, constructor_id: int, rest: bytes) -> None:
        """Any bytes behind a wrapper's id are a query or MalformedMessage, nothing else."""
        try:
            unwrap(struct.pack("<I", constructor_id) + rest, gunzip)
        except MalformedMessage:
            pass
