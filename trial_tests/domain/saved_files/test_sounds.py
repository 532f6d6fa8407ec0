"""What a notification sound is."""

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.domain.saved_files.sounds import MAX_BYTES, SoundInvalid, mime_type_and_seconds


def mp3(seconds: float, tag: bytes = b"") -> bytes:
    """Frames of MPEG-1 layer III, 128 kbit/s, 44,100 Hz, and nothing to hear in them."""
    frame = b"\xff\xfb\x90\x00" + bytes(413)
    return tag + frame * round(seconds * 44_100 / 1152)


def opus(seconds: float) -> bytes:
    """Two pages of Ogg, the last of which says how long it was."""
    first = b"OggS" + bytes(24) + b"OpusHead" + bytes(11)
    last = b"OggS\x00\x04" + round(seconds * 48_000).to_bytes(8, "little") + bytes(30)
    return first + last


class SoundsTests(SynchronousTestCase):
    """By their bytes."""

    def test_length(self) -> None:
        """Counted from frames, or from the last page."""
        tag = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)
        for data, mime_type, length in (
            (mp3(2), "audio/mpeg", 2),
            (mp3(3, tag), "audio/mpeg", 3),
            (opus(4.5), "audio/ogg", 4.5),
        ):
            found, seconds = mime_type_and_seconds(data)
            self.assertEqual(found, mime_type)
            self.assertLess(abs(seconds - length), 0.05)

    def test_refused(self) -> None:
        """Nothing, something else, too long, too large."""
        vorbis = opus(1).replace(b"OpusHead", b"\x01vorbis ")
        for data in (b"", b"OggS", b"ID3", b"\xff\xfb\x90\x00", b"RIFF" * 99, mp3(6), opus(6), vorbis):
            with self.assertRaises(SoundInvalid):
                mime_type_and_seconds(data)
        with self.assertRaises(SoundInvalid):
            mime_type_and_seconds(mp3(1) + bytes(MAX_BYTES))

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=200), st.sampled_from([b"", b"ID3", b"OggS", b"\xff\xfb\x90"]))
    def test_whatever_comes(self, data: bytes, head: bytes) -> None:
        """Is a sound or refused."""
        try:
            mime_type_and_seconds(head + data)
        except SoundInvalid:
            pass
