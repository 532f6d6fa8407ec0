"""Two bff processes over one MariaDB and one Redis: what is changed through one is seen through the other.

Both live in the test's process, and know nothing of each other but what those two carry.
"""

import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

import yaml

from teamgram.app.config.loader import load_configuration
from teamgram.app.logs import level_filter
from teamgram.app.roles.bff import BffRole
from teamgram.app.roles.neighbours import Trust
from teamgram.app.roles.role import RolePlace
from teamgram.cluster.discovery import Discovery
from teamgram.interfaces.figures import Figures
from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType, ClientInfo
from teamgram.interfaces.rpc import RpcError, RpcMetadata, RpcRequest
from teamgram.interfaces.updates import UpdatesSessionChanged
from teamgram.mtproto.tl import NEWEST_LAYER, decode_result, encode, tl
from trial_tests.backends import BackendTestCase, service
from trial_tests.clients.server import free_port

PROJECT = Path(__file__).parents[3]
SECONDS = 15.0


class TwoBffTestCase(BackendTestCase):
    """``one`` and ``other``; ``call(bff, user, query)`` asks as session would."""

    on_servers = True
    timeout = 120.0

    async def setUp(self) -> None:
        dsn, self.data_dir = self.new_place()
        self.data_dir.mkdir(parents=True)
        config = Path(self.mktemp())
        shutil.copytree(PROJECT / "etc", config)
        changes: dict[str, dict[str, Any]] = {
            "authsession.yaml": {
                "Mysql": {"DSN": dsn, "Active": 4},
                "Cache": [{"Host": service("TEAMGRAM_TEST_REDIS")}],
            },
            "botapi.yaml": {"ListenOn": f"127.0.0.1:{free_port()}"},
            "bff.yaml": {"WelcomeMessage": "", "LinkPreviews": {"Enabled": False}},
        }
        for file, keys in changes.items():
            path = config / file
            path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **keys}))
        openclaw = config / "openclaw.yaml"
        openclaw.write_text(re.sub(r"\b(18789|3210)\b", "0", openclaw.read_text()))
        self.config = config
        self.keys = 0
        self.one, self.other = await self.bff("one"), await self.bff("other")

    async def bff(self, name: str) -> BffRole:
        configuration = load_configuration(self.config)
        place = RolePlace(
            configuration,
            self.data_dir,
            self.real_reactor,
            [],
            level_filter(configuration),
            name,
            name,
            Trust(None, None),
            Discovery(self.real_reactor),
            Figures(),
        )
        role = BffRole(place)
        self.addCleanup(lambda: Deferred.fromCoroutine(self.end(role)))
        await role.start()
        return role

    async def end(self, role: BffRole) -> None:
        for _, step in role.stop_steps():
            result: Any = step()
            if hasattr(result, "send"):
                await Deferred.fromCoroutine(result)
            elif isinstance(result, Deferred):
                await result

    async def call(self, bff: BffRole, user_id: int, query: Any, key: int = 0) -> Any:
        key = key or user_id
        metadata = RpcMetadata(key, key, AuthKeyType.PERM, 1, user_id, NEWEST_LAYER, ClientInfo(1), "192.0.2.1:4")
        answer = bff.backend.bff.call(RpcRequest(metadata, 7, "", query.NAME, encode(query, NEWEST_LAYER)))
        if not isinstance(answer, bytes):
            answer = await answer
        return decode_result(query.NAME, answer, NEWEST_LAYER)

    async def new_key(self) -> int:
        """A permanent key, stored through one."""
        self.keys += 1
        key = AuthKeyInfo(-self.keys, bytes(256), AuthKeyType.PERM, -self.keys)
        await self.one.backend.auth_sessions.set_auth_key(key, 1)
        return key.auth_key_id

    async def sign_up(self, name: str) -> Any:
        """A user; half of it through one, half through the other."""
        key = await self.new_key()
        phone, settings = f"1555200{-key:04}", tl.codeSettings()
        sent = await self.call(
            self.one, 0, tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="x", settings=settings), key
        )
        code = sent.phone_code_hash
        await self.call(
            self.other, 0, tl.auth.signIn(phone_number=phone, phone_code_hash=code, phone_code="12345"), key
        )
        signed = await self.call(
            self.one, 0, tl.auth.signUp(phone_number=phone, phone_code_hash=code, first_name=name, last_name=""), key
        )
        return signed.user

    async def until(self, seen: Callable[[], Awaitable[Any]], wanted: Any) -> None:
        """Until the other process sees it."""
        deadline = self.real_reactor.seconds() + SECONDS
        while True:
            try:
                found = await seen()
            except RpcError as error:
                found = error.message
            if found == wanted:
                return
            if self.real_reactor.seconds() > deadline:
                self.assertEqual(found, wanted, "not seen through the other process")
            await deferLater(self.real_reactor, 0.02)


