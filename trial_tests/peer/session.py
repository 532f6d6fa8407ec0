"""A client's session: identifiers, sequence numbers, containers and what they hold, no connection."""

import os
import time
from collections.abc import Callable, Iterable
from struct import Struct
from typing import NamedTuple

from teamgram.mtproto.container import (
    GZIP_PACKED,
    MSG_CONTAINER,
    RPC_RESULT,
    InnerMessage,
    constructor_id,
    pack_container,
    pack_message,
    unpack_container,
    unpack_gzip,
)
from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.message_id import next_client_msg_id
from trial_tests.peer.envelope import BadFrame, Opened, Sealed, open_frame, seal_payload

BAD_SERVER_SALT = 0xEDAB447B

_RESULT_HEAD = Struct("<Iq")
_BAD_SALT = Struct("<Iqiiq")


class Received(NamedTuple):
    """One message of the server's, taken out of its container and unzipped.

    Attributes:
        frame_msg_id: of the container that it came in, else its own.
    """

    msg_id: int
    seq_no: int
    body: bytes
    frame_msg_id: int

    @property
    def constructor_id(self) -> int:
        """Of the body, unsigned."""
        return constructor_id(self.body)

    @property
    def result(self) -> tuple[int, bytes]:
        """(req_msg_id, boxed result, unzipped) of an rpc_result."""
        number, req_msg_id = _RESULT_HEAD.unpack_from(self.body)
        assert number == RPC_RESULT, f"{number:08x} is no rpc_result"
        result = self.body[12:]
        return req_msg_id, unpack_gzip(result) if constructor_id(result) == GZIP_PACKED else result


class ClientSession:
    """One session of one auth key.

    Attributes:
        salt: what goes into frames; 0 at first, as most clients begin.
        session_id: signed.
        to_ack: msg_ids of content-related messages from the server, not acknowledged yet.
        content_messages: those sent; change it to send wrong sequence numbers.
        time_offset: seconds added to the clock when identifiers are made.
    """

    def __init__(
        self,
        auth_key: AuthKey,
        *,
        salt: int = 0,
        session_id: int | None = None,
        seconds: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.auth_key = auth_key
        self.salt = salt
        self.session_id = int.from_bytes(random(8), "little", signed=True) if session_id is None else session_id
        self.to_ack: list[int] = []
        self.content_messages = 0
        self.time_offset = 0.0
        self._last_msg_id = 0
        self._seconds = seconds
        self._random = random

    def next_msg_id(self) -> int:
        """A msg_id larger than all before."""
        self._last_msg_id = next_client_msg_id(self._seconds() + self.time_offset, self._last_msg_id)
        return self._last_msg_id

    def message(
        self, body: bytes, *, content_related: bool = True, msg_id: int | None = None, seq_no: int | None = None
    ) -> InnerMessage:
        """A message with its identifier and sequence number, or the given (wrong) ones."""
        if seq_no is None:
            seq_no = 2 * self.content_messages + content_related
            self.content_messages += content_related
        return InnerMessage(self.next_msg_id() if msg_id is None else msg_id, seq_no, body)

    def container(self, messages: Iterable[InnerMessage], *, msg_id: int | None = None) -> InnerMessage:
        """A container of messages made before."""
        return self.message(pack_container(list(messages)), content_related=False, msg_id=msg_id)

    def seal(self, message: InnerMessage, *, salt: int | None = None, session_id: int | None = None) -> Sealed:
        """The frame of one message."""
        return seal_payload(
            self.auth_key,
            self.salt if salt is None else salt,
            self.session_id if session_id is None else session_id,
            pack_message(*message),
            random=self._random,
        )

    def open(self, frame: bytes) -> list[Received]:
        """The messages of one frame of the server's.

        Raises:
            BadFrame: it is not for this session, or breaks a rule.
        """
        return self.unpack(open_frame(self.auth_key, frame))

    def unpack(self, opened: Opened) -> list[Received]:
        """The messages of a frame that is decrypted already.

        Raises:
            BadFrame: as ``open``.
        """
        _, session_id, msg_id, seq_no, body = opened
        if session_id != self.session_id:
            raise BadFrame("another session_id")
        if constructor_id(body) == MSG_CONTAINER:
            if seq_no % 2:
                raise BadFrame("a container is not content-related")
            received = [Received(*inner, msg_id) for inner in unpack_container(body)]
            if any(inner.msg_id >= msg_id for inner in received):
                raise BadFrame("a message in a container is not older than it")
        else:
            received = [Received(msg_id, seq_no, body, msg_id)]
        self.to_ack += [message.msg_id for message in received if message.seq_no % 2]
        return [
            message._replace(body=unpack_gzip(message.body)) if message.constructor_id == GZIP_PACKED else message
            for message in received
        ]


def refused_msg_id(body: bytes) -> tuple[int, int]:
    """(bad_msg_id, new_server_salt) of a bad_server_salt."""
    number, bad_msg_id, _, _, salt = _BAD_SALT.unpack_from(body)
    assert number == BAD_SERVER_SALT
    return bad_msg_id, salt
