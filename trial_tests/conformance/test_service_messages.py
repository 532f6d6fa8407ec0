"""Page "Service Messages": answers, cancellation, salts, pings."""

import time
from typing import Any

from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.house import ConformanceCase
from trial_tests.conformance.watching import ACK, GET_CONFIG, PING, PONG, RPC_RESULT, Watching, history
from trial_tests.peer.calls import CallFailed, PeerSession


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
        self.assertTrue(400 <= code < 500 and text == text.upper())
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
