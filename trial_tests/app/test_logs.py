"""What the server says of a whole run whose contents are known: ids and sizes, and nothing of what was in it."""

import base64
import re
from typing import Any

from teamgram.mtproto.tl import encode, tl
from trial_tests.app.operating import OperatingTestCase
from trial_tests.clients.house import FIXED_CODE
from trial_tests.peer.calls import CallFailed, PeerSession

FIRST_NAME, LAST_NAME, ABOUT = "Hedwig", "Kiesler", "frequency hopping since 1942"
TEXT, EDITED, DRAFT = "torpedoes need melodies", "eighty-eight keys", "a draft nobody sees"
TITLE = "Piano rolls"


class LogContentTests(OperatingTestCase):
    """At the level debug, with a key watched on top."""

    async def test_no_line_tells_codes_keys_salts_names_or_texts(self) -> None:
        """Sign-up, messages, edits, drafts, groups, refusals, sign-out: none of it can be found in the output."""
        for file in ("gnetway", "session", "authsession", "bff"):
            self.edit(f"{file}.yaml", "  Level: info", "  Level: debug")
        await self.reload()
        phone = self.phone()
        session = await self.peer_session()
        user, hashes = await self.sign_up_as(session, phone)
        await self.talk(session, user)
        await self.misbehave(session)
        await session.call(tl.auth.logOut())
        before = self.server.output
        await self.server.terminate()
        await self.server.start()
        again = await self.peer_session()
        await self.refused(again.call(tl.users.getUsers(id=[tl.inputUserSelf()])), CallFailed)
        output = before + self.server.output
        # The operator is told the fixed code at the start, and the gateway's token.
        output = re.sub(r"(?m)^  note: .*$", "", output)
        for what, secret in {
            "code": f"{FIXED_CODE}",
            "phone": phone,
            "first name": FIRST_NAME,
            "last name": LAST_NAME,
            "bio": ABOUT,
            "text": TEXT,
            "edited text": EDITED,
            "draft": DRAFT,
            "title": TITLE,
            **{f"code hash {number}": found for number, found in enumerate(hashes)},
            "salt": str(session.core.salt),
            "access hash": str(user.access_hash),
        }.items():
            self.assertNotRegex(output, rf"(?<!\d){re.escape(secret)}(?!\d)", what)
        for secret_bytes in self.secrets(session):
            for shown in (secret_bytes.hex(), base64.b64encode(secret_bytes).decode(), repr(secret_bytes)[2:-1]):
                self.assertNotIn(shown[:40], output)
        for line in (f"user {user.id} signed up", f"user {user.id} signed in", f"user {user.id} signed out"):
            self.assertEqual(output.count(line), 1, line)

    async def sign_up_as(self, session: PeerSession, phone: str) -> tuple[Any, list[str]]:
        settings = tl.codeSettings()
        sent = await session.call(tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="0" * 32, settings=settings))
        code = {"phone_number": phone, "phone_code_hash": sent.phone_code_hash}
        await self.refused(session.call(tl.auth.signIn(phone_code="00000", **code)), CallFailed)
        await session.call(tl.auth.signIn(phone_code=FIXED_CODE, **code))
        answer = await session.call(tl.auth.signUp(first_name=FIRST_NAME, last_name=LAST_NAME, **code))
        return answer.user, [sent.phone_code_hash]

    async def talk(self, session: PeerSession, user: Any) -> None:
        to_self = tl.inputPeerSelf()
        await session.call(tl.account.updateProfile(about=ABOUT))
        await session.call(tl.messages.sendMessage(peer=to_self, message=TEXT, random_id=1))
        await session.call(tl.messages.editMessage(peer=to_self, id=1, message=EDITED))
        await session.call(tl.messages.saveDraft(peer=to_self, message=DRAFT))
        await session.call(
            tl.messages.search(
                peer=to_self,
                q=TEXT,
                filter=tl.inputMessagesFilterEmpty(),
                min_date=0,
                max_date=0,
                offset_id=0,
                add_offset=0,
                limit=5,
                max_id=0,
                min_id=0,
                hash=0,
            )
        )
        await session.call(tl.messages.createChat(users=[tl.inputUserSelf()], title=TITLE))

    async def misbehave(self, session: PeerSession) -> None:
        """What is refused is told too, and is no less private."""
        await self.refused(
            session.call_raw(
                encode(
                    tl.messages.sendMessage(peer=tl.inputPeerUser(user_id=7, access_hash=8), message=TEXT, random_id=2)
                )
            ),
            CallFailed,
        )
        await self.refused(session.call_raw(b"\x01\x02\x03\x04" + TEXT.encode().ljust(28)), CallFailed)
        broken = await self.connection()
        broken.send_frame(session.core.auth_key.id_bytes + TEXT.encode().ljust(64, b"."))
        await broken.until_closed()
        unknown = await self.connection()
        unknown.send_frame(b"\x07" * 8 + bytes(64))
        await unknown.until_closed()

    def secrets(self, session: PeerSession) -> list[bytes]:
        found = [session.core.auth_key.auth_key]
        for file in ("sign_in_codes.key", "gateway.token"):
            found.append((self.server.data_dir / file).read_bytes().strip())
        return found
