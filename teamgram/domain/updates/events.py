"""Events: what happened, as facts, before anybody renders them for a client.

Two families. *Logged* events change a message box: each takes ``pts``
in the transaction that writes it, lies in that box's log and comes again
through ``updates.getDifference``. *Transient* events (status, typing, names)
are told to whoever is there and can be fetched by other means later.

An event holds plain ids and values, never a TL object: ``bff/views/updates.py``
renders the same event for the live push and for the difference.
"""

from typing import TypeAlias

import msgspec

from teamgram.domain.boxes.media import WebPage
from teamgram.domain.boxes.poll import Poll, PollState
from teamgram.domain.boxes.reactions import Reactions

# --- transient: published with Fanout.publish ---


class UserStatusChanged(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` went online or offline; rendered as each viewer may see it (``updateUserStatus``)."""

    user_id: int


class UserNameChanged(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` has new names or usernames (``updateUserName``)."""

    user_id: int


class UserPhoneChanged(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` has another phone number (``updateUserPhone``)."""

    user_id: int
    phone: str


class UserChanged(msgspec.Struct, frozen=True, tag=True):
    """Something else about ``user_id`` (photo, bio, contact state): fetch it again (``updateUser`` with the user)."""

    user_id: int


class PeerBlockedChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver blocked or unblocked the user ``user_id`` on another device (``updatePeerBlocked``)."""

    user_id: int
    blocked: bool


class PeerSettingsChanged(msgspec.Struct, frozen=True, tag=True):
    """These users are in the receiver's book now, or no longer, so the bars above the chats with them are others.

    One ``updatePeerSettings`` for each, with the users as the receiver sees them. Not ``updateContactsReset``: that
    says that all contacts were deleted.
    """

    user_ids: tuple[int, ...]


class NotifySettingsChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver changed how one peer (marked id) or one kind of peer notifies (``updateNotifySettings``).

    ``scope``: the peer's marked id as text, or ``users``, ``chats``, ``broadcasts``.
    """

    scope: str


class PrivacyChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver changed who may see what (``updatePrivacy``); ``key`` as in ``domain/privacy``."""

    key: str


class NewAuthorization(msgspec.Struct, frozen=True, tag=True):
    """A device signed in to the receiver's account (``updateNewAuthorization``)."""

    hash: int
    date: int
    device: str
    location: str
    unconfirmed: bool = False


class LoginTokenAccepted(msgspec.Struct, frozen=True, tag=True):
    """A QR login token was accepted (``updateLoginToken``); sent to one key, not to a user."""


class UserTyping(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` types in the private chat with the receiver.

    ``action`` is the name of the ``SendMessageAction`` constructor; ``progress`` its percentage where it has one.
    """

    user_id: int
    action: str = "sendMessageTypingAction"
    progress: int = 0
    emoticon: str = ""


class ChatUserTyping(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` types in the basic group ``chat_id``."""

    chat_id: int
    user_id: int
    action: str = "sendMessageTypingAction"
    progress: int = 0
    emoticon: str = ""


class ChatParticipantAdded(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` is in ``chat_id`` now (``updateChatParticipantAdd``)."""

    chat_id: int
    user_id: int
    inviter_id: int
    date: int
    version: int


class ChatParticipantRemoved(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` is not in ``chat_id`` any more (``updateChatParticipantDelete``)."""

    chat_id: int
    user_id: int
    version: int


class ChatParticipantAdminChanged(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` became an administrator of ``chat_id`` or stopped being one (``updateChatParticipantAdmin``)."""

    chat_id: int
    user_id: int
    is_admin: bool
    version: int


class ChatDefaultBannedRightsChanged(msgspec.Struct, frozen=True, tag=True):
    """What members of ``chat_id`` may not do changed (``updateChatDefaultBannedRights``)."""

    chat_id: int
    banned_rights: int
    version: int


class ChatChanged(msgspec.Struct, frozen=True, tag=True):
    """Something about ``chat_id`` (about, photo, deactivation): ``updateChat`` with the chat."""

    chat_id: int


class ChannelChanged(msgspec.Struct, frozen=True, tag=True):
    """Something about the channel, or what the receiver is in it: ``updateChannel`` with the channel."""

    channel_id: int


class ChannelDefaultBannedChanged(msgspec.Struct, frozen=True, tag=True):
    """What members of the supergroup may not do (``Banned`` bits) changed."""

    channel_id: int
    banned_rights: int


class ChannelTopicPinned(msgspec.Struct, frozen=True, tag=True):
    """A topic of the forum stands first, or no longer."""

    channel_id: int
    topic_id: int
    pinned: bool


class ChannelTopicsReordered(msgspec.Struct, frozen=True, tag=True):
    """The forum's pinned topics stand in this order."""

    channel_id: int
    topic_ids: tuple[int, ...]


class ThreadInboxRead(msgspec.Struct, frozen=True, tag=True):
    """The receiver read a topic or thread of the channel on another device."""

    channel_id: int
    thread_id: int
    max_id: int


class ChannelMoved(msgspec.Struct, frozen=True, tag=True):
    """The receiver may have missed something of the channel: ``updateChannelTooLong``."""

    channel_id: int


class ChannelUserTyping(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` types in the channel; ``topic_id``: in which topic or thread, 0 for none."""

    channel_id: int
    user_id: int
    action: str = "sendMessageTypingAction"
    progress: int = 0
    emoticon: str = ""
    topic_id: int = 0


class ChannelInboxRead(msgspec.Struct, frozen=True, tag=True):
    """The receiver read the channel up to ``max_id`` on another device; ``pts``: the channel's."""

    channel_id: int
    max_id: int
    still_unread: int
    pts: int
    folder_id: int = 0


class ChannelHistoryHidden(msgspec.Struct, frozen=True, tag=True):
    """The receiver has cleared the channel's history for themselves, up to ``max_id``."""

    channel_id: int
    max_id: int


class ChannelOutboxRead(msgspec.Struct, frozen=True, tag=True):
    """Somebody read what the receiver wrote in the supergroup, up to ``max_id``."""

    channel_id: int
    max_id: int


class ChannelContentsRead(msgspec.Struct, frozen=True, tag=True):
    """The receiver saw the mentions in these messages of the channel."""

    channel_id: int
    ids: tuple[int, ...]


class DraftChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver's draft for ``peer`` (marked id) changed on another device; None: it was cleared."""

    peer: int
    draft: bytes | None


class DialogPinnedChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver pinned or unpinned the dialog with ``peer`` (marked id)."""

    peer: int
    pinned: bool
    folder_id: int = 0


class PinnedDialogsReordered(msgspec.Struct, frozen=True, tag=True):
    """The receiver put their pinned dialogs in another order (``peers``: marked ids, first on top)."""

    peers: tuple[int, ...]
    folder_id: int = 0


class DialogUnreadMarkChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver marked the dialog with ``peer`` (marked id) as unread, or took the mark off."""

    peer: int
    unread: bool


class FolderChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver made, changed or deleted the folder of that id (``updateDialogFilter``)."""

    folder_id: int


class FoldersReordered(msgspec.Struct, frozen=True, tag=True):
    """The receiver put their folders in another order (ids, 0 for all chats)."""

    ids: tuple[int, ...]


class FoldersChanged(msgspec.Struct, frozen=True, tag=True):
    """Something else about the receiver's folders changed: fetch them again (``updateDialogFilters``)."""


class HistoryTtlChanged(msgspec.Struct, frozen=True, tag=True):
    """Messages to ``peer`` (marked id) delete themselves after so many seconds from now on, 0: they do not."""

    peer: int
    seconds: int


class ScheduledChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver has a new or another message to ``peer`` that waits (``updateNewScheduledMessage``)."""

    peer: int
    id: int


class ScheduledGone(msgspec.Struct, frozen=True, tag=True):
    """These messages of the receiver's to ``peer`` wait no more; under which ids they were sent, if they were."""

    peer: int
    ids: tuple[int, ...]
    sent_ids: tuple[int, ...] = ()


class SavedDialogPinnedChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver pinned or unpinned what they saved from ``peer`` (marked id)."""

    peer: int
    pinned: bool


class PinnedSavedDialogsReordered(msgspec.Struct, frozen=True, tag=True):
    """The receiver put their pinned saved dialogs in another order (marked ids, first on top)."""

    peers: tuple[int, ...]


class StickerSetsChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver's list of sticker sets of that kind changed, or a set in it (``updateStickerSets``)."""

    kind: str


class StickerSetInstalled(msgspec.Struct, frozen=True, tag=True):
    """The receiver installed a set on another device (``updateNewStickerSet``)."""

    set_id: int


class StickerSetsReordered(msgspec.Struct, frozen=True, tag=True):
    """The receiver put their sets of a kind in another order (ids, first on top)."""

    kind: str
    set_ids: tuple[int, ...]


class StickerSetRaised(msgspec.Struct, frozen=True, tag=True):
    """A set of the receiver's is the first of its kind, for they used it."""

    kind: str
    set_id: int


class SavedFilesChanged(msgspec.Struct, frozen=True, tag=True):
    """One of the receiver's lists of files at hand changed: "recent", "attached", "faved", "gifs" or "ringtones"."""

    list: str


class ChatWallpaperChanged(msgspec.Struct, frozen=True, tag=True):
    """Something else is behind the receiver's chat with ``user_id`` (``updatePeerWallpaper``)."""

    user_id: int


class WebPageCame(msgspec.Struct, frozen=True, tag=True):
    """A page that messages of the receiver, or the receiver, waited for (``updateWebPage``)."""

    page: WebPage


class PollChanged(msgspec.Struct, frozen=True, tag=True):
    """A poll of which the receiver has a message stands otherwise (``updateMessagePoll``).

    ``state``: as its viewer is told it. ``is_min``: it says nothing of anybody's own vote. ``tells_poll``: the poll
    itself is told along, for it is closed now; ``is_theirs``: the receiver is who asked.
    """

    poll: Poll
    state: PollState
    is_min: bool = False
    tells_poll: bool = False
    is_theirs: bool = False


class MessageReacted(msgspec.Struct, frozen=True, tag=True):
    """There are other reactions to message ``id`` of the channel ``peer`` (``updateMessageReactions``).

    ``named``: its members see who reacted; ``author_id``: who wrote it, and is told which ones wait to be seen;
    ``choices``: what these users have chosen since the last telling; all others get the ``min`` form.
    """

    peer: int
    id: int
    reactions: Reactions
    named: bool
    author_id: int = 0
    choices: tuple[tuple[int, tuple[str, ...]], ...] = ()


class RecentReactionsChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver has reacted with something, or has forgotten what with lately (``updateRecentReactions``)."""


class SavedTagsChanged(msgspec.Struct, frozen=True, tag=True):
    """The receiver has other tags, or calls one otherwise (``updateSavedReactionTags``)."""


class BotCallbackAsked(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` pressed a button below a message of the receiver, a bot (``updateBotCallbackQuery``).

    ``peer``: marked id of the dialog in the bot's box; ``message_id``: the bot's own.
    """

    query_id: int
    user_id: int
    peer: int
    message_id: int
    chat_instance: int
    data: bytes


class BotInlineCallbackAsked(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` pressed a button below what ``owner_id`` sent by way of the receiver, a bot.

    ``message_id`` is the sender's own, ``key`` opens it for the bot (``updateInlineBotCallbackQuery``).
    """

    query_id: int
    user_id: int
    owner_id: int
    message_id: int
    key: int
    chat_instance: int
    data: bytes


class BotInlineAsked(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` asks the receiver, a bot, from another chat (``updateBotInlineQuery``)."""

    query_id: int
    user_id: int
    query: str
    offset: str
    peer_type: str
    point: tuple[float, float] | None


class BotInlineChosen(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` has sent what the receiver, a bot, offered (``updateBotInlineSend``)."""

    user_id: int
    result_id: str
    query: str
    point: tuple[float, float] | None
    message_id: int
    key: int
    owner_id: int


class AskedByLink(msgspec.Struct, frozen=True):
    """The invite link by which somebody asked to be let in; times are unix seconds."""

    hash: str
    admin_id: int
    title: str
    created_at: int
    expires_at: int
    permanent: bool
    revoked: bool


class JoinRequested(msgspec.Struct, frozen=True, tag=True):
    """``user_id`` asks to be let into a group that the receiver, a bot, administers.

    ``peer``: marked id; ``invite``: None where they asked at a public group itself (``updateBotChatInviteRequester``).
    """

    peer: int
    user_id: int
    date: int
    invite: AskedByLink | None


class JoinRequestsPending(msgspec.Struct, frozen=True, tag=True):
    """So many wait to be let into a group that the receiver administers (``updatePendingJoinRequests``).

    ``peer``: marked id; ``recent``: the latest of them.
    """

    peer: int
    count: int
    recent: tuple[int, ...]


TransientEvent: TypeAlias = (
    UserStatusChanged
    | UserNameChanged
    | UserPhoneChanged
    | UserChanged
    | PeerBlockedChanged
    | PeerSettingsChanged
    | NotifySettingsChanged
    | PrivacyChanged
    | NewAuthorization
    | LoginTokenAccepted
    | UserTyping
    | ChatUserTyping
    | ChatParticipantAdded
    | ChatParticipantRemoved
    | ChatParticipantAdminChanged
    | ChatDefaultBannedRightsChanged
    | ChatChanged
    | ChannelChanged
    | ChannelDefaultBannedChanged
    | ChannelTopicPinned
    | ChannelTopicsReordered
    | ThreadInboxRead
    | ChannelMoved
    | ChannelUserTyping
    | ChannelInboxRead
    | ChannelOutboxRead
    | ChannelHistoryHidden
    | ChannelContentsRead
    | DraftChanged
    | DialogPinnedChanged
    | PinnedDialogsReordered
    | DialogUnreadMarkChanged
    | FolderChanged
    | FoldersReordered
    | FoldersChanged
    | HistoryTtlChanged
    | ScheduledChanged
    | ScheduledGone
    | SavedDialogPinnedChanged
    | PinnedSavedDialogsReordered
    | StickerSetsChanged
    | StickerSetInstalled
    | StickerSetsReordered
    | StickerSetRaised
    | SavedFilesChanged
    | WebPageCame
    | PollChanged
    | MessageReacted
    | RecentReactionsChanged
    | SavedTagsChanged
    | BotCallbackAsked
    | BotInlineCallbackAsked
    | BotInlineAsked
    | BotInlineChosen
    | JoinRequested
    | JoinRequestsPending
    | ChatWallpaperChanged
)
