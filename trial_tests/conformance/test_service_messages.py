"""Page "Service Messages": answers, cancellation, salts, pings, sessions, containers, gzip, long polls."""

import struct
import time
from typing import Any

from teamgram.mtproto.container import GZIP_PACKED, InnerMessage, pack_gzip
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.house import ConformanceCase
from trial_tests.peer.calls import CallFailed, PeerSession
from trial_tests.peer.connection import PeerConnection

PING = encode(tl.ping(ping_id=7))
GET_CONFIG = encode(tl.help.getConfig())
GET_USERS = encode(tl.users.getUsers(id=[]))
RPC_RESULT = 0xF35C6D01
ACK = 0x62D6B459
PONG = 0x347773C5


def history(peer: Any, limit: int = 100) -> Any:
    """A request that the database answers, so that it is under way for a while."""
    return tl.messages.getHistory(
        peer=peer, offset_id=0, offset_date=0, add_offset=0, limit=limit, max_id=0, min_id=0, hash=0
    )


class Watching(ConformanceCase):
    def watch(self, session: PeerSession) -> list[Any]:
        """Every message of the server's from now on, answers too."""
        seen: list[Any] = []
        take = session.take

        def watched(messages: Any) -> None:
            messages = list(messages)
            seen.extend(messages)
            take(messages)

        session.take = watched  # type: ignore[method-assign]
        return seen


class RpcResultTests(Watching):
    async def test_result_names_its_request(self) -> None:
        """req_msg_id is the msg_id of the query, also for twenty at once."""
        session = await self.begun()
        await session.call(tl.help.getConfig())
        answers = session.start_calls([GET_CONFIG, encode(tl.help.getNearestDc())] * 10)
        names = [decode(await answer).NAME for answer in answers]
        self.assertEqual(names, ["config", "nearestDc"] * 10)

    async def test_error_is_a_result(self) -> None:
        """rpc_error#2144ca19 inside rpc_result, with a code and a text in capitals."""
        session, _ = await self.user()
        seen = self.watch(session)
        code, text = await self.error(session, encode(history(tl.inputPeerEmpty())))
        self.assertTrue(400 <= code <= 501 and text == text.upper())
        self.assertEqual([one.constructor_id for one in seen if one.seq_no % 2], [RPC_RESULT])

    async def test_result_acknowledges_the_request(self) -> None:
        """No msgs_ack comes for what was answered."""
        session = await self.begun()
        seen = self.watch(session)
        for _ in range(3):
            await self.error(session, GET_CONFIG)
        await self.seconds(1.7)
        await self.ping(session)
        self.assertEqual([one for one in seen if one.constructor_id == ACK], [])

    async def test_result_wants_to_be_acknowledged(self) -> None:
        """Not acknowledged, it comes again on the next connection; acknowledged, it does not."""
        session = await self.begun(layer=0, acknowledge=False)
        await session.call_raw(encode(tl.invokeWithLayer(layer=200, query=GET_CONFIG)))
        msg_id = session.core.to_ack[-1]
        seen = self.watch(session)
        session.attach(await self.connect())
        await self.ping(session)
        await self.seconds(0.1)
        self.assertIn(msg_id, [one.msg_id for one in seen])
        session.send(encode(tl.msgs_ack(msg_ids=[msg_id])), content_related=False)
        seen.clear()
        session.attach(await self.connect())
        await self.ping(session)
        await self.seconds(0.1)
        self.assertNotIn(msg_id, [one.msg_id for one in seen])

    async def test_service_answers_have_no_rpc_result(self) -> None:
        """pong and future_salts come as they are."""
        session = await self.begun()
        seen = self.watch(session)
        await self.ping(session)
        await session.call_raw(encode(tl.get_future_salts(num=1)))
        self.assertEqual([one.constructor_id for one in seen], [0x347773C5, 0xAE500895])


