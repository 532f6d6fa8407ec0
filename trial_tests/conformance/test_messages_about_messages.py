"""Page "Service Messages about Messages": acknowledgements, refusals, states, resending."""

import random
import struct
import time
from typing import Any

from twisted.internet.defer import gatherResults

from teamgram.mtproto.container import InnerMessage
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.watching import ACK, GET_CONFIG, PING, RPC_RESULT, Watching, history
from trial_tests.peer.calls import PeerSession

RECEIVED, FORGOTTEN, NOT_RECEIVED, NOT_YET = 4, 1, 2, 3
LATER = 2**63 - 4
ANSWERED = 4 | 8 | 32 | 64
"""Received, acknowledged, an answer made and sent."""


class AcknowledgementTests(Watching):
    async def test_content_without_an_answer_is_acknowledged(self) -> None:
        """A content-related message that nothing answers is acknowledged within seconds."""
        session = await self.begun()
        seen = self.watch(session)
        info = encode(tl.msgs_all_info(msg_ids=[], info=b""))
        msg_id = session.send(info)
        await session.wait_for(lambda one: one.constructor_id == ACK, 5)
        self.assertIn(msg_id, decode(seen[-1].body).msg_ids)

    async def test_acknowledgements_need_none(self) -> None:
        """msgs_ack is never acknowledged, whatever number it has."""
        session = await self.begun()
        session.send(encode(tl.msgs_ack(msg_ids=[1, 2, 3])), content_related=True)
        await self.seconds(1.7)
        await self.ping(session)
        self.assertEqual(session.received, [])

    async def test_up_to_8192_ids(self) -> None:
        """The page's bound is taken; one more is not read."""
        session = await self.begun()
        session.send(encode(tl.msgs_ack(msg_ids=[5] * 8192)), content_related=False)
        await self.ping(session)
        self.assertEqual(session.received, [])
        message = session.core.message(encode(tl.msgs_ack(msg_ids=[5] * 8193)), content_related=False)
        session.connection.send_frame(session.core.seal(message).frame)
        await session.wait_for(lambda one: one.constructor_id == RPC_RESULT and b"INPUT_FETCH_ERROR" in one.body)

    async def test_foreign_ids_do_nothing(self) -> None:
        """Ids of messages that were never sent, or the client's own."""
        session = await self.begun()
        session.send(encode(tl.msgs_ack(msg_ids=[0, -1, session.core.next_msg_id(), 2**63 - 1])), content_related=False)
        self.assertEqual((await self.ping(session)).ping_id, 1)


class RefusalTests(Watching):
    async def test_refused_message_can_come_again(self) -> None:
        """What was refused did not run and is not remembered: mended, it is taken."""
        session, _ = await self.user()
        send = encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="mended", random_id=3))
        bad = session.core.message(send, seq_no=2 * session.core.content_messages)
        session.core.content_messages += 1
        self.assertEqual(await self.refused(session, bad), 35)
        self.assertEqual(await self.refused(session, bad._replace(seq_no=bad.seq_no + 1)), 0)
        self.assertEqual(len((await session.call(history(tl.inputPeerSelf()))).messages), 1)

    async def test_refusal_wants_no_acknowledgement(self) -> None:
        """bad_msg_notification and bad_server_salt are even."""
        session = await self.begun(follow_salt=False)
        seen = self.watch(session)
        await self.refused(session, session.core.message(PING, msg_id=session.core.next_msg_id() | 1))
        session.connection.send_frame(session.core.seal(session.core.message(PING), salt=1).frame)
        await session.wait_for_object("bad_server_salt")
        self.assertEqual([one.seq_no % 2 for one in seen], [0, 0])

    async def test_one_bad_message_in_a_container(self) -> None:
        """It is refused by itself, the others are answered."""
        session = await self.begun()
        good = session.core.message(PING)
        bad = session.core.message(GET_CONFIG, seq_no=2 * session.core.content_messages)
        answer = session.expect(good)
        session.send_messages([good, bad])
        self.assertEqual(decode(await answer).NAME, "pong")
        refused = await session.wait_for_object("bad_msg_notification")
        self.assertEqual((refused.bad_msg_id, refused.error_code), (bad.msg_id, 35))

    async def test_container_that_cannot_be_read(self) -> None:
        """64: a count or a length that does not fit; nothing in it runs."""
        session = await self.begun()
        for body in (
            struct.pack("<II", 0x73F1F8DC, 5),
            struct.pack("<IIqii", 0x73F1F8DC, 1, session.core.next_msg_id(), 1, 400) + PING,
            struct.pack("<IIqii", 0x73F1F8DC, 1, session.core.next_msg_id(), 1, 6) + PING,
        ):
            message = session.core.message(body, content_related=False)
            self.assertEqual(await self.refused(session, message), 64)
        await self.ping(session)

    async def test_container_with_a_known_id(self) -> None:
        """19: the container has the id of a message that came before."""
        session = await self.begun()
        first = session.core.message(PING)
        await self.refused(session, first)
        inner = session.core.message(PING, msg_id=first.msg_id - 8, seq_no=first.seq_no - 2)
        container = session.core.container([inner], msg_id=first.msg_id)
        self.assertEqual(await self.refused(session, container), 19)

    async def test_too_old_to_know(self) -> None:
        """20: older than all the ids that are remembered, so it may have come before; it is not run."""
        session, _ = await self.user()
        send = encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="perhaps again", random_id=4))
        late = session.core.message(send)
        for _ in range(3):
            await gatherResults(session.start_calls([PING] * 1000))
        self.assertEqual(await self.refused(session, late), 20)
        self.assertEqual((await session.call(history(tl.inputPeerSelf()))).messages, [])


