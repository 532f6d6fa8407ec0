"""From events to ``updates``: the live push, the answer to who asked, and the difference, all by ``entry_view``."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.interfaces import IReactorTime

from msgspec.structs import replace

from teamgram.bff.views.channels import GroupViews
from teamgram.bff.views.chats import banned_rights_view
from teamgram.bff.views.folders import FolderViews
from teamgram.bff.views.inline import inline_message_view, peer_type_view, point_view
from teamgram.bff.views.join_requests import JoinRequestViews
from teamgram.bff.views.media import FileViews
from teamgram.bff.views.messages import (
    dialog_peer_view,
    draft_view,
    message_view,
    peer_view,
    peers_in,
)
from teamgram.bff.views.page_updates import PageUpdates
from teamgram.bff.views.people_updates import PeopleUpdates
from teamgram.bff.views.polls import poll_update, recent_voters
from teamgram.bff.views.reactions import names_reactors, no_reactions_view, reactions_view, shown_reactors, stands_view
from teamgram.bff.views.scheduled import ScheduledUpdates
from teamgram.bff.views.stickers import StickerViews
from teamgram.bff.views.users import UserViews
from teamgram.bff.views.wallpapers import WallpaperUpdates
from teamgram.domain.boxes import events as logged
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.events import LogEntry
from teamgram.domain.boxes.message import Message, unpack_draft
from teamgram.domain.ids.peer import (
    channel_id_of,
    is_channel,
    is_user,
    marked_channel,
    marked_chat,
)
from teamgram.domain.updates import events
from teamgram.domain.updates.events import TransientEvent
from teamgram.mtproto.tl import tl


@dataclass(slots=True)
class Drawing:
    """Updates that are still to be given the users and chats they name.

    Attributes:
        peers: marked ids of those.
        event: a transient event about people, whose update is made for each viewer on its own.
    """

    updates: list[Any] = field(default_factory=list)
    peers: set[int] = field(default_factory=set)
    event: TransientEvent | None = None


def entry_view(entry: LogEntry, message: Message | None, files: FileViews) -> Any:
    """The ``Update`` of a log entry, or None when it has nothing to show any more (its message is deleted).

    Args:
        message: the owner's message that the entry speaks of, as it is now.
    """
    event, pts, pts_count = entry.event, entry.pts, entry.pts_count
    if is_channel(entry.owner_id):
        return _channel_entry_view(entry, message, files)
    if isinstance(event, logged.NewMessage):
        if message is None:
            return None
        return tl.updateNewMessage(message=message_view(message, files), pts=pts, pts_count=pts_count)
    if isinstance(event, logged.MessageEdited):
        if message is None:
            return None
        return tl.updateEditMessage(message=message_view(message, files), pts=pts, pts_count=pts_count)
    if isinstance(event, logged.ReactionsChanged):
        if message is None:
            return None
        return tl.updateEditMessage(message=_reacted_view(message, files), pts=pts, pts_count=pts_count)
    if isinstance(event, logged.MessagesDeleted):
        return tl.updateDeleteMessages(messages=list(event.ids), pts=pts, pts_count=pts_count)
    if isinstance(event, logged.InboxRead):
        return tl.updateReadHistoryInbox(
            peer=peer_view(event.peer),
            max_id=event.max_id,
            still_unread_count=event.still_unread,
            pts=pts,
            pts_count=pts_count,
        )
    if isinstance(event, logged.OutboxRead):
        return tl.updateReadHistoryOutbox(peer=peer_view(event.peer), max_id=event.max_id, pts=pts, pts_count=pts_count)
    if isinstance(event, logged.ContentsRead):
        return tl.updateReadMessagesContents(messages=list(event.ids), pts=pts, pts_count=pts_count, date=entry.date)
    if isinstance(event, logged.DialogsMoved):
        folder_id = int(event.archived)
        return tl.updateFolderPeers(
            folder_peers=[tl.folderPeer(peer=peer_view(peer), folder_id=folder_id) for peer in event.peers],
            pts=pts,
            pts_count=pts_count,
        )
    return tl.updatePinnedMessages(
        peer=peer_view(event.peer),
        messages=list(event.ids),
        pinned=event.pinned,
        pts=pts,
        pts_count=pts_count,
    )


def _reacted_view(message: Message, files: FileViews) -> Any:
    """``message`` in an edit that changes none of its words."""
    view = message_view(message, files)
    if message.extra.action is None:  # the note that a history was cleared has an old message's id
        view.edit_hide = not message.edit_date
    return view


def _channel_entry_view(entry: LogEntry, message: Message | None, files: FileViews) -> Any:
    """As ``entry_view``, for an entry of a channel's log."""
    event, pts, pts_count = entry.event, entry.pts, entry.pts_count
    if isinstance(event, logged.NewMessage | logged.MessageEdited):
        if message is None:
            return None
        make = tl.updateNewChannelMessage if isinstance(event, logged.NewMessage) else tl.updateEditChannelMessage
        return make(message=message_view(message, files), pts=pts, pts_count=pts_count)
    if isinstance(event, logged.ReactionsChanged):
        if message is None:
            return None
        return tl.updateEditChannelMessage(message=_reacted_view(message, files), pts=pts, pts_count=pts_count)
    channel_id = channel_id_of(entry.owner_id)
    if isinstance(event, logged.MessagesDeleted):
        return tl.updateDeleteChannelMessages(
            channel_id=channel_id, messages=list(event.ids), pts=pts, pts_count=pts_count
        )
    if isinstance(event, logged.MessagesPinned):
        return tl.updatePinnedChannelMessages(
            channel_id=channel_id, messages=list(event.ids), pinned=event.pinned, pts=pts, pts_count=pts_count
        )
    raise ValueError(f"nothing in a channel is told by {type(event).__name__}")


