"""Page "Mobile Protocol: Detailed Description": sessions, salts, identifiers, numbers, the envelope."""

import os
import struct
import time
from collections.abc import Iterable
from hashlib import sha1

from teamgram.mtproto.container import MSG_CONTAINER, pack_message
from teamgram.mtproto.envelope import AuthKey, pack_plain, unpack_plain
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.house import WAYS, ConformanceCase, key_id
from trial_tests.peer.calls import CallFailed
from trial_tests.peer.envelope import open_frame, seal_payload
from trial_tests.peer.session import Received
from trial_tests.peer.transports import Frame, TransportError

PING = encode(tl.ping(ping_id=7))
GET_CONFIG = encode(tl.help.getConfig())


class MessageIdTests(ConformanceCase):
    async def test_client_ids_divide_by_four(self) -> None:
        """An id with any of the low two bits set is refused with 18."""
        session = await self.begun()
        for low in (1, 2, 3):
            message = session.core.message(PING, msg_id=session.core.next_msg_id() | low)
            self.assertEqual(await self.refused(session, message), 18)

    async def test_more_than_300_seconds_ago(self) -> None:
        """16; 290 seconds ago is good, in a session that begins with it."""
        session = await self.begun()
        message = session.core.message(PING, msg_id=int((time.time() - 310) * 2**32) & ~3)
        self.assertEqual(await self.refused(session, message), 16)
        early = await self.session()
        early.core.time_offset = -290
        self.assertEqual((await self.ping(early)).ping_id, 1)

    async def test_more_than_30_seconds_ahead(self) -> None:
        """17; 25 seconds ahead is good."""
        session = await self.begun()
        message = session.core.message(PING, msg_id=int((time.time() + 40) * 2**32) & ~3)
        self.assertEqual(await self.refused(session, message), 17)
        ahead = await self.session()
        ahead.core.time_offset = 25
        self.assertEqual((await self.ping(ahead)).ping_id, 1)

    async def test_refusal_names_the_message(self) -> None:
        """bad_msg_notification carries the id and the number of what it refuses."""
        session = await self.begun()
        msg_id = session.core.next_msg_id() | 1
        session.send_messages([session.core.message(PING, msg_id=msg_id, seq_no=77)])
        refused = await session.wait_for_object("bad_msg_notification")
        self.assertEqual((refused.bad_msg_id, refused.bad_msg_seqno, refused.error_code), (msg_id, 77, 18))

    async def test_server_ids_say_what_they_are(self) -> None:
        """Remainder 1 for answers, 3 for what nobody asked for; they grow, and are near the time."""
        ada, _ = await self.user()
        _, bob_user = await self.user()
        session = ada
        taken: list[Received] = []
        take = session.take

        def watch(messages: Iterable[Received]) -> None:
            every = list(messages)
            taken.extend(every)
            take(every)

        session.take = watch  # type: ignore[method-assign]
        second = self.open(await self.connect(), await self.key())
        bob, user = second, await self.sign_up(second)
        await self.say(bob, bob_user, "for somebody else")
        await session.call(tl.contacts.importContacts(contacts=[]))
        await self.say(session, user, "to bob")
        await bob.call(tl.updates.getState())
        await self.say(session, user, "and an update for bob")
        await self.hears(bob, "and an update for bob")
        updates = [one for one in bob.received if b"and an update for bob" in one.body]
        self.assertEqual([one.msg_id % 4 for one in updates], [3])
        self.assertEqual({one.msg_id % 4 for one in taken if one.constructor_id == 0xF35C6D01}, {1})
        ids = [one.frame_msg_id for one in taken]
        self.assertEqual(ids, sorted(ids))
        self.assertTrue(all(abs((one >> 32) - time.time()) < 10 for one in ids))

    async def test_container_id_is_greater_than_those_inside(self) -> None:
        """A container whose id is not greater than an inner one is refused whole, with 64."""
        session = await self.begun()
        low = session.core.next_msg_id()
        inner = session.core.message(PING)
        self.assertEqual(await self.refused(session, session.core.container([inner], msg_id=low)), 64)

    async def test_fraction_of_a_second_may_be_anything(self) -> None:
        """Ids of whole seconds are taken: clients with coarse clocks send them."""
        session = await self.session()
        message = session.core.message(PING, msg_id=int(time.time()) << 32)
        self.assertEqual(await self.refused(session, message), 0)


