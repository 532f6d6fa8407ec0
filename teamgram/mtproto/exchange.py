"""The server's end of the key exchange.

Page: "Creating an Authorization Key"; the numbers of its steps stand in the
comments. One ``ServerExchange`` is one run of it, told apart by (nonce,
server_nonce). It never waits: when the key is computed it says ``KeyCreated``
and the caller, who has stored the key by then, asks for the answer that ends
the run. Unpacking frames, deadlines and how many runs there may be are the
caller's business; ``request_nonces`` tells which run a request belongs to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import sha1, sha256
from hmac import compare_digest
from struct import Struct
from typing import Any

from teamgram.mtproto import data_centres
from teamgram.mtproto.crypto import dh, kdf
from teamgram.mtproto.crypto.aes import BLOCK_BYTES, ige_decrypt, ige_encrypt
from teamgram.mtproto.crypto.pq import PQ, make_pq
from teamgram.mtproto.crypto.rsa import RsaPrivateKey, split_hashed, undo_rsa_pad
from teamgram.mtproto.tl import TLError, decode_from, encode, tl
from teamgram.mtproto.transport.errors import AUTH_KEY_NOT_FOUND, INVALID_DC, WireError

#: A temporary key lives at most so long, whatever its client asks for; clients ask for a day.
MAX_TEMP_KEY_SECONDS = 7 * 24 * 3600
#: ``dh_gen_retry`` answers before ``dh_gen_fail``.
MAX_RETRIES = 5
#: The largest request of an exchange is req_DH_params with 340 bytes, and TDLib adds up to 255 of padding.
MAX_REQUEST_BYTES = 1024

REQ_PQ = 0x60469778
REQ_PQ_MULTI = 0xBE7E8EF1
REQ_DH_PARAMS = 0xD712E4BE
SET_CLIENT_DH_PARAMS = 0xF5045F1F

_UINT = Struct("<I")


class ExchangeError(WireError):
    """A request that does not fit its exchange: answered by its code, and the exchange is over.

    The page's answer to any incorrect query is -404 (after step 6).
    """

    def __init__(self, reason: str, code: int = AUTH_KEY_NOT_FOUND) -> None:
        super().__init__(reason, code)


@dataclass(frozen=True, slots=True)
class KeyCreated:
    """Both ends can compute the key now; store it, then call ``confirm`` or ``collision``.

    Attributes:
        auth_key: 256 bytes.
        auth_key_id: signed.
        temporary, media: what the client said it is for.
        dc_id: the data centre that the client made it for (1 to 5 or our own), 0 when it named none.
        expires_in: seconds a temporary key may live, 0 for a permanent one.
        first_salt: the server salt that both ends begin with, signed.
    """

    auth_key: bytes = field(repr=False)
    auth_key_id: int
    temporary: bool
    media: bool
    dc_id: int
    expires_in: int
    first_salt: int = field(repr=False)


class _Step(Enum):
    AWAITS_REQ_DH_PARAMS = auto()
    AWAITS_CLIENT_DH_PARAMS = auto()
    AWAITS_STORE = auto()
    DONE = auto()


def request_nonces(body: bytes) -> tuple[bytes, bytes | None]:
    """(nonce, server_nonce) of a request, server_nonce None for the one that begins an exchange.

    Args:
        body: of an unencrypted message.

    Raises:
        ExchangeError: not a request of the key exchange.
    """
    if len(body) < 20:
        raise ExchangeError("not a request of the key exchange")
    (constructor_id,) = _UINT.unpack_from(body)
    if constructor_id in (REQ_PQ, REQ_PQ_MULTI):
        return body[4:20], None
    if constructor_id in (REQ_DH_PARAMS, SET_CLIENT_DH_PARAMS) and len(body) >= 36:
        return body[4:20], body[20:36]
    raise ExchangeError("not a request of the key exchange")


class ServerExchange:
    """One run of the key exchange.

    Attributes:
        nonce: chosen by the client.
        server_nonce: chosen by us.
        started_at: unix seconds of the first request; the page lets a server forget a run after 10 minutes.
        answer: to the last request, for clients that did not get it.
    """

    __slots__ = (
        "_created",
        "_dc_id",
        "_expires_in",
        "_exponent",
        "_keys",
        "_last_request",
        "_meant_dc",
        "_media",
        "_new_nonce",
        "_pairs",
        "_pq",
        "_random",
        "_retries",
        "_retry_id",
        "_state",
        "_temporary",
        "answer",
        "nonce",
        "server_nonce",
        "started_at",
    )

    def __init__(
        self,
        keys: Sequence[RsaPrivateKey],
        pairs: dh.DhPairs,
        dc_id: int,
        nonce: bytes,
        now: float,
        random: Callable[[int], bytes],
    ) -> None:
        """Begin a run: ``answer`` is resPQ already.

        Args:
            keys: ours, at least one.
            pairs: ready Diffie-Hellman numbers, shared by all exchanges.
            dc_id: our own data centre; those that clients know from the start are taken for it, too.
            nonce: of ``req_pq`` or ``req_pq_multi``, 16 bytes.
            now: unix seconds.
        """
        self._keys = keys
        self._pairs = pairs
        self._dc_id = dc_id
        self._random = random
        self.nonce = nonce
        self.server_nonce = random(16)
        self.started_at = now
        pq = make_pq(random)
        self._pq: PQ | None = pq
        self._state = _Step.AWAITS_REQ_DH_PARAMS
        self._last_request = b""
        self._new_nonce = b""
        self._temporary = self._media = False
        self._meant_dc = 0
        self._expires_in = 0
        self._exponent = 0
        self._retry_id = 0
        self._retries = 0
        self._created: KeyCreated | None = None
        # Step 2.
        self.answer = encode(
            tl.resPQ(
                nonce=nonce,
                server_nonce=self.server_nonce,
                pq=pq.pq,
                server_public_key_fingerprints=[key.fingerprint for key in keys],
            )
        )

    @property
    def is_at_first_step(self) -> bool:
        """Nothing came after the request that began it."""
        return self._state is _Step.AWAITS_REQ_DH_PARAMS

    def receive(self, body: bytes, now: float) -> bytes | KeyCreated | None:
        """Take one request.

        The same request again gets the same answer ("Error Handling"); None
        while that is not known yet, as the key is being stored.

        Args:
            body: of an unencrypted message; random bytes may follow the request.
            now: unix seconds.

        Returns:
            The answer's body, or that the key is there.

        Raises:
            ExchangeError: the run is over, forget it.
        """
        if len(body) > MAX_REQUEST_BYTES:
            raise ExchangeError("request too long")
        nonce, server_nonce = request_nonces(body)
        if server_nonce is None:
            if nonce == self.nonce and self._state is _Step.AWAITS_REQ_DH_PARAMS:
                return self.answer
            raise ExchangeError("the exchange begins anew in the middle")
        if not (compare_digest(nonce, self.nonce) and compare_digest(server_nonce, self.server_nonce)):
            raise ExchangeError("another exchange's nonces")
        query, request = _read_request(body)
        if request == self._last_request:
            return None if self._state is _Step.AWAITS_STORE else self.answer
        (constructor_id,) = _UINT.unpack_from(body)
        if constructor_id == REQ_DH_PARAMS and self._state is _Step.AWAITS_REQ_DH_PARAMS:
            self.answer = self._server_dh_params(query, now)
            self._last_request = request
            self._state = _Step.AWAITS_CLIENT_DH_PARAMS
            return self.answer
        if constructor_id == SET_CLIENT_DH_PARAMS and self._state is _Step.AWAITS_CLIENT_DH_PARAMS:
            created = self._created = self._create_key(query)
            self._last_request = request
            self._state = _Step.AWAITS_STORE
            return created
        raise ExchangeError("request out of turn")

    def confirm(self) -> bytes:
        """The key is stored: the answer that says so. The run stays for clients that do not get it."""
        created = self._stored_key()
        self._state = _Step.DONE
        self.answer = encode(
            tl.dh_gen_ok(
                nonce=self.nonce,
                server_nonce=self.server_nonce,
                new_nonce_hash1=kdf.new_nonce_hash(self._new_nonce, 1, created.auth_key),
            )
        )
        self._forget_secrets()
        return self.answer

    def collision(self) -> bytes:
        """Another key has this id: the answer that makes the client try another number, a few times."""
        created = self._stored_key()
        auth_key = created.auth_key
        self._created = None
        self._retries += 1
        if self._retries > MAX_RETRIES:
            self._state = _Step.DONE
            self.answer = encode(
                tl.dh_gen_fail(
                    nonce=self.nonce,
                    server_nonce=self.server_nonce,
                    new_nonce_hash3=kdf.new_nonce_hash(self._new_nonce, 3, auth_key),
                )
            )
            self._forget_secrets()
            return self.answer
        self._state = _Step.AWAITS_CLIENT_DH_PARAMS
        self._retry_id = int.from_bytes(kdf.auth_key_aux_hash(auth_key), "little", signed=True)
        self.answer = encode(
            tl.dh_gen_retry(
                nonce=self.nonce,
                server_nonce=self.server_nonce,
                new_nonce_hash2=kdf.new_nonce_hash(self._new_nonce, 2, auth_key),
            )
        )
        return self.answer

    def finished(self) -> "FinishedExchange | None":
        """What stays of a run whose last answer is known; None while it goes on."""
        if self._state is not _Step.DONE:
            return None
        return FinishedExchange(self.nonce, self.server_nonce, self._last_request, self.answer)

    def _server_dh_params(self, query: Any, now: float) -> bytes:
        """Steps 4 to 6."""
        pq = self._pq
        if pq is None or query.p != pq.p or query.q != pq.q:
            raise ExchangeError("wrong factors")
        key = next((key for key in self._keys if key.fingerprint == query.public_key_fingerprint), None)
        if key is None:
            raise ExchangeError("a key that is not ours")
        inner = _open_inner_data(key, query.encrypted_data)
        if (
            inner.nonce != self.nonce
            or inner.server_nonce != self.server_nonce
            or inner.pq != pq.pq
            or inner.p != pq.p
            or inner.q != pq.q
        ):
            raise ExchangeError("the inner data belongs to another exchange")
        if inner.NAME.endswith("_dc"):
            self._meant_dc = self._dc_meant(inner.dc)
            self._media = inner.dc < 0
        if inner.NAME.startswith("p_q_inner_data_temp"):
            if inner.expires_in <= 0:
                raise ExchangeError("a temporary key that has expired already")
            self._temporary = True
            # The page lets us forget such a key earlier than its client asks.
            self._expires_in = min(inner.expires_in, MAX_TEMP_KEY_SECONDS)
        self._pq = None
        self._new_nonce = inner.new_nonce
        self._exponent, g_a = self._pairs.take()
        answer = encode(
            tl.server_DH_inner_data(
                nonce=self.nonce,
                server_nonce=self.server_nonce,
                g=dh.GENERATOR,
                dh_prime=dh.PRIME_BYTES,
                g_a=g_a,
                server_time=int(now),
            )
        )
        answer_with_hash = sha1(answer).digest() + answer
        answer_with_hash += self._random(-len(answer_with_hash) % BLOCK_BYTES)
        return encode(
            tl.server_DH_params_ok(
                nonce=self.nonce,
                server_nonce=self.server_nonce,
                encrypted_answer=ige_encrypt(
                    answer_with_hash, *kdf.exchange_key_iv(self._new_nonce, self.server_nonce)
                ),
            )
        )

    def _dc_meant(self, dc: int) -> int:
        number = data_centres.meant_of(self._dc_id, dc)
        if not number:
            raise ExchangeError(f"data centre {dc} is meant", INVALID_DC)
        return number

    def _create_key(self, query: Any) -> KeyCreated:
        """Steps 7 and 8."""
        encrypted: bytes = query.encrypted_data
        if not encrypted or len(encrypted) % BLOCK_BYTES:
            raise ExchangeError("encrypted data is not whole cipher blocks")
        plaintext = ige_decrypt(encrypted, *kdf.exchange_key_iv(self._new_nonce, self.server_nonce))
        inner, padding = _read_hashed(plaintext[:20], plaintext[20:])
        if getattr(inner, "NAME", None) != "client_DH_inner_data" or padding >= BLOCK_BYTES:
            raise ExchangeError("encrypted data does not open")
        if inner.nonce != self.nonce or inner.server_nonce != self.server_nonce:
            raise ExchangeError("the inner data belongs to another exchange")
        if inner.retry_id != self._retry_id:
            raise ExchangeError("wrong retry_id")
        g_b = int.from_bytes(inner.g_b)
        if len(inner.g_b) > kdf.AUTH_KEY_BYTES or not dh.is_public_value_good(g_b):
            raise ExchangeError("g_b is out of range")
        auth_key = dh.shared_secret(g_b, self._exponent)
        return KeyCreated(
            auth_key=auth_key,
            auth_key_id=kdf.auth_key_id(auth_key),
            temporary=self._temporary,
            media=self._media,
            dc_id=self._meant_dc,
            expires_in=self._expires_in,
            first_salt=kdf.first_server_salt(self._new_nonce, self.server_nonce),
        )

    def _stored_key(self) -> KeyCreated:
        if self._state is not _Step.AWAITS_STORE or self._created is None:
            raise RuntimeError("no key is waiting to be stored")
        return self._created

    def _forget_secrets(self) -> None:
        # Step 9: both ends forget all other temporary data; the answer alone stays.
        self._created = None
        self._new_nonce = b""
        self._exponent = 0


class FinishedExchange:
    """A run that is over: its last request gets its answer again ("Error Handling"), anything else ends it.

    It stays for a minute behind its end, while its client has a connection already: so it keeps a hash of the request.
    """

    __slots__ = ("_request", "answer", "nonce", "server_nonce")

    is_at_first_step = False

    def __init__(self, nonce: bytes, server_nonce: bytes, request: bytes, answer: bytes) -> None:
        self.nonce = nonce
        self.server_nonce = server_nonce
        self._request = request
        self.answer = answer

    def receive(self, body: bytes, now: float) -> bytes:
        """The answer to the same request.

        Raises:
            ExchangeError: it is another one.
        """
        if len(body) > MAX_REQUEST_BYTES or not compare_digest(_read_request(body)[1], self._request):
            raise ExchangeError("request out of turn")
        return self.answer


def _read_request(body: bytes) -> tuple[Any, bytes]:
    """A request, and the hash that it is known by when it comes again; random bytes may follow it."""
    try:
        query, end = decode_from(body)
    except TLError as error:
        raise ExchangeError(str(error)) from None
    return query, sha256(memoryview(body)[:end]).digest()


_INNER_DATA = frozenset(("p_q_inner_data", "p_q_inner_data_dc", "p_q_inner_data_temp", "p_q_inner_data_temp_dc"))


def _open_inner_data(key: RsaPrivateKey, encrypted: bytes) -> Any:
    """The p_q_inner_data* in either RSA form."""
    block = key.decrypt(encrypted)
    if block is None:
        raise ExchangeError("encrypted data is no block of the key")
    padded = undo_rsa_pad(block)
    if padded is not None:
        try:
            inner, _ = decode_from(padded)
        except TLError as error:
            raise ExchangeError(str(error)) from None
    else:
        # Its hash does not fit: what is left is the older form.
        hashed = split_hashed(block)
        inner = None if hashed is None else _read_hashed(*hashed)[0]
    if getattr(inner, "NAME", None) not in _INNER_DATA:
        raise ExchangeError("encrypted data does not open")
    return inner


def _read_hashed(expected_sha1: bytes, data: bytes) -> tuple[Any, int]:
    """(object at the start of ``data``, bytes after it), the object None unless the SHA1 is its own."""
    try:
        obj, end = decode_from(data)
    except TLError:
        return None, 0
    if not compare_digest(sha1(data[:end]).digest(), expected_sha1):
        return None, 0
    return obj, len(data) - end