def entries_drawing(
    entries: Sequence[LogEntry], messages: Mapping[int, Message], files: FileViews, unheard: Set[int] = frozenset()
) -> Drawing:
    """The updates of one user's log entries, in order.

    Args:
        unheard: ids of what is not the user's to see: its pts alone is told.
    """
    drawing = Drawing()
    for entry in entries:
        event = entry.event
        message = messages.get(event.id) if isinstance(event, logged.OF_A_MESSAGE) else None
        update = entry_view(entry, message, files)
        if update is None:
            # The message is gone again; its pts must be told all the same, or the client takes it for a gap.
            message_id: int = event.id  # type: ignore[union-attr]
            gone = logged.MessagesDeleted(() if message_id in unheard else (message_id,))
            update = entry_view(replace(entry, event=gone), None, files)
        if message is not None and isinstance(event, logged.ReactionsChanged):
            # Apps show a reaction flying in by this one; the edit carries the pts.
            drawing.updates.append(reactions_update(message))
        drawing.updates.append(update)
        if message is not None:
            drawing.peers |= peers_in([message])
    return drawing


def reactions_update(message: Message) -> Any:
    """``updateMessageReactions`` of a message as its viewer has it."""
    return tl.updateMessageReactions(
        peer=peer_view(message.peer),
        msg_id=message.id,
        saved_peer_id=peer_view(message.saved_peer) if message.saved_peer else None,
        reactions=reactions_view(message) or no_reactions_view(named=names_reactors(message)),
    )


def transient_drawing(event: TransientEvent) -> Drawing:
    """The update of a transient event about a conversation; ``StickerViews`` and ``PeopleUpdates`` have the others."""
    draw = _TRANSIENT.get(type(event))
    return Drawing(event=event) if draw is None else draw(event)


def _typing_action(event: events.UserTyping | events.ChatUserTyping | events.ChannelUserTyping) -> Any:
    make = getattr(tl, event.action)
    if "progress" in make.__slots__:
        return make(progress=event.progress)
    if event.action == "sendMessageEmojiInteractionSeen":
        return make(emoticon=event.emoticon)
    return make()


def _one(
    make: Callable[[Any], Any], *, users: Sequence[str] = (), chat: bool = False, channel: bool = False
) -> Callable[[Any], Drawing]:
    """A drawing of one update, with the event's users (the fields that name them) and its chat or channel along."""

    def draw(event: Any) -> Drawing:
        drawing = Drawing([make(event)])
        drawing.peers.update(getattr(event, field) for field in users)
        if chat:
            drawing.peers.add(marked_chat(event.chat_id))
        if channel:
            drawing.peers.add(marked_channel(event.channel_id))
        return drawing

    return draw


