"""What clients must be answered to start, of things that this server has none of.

Each answer is the plain truth: no themes, no stories. A method is
here only when clients ask it by themselves (at start, on opening a chat, a
menu); what a person has to ask for answers METHOD_NOT_IMPL instead.
``docs/honest_empties.md`` is this table for people; a test holds it in step.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcMethod, RpcService
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import registry, tl
from teamgram.mtproto.tl.classes import class_named, fields_of

Answer = Callable[[RpcMetadata, Any], Any]

_MAX_ASKED = 1000


@dataclass(frozen=True, slots=True)
class HonestEmpty:
    """One method: the service it is routed by, what there is none of, and the answer that says so."""

    method: str
    service: str
    none_of: str
    answer: Answer
    login: bool = True


_ZEROS: dict[str, Any] = {"int": 0, "long": 0, "double": 0.0, "string": "", "bytes": b"", "Bool": False}


@cache
def empty(name: str) -> Any:
    """The constructor with zero, "", no or nothing in every required field; the same object every time."""
    fields: dict[str, Any] = {}
    for field, shape in fields_of(name).items():
        if shape.required:
            if shape.type.startswith("Vector<"):
                fields[field] = []
            elif shape.type in _ZEROS:
                fields[field] = _ZEROS[shape.type]
            else:
                (only,) = registry.constructors_of(shape.type)  # a choice among several is not ours to make
                fields[field] = empty(only)
    return class_named(name)(**fields)


def _always(name: str) -> Answer:
    return lambda caller, query: empty(name)


def _nothing(caller: RpcMetadata, query: Any) -> list[Any]:
    return []


def _no(caller: RpcMetadata, query: Any) -> bool:
    return False


def _no_story_ids(caller: RpcMetadata, query: Any) -> list[Any]:
    # One answer for each peer that was asked about.
    return [empty("recentStory") for _ in query.id[:_MAX_ASKED]]


def _no_peer_stories(caller: RpcMetadata, query: Any) -> Any:
    stories = tl.peerStories(peer=_peer_view(caller, query.peer), stories=[])
    return tl.stories.peerStories(stories=stories, chats=[], users=[])


def _peer_view(caller: RpcMetadata, written: Any) -> Any:
    for field, constructor in (("user_id", tl.peerUser), ("chat_id", tl.peerChat), ("channel_id", tl.peerChannel)):
        if getattr(written, field, None) is not None:
            return constructor(**{field: getattr(written, field)})
    return tl.peerUser(user_id=caller.user_id)


def _no_keywords(caller: RpcMetadata, query: Any) -> Any:
    version = getattr(query, "from_version", 0)
    return tl.emojiKeywordsDifference(lang_code=query.lang_code, from_version=version, version=version, keywords=[])


def _download_defaults(caller: RpcMetadata, query: Any) -> Any:
    # Zeros would mean "download nothing".
    moderate = tl.autoDownloadSettings(
        photo_size_max=1_048_576,
        video_size_max=10_485_760,
        file_size_max=3_145_728,
        video_upload_maxbitrate=100,
        small_queue_active_operations_max=10,
        large_queue_active_operations_max=3,
    )
    return tl.account.autoDownloadSettings(low=moderate, medium=moderate, high=moderate)


def _no_stars(caller: RpcMetadata, query: Any) -> Any:
    # TDLib takes only the currency that it asked for.
    in_ton = getattr(query, "ton", False) and registry.id_of("starsTonAmount", caller.layer)
    none = tl.starsTonAmount(amount=0) if in_ton else tl.starsAmount(amount=0, nanos=0)
    return tl.payments.starsStatus(balance=none, chats=[], users=[])


def _nobody_pays(caller: RpcMetadata, query: Any) -> Any:
    # Web K reads the update inside without asking whether there is one.
    update = tl.updatePaidReactionPrivacy(private=tl.paidReactionPrivacyDefault())
    return tl.updates(updates=[update], users=[], chats=[], date=0, seq=0)


def _no_passkey(caller: RpcMetadata, query: Any) -> Any:
    # Options without any key of ours would make a browser offer the person some other site's.
    raise bad_request("PASSKEY_CREDENTIAL_NOT_FOUND")


def _no_link_choices(caller: RpcMetadata, query: Any) -> Any:
    # Links open where the app itself thinks best, and no site is an exception.
    return tl.account.webBrowserSettings(external_exceptions=[], inapp_exceptions=[], hash=0)


def _no_fact_checks(caller: RpcMetadata, query: Any) -> list[Any]:
    return [tl.factCheck(hash=0) for _ in query.msg_id]


def _no_stories(caller: RpcMetadata, query: Any) -> Any:
    # A state is never empty.
    stealth = tl.storiesStealthMode()
    return tl.stories.allStories(count=0, state="0", peer_stories=[], chats=[], users=[], stealth_mode=stealth)


_NONE_OF: tuple[tuple[str, str, str | Answer, str], ...] = (
    # what there is none of, service, the constructor that is answered empty (or a function), methods
    (
        "featured sticker sets",
        "RPCStickers",
        "messages.featuredStickers",
        "messages.getFeaturedStickers messages.getOldFeaturedStickers",
    ),
    ("featured custom emoji", "RPCCustomEmojis", "messages.featuredStickers", "messages.getFeaturedEmojiStickers"),
    (
        "custom emoji of the server's choice",
        "RPCCustomEmojis",
        "emojiList",
        "account.getDefaultProfilePhotoEmojis account.getDefaultGroupPhotoEmojis",
    ),
    ("emoji keywords", "RPCEmoji", _no_keywords, "messages.getEmojiKeywords messages.getEmojiKeywordsDifference"),
    ("emoji keywords", "RPCEmoji", _nothing, "messages.getEmojiKeywordsLanguages"),
    (
        "emoji groups",
        "RPCEmojiCategories",
        "messages.emojiGroups",
        "messages.getEmojiGroups messages.getEmojiStatusGroups"
        " messages.getEmojiStickerGroups messages.getEmojiProfilePhotoGroups",
    ),
    (
        "emoji statuses",
        "RPCEmojiStatus",
        "account.emojiStatuses",
        "account.getDefaultEmojiStatuses account.getRecentEmojiStatuses"
        " account.getChannelDefaultEmojiStatuses account.getCollectibleEmojiStatuses",
    ),
    ("emoji statuses", "RPCEmojiStatus", "emojiList", "account.getChannelRestrictedStatusEmojis"),
    ("votes that wait to be seen", "RPCReactions", "messages.messages", "messages.getUnreadPollVotes"),
    ("paid reactions", "RPCReactions", _nobody_pays, "messages.getPaidReactionPrivacy"),
    ("fact checks", "RPCFactChecks", _no_fact_checks, "messages.getFactCheck"),
    ("message effects", "RPCMessageEffects", "messages.availableEffects", "messages.getAvailableEffects"),
    ("themes", "RPCThemes", "account.themes", "account.getThemes account.getChatThemes"),
    ("themes", "RPCThemes", "account.chatThemes", "account.getUniqueGiftChatThemes"),
    ("accent colours", "RPCAccentColors", "emojiList", "account.getDefaultBackgroundEmojis"),
    ("stories", "RPCStories", _no_stories, "stories.getAllStories"),
    ("stories", "RPCStories", "updates", "stories.getAllReadPeerStories"),
    ("stories", "RPCStories", _no_story_ids, "stories.getPeerMaxIDs"),
    ("stories", "RPCStories", _no_peer_stories, "stories.getPeerStories"),
    (
        "stories",
        "RPCStories",
        "stories.stories",
        "stories.getPinnedStories stories.getStoriesArchive stories.getStoriesByID stories.getAlbumStories",
    ),
    ("stories", "RPCStories", "messages.chats", "stories.getChatsToSend"),
    ("stories", "RPCStories", "stories.albums", "stories.getAlbums"),
    ("attachment menu bots", "RPCBotMenu", "attachMenuBots", "messages.getAttachMenuBots"),
    ("mini apps", "RPCMainMiniBotApps", "bots.popularAppBots", "bots.getPopularAppBots"),
    ("mini apps", "RPCMainMiniBotApps", _nothing, "bots.getPreviewMedias"),
    ("similar bots", "RPCBotVerificationIcons", "users.users", "bots.getBotRecommendations"),
    ("affiliate bots", "RPCAffiliatePrograms", "payments.connectedStarRefBots", "payments.getConnectedStarRefBots"),
    ("dice games", "RPCGames", "messages.emojiGameUnavailable", "messages.getEmojiGameInfo"),
    ("business bots", "RPCBusinessConnectedBots", "account.connectedBots", "account.getConnectedBots"),
    ("quick replies", "RPCBusinessQuickReply", "messages.quickReplies", "messages.getQuickReplies"),
    ("business links", "RPCBusinessChatLinks", "account.businessChatLinks", "account.getBusinessChatLinks"),
    ("web sign-ins", "RPCSeamless", "account.webAuthorizations", "account.getWebAuthorizations"),
    ("advertising", "RPCSponsoredMessages", "messages.sponsoredMessagesEmpty", "messages.getSponsoredMessages"),
    ("advertising", "RPCSponsoredMessages", "contacts.sponsoredPeersEmpty", "contacts.getSponsoredPeers"),
    ("Premium", "RPCPremium", "help.premiumPromo", "help.getPremiumPromo"),
    ("boosts", "RPCBoosts", "premium.myBoosts", "premium.getMyBoosts"),
    ("gifts", "RPCGifts", "payments.starGifts", "payments.getStarGifts"),
    ("gifts", "RPCGifts", "payments.savedStarGifts", "payments.getSavedStarGifts"),
    ("gifts", "RPCGifts", "payments.starGiftActiveAuctions", "payments.getStarGiftActiveAuctions"),
    ("gifts", "RPCGiftCollections", "payments.starGiftCollections", "payments.getStarGiftCollections"),
    ("gift codes", "RPCGiveaways", _nothing, "payments.getPremiumGiftCodeOptions payments.getStarsGiveawayOptions"),
    ("paid messages", "RPCPaidMessage", "account.paidMessagesRevenue", "account.getPaidMessagesRevenue"),
    ("Stars", "RPCStarSubscriptions", _no_stars, "payments.getStarsSubscriptions"),
    ("Stars", "RPCStars", _no_stars, "payments.getStarsStatus payments.getStarsTransactions"),
    ("Stars", "RPCStars", _nothing, "payments.getStarsTopupOptions payments.getStarsGiftOptions"),
    ("payment data", "RPCPayments", "payments.savedInfo", "payments.getSavedInfo"),
    ("passkeys (error PASSKEY_CREDENTIAL_NOT_FOUND)", "RPCPasskey", _no_passkey, "auth.initPasskeyLogin"),
    ("passkeys", "RPCPasskey", "account.passkeys", "account.getPasskeys"),
    ("music on profiles", "RPCUserChannelProfiles", "account.savedMusicIds", "account.getSavedMusicIds"),
    ("music on profiles", "RPCUserChannelProfiles", "users.savedMusic", "users.getSavedMusic"),
    ("tones of an AI", "RPCMiscellaneous", "aicompose.tones", "aicompose.getTones"),
    ("choices for links", "RPCWebBrowser", _no_link_choices, "account.getWebBrowserSettings"),
    ("wallets", "RPCMiscellaneous", "walletStateEmpty", "wallet.getState"),
    ("sensitive content filter", "RPCNsfw", "account.contentSettings", "account.getContentSettings"),
    ("saved auto-save choices", "RPCAutosave", "account.autoSaveSettings", "account.getAutoSaveSettings"),
    ("saved download choices (defaults)", "RPCAutoDownload", _download_defaults, "account.getAutoDownloadSettings"),
    ("CDN servers", "RPCFiles", "cdnConfig", "help.getCdnConfig"),
    ("time zone list", "RPCTimezones", "help.timezonesList", "help.getTimezonesList"),
    ("deep links of our own", "RPCDeepLinks", "help.deepLinkInfoEmpty", "help.getDeepLinkInfo"),
    ("support's notes on users", "RPCTsf", "help.userInfoEmpty", "help.getUserInfo"),
    ("changelog", "RPCConfiguration", "updates", "help.getAppChangelog"),
    ("recent links", "RPCDeepLinks", "help.recentMeUrls", "help.getRecentMeUrls"),
    ("communities", "RPCChannels", "messages.chats", "communities.getJoinedCommunities"),
    ("promotions", "RPCPromoData", _no, "help.hidePromoData"),
    ("terms of service", "RPCTos", _no, "help.acceptTermsOfService"),
    (
        "a place for apps' logs (false: not kept)",
        "RPCMiscellaneous",
        _no,
        "help.saveAppLog messages.reportReadMetrics messages.reportMusicListen",
    ),
    (
        "a place for apps' logs (false: not kept)",
        "RPCGatewayVerificationMessages",
        _no,
        "messages.reportMessagesDelivery",
    ),
)

_BEFORE_SIGN_IN = frozenset(
    {
        "auth.initPasskeyLogin",
        "help.getCdnConfig",
        "help.getTimezonesList",
        "help.saveAppLog",
    }
)

EMPTIES: tuple[HonestEmpty, ...] = tuple(
    HonestEmpty(
        method,
        service,
        what,
        _always(answer) if isinstance(answer, str) else answer,
        login=method not in _BEFORE_SIGN_IN,
    )
    for what, service, answer, methods in _NONE_OF
    for method in methods.split()
)


class HonestEmpties(RpcService):
    """One service's part of the table."""

    def __init__(self, name: str, empties: Collection[HonestEmpty]) -> None:
        self.name = name  # type: ignore[misc]
        self._empties = empties

    def rpc_methods(self) -> Iterator[RpcMethod]:
        for empty in self._empties:
            yield RpcMethod(empty.method, self.name, empty.answer, empty.login, takes_request=False, is_async=False)


def honest_empties(handled: Collection[str] = ()) -> list[RpcService]:
    """The services of the table; methods that somebody ``handled`` for real are left to them."""
    by_service: dict[str, list[HonestEmpty]] = {}
    for empty in EMPTIES:
        if empty.method not in handled:
            by_service.setdefault(empty.service, []).append(empty)
    return [HonestEmpties(service, empties) for service, empties in by_service.items()]
