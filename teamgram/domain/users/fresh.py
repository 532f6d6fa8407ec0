"""What a device may not do right after it signed in: whoever stole a code must not lock its owner out with it.

The delay and what it holds back are Telegram's (``FRESH_RESET_AUTHORISATION_FORBIDDEN``,
``FRESH_CHANGE_PHONE_FORBIDDEN`` in core.telegram.org/api/errors).
"""

from teamgram.domain.errors import DomainError

DAY = 86_400
"""Seconds: the delay where strangers reach the server."""


class FreshResetForbidden(DomainError):
    """The device is too new to end others, or to say when they end."""


class FreshChangePhoneForbidden(DomainError):
    """The device is too new to change the account's number."""


class FreshDevices:
    """The rule with the delay in force.

    Attributes:
        delay: seconds for which a device counts as fresh; 0: none does.
    """

    def __init__(self, delay: float = 0) -> None:
        self.delay = delay

    def is_fresh(self, signed_in_at: int, now: int) -> bool:
        """Whether a device signed in too short a time ago (both unix seconds)."""
        return now - signed_in_at < self.delay

    def check_ends_others(self, signed_in_at: int, now: int) -> None:
        """End other devices' authorizations, or choose after what time they end by themselves.

        Raises:
            FreshResetForbidden.
        """
        if self.is_fresh(signed_in_at, now):
            raise FreshResetForbidden(str(now - signed_in_at))

    def check_ends_account(self, signed_in_at: int, account_created_at: int, now: int) -> None:
        """End the account, and with it everybody's authorization for good; one that is as new itself may be ended.

        Args:
            account_created_at: unix seconds.

        Raises:
            FreshResetForbidden.
        """
        if not self.is_fresh(account_created_at, now):
            self.check_ends_others(signed_in_at, now)

    def check_changes_phone(self, signed_in_at: int, now: int) -> None:
        """Take the account to another number.

        Raises:
            FreshChangePhoneForbidden.
        """
        if self.is_fresh(signed_in_at, now):
            raise FreshChangePhoneForbidden(str(now - signed_in_at))