class SequenceNumberTests(ConformanceCase):
    async def test_content_related_must_be_odd(self) -> None:
        """A query with an even number is refused with 35."""
        session = await self.begun()
        message = session.core.message(GET_CONFIG, seq_no=2 * session.core.content_messages)
        self.assertEqual(await self.refused(session, message), 35)

    async def test_container_must_be_even(self) -> None:
        """A container with an odd number is refused with 34."""
        session = await self.begun()
        inner = session.core.message(PING)
        container = session.core.container([inner])._replace(seq_no=inner.seq_no + 2)
        self.assertEqual(await self.refused(session, container), 34)

    async def test_number_too_low(self) -> None:
        """A newer message with a number below an older one's is refused with 32."""
        session = await self.begun()
        session.core.content_messages = 10
        await self.ping(session)
        self.assertEqual(await self.refused(session, session.core.message(PING, seq_no=3)), 32)

    async def test_number_too_high(self) -> None:
        """An older message with a number above a newer one's is refused with 33."""
        session = await self.begun()
        old = session.core.next_msg_id()
        await self.ping(session)
        self.assertEqual(await self.refused(session, session.core.message(PING, msg_id=old, seq_no=101)), 33)

    async def test_late_message_in_order_is_taken(self) -> None:
        """Messages may overtake each other on the way."""
        session = await self.begun()
        first, second = session.core.message(PING), session.core.message(PING)
        self.assertEqual(await self.refused(session, second), 0)
        self.assertEqual(await self.refused(session, first), 0)

    async def test_server_counts_its_content(self) -> None:
        """Answers are odd and count up by two; what needs no acknowledgement is even."""
        session = await self.session(layer=0)
        await self.ping(session)
        created = await session.wait_for(lambda one: one.constructor_id == 0x9EC20908)
        self.assertEqual(created.seq_no, 1)
        numbers: list[tuple[int, int]] = []
        take = session.take

        def watch(messages: Iterable[Received]) -> None:
            every = list(messages)
            numbers.extend((one.constructor_id, one.seq_no) for one in every)
            take(every)

        session.take = watch  # type: ignore[method-assign]
        for _ in range(3):
            await self.error(session, GET_CONFIG)
            await self.ping(session)
        self.assertEqual([number for kind, number in numbers if kind == 0xF35C6D01], [3, 5, 7])
        self.assertEqual([number % 2 for kind, number in numbers if kind == 0x347773C5], [0, 0, 0])


class SessionTests(ConformanceCase):
    async def test_answer_is_for_the_session_that_asked(self) -> None:
        """Two sessions of one key on one connection are told apart by session_id alone."""
        connection = await self.connect()
        made = await self.key(connection)
        first, second = self.open(connection, made), self.open(connection, made)
        self.assertEqual([(await self.ping(one, 5 + n)).ping_id for n, one in enumerate((first, second))], [5, 6])

    async def test_session_id_is_any_number(self) -> None:
        """Also 0 and the largest."""
        connection = await self.connect()
        made = await self.key(connection)
        for session_id in (0, -1, 2**63 - 1):
            self.assertEqual((await self.ping(self.open(connection, made, session_id=session_id))).ping_id, 1)

    async def test_many_sessions_of_a_key(self) -> None:
        """Twenty of them, each on a connection of its own, by every way in."""
        made = await self.key()
        sessions = [self.open(await self.come(WAYS[n % len(WAYS)]), made) for n in range(20)]
        self.assertEqual([(await self.ping(one, n)).ping_id for n, one in enumerate(sessions)], list(range(20)))

    async def test_session_goes_on_over_another_connection(self) -> None:
        """Numbers, answers and updates belong to the session: it moves from TCP to WebSocket and back."""
        session, _ = await self.user()
        other, other_user = await self.user()
        me = (await session.call(tl.users.getUsers(id=[tl.inputUserSelf()])))[0]
        await session.connection.close()
        await self.say(other, me, "while you were away")
        session.attach(await self.websocket())
        await self.ping(session)
        await self.hears(session, "while you were away")
        session.attach(await self.connect("intermediate"))
        self.assertEqual((await session.call(tl.updates.getState())).NAME, "updates.state")
        await self.say(session, other_user, "back on TCP")
        await self.hears(other, "back on TCP")
        self.assertEqual([one for one in session.received if one.constructor_id == 0x9EC20908][1:], [])

    async def test_answer_leaves_by_the_connection_last_used(self) -> None:
        """Two connections carry a session: the one that a message came by gets its answer."""
        session = await self.begun()
        first, second = session.connection, await self.connect()
        session.attach(second)
        await self.ping(session)
        seen = first.received_bytes
        await self.ping(session)
        self.assertEqual(first.received_bytes, seen)
        session.attach(first)
        await self.ping(session)
        self.assertGreater(first.received_bytes, seen)

    async def test_two_keys_on_one_connection(self) -> None:
        """Each frame names its key."""
        connection = await self.connect()
        first = self.open(connection, await self.key(connection))
        second = self.open(connection, await self.key(connection))
        self.assertEqual((await self.ping(first, 1)).ping_id, 1)
        self.assertEqual((await self.ping(second, 2)).ping_id, 2)


