"""Files both ways: what people send reaches the model, and what agents send reaches people."""

from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.boxes.media import Media
from teamgram.domain.boxes.message import Extra, Message
from teamgram.domain.files.file import Attribute, Document, Photo
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.messages.sending import ForwardRequest, SendRequest
from teamgram.openclaw.agent.providers.model_api import ToolCall
from teamgram.openclaw.agent.tools.files import read_files
from teamgram.openclaw.agent.tools.registry import ToolError
from teamgram.openclaw.messenger import attachments
from teamgram.openclaw.messenger.attachments import is_text
from teamgram.openclaw.messenger.sent_files import ogg_seconds
from trial_tests.openclaw.agent.test_runner import Played, says, wants
from trial_tests.openclaw.live import temporary_directory
from trial_tests.openclaw.messenger.messenger import MessengerTestCase


def _ogg(samples: int) -> bytes:
    """What is looked at of a voice message of so many."""
    return b"OggS" + bytes(24) + b"OpusHead" + b"OggS\0\0" + samples.to_bytes(8, "little")


class Kept:
    """Bytes by their blobs; what is made is kept, too."""

    def __init__(self, **blobs: bytes) -> None:
        self.blobs = blobs

    async def read(self, blob: str, offset: int, size: int) -> bytes:
        """A part of one."""
        return self.blobs[blob][offset : offset + size]

    async def make_photo_of(self, owner_id: int, content: bytes) -> Photo:
        """A photo that nobody looks at."""
        return Photo(len(content), 1, 1, ())

    async def make_document_of(
        self, owner_id: int, content: bytes, mime_type: str, attributes: tuple[Attribute, ...]
    ) -> Document:
        """A document."""
        name = f"made{len(self.blobs)}"
        self.blobs[name] = content
        return Document(len(self.blobs), 1, 1, mime_type, len(content), name, attributes)


def document(blob: str, size: int, name: str, mime_type: str = "text/plain") -> Media:
    """A file that somebody sends."""
    return Media(document=Document(9, 1, 1, mime_type, size, blob, (Attribute("filename", file_name=name),)))


class FilesTestCase(MessengerTestCase):
    """With files."""

    files: Any = None

    async def start(self) -> None:
        """The files are there from the start."""
        self.kept = Kept(notes=b"milk\nbread", long=b"x" * 200, binary=b"a\0b")
        await super().start()

    def domain(self) -> Any:
        """With its files."""
        return {**super().domain(), "files": self.kept}

    async def send(self, media: Media | None = None, text: str = "", **more: Any) -> None:
        """Ann sends it to the agent."""
        self._written += 1
        now, extra = int(reactor.seconds()), Extra(media=media)
        await self.talk.messages.send(SendRequest(self.ann.id, self.bot, text, self._written, now, extra, **more))

    async def messages(self) -> list[Message]:
        """What the agent has sent, the first one first."""
        page = await self.talk.messages.page(Search(self.ann.id, self.bot), Page(limit=100))
        return sorted((one for one in page.messages if not one.out), key=lambda one: one.id)


class HeardTests(FilesTestCase):
    """What people send."""

    async def test_text(self) -> None:
        """A text document is read to the model; a long one as far as there is room, one of bytes not at all."""
        self.patch(attachments, "MAX_TEXT_BYTES", 100)
        await self.send(document("notes", 10, "list.txt"), "what is on it?")
        said = 'what is on it?\n[file "list.txt", text/plain, 10 bytes]\n[what "list.txt" holds]\nmilk\nbread\n[end]'
        self.assertEqual(await self.answers(1), [said])
        await self.send(document("long", 200, "a.py", "application/octet-stream"))
        self.assertTrue((await self.answers(2))[1].endswith(f"{'x' * 100}\n… (cut; 200 bytes in all)\n[end]"))
        await self.send(document("binary", 3, "b.txt"))
        self.assertEqual((await self.answers(3))[2], '[file "b.txt", text/plain, 3 bytes]')

    async def test_around(self) -> None:
        """Whom it answers, what it quotes, where it comes from."""
        await self.send(text="first")
        (answer,) = await self.until(self.one_answer)
        await self.send(text="why?", reply_to_id=answer.id)
        self.assertEqual((await self.answers(2))[1], "[answers you: first]\nwhy?")
        own = (await self.talk.messages.page(Search(self.ann.id, self.bot), Page(limit=10))).messages[-1]
        now = int(reactor.seconds())
        await self.talk.messages.forward(ForwardRequest(self.ann.id, self.bot, self.bot, (own.id,), (77,), now))
        self.assertEqual((await self.answers(3))[2], "[forwarded from Ann]\nfirst")

    async def one_answer(self) -> list[Message]:
        """The agent's, once it is whole."""
        return [one for one in await self.messages() if one.text == "first"]

    async def test_history(self) -> None:
        """``historyLimit``: what was said in the group since the agent last spoke; as shipped nothing."""
        group = await self.group(self.ann)
        for text in ("one", "two", "@main_bot hello"):
            await self.write_to(group, text, self.ann)
        self.assertEqual(await self.answers(1, group), ["Ann: @main_bot hello"])
        self.configure({"channels": {"telegram": {"historyLimit": 2}}})
        for text in ("three", "four", "five", "@main_bot again"):
            await self.write_to(group, text, self.ann)
        said = "[said in the group before]\nAnn: four\nAnn: five\n[end]\nAnn: @main_bot again"
        self.assertEqual((await self.answers(2, group))[1], said)

    def test_is_text(self) -> None:
        """By its type, else by its name; never what is played."""
        for mime_type, name, expected in (
            ("text/x-python", "", True), ("application/json", "", True), ("application/vnd.x+json", "", True),
            ("application/octet-stream", "A.RS", True), ("application/octet-stream", "a.bin", False),
            ("application/pdf", "a.pdf", False), ("image/png", "a.png", False),
        ):  # fmt: skip
            media = document("notes", 1, name, mime_type).document
            assert media is not None
            self.assertEqual(is_text(media), expected, (mime_type, name))


