"""A client without a line of the server's: key exchange, envelope and TL from the formulas of the pages alone.

The peer shares the server's cipher and key derivation, so a fault in those
would be on both ends. Here they are written once more over AES of single
blocks and ``hashlib``. Pages: "Creating an Authorization Key" (steps 1 to 9,
RSA_PAD) and "Mobile Protocol: Detailed Description" (msg_key, key and iv);
constructor ids: ``tools/mtproto_service.tl``.
"""

import os
import struct
import time
from hashlib import sha1, sha256

import cryptg
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from trial_tests.conformance.house import ConformanceCase
from trial_tests.peer.connection import PeerConnection
from trial_tests.peer.transports import Frame

BLOCK = 16


def xor(one: bytes, other: bytes) -> bytes:
    """Byte by byte."""
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def ige(data: bytes, key: bytes, iv: bytes, encrypt: bool) -> bytes:
    """AES-256 in IGE mode: y[i] = E(x[i] ^ y[i-1]) ^ x[i-1], with y[0] and x[0] from iv."""
    cipher = Cipher(algorithms.AES(key), modes.ECB())
    block = (cipher.encryptor() if encrypt else cipher.decryptor()).update
    last_out, last_in = (iv[:BLOCK], iv[BLOCK:]) if encrypt else (iv[BLOCK:], iv[:BLOCK])
    out = b""
    for at in range(0, len(data), BLOCK):
        piece = data[at : at + BLOCK]
        last_out, last_in = xor(block(xor(piece, last_out)), last_in), piece
        out += last_out
    return out


def string(data: bytes) -> bytes:
    """A TL string of bytes, padded to whole words."""
    head = bytes((len(data),)) if len(data) < 254 else b"\xfe" + len(data).to_bytes(3, "little")
    return head + data + bytes(-len(head + data) % 4)


def read_string(data: bytes) -> tuple[bytes, bytes]:
    """(the string at the beginning, what follows it)."""
    start, length = (1, data[0]) if data[0] < 254 else (4, int.from_bytes(data[1:4], "little"))
    end = start + length
    return data[start:end], data[end + -end % 4 :]


