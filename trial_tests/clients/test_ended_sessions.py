"""A session that is ended elsewhere hears of it there and then, also while nobody touches its app."""

import unittest

from teamgram.mtproto.tl import tl
from trial_tests.clients.asking import AskingTestCase
from trial_tests.clients.house import FIXED_CODE, have
from trial_tests.peer.calls import CallFailed, PeerSession

WITHIN = 3.0
UPDATES_TOO_LONG = 0xE317AF7E


class EndedSessionTests(AskingTestCase):
    """Our own client, whose frames can be looked at."""

    async def assert_ended(self, session: PeerSession) -> None:
        await session.wait_for_object("updatesTooLong", within=WITHIN)
        with self.assertRaises(CallFailed) as caught:
            await session.call(tl.updates.getDifference(pts=1, date=1, qts=0))
        self.assertEqual((caught.exception.code, caught.exception.message), (401, "AUTH_KEY_UNREGISTERED"))

    async def test_every_way(self) -> None:
        """One by its hash, all others, and all with the account: each hears updatesTooLong, who stays does not."""
        first, user = await self.sign_up_peer("Ada")
        second, third, fourth = [await self.another_device(user.phone) for _ in range(3)]
        ended = (await second.call(tl.account.getAuthorizations())).authorizations
        [own] = [one.hash for one in ended if one.current]
        self.assertEqual(own, 0)
        before = {one.hash for one in ended}
        fifth = await self.another_device(user.phone)
        [new] = [
            one.hash
            for one in (await second.call(tl.account.getAuthorizations())).authorizations
            if one.hash not in before
        ]
        await second.call(tl.account.resetAuthorization(hash=new))
        await self.assert_ended(fifth)
        first.received.clear()
        await second.call(tl.auth.resetAuthorizations())
        for session in (first, third, fourth):
            await self.assert_ended(session)
        self.assertFalse(self.heard(second))
        sixth = await self.another_device(user.phone)
        await second.call(tl.account.deleteAccount(reason="enough"))
        await self.assert_ended(sixth)

    async def test_who_leaves_by_itself(self) -> None:
        """auth.logOut is answered and nothing more is said."""
        _, user = await self.sign_up_peer("Ada")
        session = await self.another_device(user.phone)
        await session.call(tl.auth.logOut())
        await session.call(tl.help.getConfig())
        self.assertFalse(self.heard(session))

    def heard(self, session: PeerSession) -> bool:
        """Whether updatesTooLong came."""
        return any(one.constructor_id == UPDATES_TOO_LONG for one in session.received)


@unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
class IdleTdlibTests(AskingTestCase):
    """The library of Telegram's own programs."""

    async def test_it_is_signed_out(self) -> None:
        """TDLib, idle, logs out by itself when Telethon ends its session."""
        ada = await self.sign_up("tdlib", "Ada")
        other = await self.connect("telethon", "other")
        await other.do("sign_in", phone=ada.phone, code=FIXED_CODE)
        [hash] = [one["hash"] for one in await other.do("sessions") if not one["current"]]
        await other.do("end_session", hash=hash)
        await ada.event("signed_out", WITHIN)
