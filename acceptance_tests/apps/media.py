"""What people send each other besides texts, single photos and files; a Telethon user sends it to an app."""

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from trial_tests.clients.process import ClientProcess

#: Photos of the album.
ALBUM = 3
_WAVEFORM = [abs(number % 32 - 16) * 2 % 32 for number in range(100)]


async def send_media(sender: ClientProcess, peer: list[Any], directory: Path) -> None:
    """An album, a voice note with its waveform, a sticker of a set, a place, a contact and a throw of dice.

    Args:
        directory: for the files.
    """
    album = [_picture(directory / f"album-{number}.png", (640, 360 + 120 * number)) for number in range(ALBUM)]
    await sender.do("send_album", peer=peer, paths=album, timeout=60)
    voice = directory / "voice.ogg"
    voice.write_bytes(b"OggS" + bytes(20_000))
    await sender.do("send_voice", peer=peer, path=str(voice), seconds=7, waveform=_WAVEFORM, timeout=60)
    name = f"set_of_{sender.user['id']}"
    sticker = [_picture(directory / "sticker.png", (512, 512), "RGBA"), "image/png", "😀"]
    await sender.do("make_set", short_name=name, title="Shapes", stickers=[sticker], timeout=60)
    await sender.do("send_sticker", peer=peer, short_name=name)
    await sender.do("send_place", peer=peer, latitude=52.52, longitude=13.4)
    await sender.do("send_contact", peer=peer, phone=sender.user["phone"], first_name="Bob's card")
    await sender.do("throw", peer=peer, emoji="🎲")


def _picture(path: Path, size: tuple[int, int], mode: str = "RGB") -> str:
    picture = Image.new(mode, size, (90, 120, 160) if mode == "RGB" else (0, 0, 0, 0))
    w, h = size
    ImageDraw.Draw(picture).ellipse((w // 4, h // 4, 3 * w // 4, 3 * h // 4), fill=(250, 190, 40))
    picture.save(path, "PNG")
    return str(path)
