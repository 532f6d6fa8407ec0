"""The key exchange: our client against the server, and what the server refuses."""

import os
from collections.abc import Callable
from typing import Any

from twisted.trial import unittest

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.mtproto.crypto import dh
from teamgram.mtproto.crypto.rsa import RsaPrivateKey
from teamgram.mtproto.exchange import (
    MAX_REQUEST_BYTES,
    MAX_RETRIES,
    MAX_TEMP_KEY_SECONDS,
    ExchangeError,
    KeyCreated,
    ServerExchange,
    request_nonces,
)
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.peer.exchange import ClientExchange, ExchangeFailed

KEY, OTHER_KEY = RsaPrivateKey.generate(), RsaPrivateKey.generate()
PAIRS = dh.DhPairs(os.urandom)
NOW = 1_700_000_000.75
DC_ID = 2


def put(field: str, value: object) -> Callable[[Any], None]:
    """A change of an object: another value in one of its fields."""
    return lambda obj: setattr(obj, field, value)


def begin(client: ClientExchange, dc_id: int = DC_ID) -> ServerExchange:
    """The server's end for this client's first request."""
    nonce, server_nonce = request_nonces(client.start())
    assert server_nonce is None
    return ServerExchange([OTHER_KEY, KEY], PAIRS, dc_id, nonce, NOW, os.urandom)


def answer_to(server: ServerExchange, body: bytes) -> bytes:
    """The server's answer; a created key is confirmed."""
    answer = server.receive(body, NOW)
    if isinstance(answer, KeyCreated):
        return server.confirm()
    assert answer is not None
    return answer


def second_request(client: ClientExchange, server: ServerExchange) -> bytes:
    """The client's req_DH_params."""
    body = client.receive(server.answer)
    assert body is not None
    return body


def third_request(client: ClientExchange, server: ServerExchange) -> bytes:
    """The client's set_client_DH_params."""
    body = client.receive(answer_to(server, second_request(client, server)))
    assert body is not None
    return body


def create(client: ClientExchange) -> KeyCreated:
    """Run to the end; the key as the server has it."""
    server = begin(client)
    created = server.receive(third_request(client, server), NOW)
    assert isinstance(created, KeyCreated)
    assert client.receive(server.confirm()) is None
    return created


class ExchangeTests(unittest.SynchronousTestCase):
    """Both ends come to the same key."""

    def test_every_form_that_clients_send(self) -> None:
        """Both paddings, all four inner datas, every kind of data centre, TDLib's padding behind requests."""
        for form in ("pad", "sha1"):
            for dc in (None, DC_ID, DC_ID + 10_000, -DC_ID, -DC_ID - 10_000):
                for expires_in in (None, 86_400):
                    client = ClientExchange(
                        KEY.public, form=form, dc=dc, expires_in=expires_in, trailing=16 if dc == DC_ID else 0
                    )
                    created = create(client)
                    assert client.auth_key is not None
                    self.assertEqual(client.auth_key.auth_key, created.auth_key)
                    self.assertEqual(client.auth_key.auth_key_id, created.auth_key_id)
                    self.assertEqual(client.first_salt, created.first_salt)
                    self.assertEqual(created.temporary, expires_in is not None)
                    self.assertEqual(created.expires_in, expires_in or 0)
                    self.assertEqual(created.media, dc is not None and dc < 0)
                    self.assertEqual(created.dc_id, DC_ID if dc else 0)

    def test_the_old_first_request(self) -> None:
        """req_pq is answered like req_pq_multi."""
        create(ClientExchange(KEY.public, multi=False))

    def test_every_data_centre_that_clients_know(self) -> None:
        """1 to 5 and the server's own, their test servers and their media connections."""
        for own, others in ((DC_ID, (1, 2, 3, 4, 5)), (7, (1, 5, 7))):
            for other in others:
                for dc in (other, -other, 10_000 + other, -10_000 - other):
                    client = ClientExchange(KEY.public, dc=dc)
                    server = begin(client, own)
                    created = server.receive(third_request(client, server), NOW)
                    assert isinstance(created, KeyCreated), dc
                    self.assertEqual(created.dc_id, other, dc)

    def test_what_clients_check_of_the_numbers(self) -> None:
        """The published prime, g = 3, a good g_a, the server's time."""
        client = ClientExchange(KEY.public)
        create(client)
        self.assertEqual((client.dh.g, int.from_bytes(client.dh.dh_prime)), (3, dh.PRIME))
        self.assertTrue(dh.is_public_value_good(int.from_bytes(client.dh.g_a)))
        self.assertEqual(client.server_time, int(NOW))

    def test_every_key_of_ours_is_offered_and_opens(self) -> None:
        """A client picks the one that it knows."""
        client = ClientExchange(OTHER_KEY.public)
        self.assertEqual(
            decode(begin(client).answer).server_public_key_fingerprints, [OTHER_KEY.fingerprint, KEY.fingerprint]
        )
        create(client)

    def test_a_temporary_key_lives_no_longer_than_we_allow(self) -> None:
        """The server may forget it earlier than the client asked."""
        self.assertEqual(create(ClientExchange(KEY.public, expires_in=2**31 - 1)).expires_in, MAX_TEMP_KEY_SECONDS)

    def test_secrets_are_forgotten(self) -> None:
        """Step 9: when the key is stored, nothing is left that it could be computed from."""
        client = ClientExchange(KEY.public)
        server = begin(client)
        request = third_request(client, server)
        before = held(server)
        created = server.receive(request, NOW)
        assert isinstance(created, KeyCreated)
        server.confirm()
        secrets = [client.new_nonce, created, created.auth_key, before["_exponent"]]
        self.assertIn(client.new_nonce, before.values())
        self.assertEqual([value for value in held(server).values() if value in secrets], [])

    def test_secrets_are_not_in_the_repr(self) -> None:
        """The event may be logged."""
        created = create(ClientExchange(KEY.public))
        self.assertEqual(
            repr(created),
            f"KeyCreated(auth_key_id={created.auth_key_id}, temporary=False, media=False, dc_id=0, expires_in=0)",
        )


