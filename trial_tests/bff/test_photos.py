"""Photos of people and groups through the caller and the codec: put up, seen by whom they are shown to, taken down."""

import io
import struct
from typing import Any

from PIL import Image

from teamgram.bff.caller import Caller
from teamgram.bff.privacy_settings import PrivacySettings
from teamgram.bff.services import conversation_services
from teamgram.bff.users import UsersService
from teamgram.bff.views.full_users import FullUserViews
from teamgram.domain.chats.chat import Banned
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import ChatAdminRequired
from teamgram.domain.flood.limits import FloodLimits, FloodSettings
from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.talk_house import BffTestCase, Device, House
from trial_tests.bff.test_files import picture, uploaded


def mp4(w: int = 640, h: int = 640) -> bytes:
    """The boxes of an MP4 that say how large it is."""

    def box(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(content), kind) + content

    track = box(b"tkhd", bytes(76) + struct.pack(">II", w << 16, h << 16))
    return box(b"ftyp", b"isom" + bytes(4)) + box(b"moov", box(b"mvhd", bytes(100)) + box(b"trak", track))


class PhotoHouse(House):
    """A house in which profiles are looked at, too."""

    def __init__(self, case: BackendTestCase) -> None:
        super().__init__(case)
        domain, shared = self.domain, self.shared
        full = FullUserViews(
            domain.users,
            domain.contacts,
            domain.privacy,
            domain.notifications,
            domain.profile_photos,
            domain.bots,
            shared.updates.files,
        )
        people = UsersService(domain.numbers, shared.input_peers, shared.user_views, full)
        privacy = PrivacySettings(domain.privacy, domain.watchers, shared.input_peers, shared.user_views, domain.fanout)
        services = [*conversation_services(shared), people, privacy]
        self.caller = Caller(services, FloodLimits(FloodSettings(), self.clock.seconds))


class PhotosTestCase(BffTestCase):
    """Ann, and Bob and Eve who know her."""

    async def setUp(self) -> None:
        self.house = PhotoHouse(self)
        self.ann = await self.house.sign_up("Ann")
        self.bob = await self.house.sign_up("Bob")
        self.eve = await self.house.sign_up("Eve")
        await self.ann.send(self.ann.peer(self.bob), "hello")

    async def put_up(self, device: Device, file_id: int = 1, **fields: Any) -> Any:
        """``photo`` of a new picture."""
        file = await uploaded(device, picture(700, 500), file_id)
        answer = await device.call(tl.photos.uploadProfilePhoto(file=file, **fields))
        return answer.photo

    async def user(self, viewer: Device, of: Device) -> Any:
        """``user`` as the viewer sees them."""
        (user,) = await viewer.call(tl.users.getUsers(id=[viewer.input_user(of)]))
        return user

    async def full(self, viewer: Device, of: Device) -> Any:
        """``userFull`` as the viewer sees it."""
        return (await viewer.call(tl.users.getFullUser(id=viewer.input_user(of)))).full_user

    async def photos(self, viewer: Device, of: Device, **page: int) -> Any:
        """photos.getUserPhotos."""
        fields = {"offset": 0, "max_id": 0, "limit": 100, **page}
        return await viewer.call(tl.photos.getUserPhotos(user_id=viewer.input_user(of), **fields))

    async def by_peer(self, viewer: Device, peer: Any, photo_id: int, *, big: bool = False) -> Any:
        """The picture that ``inputPeerPhotoFileLocation`` gives."""
        where = tl.inputPeerPhotoFileLocation(big=big, peer=peer, photo_id=photo_id)
        file = await viewer.call(tl.upload.getFile(location=where, offset=0, limit=1 << 20))
        return Image.open(io.BytesIO(file.bytes))

    async def by_reference(self, viewer: Device, photo: Any, size: str = "b") -> bytes:
        """The bytes that ``inputPhotoFileLocation`` gives."""
        where = tl.inputPhotoFileLocation(
            id=photo.id, access_hash=photo.access_hash, file_reference=photo.file_reference, thumb_size=size
        )
        answer = await viewer.call(tl.upload.getFile(location=where, offset=0, limit=1 << 20))
        found: bytes = answer.bytes
        return found


