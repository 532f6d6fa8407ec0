"""``userFull``: what a profile page shows."""

from dataclasses import dataclass
from typing import Any, Protocol

from teamgram.bff.views.bots import bot_info_view
from teamgram.bff.views.channels import admin_rights_view
from teamgram.bff.views.media import FileViews
from teamgram.bff.views.notifications import notify_settings_view
from teamgram.bff.views.wallpapers import wallpaper_view
from teamgram.domain.bots.bots import Bots
from teamgram.domain.contacts.book import AddressBook
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.sight import sees
from teamgram.domain.dialogs.wallpapers import Background
from teamgram.domain.privacy.keys import ABOUT, BIRTHDAY, VOICE_MESSAGES
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.profiles.photos import ProfilePhotos
from teamgram.domain.users.notifications import UNCHANGED, NotificationSettings
from teamgram.domain.users.user import SERVICE_USER_ID, User
from teamgram.domain.users.users import Users
from teamgram.mtproto.tl import tl


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a profile says of the private chat with that user."""

    pinned_message_id: int = 0
    common_chats_count: int = 0
    folder_id: int = 0
    background: Background | None = None
    has_scheduled: bool = False
    lifetime: int = 0


class PrivateChats(Protocol):
    """Tells of private chats."""

    async def with_user(self, owner_id: int, user_id: int) -> Conversation:
        """The owner's chat with that user; an empty one when there is none."""


class FullUserViews:
    """Renders ``userFull``."""

    def __init__(
        self,
        users: Users,
        contacts: Contacts,
        privacy: Privacy,
        notifications: NotificationSettings,
        photos: ProfilePhotos,
        bots: Bots,
        files: FileViews,
        conversations: PrivateChats | None = None,
    ) -> None:
        self._users = users
        self._contacts = contacts
        self._privacy = privacy
        self._notifications = notifications
        self._photos = photos
        self._bots = bots
        self._files = files
        self._conversations = conversations

    async def _language(self, user_id: int) -> str:
        """Two letters of the language of somebody's app, or nothing."""
        return (await self._users.require(user_id)).lang_code[:2].lower()

    async def render(self, viewer_id: int, user: User) -> Any:
        """``userFull`` of ``user`` as the viewer may see it."""
        book = await self._contacts.book(viewer_id)
        rules = (await self._privacy.get([user.id]))[user.id]
        chosen = (await self._notifications.get(viewer_id)).get(str(user.id), UNCHANGED)
        conversation = Conversation()
        if self._conversations is not None:
            conversation = await self._conversations.with_user(viewer_id, user.id)
        behind = conversation.background
        contact = book.contacts.get(user.id)
        photos = await self._photos.full(viewer_id, user)
        bot = (await self._bots.get([user.id])).get(user.id) if user.is_bot else None
        menu, lang_code, about = None, "", user.about
        if bot is not None:
            menu, lang_code = await self._bots.menu(user.id, viewer_id), await self._language(viewer_id)
            about = bot.details.wording(lang_code).about or about
        return tl.userFull(
            id=user.id,
            blocked=user.id in book.blocked,
            # Who is blocked is not told so by this.
            voice_messages_forbidden=user.id not in book.blocked_by and not sees(book, user.id, rules, VOICE_MESSAGES),
            can_pin_message=True,
            has_scheduled=conversation.has_scheduled,
            ttl_period=conversation.lifetime or None,
            about=(about or None) if sees(book, user.id, rules, ABOUT) else None,
            settings=peer_settings_view(book, user),
            personal_photo=self._files.on_profile(photos.personal, user.id),
            profile_photo=self._files.on_profile(photos.profile, user.id),
            fallback_photo=self._files.on_profile(photos.fallback, user.id),
            notify_settings=notify_settings_view(chosen),
            bot_info=bot_info_view(user, bot, user.id, lang_code, menu) if user.is_bot else None,
            bot_group_admin_rights=_rights_view(bot.details.group_rights) if bot is not None else None,
            bot_broadcast_admin_rights=_rights_view(bot.details.channel_rights) if bot is not None else None,
            pinned_msg_id=conversation.pinned_message_id or None,
            common_chats_count=conversation.common_chats_count,
            folder_id=conversation.folder_id or None,
            wallpaper_overridden=behind is not None and behind.overridden,
            wallpaper=wallpaper_view(behind.wallpaper, viewer_id, self._files) if behind is not None else None,
            birthday=birthday_view(user.birthday) if sees(book, user.id, rules, BIRTHDAY) else None,
            note=tl.textWithEntities(text=contact.note, entities=[]) if contact is not None and contact.note else None,
        )


def _rights_view(rights: int) -> Any:
    return admin_rights_view(rights) if rights else None


def peer_settings_view(book: AddressBook, user: User, *, hidden: bool = False) -> Any:
    """``peerSettings``: the bar above the chat with somebody who is not in the book yet.

    Args:
        hidden: the owner closed the bar.
    """
    stranger = not (
        hidden
        or user.id in book.contacts
        or user.id in (book.owner_id, SERVICE_USER_ID)
        or user.is_bot
        or user.is_deleted
    )
    return tl.peerSettings(
        add_contact=stranger, block_contact=stranger and user.id not in book.blocked, report_spam=stranger
    )


def birthday_view(birthday: str) -> Any:
    """``birthday`` of "YYYY-MM-DD" (year 0000: not told), None of an empty string."""
    if not birthday:
        return None
    year, month, day = (int(part) for part in birthday.split("-"))
    return tl.birthday(day=day, month=month, year=year or None)
