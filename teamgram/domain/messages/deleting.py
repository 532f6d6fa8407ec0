"""Deleting: from one's own box or from everybody's; what dialogs show is counted anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teamgram.database import Transaction
from teamgram.domain.boxes import reaction_store
from teamgram.domain.boxes.changes import BoxChanges, OwnChange
from teamgram.domain.boxes.contents import mark_stale_txn
from teamgram.domain.boxes.events import MessageEdited, MessagesDeleted
from teamgram.domain.boxes.marks import MENTION_UNREAD, PINNED, drop_marks_txn
from teamgram.domain.boxes.message import Action, Extra, Tag, pack_extra, searched_text, unpack_extra
from teamgram.domain.boxes.poll_store import drop_places_txn
from teamgram.domain.boxes.store import chunks, copies_txn, marks, messages_txn
from teamgram.domain.boxes.talks import Talk, note_changes_txn, talk_of
from teamgram.domain.chats import rights
from teamgram.domain.chats.store import chat_txn
from teamgram.domain.contacts import relations
from teamgram.domain.files.naming import CONTENT, drop_uses_txn
from teamgram.domain.ids.peer import channel_id_of, chat_id_of, is_channel, is_chat, is_user
from teamgram.domain.messages import rules
from teamgram.domain.messages.channel_reading import forget_marks_txn
from teamgram.domain.messages.threads import forget_txn
from teamgram.domain.updates.fanout import Fanout

HISTORY_STEP = 1000
"""Messages that one call of ``delete_history_txn`` deletes; the caller comes again for the rest."""

Copy = tuple[int, int, int, int]
"""(content id, owner, message id, marked peer)."""


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """A dialog, or a part of it, to delete.

    Attributes:
        max_id: up to here; 0 for all.
        min_date, max_date: unix seconds, both included; 0 for no bound.
        just_clear: the empty dialog stays in the list.
        revoke: in a private chat, for the other side as well.
        saved_peer: in Saved Messages, only what was saved from there (marked id); 0 for all.
    """

    owner_id: int
    peer: int
    now: int
    max_id: int = 0
    min_date: int = 0
    max_date: int = 0
    just_clear: bool = False
    revoke: bool = False
    saved_peer: int = 0
    perm_auth_key_id: int = 0


def delete_txn(
    txn: Transaction,
    fanout: Fanout,
    owner_id: int,
    message_ids: Sequence[int],
    revoke: bool,
    now: int,
    perm_auth_key_id: int,
) -> OwnChange:
    """Delete messages by id.

    Raises:
        MessageDeleteForbidden: see ``rules.check_deletes_for_all``.
    """
    own = _own_copies_txn(txn, owner_id, message_ids)
    if revoke:
        _check_revocable_txn(txn, owner_id, own)
    changes = BoxChanges(txn, now)
    remove_txn(txn, changes, _locked_copies_txn(txn, changes, owner_id, own, revoke))
    changes.save(fanout.deliver, perm_auth_key_id)
    return changes.own(owner_id)


def _own_copies_txn(txn: Transaction, owner_id: int, message_ids: Sequence[int]) -> list[Copy]:
    found: list[Copy] = []
    for some in chunks(sorted(set(message_ids))):
        txn.execute(
            f"SELECT content_id, owner_id, id, peer FROM messages WHERE owner_id = ? AND id IN ({marks(some)})",
            (owner_id, *some),
        )
        found += txn.fetchall()
    return found


def _check_revocable_txn(txn: Transaction, owner_id: int, own: Sequence[Copy]) -> None:
    """In a private chat either side may take back anything; in a group see ``rules.check_deletes_for_all``."""
    in_groups = [copy for copy in own if is_chat(copy[3])]
    if not in_groups:
        return
    chats = {chat_id: chat_txn(txn, chat_id, (owner_id,)) for chat_id in {chat_id_of(copy[3]) for copy in in_groups}}
    for message in messages_txn(txn, owner_id, [copy[2] for copy in in_groups]).values():
        chat_id = chat_id_of(message.peer)
        rules.check_deletes_for_all(message, rights.known(chats.get(chat_id), chat_id, owner_id))


def _out_of_reach_txn(txn: Transaction, owner_id: int, own: Sequence[Copy]) -> set[int]:
    """Those of the contents' owners from whom the owner may not take anything: see ``relations.takes_back``."""
    others = {copy[3] for copy in own if is_user(copy[3]) and copy[3] != owner_id}
    return {
        other_id for other_id in others if not relations.takes_back(relations.relation_txn(txn, owner_id, other_id))
    }