def reacted_drawing(event: events.MessageReacted, viewer_id: int = 0) -> Drawing:
    """The same for all members of a channel but who wrote the message, and who has just reacted."""
    reactions, named, chosen = event.reactions, event.named, dict(event.choices).get(viewer_id)
    is_author = viewer_id == event.author_id != 0
    stands = no_reactions_view(named=named)
    if reactions.counts:
        stands = stands_view(reactions, chosen, named=named, is_author=is_author)
    shown = shown_reactors(reactions, is_author=is_author) if named else []
    return Drawing(
        [tl.updateMessageReactions(peer=peer_view(event.peer), msg_id=event.id, reactions=stands)],
        {event.peer, *(one.user_id for one in shown)},
    )


_TRANSIENT: dict[type, Callable[[Any], Drawing]] = {
    # The user is known to whoever has the chat open, and typing must stay cheap: no users along.
    events.UserTyping: _one(lambda e: tl.updateUserTyping(user_id=e.user_id, action=_typing_action(e))),
    events.ChatUserTyping: _one(
        lambda e: tl.updateChatUserTyping(chat_id=e.chat_id, from_id=peer_view(e.user_id), action=_typing_action(e))
    ),
    events.ChatParticipantAdded: _one(
        lambda e: tl.updateChatParticipantAdd(
            chat_id=e.chat_id, user_id=e.user_id, inviter_id=e.inviter_id, date=e.date, version=e.version
        ),
        users=("user_id", "inviter_id"),  # TDLib drops it without the inviter
    ),
    events.ChatParticipantRemoved: _one(
        lambda e: tl.updateChatParticipantDelete(chat_id=e.chat_id, user_id=e.user_id, version=e.version),
        users=("user_id",),
    ),
    events.ChatParticipantAdminChanged: _one(
        lambda e: tl.updateChatParticipantAdmin(
            chat_id=e.chat_id, user_id=e.user_id, is_admin=e.is_admin, version=e.version
        ),
        users=("user_id",),
        chat=True,
    ),
    events.ChatDefaultBannedRightsChanged: _one(
        lambda e: tl.updateChatDefaultBannedRights(
            peer=peer_view(marked_chat(e.chat_id)),
            default_banned_rights=banned_rights_view(e.banned_rights),
            version=e.version,
        ),
        chat=True,
    ),
    events.ChatChanged: _one(lambda e: tl.updateChat(chat_id=e.chat_id), chat=True),
    events.ChannelChanged: _one(lambda e: tl.updateChannel(channel_id=e.channel_id), channel=True),
    events.ChannelDefaultBannedChanged: _one(
        # TDLib wants 0 there: only basic groups count their versions.
        lambda e: tl.updateChatDefaultBannedRights(
            peer=peer_view(marked_channel(e.channel_id)),
            default_banned_rights=banned_rights_view(e.banned_rights),
            version=0,
        ),
        channel=True,
    ),
    events.ChannelTopicPinned: _one(
        lambda e: tl.updatePinnedForumTopic(
            pinned=e.pinned, peer=peer_view(marked_channel(e.channel_id)), topic_id=e.topic_id
        ),
        channel=True,
    ),
    events.ChannelTopicsReordered: _one(
        lambda e: tl.updatePinnedForumTopics(peer=peer_view(marked_channel(e.channel_id)), order=list(e.topic_ids)),
        channel=True,
    ),
    events.ThreadInboxRead: _one(
        lambda e: tl.updateReadChannelDiscussionInbox(
            channel_id=e.channel_id, top_msg_id=e.thread_id, read_max_id=e.max_id
        ),
        channel=True,
    ),
    events.ChannelMoved: _one(lambda e: tl.updateChannelTooLong(channel_id=e.channel_id), channel=True),
    events.ChannelUserTyping: _one(
        lambda e: tl.updateChannelUserTyping(
            channel_id=e.channel_id,
            top_msg_id=e.topic_id or None,
            from_id=peer_view(e.user_id),
            action=_typing_action(e),
        )
    ),
    events.ChannelInboxRead: _one(
        lambda e: tl.updateReadChannelInbox(
            channel_id=e.channel_id,
            max_id=e.max_id,
            still_unread_count=e.still_unread,
            pts=e.pts,
            folder_id=e.folder_id or None,
        )
    ),
    events.ChannelHistoryHidden: _one(
        lambda e: tl.updateChannelAvailableMessages(channel_id=e.channel_id, available_min_id=e.max_id)
    ),
    events.ChannelOutboxRead: _one(lambda e: tl.updateReadChannelOutbox(channel_id=e.channel_id, max_id=e.max_id)),
    events.ChannelContentsRead: _one(
        lambda e: tl.updateChannelReadMessagesContents(channel_id=e.channel_id, messages=list(e.ids))
    ),
    events.DraftChanged: _one(
        lambda e: tl.updateDraftMessage(
            peer=peer_view(e.peer), draft=draft_view(unpack_draft(e.draft) if e.draft else None)
        )
    ),
    events.DialogPinnedChanged: _one(
        lambda e: tl.updateDialogPinned(peer=dialog_peer_view(e.peer), pinned=e.pinned, folder_id=e.folder_id or None)
    ),
    events.PinnedDialogsReordered: _one(
        lambda e: tl.updatePinnedDialogs(
            folder_id=e.folder_id or None, order=[dialog_peer_view(peer) for peer in e.peers]
        )
    ),
    events.HistoryTtlChanged: _one(
        lambda e: tl.updatePeerHistoryTTL(peer=peer_view(e.peer), ttl_period=e.seconds or None)
    ),
    events.ScheduledGone: _one(
        lambda e: tl.updateDeleteScheduledMessages(
            peer=peer_view(e.peer), messages=list(e.ids), sent_messages=list(e.sent_ids) or None
        )
    ),
    events.FoldersReordered: _one(lambda e: tl.updateDialogFilterOrder(order=list(e.ids))),
    events.FoldersChanged: _one(lambda e: tl.updateDialogFilters()),
    events.SavedDialogPinnedChanged: _one(
        lambda e: tl.updateSavedDialogPinned(peer=dialog_peer_view(e.peer), pinned=e.pinned)
    ),
    events.PinnedSavedDialogsReordered: _one(
        lambda e: tl.updatePinnedSavedDialogs(order=[dialog_peer_view(peer) for peer in e.peers])
    ),
    events.BotCallbackAsked: _one(
        lambda e: tl.updateBotCallbackQuery(
            query_id=e.query_id,
            user_id=e.user_id,
            peer=peer_view(e.peer),
            msg_id=e.message_id,
            chat_instance=e.chat_instance,
            data=e.data,
        ),
        users=("user_id", "peer"),
    ),
    events.PollChanged: lambda e: Drawing(
        [poll_update(e.poll, e.state, is_min=e.is_min, tells_poll=e.tells_poll, is_theirs=e.is_theirs)],
        set(recent_voters(e.poll, e.state, is_min=e.is_min)),
    ),
    events.BotInlineCallbackAsked: _one(
        lambda e: tl.updateInlineBotCallbackQuery(
            query_id=e.query_id,
            user_id=e.user_id,
            msg_id=inline_message_view(e.owner_id, e.message_id, e.key),
            chat_instance=e.chat_instance,
            data=e.data,
        ),
        users=("user_id",),
    ),
    events.BotInlineAsked: _one(
        lambda e: tl.updateBotInlineQuery(
            query_id=e.query_id,
            user_id=e.user_id,
            query=e.query,
            geo=point_view(e.point),
            peer_type=peer_type_view(e.peer_type),
            offset=e.offset,
        ),
        users=("user_id",),
    ),
    events.BotInlineChosen: _one(
        lambda e: tl.updateBotInlineSend(
            user_id=e.user_id,
            query=e.query,
            geo=point_view(e.point),
            id=e.result_id,
            msg_id=inline_message_view(e.owner_id, e.message_id, e.key) if e.key else None,
        ),
        users=("user_id",),
    ),
    events.JoinRequestsPending: lambda e: Drawing(
        [
            tl.updatePendingJoinRequests(
                peer=peer_view(e.peer), requests_pending=e.count, recent_requesters=list(e.recent)
            )
        ],
        {e.peer, *e.recent},
    ),
    events.MessageReacted: reacted_drawing,
    events.RecentReactionsChanged: _one(lambda e: tl.updateRecentReactions()),
    events.SavedTagsChanged: _one(lambda e: tl.updateSavedReactionTags()),
    events.DialogUnreadMarkChanged: _one(
        lambda e: tl.updateDialogUnreadMark(peer=dialog_peer_view(e.peer), unread=e.unread)
    ),
}


