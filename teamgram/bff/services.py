"""Every RPC service, put together over what they share."""

from pathlib import Path

from teamgram.bff.accent_colors import AccentColors
from teamgram.bff.account import Account, Devices
from teamgram.bff.authorization import AccountEnd, Bindings, SignIn, SignIns
from teamgram.bff.authorization.welcome import Welcome
from teamgram.bff.bots.callbacks import BotCallbacks, BotStarts
from teamgram.bff.bots.inline import AnsweringInline, InlineBots, PreparedInlineMessages
from teamgram.bff.bots.menus import BotAdminRights, BotMenuButtons
from teamgram.bff.bots.settings import BotSettings
from teamgram.bff.bots.sign_in import BotSignIn
from teamgram.bff.channels.admin_log import AdminLogService
from teamgram.bff.channels.forums import ForumsService, ThreadsService
from teamgram.bff.channels.info import ChannelInfo, ChannelUsernamesService
from teamgram.bff.channels.joining import JoiningService
from teamgram.bff.channels.members import ChannelMembersService
from teamgram.bff.channels.messages import ChannelMessages
from teamgram.bff.channels.overviews import LeftChannels, QuietChannels, SimilarChannels
from teamgram.bff.channels.ownership import (
    ChannelOwnershipService,
    MessageAuthors,
    SingleUsernames,
    WholeGroups,
)
from teamgram.bff.channels.service import ChannelsService, Migration
from teamgram.bff.channels.settings import AntiSpam, ChannelSettingsService, JoiningSettings
from teamgram.bff.channels.statistics import StatisticsService
from teamgram.bff.chats.invites import ChatInvitesService
from teamgram.bff.chats.join_requests import JoinRequestsService
from teamgram.bff.chats.photos import ChatPhotosService
from teamgram.bff.chats.service import ChatsService, ProtectedChats
from teamgram.bff.configuration import ConfigurationService, ConfigurationSettings
from teamgram.bff.contacts import Blocks, ContactsService
from teamgram.bff.dialogs import DialogsService, PrivateChatSettings
from teamgram.bff.drafts import Drafts
from teamgram.bff.files.ringtones import Ringtones
from teamgram.bff.files.service import FilesService
from teamgram.bff.files.wallpapers import WallpapersService
from teamgram.bff.folders.archive import ArchiveService
from teamgram.bff.folders.links import FolderLinksService
from teamgram.bff.folders.service import FoldersService, FolderTags
from teamgram.bff.langpack import Langpack, load_languages
from teamgram.bff.messages.history import MessageHistory
from teamgram.bff.messages.lifetimes import DefaultLifetime, LifetimesService
from teamgram.bff.messages.locations import RecentLocations
from teamgram.bff.messages.marks import GroupReadMarks, ReadMarks
from teamgram.bff.messages.media import SendingMedia
from teamgram.bff.messages.posts import SearchingPosts
from teamgram.bff.messages.removing import RemovingMessages
from teamgram.bff.messages.scheduled import ScheduledService
from teamgram.bff.messages.searching import MessageSearching
from teamgram.bff.messages.send_as import SpeakingAs
from teamgram.bff.messages.sending import SendingMessages
from teamgram.bff.messages.web_pages import WebPages
from teamgram.bff.notification import Notification
from teamgram.bff.polls.service import PollsService, TodoListsService
from teamgram.bff.privacy_settings import PrivacySettings
from teamgram.bff.profile_photos import ProfilePhotosService
from teamgram.bff.qr_code import QrCode
from teamgram.bff.reactions.choices import ReactionChoicesService, ReactionNotifications, SavedMessageTags
from teamgram.bff.reactions.service import ReactionsService
from teamgram.bff.registry import RpcService
from teamgram.bff.reports import GroupReports, ReactionReports, Reports
from teamgram.bff.saved_message_dialogs import SavedMessageDialogs
from teamgram.bff.shared import Shared
from teamgram.bff.stickers.making import MakingStickerSets
from teamgram.bff.stickers.saved import SavedGifs, StickersAtHand
from teamgram.bff.stickers.sets import CustomEmoji, StickerSetsService
from teamgram.bff.takeout import SavedContacts, TakeoutService
from teamgram.bff.terms import Promotions, Terms
from teamgram.bff.top_peers import TopPeersService
from teamgram.bff.two_fa import TwoFa
from teamgram.bff.updates import Updates
from teamgram.bff.user_profiles import UserProfiles
from teamgram.bff.usernames import Usernames
from teamgram.bff.users import UsersService
from teamgram.bff.views.full_users import FullUserViews
from teamgram.domain.codes.codes import SignInCodes
from teamgram.domain.codes.delivery import CodeMessages
from teamgram.domain.codes.tokens import SignInTokens
from teamgram.interfaces.authsession import AuthSessions
from teamgram.interfaces.bus import Bus


