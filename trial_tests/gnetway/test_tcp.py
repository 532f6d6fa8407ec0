"""MTProto over TCP, without sockets."""

from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.settings import GnetwaySettings
from trial_tests.gnetway.client import opened, payload, sealed
from trial_tests.gnetway.edges import Gnetway
from trial_tests.gnetway.fakes import perm_key

KEY = perm_key(1)
INTERMEDIATE = b"\xee" * 4


def framed(frame: bytes) -> bytes:
    """One frame of the intermediate transport."""
    return len(frame).to_bytes(4, "little") + frame


def unframed(data: bytes) -> list[bytes]:
    """The frames in intermediate bytes."""
    frames = []
    while data:
        length = int.from_bytes(data[:4], "little")
        frames.append(data[4 : 4 + length])
        data = data[4 + length :]
    return frames


class TcpConnectionTests(SynchronousTestCase):
    def test_frames_cut_anywhere(self) -> None:
        """Frames reach session whole and in order when every byte comes alone."""
        gnetway = Gnetway("tcp", KEY)
        protocol, transport = gnetway.connect()
        data = INTERMEDIATE + b"".join(framed(sealed(KEY, plaintext=payload(4 * n))) for n in range(1, 4))
        for offset in range(len(data)):
            protocol.dataReceived(data[offset : offset + 1])
        self.assertEqual([data.payload for data in gnetway.session.frames], [payload(4 * n) for n in range(1, 4)])
        self.assertTrue(transport.no_delay)

    def test_many_keys_at_once(self) -> None:
        """Each has to be asked for; answered at once, they are taken one after the other, not one inside the other."""
        keys = [perm_key(number) for number in range(2, 402)]
        gnetway = Gnetway("tcp", *keys)
        protocol, _ = gnetway.connect()
        protocol.dataReceived(INTERMEDIATE + b"".join(framed(sealed(key)) for key in keys))
        taken = [data.auth_key_id for data in gnetway.session.frames]
        self.assertEqual(taken, [key.auth_key_id for key in keys])

    def test_reply_leaves_in_the_clients_transport(self) -> None:
        """A reply is framed as the client's own frames are."""
        gnetway = Gnetway("tcp", KEY)
        protocol, transport = gnetway.connect()
        protocol.dataReceived(INTERMEDIATE + framed(sealed(KEY)))
        ref = gnetway.session.frames[0].conn
        self.assertTrue(gnetway.service.send_data(ref, KEY.auth_key_id, 1, 7, payload(9)))
        (frame,) = unframed(transport.taken())
        self.assertEqual(opened(KEY, frame), (1, 7, payload(9)))

    def test_unknown_key_hears_404_in_its_transport(self) -> None:
        """The transport error is a 4-byte frame, and the connection closes soon after it."""
        gnetway = Gnetway("tcp")
        protocol, transport = gnetway.connect()
        protocol.dataReceived(INTERMEDIATE + framed(sealed(KEY)))
        self.assertEqual(transport.taken(), framed((-404).to_bytes(4, "little", signed=True)))
        self.assertFalse(transport.closed)
        gnetway.pass_seconds(2)
        self.assertTrue(transport.closed)

    def test_frames_behind_one_that_waits(self) -> None:
        """Frames of one segment behind a refused one reach session after it, in order, once there is room."""
        gnetway = Gnetway("tcp", KEY)
        protocol, transport = gnetway.connect()
        gnetway.session.room = 1
        plain = [payload(4 * n) for n in range(1, 5)]
        protocol.dataReceived(INTERMEDIATE + b"".join(framed(sealed(KEY, plaintext=one)) for one in plain))
        self.assertEqual(transport.producerState, "paused")
        gnetway.session.room = 2
        gnetway.service.resume_reading(gnetway.session.frames[0].conn)
        self.assertEqual(len(gnetway.session.frames), 3)
        self.assertEqual(transport.producerState, "paused")
        gnetway.session.room = None
        gnetway.service.resume_reading(gnetway.session.frames[0].conn)
        self.assertEqual([data.payload for data in gnetway.session.frames], plain)
        self.assertEqual(transport.producerState, "producing")

    def test_foreign_protocol_is_refused(self) -> None:
        """A web browser on the MTProto port is turned away at its first bytes."""
        gnetway = Gnetway("tcp")
        protocol, transport = gnetway.connect()
        with capturedLogs() as events:
            protocol.dataReceived(b"GET / HTTP/1.1\r\n")
        self.assertTrue(transport.closed)
        # Telegram Desktop tries HTTP on port 80 of every address: that is nobody's fault.
        self.assertEqual([event for event in events if event["log_level"] >= LogLevel.warn], [])
        protocol, transport = gnetway.connect()
        with capturedLogs() as events:
            protocol.dataReceived(INTERMEDIATE + b"\xff\xff\xff\x7f")
        self.assertEqual(len([event for event in events if event["log_level"] >= LogLevel.warn]), 1)

    def test_client_that_does_not_read(self) -> None:
        """Session is told when the buffer fills and when it drains; a bounded rest later the connection is cut."""
        gnetway = Gnetway("tcp", KEY, settings=GnetwaySettings(max_send_buffer_bytes=2000))
        protocol, transport = gnetway.connect()
        protocol.dataReceived(INTERMEDIATE + framed(sealed(KEY)))
        ref = gnetway.session.frames[0].conn
        transport.producer.pauseProducing()
        transport.producer.resumeProducing()
        self.assertEqual(gnetway.session.writable, [(ref, False), (ref, True)])
        transport.producer.pauseProducing()
        sent = 0
        while gnetway.service.send_data(ref, KEY.auth_key_id, 1, 7, payload(9, body=bytes(400))):
            sent += 1
            self.assertLess(sent, 10)
        self.assertTrue(transport.closed)
        self.assertEqual(sent, 5)

    def test_a_frame_larger_than_the_bound_leaves(self) -> None:
        """What fills the buffer by itself was written while there was room: a piece of a file cuts nobody off."""
        gnetway = Gnetway("tcp", KEY, settings=GnetwaySettings(max_send_buffer_bytes=2000))
        protocol, transport = gnetway.connect()
        protocol.dataReceived(INTERMEDIATE + framed(sealed(KEY)))
        ref = gnetway.session.frames[0].conn
        write = transport.write

        def filled(data: bytes) -> None:
            write(data)
            transport.producer.pauseProducing()

        self.patch(transport, "write", filled)
        self.assertTrue(gnetway.service.send_data(ref, KEY.auth_key_id, 1, 7, payload(9, body=bytes(8000))))
        self.assertFalse(transport.closed)
        self.assertTrue(gnetway.service.send_data(ref, KEY.auth_key_id, 1, 7, payload(9, body=bytes(8000))))
        self.assertTrue(transport.closed)

    def test_loss_closes_the_sessions(self) -> None:
        """Session hears which session lost which connection."""
        gnetway = Gnetway("tcp", KEY)
        protocol, transport = gnetway.connect()
        protocol.dataReceived(INTERMEDIATE + framed(sealed(KEY, session_id=5)))
        transport.loseConnection()
        ref = gnetway.session.frames[0].conn
        self.assertEqual(gnetway.session.closed, [(KEY.auth_key_id, KEY.auth_key_id, 5, ref)])

    def test_silence_is_closed_by_the_wheel(self) -> None:
        """Thirty seconds without a valid frame, three hundred after one; the service has one timer for all."""
        gnetway = Gnetway("tcp", KEY)
        silent = gnetway.connect()[1]
        protocol, active = gnetway.connect()
        protocol.dataReceived(INTERMEDIATE + framed(sealed(KEY)))
        self.assertEqual(len(gnetway.reactor.getDelayedCalls()), 1)
        gnetway.pass_seconds(29)
        self.assertFalse(silent.closed)
        gnetway.pass_seconds(3)
        self.assertTrue(silent.closed)
        gnetway.pass_seconds(266)
        self.assertFalse(active.closed)
        gnetway.pass_seconds(4)
        self.assertTrue(active.closed)

    def test_destroyed_key_closes_its_connections_after_the_answer(self) -> None:
        """The connections of a key that is gone stay long enough to read so, then close."""
        gnetway = Gnetway("tcp", KEY)
        protocol, transport = gnetway.connect()
        protocol.dataReceived(INTERMEDIATE + framed(sealed(KEY)))
        ref = gnetway.session.frames[0].conn
        del gnetway.authsessions.keys[KEY.auth_key_id]
        gnetway.service.send_data(ref, KEY.auth_key_id, 1, 7, payload(9))
        gnetway.service.forget_auth_key(KEY.auth_key_id)
        self.assertFalse(transport.closed)
        self.assertEqual(len(unframed(transport.taken())), 1)
        gnetway.pass_seconds(4)
        self.assertTrue(transport.closed)

    def test_forgotten_key_that_exists_keeps_its_connections(self) -> None:
        """Forgetting a key because it changed asks for it again and disturbs nobody."""
        gnetway = Gnetway("tcp", KEY)
        protocol, transport = gnetway.connect()
        protocol.dataReceived(INTERMEDIATE + framed(sealed(KEY)))
        gnetway.service.forget_auth_key(KEY.auth_key_id)
        gnetway.pass_seconds(4)
        protocol.dataReceived(framed(sealed(KEY, plaintext=payload(8))))
        self.assertFalse(transport.closed)
        self.assertEqual(len(gnetway.session.frames), 2)

    def test_nothing_secret_is_logged(self) -> None:
        """A connection's life leaves two lines, without key, salt or content in them."""
        with capturedLogs() as logs:
            gnetway = Gnetway("tcp", KEY)
            protocol, transport = gnetway.connect()
            protocol.dataReceived(INTERMEDIATE + framed(sealed(KEY, salt=123456789)))
            transport.loseConnection()
        ours = [event for event in logs if event["log_namespace"].endswith("Connections")]
        self.assertEqual(len(ours), 2)
        shown = "".join(str(value) for event in logs for value in event.values())
        self.assertNotIn("123456789", shown)
        self.assertNotIn(KEY.auth_key[:8].hex(), shown)