class DropAnswerTests(Watching):
    async def drop(self, session: PeerSession, msg_id: int) -> Any:
        return decode(await session.call_raw(encode(tl.rpc_drop_answer(req_msg_id=msg_id))))

    async def test_unknown(self) -> None:
        """rpc_answer_unknown for what was never asked."""
        session = await self.begun()
        self.assertEqual((await self.drop(session, session.core.next_msg_id())).NAME, "rpc_answer_unknown")

    async def test_running(self) -> None:
        """rpc_answer_dropped_running; the request itself is answered in the same words, and never else."""
        session, _ = await self.user()
        seen = self.watch(session)
        query = session.core.message(encode(history(tl.inputPeerSelf())))
        drop = session.core.message(encode(tl.rpc_drop_answer(req_msg_id=query.msg_id)))
        answers = [session.expect(query), session.expect(drop)]
        session.send_messages([query, drop])
        self.assertEqual([decode(await answer).NAME for answer in answers], ["rpc_answer_dropped_running"] * 2)
        await self.seconds(0.2)
        await self.ping(session)
        results = [one.result[0] for one in seen if one.constructor_id == RPC_RESULT]
        self.assertEqual(sorted(results), sorted([query.msg_id, drop.msg_id]))

    async def test_cancelled_before_it_did_anything(self) -> None:
        """A message dropped in the container that sends it is not sent."""
        session, _ = await self.user()
        send = tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="never", random_id=5)
        query = session.core.message(encode(send))
        drop = session.core.message(encode(tl.rpc_drop_answer(req_msg_id=query.msg_id)))
        answers = [session.expect(query), session.expect(drop)]
        session.send_messages([query, drop])
        for answer in answers:
            await answer
        await self.seconds(0.2)
        self.assertEqual((await session.call(history(tl.inputPeerSelf()))).messages, [])

    async def test_answered(self) -> None:
        """rpc_answer_dropped with the answer's id, number and length; it does not come again."""
        session = await self.begun(layer=0, acknowledge=False)
        seen = self.watch(session)
        message = session.core.message(GET_CONFIG)
        try:
            await session.send_call(message)
        except CallFailed:
            pass
        answer = next(one for one in seen if one.constructor_id == RPC_RESULT)
        dropped = await self.drop(session, message.msg_id)
        self.assertEqual(dropped.NAME, "rpc_answer_dropped")
        self.assertEqual(
            (dropped.msg_id, dropped.seq_no, dropped.bytes), (answer.msg_id, answer.seq_no, len(answer.body))
        )
        seen.clear()
        session.attach(await self.connect())
        await self.ping(session)
        await self.seconds(0.1)
        self.assertNotIn(answer.msg_id, [one.msg_id for one in seen])

    async def test_after_the_acknowledgement(self) -> None:
        """Nothing is remembered of it: rpc_answer_unknown."""
        session = await self.begun(layer=0)
        message = session.core.message(GET_CONFIG)
        try:
            await session.send_call(message)
        except CallFailed:
            pass
        await self.ping(session)
        self.assertEqual((await self.drop(session, message.msg_id)).NAME, "rpc_answer_unknown")


