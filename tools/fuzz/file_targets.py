"""What takes hostile files and pages: stickers, sounds, pages and their addresses."""

import gzip
import random
import zlib

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.files.animations import NotAnAnimation, read_tgs, read_webm
from teamgram.domain.saved_files.sounds import SoundInvalid, mime_type_and_seconds
from teamgram.domain.stickers.drawings.dice import DICE
from teamgram.domain.stickers.errors import StickerEmojiInvalid
from teamgram.domain.stickers.names import emoji_in
from teamgram.domain.web_pages.errors import PageUrlInvalid
from teamgram.domain.web_pages.summary import decoded, summary_of
from teamgram.domain.web_pages.urls import first_link, joined, page_url
from tools.fuzz.targets import Target
from trial_tests.domain.files.test_animations import webm
from trial_tests.domain.saved_files.test_sounds import mp3, opus
from trial_tests.domain.web_pages.test_summary import PAGE


class AnimatedStickers(Target):
    """TGS: the animation is damaged before it is packed, or what is packed."""

    allowed = (NotAnAnimation,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.good = [gzip.decompress(content) for content in DICE["🎲"]()]

    def take(self, data: bytes) -> None:
        packed = zlib.compress(data, 1, wbits=31)
        if len(data) % 3 == 0:
            packed = packed[: len(data) // 2] + bytes(data[:3]) + packed[len(data) // 2 :]
        read_tgs(packed)


class VideoStickers(Target):
    """WebM."""

    share = 3.0
    allowed = (NotAnAnimation,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.good = [webm(), webm(tracks=2), webm(padding=100), webm(codec=b"V_VP8")]

    def take(self, data: bytes) -> None:
        read_webm(data)


class Sounds(Target):
    """MP3 and Opus."""

    share = 2.0
    allowed = (SoundInvalid,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.good = [mp3(0.3), opus(2), mp3(0.1, b"ID3\x04\x00\x00\x00\x00\x00\x0a" + bytes(10))]

    def take(self, data: bytes) -> None:
        mime_type_and_seconds(data)


class WebPages(Target):
    """Pages that links lead to."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.good = [PAGE.encode(), b'<meta charset="koi8-r"><title>\xd0\xd2</title>', b"<meta " * 50]

    def take(self, data: bytes) -> None:
        summary_of(decoded(data, ("", "utf-16", "punycode", "windows-1251")[len(data) % 4]))


class Links(Target):
    """Addresses of pages, as people and pages write them."""

    allowed = (PageUrlInvalid, StickerEmojiInvalid)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        texts = ("http://user@example.org:80/a/../b?c#d", "https://bücher.example/%zz", "//[::1]:8/", "👩🏽‍💻🇩🇪1️⃣")
        self.good = [text.encode() for text in texts]

    def take(self, data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        first_link(text, [Entity("url", 0, len(text)), Entity("textUrl", 0, 1, url=text)])
        for reader in (page_url, lambda link: joined("https://example.org/a/b", link), emoji_in):
            try:
                reader(text)
            except self.allowed:
                pass


FILE_TARGETS: dict[str, type[Target]] = {
    "tgs": AnimatedStickers,
    "webm": VideoStickers,
    "sounds": Sounds,
    "web_pages": WebPages,
    "links": Links,
}