def number(value: int) -> bytes:
    """A large number: big endian, no more bytes than it needs."""
    return value.to_bytes((value.bit_length() + 7) // 8)


def ident(value: int) -> bytes:
    """A constructor's id."""
    return value.to_bytes(4, "little")


class BareClient:
    """One connection, and the key that was made on it.

    Attributes:
        auth_key, salt: after ``make_key``.
    """

    def __init__(self, connection: PeerConnection, public_key: str) -> None:
        key = load_pem_public_key(public_key.encode())
        assert isinstance(key, RSAPublicKey)
        self.n, self.e = key.public_numbers().n, key.public_numbers().e
        self.connection = connection
        self.auth_key = self.salt = b""

    async def ask(self, body: bytes) -> bytes:
        """The answer's body, both unencrypted."""
        msg_id = int(time.time() * 2**32) & ~3
        self.connection.send_frame(bytes(8) + struct.pack("<qi", msg_id, len(body)) + body)
        event = await self.connection.next_event()
        assert isinstance(event, Frame), event
        assert event.payload[:8] == bytes(8)
        (length,) = struct.unpack_from("<i", event.payload, 16)
        return event.payload[20 : 20 + length]

    def rsa_pad(self, data: bytes) -> bytes:
        """Step 4.1."""
        padded = data + os.urandom(192 - len(data))
        while True:
            temp_key = os.urandom(32)
            encrypted = ige(padded[::-1] + sha256(temp_key + padded).digest(), temp_key, bytes(32), True)
            block = int.from_bytes(xor(temp_key, sha256(encrypted).digest()) + encrypted)
            if block < self.n:
                return pow(block, self.e, self.n).to_bytes(256)

    async def make_key(self) -> None:
        """Steps 1 to 9."""
        nonce, new_nonce = os.urandom(16), os.urandom(32)
        answer = await self.ask(ident(0xBE7E8EF1) + nonce)
        assert answer[:20] == ident(0x05162463) + nonce
        server_nonce = answer[20:36]
        pq, rest = read_string(answer[36:])
        fingerprint = sha1(string(number(self.n)) + string(number(self.e))).digest()[12:]
        count = struct.unpack_from("<I", rest, 4)[0]
        assert fingerprint in [rest[8 + 8 * at : 16 + 8 * at] for at in range(count)]
        p, q = (number(prime) for prime in sorted(cryptg.factorize_pq_pair(int.from_bytes(pq))))
        nonces = nonce + server_nonce
        inner = ident(0xA9F55F95) + string(pq) + string(p) + string(q) + nonces + new_nonce + struct.pack("<i", 2)
        request = ident(0xD712E4BE) + nonces + string(p) + string(q) + fingerprint + string(self.rsa_pad(inner))
        answer = await self.ask(request)
        assert answer[:36] == ident(0xD0E8075C) + nonces
        tmp_key = sha1(new_nonce + server_nonce).digest() + sha1(server_nonce + new_nonce).digest()[:12]
        tmp_iv = sha1(server_nonce + new_nonce).digest()[12:20] + sha1(new_nonce + new_nonce).digest() + new_nonce[:4]
        plain = ige(read_string(answer[36:])[0], tmp_key, tmp_iv, False)
        assert plain[20:56] == ident(0xB5890DBA) + nonces
        (g,) = struct.unpack_from("<i", plain, 56)
        dh_prime, rest = read_string(plain[60:])
        g_a, rest = read_string(rest)
        end = len(plain) - len(rest) + 4
        assert sha1(plain[20:end]).digest() == plain[:20]
        assert len(plain) - end < BLOCK
        prime, b = int.from_bytes(dh_prime), int.from_bytes(os.urandom(256))
        self.auth_key = pow(int.from_bytes(g_a), b, prime).to_bytes(256)
        inner = ident(0x6643B654) + nonces + bytes(8) + string(pow(g, b, prime).to_bytes(256))
        hashed = sha1(inner).digest() + inner
        hashed += os.urandom(-len(hashed) % BLOCK)
        answer = await self.ask(ident(0xF5045F1F) + nonces + string(ige(hashed, tmp_key, tmp_iv, True)))
        aux_hash = sha1(self.auth_key).digest()[:8]
        assert answer == ident(0x3BCBF734) + nonces + sha1(new_nonce + b"\1" + aux_hash).digest()[4:]
        self.salt = xor(new_nonce[:8], server_nonce[:8])

    @property
    def key_id(self) -> bytes:
        """auth_key_id."""
        return sha1(self.auth_key).digest()[12:]

    def key_iv(self, msg_key: bytes, x: int) -> tuple[bytes, bytes]:
        """Of a message; x is 0 from the client and 8 from the server."""
        a = sha256(msg_key + self.auth_key[x : x + 36]).digest()
        b = sha256(self.auth_key[40 + x : 76 + x] + msg_key).digest()
        return a[:8] + b[8:24] + a[24:32], b[:8] + a[8:24] + b[24:32]

    def msg_key(self, plain: bytes, x: int) -> bytes:
        """The middle of a hash."""
        return sha256(self.auth_key[88 + x : 120 + x] + plain).digest()[8:24]

    async def send(self, session_id: bytes, msg_id: int, seq_no: int, body: bytes) -> bytes:
        """The plaintext of the frame that answers one message."""
        plain = self.salt + session_id + struct.pack("<qii", msg_id, seq_no, len(body)) + body
        plain += os.urandom(12 + -(len(plain) + 12) % BLOCK)
        msg_key = self.msg_key(plain, 0)
        self.connection.send_frame(self.key_id + msg_key + ige(plain, *self.key_iv(msg_key, 0), True))
        event = await self.connection.next_event()
        assert isinstance(event, Frame), event
        assert event.payload[:8] == self.key_id
        msg_key = event.payload[8:24]
        answer = ige(event.payload[24:], *self.key_iv(msg_key, 8), False)
        assert self.msg_key(answer, 8) == msg_key
        return answer


class ByThePageTests(ConformanceCase):
    async def test_key_and_message(self) -> None:
        """An exchange, then a ping: both ends come to the same key, salt and ciphers from the pages' formulas."""
        client = BareClient(await self.connect("intermediate"), self.server.files.public_key)
        await client.make_key()
        session_id, msg_id, ping_id = os.urandom(8), int(time.time() * 2**32) & ~3, os.urandom(8)
        answer = await client.send(session_id, msg_id, 1, ident(0x7ABE77EC) + ping_id)
        self.assertEqual(answer[:16], client.salt + session_id)
        (length,) = struct.unpack_from("<i", answer, 28)
        self.assertTrue(12 <= len(answer) - 32 - length <= 1024)
        # new_session_created comes in the same container.
        self.assertIn(ident(0x347773C5) + struct.pack("<q", msg_id) + ping_id, answer[32 : 32 + length])
        self.assertIn(ident(0x9EC20908) + struct.pack("<q", msg_id), answer[32 : 32 + length])
