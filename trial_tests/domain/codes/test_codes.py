"""Who gets in with a code: the one it was made for, for what it was made for, in time, and not by guessing."""

from dataclasses import replace
from typing import Any

from twisted.internet.task import Clock

from teamgram.domain.codes import CodePurpose, CodeSettings, SentCode, SignInCodes
from teamgram.domain.codes.codes import CodeEmpty, CodeExpired, CodeHashEmpty, CodeInvalid, ResendUnavailable
from teamgram.domain.codes.delivery import CodeWebhook
from teamgram.domain.codes.sealing import CodeSeal
from teamgram.domain.errors import DomainError, FloodWait
from trial_tests.backends import BackendTestCase, on_every_backend

PHONE, OTHER_PHONE = "15550100001", "15550100002"
SIGN_IN, CHANGE_PHONE = CodePurpose.SIGN_IN, CodePurpose.CHANGE_PHONE
ADDRESS = "198.51.100.7:4000"


class _Messages:
    """What the service account was told to say."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, str]] = []

    async def send(self, user_id: int, text: str, entities: Any = (), reply_markup: bytes = b"") -> None:
        self.sent.append((user_id, text))


@on_every_backend
class SignInCodesTests(BackendTestCase):
    """A code from its request to its end."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_700_000_000)
        self.settings = CodeSettings(max_attempts=3, max_resends=2, lifetime_seconds=300)
        self.messages = _Messages()
        self.codes = SignInCodes(
            self.open_database(),
            self.open_cache(self.clock),
            CodeSeal(b"k" * 32),
            self.settings,
            self.messages,
            CodeWebhook(self.settings, self.clock),
            self.clock.seconds,
        )

    async def requested(self, phone: str = PHONE, purpose: CodePurpose = SIGN_IN) -> tuple[SentCode, str]:
        """A new code, and what it is."""
        sent = await self.codes.request(phone, purpose=purpose, client_addr=ADDRESS, user_id=0, in_app=False)
        return sent, await self.pending_code(phone)

    async def pending_code(self, phone: str) -> str:
        """The one that waits for this number."""
        (code,) = [one.code for one in await self.codes.pending() if one.phone == phone]
        return code

    async def check(
        self, sent: SentCode, code: str, phone: str = PHONE, purpose: CodePurpose = SIGN_IN, use_up: bool = True
    ) -> None:
        await self.codes.check(phone, sent.phone_code_hash, code, purpose=purpose, use_up=use_up)

    async def refused(self, error: type[DomainError], sent: SentCode, code: str, *arguments: Any, **more: Any) -> None:
        with self.assertRaises(error):
            await self.check(sent, code, *arguments, **more)

    def wrong(self, code: str) -> str:
        """Another code."""
        return f"{(int(code) + 1) % 100_000:05}"

    async def test_the_right_one_once(self) -> None:
        """It is good one time, and an empty one is none."""
        sent, code = await self.requested()
        self.assertEqual((len(code), sent.length), (5, 5))
        await self.refused(CodeEmpty, sent, "")
        await self.check(sent, code)
        await self.refused(CodeExpired, sent, code)

    async def test_of_another_number(self) -> None:
        """Who was sent a code for their own number gets into no other with it."""
        sent, code = await self.requested()
        await self.refused(CodeExpired, sent, code, OTHER_PHONE)
        other, _ = await self.requested(OTHER_PHONE)
        await self.refused(CodeInvalid, other, self.wrong(await self.pending_code(OTHER_PHONE)), OTHER_PHONE)
        await self.check(sent, code)

    async def test_of_another_purpose(self) -> None:
        """A code to change the number does not sign in, nor the other way round."""
        for made, used in ((CHANGE_PHONE, SIGN_IN), (SIGN_IN, CHANGE_PHONE)):
            sent, code = await self.requested(purpose=made)
            await self.refused(CodeExpired, sent, code, purpose=used)
            await self.check(sent, code, purpose=made)

    async def test_too_late(self) -> None:
        """It is good for its time, and not a second longer."""
        early, early_code = await self.requested()
        self.clock.advance(299)
        await self.check(early, early_code)
        sent, code = await self.requested()
        self.clock.advance(300)
        await self.refused(CodeExpired, sent, code)
        self.assertEqual([one.phone for one in await self.codes.pending() if one.expires_at > self.clock.seconds()], [])

    async def test_guessing(self) -> None:
        """After so many wrong ones the right one does not help either."""
        sent, code = await self.requested()
        for _ in range(2):
            await self.refused(CodeInvalid, sent, self.wrong(code))
        await self.check(sent, code)
        sent, code = await self.requested()
        for _ in range(3):
            await self.refused(CodeInvalid, sent, self.wrong(code))
        await self.refused(CodeExpired, sent, code)

    async def test_the_fixed_one(self) -> None:
        """It opens every number where the operator allows that, and none elsewhere."""
        sent, code = await self.requested()
        if code != self.settings.fixed_code:
            await self.refused(CodeInvalid, sent, self.settings.fixed_code)
        self.codes.use(replace(self.settings, allow_fixed_code=True))
        await self.check(sent, self.settings.fixed_code)

    async def test_signing_up(self) -> None:
        """A new user's code is used up when they have told their name, and only if it was entered before."""
        sent, code = await self.requested()
        with self.assertRaises(CodeExpired):
            await self.codes.use_verified(PHONE, sent.phone_code_hash)
        await self.check(sent, code, use_up=False)
        with self.assertRaises(CodeExpired):
            await self.codes.use_verified(OTHER_PHONE, sent.phone_code_hash)
        await self.codes.use_verified(PHONE, sent.phone_code_hash)
        with self.assertRaises(CodeExpired):
            await self.codes.use_verified(PHONE, sent.phone_code_hash)

    async def test_sent_again(self) -> None:
        """So often and no more, and only for its own number."""
        sent, _ = await self.requested()
        with self.assertRaises(CodeExpired):
            await self.codes.resend(OTHER_PHONE, sent.phone_code_hash, user_id=0)
        with self.assertRaises(CodeHashEmpty):
            await self.codes.resend(PHONE, "", user_id=0)
        for _ in range(2):
            await self.codes.resend(PHONE, sent.phone_code_hash, user_id=0)
        with self.assertRaises(ResendUnavailable):
            await self.codes.resend(PHONE, sent.phone_code_hash, user_id=0)

    async def test_cancelled(self) -> None:
        """By who has it, and for its own number only."""
        sent, code = await self.requested()
        with self.assertRaises(CodeExpired):
            await self.codes.cancel(OTHER_PHONE, sent.phone_code_hash)
        await self.codes.cancel(PHONE, sent.phone_code_hash)
        await self.refused(CodeExpired, sent, code)

    async def test_floods(self) -> None:
        """So many codes for a number, until somebody signs in with one."""
        self.codes.use(replace(self.settings, codes_per_phone=2))
        for _ in range(2):
            sent, code = await self.requested()
        with self.assertRaises(FloodWait):
            await self.requested()
        await self.requested(OTHER_PHONE)
        await self.check(sent, code)
        await self.requested()