def held(server: ServerExchange) -> dict[str, object]:
    """All that an exchange keeps."""
    return {name: getattr(server, name) for name in ServerExchange.__slots__}


class FinishedTests(unittest.SynchronousTestCase):
    """What stays of an exchange behind its end."""

    def test_only_the_last_answer(self) -> None:
        """The last request gets it again, whatever padding follows; any other is none of its steps."""
        client = ClientExchange(KEY.public)
        server = begin(client)
        request = third_request(client, server)
        self.assertIsNone(server.finished())
        server.receive(request, NOW)
        answer = server.confirm()
        finished = server.finished()
        assert finished is not None
        self.assertEqual((finished.receive(request, NOW), finished.receive(request + bytes(8), NOW)), (answer, answer))
        for other in (client.start(), request[:-8], request[:60] + b"\1" + request[61:], bytes(2000)):
            self.assertRaises(ExchangeError, finished.receive, other, NOW)


class RepetitionTests(unittest.SynchronousTestCase):
    """Lost answers and taken keys."""

    def test_a_repeated_request_gets_the_same_answer(self) -> None:
        """At every step; while the key is being stored, none."""
        client = ClientExchange(KEY.public)
        server = begin(client)
        self.assertEqual(server.receive(client.start(), NOW), server.answer)
        second = second_request(client, server)
        answer = server.receive(second, NOW)
        self.assertEqual(server.receive(second, NOW + 1), answer)
        assert isinstance(answer, bytes)
        third = client.receive(answer)
        assert third is not None
        self.assertIsInstance(server.receive(third, NOW), KeyCreated)
        self.assertIsNone(server.receive(third, NOW))
        answer = server.confirm()
        self.assertEqual(server.receive(third + os.urandom(16), NOW), answer, "padding is not part of the request")

    def test_a_collision_makes_the_client_try_again(self) -> None:
        """dh_gen_retry, then another g_b with the retry_id; the second key counts."""
        client = ClientExchange(KEY.public)
        server = begin(client)
        third = third_request(client, server)
        first = server.receive(third, NOW)
        retry = server.collision()
        self.assertEqual(server.receive(third, NOW), retry)
        again = client.receive(retry)
        assert again is not None
        second = server.receive(again, NOW)
        assert isinstance(first, KeyCreated) and isinstance(second, KeyCreated) and client.auth_key is not None
        self.assertNotEqual(first.auth_key_id, second.auth_key_id)
        self.assertEqual(client.auth_key.auth_key, second.auth_key)
        self.assertIsNone(client.receive(server.confirm()))

    def test_collisions_end_in_dh_gen_fail(self) -> None:
        """After so many, and nothing more is taken."""
        client = ClientExchange(KEY.public)
        server = begin(client)
        body = third_request(client, server)
        for _ in range(MAX_RETRIES):
            server.receive(body, NOW)
            following = client.receive(server.collision())
            assert following is not None
            body = following
        server.receive(body, NOW)
        failed = server.collision()
        self.assertEqual(decode(failed).NAME, "dh_gen_fail")
        self.assertRaises(ExchangeFailed, client.receive, failed)
        self.assertEqual(server.receive(body, NOW), failed)

    def test_an_old_retry_id_is_refused(self) -> None:
        """Only the hash of the attempt that failed last is taken."""
        client = ClientExchange(KEY.public)
        server = begin(client)
        server.receive(third_request(client, server), NOW)

        def forget_retry_id(step: str, obj: Any) -> None:
            if step == "client_DH_inner_data":
                obj.retry_id = 0

        client.edit = forget_retry_id
        again = client.receive(server.collision())
        assert again is not None
        self.assertRaises(ExchangeError, server.receive, again, NOW)

    def test_confirming_takes_a_key_that_waits(self) -> None:
        """Out of turn it is our own mistake."""
        server = begin(ClientExchange(KEY.public))
        self.assertRaises(RuntimeError, server.confirm)
        self.assertRaises(RuntimeError, server.collision)


