"""Pages "Invoking API methods" and "Error handling": wrappers in any nesting, layers, and how requests fail."""

import struct
from typing import Any

from twisted.internet.defer import gatherResults

from teamgram.mtproto.container import pack_gzip
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.house import ConformanceCase
from trial_tests.conformance.watching import history
from trial_tests.peer.calls import CallFailed, init_connection

GET_CONFIG = encode(tl.help.getConfig())
NOT_INITED = (400, "CONNECTION_NOT_INITED")


def wrapped(query: bytes, layer: int = 200) -> bytes:
    """A first request as clients send it."""
    return encode(tl.invokeWithLayer(layer=layer, query=encode(init_connection(query))))


class LayerTests(ConformanceCase):
    async def test_layer_is_needed_once(self) -> None:
        """Before invokeWithLayer a method is CONNECTION_NOT_INITED; after it the key's sessions are served."""
        session = await self.begun()
        self.assertEqual(await self.error(session, GET_CONFIG), NOT_INITED)
        self.assertEqual(decode(await session.call_raw(wrapped(GET_CONFIG))).NAME, "config")
        self.assertEqual(decode(await session.call_raw(GET_CONFIG)).NAME, "config")
        other = session.connection.open_session(session.core.auth_key, salt=session.core.salt)
        self.assertEqual(decode(await other.call_raw(GET_CONFIG)).NAME, "config")

    async def test_layer_outlives_the_connection(self) -> None:
        """It is the key's until another is said."""
        session = await self.begun()
        await session.call_raw(wrapped(GET_CONFIG))
        session.attach(await self.connect())
        self.assertEqual(decode(await session.call_raw(GET_CONFIG)).NAME, "config")

    async def test_unwrapped_service_messages(self) -> None:
        """What is MTProto's own needs no layer."""
        session = await self.begun()
        await self.ping(session)
        await session.call_raw(encode(tl.get_future_salts(num=1)))

    async def test_answers_are_of_the_layer(self) -> None:
        """The same user in the constructors of 198, 223 and 229: ids that FACTS of these clients name."""
        session, _ = await self.user()
        for layer, user in ((198, 0x4B46C37E), (223, 0x31774388), (229, 0xB1B8CC83)):
            body = await session.call_raw(wrapped(encode(tl.users.getUsers(id=[tl.inputUserSelf()]), layer), layer))
            self.assertEqual(struct.unpack_from("<I", body, 8)[0], user, layer)

    async def test_layer_changes_on_the_same_key(self) -> None:
        """A client that was upgraded in place says another layer on the same session: from then on it holds."""
        session, _ = await self.user()
        query = encode(tl.users.getUsers(id=[tl.inputUserSelf()]), 198)
        await session.call_raw(wrapped(query, 198))
        again = await session.call_raw(encode(tl.users.getUsers(id=[tl.inputUserSelf()]), 198))
        self.assertEqual(struct.unpack_from("<I", again, 8)[0], 0x4B46C37E)
        await session.call_raw(wrapped(encode(tl.users.getUsers(id=[tl.inputUserSelf()]), 229), 229))
        newest = await session.call_raw(encode(tl.users.getUsers(id=[tl.inputUserSelf()]), 229))
        self.assertEqual(struct.unpack_from("<I", newest, 8)[0], 0xB1B8CC83)

    async def test_newer_layer_than_ours(self) -> None:
        """Served in the newest that we know (TDLib says more than any published schema)."""
        session = await self.begun()
        self.assertEqual(decode(await session.call_raw(wrapped(GET_CONFIG, 232))).NAME, "config")

    async def test_layer_of_grammers(self) -> None:
        """What says 230 gets full profiles and headers of replies, by the ids in grammers-tl-types 0.11."""
        await self.check_profile_and_header_of_230(230)

    async def test_layer_between_known_ones(self) -> None:
        """Served as the lower one: 231, which nobody published, gets what 230 gets and not what 232 does."""
        await self.check_profile_and_header_of_230(231)

    async def check_profile_and_header_of_230(self, layer: int) -> None:
        session, _ = await self.user()
        await session.call_raw(wrapped(GET_CONFIG, layer))
        full = await session.call_raw(encode(tl.users.getFullUser(id=tl.inputUserSelf()), layer))
        self.assertEqual(struct.unpack_from("<II", full), (0x3B6D152E, 0x06CBE645))
        own = tl.inputPeerSelf()
        await session.call_raw(encode(tl.messages.sendMessage(peer=own, message="a", random_id=1), layer))
        (first,) = decode(await session.call_raw(encode(history(own), layer))).messages
        to = tl.inputReplyToMessage(reply_to_msg_id=first.id)
        await session.call_raw(encode(tl.messages.sendMessage(peer=own, message="b", random_id=2, reply_to=to), layer))
        self.assertIn(struct.pack("<I", 0x1B97DD66), await session.call_raw(encode(history(own), layer)))

    async def test_layer_that_is_none(self) -> None:
        """CONNECTION_LAYER_INVALID for 0, negative and ancient ones."""
        session = await self.begun()
        for layer in (0, -1, 50):
            self.assertEqual(await self.error(session, wrapped(GET_CONFIG, layer)), (400, "CONNECTION_LAYER_INVALID"))


