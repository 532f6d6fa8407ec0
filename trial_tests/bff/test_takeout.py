"""Taking one's data out."""

from typing import Any

from teamgram.domain.users.fresh import DAY
from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.house import Device, House

PHONE = "+15550100001"
END = tl.account.finishTakeoutSession(success=True)
SAVED = tl.contacts.getSaved()


@on_every_backend
class TakeoutTests(BackendTestCase):
    """account.initTakeoutSession, finishTakeoutSession, contacts.getSaved."""

    async def signed_up(self, fresh: int = 0) -> tuple[House, Device]:
        house = House(self.open_database(), self.open_cache())
        house.sign_ins.fresh.delay = fresh
        ada = house.device(11)
        await ada.sign_up(PHONE, "Ada")
        return house, ada

    async def test_the_phone_book(self) -> None:
        """Only who takes data out is told the numbers that nobody has here."""
        house, ada = await self.signed_up()
        entry = tl.inputPhoneContact(client_id=1, phone="+15550100099", first_name="Not", last_name="Here")
        await ada.call(tl.contacts.importContacts(contacts=[entry]))
        self.assertEqual(await ada.error(SAVED), "TAKEOUT_REQUIRED")
        takeout = await ada.call(tl.account.initTakeoutSession(contacts=True))
        self.assertGreater(takeout.id, 0)
        [saved] = await ada.call(SAVED)
        self.assertEqual((saved.phone, saved.first_name, saved.last_name), ("15550100099", "Not", "Here"))
        self.assertEqual(saved.date, int(house.clock.seconds()))
        self.assertTrue(await ada.call(END))
        self.assertEqual(await ada.error(SAVED), "TAKEOUT_REQUIRED")
        self.assertEqual(await ada.error(END), "TAKEOUT_INVALID")

    async def test_it_does_not_stay_open(self) -> None:
        """One that nobody ends is over after a day; one that is begun anew takes the place of the one before."""
        house, ada = await self.signed_up()
        first = await ada.call(tl.account.initTakeoutSession(contacts=True))
        second = await ada.call(tl.account.initTakeoutSession(contacts=True))
        self.assertNotEqual(first.id, second.id)
        house.clock.advance(DAY)
        self.assertEqual(await ada.error(SAVED), "TAKEOUT_REQUIRED")
        self.assertTrue(await ada.call(END))
        self.assertEqual(await ada.error(END), "TAKEOUT_INVALID")

    async def test_a_new_device_waits(self) -> None:
        """A device that signed in just now is told how long it waits."""
        house, ada = await self.signed_up(fresh=DAY)
        house.clock.advance(100)
        self.assertEqual(await self.refusal(ada), (420, f"TAKEOUT_INIT_DELAY_{DAY - 100}"))
        house.clock.advance(DAY - 100)
        self.assertEqual((await ada.call(tl.account.initTakeoutSession())).NAME, "account.takeout")

    async def refusal(self, device: Device) -> Any:
        with self.assertRaises(RpcError) as caught:
            await device.call(tl.account.initTakeoutSession())
        return caught.exception.code, caught.exception.message

    async def test_nothing_is_split(self) -> None:
        """One range has every id."""
        _, ada = await self.signed_up()
        [one] = await ada.call(tl.messages.getSplitRanges())
        self.assertEqual((one.min_id, one.max_id), (0, 2**31 - 1))
