"""Sending and forwarding: one transaction each, and never twice for one random_id."""

import secrets
from collections.abc import Mapping, Sequence

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.changes import BoxChanges, Outgoing, OwnChange
from teamgram.domain.boxes.events import LogEntry, NewMessage
from teamgram.domain.boxes.message import PLAIN, Extra, Message
from teamgram.domain.boxes.poll import PollCloses
from teamgram.domain.boxes.store import marks, messages_txn
from teamgram.domain.channels.channel import Channel, Flag, Seat
from teamgram.domain.channels.store import present_txn
from teamgram.domain.channels.voice import in_name_of
from teamgram.domain.chats.chat import Banned, Chat
from teamgram.domain.contacts.relations import relation_txn
from teamgram.domain.files.file import File
from teamgram.domain.files.store import add_txn
from teamgram.domain.hearing.ears import for_ears_txn
from teamgram.domain.ids.peer import box_owner, is_channel
from teamgram.domain.messages import rules
from teamgram.domain.messages.audience import (
    audience_txn,
    check_sends,
    check_sends_by_way_of_bots,
    check_takes_txn,
    may,
)
from teamgram.domain.messages.authors import sender_named_txn
from teamgram.domain.messages.channel_view import channel_messages_txn, count_forwards_txn
from teamgram.domain.messages.discussions import copy_posts_txn, discussion_group_txn
from teamgram.domain.messages.errors import MessageIdInvalid, RandomIdDuplicate, RandomIdEmpty, RandomIdInvalid
from teamgram.domain.messages.lifetimes import begin_txn
from teamgram.domain.messages.media import media_tags
from teamgram.domain.messages.place import group_place_txn
from teamgram.domain.messages.replies import Quote, answered_txn, first_written_txn
from teamgram.domain.messages.slow_mode import take_turn_txn
from teamgram.domain.messages.threads import check_writes_txn, in_thread, note_txn
from teamgram.domain.updates.events import DraftChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.store import users_by_id_txn
from teamgram.domain.web_pages.store import wait_txn


class SendRequest(msgspec.Struct, frozen=True):
    """A text or media (``extra.media``, with the text as its caption) that a user sends.

    Attributes:
        peer: marked id of the dialog.
        reply_to_id: the sender's own id of the message it answers, 0 for none.
        quote: what it quotes of that.
        mentioned: users whom the text names.
        date: unix seconds.
        perm_auth_key_id: the device that sends; it has the answer and is not told again.
        made: files that were made for it and are in no table yet.
    """

    sender_id: int
    peer: int
    text: str
    random_id: int | None
    date: int
    extra: Extra = PLAIN
    tags: int = 0
    reply_to_id: int = 0
    quote: Quote | None = None
    mentioned: frozenset[int] = frozenset()
    clear_draft: bool = False
    perm_auth_key_id: int = 0
    made: tuple[File, ...] = ()


class ForwardRequest(msgspec.Struct, frozen=True):
    """Messages that a user sends on.

    Attributes:
        from_peer, to_peer: marked ids; ``message_ids`` are the sender's own ids in ``from_peer``.
        random_ids: one for each message.
    """

    sender_id: int
    from_peer: int
    to_peer: int
    message_ids: tuple[int, ...]
    random_ids: tuple[int, ...]
    date: int
    drop_author: bool = False
    drop_captions: bool = False
    silent: bool = False
    noforwards: bool = False
    reply_to_id: int = 0
    perm_auth_key_id: int = 0


class Sent(msgspec.Struct, frozen=True):
    """What became of a send.

    Attributes:
        own: the sender's side of it.
        ids: (random_id, the sender's message id) in the order of the request; also for what was sent before.
    """

    own: OwnChange
    ids: tuple[tuple[int, int], ...]


