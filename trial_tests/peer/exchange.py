"""The client's side of the key exchange, without a connection.

Page: "Creating an Authorization Key".
"""

import os
from collections.abc import Callable
from hashlib import sha1
from typing import Any

import cryptg
import gmpy2

from teamgram.mtproto.crypto.aes import ige_decrypt, ige_encrypt
from teamgram.mtproto.crypto.kdf import exchange_key_iv, first_server_salt, new_nonce_hash
from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.tl import decode_from, encode, tl


class ExchangeFailed(AssertionError):
    """The server's answer is not what a client can go on with."""


class ClientExchange:
    """``start()``, then ``receive(answer)`` until it returns None: ``auth_key`` is there.

    Attributes:
        auth_key: None until a key was computed.
        first_salt: the salt to begin with.
        server_time: unix seconds, as the server said.
        dh: the server_DH_inner_data.
        edit: called with (step's name, TL object) before each object is written; may change it.
    """

    def __init__(
        self,
        public_key: RsaPublicKey,
        *,
        form: str = "pad",
        dc: int | None = None,
        expires_in: int | None = None,
        multi: bool = True,
        trailing: int = 0,
        exponent_bytes: int = 256,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """
        Args:
            form: ``pad`` (RSA_PAD) or ``sha1`` (the older padding).
            dc: the dc id in the inner data, or None for the form without one.
            expires_in: seconds, for a temporary key.
            multi: ``req_pq_multi`` rather than ``req_pq``.
            trailing: random bytes behind every request, as TDLib adds them.
            exponent_bytes: of the client's secret; fewer are faster, for who makes keys by the hundred.
        """
        self.public_key = public_key
        self.form = form
        self.dc = dc
        self.expires_in = expires_in
        self.multi = multi
        self.trailing = trailing
        self._exponent_bytes = exponent_bytes
        self.edit: Callable[[str, Any], None] = lambda step, obj: None
        self.hash_of: Callable[[bytes], bytes] = lambda data: sha1(data).digest()
        self._random = random
        self.nonce = random(16)
        self.new_nonce = random(32)
        self.server_nonce = b""
        self.auth_key: AuthKey | None = None
        self.first_salt = 0
        self.server_time = 0
        self.dh: Any = None
        self._retry_id = 0

    def start(self) -> bytes:
        """The body of the first request."""
        return self._request((tl.req_pq_multi if self.multi else tl.req_pq)(nonce=self.nonce))

    def receive(self, body: bytes) -> bytes | None:
        """The next request's body, or None when the key is made.

        Raises:
            ExchangeFailed: dh_gen_fail, or an answer that does not fit.
        """
        answer, _ = decode_from(body)
        self._check(answer.nonce == self.nonce, "nonce")
        if answer.NAME == "resPQ":
            return self._req_dh_params(answer)
        self._check(answer.server_nonce == self.server_nonce, "server_nonce")
        if answer.NAME == "server_DH_params_ok":
            return self._take_dh_params(answer)
        self._check(self.auth_key is not None, "order of the answers")
        if answer.NAME == "dh_gen_ok":
            self._check(answer.new_nonce_hash1 == self._hash(1), "new_nonce_hash1")
            return None
        if answer.NAME == "dh_gen_retry":
            self._check(answer.new_nonce_hash2 == self._hash(2), "new_nonce_hash2")
            assert self.auth_key is not None
            self._retry_id = int.from_bytes(sha1(self.auth_key.auth_key).digest()[:8], "little", signed=True)
            return self._set_client_dh_params()
        raise ExchangeFailed(f"the exchange ended with {answer.NAME}")

    def _req_dh_params(self, answer: Any) -> bytes:
        self.server_nonce = answer.server_nonce
        self._check(self.public_key.fingerprint in answer.server_public_key_fingerprints, "fingerprints")
        p, q = (n.to_bytes(4) for n in sorted(cryptg.factorize_pq_pair(int.from_bytes(answer.pq))))
        fields: dict[str, Any] = {"pq": answer.pq, "p": p, "q": q}
        kind = "p_q_inner_data"
        if self.expires_in is not None:
            kind += "_temp"
            fields["expires_in"] = self.expires_in
        if self.dc is not None:
            kind += "_dc"
            fields["dc"] = self.dc
        inner = getattr(tl, kind)(nonce=self.nonce, server_nonce=self.server_nonce, new_nonce=self.new_nonce, **fields)
        self.edit(kind, inner)
        encrypt = self.public_key.encrypt_padded if self.form == "pad" else self.public_key.encrypt_hashed
        return self._request(
            tl.req_DH_params(
                nonce=self.nonce,
                server_nonce=self.server_nonce,
                p=p,
                q=q,
                public_key_fingerprint=self.public_key.fingerprint,
                encrypted_data=encrypt(encode(inner), self._random),
            )
        )

    def _take_dh_params(self, answer: Any) -> bytes:
        plaintext = ige_decrypt(answer.encrypted_answer, *exchange_key_iv(self.new_nonce, self.server_nonce))
        self.dh, end = decode_from(plaintext, 20)
        self._check(sha1(plaintext[20:end]).digest() == plaintext[:20], "SHA1 of the DH parameters")
        self._check(len(plaintext) - end < 16, "padding of the DH parameters")
        self._check(self.dh.nonce == self.nonce and self.dh.server_nonce == self.server_nonce, "inner nonces")
        self.server_time = self.dh.server_time
        self.first_salt = first_server_salt(self.new_nonce, self.server_nonce)
        return self._set_client_dh_params()

    def _set_client_dh_params(self) -> bytes:
        prime, g_a = int.from_bytes(self.dh.dh_prime), int.from_bytes(self.dh.g_a)
        # Usually as long as the page says; our server's own exponent is shorter.
        secret = int.from_bytes(self._random(self._exponent_bytes))
        self.auth_key = AuthKey(int(gmpy2.powmod(g_a, secret, prime)).to_bytes(256))
        inner = tl.client_DH_inner_data(
            nonce=self.nonce,
            server_nonce=self.server_nonce,
            retry_id=self._retry_id,
            g_b=int(gmpy2.powmod(self.dh.g, secret, prime)).to_bytes(256),
        )
        self.edit("client_DH_inner_data", inner)
        data = encode(inner)
        plaintext = self.hash_of(data) + data
        plaintext += self._random(-len(plaintext) % 16)
        return self._request(
            tl.set_client_DH_params(
                nonce=self.nonce,
                server_nonce=self.server_nonce,
                encrypted_data=ige_encrypt(plaintext, *exchange_key_iv(self.new_nonce, self.server_nonce)),
            )
        )

    def _request(self, request: Any) -> bytes:
        self.edit(request.NAME, request)
        return encode(request) + self._random(self.trailing)

    def _hash(self, number: int) -> bytes:
        assert self.auth_key is not None
        return new_nonce_hash(self.new_nonce, number, self.auth_key.auth_key)

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            raise ExchangeFailed(f"{what} of the server's answer")
