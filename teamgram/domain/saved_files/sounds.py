"""What a notification sound is: MP3, or Opus in Ogg; told by its bytes (core.telegram.org/api/ringtones).

Lengths: MPEG's frame headers (ISO/IEC 11172-3, 2.4.2.3; 13818-3 for the lower rates); the granule position of
Ogg's last page (RFC 3533), which Opus counts in 48,000 a second (RFC 7845).
"""

from teamgram.domain.errors import DomainError

MAX_BYTES, MAX_SECONDS = 307_200, 5.5
"""``ringtone_size_max``, and ``ringtone_duration_max`` with what encoders round up."""

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_BITRATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BITRATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


class SoundInvalid(DomainError):
    """No MP3 and no Opus, or too long or large for a notification."""


def mime_type_and_seconds(data: bytes) -> tuple[str, float]:
    """What a sound is, and how long.

    Raises:
        SoundInvalid.
    """
    if not 0 < len(data) <= MAX_BYTES:
        raise SoundInvalid("size")
    if data.startswith(b"OggS"):
        mime_type, seconds = "audio/ogg", _opus_seconds(data)
    else:
        mime_type, seconds = "audio/mpeg", _mp3_seconds(data)
    if not 0 < seconds <= MAX_SECONDS:
        raise SoundInvalid("length")
    return mime_type, seconds


def _opus_seconds(data: bytes) -> float:
    if data[28:36] != b"OpusHead":
        raise SoundInvalid("no Opus")
    last = data.rfind(b"OggS")
    granule = int.from_bytes(data[last + 6 : last + 14], "little", signed=True)
    return granule / 48_000


def _mp3_seconds(data: bytes) -> float:
    at = 0
    if data.startswith(b"ID3") and len(data) > 10:
        # Four numbers of seven bits.
        at = 10 + (data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9])
    seconds, frames = 0.0, 0
    while at + 4 <= len(data):
        size, length = _frame(data, at)
        if not size:
            break
        at += size
        seconds += length
        frames += 1
    if frames < 2:
        raise SoundInvalid("no MP3")
    return seconds


def _frame(data: bytes, at: int) -> tuple[int, float]:
    """(bytes, seconds) of the MPEG layer III frame there; (0, 0) when there is none."""
    if data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
        return 0, 0.0
    version = data[at + 1] >> 3 & 3
    rate, bitrate = data[at + 2] >> 2 & 3, data[at + 2] >> 4
    if version == 1 or rate == 3 or bitrate in (0, 15):
        return 0, 0.0
    hertz = _RATES[version][rate]
    samples = 1152 if version == 3 else 576
    kilobits = (_BITRATES_1 if version == 3 else _BITRATES_2)[bitrate]
    size = samples // 8 * kilobits * 1000 // hertz + (data[at + 2] >> 1 & 1)
    return size, samples / hertz