class SaltTests(ConformanceCase):
    async def test_wrong_salt(self) -> None:
        """bad_server_salt with 48 and the right one, and the request did not run."""
        session = await self.session(follow_salt=False)
        right = session.core.salt
        session.core.salt = 0
        msg_id = session.send(GET_CONFIG)
        refused = await session.wait_for_object("bad_server_salt")
        self.assertEqual((refused.bad_msg_id, refused.error_code), (msg_id, 48))
        self.assertEqual(refused.new_server_salt, right)
        self.assertEqual([one.constructor_id for one in session.received], [0xEDAB447B])

    async def test_refused_request_runs_once(self) -> None:
        """Sent again with the right salt, under its old id, it is answered once."""
        session, _ = await self.user()
        _, friend = await self.user()
        right, session.core.salt = session.core.salt, 5
        session.follow_salt = False
        peer = tl.inputPeerUser(user_id=friend.id, access_hash=friend.access_hash)
        query = encode(tl.messages.sendMessage(peer=peer, message="only once", random_id=1234))
        message = session.core.message(query)
        session.send_messages([message])
        await session.wait_for_object("bad_server_salt")
        session.core.salt = right
        await session.send_call(message)
        history = await session.call(
            tl.messages.getHistory(
                peer=peer, offset_id=0, offset_date=0, add_offset=0, limit=10, max_id=0, min_id=0, hash=0
            )
        )
        self.assertEqual([one.message for one in history.messages], ["only once"])

    async def test_refused_container_runs_nothing(self) -> None:
        """A wrong salt refuses all that is in the container; the notification names the container."""
        session = await self.begun(follow_salt=False)
        session.core.salt += 1
        inner = [session.core.message(PING), session.core.message(GET_CONFIG)]
        container = session.core.container(inner)
        session.connection.send_frame(session.core.seal(container).frame)
        refused = await session.wait_for_object("bad_server_salt")
        self.assertEqual(refused.bad_msg_id, container.msg_id)
        session.core.salt -= 1
        await self.ping(session)
        self.assertEqual([one.constructor_id for one in session.received], [0xEDAB447B])

    async def test_first_salt_is_of_the_nonces(self) -> None:
        """A client that computes it is never refused."""
        session = await self.session(follow_salt=False)
        self.assertEqual((await self.ping(session)).ping_id, 1)

    async def test_server_sends_the_current_salt(self) -> None:
        """In the head of every frame of its own."""
        session = await self.begun()
        session.connection.sessions.remove(session)
        session.send(PING)
        frame = await session.connection.next_event()
        assert isinstance(frame, Frame)
        self.assertEqual(open_frame(session.core.auth_key, frame.payload).salt, session.core.salt)

    async def test_future_salts_are_accepted_in_their_time(self) -> None:
        """The one that is valid now is; one that is not valid yet is refused with 48."""
        session = await self.begun(follow_salt=False)
        future = decode(await session.call_raw(encode(tl.get_future_salts(num=5))))
        now = int(time.time())
        later = [one for one in future.salts if one.valid_since > now + 60]
        valid = [one for one in future.salts if one.valid_since <= now < one.valid_until]
        self.assertTrue(later and valid)
        for salt in valid:
            session.core.salt = salt.salt
            await self.ping(session)
        session.core.salt = later[-1].salt
        session.send(PING)
        self.assertEqual((await session.wait_for_object("bad_server_salt")).error_code, 48)