class RefusalTests(unittest.SynchronousTestCase):
    """Whatever does not fit ends the exchange by a transport error."""

    def refused(self, server: ServerExchange, body: bytes, code: int = -404) -> None:
        self.assertEqual(self.assertRaises(ExchangeError, server.receive, body, NOW).code, code)

    def edited(self, step: str, change: Callable[[Any], None], **options: Any) -> ClientExchange:
        """A client that changes one of its objects before it is written."""
        client = ClientExchange(KEY.public, **options)
        client.edit = lambda name, obj: change(obj) if name == step else None
        return client

    def test_another_data_centre(self) -> None:
        """-444, which tells the client so."""
        for dc in (0, 6, -6, 10_000, 10_006, 20_002, 2**31 - 1, -(2**31)):
            for expires_in in (None, 60):
                client = ClientExchange(KEY.public, dc=dc, expires_in=expires_in)
                server = begin(client)
                self.refused(server, second_request(client, server), -444)

    def test_each_wrong_field_of_req_dh_params(self) -> None:
        """Nonces, factors, a key that is not ours, data that does not open."""
        changes: list[Callable[[Any], None]] = [
            lambda obj: setattr(obj, "nonce", os.urandom(16)),
            lambda obj: setattr(obj, "server_nonce", os.urandom(16)),
            lambda obj: setattr(obj, "p", obj.q),
            lambda obj: setattr(obj, "q", b""),
            lambda obj: setattr(obj, "public_key_fingerprint", 1),
            lambda obj: setattr(obj, "public_key_fingerprint", OTHER_KEY.fingerprint),
            lambda obj: setattr(obj, "encrypted_data", b""),
            lambda obj: setattr(obj, "encrypted_data", bytes(256)),
            lambda obj: setattr(obj, "encrypted_data", os.urandom(256)),
            lambda obj: setattr(obj, "encrypted_data", b"\xff" * 256),
            lambda obj: setattr(obj, "encrypted_data", obj.encrypted_data + b"\0" * 4),
        ]
        for number, change in enumerate(changes):
            client = self.edited("req_DH_params", change)
            server = begin(client)
            with self.subTest(number):
                self.refused(server, second_request(client, server))

    def test_each_wrong_field_of_the_inner_data(self) -> None:
        """It must repeat what was said in the open."""
        for field, value in (
            ("nonce", bytes(16)),
            ("server_nonce", bytes(16)),
            ("pq", bytes(8)),
            ("p", bytes(4)),
            ("q", bytes(4)),
        ):
            for form in ("pad", "sha1"):
                client = self.edited("p_q_inner_data", put(field, value), form=form)
                server = begin(client)
                self.refused(server, second_request(client, server))

    def test_a_temporary_key_that_has_expired(self) -> None:
        """expires_in must be positive."""
        for expires_in in (0, -1, -(2**31)):
            client = ClientExchange(KEY.public, expires_in=expires_in)
            server = begin(client)
            self.refused(server, second_request(client, server))

    def test_other_objects_inside_the_rsa_block(self) -> None:
        """Only p_q_inner_data* is looked for there."""
        for encrypt in (KEY.public.encrypt_padded, KEY.public.encrypt_hashed):
            for data in (encode(tl.ping(ping_id=1)), encode(True), b"", os.urandom(96)):
                encrypted = encrypt(data, os.urandom)
                client = self.edited("req_DH_params", put("encrypted_data", encrypted))
                server = begin(client)
                self.refused(server, second_request(client, server))

    def test_public_values_out_of_range(self) -> None:
        """Near either end of the range, or longer than the prime, g_b would give the key away."""
        margin = 1 << 1984
        for g_b in (
            b"",
            b"\1",
            (margin - 1).to_bytes(256),
            (dh.PRIME - margin + 1).to_bytes(256),
            (dh.PRIME - 1).to_bytes(256),
            dh.PRIME_BYTES,
            b"\xff" * 256,
            b"\0" + b"\x80" * 256,
        ):
            client = self.edited("client_DH_inner_data", put("g_b", g_b))
            server = begin(client)
            self.refused(server, third_request(client, server))

    def test_each_wrong_field_of_set_client_dh_params(self) -> None:
        """Nonces in the open and inside, data that does not open or is no whole blocks."""
        for step, field, value in (
            ("client_DH_inner_data", "nonce", bytes(16)),
            ("client_DH_inner_data", "server_nonce", bytes(16)),
            ("client_DH_inner_data", "retry_id", 1),
            ("set_client_DH_params", "nonce", bytes(16)),
            ("set_client_DH_params", "server_nonce", bytes(16)),
            ("set_client_DH_params", "encrypted_data", b""),
            ("set_client_DH_params", "encrypted_data", bytes(335)),
            ("set_client_DH_params", "encrypted_data", os.urandom(336)),
            ("set_client_DH_params", "encrypted_data", os.urandom(16)),
        ):
            client = self.edited(step, put(field, value))
            server = begin(client)
            self.refused(server, third_request(client, server))

    def test_another_hash_of_the_inner_data(self) -> None:
        """What set_client_DH_params has inside is taken with its own SHA1 only."""
        client = ClientExchange(KEY.public)
        client.hash_of = lambda data: bytes(20)
        server = begin(client)
        self.refused(server, third_request(client, server))

    def test_requests_out_of_turn(self) -> None:
        """The third before the second, the second changed after the third, the first again in the middle."""
        client = ClientExchange(KEY.public)
        server = begin(client)
        second = second_request(client, server)
        self.refused(
            server,
            encode(
                tl.set_client_DH_params(
                    nonce=client.nonce, server_nonce=client.server_nonce, encrypted_data=os.urandom(336)
                )
            ),
        )
        server = begin(client)
        client.receive(server.answer)
        third = third_request(client, server)
        self.refused(server, client.start())
        self.refused(server, second)
        server.receive(third, NOW)
        server.confirm()
        other = client.receive(server.answer)
        self.assertIsNone(other)
        self.refused(server, second)

    def test_what_is_no_request(self) -> None:
        """Other methods, cut requests, requests too long."""
        server = begin(ClientExchange(KEY.public))
        for body in (
            b"",
            bytes(4),
            encode(tl.ping(ping_id=1)),
            server.answer,
            encode(tl.req_pq_multi(nonce=bytes(16)))[:-4],
            encode(tl.req_pq_multi(nonce=bytes(16))),
            encode(tl.req_pq_multi(nonce=server.nonce)) + bytes(MAX_REQUEST_BYTES),
        ):
            self.refused(server, body)

    @settings(max_examples=60)
    @given(st.data())
    def test_mutilated_requests_are_refused_or_answered(self, data: st.DataObject) -> None:
        """Bytes changed or cut anywhere in any step: an answer or ExchangeError, nothing else."""
        client = ClientExchange(KEY.public, form=data.draw(st.sampled_from(["pad", "sha1"])))
        server = begin(client)
        body = second_request(client, server)
        if data.draw(st.booleans()):
            body = client.receive(answer_to(server, body)) or b""
        changed = bytearray(body)
        for _ in range(data.draw(st.integers(1, 4))):
            changed[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
        try:
            server.receive(bytes(changed[: data.draw(st.integers(0, len(body)))]), NOW)
        except ExchangeError:
            pass
