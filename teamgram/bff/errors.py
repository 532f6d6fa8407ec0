"""What each fact that the domain refuses with is called on the wire: one table.

Names are those of Telegram's list of RPC errors. A handler raises ``RpcError``
itself only where no domain rule is behind it.
"""

from teamgram.domain.bots import errors as bots
from teamgram.domain.channels import errors as channels
from teamgram.domain.chats import errors as chats
from teamgram.domain.codes.codes import (
    CodeEmpty,
    CodeExpired,
    CodeHashEmpty,
    CodeInvalid,
    CodeNotDelivered,
    ResendUnavailable,
)
from teamgram.domain.contacts import relations
from teamgram.domain.contacts.contacts import ContactIdInvalid, ContactMissing, ContactNameEmpty
from teamgram.domain.errors import DomainError, FloodWait
from teamgram.domain.files import errors as files
from teamgram.domain.files.errors import FilePartMissing
from teamgram.domain.folders import errors as folders
from teamgram.domain.forums import errors as forums
from teamgram.domain.ids.phone import PhoneNumberInvalid
from teamgram.domain.ids.username import UsernameInvalid
from teamgram.domain.messages import errors as messages
from teamgram.domain.polls import errors as polls
from teamgram.domain.privacy import errors as privacy
from teamgram.domain.profiles import errors as profiles
from teamgram.domain.reactions import errors as reactions
from teamgram.domain.saved_files.sounds import SoundInvalid
from teamgram.domain.scheduled import errors as scheduled
from teamgram.domain.stickers import errors as stickers
from teamgram.domain.users.fresh import FreshChangePhoneForbidden, FreshResetForbidden
from teamgram.domain.users.names import AboutTooLong, FirstNameInvalid, LastNameInvalid
from teamgram.domain.users.takeouts import TakeoutInvalid, TakeoutRequired
from teamgram.domain.users.user import UserNotFound
from teamgram.domain.users.users import PhoneOccupied, UsernameNotModified, UsernameOccupied
from teamgram.domain.wallpapers import errors as wallpapers
from teamgram.domain.web_pages.errors import ExternalFilesOff, PageNotFetched, PageUrlInvalid
from teamgram.interfaces.rpc import RpcError

