"""Codes, signing in and up, devices, carried authorizations, temporary keys."""

import json

from teamgram.domain.codes import CodeSettings
from teamgram.domain.updates.events import NewAuthorization, PeerSettingsChanged
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.house import NOW, House

PHONE = "+1 (555) 010-0001"
DIGITS = "15550100001"


@on_every_backend
class SignInTests(BackendTestCase):
    """From a number to a signed-in key."""

    def house(self, **settings: object) -> House:
        return House(self.open_database(), self.open_cache(), CodeSettings(**settings))  # type: ignore[arg-type]

    async def code_of(self, house: House, digits: str = DIGITS) -> str:
        (code,) = [code.code for code in await house.codes.pending() if code.phone == digits]
        return code

    async def test_sign_up_makes_an_account(self) -> None:
        """The right code, then a name: the key is signed in and session knows."""
        house = self.house()
        phone = house.device(11)
        user = await phone.sign_up(PHONE, " Ada ", "Lovelace")
        self.assertEqual((user.first_name, user.last_name, user.phone), ("Ada", "Lovelace", DIGITS))
        self.assertTrue(user.self)
        self.assertEqual(house.session_control.told, [("in", 11, user.id)])
        (me,) = await phone.call(tl.users.getUsers(id=[tl.inputUserSelf()]))
        self.assertEqual(me, user)

    async def test_sign_in_again_with_a_code_on_the_other_device(self) -> None:
        """An account with a signed-in device gets the code there, and a notice once it was used."""
        house = self.house()
        user = await house.device(11).sign_up(PHONE, "Ada")
        sent = await house.device(12).send_code("15550100001")
        self.assertEqual(sent.type.NAME, "auth.sentCodeTypeApp")
        ((told, text),) = house.service_messages.sent
        code = await self.code_of(house)
        self.assertEqual(told, user.id)
        self.assertIn(code, text)
        answer = await house.device(12).call(
            tl.auth.signIn(phone_number=PHONE, phone_code_hash=sent.phone_code_hash, phone_code=code)
        )
        self.assertEqual(answer.user.id, user.id)
        self.assertEqual(house.auth_sessions.users, {11: user.id, 12: user.id})
        ((_users, event, but),) = house.events.of(NewAuthorization)
        self.assertEqual((event.hash, but), (12_000, 12))
        self.assertIn("192.0.2.12", house.service_messages.sent[-1][1])
        self.assertEqual(
            await house.device(13).error(
                tl.auth.signIn(phone_number=PHONE, phone_code_hash=sent.phone_code_hash, phone_code=code)
            ),
            "PHONE_CODE_EXPIRED",
        )

    async def test_wrong_numbers_codes_and_names(self) -> None:
        """Each mistake has its own error."""
        house = self.house()
        device = house.device(11)
        settings = tl.codeSettings()
        for written in ("", "12", "0123456", "+1555abc", "1" * 16, "+" * 5000):
            query = tl.auth.sendCode(phone_number=written, api_id=1, api_hash="x", settings=settings)
            self.assertEqual(await device.error(query), "PHONE_NUMBER_INVALID", written[:20])
        query = tl.auth.sendCode(phone_number=PHONE, api_id=0, api_hash="x", settings=settings)
        self.assertEqual(await device.error(query), "API_ID_INVALID")
        sent = await device.send_code(PHONE)
        right = await self.code_of(house)
        wrong = "00000" if right != "00000" else "11111"
        for code, error in (("", "PHONE_CODE_EMPTY"), (wrong, "PHONE_CODE_INVALID")):
            query = tl.auth.signIn(phone_number=PHONE, phone_code_hash=sent.phone_code_hash, phone_code=code)
            self.assertEqual(await device.error(query), error)
        query = tl.auth.signIn(phone_number=PHONE, phone_code_hash="none", phone_code=right)
        self.assertEqual(await device.error(query), "PHONE_CODE_EXPIRED")
        sign_up = tl.auth.signUp(phone_number=PHONE, phone_code_hash=sent.phone_code_hash, first_name="A", last_name="")
        self.assertEqual(await device.error(sign_up), "PHONE_CODE_EXPIRED")  # the code was not entered yet
        sign_up.first_name = " \n "
        self.assertEqual(await device.error(sign_up), "FIRSTNAME_INVALID")
        sign_up.first_name, sign_up.last_name = "A", "x" * 65
        self.assertEqual(await device.error(sign_up), "LASTNAME_INVALID")
        self.assertEqual(house.auth_sessions.users, {})

    async def test_a_code_dies_of_wrong_guesses_and_of_age(self) -> None:
        """After five wrong guesses, or five minutes, the right code is worth nothing."""
        house = self.house()
        device = house.device(11)
        sent = await device.send_code(PHONE)
        right = await self.code_of(house)
        guess = tl.auth.signIn(phone_number=PHONE, phone_code_hash=sent.phone_code_hash, phone_code="no")
        for _ in range(5):
            self.assertEqual(await device.error(guess), "PHONE_CODE_INVALID")
        guess.phone_code = right
        self.assertEqual(await device.error(guess), "PHONE_CODE_EXPIRED")
        sent = await device.send_code(PHONE)
        late = tl.auth.signIn(
            phone_number=PHONE, phone_code_hash=sent.phone_code_hash, phone_code=await self.code_of(house)
        )
        house.clock.advance(301)
        self.assertEqual(await device.error(late), "PHONE_CODE_EXPIRED")
        self.assertEqual(await house.codes.pending(), [])

    async def test_asking_for_codes_has_an_end(self) -> None:
        """A number gets so many codes an hour; the wait is told in seconds."""
        house = self.house(codes_per_phone=3)
        for key in range(3):
            await house.device(20 + key).send_code(PHONE)
        query = tl.auth.sendCode(phone_number=PHONE, api_id=1, api_hash="x", settings=tl.codeSettings())
        error = await house.device(30).error(query)
        self.assertRegex(error, r"^FLOOD_WAIT_\d+$")
        house.clock.advance(int(error.rpartition("_")[2]))
        await house.device(31).send_code(PHONE)

    async def test_one_address_cannot_ask_for_everybody(self) -> None:
        """Codes are counted by IP address, too, but not on the loopback."""
        house = self.house(codes_per_address=2)
        device = house.device(11)
        for number in (1, 2):
            await device.send_code(f"+1555020000{number}")
        query = tl.auth.sendCode(phone_number="+15550200003", api_id=1, api_hash="x", settings=tl.codeSettings())
        self.assertIn("FLOOD_WAIT_", await device.error(query))
        for number in (4, 5, 6):
            query.phone_number = f"+1555020000{number}"
            await device.call(query, client_addr="127.0.0.1:5")

    async def test_the_fixed_code_counts_only_where_it_is_allowed(self) -> None:
        """12345 is a wrong guess unless the installation allows it."""
        for allowed in (False, True):
            house = House(self.open_database(), self.open_cache(), CodeSettings(allow_fixed_code=allowed))
            sent = await house.device(11).send_code(PHONE)
            if await self.code_of(house) == "12345":
                return  # one in 100,000: the random code is that one
            query = tl.auth.signIn(phone_number=PHONE, phone_code_hash=sent.phone_code_hash, phone_code="12345")
            if allowed:
                answer = await house.device(11).call(query)
                self.assertEqual(answer.NAME, "auth.authorizationSignUpRequired")
            else:
                self.assertEqual(await house.device(11).error(query), "PHONE_CODE_INVALID")

    async def test_codes_are_not_readable_in_the_database(self) -> None:
        """Neither the code nor a plain hash of it lies in the table."""
        house = self.house()
        await house.device(11).send_code(PHONE)
        code = await self.code_of(house)

        def stored(txn: object) -> str:
            txn.execute("SELECT * FROM sign_in_codes")  # type: ignore[attr-defined]
            return repr(txn.fetchall())  # type: ignore[attr-defined]

        self.assertNotIn(code, await house.database.read("look", stored))

    async def test_a_provider_sends_and_resends(self) -> None:
        """With a SendCodeUrl the code is POSTed, signed; resending switches from the app to SMS."""
        house = self.house(send_code_url="http://provider.invalid/send", key="k", secret="s")
        await house.device(11).sign_up(PHONE, "Ada")
        ((url, body),) = house.posts
        self.assertEqual(url, "http://provider.invalid/send")
        self.assertEqual(json.loads(body)["phone"], DIGITS)
        sent = await house.device(12).send_code(PHONE)
        self.assertEqual((sent.type.NAME, sent.next_type.NAME), ("auth.sentCodeTypeApp", "auth.codeTypeSms"))
        again = await house.device(12).call(
            tl.auth.resendCode(phone_number=PHONE, phone_code_hash=sent.phone_code_hash)
        )
        self.assertEqual((again.type.NAME, again.next_type), ("auth.sentCodeTypeSms", None))
        self.assertEqual(json.loads(house.posts[-1][1])["code"], await self.code_of(house))
        for _ in range(2):
            await house.device(12).call(tl.auth.resendCode(phone_number=PHONE, phone_code_hash=sent.phone_code_hash))
        error = await house.device(12).error(
            tl.auth.resendCode(phone_number=PHONE, phone_code_hash=sent.phone_code_hash)
        )
        self.assertEqual(error, "SEND_CODE_UNAVAILABLE")
        house.provider_says = 500
        self.assertEqual(
            await house.device(13).error(
                tl.auth.sendCode(phone_number="+15550100009", api_id=1, api_hash="", settings=tl.codeSettings())
            ),
            "SMS_CODE_CREATE_FAILED",
        )

    async def test_a_provider_that_checks_decides(self) -> None:
        """With a VerifyCodeUrl the provider says whether a code is right; guesses still count."""
        house = self.house(verify_code_url="http://provider.invalid/check")
        device = house.device(11)
        sent = await device.send_code(PHONE)
        query = tl.auth.signIn(phone_number=PHONE, phone_code_hash=sent.phone_code_hash, phone_code="777")
        house.provider_says = 403
        self.assertEqual(await device.error(query), "PHONE_CODE_INVALID")
        house.provider_says = 200
        self.assertEqual((await device.call(query)).NAME, "auth.authorizationSignUpRequired")
        house.provider_says = 403
        for _ in range(3):  # every question to the provider counts, the right one, too
            self.assertEqual(await device.error(query), "PHONE_CODE_INVALID")
        house.provider_says = 200
        self.assertEqual(await device.error(query), "PHONE_CODE_EXPIRED")

    async def test_cancelled_codes_are_gone(self) -> None:
        """auth.cancelCode ends a code, once."""
        house = self.house()
        sent = await house.device(11).send_code(PHONE)
        cancel = tl.auth.cancelCode(phone_number=PHONE, phone_code_hash=sent.phone_code_hash)
        self.assertTrue(await house.device(11).call(cancel))
        self.assertEqual(await house.device(11).error(cancel), "PHONE_CODE_EXPIRED")

    async def test_five_digits_are_no_number(self) -> None:
        """They are a code in the wrong field, whoever types them."""
        house = self.house()
        for phone in ("12345", "+1 23 45"):
            self.assertEqual(await self.refused(house, phone), "PHONE_NUMBER_INVALID")

    async def refused(self, house: House, phone: str) -> str:
        return await house.device(11).error(
            tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="x", settings=tl.codeSettings())
        )

    async def test_who_had_the_number_gets_a_contact(self) -> None:
        """Numbers imported before their owner signed up become contacts when they do."""
        house = self.house()
        ada = house.device(11)
        ada_user = await ada.sign_up(PHONE, "Ada")
        entry = tl.inputPhoneContact(client_id=5, phone="+1 555 010 0002", first_name="Bob", last_name="B")
        imported = await ada.call(tl.contacts.importContacts(contacts=[entry]))
        self.assertEqual((imported.imported, imported.users), ([], []))
        bob = await house.device(12).sign_up("+15550100002", "Robert")
        told = [(users, event) for users, event, _ in house.events.of(PeerSettingsChanged)]
        self.assertEqual(told, [((ada_user.id,), PeerSettingsChanged((bob.id,)))])
        contacts = await ada.call(tl.contacts.getContacts(hash=0))
        self.assertEqual([(c.user_id, c.mutual) for c in contacts.contacts], [(bob.id, False)])
        self.assertEqual((contacts.users[0].first_name, contacts.users[0].phone), ("Bob", "15550100002"))


