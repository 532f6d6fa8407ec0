"""Real libraries send each other files, byte for byte, and what was acknowledged outlives the server."""

import os
import unittest
from hashlib import sha256
from pathlib import Path
from typing import Any

from twisted.internet.task import deferLater

from PIL import Image

from teamgram.domain.stickers.drawings.dice import DICE
from trial_tests.backends import on_every_backend
from trial_tests.clients.house import HouseTestCase, have
from trial_tests.clients.process import ClientError, ClientProcess
from trial_tests.domain.files.test_animations import tgs

MIB = 1 << 20


class FilesTestCase(HouseTestCase):
    """Files to send."""

    def file(self, name: str, size: int) -> Path:
        """A file of noise."""
        path = self.directory / name
        path.write_bytes(os.urandom(size))
        return path

    def picture(self, name: str, w: int = 1600, h: int = 900) -> Path:
        """A picture of noise."""
        path = self.directory / name
        Image.effect_noise((w, h), 40).convert("RGB").save(path, "JPEG", quality=90)
        return path

    async def newest(self, client: ClientProcess, peer: list[object]) -> int:
        """The id of a dialog's newest message."""
        return int((await client.do("history", peer=peer))[0]["id"])

    async def got(self, client: ClientProcess, peer: list[object]) -> Path:
        """The file of a dialog's newest message, downloaded."""
        path = self.directory / f"got-{os.urandom(4).hex()}.bin"
        await client.do("download", peer=peer, id=await self.newest(client, peer), path=str(path), timeout=120)
        return path


