"""Page "Creating an Authorization Key": the exchange with the running server, right and wrong."""

import os
import struct
import time
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

import cryptg
import gmpy2

from teamgram.mtproto.crypto.dh import PRIME
from teamgram.mtproto.envelope import pack_plain
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.conformance.house import ConformanceCase, key_id
from trial_tests.peer.calls import CallFailed
from trial_tests.peer.exchange import ClientExchange
from trial_tests.peer.transports import Frame, TransportError


class ExchangeTests(ConformanceCase):
    async def first(self, nonce: bytes) -> Any:
        """resPQ."""
        connection = await self.connect()
        connection.send_plain(encode(tl.req_pq_multi(nonce=nonce)))
        return decode(await connection.next_plain())

    async def test_res_pq(self) -> None:
        """It names the client's nonce, a nonce of its own, and our key's fingerprint."""
        nonce = os.urandom(16)
        answer = await self.first(nonce)
        self.assertEqual((answer.NAME, answer.nonce), ("resPQ", nonce))
        self.assertIn(self.public_key.fingerprint, answer.server_public_key_fingerprints)
        self.assertNotEqual((await self.first(os.urandom(16))).server_nonce, answer.server_nonce)

    async def test_pq_is_of_two_primes(self) -> None:
        """Two different odd primes, smaller than 2^32 each, their product smaller than 2^63."""
        for _ in range(5):
            pq = int.from_bytes((await self.first(os.urandom(16))).pq)
            p, q = cryptg.factorize_pq_pair(pq)
            self.assertTrue(p != q and gmpy2.is_prime(p) and gmpy2.is_prime(q) and p * q == pq < 2**63)
            self.assertLess(max(p, q), 2**32)

    async def test_old_first_request(self) -> None:
        """req_pq is answered as req_pq_multi is."""
        made = await self.key(multi=False)
        self.assertIsNotNone(made.auth_key)

    async def test_every_form_of_inner_data(self) -> None:
        """With and without dc, temporary or not, in both paddings, with bytes behind each request."""
        for options in (
            {},
            {"dc": 2},
            {"dc": -2},
            {"expires_in": 3600},
            {"expires_in": 3600, "dc": 2},
            {"form": "sha1"},
            {"form": "sha1", "dc": 2},
            {"trailing": 36},
        ):
            connection = await self.connect()
            session = self.open(connection, await self.key(connection, **options))
            if "expires_in" in options:
                continue
            self.assertEqual((await self.ping(session)).ping_id, 1, options)

    async def test_dh_parameters(self) -> None:
        """g and dh_prime fit each other, g_a is between its bounds, the server says its time."""
        made = await self.key()
        prime, g_a = int.from_bytes(made.dh.dh_prime), int.from_bytes(made.dh.g_a)
        self.assertEqual(prime, PRIME)
        self.assertTrue(gmpy2.is_prime(prime) and gmpy2.is_prime((prime - 1) // 2))
        self.assertEqual((made.dh.g, prime % 3, prime.bit_length()), (3, 2, 2048))
        self.assertTrue(2 ** (2048 - 64) <= g_a <= prime - 2 ** (2048 - 64))
        self.assertLess(abs(made.server_time - time.time()), 5)

    async def test_ga_is_never_used_again(self) -> None:
        """Every exchange has a secret of its own."""
        values = {(await self.key()).dh.g_a for _ in range(5)}
        self.assertEqual(len(values), 5)

    async def test_steps_over_other_connections(self) -> None:
        """The state is found by the nonces, whichever connection a step comes by, HTTP too."""
        exchange = ClientExchange(self.public_key)
        body: bytes | None = exchange.start()
        ways = iter(("abridged", "http", "websocket", "full"))
        while body is not None:
            connection = await self.come(next(ways))
            connection.send_plain(body)
            body = exchange.receive(await connection.next_plain())
            await connection.close()
        session = self.open(await self.connect(), exchange)
        self.assertEqual((await self.ping(session)).ping_id, 1)

    async def test_repeated_step_gets_the_same_answer(self) -> None:
        """A client that lost an answer sends the step again."""
        connection = await self.connect()
        exchange = ClientExchange(self.public_key)
        body: bytes | None = exchange.start()
        while body is not None:
            connection.send_plain(body)
            answer = await connection.next_plain()
            connection.send_plain(body)
            self.assertEqual(await connection.next_plain(), answer)
            body = exchange.receive(answer)

    async def test_exchanges_at_the_same_time(self) -> None:
        """Twenty on one connection, their steps mixed."""
        connection = await self.connect()
        exchanges = [ClientExchange(self.public_key) for _ in range(20)]
        bodies = [exchange.start() for exchange in exchanges]
        for _ in range(3):
            for body in bodies:
                connection.send_plain(body)
            answers = {decode_nonce(answer): answer for answer in [await connection.next_plain() for _ in bodies]}
            bodies = [step for one in exchanges if (step := one.receive(answers[one.nonce])) is not None]
        self.assertEqual(len({key_id(one.auth_key) for one in exchanges if one.auth_key}), 20)

    async def test_key_survives_its_connection(self) -> None:
        """dh_gen_ok is said when the key is stored: it is good at once, everywhere."""
        made = await self.key()
        for way in ("websocket", "http", "obfuscated_abridged"):
            self.assertEqual((await self.ping(self.open(await self.come(way), made))).ping_id, 1)


class RefusalTests(ConformanceCase):
    async def fails(self, step: str, change: Any, expected: int = -404, **options: Any) -> None:
        """An exchange whose client changes one object is refused with a transport error and closed."""
        connection = await self.connect()
        exchange = ClientExchange(self.public_key, **options)
        exchange.edit = lambda name, obj: change(obj) if name == step else None
        with self.assertRaises(CallFailed) as caught:
            await connection.run_exchange(exchange)
        self.assertEqual(caught.exception.code, expected, step)
        await connection.until_closed()

    def other(self, **fields: Any) -> Any:
        """A change of fields."""

        def change(obj: Any) -> None:
            for name, value in fields.items():
                setattr(obj, name, value)

        return change

    async def test_wrong_nonces(self) -> None:
        """Neither nonce may change, in the requests or inside what is encrypted."""
        for step in ("req_DH_params", "p_q_inner_data", "set_client_DH_params", "client_DH_inner_data"):
            for field in ("nonce", "server_nonce"):
                await self.fails(step, self.other(**{field: bytes(16)}))

    async def test_wrong_factors(self) -> None:
        """p and q are pq's, in the request and inside."""
        await self.fails("req_DH_params", self.other(p=b"\0\0\0\7"))
        await self.fails("p_q_inner_data", self.other(q=b"\0\0\0\7"))
        await self.fails("p_q_inner_data", self.other(pq=b"\0\0\0\0\0\0\0\7"))

    async def test_wrong_fingerprint(self) -> None:
        """A key that the server does not have."""
        await self.fails("req_DH_params", self.other(public_key_fingerprint=1))

    async def test_broken_rsa_block(self) -> None:
        """256 random bytes, or another number of them."""
        for data in (os.urandom(256), bytes(256), b"\xff" * 256, os.urandom(255), b""):
            await self.fails("req_DH_params", self.other(encrypted_data=data))

    async def test_public_value_out_of_range(self) -> None:
        """g_b must be between 2^(2048-64) and its mirror; 0, 1 and p-1 give a key that anybody knows."""
        for value in (0, 1, PRIME - 1, PRIME, 2 ** (2048 - 64) - 1, PRIME - 2 ** (2048 - 64) + 1):
            await self.fails("client_DH_inner_data", self.other(g_b=int(value).to_bytes(256)))

    async def test_broken_hash_inside(self) -> None:
        """set_client_DH_params whose SHA-1 does not fit."""
        await self.fails("set_client_DH_params", self.other(encrypted_data=os.urandom(336)))

    async def test_retry_that_was_not_asked_for(self) -> None:
        """retry_id is 0 the first time."""
        await self.fails("client_DH_inner_data", self.other(retry_id=5))

    async def test_another_data_centre(self) -> None:
        """-444: the client tries another address."""
        await self.fails("p_q_inner_data_dc", self.other(dc=6), expected=-444, dc=2)

    async def test_temporary_key_that_ends_before_it_begins(self) -> None:
        """expires_in of nothing or less."""
        await self.fails("p_q_inner_data_temp", self.other(expires_in=0), expires_in=60)

    async def test_step_of_no_exchange(self) -> None:
        """The second step under nonces that nobody began with."""
        connection = await self.connect()
        request = tl.req_DH_params(
            nonce=os.urandom(16),
            server_nonce=os.urandom(16),
            p=b"\0\0\0\3",
            q=b"\0\0\0\5",
            public_key_fingerprint=self.public_key.fingerprint,
            encrypted_data=bytes(256),
        )
        connection.send_plain(encode(request))
        self.assertEqual(await connection.next_event(), TransportError(-404))

    async def test_wrong_step_leaves_the_exchange_alone(self) -> None:
        """Somebody who knows only the nonce cannot end another's exchange."""
        connection = await self.connect()
        exchange = ClientExchange(self.public_key)
        connection.send_plain(exchange.start())
        step = exchange.receive(await connection.next_plain())
        assert step is not None
        stranger = await self.connect()
        stranger.send_plain(encode(tl.req_pq_multi(nonce=exchange.nonce)))
        await stranger.next_plain()
        connection.send_plain(step)
        self.assertIsNotNone(exchange.receive(await connection.next_plain()))

    async def test_nonce_that_was_used_before(self) -> None:
        """Another exchange with the nonce of one under way, or of one that is over: both end in keys."""
        connection = await self.connect()
        first, second = ClientExchange(self.public_key), ClientExchange(self.public_key)
        connection.send_plain(first.start())
        step = first.receive(await connection.next_plain())
        assert step is not None
        connection.send_plain(step)
        step = first.receive(await connection.next_plain())
        assert step is not None
        second.nonce = first.nonce
        connection.send_plain(second.start())
        begun = await connection.next_plain()
        connection.send_plain(step)
        self.assertIsNone(first.receive(await connection.next_plain()))
        other: bytes | None = second.receive(begun)
        while other is not None:
            connection.send_plain(other)
            other = second.receive(await connection.next_plain())
        third = ClientExchange(self.public_key)
        third.nonce = first.nonce
        other = third.start()
        while other is not None:
            connection.send_plain(other)
            other = third.receive(await connection.next_plain())
        keys = [one.auth_key for one in (first, second, third)]
        self.assertEqual(len({key_id(key) for key in keys if key is not None}), 3)

    async def test_broken_unencrypted_messages(self) -> None:
        """A length that does not fit, or nothing at all."""
        for frame in (bytes(8) + struct.pack("<qi", 4, 400) + bytes(20), bytes(20), bytes(8) + bytes(12)):
            connection = await self.connect("intermediate")
            connection.send_frame(frame)
            await connection.until_closed()

    async def test_acknowledgement_of_a_step(self) -> None:
        """Clients acknowledge unencrypted messages; nothing comes of it."""
        connection = await self.connect()
        connection.send_frame(pack_plain(4, encode(tl.msgs_ack(msg_ids=[1]))))
        connection.send_plain(encode(tl.req_pq_multi(nonce=bytes(16))))
        self.assertIsInstance(await connection.next_event(), Frame)


class RateTests(ConformanceCase):
    async def test_200_exchanges(self) -> None:
        """Two hundred keys from one address are all made."""
        for _ in range(4):
            made = await gatherResults([Deferred.fromCoroutine(self.key()) for _ in range(50)])
            self.assertEqual(len({key_id(one.auth_key) for one in made if one.auth_key}), 50)


def decode_nonce(body: bytes) -> bytes:
    """The client's nonce in an answer of the exchange."""
    return body[4:20]