class EnvelopeTests(ConformanceCase):
    async def sends(self, frame: bytes) -> None:
        """A frame that must end the connection without a word."""
        connection = await self.connect()
        connection.send_frame(frame)
        await connection.until_closed()
        self.assertEqual(connection.received_bytes, 0)

    def payload(self, session_id: int = 1) -> bytes:
        return pack_message(int(time.time() * 2**32) & ~3, 1, PING)

    async def test_msg_key_that_does_not_fit(self) -> None:
        """One changed bit anywhere behind the key's id closes the connection silently: -404 would cost the key."""
        session = await self.begun()
        frame = session.core.seal(session.core.message(PING)).frame
        for at in (8, 23, 24, len(frame) - 1):
            await self.sends(frame[:at] + bytes((frame[at] ^ 1,)) + frame[at + 1 :])
        self.assertEqual((await self.ping(session)).ping_id, 1)

    async def test_padding_of_12_to_1024_bytes(self) -> None:
        """Less or more is refused; both ends are taken."""
        made = await self.key()
        key, salt = made.auth_key, made.first_salt
        assert key is not None
        payload = self.payload()
        short = -(16 + len(payload)) % 16
        for padding, good in ((short, False), (short + 16, True), (1024 - 16 + short, True), (1024 + short, False)):
            good = 12 <= padding <= 1024
            sealed = seal_payload(key, salt, padding, self.payload(), padding=os.urandom(padding))
            if good:
                connection = await self.connect()
                connection.send_frame(sealed.frame)
                self.assertIsInstance(await connection.next_event(), Frame)
            else:
                await self.sends(sealed.frame)

    async def test_length_of_whole_words_that_fits(self) -> None:
        """A length of no whole words, negative, or beyond the message closes the connection."""
        made = await self.key()
        assert made.auth_key is not None
        for length in (13, -4, 0, 4000):
            payload = struct.pack("<qii", int(time.time() * 2**32) & ~3, 1, length) + PING
            await self.sends(seal_payload(made.auth_key, made.first_salt, 1, payload).frame)

    async def test_whole_cipher_blocks(self) -> None:
        """Ciphertext that is no multiple of 16 bytes closes the connection."""
        session = await self.begun()
        frame = session.core.seal(session.core.message(PING)).frame
        await self.sends(frame[:-4])
        await self.sends(frame[:24])

    async def test_server_padding(self) -> None:
        """Ours has 12 to 1024 bytes, and its length hides the message's exact one."""
        session = await self.begun()
        for _ in range(20):
            await self.ping(session)  # open_frame checks each

    async def test_directions_have_keys_of_their_own(self) -> None:
        """A frame of the server's sent back to it is refused (x is 0 from the client, 8 from the server)."""
        session = await self.begun()
        session.connection.sessions.remove(session)
        session.send(PING)
        frame = await session.connection.next_event()
        assert isinstance(frame, Frame)
        await self.sends(frame.payload)

    async def test_unknown_key(self) -> None:
        """-404 in the transport's own framing, then the connection closes, by every way in."""
        connections = []
        for way in WAYS:
            connection = await self.come(way)
            connection.open_session(AuthKey(os.urandom(256))).send(PING)
            self.assertEqual(await connection.next_event(), TransportError(-404), way)
            if way != "http":
                connections.append(connection)
        for connection in connections:
            await connection.until_closed()

    async def test_new_key_where_the_old_one_was_refused(self) -> None:
        """One -404 for all that was sent under an unknown key; then a key is made where it came, as gotd does."""
        for way in WAYS:
            if way == "http":
                continue
            connection = await self.come(way)
            stranger = connection.open_session(AuthKey(os.urandom(256)))
            for _ in range(3):
                stranger.send(PING)
            self.assertEqual(await connection.next_event(), TransportError(-404), way)
            session = self.open(connection, await self.key(connection))
            self.assertEqual((await self.ping(session)).ping_id, 1, way)
            await self.seconds(2.5)
            self.assertEqual((await self.ping(session)).ping_id, 1, way)

    async def test_unencrypted_message(self) -> None:
        """auth_key_id 0, an id, a length; the answer comes so too, with remainder 1."""
        connection = await self.connect()
        connection.send_plain(encode(tl.req_pq_multi(nonce=bytes(16))))
        frame = await connection.next_event()
        assert isinstance(frame, Frame)
        self.assertEqual(frame.payload[:8], bytes(8))
        msg_id, body = unpack_plain(frame.payload)
        self.assertEqual((msg_id % 4, len(frame.payload)), (1, 20 + len(body)))
        self.assertEqual(decode(body).NAME, "resPQ")

    async def test_unencrypted_ids_may_be_odd_and_old(self) -> None:
        """Before the key the server's time is not known, so ids are not looked at."""
        for msg_id in (1, 4, 2**62):
            connection = await self.connect()
            connection.send_plain(encode(tl.req_pq_multi(nonce=bytes(16))), msg_id=msg_id)
            self.assertEqual(decode(await connection.next_plain()).NAME, "resPQ")

    async def test_rpc_needs_a_key(self) -> None:
        """A method sent unencrypted is no step of an exchange: -404 and closed."""
        connection = await self.connect()
        connection.send_frame(pack_plain(4, GET_CONFIG))
        self.assertEqual(await connection.next_event(), TransportError(-404))
        await connection.until_closed()

    async def test_key_id_is_the_end_of_its_hash(self) -> None:
        """The 64 lower bits of SHA-1; server and client agree without sending it."""
        made = await self.key()
        assert made.auth_key is not None
        digest = sha1(made.auth_key.auth_key).digest()[12:]
        self.assertEqual(key_id(made.auth_key), int.from_bytes(digest, "little", signed=True))


