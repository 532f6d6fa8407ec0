"""Sizes and times of the session stage, with units; ``app`` fills them from YAML."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Every limit of the session stage and what happens at it.

    Attributes:
        server: this process's name in what it tells the others.
        keys_move: another process may have had a key before this one: what it had to push to the key's device may be
            lost, so the device gets the difference.
        retention: seconds a session without a connection is kept, with what
            it still has to deliver.
        idle_wrapper_retention: seconds a key without any session is kept in
            memory (its user, device and salts).
        sessions_per_key: sessions of one auth key; one more ends the first
            that has no connection, else the oldest.
        session_data_chan_size: frames a key may have waiting; one more is
            refused and its connection stops being read.
        frames_per_turn: frames of one key taken in one reactor turn as they
            are read; what comes then waits until the other keys had their part.
        part_seconds: how long one key's requests, and its frames that had to
            wait, are seen to in one reactor turn, and
        behind_seconds: those of all keys together that have more than a part.
        fan_out_seconds: how long what several get is queued and sent in one turn; half of it when they are many.
        request_limit_bytes: the longest request that does not bring a part of
            a file. To read a vector of so many bytes takes 30 ms; clients send
            16 KiB at most (a message of 4,096 characters with its entities).
        rpc_timeout: seconds after its arrival at which a request is cancelled
            (``TIMEOUT``).
        slow_rpc_after: seconds after which a request is not counted among
            ``concurrent_rpcs`` any more: it waits for something outside and
            takes nobody's time.
        max_running_rpcs: requests of one session under way; past it the
            session's connections are not read (one container may overshoot).
        concurrent_rpcs: requests of one key that bff has at once; the others
            wait, the key's sessions taking turns. Another key's request waits
            for no more than so many of them.
        unsent_limit_bytes: bytes waiting for a session's connection to become
            writable; past it no request is started and the session's
            connections are not read.
        push_limit: updates waiting unsent for one session; past it they are
            dropped and one ``updatesTooLong`` takes their place.
        push_limit_bytes: the same in bytes.
        unacked_limit: messages kept for resending until acknowledged; past it
            the oldest is forgotten.
        unacked_limit_bytes: the same in bytes.
        kept_limit_bytes: what all sessions together may keep (unsent, unacknowledged,
            remembered); past it those without a connection end, the longest
            waiting first, then the fattest forget what they keep for resending.
        inbox_limit: msg_ids remembered for one session.
        container_limit: messages in a container of ours.
        container_limit_bytes: payload after which a container is closed.
        gzip_threshold_bytes: a result at least this long is packed when that
            makes it smaller.
        gunzip_limit_bytes: longest object a client may pack.
        gunzip_frame_bytes: what the packed objects of one frame may unpack to.
        gunzip_turn_bytes: unpacked in one reactor turn for all keys; after it
            frames with something packed wait for the next.
        large_request_bytes: a request at least this long counts for the next three.
        large_session_bytes: large requests of one session under way; past it
            the session's connections are not read.
        large_key_bytes: the same of one key; one more is refused (``FLOOD_WAIT_1``).
        large_limit_bytes: the same of all keys.
        ack_delay: seconds after which a message that has no answer yet is
            acknowledged on its own.
        ack_piggyback_age: seconds after which its acknowledgement rides along
            with whatever leaves.
        detailed_info_bytes: an answer at least this long is announced
            (``msg_detailed_info``) rather than sent again to a duplicate.
        resend_age: seconds after which an answer goes out again under a new
            msg_id, as clients discard those older than 300 s, and an update
            becomes ``updatesTooLong``.
        invoke_after_timeout: seconds ``invokeAfterMsg`` waits for a message
            that has not come; for one that has, ``rpc_timeout`` longer.
        http_resend_after: seconds without acknowledgement after which a
            message is sent again over HTTP, where no closed connection tells
            that it was lost.
        salts_ahead: salts asked of authsession at once.
        sweep_interval: seconds between two rounds of housekeeping.
        drain_timeout: seconds requests in flight get at shutdown.
        min_layer: oldest layer that may be announced.
    """

    server: str = "session"
    keys_move: bool = False
    retention: float = 300.0
    idle_wrapper_retention: float = 60.0
    sessions_per_key: int = 64
    session_data_chan_size: int = 16
    frames_per_turn: int = 8
    part_seconds: float = 0.0003
    behind_seconds: float = 0.001
    fan_out_seconds: float = 0.001
    request_limit_bytes: int = 128 << 10
    slow_rpc_after: float = 1.0
    rpc_timeout: float = 30.0
    max_running_rpcs: int = 128
    concurrent_rpcs: int = 4
    unsent_limit_bytes: int = 512 << 10
    push_limit: int = 256
    push_limit_bytes: int = 128 << 10
    unacked_limit: int = 512
    unacked_limit_bytes: int = 1 << 20
    kept_limit_bytes: int = 512 << 20
    inbox_limit: int = 2048
    container_limit: int = 100
    container_limit_bytes: int = 256 << 10
    gzip_threshold_bytes: int = 2048
    gunzip_limit_bytes: int = 1 << 20
    gunzip_frame_bytes: int = 4 << 20
    gunzip_turn_bytes: int = 4 << 20
    large_request_bytes: int = 4 << 10
    large_session_bytes: int = 4 << 20
    large_key_bytes: int = 32 << 20
    large_limit_bytes: int = 256 << 20
    ack_delay: float = 1.0
    ack_piggyback_age: float = 0.1
    detailed_info_bytes: int = 64 << 10
    resend_age: float = 240.0
    invoke_after_timeout: float = 10.0
    http_resend_after: float = 10.0
    salts_ahead: int = 8
    sweep_interval: float = 0.5
    drain_timeout: float = 10.0
    min_layer: int = 135