def send_alone_txn(txn: Transaction, fanout: Fanout, requests: Sequence[SendRequest]) -> Sent:
    """``send_txn`` for a transaction that does nothing else: what it raises may be left to the next such one."""
    return send_txn(txn, fanout, requests, keeps=True)


def send_txn(txn: Transaction, fanout: Fanout, requests: Sequence[SendRequest], *, keeps: bool = False) -> Sent:
    """Write messages of one sender to one peer into every box of its audience: all or none.

    Args:
        keeps: see ``BoxChanges``.

    Raises:
        DuplicateRandomId: one was sent before; ``sent_before_txn`` has the result.
        RandomIdEmpty, RandomIdInvalid.
        StorageAway: see ``naming.name_blobs_txn``.
        QuoteInvalid, ForwardsRestricted, …: see ``replies.answered_txn``.
        ChatNotFound, ChatWriteForbidden, MediaForbidden, PeerBlockedByOwner, …: see ``audience_txn``.
    """
    first = requests[0]
    sender_id, peer = first.sender_id, first.peer
    random_ids = [request.random_id for request in requests]
    if 0 in random_ids:
        raise RandomIdEmpty
    if len(set(random_ids)) != len(random_ids):
        raise RandomIdInvalid("one is there twice")
    audience, chat = audience_txn(txn, sender_id, peer, first.date, [request.extra.media for request in requests])
    if chat is not None and any(request.extra.via_bot_id for request in requests):
        check_sends_by_way_of_bots(chat, sender_id)
    changes = BoxChanges(txn, first.date, keeps=keeps and not isinstance(chat, Seat))
    group = discussion_group_txn(txn, chat.channel) if isinstance(chat, Seat) else None
    changes.lock(audience.owner_ids if group is None else (*audience.owner_ids, group.marked))
    if audience.default_ttl:
        audience = begin_txn(txn, changes, fanout, sender_id, audience)
    answered = answered_txn(txn, sender_id, peer, first.reply_to_id, first.date, first.quote)
    if isinstance(chat, Seat):
        check_writes_txn(txn, chat, answered.thread, answers=first.reply_to_id)
    outgoing = []
    for request in requests:
        mentioned = request.mentioned
        if chat is not None and answered.author_id:
            mentioned |= {answered.author_id}
        extra = request.extra
        if isinstance(chat, Seat):
            mentioned = _told_there_txn(txn, chat, mentioned)
            extra = in_thread(in_channel_txn(txn, chat, extra), answered.thread)
        if extra.preview is not None and not _may_embed(chat, sender_id):
            extra = msgspec.structs.replace(extra, preview=None)
        if answered.reply is not None:
            extra = msgspec.structs.replace(extra, reply=answered.reply)
        tags = request.tags if extra.media is None else request.tags | media_tags(extra.media)
        outgoing.append(Outgoing(request.text, extra, tags, request.random_id, answered.ids, mentioned - {sender_id}))
    if isinstance(chat, Chat):
        outgoing = for_ears_txn(changes, chat.id, sender_id, answered.ids, outgoing)
    posted = changes.post(sender_id, audience, outgoing)
    if isinstance(chat, Seat):
        take_turn_txn(txn, chat, first.date)
        if group is not None:
            _discuss_txn(txn, changes, chat, group, outgoing, posted)
        _note_threads_txn(txn, chat, posted)
    _await_pages_txn(txn, outgoing, posted)
    for request in requests:
        for file in request.made:
            add_txn(txn, sender_id, file)
        media = request.extra.media
        if media is not None and media.poll is not None and media.poll.close_date:
            txn.call_after(fanout.bus.publish, PollCloses(media.poll.close_date))
    if first.clear_draft:
        clear_draft_txn(txn, fanout, sender_id, peer, first.perm_auth_key_id)
    changes.save(fanout.deliver, first.perm_auth_key_id)
    box = box_owner(sender_id, peer)
    ids = tuple(
        (request.random_id, copies[box].id)
        for request, copies in zip(requests, posted, strict=True)
        if request.random_id is not None
    )
    return Sent(changes.own(box, 0 if box == sender_id else sender_id), ids)