class WrapperTests(ConformanceCase):
    async def test_init_connection_with_everything(self) -> None:
        """With a proxy and with params of any JSON."""
        session = await self.begun()
        value = tl.jsonObject(
            value=[
                tl.jsonObjectValue(
                    key="a",
                    value=tl.jsonArray(value=[tl.jsonNull(), tl.jsonBool(value=True), tl.jsonNumber(value=1.5)]),
                ),
                tl.jsonObjectValue(key="b", value=tl.jsonString(value="x" * 300)),
            ]
        )
        init = init_connection(GET_CONFIG)
        init.proxy = tl.inputClientProxy(address="proxy.example", port=443)
        init.params = value
        body = encode(tl.invokeWithLayer(layer=200, query=encode(init)))
        self.assertEqual(decode(await session.call_raw(body)).NAME, "config")

    async def test_device_is_what_was_said(self) -> None:
        """account.getAuthorizations shows the newest initConnection."""
        session, _ = await self.user()
        init = init_connection(encode(tl.account.getAuthorizations()))
        init.device_model = "a new telephone"
        await session.call_raw(encode(tl.invokeWithLayer(layer=229, query=encode(init))))
        for _ in range(50):
            (current,) = (await session.call(tl.account.getAuthorizations())).authorizations
            if current.device_model != "peer":
                break
            await self.seconds(0.02)  # it is stored beside the request, not before its answer
        self.assertEqual((current.device_model, current.current), ("a new telephone", True))

    async def test_every_wrapper_in_any_order(self) -> None:
        """Ranges, takeouts, business connections, tokens of app stores, no updates, gzip, nested in each other."""
        session = await self.begun()
        await session.call_raw(wrapped(GET_CONFIG))
        layers: list[Any] = [
            lambda query: encode(tl.invokeWithoutUpdates(query=query)),
            lambda query: encode(tl.invokeWithMessagesRange(range=tl.messageRange(min_id=1, max_id=9), query=query)),
            lambda query: encode(tl.invokeWithTakeout(takeout_id=5, query=query)),
            lambda query: encode(tl.invokeWithBusinessConnection(connection_id="c", query=query)),
            lambda query: encode(tl.invokeWithGooglePlayIntegrity(nonce="n", token="t", query=query)),
            lambda query: encode(tl.invokeWithApnsSecret(nonce="n", secret="s", query=query)),
            lambda query: encode(tl.invokeWithReCaptcha(token="t", query=query)),
            pack_gzip,
            wrapped,
        ]
        for order in range(len(layers)):
            query = GET_CONFIG
            for wrap in layers[order:] + layers[:order]:
                query = wrap(query)
            self.assertEqual(decode(await session.call_raw(query)).NAME, "config", order)

    async def test_depth(self) -> None:
        """Wrappers nest to a bound, behind it INPUT_FETCH_ERROR."""
        session = await self.begun()
        query = GET_CONFIG
        for _ in range(40):
            query = encode(tl.invokeWithoutUpdates(query=query))
        self.assertEqual(await self.error(session, query), (400, "INPUT_FETCH_ERROR"))

    async def test_cut_short(self) -> None:
        """A wrapper without a query is INPUT_FETCH_ERROR, and the session goes on."""
        session = await self.begun()
        for body in (wrapped(b""), encode(tl.invokeWithoutUpdates(query=b"")), wrapped(GET_CONFIG)[:20]):
            self.assertEqual(await self.error(session, body), (400, "INPUT_FETCH_ERROR"))
        await self.ping(session)

    async def test_without_updates(self) -> None:
        """A session that calls only so is no updates session."""
        session, user = await self.user()
        quiet = self.open(await self.connect(), await self._same_key(session))
        for _ in range(3):
            await quiet.call_raw(encode(tl.invokeWithoutUpdates(query=encode(tl.updates.getState()))))
        friend, _ = await self.user()
        await self.say(friend, user, "to the first")
        await self.hears(session, "to the first")
        self.assertFalse(any(b"to the first" in one.body for one in quiet.received))

    async def test_one_updates_session_for_each_key(self) -> None:
        """Of several sessions of a key exactly one is told: the one that called last."""
        first, user = await self.user()
        made = await self._same_key(first)
        sessions = [first, *[self.open(await self.connect(), made) for _ in range(3)]]
        friend, _ = await self.user()
        for number, session in enumerate(reversed(sessions)):
            await session.call(tl.updates.getState())
            text = f"update {number}"
            await self.say(friend, user, text)
            await self.hears(session, text)
            await self.seconds(0.1)
            heard = [one for one in sessions if any(text.encode() in message.body for message in one.received)]
            self.assertEqual(heard, [session])

    async def _same_key(self, session: Any) -> Any:
        class Made:
            auth_key = session.core.auth_key
            first_salt = session.core.salt

        return Made


