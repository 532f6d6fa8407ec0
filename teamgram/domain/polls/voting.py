"""Votes: the rules and the SQL."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.poll import NOT_VOTED, Poll, PollState
from teamgram.domain.boxes.poll_store import choices_txn, save_state_txn, states_txn
from teamgram.domain.messages.errors import MessageIdInvalid
from teamgram.domain.messages.seen_message import Where, check_takes_part, seen_message_txn
from teamgram.domain.polls.errors import (
    OptionInvalid,
    OptionsTooMany,
    PollClosed,
    RevoteNotAllowed,
    VoteRequired,
    VotesNotPublic,
)

RECENT = 3
"""How many of the last voters are told with a public poll."""

MAX_PAGE = 100

_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class VoteRequest:
    """A vote; no options take it back.

    Attributes:
        peer: marked id of the dialog in which the voter has the message.
    """

    user_id: int
    peer: int
    message_id: int
    options: tuple[bytes, ...]
    now: int
    perm_auth_key_id: int = 0


@dataclass(frozen=True, slots=True)
class Vote:
    """Somebody's vote; ``choices`` has a bit for each answer."""

    user_id: int
    choices: int
    date: int


@dataclass(frozen=True, slots=True)
class Votes:
    """A page of votes, the newest first; ``next_offset`` is empty on the last one."""

    poll: Poll
    votes: tuple[Vote, ...]
    count: int
    next_offset: str


def polled_txn(txn: Transaction, user_id: int, peer: int, message_id: int, now: int) -> tuple[Message, Poll, Where]:
    """A message of the user's with a poll, and where it lies.

    Raises:
        MessageIdInvalid: there is none.
        ChatForbidden, ChannelPrivate, …: see ``seen_message_txn``.
    """
    message, where = seen_message_txn(txn, user_id, peer, message_id, now)
    media = message.extra.media
    if media is None or media.poll is None:
        raise MessageIdInvalid(str(message_id))
    return message, media.poll, where


def is_over(poll: Poll, state: PollState, now: int) -> bool:
    """Whether nobody votes any more."""
    return state.closed or 0 < poll.close_date <= now


def chosen(poll: Poll, options: Sequence[bytes]) -> int:
    """A bit for each of the answers that are named.

    Raises:
        OptionInvalid, OptionsTooMany.
    """
    places = {answer.option: place for place, answer in enumerate(poll.answers)}
    choices = NOT_VOTED
    for option in options:
        if option not in places:
            raise OptionInvalid
        choices |= 1 << places[option]
    if choices.bit_count() > 1 and not poll.multiple:
        raise OptionsTooMany
    return choices


def after_vote(poll: Poll, state: PollState, before: int, after: int) -> PollState:
    """Where the poll stands when a voter's choices change; the last voters are not looked at."""
    counts = list(state.counts) or [0] * len(poll.answers)
    for place in range(len(poll.answers)):
        counts[place] += (after >> place & 1) - (before >> place & 1)
    voters = state.voters + (after != NOT_VOTED) - (before != NOT_VOTED)
    return msgspec.structs.replace(state, voters=voters, counts=tuple(counts), choices=after)


def vote_txn(txn: Transaction, request: VoteRequest) -> tuple[Message, Poll, PollState, bool]:
    """Vote, or take a vote back: the voter's message, its poll, how it stands for them, and whether anything changed.

    Raises:
        MessageIdInvalid, PollClosed, OptionInvalid, OptionsTooMany, RevoteNotAllowed.
        ChatNotFound, ChatForbidden, EditForbidden, …: see ``check_takes_part``.
    """
    user_id = request.user_id
    message, poll, where = polled_txn(txn, user_id, request.peer, request.message_id, request.now)
    check_takes_part(where, user_id)
    after = chosen(poll, request.options)
    state = states_txn(txn, [poll.id], txn.engine.for_update)[poll.id]
    if is_over(poll, state, request.now):
        raise PollClosed
    before = choices_txn(txn, [poll.id], [user_id]).get((poll.id, user_id), NOT_VOTED)
    if after == before:
        return message, poll, msgspec.structs.replace(state, choices=before), False
    if before != NOT_VOTED and (poll.is_quiz or poll.once):
        raise RevoteNotAllowed
    if after == NOT_VOTED:
        txn.execute("DELETE FROM poll_votes WHERE poll_id = ? AND user_id = ?", (poll.id, user_id))
    else:
        txn.upsert("poll_votes", {"poll_id": poll.id, "user_id": user_id}, {"choices": after, "voted_at": request.now})
    state = after_vote(poll, state, before, after)
    if poll.public:
        txn.execute(
            "SELECT user_id FROM poll_votes WHERE poll_id = ? ORDER BY voted_at DESC, user_id DESC LIMIT ?",
            (poll.id, RECENT),
        )
        state = msgspec.structs.replace(state, recent=tuple(row[0] for row in txn.fetchall()))
    save_state_txn(txn, poll.id, state)
    return message, poll, state, True


def votes_txn(
    txn: Transaction,
    user_id: int,
    peer: int,
    message_id: int,
    option: bytes | None,
    offset: str,
    limit: int,
    now: int,
) -> Votes:
    """Who voted, the newest first; for one answer if ``option`` names it.

    Raises:
        MessageIdInvalid, OptionInvalid, VotesNotPublic, VoteRequired.
        ChatNotFound, ChatForbidden, ChannelPrivate: they may not look there.
    """
    message, poll, _ = polled_txn(txn, user_id, peer, message_id, now)
    if not poll.public:
        raise VotesNotPublic
    assert message.poll is not None
    if message.poll.choices == NOT_VOTED and not message.poll.closed:
        raise VoteRequired
    where, params = "poll_id = ?", [poll.id]
    if option is not None:
        where += " AND (choices & ?) <> 0"
        params.append(chosen(poll, [option]))
    txn.execute(f"SELECT COUNT(*) FROM poll_votes WHERE {where}", params)
    row = txn.fetchone()
    count = int(row[0]) if row else 0
    date, _, voter = offset.partition("_")
    if _NUMBER.fullmatch(date) and _NUMBER.fullmatch(voter):
        where += " AND (voted_at < ? OR (voted_at = ? AND user_id < ?))"
        params += [int(date), int(date), int(voter)]
    limit = max(1, min(limit, MAX_PAGE))
    txn.execute(
        f"SELECT user_id, choices, voted_at FROM poll_votes WHERE {where} ORDER BY voted_at DESC, user_id DESC LIMIT ?",
        (*params, limit + 1),
    )
    votes = [Vote(*row) for row in txn.fetchall()]
    last = votes[limit - 1] if len(votes) > limit else None
    return Votes(poll, tuple(votes[:limit]), count, f"{last.date}_{last.user_id}" if last is not None else "")