def _discuss_txn(
    txn: Transaction,
    changes: BoxChanges,
    seat: Seat,
    group: Channel,
    outgoing: Sequence[Outgoing],
    posted: Sequence[Mapping[int, Message]],
) -> None:
    posts = [copies[seat.channel.marked] for copies in posted]
    copy_posts_txn(txn, changes, seat.channel, group, posts, [message.tags for message in outgoing])


def _note_threads_txn(txn: Transaction, seat: Seat, posted: Sequence[Mapping[int, Message]]) -> None:
    note_txn(txn, [copy for copies in posted for copy in copies.values()], forum=seat.channel.has(Flag.FORUM))


def _may_embed(chat: Chat | Seat | None, sender_id: int) -> bool:
    """Whether pages are shown under what somebody writes there."""
    return chat is None or may(chat, sender_id, Banned.EMBED_LINKS)


def _told_there_txn(txn: Transaction, seat: Seat, mentioned: frozenset[int]) -> frozenset[int]:
    """Those of whom a message speaks to who are told so: the members of a supergroup."""
    if not mentioned or seat.channel.is_broadcast:
        return frozenset()
    return frozenset(present_txn(txn, seat.channel.id, mentioned))


def in_channel_txn(txn: Transaction, seat: Seat, extra: Extra) -> Extra:
    """In whose name it is written there: a channel's posts are the channel's, an anonymous administrator its group."""
    said = in_name_of(seat, extra)
    if said.post and seat.channel.has(Flag.SIGNATURES):
        user = users_by_id_txn(txn, [seat.user_id])[seat.user_id]
        return msgspec.structs.replace(said, author=f"{user.first_name} {user.last_name}".strip())
    if said.as_peer and seat.membership is not None:
        return msgspec.structs.replace(said, author=seat.membership.rank)
    return said


def _await_pages_txn(txn: Transaction, outgoing: Sequence[Outgoing], posted: Sequence[Mapping[int, Message]]) -> None:
    for message, copies in zip(outgoing, posted, strict=True):
        preview = message.extra.preview
        if preview is not None and preview.page.pending_since:
            wait_txn(txn, preview.page.id, next(iter(copies.values())).content_id)


def clear_draft_txn(txn: Transaction, fanout: Fanout, owner_id: int, peer: int, perm_auth_key_id: int) -> None:
    """What was being written has been sent."""
    txn.execute(
        "UPDATE dialogs SET draft = NULL WHERE owner_id = ? AND peer = ? AND draft IS NOT NULL", (owner_id, peer)
    )
    if txn.rowcount:
        txn.call_after(fanout.publish, (owner_id,), DraftChanged(peer, None), perm_auth_key_id)


def sent_before_txn(txn: Transaction, sender_id: int, peer: int, random_ids: Sequence[int]) -> Sent:
    """The first results of random_ids that were used before for the same dialog; unknown ones are left out.

    Raises:
        RandomIdDuplicate: one was used for another dialog.
    """
    found: list[tuple[int, int, int, int, int]] = []
    if random_ids:
        txn.execute(
            "SELECT random_id, sender_message_id, sender_pts, sent_at, peer FROM message_contents"
            f" WHERE sender_id = ? AND random_id IN ({marks(random_ids)})",
            (sender_id, *random_ids),
        )
        found = sorted(txn.fetchall(), key=lambda row: row[2])
    if not found:
        return nothing_sent(sender_id)
    for random_id, _, _, _, sent_to in found:
        if sent_to not in (0, peer):
            raise RandomIdDuplicate(str(random_id))
    box = box_owner(sender_id, peer)
    wanted = [row[1] for row in found]
    if is_channel(peer):
        messages = channel_messages_txn(txn, sender_id, peer, wanted)
    else:
        messages = messages_txn(txn, sender_id, wanted)
    entries = tuple(LogEntry(box, pts, 1, date, NewMessage(id_)) for _, id_, pts, date, _ in found)
    ids = {random_id: message_id for random_id, message_id, _, _, _ in found}
    return Sent(
        OwnChange(box, entries, messages, entries[-1].pts, 0 if box == sender_id else sender_id),
        tuple((random_id, ids[random_id]) for random_id in random_ids if random_id in ids),
    )