def _locked_copies_txn(
    txn: Transaction,
    changes: BoxChanges,
    owner_id: int,
    own: Sequence[Copy],
    revoke: bool,
    also: frozenset[int] = frozenset(),
) -> list[Copy]:
    """The copies to delete, in boxes that are locked now, the box of ``also`` among them."""
    contents = [copy[0] for copy in own]
    spared = _out_of_reach_txn(txn, owner_id, own) if revoke else set()
    copies = copies_txn(txn, contents) if revoke else own
    changes.lock({owner_id, *also, *(copy[1] for copy in copies if copy[1] not in spared)})
    # Somebody may have deleted some of them before the boxes were ours.
    copies = copies_txn(txn, contents)
    return [copy for copy in copies if (copy[1] not in spared if revoke else copy[1] == owner_id)]


def end_txn(txn: Transaction, fanout: Fanout, content_ids: Sequence[int], now: int) -> None:
    """Delete contents whose time is over from everybody's boxes."""
    txn.execute(f"DELETE FROM message_ends WHERE content_id IN ({marks(content_ids)})", content_ids)
    changes = BoxChanges(txn, now)
    changes.lock(copy[1] for copy in copies_txn(txn, content_ids))
    # Somebody may have deleted some of them before the boxes were ours.
    remove_txn(txn, changes, copies_txn(txn, content_ids))
    changes.save(fanout.deliver)


def remove_txn(txn: Transaction, changes: BoxChanges, copies: Sequence[Copy]) -> None:
    by_owner: dict[int, list[int]] = {}
    for _, owner_id, message_id, _ in copies:
        by_owner.setdefault(owner_id, []).append(message_id)
    for owner_id, message_ids in sorted(by_owner.items()):
        txn.executemany(
            "DELETE FROM messages WHERE owner_id = ? AND id = ?", [(owner_id, message_id) for message_id in message_ids]
        )
        mark_stale_txn(txn, owner_id, message_ids)
        changes.append(owner_id, MessagesDeleted(tuple(sorted(message_ids))), len(message_ids))
    dialogs: dict[tuple[int, int], list[int]] = {}
    for _, owner_id, message_id, peer in copies:
        dialogs.setdefault((owner_id, peer), []).append(message_id)
    for (owner_id, peer), message_ids in sorted(dialogs.items()):
        drop_marks_txn(txn, owner_id, peer, message_ids)
        if peer == owner_id:
            reaction_store.drop_tags_txn(txn, owner_id, message_ids)
        recount_dialog_txn(txn, owner_id, peer)
        if is_channel(owner_id):
            contents = [copy[0] for copy in copies if copy[1] == owner_id]
            _forget_in_channel_txn(txn, owner_id, message_ids, contents)
    _empty_txn(txn, {content_id: talk_of(owner_id, peer) for content_id, owner_id, _, peer in copies})


def _forget_in_channel_txn(txn: Transaction, peer: int, ids: Sequence[int], content_ids: Sequence[int]) -> None:
    """What lay beside a channel's messages goes with them.

    To whom they spoke, they speak no more; how often posts were looked at nobody asks any more.
    """
    forget_marks_txn(txn, peer, ids)
    forget_txn(txn, peer, ids)
    for some in chunks(ids):
        for column in ("channel_id", "group_id"):
            message = "post_id" if column == "channel_id" else "message_id"
            txn.execute(
                f"DELETE FROM post_discussions WHERE {column} = ? AND {message} IN ({marks(some)})",
                (channel_id_of(peer), *some),
            )
    for some in chunks(content_ids):
        txn.execute(f"DELETE FROM post_counts WHERE content_id IN ({marks(some)})", some)


