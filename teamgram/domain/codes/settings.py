"""What an operator can choose about sign-in codes: teamgram's ``Code`` section and our limits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodeSettings:
    """How codes are made and delivered.

    Attributes:
        send_code_url: where codes are POSTed to be sent by SMS; empty: codes
            only reach the user's other devices and ``teamgram codes``.
        verify_code_url: asked whether a code is right instead of comparing
            with ours, for providers that make their own.
        key, secret, region_id: passed on to the provider; ``secret`` signs.
        allow_fixed_code: accept ``fixed_code`` for every number. Only ever
            true on a loopback installation or by the operator's word.
        lifetime_seconds: how long a code can be used.
        max_attempts: wrong guesses after which a code is dead.
        max_resends: how often one code may be sent again.
        resend_after_seconds: how long a client waits before it offers that.
        codes_per_phone: codes for one number in ``window_seconds`` without a
            successful sign-in between them.
        codes_per_address: codes asked for from one IPv4 address or IPv6 /64 in
            ``window_seconds``; loopback addresses are not counted.
    """

    provider: str = "none"
    send_code_url: str = ""
    verify_code_url: str = ""
    key: str = ""
    secret: str = ""
    region_id: str = ""
    allow_fixed_code: bool = False
    fixed_code: str = "12345"
    length: int = 5
    lifetime_seconds: int = 300
    max_attempts: int = 5
    max_resends: int = 3
    resend_after_seconds: int = 60
    codes_per_phone: int = 10
    codes_per_address: int = 60
    window_seconds: int = 3600
    webhook_timeout_seconds: float = 10.0

    def __repr__(self) -> str:
        return f"<CodeSettings {self.provider}>"  # key and secret stay out of logs