@on_every_backend
class ProfilePhotosTests(PhotosTestCase):
    """Photos of people."""

    async def test_put_up_and_seen(self) -> None:
        """In the user of every answer, in the profile and in the list; whoever knows her is told at once."""
        photo = await self.put_up(self.ann)
        self.assertEqual([size.type for size in photo.sizes], ["i", "a", "b", "c"])
        self.assertEqual([(size.w, size.h) for size in photo.sizes[1:]], [(160, 160), (320, 320), (500, 500)])
        (update,) = [one for one in await self.bob.take() if one.NAME == "updateUser"]
        self.assertEqual(update.user_id, self.ann.user.id)
        for viewer in (self.ann, self.bob, self.eve):
            seen = (await self.user(viewer, self.ann)).photo
            self.assertEqual((seen.photo_id, seen.dc_id, seen.has_video), (photo.id, photo.dc_id, False))
            self.assertEqual(seen.stripped_thumb, photo.sizes[0].bytes)
            full = await self.full(viewer, self.ann)
            self.assertEqual((full.profile_photo.id, full.personal_photo, full.fallback_photo), (photo.id, None, None))
            self.assertEqual(len(await self.by_reference(viewer, full.profile_photo, "c")), photo.sizes[3].size)
            (listed,) = (await self.photos(viewer, self.ann)).photos
            self.assertEqual(listed.id, photo.id)
            peer = viewer.peer(self.ann)
            self.assertEqual((await self.by_peer(viewer, peer, photo.id)).size, (160, 160))
            self.assertEqual((await self.by_peer(viewer, peer, photo.id, big=True)).size, (500, 500))
        history = await self.bob.history(self.bob.peer(self.ann))
        drawn = next(user for user in history.users if user.id == self.ann.user.id)
        self.assertEqual(drawn.photo.photo_id, photo.id)
        await self.house.users.delete(self.ann.user.id)
        self.assertEqual((await self.photos(self.bob, self.ann)).photos, [])

    async def test_several(self) -> None:
        """The newest is shown; one of before can be put up again; taken down, the one before is shown."""
        first, second, third = [await self.put_up(self.ann, number) for number in (1, 2, 3)]

        async def order() -> list[int]:
            found = [photo.id for photo in (await self.photos(self.bob, self.ann)).photos]
            user = await self.user(self.bob, self.ann)
            self.assertEqual(user.photo.photo_id if user.photo is not None else None, found[0] if found else None)
            return found

        self.assertEqual(await order(), [third.id, second.id, first.id])
        page = await self.photos(self.bob, self.ann, offset=1, limit=1)
        self.assertEqual((page.count, [photo.id for photo in page.photos]), (3, [second.id]))
        # What TDLib asks for when a reference is too old.
        page = await self.photos(self.bob, self.ann, offset=-1, max_id=second.id, limit=1)
        self.assertEqual([photo.id for photo in page.photos], [second.id])
        again = tl.inputPhoto(id=first.id, access_hash=first.access_hash, file_reference=b"")
        await self.ann.call(tl.photos.updateProfilePhoto(id=again))
        self.assertEqual(await order(), [first.id, third.id, second.id])
        await self.ann.call(tl.photos.updateProfilePhoto(id=tl.inputPhotoEmpty()))
        self.assertEqual(await order(), [third.id, second.id])
        wanted = [
            tl.inputPhoto(id=one.id, access_hash=one.access_hash, file_reference=b"") for one in (third, first, second)
        ]
        wanted.append(tl.inputPhoto(id=second.id, access_hash=second.access_hash ^ 1, file_reference=b""))
        self.assertEqual(await self.bob.call(tl.photos.deletePhotos(id=wanted)), [])
        self.assertEqual(sorted(await self.ann.call(tl.photos.deletePhotos(id=wanted))), sorted([third.id, second.id]))
        self.assertEqual(await order(), [])

    async def test_privacy(self) -> None:
        """Who may not see the photo sees the fallback; who is blocked neither; both also when they name it."""
        main = await self.put_up(self.ann)
        fallback = await self.put_up(self.ann, 2, fallback=True)
        self.assertEqual((await self.user(self.ann, self.ann)).photo.photo_id, main.id)
        own = await self.full(self.ann, self.ann)
        self.assertEqual((own.profile_photo.id, own.fallback_photo.id), (main.id, fallback.id))
        shown = (await self.full(self.bob, self.ann)).profile_photo
        peer = self.bob.peer(self.ann)
        with self.assertRaises(RpcError):
            await self.by_peer(self.bob, peer, fallback.id)
        await self.bob.take()
        nobody = [tl.inputPrivacyValueDisallowAll()]
        await self.ann.call(tl.account.setPrivacy(key=tl.inputPrivacyKeyProfilePhoto(), rules=nobody))
        self.assertEqual([(one.NAME, one.user_id) for one in await self.bob.take()], [("updateUser", self.ann.user.id)])
        self.assertEqual((await self.user(self.bob, self.ann)).photo.photo_id, fallback.id)
        full = await self.full(self.bob, self.ann)
        self.assertEqual((full.profile_photo, full.fallback_photo.id), (None, fallback.id))
        self.assertEqual([photo.id for photo in (await self.photos(self.bob, self.ann)).photos], [fallback.id])
        await self.by_peer(self.bob, peer, fallback.id)
        await self.by_reference(self.bob, full.fallback_photo)
        for hidden in (lambda: self.by_peer(self.bob, peer, main.id), lambda: self.by_reference(self.bob, shown)):
            with self.assertRaises(RpcError):
                await hidden()
        await self.house.contacts.block(self.ann.user.id, self.bob.user.id, 1)
        self.assertEqual((await self.user(self.bob, self.ann)).photo, None)
        self.assertEqual((await self.photos(self.bob, self.ann)).photos, [])
        with self.assertRaises(RpcError):
            await self.by_peer(self.bob, peer, fallback.id)

    async def test_nobody_by_guessing(self) -> None:
        """An id without the person, another's person, or a reference to somebody else gives nothing."""
        photo = await self.put_up(self.ann)
        mine = await self.put_up(self.bob, 2)
        to_bob = self.eve.peer(self.bob)
        wrong = tl.inputPeerUser(user_id=self.ann.user.id, access_hash=self.ann.user.access_hash ^ 1)
        for peer, photo_id, error in (
            (to_bob, photo.id, "LOCATION_INVALID"),
            (to_bob, mine.id ^ 1, "LOCATION_INVALID"),
            (wrong, photo.id, "PEER_ID_INVALID"),
        ):
            where = tl.inputPeerPhotoFileLocation(peer=peer, photo_id=photo_id)
            await self.refused(error, self.eve, tl.upload.getFile(location=where, offset=0, limit=4096))
        # What the uploader was answered is theirs alone.
        with self.assertRaises(RpcError):
            await self.by_reference(self.eve, photo)
        legacy = tl.inputPhotoLegacyFileLocation(
            id=photo.id, access_hash=photo.access_hash, file_reference=b"", volume_id=1, local_id=1, secret=1
        )
        old = tl.inputFileLocation(volume_id=1, local_id=1, secret=1, file_reference=b"")
        for where in (legacy, old):
            await self.refused("LOCATION_INVALID", self.ann, tl.upload.getFile(location=where, offset=0, limit=4096))

    async def test_given_to_a_contact(self) -> None:
        """The owner of the address book alone sees it, before all else, until it is taken off."""
        own = await self.put_up(self.ann)
        file = await uploaded(self.bob, picture(300, 300), 5)
        query = tl.photos.uploadContactProfilePhoto(save=True, user_id=self.bob.input_user(self.ann), file=file)
        await self.refused("CONTACT_MISSING", self.bob, query)
        await self.house.contacts.add(self.bob.user.id, self.ann.user, "Anna", "", "", 1)
        given = (await self.bob.call(query)).photo
        user = await self.user(self.bob, self.ann)
        self.assertEqual((user.photo.photo_id, user.photo.personal), (given.id, True))
        full = await self.full(self.bob, self.ann)
        self.assertEqual((full.personal_photo.id, full.profile_photo.id), (given.id, own.id))
        await self.by_reference(self.bob, full.personal_photo)
        await self.by_peer(self.bob, self.bob.peer(self.ann), given.id)
        for viewer in (self.ann, self.eve):
            self.assertEqual((await self.user(viewer, self.ann)).photo.photo_id, own.id)
            with self.assertRaises(RpcError):
                await self.by_peer(viewer, viewer.peer(self.ann), given.id)
            with self.assertRaises(RpcError):
                await self.by_reference(viewer, full.personal_photo)
        await self.bob.call(tl.photos.uploadContactProfilePhoto(save=True, user_id=self.bob.input_user(self.ann)))
        self.assertEqual((await self.user(self.bob, self.ann)).photo.photo_id, own.id)

    async def test_suggested(self) -> None:
        """A message on both sides, whose photo the other one can put up, and no third can."""
        file = await uploaded(self.bob, picture(300, 300), 5)
        await self.bob.take()
        await self.bob.call(
            tl.photos.uploadContactProfilePhoto(suggest=True, user_id=self.bob.input_user(self.ann), file=file)
        )
        for device in (self.bob, self.ann):
            told = [one.message for one in await device.take() if one.NAME == "updateNewMessage"]
            self.assertEqual(told[-1].action.NAME, "messageActionSuggestProfilePhoto")
        photo = told[-1].action.photo
        put = tl.photos.updateProfilePhoto(
            id=tl.inputPhoto(id=photo.id, access_hash=photo.access_hash, file_reference=photo.file_reference)
        )
        await self.refused("FILE_REFERENCE_EXPIRED", self.eve, put)
        await self.ann.call(put)
        self.assertEqual((await self.user(self.bob, self.ann)).photo.photo_id, photo.id)

    async def test_moving(self) -> None:
        """A video as it was uploaded, with a still of the client's or one that is drawn."""
        video = mp4(640, 480)
        for number, still in enumerate((picture(300, 300), None)):
            fields: dict[str, Any] = {"video": await uploaded(self.ann, video, 10 + number), "video_start_ts": 1.5}
            if still is not None:
                fields["file"] = await uploaded(self.ann, still, 20)
            photo = (await self.ann.call(tl.photos.uploadProfilePhoto(**fields))).photo
            (moving,) = photo.video_sizes
            self.assertEqual(
                (moving.type, moving.w, moving.h, moving.size, moving.video_start_ts), ("u", 640, 480, len(video), 1.5)
            )
            self.assertTrue((await self.user(self.bob, self.ann)).photo.has_video)
            shown = (await self.full(self.bob, self.ann)).profile_photo
            self.assertEqual(await self.by_reference(self.bob, shown, "u"), video)

    async def test_old_layers(self) -> None:
        """Everything of it in the oldest layer: what that has no word for comes as something it knows."""
        old = await self.house.sign_up("Old", layer=135)
        photo = await self.put_up(old)
        await self.put_up(old, 2, fallback=True)
        seen = (await self.user(old, old)).photo
        self.assertEqual((seen.photo_id, seen.stripped_thumb), (photo.id, photo.sizes[0].bytes))
        self.assertEqual((await self.full(old, old)).profile_photo.id, photo.id)
        await self.by_peer(old, old.peer(old), photo.id)
        await self.ann.send(self.ann.peer(old), "hello")
        await old.take()
        file = await uploaded(self.ann, picture(200, 200), 3)
        suggest = tl.photos.uploadContactProfilePhoto(suggest=True, user_id=self.ann.input_user(old), file=file)
        await self.ann.call(suggest)
        live = [one.message for one in await old.take() if one.NAME == "updateNewMessage"]
        newest = (await old.history(old.peer(self.ann))).messages[0]
        self.assertEqual((len(live), newest.NAME), (1, "messageService"))
        video = {"video": await uploaded(old, mp4(), 4), "file": await uploaded(old, picture(200, 200), 5)}
        self.assertEqual(len((await old.call(tl.photos.uploadProfilePhoto(**video))).photo.video_sizes), 1)

    async def test_of_a_bot(self) -> None:
        """Its owner gives it one, and nobody else does."""
        bot, _ = await self.house.domain.bots.create(self.ann.user.id, "Helper", "photo_helper_bot", 1)
        named = tl.inputUser(user_id=bot.id, access_hash=bot.access_hash)
        file = await uploaded(self.bob, picture(200, 200), 7)
        await self.refused("BOT_INVALID", self.bob, tl.photos.uploadProfilePhoto(file=file, bot=named))
        photo = await self.put_up(self.ann, 7, bot=named)
        (seen,) = await self.bob.call(tl.users.getUsers(id=[named]))
        self.assertEqual(seen.photo.photo_id, photo.id)
        self.assertIsNone((await self.user(self.bob, self.ann)).photo)
        again = tl.inputPhoto(id=photo.id, access_hash=photo.access_hash, file_reference=b"")
        await self.ann.call(tl.photos.updateProfilePhoto(bot=named, id=again))
        await self.refused("BOT_INVALID", self.bob, tl.photos.updateProfilePhoto(bot=named, id=tl.inputPhotoEmpty()))
        await self.ann.call(tl.photos.updateProfilePhoto(bot=named, id=tl.inputPhotoEmpty()))
        (seen,) = await self.bob.call(tl.users.getUsers(id=[named]))
        self.assertIsNone(seen.photo)

    async def test_an_emoji(self) -> None:
        """Drawn by clients, over a still of ours."""
        markup = tl.videoSizeEmojiMarkup(emoji_id=5, background_colors=[0xFF0000, 0x00FF00])
        photo = (await self.ann.call(tl.photos.uploadProfilePhoto(video_emoji_markup=markup))).photo
        self.assertEqual(photo.video_sizes, [markup])
        self.assertTrue((await self.user(self.bob, self.ann)).photo.has_video)
        markup.background_colors = [1] * 5
        await self.refused("PHOTO_INVALID", self.ann, tl.photos.uploadProfilePhoto(video_emoji_markup=markup))

    async def test_refused(self) -> None:
        """What is no picture, too small, no video, or nothing."""
        for fields, error in (
            ({}, "PHOTO_FILE_MISSING"),
            ({"file": picture(150, 300)}, "PHOTO_CROP_SIZE_SMALL"),
            ({"file": b"no picture"}, "PHOTO_EXT_INVALID"),
            ({"video": b"\0\0\0\x10ftypisom\0\0\0\0"}, "VIDEO_FILE_INVALID"),
            ({"video": mp4(0, 0)}, "VIDEO_FILE_INVALID"),
            ({"video": mp4() + bytes(2 << 20)}, "VIDEO_FILE_INVALID"),
        ):
            files = {name: await uploaded(self.ann, data, 3) for name, data in fields.items()}
            self.house.clock.advance(1)
            await self.refused(error, self.ann, tl.photos.uploadProfilePhoto(**files))
            await self.house.database.write("forget", lambda txn: txn.execute("DELETE FROM uploads"))
        self.assertIsNone((await self.user(self.ann, self.ann)).photo)


