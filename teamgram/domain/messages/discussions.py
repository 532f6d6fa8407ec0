"""Posts of a channel that has a discussion group: each has a copy there, and what answers the copy are its comments.

The copy is written in the transaction that posts, and follows the post when that is changed or taken away.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from teamgram.database import Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import BoxChanges, Outgoing
from teamgram.domain.boxes.events import MessageEdited
from teamgram.domain.boxes.message import Extra, Forward, Message, MessageAnswers, pack_extra, searched_text
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.boxes.talks import note_changes_txn, talk_of
from teamgram.domain.channels.channel import Channel, Flag
from teamgram.domain.channels.store import channels_txn
from teamgram.domain.files.naming import CONTENT, change_uses_txn
from teamgram.domain.ids.peer import marked_channel
from teamgram.domain.messages.pinning import set_pinned_txn


def discussion_group_txn(txn: Transaction, channel: Channel) -> Channel | None:
    """The supergroup in which a channel's posts are spoken of."""
    if not channel.is_broadcast or not channel.linked_id:
        return None
    group = channels_txn(txn, [channel.linked_id]).get(channel.linked_id)
    return group if group is not None and not group.has(Flag.DELETED) else None


def copy_posts_txn(
    txn: Transaction,
    changes: BoxChanges,
    channel: Channel,
    group: Channel,
    posts: Sequence[Message],
    tags: Sequence[int],
) -> None:
    """Put copies of posts into the discussion group.

    Args:
        changes: both boxes are locked; its messages say afterwards that they may be commented on.
        tags: of each post's content.
    """
    outgoing = [Outgoing(post.text, _copied(channel, post), tag) for post, tag in zip(posts, tags, strict=True)]
    copies = changes.post(posts[0].sender_id, Audience.channel(group.marked), outgoing)
    # In the group people see at a glance what is spoken of: each copy is pinned there, of an album its first one.
    albums = [post.extra.grouped_id for post in posts]
    first = [
        (sent[group.marked].content_id, group.marked, sent[group.marked].id, group.marked)
        for place, sent in enumerate(copies)
        if not albums[place] or albums[place] not in albums[:place]
    ]
    set_pinned_txn(txn, changes, first, True)
    rows = []
    for post, sent in zip(posts, copies, strict=True):
        copy = sent[group.marked]
        rows.append((channel.id, post.id, group.id, copy.id))
        changes.messages[copy.owner_id, copy.id] = replace(copy, replies=MessageAnswers(0, 0))
        changes.messages[post.owner_id, post.id] = replace(post, replies=MessageAnswers(0, 0, group.id))
    txn.executemany(
        "INSERT INTO post_discussions (channel_id, post_id, group_id, message_id) VALUES (?, ?, ?, ?)", rows
    )


def _copied(channel: Channel, post: Message) -> Extra:
    extra = post.extra
    forward = extra.forward or Forward(post.date, channel.marked, post_id=post.id, post_author=extra.author)
    return Extra(
        entities=extra.entities,
        forward=replace(forward, saved_from_peer=channel.marked, saved_from_id=post.id),
        silent=extra.silent,
        noforwards=extra.noforwards,
        invert_media=extra.invert_media,
        reply_markup=extra.reply_markup,
        media=extra.media.sent_on() if extra.media is not None else None,
        grouped_id=extra.grouped_id,
        preview=extra.preview,
        as_peer=channel.marked,
    )


def edit_copy_txn(txn: Transaction, changes: BoxChanges, post: Message, copy: tuple[int, int], tags: int) -> None:
    """A post has changed, and so has its copy.

    Args:
        changes: the group's box is locked.
        post: as it is now.
    """
    marked = marked_channel(copy[0])
    before = messages_txn(txn, marked, [copy[1]]).get(copy[1])
    if before is None:
        return
    extra = replace(
        before.extra,
        entities=post.extra.entities,
        media=post.extra.media.sent_on() if post.extra.media is not None else None,
        preview=post.extra.preview,
        invert_media=post.extra.invert_media,
        reply_markup=post.extra.reply_markup,
    )
    note_changes_txn(txn, [(before.content_id, talk_of(marked, marked), searched_text(before.text, before.extra))])
    txn.execute(
        "UPDATE message_contents SET message = ?, extra = ?, edited_at = ?, tags = ? WHERE id = ?",
        (post.text, pack_extra(extra), changes.date, tags, before.content_id),
    )
    if (extra.media, extra.preview) != (before.extra.media, before.extra.preview):
        change_uses_txn(txn, CONTENT, before.content_id, extra)
    changes.append(marked, MessageEdited(before.id))
    changes.messages[marked, before.id] = replace(before, text=post.text, extra=extra, edit_date=changes.date)
