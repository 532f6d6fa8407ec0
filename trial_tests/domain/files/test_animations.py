"""TGS and WebM: taken for what they hold, refused for anything else."""

import gzip
import json
import struct
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.domain.files.animations import MAX_TGS_JSON, NotAnAnimation, read_tgs, read_webm


def tgs(**changes: Any) -> bytes:
    """An animated sticker of one shape, of three seconds."""
    layer = {"ty": 4, "ip": 0, "op": 180, "st": 0, "ks": {}, "shapes": []}
    whole = {"tgs": 1, "v": "5.5.2", "fr": 60, "ip": 0, "op": 180, "w": 512, "h": 512, "ddd": 0, "layers": [layer]}
    return gzip.compress(json.dumps({**whole, **changes}).encode())


def _element(id_: int, content: bytes) -> bytes:
    length = (id_.bit_length() + 7) // 8
    return id_.to_bytes(length) + (1 << 56 | len(content)).to_bytes(8) + content


def webm(
    *,
    w: int = 512,
    h: int = 256,
    frame_w: int = 0,
    milliseconds: int = 2000,
    last: int = 1900,
    codec: bytes = b"V_VP9",
    doc_type: bytes = b"webm",
    tracks: int = 1,
    padding: int = 0,
    frame: bytes = b"",
) -> bytes:
    """A WebM that says so of itself, with a first frame's head and no more of any picture."""
    size = (frame_w or w) - 1 << 20 | h - 1 << 4
    frame = frame or b"\x82\x49\x83\x42" + (1 << 37 | size).to_bytes(5) + bytes(8)
    video = _element(0xB0, w.to_bytes(2)) + _element(0xBA, h.to_bytes(2))
    track = _element(0xAE, _element(0x83, b"\x01") + _element(0x86, codec) + _element(0xE0, video))
    blocks = b"".join(_element(0xA3, b"\x81" + struct.pack(">h", at) + b"\x80" + frame) for at in (0, last))
    segment = (
        _element(
            0x1549A966, _element(0x2AD7B1, (1_000_000).to_bytes(3)) + _element(0x4489, struct.pack(">d", milliseconds))
        )
        + _element(0x1654AE6B, track * tracks)
        + _element(0x1F43B675, _element(0xE7, b"\x00") + blocks)
        + _element(0xEC, bytes(padding))
    )
    return _element(0x1A45DFA3, _element(0x4282, doc_type)) + _element(0x18538067, segment)


class TgsTests(SynchronousTestCase):
    """Animated stickers."""

    def test_what_it_says(self) -> None:
        """Size, length and rate come from the animation."""
        found = read_tgs(tgs())
        self.assertEqual((found.w, found.h, found.seconds, found.frames_per_second), (512, 512, 3.0, 60.0))

    def test_refused(self) -> None:
        """What stickers must not have, and what is none."""
        picture = {"id": "a", "w": 1, "h": 1, "u": "https://example.org/", "p": "a.png"}
        for wrong in (
            b"",
            b"{}",
            gzip.compress(b"[]"),
            gzip.compress(b'{"w":' * 20_000),
            tgs() + b"behind",
            tgs()[:-3],
            gzip.compress(b" " * (MAX_TGS_JSON + 1)),
            tgs(w=None),
            tgs(w=True),
            tgs(fr=0),
            tgs(op=0),
            tgs(op=float("1e300")),
            tgs(layers=[]),
            tgs(layers=[{"ty": 2}]),
            tgs(layers=[{"ty": 5}]),
            tgs(layers=[{"ty": 4, "ddd": 1}]),
            tgs(assets=[picture]),
            tgs(assets=[{**picture, "layers": [{"ty": 4}]}]),
            tgs(assets=[{"id": "c", "layers": [{"ty": 2}]}]),
            tgs(fonts={"list": []}),
            tgs(layers=[{"ty": 4, "ks": {"o": {"a": 0, "k": 1, "x": "var $bm_rt;"}}}]),
        ):
            with self.assertRaises(NotAnAnimation):
                read_tgs(wrong)


class WebMTests(SynchronousTestCase):
    """Video stickers."""

    def test_what_it_says(self) -> None:
        """Size and length; the later of what is said and of the last frame counts."""
        self.assertEqual((read_webm(webm()).w, read_webm(webm()).h, read_webm(webm()).seconds), (512, 256, 2.0))
        self.assertEqual(read_webm(webm(milliseconds=100, last=9000)).seconds, 9.0)

    def test_refused(self) -> None:
        """Other files, other tracks, other frames than it says."""
        for wrong in (
            b"",
            b"\x1a\x45\xdf\xa3",
            webm()[:-20],
            webm(doc_type=b"matroska"),
            webm(codec=b"V_VP8"),
            webm(tracks=2),
            webm(tracks=0),
            webm(frame_w=64),
            webm(frame=b"\x00" * 20),
            webm(frame=b"\x86\x49\x83\x42" + bytes(16)),
            webm(milliseconds=0, last=0),
            webm().replace(b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa4"),
        ):
            with self.assertRaises(NotAnAnimation):
                read_webm(wrong)


class HostileAnimationTests(SynchronousTestCase):
    """Whatever comes."""

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def test_damaged(self, data: st.DataObject) -> None:
        """A damaged file is read or refused, and nothing else."""
        for whole, read in ((webm(), read_webm), (tgs(), read_tgs)):
            damaged = bytearray(whole)
            for _ in range(data.draw(st.integers(1, 6))):
                damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
            try:
                read(bytes(damaged))
            except NotAnAnimation:
                pass