class InvokeAfterTests(ConformanceCase):
    async def test_order(self) -> None:
        """A chain in one container, its links in any order, is executed in the order of the chain."""
        session, _ = await self.user()
        messages = []
        before = 0
        for number in range(5):
            send = encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message=str(number), random_id=number + 1))
            body = encode(tl.invokeAfterMsg(msg_id=before, query=send)) if before else send
            messages.append(session.core.message(body))
            before = messages[-1].msg_id
        answers = [session.expect(message) for message in messages]
        session.send_messages([messages[0], *messages[:0:-1]])
        await gatherResults(answers)
        got = await session.call(history(tl.inputPeerSelf()))
        self.assertEqual([one.message for one in reversed(got.messages)], list("01234"))

    async def test_after_several(self) -> None:
        """invokeAfterMsgs waits for all of them."""
        session, _ = await self.user()
        first = [session.core.message(encode(history(tl.inputPeerSelf()))) for _ in range(3)]
        last = session.core.message(
            encode(tl.invokeAfterMsgs(msg_ids=[one.msg_id for one in first], query=encode(tl.updates.getState())))
        )
        done: list[int] = []
        answers = []
        for message in (*first, last):
            answer = session.expect(message)
            answer.addCallback(lambda result, msg_id: done.append(msg_id), message.msg_id)
            answers.append(answer)
        session.send_messages([*first, last])
        await gatherResults(answers)
        self.assertEqual(done[-1], last.msg_id)

    async def test_other_one_failed(self) -> None:
        """MSG_WAIT_FAILED: what depends on a failed request does not run."""
        session, _ = await self.user()
        bad = session.core.message(encode(history(tl.inputPeerEmpty())))
        send = encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="never", random_id=1))
        after = session.core.message(encode(tl.invokeAfterMsg(msg_id=bad.msg_id, query=send)))
        answers = [session.expect(bad), session.expect(after)]
        session.send_messages([bad, after])
        for answer, text in zip(answers, ("PEER_ID_INVALID", "MSG_WAIT_FAILED"), strict=True):
            with self.assertRaises(CallFailed) as caught:
                await answer
            self.assertEqual((caught.exception.code, caught.exception.message), (400, text))
        self.assertEqual((await session.call(history(tl.inputPeerSelf()))).messages, [])

    async def test_after_one_that_was_answered_before(self) -> None:
        """Runs at once."""
        session, _ = await self.user()
        first = session.core.message(encode(tl.updates.getState()))
        await session.send_call(first)
        body = encode(tl.invokeAfterMsg(msg_id=first.msg_id, query=encode(tl.updates.getState())))
        self.assertEqual(decode(await session.call_raw(body)).NAME, "updates.state")

    async def test_after_one_that_comes_later(self) -> None:
        """Frames overtake each other: the dependent one waits for what is still on its way."""
        session, _ = await self.user()
        first = session.core.message(encode(tl.updates.getState()))
        after = session.core.message(
            encode(tl.invokeAfterMsg(msg_id=first.msg_id, query=encode(tl.updates.getState())))
        )
        answer = session.send_call(after)
        await self.seconds(0.3)
        self.assertFalse(answer.called)
        await session.send_call(first)
        self.assertEqual(decode(await answer).NAME, "updates.state")


