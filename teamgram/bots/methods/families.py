"""All methods of the Bot API, put together when a bot first calls one."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.downloads import Downloads
from teamgram.bots.file_ids import FileIds
from teamgram.bots.inline_results import GivenResults
from teamgram.bots.input_media import GivenMedia
from teamgram.bots.link_previews import GivenPreviews
from teamgram.bots.methods.chats import BotChats
from teamgram.bots.methods.editing import BotEditing
from teamgram.bots.methods.files import BotFiles
from teamgram.bots.methods.inline import BotInlineAnswers
from teamgram.bots.methods.invites import BotInvites
from teamgram.bots.methods.members import BotMembers
from teamgram.bots.methods.photos import BotPhotos
from teamgram.bots.methods.polls import BotPolls
from teamgram.bots.methods.profile import BotProfile
from teamgram.bots.methods.reactions import BotReactions
from teamgram.bots.methods.sending import BotSending
from teamgram.bots.methods.stickers import BotStickers
from teamgram.bots.methods.topics import BotTopics
from teamgram.bots.methods.updates import BotUpdatesTaking
from teamgram.bots.registry import ApiCall, handlers_of
from teamgram.bots.table import declared_methods
from teamgram.bots.views.media import MediaViews
from teamgram.bots.views.messages import BotMessageViews
from teamgram.bots.views.updates import BotUpdateViews
from teamgram.bots.webhooks import Webhooks
from teamgram.domain.domain import Domain


class ApiFamilies:
    """What bots may call.

    Attributes:
        call: makes a call for a handler.
        declared: every method of the original, by its name in lower case.
        downloads: files by the path that ``getFile`` told.
        handlers: who answers, by the method's name in lower case.
    """

    call = ApiCall

    def __init__(
        self, domain: Domain, file_ids: FileIds, media: MediaViews, messages: BotMessageViews,
        updates: BotUpdateViews, webhooks: Webhooks, clock: Any,
    ) -> None:  # fmt: skip
        self.declared = declared_methods()
        self.downloads = Downloads(domain, file_ids)
        conversations = Conversations(domain, clock)
        previews = GivenPreviews(domain)
        sending = BotSending(domain, conversations, previews, messages, clock)
        given = GivenMedia(domain, file_ids, self.downloads)
        families = (
            BotProfile(domain, conversations),
            BotUpdatesTaking(domain, updates, webhooks),
            sending,
            BotEditing(domain, conversations, given, previews, messages, clock),
            BotFiles(sending, given, self.downloads),
            BotChats(domain, conversations, messages, media, clock),
            BotInlineAnswers(domain, conversations, GivenResults(conversations, given)),
            BotMembers(domain, conversations, clock),
            BotInvites(domain, conversations, clock),
            BotPolls(domain, conversations, sending),
            BotPhotos(domain, conversations, given, media, clock),
            BotReactions(domain, conversations, clock),
            BotTopics(domain, conversations, clock),
            BotStickers(domain, conversations, given, media),
        )
        self.handlers = handlers_of(families)