@on_every_backend
class ChatPhotosTests(PhotosTestCase):
    """Photos of groups."""

    async def setUp(self) -> None:
        await super().setUp()
        users = [self.ann.input_user(self.bob)]
        answer = await self.ann.call(tl.messages.createChat(users=users, title="Group"))
        self.chat = answer.updates.chats[0]
        self.peer = tl.inputPeerChat(chat_id=self.chat.id)

    async def give(self, device: Device, file_id: int = 1) -> Any:
        """The service message of a new photo."""
        photo = tl.inputChatUploadedPhoto(file=await uploaded(device, picture(700, 500), file_id))
        answer = await device.call(tl.messages.editChatPhoto(chat_id=self.chat.id, photo=photo))
        return next(one.message for one in answer.updates if one.NAME == "updateNewMessage")

    async def seen(self, device: Device) -> Any:
        """``chat`` as a device sees it."""
        (chat,) = (await device.call(tl.messages.getChats(id=[self.chat.id]))).chats
        return chat

    async def test_given_and_taken(self) -> None:
        """A service message, the group everywhere, its version as it was."""
        await self.bob.take()
        message = await self.give(self.bob)
        photo = message.action.photo
        (told,) = [one.message for one in await self.ann.take() if one.NAME == "updateNewMessage"][-1:]
        self.assertEqual((told.action.NAME, told.action.photo.id), ("messageActionChatEditPhoto", photo.id))
        await self.by_reference(self.ann, told.action.photo)
        chat = await self.seen(self.ann)
        self.assertEqual((chat.photo.photo_id, chat.version), (photo.id, self.chat.version))
        self.assertEqual(chat.photo.stripped_thumb, photo.sizes[0].bytes)
        full = (await self.ann.call(tl.messages.getFullChat(chat_id=self.chat.id))).full_chat
        await self.by_reference(self.ann, full.chat_photo, "c")
        self.assertEqual((await self.by_peer(self.ann, self.peer, photo.id)).size, (160, 160))
        found = await self.ann.call(
            tl.messages.search(
                peer=self.peer,
                q="",
                filter=tl.inputMessagesFilterChatPhotos(),
                **dict.fromkeys(("min_date", "max_date", "offset_id", "add_offset", "max_id", "min_id", "hash"), 0),
                limit=10,
            )
        )
        self.assertEqual([one.id for one in found.messages], [told.id])
        empty = tl.messages.editChatPhoto(chat_id=self.chat.id, photo=tl.inputChatPhotoEmpty())
        answer = await self.ann.call(empty)
        self.assertEqual(answer.updates[0].message.action.NAME, "messageActionChatDeletePhoto")
        self.assertEqual(answer.chats[0].photo.NAME, "chatPhotoEmpty")
        await self.refused("CHAT_NOT_MODIFIED", self.ann, empty)
        # One of before, by the message that it came with.
        named = told.action.photo
        again = tl.inputChatPhoto(
            id=tl.inputPhoto(id=named.id, access_hash=named.access_hash, file_reference=named.file_reference)
        )
        await self.ann.call(tl.messages.editChatPhoto(chat_id=self.chat.id, photo=again))
        self.assertEqual((await self.seen(self.bob)).photo.photo_id, photo.id)

    async def test_whose_it_is_to_see(self) -> None:
        """Members, and who left; not who was put out, nor strangers, also with what a member was given."""
        photo = (await self.give(self.ann)).action.photo
        full = (await self.bob.call(tl.messages.getFullChat(chat_id=self.chat.id))).full_chat.chat_photo
        await self.refused(
            "PEER_ID_INVALID",
            self.eve,
            tl.upload.getFile(
                location=tl.inputPeerPhotoFileLocation(peer=self.peer, photo_id=photo.id), offset=0, limit=4096
            ),
        )
        with self.assertRaises(RpcError):
            await self.by_reference(self.eve, full)
        await self.by_reference(self.bob, full)
        remove = tl.messages.deleteChatUser(chat_id=self.chat.id, user_id=self.ann.input_user(self.bob))
        await self.ann.call(remove)
        with self.assertRaises(RpcError):
            await self.by_reference(self.bob, full)
        with self.assertRaises(RpcError):
            await self.by_peer(self.bob, self.peer, photo.id)

    async def test_only_the_present_one(self) -> None:
        """A photo of somebody's is not given as the group's."""
        await self.give(self.ann)
        other = await self.put_up(self.ann, 7)
        with self.assertRaises(RpcError):
            await self.by_peer(self.bob, self.peer, other.id)

    async def test_whoever_asks(self) -> None:
        """Who may not change what the group says of itself does not by the domain either."""
        photo = await self.house.domain.filing.files.draw_portrait(1, "service")
        await self.house.domain.chats.set_default_banned_rights(
            Actor(self.ann.user.id, 1), self.chat.id, int(Banned.CHANGE_INFO)
        )
        with self.assertRaises(ChatAdminRequired):
            await self.house.domain.chat_photos.edit(Actor(self.bob.user.id, 1), self.chat.id, photo)
        await self.house.domain.chat_photos.edit(Actor(self.ann.user.id, 1), self.chat.id, photo)

    async def test_by_a_link(self) -> None:
        """Who may come in by a link sees what the group looks like."""
        photo = (await self.give(self.ann)).action.photo
        link = (await self.ann.call(tl.messages.exportChatInvite(peer=self.peer))).link
        invite = await self.eve.call(tl.messages.checkChatInvite(hash=link.rsplit("+", 1)[1]))
        self.assertEqual(invite.photo.id, photo.id)
        await self.by_reference(self.eve, invite.photo)
        with self.assertRaises(RpcError):
            await self.by_reference(self.bob, invite.photo)

    async def test_only_made_for_it(self) -> None:
        """A photo of a message has not the squares that clients ask for."""
        file = await uploaded(self.ann, picture(300, 300), 9)
        media = await self.ann.call(
            tl.messages.uploadMedia(peer=self.peer, media=tl.inputMediaUploadedPhoto(file=file))
        )
        named = tl.inputPhoto(
            id=media.photo.id, access_hash=media.photo.access_hash, file_reference=media.photo.file_reference
        )
        query = tl.messages.editChatPhoto(chat_id=self.chat.id, photo=tl.inputChatPhoto(id=named))
        await self.refused("PHOTO_INVALID", self.ann, query)
        await self.refused("PHOTO_INVALID", self.ann, tl.photos.updateProfilePhoto(id=named))