def _empty_txn(txn: Transaction, talks: Mapping[int, Talk]) -> None:
    """Take what they said from contents (by id, with their conversations) that nobody has any more."""
    for some in chunks(sorted(talks)):
        txn.execute(
            "SELECT id, message, extra, reactions IS NOT NULL FROM message_contents"
            f" WHERE id IN ({marks(some)})"
            " AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.content_id = message_contents.id)",
            some,
        )
        rows = [(row[0], row[1], unpack_extra(row[2]), row[3]) for row in txn.fetchall()]
        note_changes_txn(txn, [(row[0], talks[row[0]], searched_text(row[1], row[2])) for row in rows])
        # The row stays, so that a resend with the same random_id is still known; what it said does not.
        if gone := [row[0] for row in rows]:
            txn.execute(f"UPDATE message_contents SET message = '', extra = NULL WHERE id IN ({marks(gone)})", gone)
            drop_uses_txn(txn, CONTENT, gone)
            if reacted := [row[0] for row in rows if row[3]]:
                reaction_store.drop_txn(txn, reacted)
            if polled := [row[0] for row in rows if row[2].media is not None and row[2].media.poll is not None]:
                drop_places_txn(txn, polled)


def recount_dialog_txn(txn: Transaction, owner_id: int, peer: int) -> None:
    """Set what a dialog shows (newest, unread, pinned) from the messages that are there."""
    txn.execute(
        "SELECT id, sent_at FROM messages WHERE owner_id = ? AND peer = ? ORDER BY id DESC LIMIT 1", (owner_id, peer)
    )
    top = txn.fetchone() or (0, 0)
    pinned = (
        " pinned_message_id = (SELECT COALESCE(MAX(k.id), 0) FROM message_marks k WHERE k.owner_id = dialogs.owner_id"
        " AND k.peer = dialogs.peer AND k.kind = ?)"
    )
    if is_channel(owner_id):
        # The row of all: nobody has read anything in it, and counting would go through the whole channel.
        txn.execute(
            f"UPDATE dialogs SET top_message_id = ?, top_sent_at = ?,{pinned} WHERE owner_id = ? AND peer = ?",
            (top[0], top[1], PINNED, owner_id, peer),
        )
        return
    txn.execute(
        "UPDATE dialogs SET top_message_id = ?, top_sent_at = ?,"
        " unread_count = (SELECT COUNT(*) FROM messages m WHERE m.owner_id = dialogs.owner_id"
        " AND m.peer = dialogs.peer AND m.id > dialogs.read_inbox_max_id AND m.outgoing = 0),"
        " unread_mentions = (SELECT COUNT(*) FROM message_marks k WHERE k.owner_id = dialogs.owner_id"
        f" AND k.peer = dialogs.peer AND k.kind = ?),{pinned} WHERE owner_id = ? AND peer = ?",
        (top[0], top[1], MENTION_UNREAD, PINNED, owner_id, peer),
    )


def delete_history_txn(txn: Transaction, fanout: Fanout, request: HistoryRequest) -> tuple[OwnChange, int]:
    """Delete the newest ``HISTORY_STEP`` messages of what is asked for; how many are left of it."""
    owner_id, peer = request.owner_id, request.peer
    changes = BoxChanges(txn, request.now)
    where, params = "owner_id = ? AND peer = ?", [owner_id, peer]
    bounds = (
        ("id <=", request.max_id),
        ("sent_at >=", request.min_date),
        ("sent_at <=", request.max_date),
        ("saved_peer =", request.saved_peer),
    )
    for column, bound in bounds:
        if bound:
            where += f" AND {column} ?"
            params.append(bound)
    whole = not any(bound for _, bound in bounds)
    txn.execute(f"SELECT COUNT(*) FROM messages WHERE {where}", params)
    row = txn.fetchone()
    count = int(row[0]) if row else 0
    txn.execute(
        f"SELECT content_id, owner_id, id, peer FROM messages WHERE {where} ORDER BY id DESC LIMIT ?",
        (*params, HISTORY_STEP),
    )
    own: list[Copy] = list(txn.fetchall())
    left = count - len(own)
    revoke = request.revoke and is_user(peer)
    others = frozenset({peer}) if revoke else frozenset[int]()
    copies = _locked_copies_txn(txn, changes, owner_id, own, revoke, others)
    note = None
    if request.just_clear and not left and own:
        # The owner's newest message stays, as the note that the history was cleared.
        note = next((copy for copy in copies if copy[1:3] == own[0][1:3]), None)
        copies = [copy for copy in copies if copy is not note]
    remove_txn(txn, changes, copies)
    if note is not None:
        _clear_note_txn(txn, changes, note)
    elif whole and not left:
        txn.execute(
            "UPDATE dialogs SET pinned_order = 0, unread_mark = 0, draft = NULL WHERE owner_id = ? AND peer = ?",
            (owner_id, peer),
        )
    if revoke and peer != owner_id and not left:
        left = _remove_of_other_txn(txn, changes, request)
    changes.save(fanout.deliver, request.perm_auth_key_id)
    return changes.own(owner_id), left