@on_every_backend
class DevicesTests(BackendTestCase):
    """Several devices of one account."""

    async def test_devices_are_listed_and_ended(self) -> None:
        """The caller's own is current with hash 0; another one ends by its hash; then all but the caller's."""
        house = House(self.open_database(), self.open_cache())
        device = house.device(11)
        user = await device.sign_up(PHONE, "Ada")
        house.auth_sessions.users |= {12: user.id, 13: user.id, 14: user.id, 99: user.id + 1}
        listed = await device.call(tl.account.getAuthorizations())
        self.assertEqual(
            [(d.hash, d.current) for d in listed.authorizations],
            [(0, True), (12_000, False), (13_000, False), (14_000, False)],
        )
        self.assertTrue(await device.call(tl.account.resetAuthorization(hash=12_000)))
        self.assertEqual(await device.error(tl.account.resetAuthorization(hash=12_000)), "HASH_INVALID")
        self.assertEqual(await device.error(tl.account.resetAuthorization(hash=11_000)), "HASH_INVALID")
        self.assertTrue(await device.call(tl.auth.resetAuthorizations()))
        self.assertEqual(house.auth_sessions.users, {11: user.id, 99: user.id + 1})
        self.assertEqual(house.session_control.told[1:], [("out", 12), ("out", 13), ("out", 14)])

    async def test_devices_that_were_not_seen_for_long_are_signed_out(self) -> None:
        """After the chosen days, when the devices are next looked at; the caller's own never is."""
        house = House(self.open_database(), self.open_cache())
        device = house.device(11)
        user = await device.sign_up(PHONE, "Ada")
        house.auth_sessions.users |= {12: user.id, 13: user.id}
        self.assertTrue(await device.call(tl.account.setAuthorizationTTL(authorization_ttl_days=30)))
        self.assertEqual(
            await device.error(tl.account.setAuthorizationTTL(authorization_ttl_days=0)), "TTL_DAYS_INVALID"
        )
        house.auth_sessions.active_at = {11: 0, 12: NOW - 31 * 86_400, 13: NOW - 29 * 86_400}
        listed = await device.call(tl.account.getAuthorizations())
        self.assertEqual([found.hash for found in listed.authorizations], [0, 13_000])
        self.assertEqual(house.session_control.told[-1], ("out", 12))

    async def test_log_out(self) -> None:
        """The key stays and is nobody's; what needs an account answers 401."""
        house = House(self.open_database(), self.open_cache())
        device = house.device(11)
        await device.sign_up(PHONE, "Ada")
        self.assertEqual((await device.call(tl.auth.logOut())).NAME, "auth.loggedOut")
        self.assertEqual(await device.error(tl.users.getUsers(id=[tl.inputUserSelf()])), "AUTH_KEY_UNREGISTERED")

    async def test_an_authorization_is_carried_once(self) -> None:
        """What one key exports another imports, once, and only for that user."""
        house = House(self.open_database(), self.open_cache())
        user = await house.device(11).sign_up(PHONE, "Ada")
        for dc_id in (0, 6, -2, 10_002):
            self.assertEqual(await house.device(11).error(tl.auth.exportAuthorization(dc_id=dc_id)), "DC_ID_INVALID")
        exported = await house.device(11).call(tl.auth.exportAuthorization(dc_id=5))
        wrong = tl.auth.importAuthorization(id=user.id + 1, bytes=exported.bytes)
        self.assertEqual(await house.device(12).error(wrong), "AUTH_BYTES_INVALID")
        right = tl.auth.importAuthorization(id=user.id, bytes=exported.bytes)
        self.assertEqual((await house.device(12).call(right)).user.id, user.id)
        self.assertEqual(await house.device(13).error(right), "AUTH_BYTES_INVALID")
        self.assertEqual(house.auth_sessions.users, {11: user.id, 12: user.id})

    async def test_a_carried_authorization_is_no_device(self) -> None:
        """Nobody is told of it, no list shows it, and it stays and ends with the device's own."""
        house = House(self.open_database(), self.open_cache())
        phone = house.device(11)
        user = await phone.sign_up(PHONE, "Ada")
        house.auth_sessions.users[21] = user.id  # another device

        async def carry(key: int, to: int) -> None:
            exported = await house.device(key).call(tl.auth.exportAuthorization(dc_id=1))
            await house.device(to).call(tl.auth.importAuthorization(id=exported.id, bytes=exported.bytes))

        await carry(11, 12)
        await carry(12, 13)  # of the same device all the same
        await carry(21, 22)
        self.assertEqual((house.service_messages.sent, house.events.of(NewAuthorization)), ([], []))
        listed = await phone.call(tl.account.getAuthorizations())
        self.assertEqual([(found.hash, found.current) for found in listed.authorizations], [(0, True), (21_000, False)])
        self.assertEqual(await phone.error(tl.account.resetAuthorization(hash=12_000)), "HASH_INVALID")
        self.assertTrue(await house.device(13).call(tl.auth.resetAuthorizations()))
        self.assertEqual(house.auth_sessions.users, {11: user.id, 12: user.id, 13: user.id})
        self.assertEqual(house.session_control.told[-2:], [("out", 21), ("out", 22)])
        late = await phone.call(tl.auth.exportAuthorization(dc_id=1))
        await phone.call(tl.auth.logOut())
        self.assertEqual(house.session_control.told[-3:], [("out", 11), ("out", 12), ("out", 13)])
        query = tl.auth.importAuthorization(id=late.id, bytes=late.bytes)
        self.assertEqual(await house.device(14).error(query), "AUTH_BYTES_INVALID")
        self.assertEqual(house.auth_sessions.users, {})

    async def test_a_code_on_the_screen(self) -> None:
        """A token is shown, accepted on a signed-in device, pushed, and becomes an authorization."""
        house = House(self.open_database(), self.open_cache())
        user = await house.device(11).sign_up(PHONE, "Ada")
        screen = house.device(12)
        show = tl.auth.exportLoginToken(api_id=1, api_hash="x", except_ids=[])
        first = await house.device(15).call(show)
        house.clock.advance(10)
        self.assertEqual(await house.device(15).call(show), first)
        self.assertNotEqual((await house.device(16).call(show)).token, first.token)
        house.clock.advance(20)
        self.assertNotEqual((await house.device(15).call(show)).token, first.token)
        shown = await screen.call(show)
        self.assertEqual(shown.NAME, "auth.loginToken")
        accepted = await house.device(11).call(tl.auth.acceptLoginToken(token=shown.token))
        self.assertEqual((accepted.hash, accepted.device_model), (12_000, "device 12"))
        ((told, updates, only),) = house.push.pushed
        self.assertEqual((told, updates.update.NAME, only), (user.id, "updateLoginToken", 12))
        done = await screen.call(show)
        self.assertEqual((done.NAME, done.authorization.user.id), ("auth.loginTokenSuccess", user.id))
        again = await house.device(11).error(tl.auth.acceptLoginToken(token=shown.token))
        self.assertEqual(again, "AUTH_TOKEN_EXPIRED")

    async def test_temporary_keys(self) -> None:
        """Binding tells session; dropping spares the named ones."""
        house = House(self.open_database(), self.open_cache())
        device = house.device(11)
        bind = tl.auth.bindTempAuthKey(perm_auth_key_id=5, nonce=1, expires_at=2, encrypted_message=b"x")
        self.assertTrue(await device.call(bind))
        self.assertTrue(await device.call(tl.auth.dropTempAuthKeys(except_auth_keys=[72])))
        self.assertEqual(house.session_control.told, [("bound", 11, 5), ("destroyed", 71), ("destroyed", 73)])
