"""What a device that has just signed in may not do to the others."""

from typing import Any

from teamgram.domain.users.fresh import DAY
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.house import Device, House

PHONE = "+15550100001"
RESET, CHANGE = "FRESH_RESET_AUTHORISATION_FORBIDDEN", "FRESH_CHANGE_PHONE_FORBIDDEN"


@on_every_backend
class FreshDeviceTests(BackendTestCase):
    """Device 11 is old, device 12 signs in with a stolen code."""

    async def stolen(self, delay: int = DAY) -> tuple[House, Device, Device]:
        house = House(self.open_database(), self.open_cache())
        house.sign_ins.fresh.delay = delay
        old, new = house.device(11), house.device(12)
        await old.sign_up(PHONE, "Ada")
        house.clock.advance(2 * DAY)
        sent = await new.send_code(PHONE)
        (code,) = [code.code for code in await house.codes.pending()]
        await new.call(tl.auth.signIn(phone_number=PHONE, phone_code_hash=sent.phone_code_hash, phone_code=code))
        return house, old, new

    def dangerous(self, house: House) -> list[tuple[Any, str]]:
        phone = "+15550100002"
        return [
            (tl.account.resetAuthorization(hash=11_000), RESET),
            (tl.auth.resetAuthorizations(), RESET),
            (tl.account.setAuthorizationTTL(authorization_ttl_days=1), RESET),
            (tl.account.deleteAccount(reason=""), RESET),
            (tl.account.sendChangePhoneCode(phone_number=phone, settings=tl.codeSettings()), CHANGE),
            (tl.account.changePhone(phone_number=phone, phone_code_hash="x", phone_code="1"), CHANGE),
        ]

    async def test_it_waits_a_day(self) -> None:
        """Until the delay is over it ends nobody and changes no number; the old device ends it at once."""
        house, old, new = await self.stolen()
        for query, error in self.dangerous(house):
            self.assertEqual(await new.error(query), error, query.NAME)
        house.clock.advance(DAY - 1)
        self.assertEqual(await new.error(tl.auth.resetAuthorizations()), RESET)
        self.assertEqual(sorted(house.auth_sessions.users), [11, 12])
        await old.call(tl.account.resetAuthorization(hash=12_000))
        self.assertEqual(sorted(house.auth_sessions.users), [11])

    async def test_afterwards_it_may(self) -> None:
        """When the delay is over it may; without one it may at once."""
        house, _, new = await self.stolen()
        house.clock.advance(DAY)
        self.assertTrue(await new.call(tl.auth.resetAuthorizations()))
        self.assertEqual(sorted(house.auth_sessions.users), [12])

    async def test_a_new_account_may_be_ended(self) -> None:
        """Who has just signed up changes their mind; there is nobody whom they take something from."""
        house = House(self.open_database(), self.open_cache())
        house.sign_ins.fresh.delay = DAY
        only = house.device(11)
        await only.sign_up(PHONE, "Ada")
        house.clock.advance(60)
        self.assertTrue(await only.call(tl.account.deleteAccount(reason="")))

    async def test_no_delay(self) -> None:
        """Without a delay nobody waits."""
        _, _, new = await self.stolen(delay=0)
        self.assertTrue(await new.call(tl.account.setAuthorizationTTL(authorization_ttl_days=30)))
        self.assertTrue(await new.call(tl.auth.resetAuthorizations()))

    async def test_a_carried_key_is_as_old_as_its_device(self) -> None:
        """The further key of an old device is not fresh, that of a fresh one is."""
        house, old, new = await self.stolen()
        for device, key in ((old, 21), (new, 22)):
            exported = await device.call(tl.auth.exportAuthorization(dc_id=1))
            await house.device(key).call(tl.auth.importAuthorization(id=exported.id, bytes=exported.bytes))
        self.assertEqual(await house.device(22).error(tl.account.resetAuthorization(hash=11_000)), RESET)
        self.assertTrue(await house.device(21).call(tl.account.resetAuthorization(hash=12_000)))