@on_every_backend
class FilesTests(FilesTestCase):
    """Two people and a group."""

    one_server = True

    async def send_and_get(self, one: ClientProcess, other: ClientProcess, sizes: tuple[int, ...]) -> None:
        """Documents there, a photo, and one back."""
        await self.acquaint(one, other)
        there, back = ["user", other.user["id"]], ["user", one.user["id"]]
        for size in sizes:
            path = self.file(f"{one.user['id']}-{size}.bin", size)
            await one.do("send_file", peer=there, path=str(path), caption="here", timeout=120)
            self.assertEqual((await self.got(other, back)).read_bytes(), path.read_bytes())
        await one.do("send_file", peer=there, path=str(self.picture("a.jpg")), photo=True, timeout=120)
        image = Image.open(await self.got(other, back))
        self.assertEqual((image.format, max(image.size)), ("JPEG", 1600))
        path = self.file(f"back-{one.user['id']}.bin", 70_000)
        await other.do("send_file", peer=back, path=str(path), timeout=120)
        self.assertEqual((await self.got(one, there)).read_bytes(), path.read_bytes())

    async def put_up_and_get(self, one: ClientProcess, other: ClientProcess) -> None:
        """Photos of both, seen by the other, and one of a group."""
        await self.acquaint(one, other)
        group = await one.do("create_group", title="photos", users=[other.user["id"]])
        for owner, viewer in ((one, other), (other, one)):
            await owner.do("set_photo", path=str(self.picture("p.jpg", 900, 700)), timeout=120)
            await owner.do("set_photo", path=str(self.picture("g.jpg", 400, 700)), group=group, timeout=120)
            for peer, side in ((["user", owner.user["id"]], 640), (["chat", group], 400)):
                path = self.directory / f"photo-{os.urandom(4).hex()}.jpg"
                await self.until_photo(viewer, peer, path, side)

    async def until_photo(self, viewer: ClientProcess, peer: list[object], path: Path, side: int) -> None:
        """Wait until the viewer has heard of it and downloads it."""
        for _ in range(50):
            try:
                await viewer.do("get_photo", peer=peer, path=str(path), timeout=30)
                if Image.open(path).size == (side, side):
                    return
            except ClientError:
                pass
            await deferLater(self.reactor, 0.2)
        self.fail(f"no photo of {peer}")

    async def change(self, sender: ClientProcess, other: ClientProcess) -> None:
        """Another file in the place of a photo; the other one gets it."""
        there, back = ["user", other.user["id"]], ["user", sender.user["id"]]
        picture, path = self.picture("first.jpg", 200, 200), self.file("second.bin", 30_000)
        sent = await sender.do("send_file", peer=there, path=str(picture), photo=True, timeout=60)
        await sender.do("edit_media", peer=there, id=sent["id"], path=str(path), caption="other", timeout=60)
        self.assertEqual((await self.got(other, back)).read_bytes(), path.read_bytes())

    async def look_at_shared(self, client: ClientProcess, peer: list[object]) -> None:
        """What a client shows of the media in a conversation, by kind."""
        everything = {message["id"]: message for message in await client.do("history", peer=peer)}
        for kind, count in (("Photos", 1), ("PhotoVideo", 1), ("Document", 4), ("Voice", 0), ("Url", 0)):
            shared = await client.do("shared", peer=peer, kind=kind)
            ids = shared["ids"]
            self.assertEqual((len(ids), shared["total"], shared["counter"]), (count, count, count), kind)
            self.assertEqual(ids, sorted(set(ids) & set(everything), reverse=True))
            self.assertEqual(shared["places"], [[id_, offset] for offset, id_ in enumerate(ids)])
            self.assertEqual(sum(day[2] for day in shared["days"]), count)
            self.assertEqual([day[0] for day in shared["days"]][:1], ids[:1])
        named = await client.do("shared", peer=peer, kind="Document", text="back", limit=1)
        self.assertEqual((len(named["ids"]), named["total"], len(named["places"])), (1, 1, 1))

    async def play(self, sender: ClientProcess, player: ClientProcess) -> None:
        """Voice is marked as heard at its sender's; what may be looked at once is opened."""
        there, back = ["user", player.user["id"]], ["user", sender.user["id"]]
        for path, more, kind in (
            (self.file("voice.ogg", 9000), {"voice_note": True}, "messageVoiceNote"),
            (self.picture("once.jpg", 300, 300), {"photo": True, "ttl": 0x7FFFFFFF}, "messagePhoto"),
        ):
            sent = await sender.do("send_file", peer=there, path=str(path), timeout=60, **more)
            self.assertTrue((await sender.do("media", peer=there, id=sent["id"]))["unread"])
            newest = await self.newest(player, back)
            self.assertEqual(await player.do("open_media", peer=back, id=newest), kind)
            for _ in range(50):
                media = await sender.do("media", peer=there, id=sent["id"])
                if not media["unread"]:
                    break
                await deferLater(self.reactor, 0.1)
            seen = {"unread": False, "ttl": more.get("ttl"), "over": False, "grouped": None}
            self.assertEqual(media, seen)

    async def test_telethon(self) -> None:
        """One byte, in the middle of what is sent small, and over 10 MB."""
        ada, bob = await self.sign_up("telethon", "Ada"), await self.sign_up("telethon", "Bob")
        await self.send_and_get(ada, bob, (1, 5 * MIB + 3, 12 * MIB + 77))
        await self.look_at_shared(bob, ["user", ada.user["id"]])
        await self.put_up_and_get(ada, bob)
        await self.change(ada, bob)

    async def test_kurigram(self) -> None:
        """With Telethon at the other end; small ones, for without its C extension it ciphers 50 kB a second."""
        cyd, bob = await self.sign_up("kurigram", "Cyd"), await self.sign_up("telethon", "Bob")
        await self.send_and_get(cyd, bob, (1, 200_000))
        await self.put_up_and_get(cyd, bob)
        await self.change(cyd, bob)

    @unittest.skipUnless(have("gramjs"), "no GramJS: tools/setup_test.sh needs node and npm")
    async def test_gramjs(self) -> None:
        """In Node, with Telethon at the other end."""
        gil, bob = await self.sign_up("gramjs", "Gil"), await self.sign_up("telethon", "Bob")
        await self.send_and_get(gil, bob, (1, 3 * MIB + 3))

    @unittest.skipUnless(have("mtcute"), "no mtcute: tools/setup_test.sh needs node and npm")
    async def test_mtcute(self) -> None:
        """In Node, by connections of its own for files."""
        mia, bob = await self.sign_up("mtcute", "Mia"), await self.sign_up("telethon", "Bob")
        await self.send_and_get(mia, bob, (1, 3 * MIB + 3, 11 * MIB))

    @unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
    async def test_tdlib(self) -> None:
        """What most apps are made of, with Telethon at the other end."""
        tia, bob = await self.sign_up("tdlib", "Tia"), await self.sign_up("telethon", "Bob")
        await self.send_and_get(tia, bob, (1, 3 * MIB + 3, 11 * MIB))
        await self.put_up_and_get(tia, bob)
        await self.play(bob, tia)
        await self.change(tia, bob)
        steps = await tia.do("move", peer=["user", bob.user["id"]])
        self.assertEqual(steps, [[53.0, True, 1], [53.0, False, 0]])

    async def test_in_a_group(self) -> None:
        """Every member gets it, whatever they use."""
        ada, bob = await self.sign_up("telethon", "Ada"), await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        group = await ada.do("create_group", title="files", users=[bob.user["id"]])
        path = self.file("group.bin", 700_001)
        await ada.do("send_file", peer=["chat", group], path=str(path), timeout=120)
        self.assertEqual((await self.got(bob, ["chat", group])).read_bytes(), path.read_bytes())

    async def test_pieces_of_a_mib(self) -> None:
        """The largest that may be asked for, several at once over one connection: none cuts it off."""
        ada = await self.sign_up("telethon", "Ada")
        path = self.file("pieces.bin", 9 * MIB + 5)
        await ada.do("send_file", peer=["self", 0], path=str(path), timeout=120)
        newest = await self.newest(ada, ["self", 0])
        told = await ada.do("pieces", peer=["self", 0], id=newest, size=9 * MIB + 5, limit=MIB, timeout=120)
        self.assertEqual(told, sha256(path.read_bytes()).hexdigest())

    async def test_stickers(self) -> None:
        """One makes a set, another installs it and sends of it, and whoever gets one finds the set by it."""
        ada, bob = await self.sign_up("telethon", "Ada"), await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        still, moving = self.directory / "still.png", self.directory / "moving.tgs"
        Image.effect_noise((512, 400), 40).save(still, "PNG")
        moving.write_bytes(tgs())
        files = [[str(still), "image/png", "😀"], [str(moving), "application/x-tgsticker", "🎉"]]
        name = f"set_{ada.user['id']}"
        made = await ada.do("make_set", short_name=name, title="Noise", stickers=files, timeout=60)
        self.assertEqual(made["mime_types"], ["image/webp", "application/x-tgsticker"])
        self.assertEqual(await bob.do("install_set", short_name=name), [name])
        await bob.do("send_sticker", peer=["user", ada.user["id"]], short_name=name, number=1)
        newest = await self.newest(ada, ["user", bob.user["id"]])
        theirs = await ada.do("set_of", peer=["user", bob.user["id"]], id=newest)
        self.assertEqual(theirs, {**made, "alt": "🎉"})
        self.assertEqual((await self.got(ada, ["user", bob.user["id"]])).read_bytes(), moving.read_bytes())

    @unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
    async def test_stickers_in_tdlib(self) -> None:
        """Most apps' library makes a set of each kind, finds it by name, has it at hand, and shows what dice show."""
        tia, bob = await self.sign_up("tdlib", "Tia"), await self.sign_up("telethon", "Bob")
        await self.acquaint(tia, bob)

        async def ask(method: str, **arguments: object) -> dict[str, Any]:
            answer: dict[str, Any] = await tia.do("ask", method=method, arguments=arguments, timeout=60)
            return answer

        still, moving = self.directory / "still.webp", self.directory / "moving.tgs"
        Image.effect_noise((512, 512), 40).save(still, "WEBP")
        moving.write_bytes(DICE["🎲"]()[6])
        stickers = [
            {
                "@type": "inputSticker",
                "sticker": {"@type": "inputFileLocal", "path": str(path)},
                "format": {"@type": f"stickerFormat{kind}"},
                "emojis": "😀🎉",
                "keywords": ["noise"],
            }
            for path, kind in ((still, "Webp"), (moving, "Tgs"))
        ]
        name = f"tia_{tia.user['id']}"
        made = await ask(
            "createNewStickerSet",
            user_id=tia.user["id"],
            title="Noise",
            name=name,
            sticker_type={"@type": "stickerTypeRegular"},
            stickers=stickers,
        )
        self.assertEqual(
            [one["format"]["@type"] for one in made["stickers"]], ["stickerFormatWebp", "stickerFormatTgs"]
        )
        self.assertEqual((await bob.do("get_set", short_name=name))["emoji"], ["😀", "🎉"])
        await ask("changeStickerSet", set_id=made["id"], is_installed=True, is_archived=False)
        installed = await ask("getInstalledStickerSets", sticker_type={"@type": "stickerTypeRegular"})
        self.assertEqual([one["name"] for one in installed["sets"]], [name])
        content = {"@type": "inputMessageDice", "emoji": "🎲", "clear_draft": True}
        chat = (await ask("createPrivateChat", user_id=bob.user["id"], force=False))["id"]
        await ask("sendMessage", chat_id=chat, input_message_content=content)
        for _ in range(200):
            await deferLater(self.reactor, 0.1)
            history = await ask("getChatHistory", chat_id=chat, from_message_id=0, offset=0, limit=1, only_local=False)
            dice = history["messages"][0]["content"]
            if dice.get("final_state"):
                break
        self.assertEqual(dice["final_state"]["sticker"]["format"]["@type"], "stickerFormatTgs")

    async def test_album(self) -> None:
        """Photos sent together stay together."""
        ada, bob = await self.sign_up("telethon", "Ada"), await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        paths = [str(self.picture(f"{n}.jpg", 200 + n, 100)) for n in range(3)]
        await ada.do("send_album", peer=["user", bob.user["id"]], paths=paths, timeout=120)
        history = await bob.do("history", peer=["user", ada.user["id"]])
        groups = set()
        for number, message in enumerate(reversed(history)):
            path = self.directory / f"album-{number}.jpg"
            told = await bob.do("download", peer=["user", ada.user["id"]], id=message["id"], path=str(path))
            groups.add(told["grouped_id"])
            self.assertEqual(Image.open(path).size[0], 200 + number)
        self.assertEqual((len(history), len(groups)), (3, 1))


class KilledTests(FilesTestCase):
    """The server ends as by ``kill -9``."""

    async def test_what_was_acknowledged_opens_whole(self) -> None:
        """Right after the answer, and what was half there begins again by itself."""
        ada, bob = await self.sign_up("telethon", "Ada"), await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        path = self.file("a.bin", 3 * MIB + 1)
        await ada.do("send_file", peer=["user", bob.user["id"]], path=str(path), timeout=120)
        await self.server.kill()
        await self.server.start()
        self.assertEqual((await self.got(bob, ["user", ada.user["id"]])).read_bytes(), path.read_bytes())
