"""The domain over one database: one object of each kind, put together here and nowhere else."""

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from teamgram.database import Database
from teamgram.domain.bots.bots import Bots
from teamgram.domain.bots.callbacks import Callbacks
from teamgram.domain.bots.inbox import BotInbox
from teamgram.domain.bots.inline import InlineQueries
from teamgram.domain.bots.inline_messages import InlineMessages
from teamgram.domain.boxes.difference import UpdateLog
from teamgram.domain.boxes.message import unpack_extra
from teamgram.domain.channels.admin_log import AdminLog
from teamgram.domain.channels.administration import ChannelAdministration
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.joining import ChannelJoining
from teamgram.domain.channels.members import ChannelMembers
from teamgram.domain.channels.migrating import ChatMigration
from teamgram.domain.channels.overviews import ChannelOverviews
from teamgram.domain.channels.ownership import ChannelOwnership
from teamgram.domain.channels.photos import ChannelPhotos
from teamgram.domain.channels.settings import ChannelSettings
from teamgram.domain.channels.usernames import ChannelUsernames
from teamgram.domain.chats.chats import Chats
from teamgram.domain.chats.limits import EVERYTHING, ChatLimits
from teamgram.domain.chats.photos import ChatPhotos
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.numbers import Numbers
from teamgram.domain.contacts.watchers import StatusWatchers, Watchers
from teamgram.domain.dialogs.dialogs import Dialogs
from teamgram.domain.dialogs.saved import SavedDialogs
from teamgram.domain.dialogs.strangers import FiledStrangers
from teamgram.domain.dialogs.top_peers import TopPeers
from teamgram.domain.dialogs.wallpapers import ChatWallpapers
from teamgram.domain.files.collecting import Collecting, Names
from teamgram.domain.files.drawings import SERVICE
from teamgram.domain.files.filing import Filing
from teamgram.domain.files.naming import CONTENT, SET_THUMB
from teamgram.domain.files.references import (
    IN_SCHEDULED,
    IN_STICKER_SET,
    IN_WALLPAPER,
    IN_WEB_PAGE,
    OF_CHANNEL,
    OF_GROUP,
    ON_PROFILE,
    SAVED_BY,
)
from teamgram.domain.folders.folders import Folders
from teamgram.domain.folders.links import FolderLinks
from teamgram.domain.forums.looking import TopicsSeen
from teamgram.domain.forums.topics import Topics
from teamgram.domain.invites.links import InviteLinks
from teamgram.domain.invites.requests import JoinRequests
from teamgram.domain.messages.auto_delete import AutoDelete
from teamgram.domain.messages.channel_difference import ChannelLog
from teamgram.domain.messages.ending import EndingMedia
from teamgram.domain.messages.lifetimes import Lifetimes
from teamgram.domain.messages.media import FileAccess
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.observers import MessageObservers
from teamgram.domain.messages.post_counts import PostCounts
from teamgram.domain.messages.service_messages import ServiceMessages
from teamgram.domain.messages.trimming import LogTrimming
from teamgram.domain.messages.wiping import Wiping
from teamgram.domain.polls.polls import Polls
from teamgram.domain.polls.todo_lists import TodoLists
from teamgram.domain.presence.presence import Presence
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.profiles.photos import ProfilePhotos
from teamgram.domain.profiles.portraits import Portraits
from teamgram.domain.reactions.choices import ReactionChoices
from teamgram.domain.reactions.message_reactions import MessageReactions
from teamgram.domain.reports.reports import ReportBook
from teamgram.domain.saved_files.saved_files import SavedFiles
from teamgram.domain.scheduled.scheduled import ScheduledMessages
from teamgram.domain.search.indexing import SearchIndexer
from teamgram.domain.search.posts import PostSearch
from teamgram.domain.search.search import MessageSearch
from teamgram.domain.statistics.statistics import ChannelStatistics
from teamgram.domain.stickers.finding import StickerSearch
from teamgram.domain.stickers.installed import InstalledSets
from teamgram.domain.stickers.own_sets import OwnSets
from teamgram.domain.stickers.sets import StickerSets
from teamgram.domain.stickers.store import decode_set
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.notifications import NotificationSettings
from teamgram.domain.users.settings import AccountSettings
from teamgram.domain.users.takeouts import Takeouts
from teamgram.domain.users.user import SERVICE_USER_ID
from teamgram.domain.users.users import Users
from teamgram.domain.wallpapers.wallpapers import Wallpapers
from teamgram.domain.web_pages.external import ExternalFiles
from teamgram.domain.web_pages.fetching import PageFetcher
from teamgram.domain.web_pages.previews import LinkPreviews
from teamgram.domain.web_pages.settings import PageSettings