RPC_ERRORS: dict[type[DomainError], tuple[int, str]] = {
    AboutTooLong: (400, "ABOUT_TOO_LONG"),
    CodeEmpty: (400, "PHONE_CODE_EMPTY"),
    CodeExpired: (400, "PHONE_CODE_EXPIRED"),
    CodeHashEmpty: (400, "PHONE_CODE_HASH_EMPTY"),
    CodeInvalid: (400, "PHONE_CODE_INVALID"),
    CodeNotDelivered: (400, "SMS_CODE_CREATE_FAILED"),
    ContactMissing: (400, "CONTACT_MISSING"),
    ContactIdInvalid: (400, "CONTACT_ID_INVALID"),
    ContactNameEmpty: (400, "CONTACT_NAME_EMPTY"),
    FirstNameInvalid: (400, "FIRSTNAME_INVALID"),
    FreshChangePhoneForbidden: (406, "FRESH_CHANGE_PHONE_FORBIDDEN"),
    TakeoutRequired: (403, "TAKEOUT_REQUIRED"),
    TakeoutInvalid: (403, "TAKEOUT_INVALID"),
    FreshResetForbidden: (406, "FRESH_RESET_AUTHORISATION_FORBIDDEN"),
    LastNameInvalid: (400, "LASTNAME_INVALID"),
    PhoneNumberInvalid: (400, "PHONE_NUMBER_INVALID"),
    ResendUnavailable: (406, "SEND_CODE_UNAVAILABLE"),
    PhoneOccupied: (400, "PHONE_NUMBER_OCCUPIED"),
    UserNotFound: (400, "USER_ID_INVALID"),
    UsernameInvalid: (400, "USERNAME_INVALID"),
    UsernameNotModified: (400, "USERNAME_NOT_MODIFIED"),
    UsernameOccupied: (400, "USERNAME_OCCUPIED"),
    SoundInvalid: (400, "RINGTONE_INVALID"),
    wallpapers.WallpaperFileInvalid: (400, "WALLPAPER_FILE_INVALID"),
    wallpapers.WallpaperInvalid: (400, "WALLPAPER_INVALID"),
    wallpapers.WallpaperTypeInvalid: (400, "WALLPAPER_MIME_INVALID"),
    # Telegram's list has none of this one.
    wallpapers.WallpapersTooMany: (400, "WALLPAPERS_TOO_MUCH"),
    ExternalFilesOff: (400, "EXTERNAL_URL_INVALID"),
    PageNotFetched: (400, "WEBPAGE_CURL_FAILED"),
    PageUrlInvalid: (400, "WC_CONVERT_URL_INVALID"),
    bots.BotCommandDescriptionInvalid: (400, "BOT_COMMAND_DESCRIPTION_INVALID"),
    bots.BotCommandInvalid: (400, "BOT_COMMAND_INVALID"),
    bots.BotCommandsTooMany: (400, "BOT_COMMAND_INVALID"),
    bots.BotDescriptionTooLong: (400, "ABOUT_TOO_LONG"),
    bots.BotDidNotAnswer: (400, "BOT_RESPONSE_TIMEOUT"),
    bots.BotNotFound: (400, "BOT_INVALID"),
    bots.BotTokenInvalid: (400, "ACCESS_TOKEN_INVALID"),
    bots.BotInlineDisabled: (400, "BOT_INLINE_DISABLED"),
    bots.InlineQueryInvalid: (400, "QUERY_ID_INVALID"),
    bots.InlineResultsInvalid: (400, "RESULTS_TOO_MUCH"),
    bots.LangCodeInvalid: (400, "LANG_CODE_INVALID"),
    bots.MenuButtonInvalid: (400, "BUTTON_INVALID"),
    bots.ResultIdInvalid: (400, "RESULT_ID_INVALID"),
    bots.BotUsernameInvalid: (400, "USERNAME_INVALID"),
    bots.BotsTooMany: (400, "BOTS_TOO_MUCH"),
    bots.CallbackAnswerTooLong: (400, "MESSAGE_TOO_LONG"),
    bots.CallbackDataInvalid: (400, "DATA_INVALID"),
    bots.CallbackQueryInvalid: (400, "QUERY_ID_INVALID"),
    privacy.UserPrivacyRestricted: (403, "USER_PRIVACY_RESTRICTED"),
    privacy.YourPrivacyRestricted: (403, "YOUR_PRIVACY_RESTRICTED"),
    relations.BlockedByPeer: (400, "USER_IS_BLOCKED"),
    relations.PeerBlockedByOwner: (400, "YOU_BLOCKED_USER"),
    relations.PeerDeactivated: (400, "INPUT_USER_DEACTIVATED"),
    relations.NotBegun: (400, "PEER_ID_INVALID"),
    relations.PeerIsBot: (400, "USER_IS_BOT"),
    files.ChecksumInvalid: (400, "MD5_CHECKSUM_INVALID"),
    files.FileNotFound: (400, "LOCATION_INVALID"),
    files.FilePartEmpty: (400, "FILE_PART_EMPTY"),
    files.FilePartInvalid: (400, "FILE_PART_INVALID"),
    files.FilePartSizeChanged: (400, "FILE_PART_SIZE_CHANGED"),
    files.FilePartSizeInvalid: (400, "FILE_PART_SIZE_INVALID"),
    files.FilePartTooBig: (400, "FILE_PART_TOO_BIG"),
    files.FilePartsInvalid: (400, "FILE_PARTS_INVALID"),
    files.FileReferenceEmpty: (400, "FILE_REFERENCE_EMPTY"),
    files.FileReferenceExpired: (400, "FILE_REFERENCE_EXPIRED"),
    files.FileReferenceInvalid: (400, "FILE_REFERENCE_INVALID"),
    files.ImageInvalid: (400, "IMAGE_PROCESS_FAILED"),
    files.LimitInvalid: (400, "LIMIT_INVALID"),
    files.OffsetInvalid: (400, "OFFSET_INVALID"),
    files.PhotoDimensionsInvalid: (400, "PHOTO_INVALID_DIMENSIONS"),
    files.PhotoFileInvalid: (400, "PHOTO_SAVE_FILE_INVALID"),
    files.PhotoFileMissing: (400, "PHOTO_FILE_MISSING"),
    files.PhotoTooSmall: (400, "PHOTO_CROP_SIZE_SMALL"),
    files.VideoFileInvalid: (400, "VIDEO_FILE_INVALID"),
    profiles.PhotoInvalid: (400, "PHOTO_INVALID"),
    profiles.PhotosTooMany: (400, "ALBUM_PHOTOS_TOO_MANY"),
    files.PhotoTypeInvalid: (400, "PHOTO_EXT_INVALID"),
    # A 500, for clients send these again by themselves.
    files.StorageAway: (500, "STORAGE_CHECK_FAILED"),
    # Of these three Telegram's list has none.
    files.QuotaExceeded: (400, "STORAGE_QUOTA_EXCEEDED"),
    files.StorageFull: (400, "STORAGE_FULL"),
    files.UploadsTooMany: (400, "UPLOADS_TOO_MUCH"),
    folders.FolderChatsTooMany: (400, "FILTER_INCLUDE_TOO_MUCH"),
    # Telegram's list has none of this one.
    folders.FolderExclusionsTooMany: (400, "FILTER_EXCLUDE_TOO_MUCH"),
    folders.FolderIdInvalid: (400, "FILTER_ID_INVALID"),
    folders.FolderIsEmpty: (400, "FILTER_INCLUDE_EMPTY"),
    folders.FolderLinkExpired: (400, "INVITE_SLUG_EXPIRED"),
    folders.FolderLinkPeersEmpty: (400, "PEERS_LIST_EMPTY"),
    folders.FolderLinkSlugEmpty: (400, "INVITE_SLUG_EMPTY"),
    folders.FolderLinksTooMany: (400, "INVITES_TOO_MUCH"),
    folders.FolderNotShareable: (400, "FILTER_NOT_SUPPORTED"),
    folders.FolderTitleEmpty: (400, "FILTER_TITLE_EMPTY"),
    folders.FolderTitleTooLong: (400, "MESSAGE_TOO_LONG"),
    folders.FoldersTooMany: (400, "DIALOG_FILTERS_TOO_MUCH"),
    folders.SharedFoldersTooMany: (400, "CHATLISTS_TOO_MUCH"),
    scheduled.ScheduleBotNotAllowed: (400, "SCHEDULE_BOT_NOT_ALLOWED"),
    scheduled.ScheduleDateInvalid: (400, "SCHEDULE_DATE_INVALID"),
    scheduled.ScheduleDateTooLate: (400, "SCHEDULE_DATE_TOO_LATE"),
    scheduled.ScheduleStatusPrivate: (400, "SCHEDULE_STATUS_PRIVATE"),
    scheduled.ScheduleTooMany: (400, "SCHEDULE_TOO_MUCH"),
    stickers.SetNameInvalid: (400, "SHORT_NAME_INVALID"),
    stickers.SetNameOccupied: (400, "SHORT_NAME_OCCUPIED"),
    stickers.SetTitleInvalid: (400, "PACK_TITLE_INVALID"),
    stickers.StickerEmojiInvalid: (400, "STICKER_EMOJI_INVALID"),
    stickers.StickerFileInvalid: (400, "STICKER_FILE_INVALID"),
    stickers.StickerInvalid: (400, "STICKER_INVALID"),
    stickers.StickerPngDimensions: (400, "STICKER_PNG_DIMENSIONS"),
    stickers.StickerPngInvalid: (400, "STICKER_PNG_NOPNG"),
    stickers.StickerSetInvalid: (400, "STICKERSET_INVALID"),
    # Telegram's list has none of this one.
    stickers.StickerSetsTooMany: (400, "STICKERSETS_TOO_MUCH"),
    stickers.StickersEmpty: (400, "STICKERS_EMPTY"),
    stickers.StickersTooMany: (400, "STICKERS_TOO_MUCH"),
    stickers.StickerTgsInvalid: (400, "STICKER_TGS_NOTGS"),
    stickers.StickerVideoBig: (400, "STICKER_VIDEO_BIG"),
    stickers.StickerVideoDimensions: (400, "STICKER_GIF_DIMENSIONS"),
    stickers.StickerVideoInvalid: (400, "STICKER_VIDEO_NOWEBM"),
    stickers.ThumbPngInvalid: (400, "STICKER_THUMB_PNG_NOPNG"),
    stickers.ThumbTgsInvalid: (400, "STICKER_THUMB_TGS_NOTGS"),
    messages.SlowModeOneByOne: (400, "SLOWMODE_MULTI_MSGS_DISABLED"),
    messages.TopicClosed: (400, "TOPIC_CLOSED"),
    messages.TopicDeleted: (400, "TOPIC_DELETED"),
    messages.CaptionTooLong: (400, "MEDIA_CAPTION_TOO_LONG"),
    messages.MediaForbidden: (403, "CHAT_SEND_MEDIA_FORBIDDEN"),
    messages.MediaDoesNotEnd: (400, "TTL_MEDIA_INVALID"),
    messages.LifetimeInvalid: (400, "TTL_PERIOD_INVALID"),
    messages.MediaNotChangeable: (400, "MEDIA_PREV_INVALID"),
    messages.NewMediaInvalid: (400, "MEDIA_NEW_INVALID"),
    messages.AlbumMediaInvalid: (400, "MEDIA_GROUPED_INVALID"),
    messages.VoiceForbidden: (400, "VOICE_MESSAGES_FORBIDDEN"),
    messages.EditForbidden: (403, "CHAT_WRITE_FORBIDDEN"),
    messages.EntitiesTooLong: (400, "ENTITIES_TOO_LONG"),
    messages.EntityBoundsInvalid: (400, "ENTITY_BOUNDS_INVALID"),
    messages.ForwardsRestricted: (400, "CHAT_FORWARDS_RESTRICTED"),
    messages.MessageAuthorRequired: (403, "MESSAGE_AUTHOR_REQUIRED"),
    messages.MessageDeleteForbidden: (403, "MESSAGE_DELETE_FORBIDDEN"),
    messages.MessageEditTimeExpired: (400, "MESSAGE_EDIT_TIME_EXPIRED"),
    messages.MessageEmpty: (400, "MESSAGE_EMPTY"),
    messages.MessageIdInvalid: (400, "MESSAGE_ID_INVALID"),
    messages.MessageNotModified: (400, "MESSAGE_NOT_MODIFIED"),
    messages.MessageTooLong: (400, "MESSAGE_TOO_LONG"),
    messages.MessageTooOld: (400, "MESSAGE_TOO_OLD"),
    messages.GroupTooLarge: (400, "CHAT_TOO_BIG"),
    messages.PeerHistoryEmpty: (400, "PEER_HISTORY_EMPTY"),
    messages.PinnedDialogsTooMany: (400, "PINNED_DIALOGS_TOO_MUCH"),
    messages.QuoteInvalid: (400, "QUOTE_TEXT_INVALID"),
    # Elsewhere a 500, which some clients send again and again: sent again it stays what it is.
    messages.RandomIdDuplicate: (400, "RANDOM_ID_DUPLICATE"),
    messages.RandomIdEmpty: (400, "RANDOM_ID_EMPTY"),
    messages.RandomIdInvalid: (400, "RANDOM_ID_INVALID"),
    forums.ForumMissing: (400, "CHANNEL_FORUM_MISSING"),
    forums.PinnedTopicsTooMany: (400, "PINNED_TOO_MUCH"),
    forums.TopicIconInvalid: (400, "TOPIC_ICON_COLOR_INVALID"),
    forums.TopicNotFound: (400, "TOPIC_ID_INVALID"),
    # Telegram's list has none of this one.
    forums.TopicsTooMany: (400, "TOPICS_TOO_MUCH"),
    forums.TopicTitleInvalid: (400, "TOPIC_TITLE_EMPTY"),
    channels.AdminUntouchable: (400, "USER_ADMIN_INVALID"),
    channels.AdminsTooMany: (400, "ADMINS_TOO_MUCH"),
    channels.BansInvalid: (400, "BANNED_RIGHTS_INVALID"),
    channels.BotsJoinAsAdmins: (400, "USER_BOT"),
    channels.ChannelNotFound: (400, "CHANNEL_INVALID"),
    channels.ChannelPrivate: (400, "CHANNEL_PRIVATE"),
    channels.ChannelTooBig: (400, "CHANNEL_TOO_BIG"),
    channels.ChannelNotPublic: (400, "CHAT_PUBLIC_REQUIRED"),
    channels.ChannelTooLarge: (400, "CHANNEL_TOO_LARGE"),
    channels.ChannelsTooMany: (400, "CHANNELS_TOO_MUCH"),
    channels.LinkInvalid: (400, "MEGAGROUP_PREHISTORY_HIDDEN"),
    channels.MemberInvalid: (400, "PARTICIPANT_ID_INVALID"),
    channels.NotABroadcast: (400, "BROADCAST_ID_INVALID"),
    channels.NotASupergroup: (400, "MEGAGROUP_ID_INVALID"),
    channels.OtherInTooManyChannels: (400, "USER_CHANNELS_TOO_MUCH"),
    channels.OwnerMustStay: (400, "USER_CREATOR"),
    channels.PasswordMissing: (400, "PASSWORD_MISSING"),
    channels.PublicChannelsTooMany: (400, "CHANNELS_ADMIN_PUBLIC_TOO_MUCH"),
    channels.RankHasEmoji: (400, "ADMIN_RANK_EMOJI_NOT_ALLOWED"),
    channels.RankInvalid: (400, "ADMIN_RANK_INVALID"),
    channels.RightsEmpty: (400, "RIGHTS_NOT_MODIFIED"),
    channels.SecondsInvalid: (400, "SECONDS_INVALID"),
    channels.UserBannedInChannel: (400, "USER_BANNED_IN_CHANNEL"),
    channels.UserKicked: (400, "USER_KICKED"),
    reactions.ReactionEmpty: (400, "REACTION_EMPTY"),
    reactions.ReactionInvalid: (400, "REACTION_INVALID"),
    reactions.ReactionListForbidden: (403, "BROADCAST_FORBIDDEN"),
    reactions.ReactionsTooMany: (400, "REACTIONS_TOO_MANY"),
    polls.OptionInvalid: (400, "OPTION_INVALID"),
    polls.OptionsTooMany: (400, "OPTIONS_TOO_MUCH"),
    polls.PollAnswerInvalid: (400, "POLL_ANSWER_INVALID"),
    polls.PollAnswersInvalid: (400, "POLL_ANSWERS_INVALID"),
    polls.PollClosed: (400, "MESSAGE_POLL_CLOSED"),
    polls.PollOptionDuplicate: (400, "POLL_OPTION_DUPLICATE"),
    polls.PollOptionInvalid: (400, "POLL_OPTION_INVALID"),
    # Telegram's list has none of this one.
    polls.PollPeriodInvalid: (400, "POLL_CLOSE_DATE_INVALID"),
    polls.PollQuestionInvalid: (400, "POLL_QUESTION_INVALID"),
    polls.QuizAnswerInvalid: (400, "QUIZ_CORRECT_ANSWER_INVALID"),
    polls.QuizAnswersEmpty: (400, "QUIZ_CORRECT_ANSWERS_EMPTY"),
    polls.QuizAnswersTooMany: (400, "QUIZ_CORRECT_ANSWERS_TOO_MUCH"),
    polls.QuizMultipleInvalid: (400, "QUIZ_MULTIPLE_INVALID"),
    polls.RevoteNotAllowed: (400, "REVOTE_NOT_ALLOWED"),
    polls.VoteRequired: (403, "POLL_VOTE_REQUIRED"),
    polls.VotesNotPublic: (403, "BROADCAST_FORBIDDEN"),
    polls.TodoItemDuplicate: (400, "TODO_ITEM_DUPLICATE"),
    polls.TodoItemsEmpty: (400, "TODO_ITEMS_EMPTY"),
    # Of these two Telegram's list has none.
    polls.TodoItemsTooMany: (400, "TODO_ITEMS_TOO_MUCH"),
    polls.TodoTitleInvalid: (400, "TODO_TITLE_INVALID"),
    polls.TodoNotModified: (400, "TODO_NOT_MODIFIED"),
    chats.BotGroupsBlocked: (400, "BOT_GROUPS_BLOCKED"),
    chats.ChatAboutNotModified: (400, "CHAT_ABOUT_NOT_MODIFIED"),
    chats.ChatAboutTooLong: (400, "CHAT_ABOUT_TOO_LONG"),
    chats.ChatAdminRequired: (400, "CHAT_ADMIN_REQUIRED"),
    chats.ChatFoundingForbidden: (403, "USER_RESTRICTED"),
    chats.ChatForbidden: (403, "CHAT_FORBIDDEN"),
    chats.ChatNotFound: (400, "PEER_ID_INVALID"),
    chats.ChatNotModified: (400, "CHAT_NOT_MODIFIED"),
    chats.ChatTitleEmpty: (400, "CHAT_TITLE_EMPTY"),
    chats.ChatWriteForbidden: (403, "CHAT_WRITE_FORBIDDEN"),
    chats.InviteHashExpired: (400, "INVITE_HASH_EXPIRED"),
    chats.InviteHashInvalid: (400, "INVITE_HASH_INVALID"),
    chats.InvitePermanent: (400, "CHAT_INVITE_PERMANENT"),
    chats.JoinRequestMissing: (400, "HIDE_REQUESTER_MISSING"),
    chats.JoinRequestSearchInvalid: (400, "SEARCH_WITH_LINK_NOT_SUPPORTED"),
    chats.JoinRequestSent: (400, "INVITE_REQUEST_SENT"),
    chats.JoinRequestsTooMany: (400, "CHANNELS_TOO_MUCH"),
    chats.UsageLimitInvalid: (400, "USAGE_LIMIT_INVALID"),
    chats.UserAlreadyParticipant: (400, "USER_ALREADY_PARTICIPANT"),
    chats.UserNotParticipant: (400, "USER_NOT_PARTICIPANT"),
    chats.UserNotMutualContact: (400, "USER_NOT_MUTUAL_CONTACT"),
    chats.UsersTooMany: (400, "USERS_TOO_MUCH"),
}


