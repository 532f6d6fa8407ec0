"""SQL of polls, for whoever writes the messages that show them or reads those."""

from collections.abc import Iterable, Sequence

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.poll import NOT_VOTED, UNASKED, Poll, PollState

_PER_QUERY = 500

_decode_numbers = msgspec.json.Decoder(tuple[int, ...]).decode
_encode_numbers = msgspec.json.Encoder().encode


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def add_place_txn(txn: Transaction, poll: Poll, content_id: int) -> None:
    """A content shows the poll; with the first of them the poll begins."""
    begun = {
        "closed": int(poll.was_closed),
        "closes_at": poll.close_date,
        "voters": 0,
        "counts": b"[]",
        "recent": b"[]",
    }
    txn.insert_ignore("polls", {"id": poll.id, **begun})
    txn.insert_ignore("poll_places", {"poll_id": poll.id, "content_id": content_id})


def states_txn(txn: Transaction, poll_ids: Iterable[int], suffix: str = "") -> dict[int, PollState]:
    """Where polls stand, for somebody who has not voted, by id."""
    ids = sorted(set(poll_ids))
    found: dict[int, PollState] = {}
    for start in range(0, len(ids), _PER_QUERY):
        some = ids[start : start + _PER_QUERY]
        txn.execute(
            f"SELECT id, closed, voters, counts, recent FROM polls WHERE id IN ({_marks(some)}){suffix}", tuple(some)
        )
        for poll_id, closed, voters, counts, recent in txn.fetchall():
            found[poll_id] = PollState(bool(closed), voters, _decode_numbers(counts), _decode_numbers(recent))
    return found


def choices_txn(txn: Transaction, poll_ids: Iterable[int], user_ids: Iterable[int]) -> dict[tuple[int, int], int]:
    """Votes of these users in these polls, by (poll, user)."""
    polls, users = sorted(set(poll_ids)), sorted(set(user_ids))
    found: dict[tuple[int, int], int] = {}
    for start in range(0, len(users), _PER_QUERY):
        some = users[start : start + _PER_QUERY]
        txn.execute(
            f"SELECT poll_id, user_id, choices FROM poll_votes WHERE poll_id IN ({_marks(polls)})"
            f" AND user_id IN ({_marks(some)})",
            (*polls, *some),
        )
        found.update(((poll_id, user_id), choices) for poll_id, user_id, choices in txn.fetchall())
    return found


def viewed_txn(txn: Transaction, wanted: Sequence[tuple[int, int]]) -> list[PollState]:
    """Where each poll stands for a viewer: (poll id, viewer's user id)."""
    poll_ids = {poll_id for poll_id, _ in wanted}
    states = states_txn(txn, poll_ids)
    choices = choices_txn(txn, poll_ids, {user_id for _, user_id in wanted})
    return [
        msgspec.structs.replace(states.get(poll_id, UNASKED), choices=choices.get((poll_id, user_id), NOT_VOTED))
        for poll_id, user_id in wanted
    ]


def save_state_txn(txn: Transaction, poll_id: int, state: PollState) -> None:
    """Write what the votes add up to; the row is locked."""
    txn.execute(
        "UPDATE polls SET voters = ?, counts = ?, recent = ? WHERE id = ?",
        (state.voters, _encode_numbers(state.counts), _encode_numbers(state.recent), poll_id),
    )


def drop_places_txn(txn: Transaction, content_ids: Sequence[int]) -> None:
    """These contents are gone; a poll that no other shows goes with them."""
    txn.execute(f"SELECT DISTINCT poll_id FROM poll_places WHERE content_id IN ({_marks(content_ids)})", content_ids)
    poll_ids = [row[0] for row in txn.fetchall()]
    if not poll_ids:
        return
    txn.execute(f"DELETE FROM poll_places WHERE content_id IN ({_marks(content_ids)})", content_ids)
    for poll_id in poll_ids:
        txn.execute("SELECT 1 FROM poll_places WHERE poll_id = ? LIMIT 1", (poll_id,))
        if txn.fetchone() is None:
            txn.execute("DELETE FROM poll_votes WHERE poll_id = ?", (poll_id,))
            txn.execute("DELETE FROM polls WHERE id = ?", (poll_id,))
