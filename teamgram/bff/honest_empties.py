"""What clients must be answered to start, of things that this server has none of.

Each answer is the plain truth: no stickers, no themes, no folders. A method is
here only when clients ask it by themselves (at start, on opening a chat, a
menu); what a person has to ask for answers METHOD_NOT_IMPL instead.
``docs/honest_empties.md`` is this table for people; a test holds it in step.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcMethod, RpcService
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

Answer = Callable[[RpcMetadata, Any], Any]

_PROMO_LIFETIME = 86_400
_FILTERS_IN_ENVELOPE = 176
_LIVE_STORIES = 217
_MAX_ASKED = 1000


@dataclass(frozen=True, slots=True)
class HonestEmpty:
    """One method: the service it is routed by, what there is none of, and the answer that says so."""

    method: str
    service: str
    none_of: str
    answer: Answer
    login: bool = True


def _none_of(what: str, service: str, answer: Answer, *methods: str, login: bool = True) -> tuple[HonestEmpty, ...]:
    return tuple(HonestEmpty(method, service, what, answer, login) for method in methods)


def _always(name: str, **fields: Any) -> Answer:
    """The same object for everybody."""
    namespace, _, constructor = name.rpartition(".")
    made = getattr(getattr(tl, namespace) if namespace else tl, constructor)(**fields)
    return lambda caller, query: made


def _nothing(caller: RpcMetadata, query: Any) -> list[Any]:
    return []


def _no(caller: RpcMetadata, query: Any) -> bool:
    return False


def _no_updates(caller: RpcMetadata, query: Any) -> Any:
    return tl.updates(updates=[], users=[], chats=[], date=0, seq=0)


def _no_folders(caller: RpcMetadata, query: Any) -> Any:
    return tl.messages.dialogFilters(filters=[]) if caller.layer >= _FILTERS_IN_ENVELOPE else []


def _no_story_ids(caller: RpcMetadata, query: Any) -> list[Any]:
    # One answer for each peer that was asked about.
    asked = query.id[:_MAX_ASKED]
    return [tl.recentStory() for _ in asked] if caller.layer >= _LIVE_STORIES else [0] * len(asked)


def _no_sticker_set(caller: RpcMetadata, query: Any) -> Any:
    raise bad_request("STICKERSET_INVALID")


def _no_keywords(caller: RpcMetadata, query: Any) -> Any:
    from_version = getattr(query, "from_version", 0)
    return tl.emojiKeywordsDifference(
        lang_code=query.lang_code, from_version=from_version, version=from_version, keywords=[]
    )


def _no_peer_stories(caller: RpcMetadata, query: Any) -> Any:
    return tl.stories.peerStories(
        stories=tl.peerStories(peer=_peer_view(caller, query.peer), stories=[]), chats=[], users=[]
    )


def _peer_view(caller: RpcMetadata, written: Any) -> Any:
    for field, constructor in (("user_id", tl.peerUser), ("chat_id", tl.peerChat), ("channel_id", tl.peerChannel)):
        if getattr(written, field, None) is not None:
            return constructor(**{field: getattr(written, field)})
    return tl.peerUser(user_id=caller.user_id)


def _no_stars(caller: RpcMetadata, query: Any) -> Any:
    return tl.payments.starsStatus(balance=tl.starsAmount(amount=0, nanos=0), chats=[], users=[])


_DOWNLOAD_DEFAULTS = {
    "photo_size_max": 1_048_576,
    "video_size_max": 10_485_760,
    "file_size_max": 3_145_728,
    "video_upload_maxbitrate": 100,
    "small_queue_active_operations_max": 10,
    "large_queue_active_operations_max": 3,
}

_NO_PEERS = {"chats": [], "users": []}

EMPTIES: tuple[HonestEmpty, ...] = (
    # Stickers, GIFs, emoji
    *_none_of(
        "sticker sets",
        "RPCStickers",
        _always("messages.allStickers", hash=0, sets=[]),
        "messages.getAllStickers",
        "messages.getMaskStickers",
    ),
    *_none_of("stickers", "RPCStickers", _always("messages.stickers", hash=0, stickers=[]), "messages.getStickers"),
    *_none_of(
        "stickers",
        "RPCStickers",
        _always("messages.favedStickers", hash=0, packs=[], stickers=[]),
        "messages.getFavedStickers",
    ),
    *_none_of(
        "stickers",
        "RPCStickers",
        _always("messages.recentStickers", hash=0, packs=[], stickers=[], dates=[]),
        "messages.getRecentStickers",
    ),
    *_none_of(
        "sticker sets",
        "RPCStickers",
        _always("messages.featuredStickers", hash=0, count=0, sets=[], unread=[]),
        "messages.getFeaturedStickers",
        "messages.getOldFeaturedStickers",
    ),
    *_none_of(
        "sticker sets",
        "RPCStickers",
        _always("messages.archivedStickers", count=0, sets=[]),
        "messages.getArchivedStickers",
    ),
    *_none_of(
        "sticker sets",
        "RPCStickers",
        _always("messages.foundStickerSets", hash=0, sets=[]),
        "messages.searchStickerSets",
        "messages.searchEmojiStickerSets",
    ),
    *_none_of("sticker sets (error STICKERSET_INVALID)", "RPCStickers", _no_sticker_set, "messages.getStickerSet"),
    *_none_of(
        "custom emoji", "RPCCustomEmojis", _always("messages.allStickers", hash=0, sets=[]), "messages.getEmojiStickers"
    ),
    *_none_of(
        "custom emoji",
        "RPCCustomEmojis",
        _always("messages.featuredStickers", hash=0, count=0, sets=[], unread=[]),
        "messages.getFeaturedEmojiStickers",
    ),
    *_none_of("custom emoji", "RPCCustomEmojis", _nothing, "messages.getCustomEmojiDocuments"),
    *_none_of(
        "custom emoji",
        "RPCCustomEmojis",
        _always("emojiList", hash=0, document_id=[]),
        "account.getDefaultProfilePhotoEmojis",
        "account.getDefaultGroupPhotoEmojis",
    ),
    *_none_of("saved GIFs", "RPCGifs", _always("messages.savedGifs", hash=0, gifs=[]), "messages.getSavedGifs"),
    *_none_of(
        "emoji keywords", "RPCEmoji", _no_keywords, "messages.getEmojiKeywords", "messages.getEmojiKeywordsDifference"
    ),
    *_none_of("emoji keywords", "RPCEmoji", _nothing, "messages.getEmojiKeywordsLanguages"),
    *_none_of(
        "emoji groups",
        "RPCEmojiCategories",
        _always("messages.emojiGroups", hash=0, groups=[]),
        "messages.getEmojiGroups",
        "messages.getEmojiStatusGroups",
        "messages.getEmojiStickerGroups",
        "messages.getEmojiProfilePhotoGroups",
    ),
    *_none_of(
        "emoji statuses",
        "RPCEmojiStatus",
        _always("account.emojiStatuses", hash=0, statuses=[]),
        "account.getDefaultEmojiStatuses",
        "account.getRecentEmojiStatuses",
        "account.getChannelDefaultEmojiStatuses",
        "account.getCollectibleEmojiStatuses",
    ),
    *_none_of(
        "emoji statuses",
        "RPCEmojiStatus",
        _always("emojiList", hash=0, document_id=[]),
        "account.getChannelRestrictedStatusEmojis",
    ),
    # Reactions and effects
    *_none_of(
        "reactions",
        "RPCReactions",
        _always("messages.availableReactions", hash=0, reactions=[]),
        "messages.getAvailableReactions",
    ),
    *_none_of(
        "reactions",
        "RPCReactions",
        _always("messages.reactions", hash=0, reactions=[]),
        "messages.getTopReactions",
        "messages.getRecentReactions",
    ),
    *_none_of("reactions", "RPCReactions", _no_updates, "messages.getMessagesReactions"),
    *_none_of("paid reactions", "RPCReactions", _no_updates, "messages.getPaidReactionPrivacy"),
    *_none_of(
        "saved message tags",
        "RPCSavedMessageTags",
        _always("messages.reactions", hash=0, reactions=[]),
        "messages.getDefaultTagReactions",
    ),
    *_none_of(
        "saved message tags",
        "RPCSavedMessageTags",
        _always("messages.savedReactionTags", hash=0, tags=[]),
        "messages.getSavedReactionTags",
    ),
    *_none_of(
        "message effects",
        "RPCMessageEffects",
        _always("messages.availableEffects", hash=0, effects=[], documents=[]),
        "messages.getAvailableEffects",
    ),
    # Looks
    *_none_of(
        "themes",
        "RPCThemes",
        _always("account.themes", hash=0, themes=[]),
        "account.getThemes",
        "account.getChatThemes",
    ),
    *_none_of(
        "themes",
        "RPCThemes",
        _always("account.chatThemes", hash=0, themes=[], **_NO_PEERS),
        "account.getUniqueGiftChatThemes",
    ),
    *_none_of(
        "wallpapers", "RPCWallpapers", _always("account.wallPapers", hash=0, wallpapers=[]), "account.getWallPapers"
    ),
    *_none_of(
        "accent colours",
        "RPCAccentColors",
        _always("help.peerColors", hash=0, colors=[]),
        "help.getPeerColors",
        "help.getPeerProfileColors",
        login=False,
    ),
    *_none_of(
        "accent colours",
        "RPCAccentColors",
        _always("emojiList", hash=0, document_id=[]),
        "account.getDefaultBackgroundEmojis",
    ),
    *_none_of(
        "ringtones", "RPCRingtone", _always("account.savedRingtones", hash=0, ringtones=[]), "account.getSavedRingtones"
    ),
    # Folders, stories
    *_none_of("chat folders", "RPCFolders", _no_folders, "messages.getDialogFilters"),
    *_none_of("chat folders", "RPCFolders", _nothing, "messages.getSuggestedDialogFilters"),
    *_none_of(
        "stories",
        "RPCStories",
        _always(
            "stories.allStories", count=0, state="", peer_stories=[], stealth_mode=tl.storiesStealthMode(), **_NO_PEERS
        ),
        "stories.getAllStories",
    ),
    *_none_of("stories", "RPCStories", _no_updates, "stories.getAllReadPeerStories"),
    *_none_of("stories", "RPCStories", _no_story_ids, "stories.getPeerMaxIDs"),
    *_none_of("stories", "RPCStories", _no_peer_stories, "stories.getPeerStories"),
    *_none_of(
        "stories",
        "RPCStories",
        _always("stories.stories", count=0, stories=[], **_NO_PEERS),
        "stories.getPinnedStories",
        "stories.getStoriesArchive",
    ),
    *_none_of("stories", "RPCStories", _always("stories.albums", hash=0, albums=[]), "stories.getAlbums"),
    # Bots and business
    *_none_of(
        "attachment menu bots",
        "RPCBotMenu",
        _always("attachMenuBots", hash=0, bots=[], users=[]),
        "messages.getAttachMenuBots",
    ),
    *_none_of("mini apps", "RPCMainMiniBotApps", _always("bots.popularAppBots", users=[]), "bots.getPopularAppBots"),
    *_none_of(
        "business bots",
        "RPCBusinessConnectedBots",
        _always("account.connectedBots", connected_bots=[], users=[]),
        "account.getConnectedBots",
    ),
    *_none_of(
        "quick replies",
        "RPCBusinessQuickReply",
        _always("messages.quickReplies", quick_replies=[], messages=[], **_NO_PEERS),
        "messages.getQuickReplies",
    ),
    *_none_of(
        "business links",
        "RPCBusinessChatLinks",
        _always("account.businessChatLinks", links=[], **_NO_PEERS),
        "account.getBusinessChatLinks",
    ),
    *_none_of(
        "web sign-ins",
        "RPCSeamless",
        _always("account.webAuthorizations", authorizations=[], users=[]),
        "account.getWebAuthorizations",
    ),
    # Money and advertising
    *_none_of(
        "advertising",
        "RPCSponsoredMessages",
        _always("messages.sponsoredMessagesEmpty"),
        "messages.getSponsoredMessages",
    ),
    *_none_of(
        "advertising", "RPCSponsoredMessages", _always("contacts.sponsoredPeersEmpty"), "contacts.getSponsoredPeers"
    ),
    *_none_of(
        "Premium",
        "RPCPremium",
        _always(
            "help.premiumPromo",
            status_text="",
            status_entities=[],
            video_sections=[],
            videos=[],
            period_options=[],
            users=[],
        ),
        "help.getPremiumPromo",
    ),
    *_none_of("boosts", "RPCBoosts", _always("premium.myBoosts", my_boosts=[], **_NO_PEERS), "premium.getMyBoosts"),
    *_none_of(
        "gifts", "RPCGifts", _always("payments.starGifts", hash=0, gifts=[], **_NO_PEERS), "payments.getStarGifts"
    ),
    *_none_of(
        "gifts",
        "RPCGifts",
        _always("payments.savedStarGifts", count=0, gifts=[], **_NO_PEERS),
        "payments.getSavedStarGifts",
    ),
    *_none_of(
        "gifts",
        "RPCGifts",
        _always("payments.starGiftActiveAuctions", auctions=[], **_NO_PEERS),
        "payments.getStarGiftActiveAuctions",
    ),
    *_none_of("Stars", "RPCStars", _no_stars, "payments.getStarsStatus", "payments.getStarsTransactions"),
    *_none_of("Stars", "RPCStars", _nothing, "payments.getStarsTopupOptions", "payments.getStarsGiftOptions"),
    *_none_of("payment data", "RPCPayments", _always("payments.savedInfo"), "payments.getSavedInfo"),
    # The account
    *_none_of("passkeys", "RPCPasskey", _always("account.passkeys", passkeys=[]), "account.getPasskeys"),
    *_none_of(
        "music on profiles",
        "RPCUserChannelProfiles",
        _always("account.savedMusicIds", ids=[]),
        "account.getSavedMusicIds",
    ),
    *_none_of(
        "music on profiles",
        "RPCUserChannelProfiles",
        _always("users.savedMusic", count=0, documents=[]),
        "users.getSavedMusic",
    ),
    *_none_of("sensitive content filter", "RPCNsfw", _always("account.contentSettings"), "account.getContentSettings"),
    *_none_of(
        "saved auto-save choices",
        "RPCAutosave",
        _always(
            "account.autoSaveSettings",
            users_settings=tl.autoSaveSettings(),
            chats_settings=tl.autoSaveSettings(),
            broadcasts_settings=tl.autoSaveSettings(),
            exceptions=[],
            **_NO_PEERS,
        ),
        "account.getAutoSaveSettings",
    ),
    *_none_of(
        "saved download choices (defaults)",
        "RPCAutoDownload",
        _always(
            "account.autoDownloadSettings",
            low=tl.autoDownloadSettings(**_DOWNLOAD_DEFAULTS),
            medium=tl.autoDownloadSettings(**_DOWNLOAD_DEFAULTS),
            high=tl.autoDownloadSettings(**_DOWNLOAD_DEFAULTS),
        ),
        "account.getAutoDownloadSettings",
    ),
    # The server
    *_none_of("CDN servers", "RPCFiles", _always("cdnConfig", public_keys=[]), "help.getCdnConfig", login=False),
    *_none_of(
        "time zone list",
        "RPCTimezones",
        _always("help.timezonesList", timezones=[], hash=0),
        "help.getTimezonesList",
        login=False,
    ),
    *_none_of(
        "recent links", "RPCDeepLinks", _always("help.recentMeUrls", urls=[], **_NO_PEERS), "help.getRecentMeUrls"
    ),
    *_none_of(
        "channels",
        "RPCChannels",
        _always("messages.inactiveChats", dates=[], **_NO_PEERS),
        "channels.getInactiveChannels",
    ),
    *_none_of(
        "channels",
        "RPCChannels",
        _always("messages.chats", chats=[]),
        "channels.getAdminedPublicChannels",
        "channels.getGroupsForDiscussion",
    ),
    *_none_of(
        "channels",
        "RPCChannelRecommendations",
        _always("messages.chats", chats=[]),
        "channels.getChannelRecommendations",
    ),
    *_none_of("promotions", "RPCPromoData", _no, "help.hidePromoData"),
    *_none_of("terms of service", "RPCTos", _no, "help.acceptTermsOfService"),
    *_none_of("a place for apps' logs (false: not kept)", "RPCMiscellaneous", _no, "help.saveAppLog", login=False),
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