class ErrorTests(ConformanceCase):
    async def test_codes(self) -> None:
        """400 for what is wrong with the request, 401 for who asks, 400 for what is not served."""
        session = await self.begun()
        await session.call_raw(wrapped(GET_CONFIG))
        self.assertEqual(await self.error(session, encode(tl.updates.getState())), (401, "AUTH_KEY_UNREGISTERED"))
        user, _ = await self.user()
        self.assertEqual((await self.error(user, encode(history(tl.inputPeerEmpty()))))[0], 400)

    async def test_unknown_method(self) -> None:
        """INPUT_METHOD_INVALID for an id of no layer, alone and in a container, where the others are answered."""
        session = await self.begun()
        await session.call_raw(wrapped(GET_CONFIG))
        unknown = struct.pack("<I", 0x0BADF00D)
        self.assertEqual(await self.error(session, unknown), (400, "INPUT_METHOD_INVALID"))
        good, bad = session.start_calls([GET_CONFIG, unknown])
        self.assertEqual(decode(await good).NAME, "config")
        with self.assertRaises(CallFailed):
            await bad

    async def test_object_that_is_no_method(self) -> None:
        """A constructor sent as a query."""
        session = await self.begun()
        await session.call_raw(wrapped(GET_CONFIG))
        self.assertEqual(await self.error(session, encode(tl.inputPeerSelf())), (400, "INPUT_METHOD_INVALID"))

    async def test_unknown_constructor_inside(self) -> None:
        """INPUT_CONSTRUCTOR_INVALID for an id of no layer, or of another type, in a known method."""
        session, _ = await self.user()
        head = encode(tl.messages.getPeerSettings(peer=tl.inputPeerSelf()))[:4]
        for inner in (struct.pack("<I", 0x0BADF00D), encode(tl.inputPhotoEmpty())):
            self.assertEqual(await self.error(session, head + inner), (400, "INPUT_CONSTRUCTOR_INVALID"))

    async def test_method_cut_short(self) -> None:
        """INPUT_FETCH_ERROR, and the session goes on."""
        session, _ = await self.user()
        whole = encode(history(tl.inputPeerSelf()))
        self.assertEqual(await self.error(session, whole[:-8]), (400, "INPUT_FETCH_ERROR"))
        self.assertEqual(await self.error(session, whole + bytes(4)), (400, "INPUT_FETCH_ERROR"))

    async def test_flood_wait(self) -> None:
        """420 FLOOD_WAIT_ and the seconds, only for who is too fast; other methods go on."""
        session = await self.begun()
        await session.call_raw(wrapped(GET_CONFIG))
        query = encode(tl.auth.sendCode(phone_number="15550009999", api_id=1, api_hash="", settings=tl.codeSettings()))
        for _ in range(40):
            try:
                await session.call_raw(query)
            except CallFailed as failure:
                self.assertEqual(failure.code, 420)
                self.assertRegex(failure.message, r"^FLOOD_WAIT_\d+$")
                break
        else:
            self.fail("nobody was told to wait")
        self.assertEqual(decode(await session.call_raw(GET_CONFIG)).NAME, "config")

    async def test_error_does_not_hide_what_follows(self) -> None:
        """A container of ours has one rpc_error at most, behind everything else: Web A reads no further."""
        session, _ = await self.user()
        frames: list[list[Any]] = []
        unpack = session.core.unpack

        def watched(opened: Any) -> Any:
            messages = unpack(opened)
            frames.append(messages)
            return messages

        session.core.unpack = watched  # type: ignore[method-assign]
        unknown = struct.pack("<I", 0x0BADF00D)
        answers = session.start_calls([unknown, GET_CONFIG, unknown, encode(tl.help.getNearestDc())])
        for answer in answers:
            answer.addErrback(lambda failure: failure.trap(CallFailed) and None)
        await gatherResults(answers)
        for messages in frames:
            errors = [
                index
                for index, one in enumerate(messages)
                if one.constructor_id == 0xF35C6D01 and b"INPUT_" in one.body
            ]
            self.assertIn(errors, ([], [len(messages) - 1]))
