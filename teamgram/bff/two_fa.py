"""RPCTwoFa: two-step verification, which nobody can have here yet."""

import secrets
from typing import Any

from teamgram.bff.registry import RpcService, rpc
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.crypto.dh import GENERATOR, PRIME_BYTES
from teamgram.mtproto.tl import tl


class TwoFa(RpcService):
    """Only the question whether there is a password: no."""

    name = "RPCTwoFa"

    @rpc("account.getPassword")
    def get_password(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getPassword#548a30f5 = account.Password"""
        # Clients refuse an answer without algorithms they know, also where there is no password.
        return tl.account.password(
            new_algo=tl.passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(
                salt1=secrets.token_bytes(8), salt2=secrets.token_bytes(16), g=GENERATOR, p=PRIME_BYTES
            ),
            new_secure_algo=tl.securePasswordKdfAlgoPBKDF2HMACSHA512iter100000(salt=secrets.token_bytes(8)),
            secure_random=secrets.token_bytes(256),
        )