class FutureSaltsTests(ConformanceCase):
    async def ask(self, session: PeerSession, num: int) -> tuple[int, Any]:
        message = session.core.message(encode(tl.get_future_salts(num=num)))
        return message.msg_id, decode(await session.send_call(message))

    async def test_as_many_as_asked(self) -> None:
        """At most 64, at least one, oldest first; the answer names the request and the time."""
        session = await self.begun()
        for num, least, most in ((1, 1, 1), (5, 5, 5), (64, 6, 64), (1000, 6, 64), (0, 1, 1), (-1, 1, 64)):
            msg_id, salts = await self.ask(session, num)
            self.assertEqual(salts.req_msg_id, msg_id)
            self.assertLess(abs(salts.now - time.time()), 5)
            self.assertTrue(least <= len(salts.salts) <= most, (num, len(salts.salts)))
            since = [one.valid_since for one in salts.salts]
            self.assertEqual(since, sorted(since))

    async def test_each_overlaps_the_next(self) -> None:
        """A salt is good half an hour longer than it is the newest, so none that was right becomes wrong on the way."""
        _, salts = await self.ask(await self.begun(), 10)
        for one, next_one in zip(salts.salts, salts.salts[1:], strict=False):
            self.assertEqual(next_one.valid_since - one.valid_since, 1800)
            self.assertGreaterEqual(one.valid_until - next_one.valid_since, 1800)

    async def test_they_stay_the_same(self) -> None:
        """A client may keep them over connections and sessions of the key."""
        connection = await self.connect()
        made = await self.key(connection)
        first = (await self.ask(self.open(connection, made), 6))[1].salts
        second = (await self.ask(self.open(await self.connect(), made), 6))[1].salts
        self.assertEqual([one.salt for one in first], [one.salt for one in second])

    async def test_keys_have_their_own(self) -> None:
        """No two keys share a salt."""
        first = (await self.ask(await self.begun(), 6))[1].salts
        second = (await self.ask(await self.begun(), 6))[1].salts
        self.assertFalse({one.salt for one in first} & {one.salt for one in second})


class PingTests(Watching):
    async def test_pong_comes_by_the_same_connection(self) -> None:
        """With the ping's msg_id and its ping_id."""
        session = await self.begun()
        message = session.core.message(encode(tl.ping(ping_id=-(2**63))))
        pong = decode(await session.send_call(message))
        self.assertEqual((pong.msg_id, pong.ping_id), (message.msg_id, -(2**63)))

    async def test_pong_is_not_kept(self) -> None:
        """It does not come again by itself; a ping that comes again after its connection was lost has a new one."""
        session = await self.begun()
        message = session.core.message(PING)
        frame = session.core.seal(message).frame
        seen = self.watch(session)
        session.connection.send_frame(frame)
        await session.wait_for(lambda one: one.constructor_id == PONG)
        session.connection.send_frame(frame)
        await self.ping(session, 8)
        session.attach(await self.connect())
        await self.ping(session, 9)
        self.assertEqual(self.pongs(seen), [7, 8, 9])
        session.attach(await self.connect())
        session.connection.send_frame(frame)
        await self.until(lambda: len(self.pongs(seen)) > 3)
        first, *_, again = [one for one in seen if one.constructor_id == PONG]
        self.assertEqual(first.body, again.body)
        self.assertNotEqual(first.msg_id, again.msg_id)

    def pongs(self, seen: list[Any]) -> list[int]:
        """The ping_ids of those that came."""
        return [decode(one.body).ping_id for one in seen if one.constructor_id == PONG]

    async def test_ping_may_be_of_no_content(self) -> None:
        """An even number is taken: pings need no acknowledgement."""
        session = await self.begun()
        message = session.core.message(PING, content_related=False)
        self.assertEqual(await self.refused(session, message), 0)

    async def test_ping_delay_disconnect(self) -> None:
        """The connection is closed when no ping comes for that long, not before."""
        session = await self.begun()
        delayed = encode(tl.ping_delay_disconnect(ping_id=9, disconnect_delay=1))
        self.assertEqual(decode(await session.call_raw(delayed)).ping_id, 9)
        began = time.monotonic()
        await self.seconds(0.7)
        await session.call_raw(delayed)
        await session.connection.until_closed(5)
        self.assertTrue(1.5 < time.monotonic() - began < 4.5)

    async def test_disconnect_delay_that_moves(self) -> None:
        """The newest delay holds."""
        session = await self.begun()
        await session.call_raw(encode(tl.ping_delay_disconnect(ping_id=9, disconnect_delay=1)))
        await session.call_raw(encode(tl.ping_delay_disconnect(ping_id=9, disconnect_delay=75)))
        await self.seconds(2)
        self.assertFalse(session.connection.closed)


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
        raw: list[InnerMessage] = []
        unpack = session.core.unpack
        session.core.unpack = lambda opened: (raw.append(opened), unpack(opened))[1]  # type: ignore[method-assign]
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