KEEP_LOG = 30 * 86_400
"""Seconds."""


FILES_IN_JSON = (
    Names(CONTENT, "message_contents", "extra", unpack_extra),
    Names(SET_THUMB, "sticker_sets", "details", decode_set),
)
"""Where files are named that no column names."""


def collecting(database: Database, filing: Filing, clock: IReactorTime) -> Collecting:
    """Who does away with what nobody names; nothing is started."""
    grace = filing.uploads.settings.grace_seconds
    return Collecting(database, filing.storage, clock, FILES_IN_JSON, filing.files.forget, grace)


@dataclass(frozen=True, slots=True)
class Domain:
    """What is true whoever asks; they share what they remember with whoever gets them.

    Attributes:
        fanout: where what happens is told.
        service_messages: how the server itself writes to a user.
        observers: how agents hear of what is written to their accounts.
        bot_inbox: what other bots have not taken yet.
        callbacks: buttons that ask bots.
        inline: what is asked of bots from other chats.
    """

    fanout: Fanout
    users: Users
    contacts: Contacts
    numbers: Numbers
    watchers: Watchers
    privacy: Privacy
    presence: Presence
    notifications: NotificationSettings
    account_settings: AccountSettings
    messages: Messages
    post_counts: PostCounts
    dialogs: Dialogs
    saved_dialogs: SavedDialogs
    chats: Chats
    channels: Channels
    channel_members: ChannelMembers
    topics: Topics
    topics_seen: TopicsSeen
    channel_settings: ChannelSettings
    channel_administration: ChannelAdministration
    channel_ownership: ChannelOwnership
    channel_overviews: ChannelOverviews
    statistics: ChannelStatistics
    admin_log: AdminLog
    joining: ChannelJoining
    migration: ChatMigration
    channel_photos: ChannelPhotos
    channel_usernames: ChannelUsernames
    invites: InviteLinks
    join_requests: JoinRequests
    log: UpdateLog
    channel_log: ChannelLog
    trimming: LogTrimming
    service_messages: ServiceMessages
    observers: MessageObservers
    filing: Filing
    collecting: Collecting
    access: FileAccess
    profile_photos: ProfilePhotos
    chat_photos: ChatPhotos
    external: ExternalFiles
    ending: EndingMedia
    portraits: Portraits
    indexer: SearchIndexer
    search: MessageSearch
    post_search: PostSearch
    sticker_sets: StickerSets
    own_sets: OwnSets
    installed_sets: InstalledSets
    sticker_search: StickerSearch
    saved_files: SavedFiles
    previews: LinkPreviews
    wallpapers: Wallpapers
    bots: Bots
    bot_inbox: BotInbox
    callbacks: Callbacks
    inline: InlineQueries
    inline_messages: InlineMessages
    chat_wallpapers: ChatWallpapers
    folders: Folders
    folder_links: FolderLinks
    scheduled: ScheduledMessages
    reports: ReportBook
    lifetimes: Lifetimes
    top_peers: TopPeers
    takeouts: Takeouts
    auto_delete: AutoDelete
    wiping: Wiping
    polls: Polls
    reactions: MessageReactions
    reaction_choices: ReactionChoices
    todo_lists: TodoLists

    @classmethod
    def open(
        cls,
        database: Database,
        fanout: Fanout,
        clock: IReactorTime,
        filing: Filing,
        *,
        fetcher: PageFetcher | None = None,
        file_fetcher: PageFetcher | None = None,
        page_settings: PageSettings | None = None,
        keep_log_seconds: int = KEEP_LOG,
        chat_limits: ChatLimits = EVERYTHING,
    ) -> "Domain":
        """Nothing is read or started yet.

        Args:
            fetcher: asks strangers' servers for the pages that links lead to; None: nobody does.
            file_fetcher: as well, for files that people send by their address.
            chat_limits: who may found groups, how many, and how large they grow.
            keep_log_seconds: age at which what ``updates.getDifference`` reads is dropped.
        """
        contacts, privacy = Contacts(database, fanout.bus), Privacy(database, fanout.bus)
        dialogs, chats = Dialogs(database, fanout), Chats(database, fanout, limits=chat_limits)
        watchers = Watchers(contacts, dialogs.private_peers)
        users = Users(database, fanout.bus)
        profile_photos = ProfilePhotos(database, fanout, users, contacts, privacy, watchers, filing.files)
        chat_photos = ChatPhotos(database, chats, filing.files)
        channels = Channels(database, fanout)
        joining = ChannelJoining(database, channels, fanout)
        channel_photos = ChannelPhotos(database, channels, filing.files)
        sticker_sets, saved_files = StickerSets(database, filing, fanout, clock), SavedFiles(database, fanout, clock)
        wallpapers = Wallpapers(database, filing, clock)
        previews = LinkPreviews(database, filing.files, fanout, clock, fetcher, page_settings)
        external = ExternalFiles(filing.files, filing.uploads, clock, file_fetcher)
        presence = Presence(database, clock, fanout, StatusWatchers(watchers, contacts, privacy))
        scheduled = ScheduledMessages(database, fanout, presence, clock)
        shown = {
            IN_SCHEDULED: scheduled.has_file,
            ON_PROFILE: profile_photos.is_shown,
            OF_GROUP: chat_photos.is_shown,
            OF_CHANNEL: channel_photos.is_shown,
            IN_STICKER_SET: sticker_sets.is_of_set,
            SAVED_BY: saved_files.is_saved,
            IN_WEB_PAGE: previews.has_photo,
            IN_WALLPAPER: wallpapers.has_picture,
        }
        notifications = NotificationSettings(database, fanout.bus)
        fanout.subscribe(FiledStrangers(fanout, notifications))
        observers = MessageObservers()
        fanout.subscribe_everywhere(observers)
        indexer = SearchIndexer(database, clock, fanout.bus)
        fanout.subscribe_everywhere(indexer)
        bot_inbox = BotInbox(database, fanout, clock)
        fanout.subscribe_everywhere(bot_inbox)
        auto_delete = AutoDelete(database, fanout, clock)
        fanout.subscribe_everywhere(auto_delete)
        channels = Channels(database, fanout, limits=chat_limits)
        joining = ChannelJoining(database, channels, fanout)
        return cls(
            fanout=fanout,
            users=users,
            contacts=contacts,
            numbers=Numbers(users, contacts, privacy),
            watchers=watchers,
            privacy=privacy,
            presence=presence,
            notifications=notifications,
            account_settings=AccountSettings(database),
            messages=Messages(database, fanout, clock),
            post_counts=PostCounts(database),
            dialogs=dialogs,
            saved_dialogs=SavedDialogs(database, fanout),
            chats=chats,
            channels=channels,
            channel_members=ChannelMembers(database),
            topics=Topics(database, fanout, channels),
            topics_seen=TopicsSeen(database, fanout),
            channel_settings=ChannelSettings(database, channels),
            channel_administration=ChannelAdministration(database, fanout, channels),
            channel_ownership=ChannelOwnership(database, channels),
            channel_overviews=ChannelOverviews(database, channels),
            statistics=ChannelStatistics(database),
            admin_log=AdminLog(database),
            joining=joining,
            migration=ChatMigration(database, chats, channels, fanout),
            channel_photos=channel_photos,
            channel_usernames=ChannelUsernames(database, channels),
            invites=InviteLinks(database, chats, channels, joining, fanout),
            join_requests=JoinRequests(database, chats, joining, fanout),
            log=UpdateLog(database),
            channel_log=ChannelLog(database),
            trimming=LogTrimming(database, clock, keep_log_seconds),
            service_messages=ServiceMessages(database, fanout, clock),
            observers=observers,
            filing=filing,
            collecting=collecting(database, filing, clock),
            access=FileAccess(database, filing.files, filing.references, shown),
            profile_photos=profile_photos,
            chat_photos=chat_photos,
            external=external,
            ending=EndingMedia(database, fanout, clock),
            portraits=Portraits(users, filing.files, profile_photos, fanout),
            indexer=indexer,
            search=MessageSearch(database, indexer),
            post_search=PostSearch(database, indexer),
            sticker_sets=sticker_sets,
            own_sets=OwnSets(database, filing, clock),
            installed_sets=InstalledSets(database, fanout, clock),
            sticker_search=StickerSearch(database),
            saved_files=saved_files,
            previews=previews,
            wallpapers=wallpapers,
            bots=Bots(database, fanout.bus, users),
            bot_inbox=bot_inbox,
            callbacks=Callbacks(database, fanout, clock),
            inline=InlineQueries(database, fanout, clock),
            inline_messages=InlineMessages(external, previews),
            chat_wallpapers=ChatWallpapers(database, fanout),
            folders=Folders(database, fanout),
            folder_links=FolderLinks(database, chats, joining, fanout),
            scheduled=scheduled,
            reports=ReportBook(database),
            lifetimes=Lifetimes(database, fanout, chats, channels),
            top_peers=TopPeers(database),
            takeouts=Takeouts(database),
            auto_delete=auto_delete,
            wiping=Wiping(database, fanout),
            polls=Polls(database, fanout, clock),
            reactions=MessageReactions(database, fanout, clock),
            reaction_choices=ReactionChoices(database, fanout),
            todo_lists=TodoLists(database, fanout),
        )

    def start(self) -> None:
        """What it does by itself, from now on."""
        self.start_here()
        self.lead()

    def start_here(self) -> None:
        """Of that, what each of several processes does for itself."""
        self.presence.start()
        self.filing.start()
        self.portraits.want(SERVICE_USER_ID, SERVICE)
        self.fanout.subscribe(self.portraits)

    def lead(self) -> None:
        """And what one of them does for all, for twice would be wrong: until it is to ``follow``."""
        self.presence.tells_for_all = True
        self.trimming.start()
        self.collecting.start()
        self.indexer.start()
        self.ending.start()
        self.scheduled.start()
        self.auto_delete.start()
        self.polls.start()
        self.previews.start()

    async def follow(self) -> None:
        """Let another process do that; what is being done is finished first."""
        self.presence.tells_for_all = False
        self.trimming.stop()
        self.collecting.stop()
        self.previews.rest()
        await self.ending.stop()
        await self.scheduled.stop()
        await self.auto_delete.stop()
        await self.polls.rest()
        self.indexer.leave_to_another()
        await self.indexer.stop()

    async def stop(self) -> None:
        """Remember who was here; before the database closes."""
        self.trimming.stop()
        await self.previews.stop()
        self.portraits.stop()
        await self.ending.stop()
        await self.scheduled.stop()
        await self.auto_delete.stop()
        await self.polls.stop()
        await self.reactions.stop()
        self.collecting.stop()
        self.bot_inbox.stop()
        self.own_sets.stop()
        await self.filing.stop()
        await self.indexer.stop()
        await self.presence.stop()