class DuplicateTests(Watching):
    async def test_duplicate_is_not_executed_again(self) -> None:
        """The same message over the same and another connection: one message is written."""
        session, _ = await self.user()
        send = encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="once", random_id=9))
        message = session.core.message(send)
        answer = session.expect(message)
        frame = session.core.seal(message).frame
        session.connection.send_frame(frame)
        session.connection.send_frame(frame)
        await answer
        session.attach(await self.connect())
        session.connection.send_frame(frame)
        await self.ping(session)
        self.assertEqual(len((await session.call(history(tl.inputPeerSelf()))).messages), 1)

    async def test_duplicate_gets_the_answer_again(self) -> None:
        """While it is not acknowledged: under its own id, in a container."""
        session, _ = await self.user()
        session.acknowledge = False
        seen = self.watch(session)
        message = session.core.message(encode(tl.help.getNearestDc()))
        await session.send_call(message)
        first = next(one for one in seen if one.constructor_id == RPC_RESULT)
        session.connection.send_frame(session.core.seal(message).frame)
        await self.ping(session)
        again = [one for one in seen if one.constructor_id == RPC_RESULT and one.result[0] == message.msg_id]
        self.assertEqual([one.msg_id for one in again], [first.msg_id] * 2)
        self.assertNotEqual(again[1].frame_msg_id, first.msg_id)

    async def test_acknowledged_answer_does_not_come_again(self) -> None:
        """The client has it."""
        session, _ = await self.user()
        message = session.core.message(encode(tl.help.getNearestDc()))
        await session.send_call(message)
        await self.ping(session)
        seen = self.watch(session)
        session.connection.send_frame(session.core.seal(message).frame)
        await self.ping(session)
        self.assertNotIn(RPC_RESULT, [one.constructor_id for one in seen])

    async def test_long_answer_is_described(self) -> None:
        """msg_detailed_info instead of 64 KiB again; the client asks for it by msg_resend_req."""
        session, _ = await self.user()
        chance = random.Random(1)
        for number in range(24):
            text = "".join(chr(0x4E00 + chance.randrange(20000)) for _ in range(4000))
            await session.call(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message=text, random_id=number + 1))
        session.acknowledge = False
        seen = self.watch(session)
        message = session.core.message(encode(history(tl.inputPeerSelf())))
        await session.send_call(message)
        answer = next(one for one in seen if one.constructor_id == RPC_RESULT)
        session.connection.send_frame(session.core.seal(message).frame)
        described = await session.wait_for_object("msg_detailed_info")
        self.assertEqual((described.msg_id, described.answer_msg_id), (message.msg_id, answer.msg_id))
        self.assertGreater(described.bytes, 64 << 10)
        seen.clear()
        session.send(encode(tl.msg_resend_req(msg_ids=[answer.msg_id])))
        await self.ping(session)
        self.assertIn(answer.msg_id, [one.msg_id for one in seen])


