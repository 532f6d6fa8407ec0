"""Bytes of hostile and broken peers: whatever comes, nothing is raised and little is kept."""

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from teamgram.gnetway.settings import GnetwaySettings, ListenerSettings
from teamgram.mtproto.crypto.rsa import RsaPrivateKey, RsaPublicKey
from teamgram.mtproto.envelope import pack_plain
from trial_tests.gnetway.client import payload, sealed
from trial_tests.gnetway.edges import Gnetway
from trial_tests.gnetway.fakes import perm_key
from trial_tests.gnetway.test_http import post
from trial_tests.gnetway.test_websocket import handshake, masked
from trial_tests.peer.exchange import ClientExchange
from trial_tests.peer.transports import TRANSPORTS

KEY = perm_key(1)
RSA_KEY = RsaPrivateKey.generate()
PUBLIC_KEY = RsaPublicKey.from_pem(RSA_KEY.public_pem())
LIMITS = GnetwaySettings(max_frame_bytes=1 << 16)
PROXY_LINE = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"

#: Where to cut the bytes, and what to do to one of them.
CUTS = st.lists(st.integers(min_value=1, max_value=200), max_size=12)
EDITS = st.lists(
    st.tuples(st.integers(min_value=0, max_value=2000), st.integers(min_value=1, max_value=255)), max_size=4
)

hostile = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def edited(data: bytes, edits: list[tuple[int, int]]) -> bytes:
    """The bytes with some of them changed."""
    changed = bytearray(data)
    for offset, change in edits:
        changed[offset % len(changed)] ^= change
    return bytes(changed)


def valid_streams() -> list[tuple[str, bytes]]:
    """(kind of listener, what a good client sends there) for every kind and transport."""
    step = pack_plain(4, ClientExchange(PUBLIC_KEY).start())
    frames = [step, sealed(KEY), sealed(KEY, plaintext=payload(8, body=bytes(400)))]
    streams = []
    for make in TRANSPORTS.values():
        codec = make()
        streams.append(("tcp", codec.opening() + b"".join(codec.encode(frame) for frame in frames)))
    codec = TRANSPORTS["obfuscated_abridged"]()
    stream = codec.opening() + b"".join(codec.encode(frame) for frame in frames)
    streams.append(("websocket", handshake() + masked(stream[:70]) + masked(b"", opcode=9) + masked(stream[70:])))
    streams.append(("http", b"".join(post(frame, b"Origin: https://web.example") for frame in frames)))
    return streams


class HostileBytesTests(SynchronousTestCase):
    def feed(self, kind: str, data: bytes, cuts: list[int], listener: ListenerSettings | None = None) -> Gnetway:
        """Give the bytes to a new connection in pieces, then let time pass until nothing may be left."""
        gnetway = Gnetway(kind, KEY, settings=LIMITS, listener=listener, rsa_keys=(RSA_KEY,))
        protocol, transport = gnetway.connect()
        for size in [*cuts, len(data)]:
            if transport.closed or not data:
                break
            protocol.dataReceived(data[:size])
            data = data[size:]
        for seconds in (5, 30, 310, 6):
            gnetway.reactor.advance(seconds)
        self.assertTrue(transport.closed)
        self.assertEqual(len(gnetway.service.connections), 0)
        self.assertEqual(len(gnetway.service.connections.wheel), 0)
        self.assertEqual(len(gnetway.service.exchanges), 0)
        self.assertEqual(len(gnetway.reactor.getDelayedCalls()), 1, "the service's own tick")
        self.assertEqual(self.flushLoggedErrors(), [])
        return gnetway

    def test_good_streams_are_good(self) -> None:
        """Unedited, each of the streams below brings its two encrypted frames to session."""
        for kind, data in valid_streams():
            self.assertEqual(len(self.feed(kind, data, []).session.frames), 2, (kind, data[:4]))

    @hostile
    @given(kind=st.sampled_from(["tcp", "websocket", "http"]), data=st.binary(max_size=600), cuts=CUTS)
    def test_noise(self, kind: str, data: bytes, cuts: list[int]) -> None:
        """Random bytes on any listener end the connection, at the latest with the wheel."""
        self.assertEqual(self.feed(kind, data, cuts).session.frames, [])

    @hostile
    @given(stream=st.integers(min_value=0, max_value=len(TRANSPORTS) + 1), edits=EDITS, cuts=CUTS)
    def test_broken_streams(self, stream: int, edits: list[tuple[int, int]], cuts: list[int]) -> None:
        """A good client's bytes with some of them changed bring at most what was left whole to session."""
        kind, data = valid_streams()[stream]
        for frame in self.feed(kind, edited(data, edits), cuts).session.frames:
            self.assertIn(frame.payload, (payload(), payload(8, body=bytes(400))))

    @hostile
    @given(edits=EDITS, cuts=CUTS)
    def test_broken_proxy_header(self, edits: list[tuple[int, int]], cuts: list[int]) -> None:
        """A PROXY header with changed bytes, and what follows it, end the connection or are read as what they say."""
        listener = ListenerSettings("tcp", "127.0.0.1", 10443, proxy_protocol_from=("192.0.2.1",))
        self.feed("tcp", edited(PROXY_LINE + valid_streams()[0][1], edits), cuts, listener)

    @hostile
    @given(body=st.binary(min_size=1, max_size=200), edits=EDITS)
    def test_key_exchange_of_noise(self, body: bytes, edits: list[tuple[int, int]]) -> None:
        """Unencrypted messages of any content, or a good first step with bytes changed, raise nothing."""
        good = ClientExchange(PUBLIC_KEY).start()
        for step in (body, good[:4] + body, edited(good, edits)):
            codec = TRANSPORTS["intermediate"]()
            self.feed("tcp", codec.opening() + codec.encode(pack_plain(4, step)), [])

    def test_announced_lengths_allocate_nothing(self) -> None:
        """The largest length that each transport can announce is refused at once, by its head alone."""
        for opening in (b"\xef\x7f\xff\xff\xff", b"\xee\xee\xee\xee\xff\xff\xff\x7f", b"\xff\xff\xff\x7f" + bytes(4)):
            gnetway = Gnetway("tcp", settings=LIMITS)
            protocol, transport = gnetway.connect()
            protocol.dataReceived(opening)
            self.assertTrue(transport.closed, opening)
