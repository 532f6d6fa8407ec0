"""Page "Service Messages": sessions and keys, packed objects, copies, long polls."""

import struct
import time
from typing import Any

from teamgram.mtproto.container import GZIP_PACKED, pack_gzip
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.house import ConformanceCase
from trial_tests.conformance.watching import GET_CONFIG, PING, RPC_RESULT, Watching, history
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.connection import PeerConnection


class DestroySessionTests(Watching):
    async def test_another_session_of_the_key(self) -> None:
        """destroy_session_ok, and its session is new when it comes again."""
        connection = await self.connect()
        made = await self.key(connection)
        first, second = self.open(connection, made), self.open(connection, made)
        await self.ping(first)
        await self.ping(second)
        await second.wait_for_object("new_session_created")
        first.send(encode(tl.destroy_session(session_id=second.core.session_id)))
        self.assertEqual((await first.wait_for_object("destroy_session_ok")).session_id, second.core.session_id)
        second.received.clear()
        await self.ping(second)
        await second.wait_for_object("new_session_created")

    async def test_unknown_session(self) -> None:
        """destroy_session_none, with its id."""
        session = await self.begun()
        session.send(encode(tl.destroy_session(session_id=4711)))
        self.assertEqual((await session.wait_for_object("destroy_session_none")).session_id, 4711)

    async def test_the_session_that_asks(self) -> None:
        """It cannot destroy itself."""
        session = await self.begun()
        session.send(encode(tl.destroy_session(session_id=session.core.session_id)))
        await session.wait_for_object("destroy_session_none")
        await self.ping(session)

    async def test_another_keys_session(self) -> None:
        """Session ids belong to their key: nobody ends a stranger's."""
        session, stranger = await self.begun(), await self.begun()
        session.send(encode(tl.destroy_session(session_id=stranger.core.session_id)))
        await session.wait_for_object("destroy_session_none")
        await self.ping(stranger)
        self.assertEqual(stranger.received, [])

    async def test_answers_that_wait_go_with_it(self) -> None:
        """What the destroyed session still had to get does not come in the new one of that id."""
        connection = await self.connect()
        made = await self.key(connection)
        first = self.open(connection, made)
        lost = self.open(await self.connect(), made, acknowledge=False, layer=0)
        await self.error(lost, GET_CONFIG)
        await lost.connection.close()
        first.send(encode(tl.destroy_session(session_id=lost.core.session_id)))
        await first.wait_for_object("destroy_session_ok")
        lost.attach(await self.connect())
        seen = self.watch(lost)
        await self.ping(lost)
        await lost.wait_for_object("new_session_created")
        self.assertNotIn(RPC_RESULT, [one.constructor_id for one in seen])


class DestroyKeyTests(ConformanceCase):
    async def test_answered_then_gone(self) -> None:
        """destroy_auth_key_ok comes under the key, then the key is unknown: -404."""
        connection = await self.connect()
        made = await self.key(connection)
        session = self.open(connection, made)
        session.send(encode(tl.destroy_auth_key()))
        await session.wait_for_object("destroy_auth_key_ok")
        await connection.until_closed()
        again = await self.connect()
        self.open(again, made).send(PING)
        event = await again.next_event()
        self.assertEqual(getattr(event, "code", None), -404)

    async def test_answered_over_http(self) -> None:
        """Also when the request would have waited for more to say: nothing more will come."""
        session = await self.begun("http")
        destroy = session.core.message(encode(tl.destroy_auth_key()))
        body = encode(tl.http_wait(max_delay=500, wait_after=150, max_wait=3000))
        session.send_messages([destroy, session.core.message(body, content_related=False)])
        await session.wait_for_object("destroy_auth_key_ok", within=2)

    async def test_other_keys_stay(self) -> None:
        """A permanent key's end is nobody else's."""
        connection = await self.connect()
        doomed, other = self.open(connection, await self.key(connection)), await self.begun()
        doomed.send(encode(tl.destroy_auth_key()))
        await doomed.wait_for_object("destroy_auth_key_ok")
        self.assertEqual((await self.ping(other)).ping_id, 1)