def nothing_sent(sender_id: int) -> Sent:
    """What became of no message."""
    return Sent(OwnChange(sender_id, (), {}, 0), ())


def forward_txn(txn: Transaction, fanout: Fanout, request: ForwardRequest) -> Sent:
    """Send copies of messages, in order, with a header that says who wrote them.

    Raises:
        RandomIdEmpty, RandomIdInvalid, RandomIdDuplicate.
        MessageIdInvalid: all of them are gone.
        ChatForbidden, ForwardsRestricted: see ``rules.check_copies``.
        ChatNotFound, ChatWriteForbidden, UserNotFound, PeerBlockedByOwner, …: see ``audience_txn``.
    """
    sender_id = request.sender_id
    random_ids = request.random_ids
    if 0 in random_ids:
        raise RandomIdEmpty
    if len(set(request.random_ids)) != len(request.message_ids) or len(request.random_ids) != len(request.message_ids):
        raise RandomIdInvalid(f"{len(request.random_ids)} for {len(request.message_ids)} messages")
    audience, chat = audience_txn(txn, sender_id, request.to_peer, request.date, ())
    changes = BoxChanges(txn, request.date)
    group = discussion_group_txn(txn, chat.channel) if isinstance(chat, Seat) else None
    changes.lock(audience.owner_ids if group is None else (*audience.owner_ids, group.marked))
    # After the lock nobody else can be sending for this sender.
    before = sent_before_txn(txn, sender_id, request.to_peer, request.random_ids)
    done = dict(before.ids)
    answered = answered_txn(txn, sender_id, request.to_peer, request.reply_to_id, request.date)
    if isinstance(chat, Seat):
        check_writes_txn(txn, chat, answered.thread, answers=request.reply_to_id)
    outgoing = [
        msgspec.structs.replace(copy, reply_to_ids=answered.ids, extra=in_thread(copy.extra, answered.thread))
        for copy in copies_txn(txn, request, chat)
        if copy.random_id not in done
    ]
    if outgoing and audience.default_ttl:
        audience = begin_txn(txn, changes, fanout, sender_id, audience)
    if isinstance(chat, Chat):
        outgoing = for_ears_txn(changes, chat.id, sender_id, answered.ids, outgoing)
    posted = changes.post(sender_id, audience, outgoing) if outgoing else []
    if isinstance(chat, Seat) and posted:
        take_turn_txn(txn, chat, request.date, messages=len(posted))
        if group is not None:
            _discuss_txn(txn, changes, chat, group, outgoing, posted)
        _note_threads_txn(txn, chat, posted)
    _await_pages_txn(txn, outgoing, posted)
    place = chat.channel.marked if isinstance(chat, Seat) else 0
    count_forwards_txn(
        txn,
        [
            (message.extra.forward, copies.get(place) if place else None)
            for message, copies in zip(outgoing, posted, strict=True)
        ],
    )
    changes.save(fanout.deliver, request.perm_auth_key_id)
    box = box_owner(sender_id, request.to_peer)
    for message, copies in zip(outgoing, posted, strict=True):
        assert message.random_id is not None
        done[message.random_id] = copies[box].id
    own = changes.own(box, 0 if box == sender_id else sender_id)
    return Sent(
        msgspec.structs.replace(
            own, entries=before.own.entries + own.entries, messages=before.own.messages | own.messages
        ),
        tuple((random_id, done[random_id]) for random_id in random_ids if random_id in done),
    )