class ContainerTests(ConformanceCase):
    async def test_answers_of_a_container(self) -> None:
        """Each message in it is answered by itself."""
        session = await self.begun(layer=0)
        good, bad = session.start_calls([PING, encode(tl.users.getUsers(id=[]))])
        self.assertEqual(decode(await good).ping_id, 7)
        with self.assertRaises(CallFailed):
            await bad

    async def test_simple_container_only(self) -> None:
        """A container in a container refuses the outer one with 64."""
        session = await self.begun()
        inner = session.core.container([session.core.message(PING)])
        self.assertEqual(await self.refused(session, session.core.container([inner])), 64)

    async def test_acknowledgement_of_a_container(self) -> None:
        """Not the container but what is in it is acknowledged or answered."""
        session = await self.begun()
        inner = session.core.message(GET_CONFIG)
        container = session.core.container([inner])
        answer = session.expect(inner)
        session.connection.send_frame(session.core.seal(container).frame)
        with self.assertRaises(CallFailed):
            await answer  # not initialised
        acked = [one.body for one in session.received if one.constructor_id == 0x62D6B459]
        self.assertFalse(any(struct.pack("<q", container.msg_id) in body for body in acked))

    async def test_count_beyond_1020(self) -> None:
        """1,020 messages are taken, all answered once; beyond the page's bound the container is refused."""
        session = await self.begun()
        answers = session.start_calls([PING] * 1020)
        for answer in answers:
            await answer
        body = struct.pack("<II", MSG_CONTAINER, 1025)
        messages = [session.core.message(PING) for _ in range(1025)]
        body += b"".join(pack_message(*one) for one in messages)
        self.assertEqual(await self.refused(session, session.core.message(body, content_related=False)), 64)

    async def test_empty_container(self) -> None:
        """Says nothing and is taken."""
        session = await self.begun()
        session.connection.send_frame(session.core.seal(session.core.container([])).frame)
        await self.ping(session)
        self.assertEqual(session.received, [])