class StateTests(Watching):
    async def states(self, session: PeerSession, *msg_ids: int) -> list[int]:
        msg_id = session.send(encode(tl.msgs_state_req(msg_ids=list(msg_ids))))
        name = await self._info(session, msg_id)
        return list(name.info)

    async def _info(self, session: PeerSession, msg_id: int) -> Any:
        found: list[Any] = []

        def accept(one: Any) -> bool:
            if one.constructor_id != 0x04DEB57D:
                return False
            obj = decode(one.body)
            if obj.req_msg_id != msg_id:
                return False
            found.append(obj)
            return True

        await session.wait_for(accept)
        return found[0]

    async def test_states(self) -> None:
        """1 forgotten or too old, 2 not received, 3 not yet, 4 received with what became of it."""
        session = await self.begun()
        skipped = session.core.next_msg_id()
        answered = session.core.message(GET_CONFIG)
        try:
            await session.send_call(answered)
        except Exception as error:
            self.assertIn("CONNECTION_NOT_INITED", str(error))
        pinged = session.core.message(PING)
        await self.refused(session, pinged)
        old = int((time.time() - 280) * 2**32) & ~3
        states = await self.states(session, old, skipped, pinged.msg_id, answered.msg_id, LATER)
        self.assertEqual([state & 7 for state in states], [FORGOTTEN, NOT_RECEIVED, RECEIVED, RECEIVED, NOT_YET])
        self.assertEqual(states[3], ANSWERED)
        self.assertEqual(states[2], RECEIVED | 16)

    async def test_running_request(self) -> None:
        """Received, an answer is being made: 4 and 32."""
        session, _ = await self.user()
        query = session.core.message(encode(history(tl.inputPeerSelf())))
        ask = session.core.message(encode(tl.msgs_state_req(msg_ids=[query.msg_id])))
        answer = session.expect(query)
        session.send_messages([query, ask])
        self.assertEqual(list((await self._info(session, ask.msg_id)).info), [4 | 32])
        await answer

    async def test_one_byte_for_each(self) -> None:
        """In the order of the ids asked about, also thousands, also none."""
        session = await self.begun()
        for count in (0, 1, 300, 8192):
            self.assertEqual(await self.states(session, *[LATER] * count), [NOT_YET] * count)

    async def test_asking_changes_nothing(self) -> None:
        """A request asked about is neither run nor answered by it."""
        session = await self.begun()
        unsent = session.core.message(GET_CONFIG)
        self.assertEqual((await self.states(session, unsent.msg_id))[0] & 7, NOT_RECEIVED)
        self.assertEqual([one for one in session.received if one.constructor_id == RPC_RESULT], [])

    async def test_states_told_unasked(self) -> None:
        """msgs_all_info, msgs_state_info and both detailed infos from a client are taken and disturb nothing."""
        session = await self.begun()
        for body in (
            encode(tl.msgs_all_info(msg_ids=[5, 9], info=b"\4\4")),
            encode(tl.msgs_state_info(req_msg_id=5, info=b"\4")),
            encode(tl.msg_detailed_info(msg_id=4, answer_msg_id=5, bytes=40, status=0)),
            encode(tl.msg_new_detailed_info(answer_msg_id=5, bytes=40, status=0)),
        ):
            session.send(body, content_related=False)
        await self.ping(session)
        self.assertEqual(session.received, [])


class ResendTests(Watching):
    async def unacknowledged(self) -> tuple[PeerSession, list[Any], InnerMessage, Any]:
        """A session, what it sees, a request, and its answer that was not acknowledged."""
        session, _ = await self.user()
        await self.ping(session)
        session.acknowledge = False
        seen = self.watch(session)
        message = session.core.message(encode(tl.help.getNearestDc()))
        await session.send_call(message)
        return session, seen, message, next(one for one in seen if one.constructor_id == RPC_RESULT)

    async def test_msg_resend_req(self) -> None:
        """The message comes at once, as it was."""
        session, seen, _, answer = await self.unacknowledged()
        seen.clear()
        session.send(encode(tl.msg_resend_req(msg_ids=[answer.msg_id])))
        await self.ping(session)
        self.assertIn((answer.msg_id, answer.seq_no, answer.body), [one[:3] for one in seen])

    async def test_msg_resend_req_of_what_is_gone(self) -> None:
        """States instead."""
        session = await self.begun()
        session.send(encode(tl.msg_resend_req(msg_ids=[5, 9])))
        self.assertEqual(len((await session.wait_for_object("msgs_state_info")).info), 2)

    async def test_msg_resend_ans_req(self) -> None:
        """The answers to these requests, and their states."""
        session, seen, message, answer = await self.unacknowledged()
        seen.clear()
        session.send(struct.pack("<I", 0x8610BAEB) + encode(tl.msg_resend_req(msg_ids=[message.msg_id]))[4:])
        info = await session.wait_for_object("msgs_state_info")
        await self.ping(session)
        self.assertIn(answer.msg_id, [one.msg_id for one in seen])
        self.assertEqual(info.info[0] & 7, RECEIVED)

    async def test_resent_on_a_new_connection(self) -> None:
        """Everything that was not acknowledged, updates too, without being asked."""
        session, user = await self.user()
        friend, _ = await self.user()
        session.acknowledge = False
        await self.say(friend, user, "not acknowledged")
        await self.hears(session, "not acknowledged")
        first = next(one for one in session.received if b"not acknowledged" in one.body)
        session.received.clear()
        session.attach(await self.connect())
        await self.ping(session)
        await self.hears(session, "not acknowledged")
        again = next(one for one in session.received if b"not acknowledged" in one.body)
        self.assertEqual((again.msg_id, again.seq_no), (first.msg_id, first.seq_no))

    async def test_resent_comes_in_a_container(self) -> None:
        """Its id is old: alone it would be out of order."""
        session, seen, _, answer = await self.unacknowledged()
        seen.clear()
        session.attach(await self.connect())
        await self.ping(session)
        again = next(one for one in seen if one.msg_id == answer.msg_id)
        self.assertNotEqual(again.frame_msg_id, again.msg_id)
