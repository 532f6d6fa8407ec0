"""What changes around a channel's messages while they stay as they are: looks, answers, and to whom they speak.

None of it is written into a message's own row; it is put on when the message is read, or told again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from teamgram.database import Transaction
from teamgram.domain.boxes.events import LogEntry, MessageEdited, ReactionsChanged
from teamgram.domain.boxes.marks import MENTION_UNREAD, MENTIONED
from teamgram.domain.boxes.message import FIRST_VIEWS, Message, MessageAnswers
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.ids.peer import channel_id_of, is_channel, marked_channel

_TOLD_AGAIN = (MessageEdited, ReactionsChanged)


def looks_txn(txn: Transaction, content_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """(views, forwards) of posts that have been counted, by content."""
    found: dict[int, tuple[int, int]] = {}
    for some in chunks(content_ids):
        txn.execute(f"SELECT content_id, views, forwards FROM post_counts WHERE content_id IN ({marks(some)})", some)
        found.update((row[0], (row[1], row[2])) for row in txn.fetchall())
    return found


def counted(message: Message, counts: Mapping[int, tuple[int, int]]) -> Message:
    """A message with how often it was seen and sent on, if it is a post."""
    if not message.extra.post:
        return message
    views, forwards = counts.get(message.content_id, (FIRST_VIEWS, 0))
    return replace(message, views=views, forwards=forwards)


def copies_of_txn(txn: Transaction, channel_id: int, post_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """(group, message there) of the copies of posts, by post."""
    found: dict[int, tuple[int, int]] = {}
    for some in chunks(post_ids):
        txn.execute(
            "SELECT post_id, group_id, message_id FROM post_discussions"
            f" WHERE channel_id = ? AND post_id IN ({marks(some)})",
            (channel_id, *some),
        )
        found.update((row[0], (row[1], row[2])) for row in txn.fetchall())
    return found


def comments_txn(txn: Transaction, channel_id: int, post_ids: Sequence[int]) -> Mapping[int, MessageAnswers]:
    """How many comments posts have, by post; those that may not be commented on are missing."""
    copies = copies_of_txn(txn, channel_id, post_ids)
    by_group: dict[int, dict[int, int]] = {}
    for post_id, (group_id, message_id) in copies.items():
        by_group.setdefault(group_id, {})[message_id] = post_id
    found = {post_id: MessageAnswers(0, 0, group_id) for post_id, (group_id, _) in copies.items()}
    for group_id, posts in by_group.items():
        for some in chunks(posts):
            txn.execute(
                "SELECT thread_id, replies, last_id FROM thread_counts"
                f" WHERE owner_id = ? AND thread_id IN ({marks(some)})",
                (marked_channel(group_id), *some),
            )
            found.update((posts[row[0]], MessageAnswers(row[1], row[2], group_id)) for row in txn.fetchall())
    return found


def answers_txn(txn: Transaction, messages: Collection[Message]) -> Mapping[tuple[int, int], MessageAnswers]:
    """The answers to those of channels' messages that have any, or may be commented on, by owner and id."""
    by_owner: dict[int, list[int]] = {}
    posts: dict[int, list[int]] = {}
    for message in messages:
        by_owner.setdefault(message.owner_id, []).append(message.id)
        if message.extra.post:
            posts.setdefault(message.owner_id, []).append(message.id)
    found: dict[tuple[int, int], MessageAnswers] = {}
    for owner_id, ids in by_owner.items():
        for some in chunks(ids):
            txn.execute(
                "SELECT thread_id, replies, last_id FROM thread_counts"
                f" WHERE owner_id = ? AND thread_id IN ({marks(some)}) AND replies > 0",
                (owner_id, *some),
            )
            found.update(((owner_id, row[0]), MessageAnswers(row[1], row[2])) for row in txn.fetchall())
    for message in messages:
        if message.is_copied_post:
            # Web A opens no comments whose root says nothing of answers.
            found.setdefault((message.owner_id, message.id), MessageAnswers(0, 0))
    for owner_id, ids in posts.items():
        comments = comments_txn(txn, channel_id_of(owner_id), ids)
        found.update(((owner_id, post_id), answers) for post_id, answers in comments.items())
    return found


def tell_around_txn(txn: Transaction, entries: Sequence[LogEntry], messages: dict[tuple[int, int], Message]) -> None:
    """Have the messages of channels that are told again, as they were changed, told with what is around them.

    An app takes what it is told for the whole message: without this an edit would take the mention, the comments and
    the looks away from everybody who is here.

    Args:
        messages: those that the entries speak of, by owner and id; changed in place.
    """
    keys = [
        (entry.owner_id, entry.event.id)
        for entry in entries
        if is_channel(entry.owner_id) and isinstance(entry.event, _TOLD_AGAIN)
    ]
    again = {key: messages[key] for key in keys if key in messages}
    if not again:
        return
    looks = looks_txn(txn, [message.content_id for message in again.values() if message.extra.post])
    answers = answers_txn(txn, again.values())
    speak = _spoken_to_txn(txn, again)
    for key, message in again.items():
        to, unread = speak.get(key, ((), frozenset()))
        messages[key] = replace(
            counted(message, looks),
            replies=answers.get(key),
            mentions=tuple(to),
            mentions_seen=tuple(user_id for user_id in to if user_id not in unread),
        )


def _spoken_to_txn(
    txn: Transaction, keys: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], tuple[list[int], set[int]]]:
    """To whom messages of channels speak, and who of these has not seen it, by (marked channel, message)."""
    by_peer: dict[int, list[int]] = {}
    for peer, message_id in keys:
        by_peer.setdefault(peer, []).append(message_id)
    found: dict[tuple[int, int], tuple[list[int], set[int]]] = {}
    for peer, ids in by_peer.items():
        for some in chunks(ids):
            txn.execute(
                f"SELECT id, kind, owner_id FROM message_marks WHERE peer = ? AND id IN ({marks(some)})"
                " AND kind IN (?, ?) ORDER BY id, owner_id",
                (peer, *some, MENTIONED, MENTION_UNREAD),
            )
            for message_id, kind, user_id in txn.fetchall():
                to, unread = found.setdefault((peer, message_id), ([], set()))
                if kind == MENTIONED:
                    to.append(user_id)
                else:
                    unread.add(user_id)
    return found