class TwoBffTests(TwoBffTestCase):
    """Each thing that a process remembers is read through the other first, so that it is in memory there."""

    async def test_people(self) -> None:
        """Names, usernames, contacts, blocks, privacy, notifications."""
        anna, boris = await self.sign_up("Anna"), await self.sign_up("Boris")
        of_anna = tl.inputUser(user_id=anna.id, access_hash=anna.access_hash)

        async def name() -> str:
            [user] = await self.call(self.other, boris.id, tl.users.getUsers(id=[of_anna]))
            return str(user.first_name)

        self.assertEqual(await name(), "Anna")
        await self.call(self.one, anna.id, tl.account.updateProfile(first_name="Anne"))
        await self.until(name, "Anne")

        async def resolved() -> int:
            found = await self.call(self.other, boris.id, tl.contacts.resolveUsername(username="anne_of_green"))
            return int(found.peer.user_id)

        with self.assertRaises(RpcError):
            await resolved()
        await self.call(self.one, anna.id, tl.account.updateUsername(username="anne_of_green"))
        await self.until(resolved, anna.id)

        async def contacts() -> list[int]:
            found = await self.call(self.other, boris.id, tl.contacts.getContacts(hash=0))
            return [contact.user_id for contact in found.contacts]

        self.assertEqual(await contacts(), [])
        book = [tl.inputPhoneContact(client_id=1, phone=anna.phone, first_name="A", last_name="")]
        await self.call(self.one, boris.id, tl.contacts.importContacts(contacts=book))
        await self.until(contacts, [anna.id])

        async def blocked() -> list[int]:
            found = await self.call(self.other, boris.id, tl.contacts.getBlocked(offset=0, limit=10))
            return [one.peer_id.user_id for one in found.blocked]

        self.assertEqual(await blocked(), [])
        peer = tl.inputPeerUser(user_id=anna.id, access_hash=anna.access_hash)
        await self.call(self.one, boris.id, tl.contacts.block(id=peer))
        await self.until(blocked, [anna.id])

        async def privacy() -> list[str]:
            key = tl.inputPrivacyKeyStatusTimestamp()
            found = await self.call(self.other, anna.id, tl.account.getPrivacy(key=key))
            return [rule.NAME for rule in found.rules]

        self.assertEqual(await privacy(), ["privacyValueAllowAll"])
        rules = [tl.inputPrivacyValueDisallowAll()]
        await self.call(self.one, anna.id, tl.account.setPrivacy(key=tl.inputPrivacyKeyStatusTimestamp(), rules=rules))
        await self.until(privacy, ["privacyValueDisallowAll"])

        async def muted() -> int:
            notify = tl.account.getNotifySettings(peer=tl.inputNotifyUsers())
            return (await self.call(self.other, anna.id, notify)).mute_until or 0

        self.assertEqual(await muted(), 0)
        await self.call(
            self.one,
            anna.id,
            tl.account.updateNotifySettings(
                peer=tl.inputNotifyUsers(), settings=tl.inputPeerNotifySettings(mute_until=2_000_000_000)
            ),
        )
        await self.until(muted, 2_000_000_000)

    async def test_who_is_online(self) -> None:
        """What a device says to one process; told to those who watch by one of them."""
        anna, boris = await self.sign_up("Anna"), await self.sign_up("Boris")
        of_anna = tl.inputUser(user_id=anna.id, access_hash=anna.access_hash)

        async def status() -> str:
            [user] = await self.call(self.other, boris.id, tl.users.getUsers(id=[of_anna]))
            return str(user.status.NAME)

        here = UpdatesSessionChanged("session", anna.id, anna.id, True, True, tells=False)
        for bff in (self.one, self.other):
            bff.backend.bus.listen(UpdatesSessionChanged, lambda told: None)
            bff._bus.deliver(here)
        await self.until(status, "userStatusOnline")
        await self.call(self.one, anna.id, tl.account.updateStatus(offline=True))
        await self.until(status, "userStatusOffline")
        await self.call(self.one, anna.id, tl.account.updateStatus(offline=False))
        await self.until(status, "userStatusOnline")

    async def test_groups_and_channels(self) -> None:
        """Titles, and who is in."""
        anna, boris = await self.sign_up("Anna"), await self.sign_up("Boris")
        of_boris = tl.inputUser(user_id=boris.id, access_hash=boris.access_hash)
        made = await self.call(self.one, anna.id, tl.messages.createChat(users=[of_boris], title="first"))
        chat_id = made.updates.chats[0].id

        async def title() -> str:
            found = await self.call(self.other, boris.id, tl.messages.getChats(id=[chat_id]))
            return str(found.chats[0].title)

        self.assertEqual(await title(), "first")
        await self.call(self.one, anna.id, tl.messages.editChatTitle(chat_id=chat_id, title="second"))
        await self.until(title, "second")
        created = await self.call(self.one, anna.id, tl.channels.createChannel(title="news", about="", megagroup=True))
        channel = tl.inputChannel(channel_id=created.chats[0].id, access_hash=created.chats[0].access_hash)

        async def is_in() -> str:
            found = await self.call(
                self.other,
                anna.id,
                tl.channels.getParticipant(
                    channel=channel, participant=tl.inputPeerUser(user_id=boris.id, access_hash=boris.access_hash)
                ),
            )
            return str(found.participant.NAME)

        await self.until(is_in, "USER_NOT_PARTICIPANT")
        await self.call(self.one, anna.id, tl.channels.inviteToChannel(channel=channel, users=[of_boris]))
        await self.until(is_in, "channelParticipant")

    async def test_messages_files_and_search(self) -> None:
        """A file in parts that came both ways, a message that is found by a word in it."""
        anna, boris = await self.sign_up("Anna"), await self.sign_up("Boris")
        to_boris = tl.inputPeerUser(user_id=boris.id, access_hash=boris.access_hash)
        for number, bff in enumerate((self.one, self.other)):
            size = 1024 if number == 0 else 100
            part = tl.upload.saveFilePart(file_id=77, file_part=number, bytes=bytes([number]) * size)
            await self.call(bff, anna.id, part)
        document = tl.inputMediaUploadedDocument(
            file=tl.inputFile(id=77, parts=2, name="a.bin", md5_checksum=""),
            mime_type="application/octet-stream",
            attributes=[],
        )
        sent = await self.call(
            self.other,
            anna.id,
            tl.messages.sendMedia(peer=to_boris, media=document, message="Grüße aus Zanzibar", random_id=5),
        )
        file = next(one for one in sent.updates if one.NAME == "updateNewMessage").message.media.document
        place = tl.inputDocumentFileLocation(
            id=file.id, access_hash=file.access_hash, file_reference=file.file_reference, thumb_size=""
        )
        got = await self.call(self.one, anna.id, tl.upload.getFile(location=place, offset=0, limit=4096))
        self.assertEqual(got.bytes, bytes(1024) + b"\1" * 100)
        to_anna = tl.inputPeerUser(user_id=anna.id, access_hash=anna.access_hash)
        for bff in (self.one, self.other):

            async def found(bff: BffRole = bff) -> list[str]:
                answer = await self.call(
                    bff,
                    boris.id,
                    tl.messages.search(
                        peer=to_anna,
                        q="zanzibar",
                        filter=tl.inputMessagesFilterEmpty(),
                        min_date=0,
                        max_date=0,
                        offset_id=0,
                        add_offset=0,
                        limit=10,
                        max_id=0,
                        min_id=0,
                        hash=0,
                    ),
                )
                return [message.message for message in answer.messages]

            await self.until(found, ["Grüße aus Zanzibar"])

    async def test_a_token_that_is_scanned(self) -> None:
        """A device shows it by one process, it is accepted by the other, and the device is signed in by either."""
        anna, device = await self.sign_up("Anna"), await self.new_key()
        ask = tl.auth.exportLoginToken(api_id=1, api_hash="x", except_ids=[])
        shown = await self.call(self.one, 0, ask, device)
        self.assertEqual((await self.other.backend.auth_sessions.get_client(device))[0], 0)
        accepted = await self.call(self.other, anna.id, tl.auth.acceptLoginToken(token=shown.token))
        self.assertEqual(accepted.NAME, "authorization")
        signed_in = await self.call(self.one, 0, ask, device)
        self.assertEqual(signed_in.authorization.user.id, anna.id)
        self.assertEqual((await self.other.backend.auth_sessions.get_client(device))[0], anna.id)

    async def test_one_does_what_is_done_once(self) -> None:
        """The agents' plane and the rest: of the two one leads, and the other when it has ended."""
        self.assertEqual((self.one.leading.leads, self.other.leading.leads), (True, False))
        self.assertIsNone(self.other._agents)
        await self.one.leading.stop()
        await self.other.leading._round()
        self.assertEqual((self.one.leading.leads, self.other.leading.leads), (False, True))
        self.assertIsNotNone(self.other._agents)
        self.assertIsNone(self.one._agents)

    async def test_redis_goes_and_comes(self) -> None:
        """What was changed meanwhile is seen all the same."""
        anna, boris = await self.sign_up("Anna"), await self.sign_up("Boris")
        of_anna = tl.inputUser(user_id=anna.id, access_hash=anna.access_hash)

        async def name() -> str:
            [user] = await self.call(self.other, boris.id, tl.users.getUsers(id=[of_anna]))
            return str(user.first_name)

        self.assertEqual(await name(), "Anna")
        self.one.redis._publisher.transport.abortConnection()
        self.other.redis._subscriber.transport.abortConnection()
        await self.call(self.one, anna.id, tl.account.updateProfile(first_name="Anne"))
        await self.until(name, "Anne")
