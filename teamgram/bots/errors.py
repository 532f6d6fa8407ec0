"""What the Bot API answers when it refuses: codes and descriptions that libraries read.

The descriptions are telegram-bot-api's (Client.cpp: ``fail_query_with_error`` and the checks of each method).
"""

import re
from typing import Any

from teamgram.domain.bots import errors as bots
from teamgram.domain.channels import errors as channels
from teamgram.domain.chats import errors as chats
from teamgram.domain.contacts import relations
from teamgram.domain.errors import DomainError, FloodWait
from teamgram.domain.files import errors as files
from teamgram.domain.forums import errors as forums
from teamgram.domain.ids.username import UsernameInvalid
from teamgram.domain.messages import errors as messages
from teamgram.domain.polls import errors as polls
from teamgram.domain.privacy import errors as privacy
from teamgram.domain.reactions import errors as reactions
from teamgram.domain.stickers import errors as stickers
from teamgram.domain.users.names import AboutTooLong, FirstNameInvalid
from teamgram.domain.users.user import UserNotFound
from teamgram.domain.users.users import UsernameOccupied
from teamgram.domain.web_pages import errors as pages


class ApiError(Exception):
    """A refusal.

    Attributes:
        code: also the HTTP status.
        parameters: what a library may act on (``retry_after``, ``migrate_to_chat_id``).
    """

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters or {}


def bad_request(text: str) -> ApiError:
    """400."""
    return ApiError(400, f"Bad Request: {text}")


def forbidden(text: str) -> ApiError:
    """403."""
    return ApiError(403, f"Forbidden: {text}")


def moved(chat_id: int) -> ApiError:
    """400: the group is a supergroup now."""
    text = "Bad Request: group chat was upgraded to a supergroup chat"
    return ApiError(400, text, {"migrate_to_chat_id": chat_id})