class NewSessionTests(Watching):
    async def test_told_with_the_first_message(self) -> None:
        """first_msg_id is the first message's, server_salt the current one."""
        session = await self.session()
        msg_id = session.send(PING)
        created = await session.wait_for_object("new_session_created")
        self.assertEqual((created.first_msg_id, created.server_salt), (msg_id, session.core.salt))
        self.assertNotEqual(created.unique_id, 0)

    async def test_told_once(self) -> None:
        """Until the session is forgotten: another connection is no new session."""
        session = await self.begun()
        seen = self.watch(session)
        for _ in range(3):
            session.attach(await self.connect())
            await self.ping(session)
        self.assertEqual([one for one in seen if one.constructor_id == 0x9EC20908], [])

    async def test_unique_ids_differ(self) -> None:
        """Each creation has an id of its own."""
        ids = set()
        for _ in range(4):
            session = await self.session()
            session.send(PING)
            ids.add((await session.wait_for_object("new_session_created")).unique_id)
        self.assertEqual(len(ids), 4)

    async def test_smallest_of_a_container(self) -> None:
        """What is older than first_msg_id is sent again by clients, so it is the smallest in a first container."""
        session = await self.session()
        messages = [session.core.message(PING), session.core.message(PING)]
        session.send_messages(messages)
        created = await session.wait_for_object("new_session_created")
        self.assertEqual(created.first_msg_id, messages[0].msg_id)

    async def test_wants_an_acknowledgement(self) -> None:
        """It is content-related and comes again until it is acknowledged."""
        session = await self.session(acknowledge=False)
        await self.ping(session)
        created = await session.wait_for(lambda one: one.constructor_id == 0x9EC20908)
        self.assertEqual(created.seq_no % 2, 1)
        seen = self.watch(session)
        session.attach(await self.connect())
        await self.ping(session)
        await self.seconds(0.1)
        self.assertIn(created.msg_id, [one.msg_id for one in seen])


class GzipTests(Watching):
    async def test_packed_query(self) -> None:
        """A query may come in gzip_packed, alone or in a container or inside wrappers."""
        session = await self.begun()
        await session.call(tl.help.getConfig())
        for body in (
            pack_gzip(GET_CONFIG),
            pack_gzip(encode(tl.invokeWithLayer(layer=200, query=GET_CONFIG))),
            encode(tl.invokeWithLayer(layer=200, query=pack_gzip(GET_CONFIG))),
        ):
            self.assertEqual(decode(await session.call_raw(body)).NAME, "config")
        for answer in session.start_calls([pack_gzip(GET_CONFIG), pack_gzip(PING)]):
            await answer

    async def test_packed_answer(self) -> None:
        """A long result comes packed when that makes it shorter; it unpacks to what it is."""
        session, _ = await self.user()
        for number in range(20):
            text = "the same words again and again " * 10
            await session.call(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message=text, random_id=number + 1))
        session.core.to_ack.clear()
        raw: list[Any] = []
        unpack = session.core.unpack

        def watch(opened: Any) -> Any:
            raw.append(opened)
            return unpack(opened)

        session.core.unpack = watch  # type: ignore[method-assign]
        got = await session.call(history(tl.inputPeerSelf()))
        self.assertEqual(len(got.messages), 20)
        packed = [one.body for one in raw if struct.pack("<I", GZIP_PACKED) in one.body]
        self.assertEqual(len(packed), 1)
        self.assertLess(len(packed[0]), 3000)

    async def test_broken_gzip(self) -> None:
        """What does not unpack fails alone, and the session goes on."""
        session = await self.begun()
        for body in (struct.pack("<I", GZIP_PACKED) + b"\x07garbage", struct.pack("<I", GZIP_PACKED) + bytes(4)):
            self.assertEqual(await self.refused(session, session.core.message(body)), 64)
        await self.ping(session)

    async def test_bomb(self) -> None:
        """Ten kilobytes that would become ten megabytes are refused."""
        session = await self.begun()
        bomb = pack_gzip(bytes(10 << 20), 9)
        self.assertLess(len(bomb), 20_000)
        self.assertEqual(await self.refused(session, session.core.message(bomb)), 64)

    async def test_nothing_packed_twice(self) -> None:
        """gzip_packed in gzip_packed, or a container in one, is refused."""
        session = await self.begun()
        self.assertEqual(await self.refused(session, session.core.message(pack_gzip(pack_gzip(PING)))), 64)


