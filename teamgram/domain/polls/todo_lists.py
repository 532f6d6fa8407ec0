"""To-do lists: things are ticked off and added in the message itself, and a service message says so."""

from collections.abc import Callable, Sequence

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import BoxChanges, Outgoing, OwnChange
from teamgram.domain.boxes.events import MessageEdited
from teamgram.domain.boxes.message import Action, Extra, Message, Tag, pack_extra, searched_text
from teamgram.domain.boxes.poll import Todo, TodoDone
from teamgram.domain.boxes.store import copies_txn, message_columns, message_from_row, shown_txn
from teamgram.domain.boxes.talks import note_changes_txn, talk_of
from teamgram.domain.channels.channel import Seat
from teamgram.domain.ids.peer import is_channel
from teamgram.domain.messages.audience import audience_txn
from teamgram.domain.messages.errors import MessageAuthorRequired, MessageIdInvalid
from teamgram.domain.messages.seen_message import Where, check_takes_part, seen_message_txn
from teamgram.domain.messages.threads import NO_THREAD, in_thread, note_txn, thread_of
from teamgram.domain.polls.asking import WrittenText, checked_items
from teamgram.domain.polls.errors import OptionInvalid, TodoNotModified
from teamgram.domain.updates.fanout import Fanout

Changed = Callable[[Todo], tuple[Todo, Action]]
"""The list after a change, and what is told of it."""


class TodoLists:
    """What is done with to-do lists in messages. Peers are marked ids, ids of messages the acting user's own."""

    def __init__(self, database: Database, fanout: Fanout) -> None:
        self._database = database
        self._fanout = fanout

    async def tick(
        self,
        user_id: int,
        peer: int,
        message_id: int,
        done: Sequence[int],
        undone: Sequence[int],
        now: int,
        device: int = 0,
    ) -> OwnChange:
        """Say of things that they are done, or are not.

        Raises:
            MessageIdInvalid: the user has no such message with a list.
            MessageAuthorRequired: only who made the list may; one that was sent on stays as it is.
            OptionInvalid: there is no such thing in it.
            TodoNotModified: it is so already.
            ChatForbidden, ChatWriteForbidden, EditForbidden, …: see ``voting.check_takes_part``.
        """

        def change(todo: Todo) -> tuple[Todo, Action]:
            return ticked(todo, user_id, done, undone, now)

        return await self._database.write(
            "tick off", self._change_txn, user_id, peer, message_id, now, device, change, "others_complete"
        )

    async def append(
        self,
        user_id: int,
        peer: int,
        message_id: int,
        items: Sequence[tuple[int, WrittenText]],
        now: int,
        device: int = 0,
    ) -> OwnChange:
        """Add things to do.

        Raises:
            TodoItemsEmpty, TodoItemsTooMany, TodoItemDuplicate.
            MessageIdInvalid, MessageAuthorRequired, ChatForbidden, …: as ``tick``.
        """

        def change(todo: Todo) -> tuple[Todo, Action]:
            all_items = checked_items(items, todo.items)
            action = Action("todoAppendTasks", items=all_items[len(todo.items) :])
            return msgspec.structs.replace(todo, items=all_items), action

        return await self._database.write(
            "add to a list", self._change_txn, user_id, peer, message_id, now, device, change, "others_append"
        )

    def _change_txn(
        self,
        txn: Transaction,
        user_id: int,
        peer: int,
        message_id: int,
        now: int,
        device: int,
        change: Changed,
        open_by: str,
    ) -> OwnChange:
        message, where, _ = _listed_txn(txn, user_id, peer, message_id, now)
        check_takes_part(where, user_id)
        audience, _ = audience_txn(txn, user_id, peer, now, ())
        changes = BoxChanges(txn, now)
        changes.lock({*audience.owner_ids, *(owner for _, owner, _, _ in copies_txn(txn, [message.content_id]))})
        # Again behind the lock: two may tick at once.
        message, _, todo = _listed_txn(txn, user_id, peer, message_id, now)
        is_theirs = message.sender_id == user_id
        if message.extra.forward is not None or not (is_theirs or getattr(todo, open_by)):
            raise MessageAuthorRequired(str(message_id))
        assert message.extra.media is not None
        todo, action = change(todo)
        extra = msgspec.structs.replace(message.extra, media=msgspec.structs.replace(message.extra.media, todo=todo))
        if action.items:
            said = searched_text(message.text, message.extra)
            note_changes_txn(txn, [(message.content_id, talk_of(message.owner_id, peer), said)])
        txn.execute("UPDATE message_contents SET extra = ? WHERE id = ?", (pack_extra(extra), message.content_id))
        txn.execute(f"SELECT {message_columns} WHERE m.content_id = ?", (message.content_id,))
        copies = shown_txn(txn, [message_from_row(row) for row in txn.fetchall()])
        for copy in copies:
            changes.append(copy.owner_id, MessageEdited(copy.id))
            changes.messages[copy.owner_id, copy.id] = copy
        thread = thread_of(message) if message.extra.in_topic else NO_THREAD
        note = Outgoing(
            "",
            in_thread(Extra(action=action, post=message.extra.post), thread),
            int(Tag.SERVICE),
            reply_to_ids={copy.owner_id: copy.id for copy in copies},
        )
        (noted,) = changes.post(user_id, audience, [note])
        if is_channel(peer):
            note_txn(txn, noted.values(), forum=True)
        changes.save(self._fanout.deliver, device)
        return changes.own(message.owner_id, user_id) if isinstance(where, Seat) else changes.own(user_id)


def ticked(todo: Todo, user_id: int, done: Sequence[int], undone: Sequence[int], now: int) -> tuple[Todo, Action]:
    """The list after somebody ticked things off, or said that they are still to do.

    Raises:
        OptionInvalid, TodoNotModified: see ``TodoLists.tick``.
    """
    there = {item.id for item in todo.items}
    if not there >= {*done, *undone}:
        raise OptionInvalid
    before = {one.id: one for one in todo.done}
    newly = tuple(dict.fromkeys(id_ for id_ in done if id_ not in before))
    no_more = tuple(dict.fromkeys(id_ for id_ in undone if id_ in before and id_ not in newly))
    if not newly and not no_more:
        raise TodoNotModified
    kept = [one for one in todo.done if one.id not in no_more]
    after = (*kept, *(TodoDone(id_, user_id, now) for id_ in newly))
    return msgspec.structs.replace(todo, done=after), Action("todoCompletions", done=newly, undone=no_more)


def _listed_txn(txn: Transaction, user_id: int, peer: int, message_id: int, now: int) -> tuple[Message, Where, Todo]:
    message, where = seen_message_txn(txn, user_id, peer, message_id, now)
    media = message.extra.media
    if media is None or media.todo is None:
        raise MessageIdInvalid(str(message_id))
    return message, where, media.todo
