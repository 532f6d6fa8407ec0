"""The encrypted half of auth.bindTempAuthKey."""

import os
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.authsession.bindings import BindRequest, check_binding
from teamgram.interfaces.authsession import BindTempAuthKeyError
from trial_tests.authsession.binding_message import binding_message

KEY = bytes(range(256))
REQUEST = BindRequest(
    temp_auth_key_id=-11,
    temp_session_id=22,
    msg_id=-(2**63) + 4,
    perm_auth_key_id=33,
    nonce=-44,
    expires_at=1_700_000_000,
)


#: Made with the crypto of mtcute 0.30.3 (npm), key bytes (7 i + 3) mod 256, from the values in MTCUTE_REQUEST.
MTCUTE_MESSAGE = bytes.fromhex(
    "9ed6e6ef196cc931d568fcd9fca2c9971bd6c8f67fadb68f0103a74b9abab57ca844174ee04aab93a5bea6de464a4ce94c08b9189fbedb9a"
    "8935a84fd7248c26458d2ce9e900c657517913e9623b9b81c2dc8b877bbf0b5d812d2cade40e2fe0814ba626d1292c93"
)
MTCUTE_KEY = bytes((7 * i + 3) & 255 for i in range(256))
MTCUTE_REQUEST = BindRequest(
    temp_auth_key_id=-42,
    temp_session_id=9876543210,
    msg_id=7654321098765432108,
    perm_auth_key_id=3587517436832175774,
    nonce=-1234567890123456789,
    expires_at=1893456000,
)


def message(**changes: Any) -> bytes:
    arguments: dict[str, Any] = {
        "msg_id": REQUEST.msg_id,
        "nonce": REQUEST.nonce,
        "temp_auth_key_id": REQUEST.temp_auth_key_id,
        "temp_session_id": REQUEST.temp_session_id,
        "expires_at": REQUEST.expires_at,
    }
    return binding_message(KEY, REQUEST.perm_auth_key_id, **{**arguments, **changes})


class CheckBindingTests(SynchronousTestCase):
    """check_binding."""

    def assertRefused(self, encrypted_message: bytes, request: BindRequest = REQUEST, key: bytes = KEY) -> None:
        error = self.assertRaises(BindTempAuthKeyError, check_binding, request, key, encrypted_message)
        self.assertEqual(error.reason, "ENCRYPTED_MESSAGE_INVALID")

    def test_good(self) -> None:
        """The message that the page describes is accepted."""
        check_binding(REQUEST, KEY, message())

    def test_of_another_client(self) -> None:
        """A message made by a client library is accepted, and only for its own request."""
        check_binding(MTCUTE_REQUEST, MTCUTE_KEY, MTCUTE_MESSAGE)
        self.assertRefused(MTCUTE_MESSAGE, replace(MTCUTE_REQUEST, expires_at=1893456001), MTCUTE_KEY)

    def test_other_contents(self) -> None:
        """Each value inside must be the one of the request."""
        for name in ("msg_id", "nonce", "temp_auth_key_id", "temp_session_id", "expires_at"):
            self.assertRefused(message(**{name: 5}))
            self.assertRefused(message(), replace(REQUEST, **{name: 5}))
        self.assertRefused(message(inner_perm_auth_key_id=5))

    def test_other_header(self) -> None:
        """seq_no is 0, the length 40, and the object a bind_auth_key_inner."""
        self.assertRefused(message(seq_no=1))
        self.assertRefused(message(length=44))
        self.assertRefused(message(constructor=0x7ABE77EC))
        self.assertRefused(message(constructor=0xDEADBEEF))

    def test_other_msg_key(self) -> None:
        """It is the hash of what is inside, and not just any that the message was encrypted with."""
        self.assertRefused(message(msg_key=bytes(range(16))))

    def test_other_key(self) -> None:
        """A message made with another key is refused, and so is one that names another key."""
        self.assertRefused(message(), key=KEY[::-1])
        self.assertRefused(message(), replace(REQUEST, perm_auth_key_id=34))

    def test_every_byte_counts(self) -> None:
        """Changing any byte but those of the padding's own block breaks it."""
        good = message()
        # IGE spreads a change over all that follows; what is in the last block reaches only that block.
        for position in range(len(good) - 16):
            broken = bytearray(good)
            broken[position] ^= 0x80
            self.assertRefused(bytes(broken))

    def test_lengths(self) -> None:
        """Shorter and longer ones, and random bytes, are refused without an exception of another kind."""
        good = message()
        for length in range(len(good)):
            self.assertRefused(good[:length])
        self.assertRefused(good + bytes(16))
        for _ in range(50):
            self.assertRefused(good[:8] + os.urandom(len(good) - 8))
