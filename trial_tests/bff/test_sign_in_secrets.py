"""Codes and tokens open what they were made for, and nothing else."""

from dataclasses import replace

from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.house import Device, House

ADA, BOB, NEW = "+15550100001", "+15550100002", "+15550100003"


@on_every_backend
class CodeTests(BackendTestCase):
    """A code belongs to one number, one hash and one purpose."""

    async def accounts(self) -> tuple[House, Device, Device]:
        house = House(self.open_database(), self.open_cache())
        ada, bob = house.device(11), house.device(12)
        await ada.sign_up(ADA, "Ada")
        await bob.sign_up(BOB, "Bob")
        return house, ada, bob

    async def code_of(self, house: House, phone: str) -> str:
        """What the operator would read out."""
        (code,) = [code.code for code in await house.codes.pending() if code.phone == phone.lstrip("+")]
        return code

    async def test_of_another_number(self) -> None:
        """The code for one's own number does not sign in as somebody else, under either hash."""
        house, _, _ = await self.accounts()
        thief = house.device(13)
        mine, theirs = await thief.send_code(BOB), await thief.send_code(ADA)
        code = await self.code_of(house, BOB)
        for sent, error in ((mine, "PHONE_CODE_EXPIRED"), (theirs, "PHONE_CODE_INVALID")):
            sign_in = tl.auth.signIn(phone_number=ADA, phone_code_hash=sent.phone_code_hash, phone_code=code)
            self.assertEqual(await thief.error(sign_in), error)
        self.assertNotIn(13, house.auth_sessions.users)

    async def test_of_another_purpose(self) -> None:
        """A code to change a number does not sign anybody in or up, and a sign-in code changes no number."""
        house, ada, _ = await self.accounts()
        change = tl.account.sendChangePhoneCode(phone_number=NEW, settings=tl.codeSettings())
        sent = await ada.call(change)
        code = await self.code_of(house, NEW)
        thief = house.device(13)
        sign_in = tl.auth.signIn(phone_number=NEW, phone_code_hash=sent.phone_code_hash, phone_code=code)
        self.assertEqual(await thief.error(sign_in), "PHONE_CODE_EXPIRED")
        sign_up = tl.auth.signUp(phone_number=NEW, phone_code_hash=sent.phone_code_hash, first_name="x", last_name="")
        self.assertEqual(await thief.error(sign_up), "PHONE_CODE_EXPIRED")
        sent = await thief.send_code(NEW)
        code = max(await house.codes.pending(), key=lambda code: code.purpose == "sign_in").code
        take = tl.account.changePhone(phone_number=NEW, phone_code_hash=sent.phone_code_hash, phone_code=code)
        self.assertEqual(await ada.error(take), "PHONE_CODE_EXPIRED")

    async def test_signing_up_needs_the_code_entered(self) -> None:
        """Who never entered the code does not sign up with its hash alone, nor with the hash of another number."""
        house, _, _ = await self.accounts()
        thief = house.device(13)
        sent = await thief.send_code(NEW)
        sign_up = tl.auth.signUp(phone_number=NEW, phone_code_hash=sent.phone_code_hash, first_name="x", last_name="")
        self.assertEqual(await thief.error(sign_up), "PHONE_CODE_EXPIRED")
        code = await self.code_of(house, NEW)
        sign_in = tl.auth.signIn(phone_number=NEW, phone_code_hash=sent.phone_code_hash, phone_code=code)
        self.assertEqual((await thief.call(sign_in)).NAME, "auth.authorizationSignUpRequired")
        elsewhere = tl.auth.signUp(
            phone_number="+15550100009", phone_code_hash=sent.phone_code_hash, first_name="x", last_name=""
        )
        self.assertEqual(await thief.error(elsewhere), "PHONE_CODE_EXPIRED")
        self.assertEqual((await thief.call(sign_up)).user.first_name, "x")

    async def test_an_ipv6_subscriber_is_one_client(self) -> None:
        """The addresses of one /64 share the limit, those of the next do not; a loopback address is not counted."""
        house = House(self.open_database(), self.open_cache())
        house.codes.use(replace(house.codes.settings, codes_per_address=3))

        async def ask(number: int, address: str) -> str:
            device = house.device(100 + number)
            device.metadata = replace(device.metadata, client_addr=address)
            query = tl.auth.sendCode(
                phone_number=f"+1555020{number:04}", api_id=1, api_hash="x", settings=tl.codeSettings()
            )
            try:
                return str((await device.call(query)).NAME)
            except Exception as error:
                return str(error)

        answers = [await ask(number, f"[2001:db8:0:1::{number + 1:x}]:4000") for number in range(5)]
        self.assertEqual(answers[:3], ["auth.sentCode"] * 3)
        self.assertTrue(all("FLOOD_WAIT" in answer for answer in answers[3:]), answers)
        self.assertEqual(await ask(10, "[2001:db8:0:2::1]:4000"), "auth.sentCode")
        # An IPv4 address is the same client however it is written.
        mapped = [await ask(20 + number, "[::ffff:192.0.2.1]:1") for number in range(2)]
        plain = [await ask(30 + number, "192.0.2.1:2") for number in range(2)]
        self.assertEqual([*mapped, *plain][:3], ["auth.sentCode"] * 3)
        self.assertIn("FLOOD_WAIT", plain[1])
        for number, host in enumerate(("[::1]", "127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "[::1]")):
            self.assertEqual(await ask(40 + number, f"{host}:9"), "auth.sentCode")


@on_every_backend
class LoginTokenTests(BackendTestCase):
    """A token signs in the key that shows it."""

    async def test_of_another_key(self) -> None:
        """Who has seen the code on somebody's screen does not get their authorization with it."""
        house = House(self.open_database(), self.open_cache())
        ada = house.device(11)
        await ada.sign_up(ADA, "Ada")
        screen, thief = house.device(12), house.device(13)
        shown = await screen.call(tl.auth.exportLoginToken(api_id=1, api_hash="x", except_ids=[]))
        take = tl.auth.importLoginToken(token=shown.token)
        self.assertEqual(await thief.error(take), "AUTH_TOKEN_INVALID")
        self.assertEqual((await screen.call(take)).NAME, "auth.loginToken")
        await ada.call(tl.auth.acceptLoginToken(token=shown.token))
        self.assertEqual(await thief.error(take), "AUTH_TOKEN_EXPIRED")
        self.assertNotIn(13, house.auth_sessions.users)
        self.assertEqual((await screen.call(take)).NAME, "auth.loginTokenSuccess")

    async def test_who_is_signed_in_there_already(self) -> None:
        """An account that the device names as signed in on it is not signed in twice."""
        house = House(self.open_database(), self.open_cache())
        ada, screen = house.device(11), house.device(12)
        user = await ada.sign_up(ADA, "Ada")
        shown = await screen.call(tl.auth.exportLoginToken(api_id=1, api_hash="x", except_ids=[user.id]))
        accept = tl.auth.acceptLoginToken(token=shown.token)
        self.assertEqual(await ada.error(accept), "AUTH_TOKEN_EXCEPTION")
        self.assertNotIn(12, house.auth_sessions.users)