class SentTests(FilesTestCase):
    """What agents send."""

    config = {"models": {"providers": {"one": {"baseUrl": "http://x"}}}}

    def play(self, *steps: Any) -> Played:
        """Let the agent's model do these steps."""
        played = Played(*steps)
        self.agents.parts.catalog.provider = lambda asked: played
        return played

    async def owned(self, *steps: Any) -> Path:
        """A conversation whose tools are not denied, and the agent's workspace."""
        self.play(says("hello"), *steps)
        await self.send(text="hi")
        await self.answers(1)
        (session,) = [one for one in self.agents.parts.sessions if one.channel == "telegram"]
        session.settings = {}
        workspace: Path = self.agents.parts.roster.default.workspace
        workspace.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240
        return workspace

    async def test_tool(self) -> None:
        """Files of the workspace as an album, a voice message, a text that becomes a file."""
        calls = [
            ToolCall("a", "send_file", {"paths": ["a.png", "b.png"], "caption": "**two** pictures"}),
            ToolCall("b", "send_file", {"paths": ["v.ogg"], "as": "voice"}),
            ToolCall("c", "send_file", {"text": "a,b", "name": "t.csv"}),
        ]
        workspace = await self.owned(*map(wants, calls), says("All sent."))
        for name in ("a.png", "b.png"):
            (workspace / name).write_bytes(b"picture")
        (workspace / "v.ogg").write_bytes(
            b"OggS" + bytes(24) + b"OpusHead" + b"OggS\0\0" + (96_000).to_bytes(8, "little")
        )
        await self.send(text="send them")
        await self.until(self.all_sent)
        _, first, second, voice, text, *_ = await self.messages()
        self.assertEqual((first.text, [one.kind for one in first.extra.entities]), ("two pictures", ["bold"]))
        self.assertTrue(first.extra.media.photo and second.extra.media.photo)
        self.assertTrue(first.extra.grouped_id and first.extra.grouped_id == second.extra.grouped_id)
        audio = voice.extra.media.document.attribute("audio")
        self.assertEqual((audio.voice, audio.seconds), (True, 2.0))
        named = text.extra.media.document.attribute("filename")
        self.assertEqual((named.file_name, self.kept.blobs[text.extra.media.document.blob]), ("t.csv", b"a,b"))

    async def all_sent(self) -> bool:
        """Whether the agent says so."""
        return any(one.text == "All sent." for one in await self.messages())

    async def test_strangers_have_none(self) -> None:
        """Whose tools are denied gets no file out of the workspace."""
        self.play(wants(ToolCall("a", "send_file", {"text": "a", "name": "a.txt"})), says("No."))
        await self.send(text="hi")
        self.assertEqual(await self.answers(1), ["No."])
        self.assertEqual(len(await self.messages()), 1)

    async def test_long_reply(self) -> None:
        """A reply that is longer than five messages is shown as far as that, and comes whole as a document."""
        whole = "\n".join(f"line {number} " + "x" * 80 for number in range(400))
        self.play(says(whole))
        await self.send(text="much")

        async def sent() -> bool:
            return len(await self.messages()) == 6

        await self.until(sent)
        *shown, file = await self.messages()
        self.assertTrue(shown[0].text.startswith("line 0 "))
        self.assertEqual(self.kept.blobs[file.extra.media.document.blob].decode(), whole)
        self.assertEqual(file.text, "📄 The whole answer.")


class WorkspaceTests(SynchronousTestCase):
    """What the tool reads."""

    def test_confined(self) -> None:
        """Nothing outside of the workspace, no folder, nothing empty or too large."""
        outside = Path(temporary_directory())
        (outside / "out.txt").write_bytes(b"not for anybody")
        workspace = outside / "workspace"
        workspace.mkdir()
        (workspace / "a.txt").write_bytes(b"a")
        (workspace / "empty").write_bytes(b"")
        (workspace / "link").symlink_to("/etc/passwd")
        self.assertEqual([one.content for one in read_files(workspace, ["a.txt", "./a.txt"], "auto")], [b"a", b"a"])
        for path in ("../out.txt", "/etc/passwd", "link", "nothing", "empty", "."):
            with self.assertRaises(ToolError, msg=path):
                read_files(workspace, [path], "auto")

    def test_seconds(self) -> None:
        """Of an Ogg file with Opus, and of nothing else."""
        self.assertEqual(
            ogg_seconds(b"OggS" + bytes(24) + b"OpusHead" + b"OggS\0\0" + (48_000).to_bytes(8, "little")), 1.0
        )
        for other in (b"", b"OggS", b"OggS" + bytes(40), b"OpusHead OggS" + b"\xff" * 10):
            self.assertEqual(ogg_seconds(other), 0.0)