def _remove_of_other_txn(txn: Transaction, changes: BoxChanges, request: HistoryRequest) -> int:
    """What only the other one has any more, the owner having cleared their own side before; how many are left of it.

    The owner's ids say nothing of it: of ``max_id`` only the date of that message counts.
    """
    owner_id, other_id = request.owner_id, request.peer
    if not relations.takes_back(relations.relation_txn(txn, owner_id, other_id)):
        return 0
    latest = request.max_date
    if request.max_id:
        txn.execute(
            "SELECT sent_at FROM messages WHERE owner_id = ? AND id > ? ORDER BY id LIMIT 1", (owner_id, request.max_id)
        )
        row = txn.fetchone()
        latest = min(latest or row[0] - 1, row[0] - 1) if row else latest
    where, params = "owner_id = ? AND peer = ?", [other_id, owner_id]
    for column, bound in (("sent_at >=", request.min_date), ("sent_at <=", latest)):
        if bound:
            where += f" AND {column} ?"
            params.append(bound)
    txn.execute(f"SELECT COUNT(*) FROM messages WHERE {where}", params)
    row = txn.fetchone()
    count = int(row[0]) if row else 0
    if not count:
        return 0
    txn.execute(
        f"SELECT content_id, owner_id, id, peer FROM messages WHERE {where} ORDER BY id DESC LIMIT ?",
        (*params, HISTORY_STEP),
    )
    found: list[Copy] = list(txn.fetchall())
    # The note that the other one cleared their side was never anybody else's.
    notes = {
        message.id
        for message in messages_txn(txn, other_id, [copy[2] for copy in found]).values()
        if message.extra.action is not None and message.extra.action.kind == "historyClear"
    }
    remove_txn(txn, changes, [copy for copy in found if copy[2] not in notes])
    return count - len(found)


def _clear_note_txn(txn: Transaction, changes: BoxChanges, note: Copy) -> None:
    """Turn the owner's copy of a message into a service message of their own."""
    _, owner_id, message_id, peer = note
    txn.execute(
        "INSERT INTO message_contents (sender_id, random_id, sender_message_id, sender_pts, sent_at, edited_at,"
        " message, tags, extra) VALUES (?, NULL, ?, ?, ?, 0, '', ?, ?)",
        (
            owner_id,
            message_id,
            changes.pts(owner_id) + 1,
            changes.date,
            int(Tag.SERVICE),
            pack_extra(Extra(action=Action("historyClear"))),
        ),
    )
    txn.execute(
        "UPDATE messages SET content_id = ?, outgoing = 1, mentioned = 0, mention_unread = 0, media_unread = 0,"
        " pinned = 0, reply_to_id = 0 WHERE owner_id = ? AND id = ?",
        (txn.lastrowid, owner_id, message_id),
    )
    mark_stale_txn(txn, owner_id, (message_id,))
    drop_marks_txn(txn, owner_id, peer, (message_id,))
    changes.append(owner_id, MessageEdited(message_id))
    changes.messages[owner_id, message_id] = messages_txn(txn, owner_id, [message_id])[message_id]
    recount_dialog_txn(txn, owner_id, peer)