def people_services(
    shared: Shared,
    *,
    sign_ins: SignIns,
    codes: SignInCodes,
    auth_sessions: AuthSessions,
    bus: Bus,
    tokens: SignInTokens,
    service_messages: CodeMessages,
    configuration: ConfigurationSettings,
    langpacks: Path | None = None,
) -> list[RpcService]:
    """Every service about people and the server itself.

    Args:
        langpacks: directory of an operator's language packs.

    Raises:
        ValueError: a language pack cannot be read.
    """
    domain, views, clock = shared.domain, shared.user_views, shared.clock
    users, contacts, fanout = domain.users, domain.contacts, domain.fanout
    account_end = AccountEnd(users, contacts, domain.watchers, sign_ins, fanout)
    full_views = FullUserViews(
        users,
        contacts,
        domain.privacy,
        domain.notifications,
        domain.profile_photos,
        domain.bots,
        shared.updates.files,
        PrivateChatSettings(shared),
    )
    return [
        ConfigurationService(configuration, views, clock, domain.account_settings),
        AccentColors(),
        Langpack(load_languages(langpacks) if langpacks is not None else None),
        Terms(clock),
        Promotions(clock),
        TwoFa(),
        SignIn(
            users, contacts, codes, sign_ins, views, fanout, Welcome(users, service_messages, configuration.welcome)
        ),
        BotSignIn(domain.bots, sign_ins, views),
        Bindings(auth_sessions, bus, sign_ins, views, tokens, configuration.dc_id),
        QrCode(sign_ins, auth_sessions, views, tokens, bus),
        Account(users, contacts, domain.watchers, codes, sign_ins, account_end, domain.account_settings, views, fanout),
        Devices(sign_ins),
        TakeoutService(domain.takeouts, sign_ins),
        SavedContacts(contacts, domain.takeouts, sign_ins),
        UsersService(domain.numbers, shared.input_peers, views, full_views),
        Usernames(shared),
        UserProfiles(users, contacts, domain.watchers, domain.privacy, domain.presence, views, fanout),
        ContactsService(
            users,
            contacts,
            domain.privacy,
            domain.presence,
            domain.account_settings,
            shared.input_peers,
            views,
            shared.updates.groups,
            fanout,
        ),
        Blocks(contacts, domain.presence, shared.input_peers, views, fanout),
        PrivacySettings(domain.privacy, domain.watchers, shared.input_peers, views, fanout),
        Notification(domain.notifications, shared.input_peers, views, fanout),
    ]


def conversation_services(shared: Shared) -> list[RpcService]:
    """Every service about conversations."""
    return [
        SendingMessages(shared),
        SpeakingAs(shared),
        SendingMedia(shared),
        ScheduledService(shared),
        LifetimesService(shared),
        TopPeersService(shared),
        DefaultLifetime(shared),
        PollsService(shared),
        TodoListsService(shared),
        ReactionsService(shared),
        ReactionChoicesService(shared),
        ReactionNotifications(shared),
        SavedMessageTags(shared),
        RecentLocations(shared),
        WebPages(shared),
        FilesService(shared),
        StickerSetsService(shared),
        MakingStickerSets(shared),
        StickersAtHand(shared),
        CustomEmoji(shared),
        SavedGifs(shared),
        WallpapersService(shared),
        Ringtones(shared),
        MessageHistory(shared),
        MessageSearching(shared),
        ReadMarks(shared),
        GroupReadMarks(shared),
        RemovingMessages(shared),
        ProtectedChats(shared),
        DialogsService(shared),
        SavedMessageDialogs(shared),
        Drafts(shared),
        FoldersService(shared),
        FolderTags(shared),
        FolderLinksService(shared),
        ArchiveService(shared),
        ChatsService(shared),
        ChatPhotosService(shared),
        ChannelsService(shared),
        Migration(shared),
        ChannelMembersService(shared),
        ChannelSettingsService(shared),
        JoiningSettings(shared),
        AntiSpam(shared),
        ChannelOwnershipService(shared),
        WholeGroups(shared),
        MessageAuthors(shared),
        SingleUsernames(shared),
        QuietChannels(shared),
        SimilarChannels(shared),
        LeftChannels(shared),
        SearchingPosts(shared),
        StatisticsService(shared),
        AdminLogService(shared),
        ForumsService(shared),
        ThreadsService(shared),
        ChannelMessages(shared),
        JoiningService(shared),
        ChannelInfo(shared),
        ChannelUsernamesService(shared),
        ProfilePhotosService(shared),
        ChatInvitesService(shared),
        JoinRequestsService(shared),
        Reports(shared),
        GroupReports(shared),
        ReactionReports(shared),
        Updates(shared),
        BotSettings(shared),
        BotMenuButtons(shared),
        BotAdminRights(shared),
        BotCallbacks(shared),
        InlineBots(shared),
        AnsweringInline(shared),
        PreparedInlineMessages(shared),
        BotStarts(shared),
    ]