def copies_txn(txn: Transaction, request: ForwardRequest, chat: Chat | Seat | None) -> list[Outgoing]:
    """What is sent when these messages are sent on to a group, channel or somebody; those that are gone are left out.

    Raises:
        MessageIdInvalid: all of them are gone.
        ChatForbidden, ForwardsRestricted: see ``rules.check_copies``.
        MediaForbidden, VoiceForbidden: see ``audience``.
    """
    sender_id = request.sender_id
    originals = _originals_txn(txn, request)
    for original in originals:
        if chat is not None and original is not None:
            check_sends(chat, sender_id, original.extra.media)
    if chat is None:
        relation = relation_txn(txn, sender_id, request.to_peer)
        check_takes_txn(txn, relation, [one.extra.media for one in originals if one is not None])
    # What was an album stays one.
    may_embed = _may_embed(chat, sender_id)
    groups = {one.extra.grouped_id: new_group() for one in originals if one is not None and one.extra.grouped_id}
    return [
        Outgoing(
            "" if request.drop_captions and original.extra.media is not None else original.text,
            _forwarded_txn(txn, original, request, groups, chat, may_embed=may_embed),
            _tags_txn(txn, original),
            random_id,
        )
        for random_id, original in zip(request.random_ids, originals, strict=True)
        if original is not None
    ]


def _originals_txn(txn: Transaction, request: ForwardRequest) -> list[Message | None]:
    """What is to be sent on, None for each that is gone: it does not keep the others."""
    from_peer = request.from_peer
    chat = group_place_txn(txn, request.sender_id, from_peer, request.date)
    if isinstance(chat, Seat):
        found = channel_messages_txn(txn, request.sender_id, from_peer, request.message_ids, chat.hidden_up_to)
    else:
        found = messages_txn(txn, request.sender_id, request.message_ids)
    originals: list[Message | None] = []
    for message_id in request.message_ids:
        try:
            originals.append(rules.check_copies(found.get(message_id), message_id, from_peer, chat))
        except MessageIdInvalid:
            originals.append(None)
    if not any(originals):
        raise MessageIdInvalid(str(request.message_ids[0]))
    return originals


def _tags_txn(txn: Transaction, message: Message) -> int:
    txn.execute("SELECT tags FROM message_contents WHERE id = ?", (message.content_id,))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def new_group() -> int:
    """What the messages of one album have in common."""
    return secrets.randbits(62) + 1


def _forwarded_txn(
    txn: Transaction,
    original: Message,
    request: ForwardRequest,
    groups: Mapping[int, int],
    chat: Chat | Seat | None,
    *,
    may_embed: bool,
) -> Extra:
    forward = None
    if not request.drop_author:
        forward = first_written_txn(txn, request.sender_id, original)
        if request.to_peer == request.sender_id:
            forward = msgspec.structs.replace(forward, saved_from_peer=original.peer, saved_from_id=original.id)
            if original.extra.forward is not None:
                sender = sender_named_txn(txn, request.sender_id, original)
                forward = msgspec.structs.replace(
                    forward,
                    saved_sender_id=sender.from_id,
                    saved_sender_name=sender.from_name,
                    saved_date=original.date,
                    saved_out=original.out,
                )
    media = original.extra.media.sent_on() if original.extra.media is not None else None
    extra = Extra(
        entities=() if request.drop_captions and media is not None else original.extra.entities,
        forward=forward,
        silent=request.silent,
        noforwards=request.noforwards,
        invert_media=original.extra.invert_media,
        reply_markup=b"" if request.drop_author else original.extra.reply_markup,
        media=media,
        via_bot_id=original.extra.via_bot_id,
        grouped_id=groups.get(original.extra.grouped_id, 0),
        preview=original.extra.preview if may_embed else None,
    )
    return in_channel_txn(txn, chat, extra) if isinstance(chat, Seat) else extra
