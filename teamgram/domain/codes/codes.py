"""The life of a sign-in code: asked for, delivered, perhaps sent again, entered, gone.

A code belongs to one number and one ``phone_code_hash``; asking again makes a
new one and ends the old one. It dies of age, of too many wrong guesses, of
``auth.cancelCode``, or when it is used.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from teamgram.cache import Cache
from teamgram.database import Database, Transaction
from teamgram.domain.codes import store
from teamgram.domain.codes.delivery import CodeMessages, CodeWebhook
from teamgram.domain.codes.sealing import CodeSeal
from teamgram.domain.codes.settings import CodeSettings
from teamgram.domain.codes.store import CodeRow
from teamgram.domain.errors import DomainError, FloodWait
from teamgram.net.addresses import address_group, is_loopback


class CodeEmpty(DomainError):
    """No code was given."""


class CodeHashEmpty(DomainError):
    """No phone_code_hash was given."""


class CodeInvalid(DomainError):
    """That is not the code."""


class CodeExpired(DomainError):
    """There is no such code, or no longer."""


class ResendUnavailable(DomainError):
    """The code cannot be sent another time."""


class CodeNotDelivered(DomainError):
    """The provider did not take the code."""


class CodePurpose(StrEnum):
    """What a code is for; the strings are stored."""

    SIGN_IN = "sign_in"
    CHANGE_PHONE = "change_phone"


@dataclass(frozen=True, slots=True)
class SentCode:
    """What is told to who asked for a code.

    Attributes:
        in_app: it went to the account's other devices, not by SMS.
        can_resend: it can be sent by SMS next, after ``resend_after`` seconds.
    """

    phone_code_hash: str
    in_app: bool
    length: int
    can_resend: bool
    resend_after: int


@dataclass(frozen=True, slots=True)
class PendingCode:
    """A code that was not entered yet, readable: for the operator."""

    phone: str
    purpose: str
    code: str
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class _Guess:
    phone: str
    phone_code_hash: str
    code: str
    purpose: CodePurpose
    use_up: bool


class _Outcome(Enum):
    RIGHT = 1
    WRONG = 2
    GONE = 3


class SignInCodes:
    """Makes, delivers and checks codes.

    Args:
        seconds: the unix time.
    """

    def __init__(
        self,
        database: Database,
        cache: Cache,
        seal: CodeSeal,
        settings: CodeSettings,
        service_messages: CodeMessages,
        webhook: CodeWebhook,
        seconds: Callable[[], float],
    ) -> None:
        self._database = database
        self._cache = cache
        self._seal = seal
        self._settings = settings
        self._service_messages = service_messages
        self._webhook = webhook
        self._seconds = seconds

    @property
    def settings(self) -> CodeSettings:
        """Those in force."""
        return self._settings

    def use(self, settings: CodeSettings) -> None:
        """Other settings from now on, also for codes that wait."""
        self._settings = settings
        self._webhook.use(settings)

    async def request(
        self, phone: str, *, purpose: CodePurpose, client_addr: str, user_id: int, in_app: bool
    ) -> SentCode:
        """Make a code for a number and send it on its way.

        Args:
            client_addr: "host:port" of who asks.
            user_id: the account that has the number, or 0.
            in_app: the account has signed-in devices to show the code on.

        Raises:
            FloodWait: too many codes for the number or from the address.
            CodeNotDelivered: the provider did not take it.
        """
        await self._count(f"codes:phone:{phone}", self._settings.codes_per_phone)
        host = client_addr.rpartition(":")[0].strip("[]")
        if host and not is_loopback(host):
            await self._count(f"codes:address:{address_group(host)}", self._settings.codes_per_address)
        settings = self._settings
        now = int(self._seconds())
        code = str(secrets.randbelow(10**settings.length)).zfill(settings.length)
        phone_code_hash = secrets.token_hex(10)
        row = CodeRow(
            phone_code_hash=phone_code_hash,
            phone=phone,
            purpose=purpose,
            digest=self._seal.digest(phone_code_hash, code),
            sealed=self._seal.seal(phone_code_hash, code),
            kind="app" if in_app else "sms",
            attempts=0,
            resends=0,
            verified=False,
            created_at=now,
            expires_at=now + settings.lifetime_seconds,
        )
        await self._database.write("store code", store.put_txn, row)
        await self._deliver(row, code, user_id)
        return self._sent(row)

    async def resend(self, phone: str, phone_code_hash: str, *, user_id: int) -> SentCode:
        """Send the same code again, by SMS when a provider is configured.

        Raises:
            CodeExpired: there is no such code.
            ResendUnavailable: it was sent again often enough.
            CodeNotDelivered: the provider did not take it.
        """
        if not phone_code_hash:
            raise CodeHashEmpty()
        row: CodeRow | None = await self._database.write("resend code", self._resend_txn, phone, phone_code_hash)
        if row is None:
            raise ResendUnavailable()
        code = self._seal.open(phone_code_hash, row.sealed)
        if code is None:
            raise CodeExpired()  # made under another key file
        await self._deliver(row, code, user_id)
        return self._sent(row)

    def _resend_txn(self, txn: Transaction, phone: str, phone_code_hash: str) -> CodeRow | None:
        row = self._live_txn(txn, phone, phone_code_hash, None)
        if row is None:
            raise CodeExpired()
        if row.resends >= self._settings.max_resends:
            return None
        row = replace(row, resends=row.resends + 1, kind="sms" if self._webhook.sends else row.kind)
        store.update_txn(txn, row)
        return row

    async def cancel(self, phone: str, phone_code_hash: str) -> None:
        """End a code.

        Raises:
            CodeExpired: there is no such code.
        """
        await self._database.write("cancel code", self._cancel_txn, phone, phone_code_hash)

    def _cancel_txn(self, txn: Transaction, phone: str, phone_code_hash: str) -> None:
        if self._live_txn(txn, phone, phone_code_hash, None) is None:
            raise CodeExpired()
        store.delete_txn(txn, phone_code_hash)

    async def check(self, phone: str, phone_code_hash: str, code: str, *, purpose: CodePurpose, use_up: bool) -> None:
        """Whether that is the code. A wrong guess counts, also when the server falls right after.

        Args:
            use_up: the code is used and gone; else it is remembered as entered
                rightly, for ``use_verified`` (signing up).

        Raises:
            CodeEmpty, CodeExpired, CodeInvalid: it is not.
        """
        if not code:
            raise CodeEmpty()
        guess = _Guess(phone, phone_code_hash, code, purpose, use_up)
        if self._webhook.verifies and not self._is_fixed(code):
            # The guess is counted before the provider is asked: many at once must not get past the limit.
            if not await self._database.write("count guess", self._count_txn, guess):
                raise CodeExpired()
            if not await self._webhook.verify(phone, code, phone_code_hash):
                raise CodeInvalid()
            outcome = await self._database.write("accept code", self._accept_txn, guess)
        else:
            outcome = await self._database.write("check code", self._check_txn, guess)
        if outcome is _Outcome.GONE:
            raise CodeExpired()
        if outcome is _Outcome.WRONG:
            raise CodeInvalid()
        await self._cache.delete(self._window_key(f"codes:phone:{phone}")[0])

    def _is_fixed(self, code: str) -> bool:
        return self._settings.allow_fixed_code and code == self._settings.fixed_code

    # These return instead of raising: an exception would take the counted guess back.

    def _count_txn(self, txn: Transaction, guess: _Guess) -> bool:
        row = self._live_txn(txn, guess.phone, guess.phone_code_hash, guess.purpose)
        if row is None:
            return False
        store.update_txn(txn, replace(row, attempts=row.attempts + 1))
        return True

    def _accept_txn(self, txn: Transaction, guess: _Guess) -> _Outcome:
        row = store.get_txn(txn, guess.phone_code_hash)
        if row is None:
            return _Outcome.GONE
        if guess.use_up:
            store.delete_txn(txn, guess.phone_code_hash)
        else:
            store.update_txn(txn, replace(row, verified=True))
        return _Outcome.RIGHT

    def _check_txn(self, txn: Transaction, guess: _Guess) -> _Outcome:
        row = self._live_txn(txn, guess.phone, guess.phone_code_hash, guess.purpose)
        if row is None:
            return _Outcome.GONE
        if self._is_fixed(guess.code) or self._seal.matches(row.digest, guess.phone_code_hash, guess.code):
            return self._accept_txn(txn, guess)
        store.update_txn(txn, replace(row, attempts=row.attempts + 1))
        return _Outcome.WRONG

    async def use_verified(self, phone: str, phone_code_hash: str) -> None:
        """Use up a sign-in code that was entered rightly before.

        Raises:
            CodeExpired: it was not, or too long ago.
        """
        await self._database.write("use verified code", self._use_verified_txn, phone, phone_code_hash)

    def _use_verified_txn(self, txn: Transaction, phone: str, phone_code_hash: str) -> None:
        row = self._live_txn(txn, phone, phone_code_hash, CodePurpose.SIGN_IN)
        if row is None or not row.verified:
            raise CodeExpired()
        store.delete_txn(txn, phone_code_hash)

    async def pending(self) -> list[PendingCode]:
        """Codes that can still be entered, oldest first: what ``teamgram codes`` shows."""
        rows: list[CodeRow] = await self._database.read("pending codes", store.pending_txn, int(self._seconds()))
        return list(readable_codes(rows, self._seal))

    def _live_txn(
        self, txn: Transaction, phone: str, phone_code_hash: str, purpose: CodePurpose | None
    ) -> CodeRow | None:
        row = store.get_txn(txn, phone_code_hash)
        if (
            row is None
            or row.phone != phone
            or (purpose is not None and row.purpose != purpose)
            or row.expires_at <= self._seconds()
            or row.attempts >= self._settings.max_attempts
        ):
            return None
        return row

    async def _deliver(self, row: CodeRow, code: str, user_id: int) -> None:
        if row.kind == "app" and user_id:
            await self._service_messages.send(user_id, code_message(code))
        elif self._webhook.sends and not await self._webhook.send(row.phone, code, row.phone_code_hash):
            raise CodeNotDelivered()

    def _sent(self, row: CodeRow) -> SentCode:
        can_resend = row.kind == "app" and self._webhook.sends and row.resends < self._settings.max_resends
        return SentCode(
            row.phone_code_hash,
            row.kind == "app",
            self._settings.length,
            can_resend,
            self._settings.resend_after_seconds if can_resend else 0,
        )

    def _window_key(self, name: str) -> tuple[str, int]:
        """The counter of the present window, and the seconds until the next."""
        window = self._settings.window_seconds
        number, passed = divmod(int(self._seconds()), window)
        return f"{name}:{number}", window - passed

    async def _count(self, name: str, limit: int) -> None:
        key, left = self._window_key(name)
        if await self._cache.incr(key, left) > limit:
            raise FloodWait(left)


def readable_codes(rows: list[CodeRow], seal: CodeSeal) -> list[PendingCode]:
    """The rows that this key opens and that were not entered yet."""
    codes = []
    for row in rows:
        code = seal.open(row.phone_code_hash, row.sealed)
        if code is not None and not row.verified:
            codes.append(PendingCode(row.phone, row.purpose, code, row.created_at, row.expires_at))
    return codes


def code_message(code: str) -> str:
    """What the service account writes to the account's other devices."""
    return (
        f"Sign-in code: {code}\n\n"
        "Enter it only in the app where you are signing in. Nobody who runs this server will ask you for it: "
        "whoever has the code can read your messages.\n\n"
        "If you are not signing in, ignore this message; nobody gets in without the code."
    )