def too_many(seconds: int) -> ApiError:
    """429."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


UNAUTHORIZED = ApiError(401, "Unauthorized")
METHOD_NOT_FOUND = ApiError(404, "Not Found: method not found")
NOT_FOUND = ApiError(404, "Not Found")
NOT_HERE = ApiError(400, "Bad Request: method is not available on this server")
TOO_LARGE = ApiError(413, "Request Entity Too Large")
URI_TOO_LONG = ApiError(414, "Request-URI Too Long")
HEADERS_TOO_LARGE = ApiError(431, "Request Header Fields Too Large")

_REFUSALS: dict[type[DomainError], ApiError] = {
    bots.TakenElsewhere: ApiError(
        409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    ),
    bots.BotCommandInvalid: bad_request("BOT_COMMAND_INVALID"),
    bots.BotCommandDescriptionInvalid: bad_request("BOT_COMMAND_DESCRIPTION_INVALID"),
    bots.BotCommandsTooMany: bad_request("BOT_COMMANDS_TOO_MUCH"),
    bots.BotDescriptionTooLong: bad_request("BOT_DESCRIPTION_TOO_LONG"),
    bots.InlineQueryInvalid: bad_request("query is too old and response timeout expired or query ID is invalid"),
    bots.InlineResultsInvalid: bad_request("RESULTS_TOO_MUCH"),
    bots.ResultIdInvalid: bad_request("RESULT_ID_INVALID"),
    bots.LangCodeInvalid: bad_request("LANG_CODE_INVALID"),
    bots.MenuButtonInvalid: bad_request("BUTTON_INVALID"),
    bots.CallbackAnswerTooLong: bad_request("MESSAGE_TOO_LONG"),
    bots.CallbackQueryInvalid: bad_request("query is too old and response timeout expired or query ID is invalid"),
    channels.ChannelNotFound: bad_request("chat not found"),
    channels.ChannelPrivate: forbidden("bot is not a member of the channel chat"),
    channels.AdminUntouchable: bad_request("not enough rights to change this administrator"),
    channels.BotsJoinAsAdmins: bad_request("USER_BOT"),
    channels.MemberInvalid: bad_request("PARTICIPANT_ID_INVALID"),
    channels.RankInvalid: bad_request("ADMIN_RANK_INVALID"),
    channels.RankHasEmoji: bad_request("ADMIN_RANK_EMOJI_NOT_ALLOWED"),
    channels.RightsEmpty: bad_request("RIGHTS_NOT_MODIFIED"),
    channels.UserBannedInChannel: bad_request("not enough rights to send text messages to the chat"),
    channels.UserKicked: bad_request("USER_KICKED"),
    chats.ChatNotFound: bad_request("chat not found"),
    chats.ChatWriteForbidden: bad_request("not enough rights to send text messages to the chat"),
    chats.ChatAdminRequired: bad_request("not enough rights"),
    chats.ChatForbidden: forbidden("bot was kicked from the group chat"),
    forums.ForumMissing: bad_request("the chat is not a forum"),
    forums.TopicIconInvalid: bad_request("ICON_COLOR_INVALID"),
    forums.TopicNotFound: bad_request("TOPIC_ID_INVALID"),
    forums.TopicTitleInvalid: bad_request("TOPIC_TITLE_EMPTY"),
    files.FileNotFound: bad_request("wrong file_id or the file is temporarily unavailable"),
    files.FilePartsInvalid: bad_request("file must be non-empty"),
    files.ImageInvalid: bad_request("IMAGE_PROCESS_FAILED"),
    files.PhotoDimensionsInvalid: bad_request("PHOTO_INVALID_DIMENSIONS"),
    files.PhotoTypeInvalid: bad_request("PHOTO_EXT_INVALID"),
    files.StorageFull: ApiError(500, "Internal Server Error: the server has no room for files"),
    messages.TopicClosed: bad_request("TOPIC_CLOSED"),
    messages.TopicDeleted: bad_request("message thread not found"),
    messages.MessageEmpty: bad_request("message text is empty"),
    messages.MessageTooLong: bad_request("message is too long"),
    messages.CaptionTooLong: bad_request("message caption is too long"),
    messages.MessageIdInvalid: bad_request("message not found"),
    messages.MessageNotModified: bad_request(
        "message is not modified: specified new message content and reply markup are exactly the same as a current "
        "content and reply markup of the message"
    ),
    messages.MessageAuthorRequired: bad_request("message can't be edited"),
    messages.MessageEditTimeExpired: bad_request("message can't be edited"),
    messages.MessageDeleteForbidden: bad_request("message can't be deleted"),
    messages.EntityBoundsInvalid: bad_request("can't parse entities: an entity lies outside of the text"),
    messages.QuoteInvalid: bad_request("QUOTE_TEXT_INVALID"),
    messages.MediaNotChangeable: bad_request("message can't be edited"),
    messages.NewMediaInvalid: bad_request("MEDIA_NEW_INVALID"),
    messages.AlbumMediaInvalid: bad_request("MEDIA_GROUPED_INVALID"),
    messages.VoiceForbidden: bad_request("VOICE_MESSAGES_FORBIDDEN"),
    messages.EntitiesTooLong: bad_request("ENTITIES_TOO_LONG"),
    messages.EditForbidden: bad_request("message can't be edited"),
    chats.ChatNotModified: bad_request("CHAT_NOT_MODIFIED"),
    chats.ChatAboutNotModified: bad_request("chat description is not modified"),
    chats.ChatAboutTooLong: bad_request("chat description is too long"),
    chats.ChatTitleEmpty: bad_request("title must be non-empty"),
    chats.InviteHashExpired: bad_request("INVITE_HASH_EXPIRED"),
    chats.InviteHashInvalid: bad_request("INVITE_HASH_INVALID"),
    chats.JoinRequestMissing: bad_request("HIDE_REQUESTER_MISSING"),
    chats.UsageLimitInvalid: bad_request("USAGE_LIMIT_INVALID"),
    chats.UserNotParticipant: bad_request("USER_NOT_PARTICIPANT"),
    chats.UserAlreadyParticipant: bad_request("USER_ALREADY_PARTICIPANT"),
    pages.ExternalFilesOff: bad_request("failed to get HTTP URL content: this server fetches no files"),
    pages.PageUrlInvalid: bad_request("wrong HTTP URL specified"),
    pages.PageNotFetched: bad_request("failed to get HTTP URL content"),
    files.PhotoFileInvalid: bad_request("file is too big"),
    files.QuotaExceeded: bad_request("the bot's room for files is used up"),
    messages.ForwardsRestricted: bad_request("message can't be forwarded"),
    reactions.ReactionInvalid: bad_request("REACTION_INVALID"),
    reactions.ReactionsTooMany: bad_request("REACTIONS_TOO_MANY"),
    stickers.SetNameInvalid: bad_request("invalid sticker set name is specified"),
    stickers.SetNameOccupied: bad_request("sticker set name is already occupied"),
    stickers.SetTitleInvalid: bad_request("invalid sticker set title is specified"),
    stickers.StickerPngInvalid: bad_request("STICKER_PNG_NOPNG"),
    stickers.StickerSetInvalid: bad_request("STICKERSET_INVALID"),
    stickers.StickerSetsTooMany: bad_request("STICKERSETS_TOO_MUCH"),
    stickers.StickersTooMany: bad_request("STICKERS_TOO_MUCH"),
    stickers.StickerTgsInvalid: bad_request("STICKER_TGS_NOTGS"),
    stickers.StickerVideoDimensions: bad_request("STICKER_GIF_DIMENSIONS"),
    stickers.StickerVideoInvalid: bad_request("STICKER_VIDEO_NOWEBM"),
    stickers.ThumbPngInvalid: bad_request("STICKER_THUMB_PNG_NOPNG"),
    stickers.ThumbTgsInvalid: bad_request("STICKER_THUMB_TGS_NOTGS"),
    polls.PollAnswersInvalid: bad_request("poll must have from 2 to 12 answers"),
    polls.PollAnswerInvalid: bad_request("poll options must be non-empty and have 100 characters at most"),
    polls.PollClosed: bad_request("poll has already been closed"),
    polls.PollPeriodInvalid: bad_request("poll can't be open for that long"),
    polls.PollQuestionInvalid: bad_request("poll question must be non-empty and have 300 characters at most"),
    polls.QuizAnswersEmpty: bad_request("correct option must be specified"),
    polls.QuizAnswerInvalid: bad_request("wrong correct option ID specified"),
    polls.QuizMultipleInvalid: bad_request("quiz polls can't allow multiple answers"),
    privacy.UserPrivacyRestricted: forbidden("user privacy settings"),
    relations.BlockedByPeer: forbidden("bot was blocked by the user"),
    relations.NotBegun: forbidden("bot can't initiate conversation with a user"),
    relations.PeerBlockedByOwner: forbidden("bot has blocked the user"),
    relations.PeerDeactivated: forbidden("user is deactivated"),
    relations.PeerIsBot: forbidden("bot can't send messages to bots"),
    AboutTooLong: bad_request("chat description is too long"),
    FirstNameInvalid: bad_request("BOT_TITLE_INVALID"),
    UserNotFound: bad_request("user not found"),
    UsernameInvalid: bad_request("USERNAME_INVALID"),
    UsernameOccupied: bad_request("USERNAME_OCCUPIED"),
}


def refusal_of(error: DomainError) -> ApiError:
    """What a fact that the domain refuses with is called here."""
    if isinstance(error, FloodWait):
        return too_many(error.seconds)
    for kind in type(error).__mro__:
        found = _REFUSALS.get(kind)
        if found is not None:
            return found
    if isinstance(error, messages.MediaForbidden):
        return bad_request(f"not enough rights to send {error.kind or 'media'} to the chat")
    # As MTProto writes names: nobody reads these, and the name tells what it is.
    return bad_request(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).upper())