def split_peers(peers: set[int]) -> tuple[list[int], list[int]]:
    """User ids, and marked ids of groups and channels, among marked ids, in order."""
    users: list[int] = []
    groups: list[int] = []
    for marked in sorted(peers):
        (users if is_user(marked) else groups).append(marked)
    return users, groups


class UpdateViews:
    """Puts the users and groups that updates name beside them, as a given viewer sees them."""

    def __init__(
        self,
        users: UserViews,
        groups: GroupViews,
        people: PeopleUpdates,
        stickers: StickerViews,
        pages: PageUpdates,
        wallpapers: WallpaperUpdates,
        folders: FolderViews,
        scheduled: ScheduledUpdates,
        join_requests: JoinRequestViews,
        files: FileViews,
        clock: IReactorTime,
    ) -> None:
        self.files = files
        self.groups = groups
        self.stickers = stickers
        self._users = users
        self._renderers = (stickers, pages, wallpapers, folders, scheduled, join_requests, people)
        self._clock = clock

    def seen(self, viewer_id: int, user_ids: Sequence[int], group_ids: Sequence[int]) -> Hashable | None:
        """What is the viewer's own in these; equal for two viewers who see the same. None: not all is in memory."""
        users = self._users.seen(viewer_id, user_ids)
        chats = self.groups.seen(viewer_id, group_ids) if users is not None else None
        return None if users is None or chats is None else (users, chats)

    def at_once(
        self, viewer_id: int, drawing: Drawing, user_ids: Sequence[int], group_ids: Sequence[int]
    ) -> Any | None:
        """The ``updates`` object of a drawing that names these peers; None: not all of them are in memory."""
        users = self._users.cached(viewer_id, user_ids)
        chats = self.groups.cached(viewer_id, group_ids) if users is not None else None
        if users is None or chats is None:
            return None
        return self.updates(drawing, users, chats)

    async def peers(self, viewer_id: int, peers: set[int]) -> tuple[list[Any], list[Any]]:
        """(users, chats) for marked ids, as every answer carries them."""
        user_ids, group_ids = split_peers(peers)
        users = self._users.cached(viewer_id, user_ids)
        if users is None:
            users = await self._users.render(viewer_id, user_ids)
        chats = self.groups.cached(viewer_id, group_ids)
        if chats is None:
            chats = await self.groups.render(viewer_id, group_ids)
        return users, chats

    async def chat_previews(self, viewer_id: int, peers: Iterable[int]) -> list[Any]:
        """``Chat`` for marked ids of groups that the viewer may come into."""
        return await self.groups.previews(viewer_id, sorted(set(peers)))

    def minimal(self, user_ids: Sequence[int]) -> list[Any] | None:
        """Users as all see them alike, or None: ask ``load_alike``."""
        return self._users.minimal(user_ids)

    async def load_alike(self, user_ids: Sequence[int]) -> None:
        """Have in memory what ``minimal`` needs."""
        await self._users.load_alike(user_ids)

    async def finish(self, viewer_id: int, drawing: Drawing) -> Any:
        """The ``updates`` object."""
        if drawing.event is not None:
            renderer = next(one for one in self._renderers if one.handles(drawing.event))
            updates, user_ids = await renderer.render(viewer_id, drawing.event)
            drawing = Drawing(updates, set(user_ids))
        users, chats = await self.peers(viewer_id, drawing.peers)
        return self.updates(drawing, users, chats)

    async def answer(self, change: OwnChange, ids: Sequence[tuple[int, int]] = (), first: Sequence[Any] = ()) -> Any:
        """``updates`` that tells who asked for a change what it did to their box.

        Args:
            ids: (random_id, message id) of what was sent.
            first: updates before all others.
        """
        drawing = entries_drawing(change.entries, change.messages, self.files)
        drawing.updates[:0] = [
            *first,
            *(tl.updateMessageID(random_id=random_id, id=id_) for random_id, id_ in ids),
        ]
        return await self.finish(change.viewer_id or change.owner_id, drawing)

    def updates(self, drawing: Drawing, users: list[Any], chats: list[Any]) -> Any:
        """``updates`` of a drawing, with these users and chats beside them."""
        # seq counts nothing here, and 0 says so.
        return tl.updates(updates=drawing.updates, users=users, chats=chats, date=int(self._clock.seconds()), seq=0)