def rpc_error_for(error: DomainError) -> RpcError | None:
    """The wire's name of a domain error; None when the table has none, which is a bug."""
    if isinstance(error, FloodWait):
        return RpcError(420, "FLOOD_WAIT", max(1, error.seconds))
    if isinstance(error, messages.SlowMode):
        return RpcError(420, "SLOWMODE_WAIT", max(1, error.seconds))
    if isinstance(error, messages.MediaForbidden) and error.kind:
        return RpcError(403, f"CHAT_SEND_{error.kind.upper()}_FORBIDDEN")
    if isinstance(error, FilePartMissing):
        return RpcError(400, f"FILE_PART_{error.number}_MISSING")
    for kind in type(error).__mro__:
        entry = RPC_ERRORS.get(kind)
        if entry is not None:
            return RpcError(*entry)
    return None


def bad_request(type: str) -> RpcError:
    """``RpcError`` 400, the usual one."""
    return RpcError(400, type)


BOT_METHOD_INVALID = (400, "BOT_METHOD_INVALID")
USER_BOT_REQUIRED = (400, "USER_BOT_REQUIRED")
AUTH_KEY_UNREGISTERED = (401, "AUTH_KEY_UNREGISTERED")
METHOD_NOT_IMPL = (400, "METHOD_NOT_IMPL")
INTERNAL = (500, "INTERNAL")