class MessageCopyTests(ConformanceCase):
    async def test_copy_is_its_message(self) -> None:
        """msg_copy stands for the message in it: answered under that one's id."""
        session = await self.begun()
        inner = session.core.message(PING)
        answer = session.expect(inner)
        copy = struct.pack("<Iqii", 0xE06046B2, inner.msg_id, inner.seq_no, len(inner.body)) + inner.body
        session.send(copy, content_related=False)
        self.assertEqual(decode(await answer).msg_id, inner.msg_id)

    async def test_copy_of_what_was_received(self) -> None:
        """It is a duplicate: nothing runs twice."""
        session, _ = await self.user()
        send = encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="once", random_id=77))
        inner = session.core.message(send)
        await session.send_call(inner)
        copy = struct.pack("<Iqii", 0xE06046B2, inner.msg_id, inner.seq_no, len(inner.body)) + inner.body
        session.send(copy, content_related=False)
        self.assertEqual(len((await session.call(history(tl.inputPeerSelf()))).messages), 1)


class HttpWaitTests(ConformanceCase):
    async def polling(self) -> tuple[PeerSession, PeerConnection, Any]:
        session, user = await self.user("http")
        return session, session.connection, user

    def wait(self, session: PeerSession, *, max_delay: int = 0, wait_after: int = 0, max_wait: int = 25000) -> None:
        body = encode(tl.http_wait(max_delay=max_delay, wait_after=wait_after, max_wait=max_wait))
        session.send(body, content_related=False)

    async def settle(self, session: PeerSession) -> None:
        """No request is left waiting."""
        carrier: Any = session.connection.carrier
        for _ in range(20):
            if not carrier.waiting:
                return
            await self.ping(session)
            await self.seconds(0.02)

    async def test_max_wait(self) -> None:
        """With nothing to say the request is answered, with an empty container, when max_wait is over."""
        session, connection, _ = await self.polling()
        carrier: Any = connection.carrier
        await self.settle(session)
        began, answered = time.monotonic(), len(carrier.statuses)
        self.wait(session, max_wait=400)
        while len(carrier.statuses) == answered:
            await self.seconds(0.02)
        self.assertTrue(0.35 < time.monotonic() - began < 2)

    async def test_negative_delays(self) -> None:
        """TL's int has a sign: less than nothing to wait is nothing."""
        session, connection, _ = await self.polling()
        carrier: Any = connection.carrier
        await self.settle(session)
        self.wait(session, max_delay=-1, wait_after=-1, max_wait=-1)
        await self.seconds(0.2)
        self.assertEqual(carrier.waiting, 0)

    async def test_update_ends_the_wait(self) -> None:
        """What comes meanwhile is brought at once when max_delay and wait_after are 0."""
        session, _, user = await self.polling()
        friend, _ = await self.user()
        self.wait(session)
        await self.seconds(0.05)
        began = time.monotonic()
        await self.say(friend, user, "to the poller")
        await self.hears(session, "to the poller")
        self.assertLess(time.monotonic() - began, 2)

    async def test_max_delay(self) -> None:
        """The answer may wait so long for more; wait_after counts from the newest message."""
        session, _, user = await self.polling()
        friend, _ = await self.user()
        await self.settle(session)
        self.wait(session, max_delay=600, wait_after=600)
        await self.seconds(0.05)
        began = time.monotonic()
        await self.say(friend, user, "held back a little")
        await self.hears(session, "held back a little")
        self.assertTrue(0.3 < time.monotonic() - began < 3, time.monotonic() - began)

    async def test_ignored_over_tcp(self) -> None:
        """http_wait on a stream means nothing, and is no fault."""
        session = await self.begun()
        self.wait(session, max_wait=10)
        await self.ping(session)
        self.assertEqual(session.received, [])

    async def test_results_wait_for_the_next_request(self) -> None:
        """A result that found no request waiting comes with the next one."""
        session, _ = await self.user()
        message = session.core.message(encode(history(tl.inputPeerSelf())))
        answer = session.expect(message)
        session.connection.carrier.pauseProducing()
        session.connection.send_frame(session.core.seal(message).frame)
        await self.seconds(0.3)
        session.connection.carrier.abortConnection()
        session.attach(self.http())
        await self.ping(session)
        await self.ping(session)
        self.assertTrue(answer.called)
