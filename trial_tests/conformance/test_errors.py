"""Page "Error handling": what the server cannot do, and what nobody is told of it."""

import base64
import re

from teamgram.mtproto.tl import encode, tl
from trial_tests.conformance.house import key_id
from trial_tests.conformance.strict import (
    PADDED_SECRET,
    PROVIDER_KEY,
    PROVIDER_SECRET,
    SECRET,
    StrictCase,
)
from trial_tests.conformance.watching import history
from trial_tests.peer.calls import CallFailed
from trial_tests.peer.exchange import ClientExchange
from trial_tests.peer.transports import Intermediate, Obfuscated

WORDS = "torpedoes need melodies"


class InternalTests(StrictCase):
    async def test_internal(self) -> None:
        """500 INTERNAL to the request that met the fault, one entry in the log without content; the rest goes on."""
        session, _ = await self.user()
        self.server.forgive()
        with self.broken("message_contents"):
            send = tl.messages.sendMessage(peer=tl.inputPeerSelf(), message=WORDS, random_id=7)
            broken, sound = session.start_calls([encode(send), encode(tl.help.getNearestDc())])
            with self.assertRaises(CallFailed) as caught:
                await broken
            self.assertEqual((caught.exception.code, caught.exception.message), (500, "INTERNAL"))
            await sound
        logged = self.server.forgive()
        self.assertEqual(logged.count("messages.sendMessage failed"), 1, logged)
        self.assertNotIn(WORDS, logged)
        # Nothing of it was kept, and the same message can be sent now.
        self.assertEqual((await session.call(history(tl.inputPeerSelf()))).messages, [])
        await session.call(send)
        self.assertEqual([one.message for one in (await session.call(history(tl.inputPeerSelf()))).messages], [WORDS])

    async def test_not_implemented(self) -> None:
        """400 METHOD_NOT_IMPL for methods of the schema that nobody serves, in and out of the IDMap; others go on."""
        session, _ = await self.user()
        for query in (
            tl.stats.getStoryStats(peer=tl.inputPeerSelf(), id=1),
            tl.phone.createGroupCall(peer=tl.inputPeerSelf(), random_id=1),
            tl.messages.requestEncryption(user_id=tl.inputUserSelf(), random_id=1, g_a=b""),
        ):
            refused, served = session.start_calls([encode(query), encode(tl.updates.getState())])
            with self.assertRaises(CallFailed) as caught:
                await refused
            self.assertEqual((caught.exception.code, caught.exception.message), (400, "METHOD_NOT_IMPL"), query.NAME)
            await served


class SecrecyTests(StrictCase):
    async def test_nothing_secret_is_logged(self) -> None:
        """At the level debug: no key, salt, nonce, code or text of a whole life, and no secret of the configuration."""
        before = len(self.server.log())
        exchange = ClientExchange(self.public_key)
        framing = Obfuscated(Intermediate(), secret=SECRET)
        connection = await self.connect(framing, port=self.server.ports["secret"])
        session = self.open(connection, await connection.run_exchange(exchange))
        assert exchange.auth_key is not None
        phone = str(next(self._phones))
        query = tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="", settings=tl.codeSettings())
        sent = await session.call(query)
        told = {"phone_number": phone, "phone_code_hash": sent.phone_code_hash}
        code = self.server.provider.codes[phone]
        with self.assertRaises(CallFailed):
            await session.call(tl.auth.signIn(phone_code="1", **told))
        await session.call(tl.auth.signIn(phone_code=code, **told))
        user = (await session.call(tl.auth.signUp(first_name="Hedwig", last_name="Kiesler", **told))).user
        await session.call(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message=WORDS, random_id=1))
        temporary = await self.temporary()
        await self.bind(temporary, exchange.auth_key)
        await temporary.call(tl.updates.getState())
        await self.error(session, encode(history(tl.inputPeerEmpty()))[:-4])
        await self.error(session, WORDS.encode() + b"!")
        connection.send_frame(session.core.seal(session.core.message(encode(tl.ping(ping_id=1))), salt=1).frame)
        await session.wait_for_object("bad_server_salt")
        broken = bytearray(session.core.seal(session.core.message(WORDS.encode() + b"!")).frame)
        broken[30] ^= 1
        connection.send_frame(bytes(broken))
        await connection.until_closed()
        await self.server.logged("msg_key does not fit", after=before)
        log = self.server.log()[before:]
        self.assertIn(str(key_id(exchange.auth_key)), log)  # ids are there
        texts = {
            "code": code, "code hash": sent.phone_code_hash, "phone": phone, "name": "Hedwig", "text": WORDS,
            "salt": str(exchange.first_salt), "access hash": str(user.access_hash),
            "provider's key": PROVIDER_KEY, "provider's secret": PROVIDER_SECRET,
        }  # fmt: skip
        without_ports = re.sub(r":\d{4,5}\b", "", log)
        for what, text in texts.items():
            self.assertNotRegex(without_ports, rf"(?<![\d.-]){re.escape(text)}(?![\d.])", what)
        private = (self.server.files.data_dir / "server_pkcs1.key").read_bytes().splitlines()[1]
        tls = (self.server.files.data_dir / "server.key").read_bytes().splitlines()[1]
        secrets = {
            "auth key": exchange.auth_key.auth_key, "temporary key": temporary.core.auth_key.auth_key,
            "new_nonce": exchange.new_nonce, "secret": SECRET, "dd secret": PADDED_SECRET,
            "key": base64.b64decode(private), "certificate's key": base64.b64decode(tls),
        }  # fmt: skip
        whole = self.server.log()
        for what, secret in secrets.items():
            part = secret[:15]
            for shown in (part.hex(), base64.b64encode(part).decode(), repr(part)[2:-1]):
                self.assertNotIn(shown, whole, what)
                self.assertNotIn(shown.upper(), whole, what)
