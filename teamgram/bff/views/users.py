"""Users as a given viewer sees them: names as saved, phone and status as privacy allows."""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, NamedTuple

from teamgram.bff.views.media import user_photo_view
from teamgram.domain.contacts.book import AddressBook, Contact
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.sight import (
    STRANGER,
    PhotoSight,
    Seen,
    are_strangers,
    last_seen,
    photo_sight,
    visible_phone,
)
from teamgram.domain.files.file import Avatar
from teamgram.domain.presence.presence import Presence, Status
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.privacy.rules import PrivacyRules
from teamgram.domain.users.user import User
from teamgram.domain.users.users import Users
from teamgram.mtproto.tl import tl

_DAY = 86_400


class SeenStatus(NamedTuple):
    """The constructor of ``UserStatus`` and its number (unix seconds), 0 where it has none.

    ``by_me``: it is rough because the viewer hides theirs.
    """

    name: str
    at: int = 0
    by_me: bool = False


class SeenUser(NamedTuple):
    """What of a ``user`` is not the same for everybody: two viewers for whom this is equal see the same."""

    is_self: bool
    contact: Contact | None
    phone: str
    status: SeenStatus | None
    photo: Avatar | None


_RECENTLY, _EMPTY = SeenStatus("userStatusRecently"), SeenStatus("userStatusEmpty")
_RECENTLY_BY_ME = SeenStatus("userStatusRecently", by_me=True)


class UserViews:
    """Renders users.

    ``cached`` is the way of hot paths: it never waits, and says None when
    something it needs is not in memory. ``render`` always answers.
    """

    def __init__(self, users: Users, contacts: Contacts, presence: Presence, privacy: Privacy, dc_id: int) -> None:
        self._dc_id = dc_id
        self._users = users
        self._contacts = contacts
        self._presence = presence
        self._privacy = privacy
        self._strangers: dict[int, tuple[User, Status, PrivacyRules, SeenUser, Any]] = {}
        self._strangers_at = 0

    def cached(self, viewer_id: int, user_ids: Iterable[int]) -> list[Any] | None:
        """``user`` objects for the viewer in the given order, or None: ask ``render``."""
        book = self._contacts.cached(viewer_id)
        own = self._privacy.cached(viewer_id)
        if book is None or own is None:
            return None
        now = self._presence.now()
        views = []
        for user_id in user_ids:
            user = self._users.cached(user_id)
            status = self._presence.cached(user_id)
            rules = self._privacy.cached(user_id)
            if user is None or status is None or rules is None:
                return None
            if are_strangers(book, own, user_id, rules):
                views.append(self._to_strangers(user, status, rules, now)[1])
            else:
                views.append(user_view(user, book, own, status, rules, now, self._dc_id))
        return views

    def seen(self, viewer_id: int, user_ids: Sequence[int]) -> tuple[SeenUser, ...] | None:
        """What is the viewer's own in what ``cached`` would give, or None with it."""
        book = self._contacts.cached(viewer_id)
        own = self._privacy.cached(viewer_id)
        if book is None or own is None:
            return None
        now = self._presence.now()
        seen = []
        for user_id in user_ids:
            user = self._users.cached(user_id)
            status = self._presence.cached(user_id)
            rules = self._privacy.cached(user_id)
            if user is None or status is None or rules is None:
                return None
            if are_strangers(book, own, user_id, rules):
                seen.append(self._to_strangers(user, status, rules, now)[0])
            else:
                seen.append(how_seen(user, book, own, status, rules, now))
        return tuple(seen)

    def _to_strangers(self, user: User, status: Status, rules: PrivacyRules, now: int) -> tuple[SeenUser, Any]:
        """What all see in the same way to whom the user is nobody, and its view: made once a second for all of them."""
        if now != self._strangers_at:
            self._strangers_at = now
            self._strangers.clear()
        known = self._strangers.get(user.id)
        # Each of them is replaced as a whole when it changes.
        if known is None or known[0] is not user or known[1] is not status or known[2] is not rules:
            seen = how_seen(user, STRANGER, {}, status, rules, now)
            known = self._strangers[user.id] = user, status, rules, seen, _seen_view(user, seen, self._dc_id)
        return known[3:]

    def minimal(self, user_ids: Sequence[int]) -> list[Any] | None:
        """``user`` objects with ``min``, which are the same for all; None: something is not in memory."""
        now = self._presence.now()
        views = []
        for user_id in user_ids:
            user = self._users.cached(user_id)
            status = self._presence.cached(user_id)
            rules = self._privacy.cached(user_id)
            if user is None or status is None or rules is None:
                return None
            view = copy(self._to_strangers(user, status, rules, now)[1])
            view.min = True
            views.append(view)
        return views

    async def load_alike(self, user_ids: Sequence[int]) -> None:
        """Have in memory what ``minimal`` needs of these."""
        users = await self._users.get(user_ids)
        await self._presence.get(users)
        await self._privacy.get(users)

    async def render(self, viewer_id: int, user_ids: Iterable[int]) -> list[Any]:
        """``user`` objects for the viewer in the given order, each once; ids that nobody has are left out."""
        ids = list(dict.fromkeys(user_ids))
        at_once = self.cached(viewer_id, ids)
        if at_once is not None:
            return at_once
        users = await self._users.get(ids)
        book = await self._contacts.book(viewer_id)
        statuses = await self._presence.get(users)
        rules = await self._privacy.get({*users, viewer_id})
        own, now = rules[viewer_id], self._presence.now()
        return [
            user_view(users[user_id], book, own, statuses[user_id], rules[user_id], now, self._dc_id)
            for user_id in ids
            if user_id in users
        ]


def user_view(
    user: User, book: AddressBook, own: PrivacyRules, status: Status, rules: PrivacyRules, now: int, dc_id: int
) -> Any:
    """``user`` as the owner of ``book`` sees them.

    Args:
        own: the viewer's own privacy rules.
        rules: the privacy rules of ``user``.
        now: unix seconds.
        dc_id: where clients get photos.
    """
    return _seen_view(user, how_seen(user, book, own, status, rules, now), dc_id)


def _seen_view(user: User, seen: SeenUser, dc_id: int) -> Any:
    if user.is_deleted:
        return tl.user(id=user.id, access_hash=user.access_hash, deleted=True)
    contact = seen.contact
    return tl.user(
        id=user.id,
        self=seen.is_self,
        contact=contact is not None,
        mutual_contact=contact is not None and contact.is_mutual,
        close_friend=contact is not None and contact.is_close_friend,
        bot=user.is_bot,
        verified=user.is_verified,
        support=user.is_support,
        access_hash=user.access_hash,
        first_name=contact.first_name if contact is not None else user.first_name,
        last_name=(contact.last_name if contact is not None else user.last_name) or None,
        username=user.username or None,
        phone=seen.phone or None,
        photo=user_photo_view(seen.photo, dc_id, personal=contact is not None and contact.photo is not None),
        status=None if seen.status is None else _status_view(seen.status),
        bot_info_version=user.traits.version if user.is_bot else None,
        bot_chat_history=user.traits.hears_all,
        bot_nochats=user.traits.no_groups,
        bot_inline_geo=user.traits.inline_geo,
        bot_inline_placeholder=user.traits.inline,
    )


def how_seen(
    user: User, book: AddressBook, own: PrivacyRules, status: Status, rules: PrivacyRules, now: int
) -> SeenUser:
    """What the owner of ``book`` sees of ``user`` in their own way; arguments as for ``user_view``."""
    return SeenUser(
        user.id == book.owner_id,
        book.contacts.get(user.id),
        visible_phone(user, book, rules),
        None if user.is_bot else visible_status(user.id, book, own, status, rules, now),
        visible_photo(user, book, rules),
    )


def visible_photo(user: User, book: AddressBook, rules: PrivacyRules) -> Avatar | None:
    """The user's photo as the owner of ``book`` sees it: what they gave a contact themselves before all else."""
    contact = book.contacts.get(user.id)
    if contact is not None and contact.photo is not None:
        return contact.photo
    if user.photo is None and user.fallback_photo is None:
        return None
    sight = photo_sight(book, user.id, rules)
    if sight is PhotoSight.PHOTOS:
        return user.photo
    return user.fallback_photo if sight is PhotoSight.FALLBACK else None


def status_view(
    user_id: int, book: AddressBook, own: PrivacyRules, status: Status, rules: PrivacyRules, now: int
) -> Any:
    """``UserStatus`` as the owner of ``book`` may see it; arguments as for ``user_view``."""
    return _status_view(visible_status(user_id, book, own, status, rules, now))


def _status_view(seen: SeenStatus) -> Any:
    name, at, by_me = seen
    if name == "userStatusOnline":
        return tl.userStatusOnline(expires=at)
    if name == "userStatusOffline":
        return tl.userStatusOffline(was_online=at)
    return getattr(tl, name)(by_me=by_me) if by_me else getattr(tl, name)()


def visible_status(
    user_id: int, book: AddressBook, own: PrivacyRules, status: Status, rules: PrivacyRules, now: int
) -> SeenStatus:
    """The user's status as the owner of ``book`` may see it: exact, roughly, or not at all."""
    if user_id in book.blocked_by:
        return _EMPTY
    seen = last_seen(book, own, user_id, rules)
    online = status.online and status.at > now
    if not online and not status.at:
        return _EMPTY
    if seen is Seen.EXACTLY:
        return SeenStatus("userStatusOnline" if online else "userStatusOffline", status.at)
    by_me = seen is Seen.ROUGHLY_BY_ME
    days = 0.0 if online else (now - status.at) / _DAY
    # "Recently" is up to three days, then a week, then a month, as the official apps word it.
    if days <= 3:
        return _RECENTLY_BY_ME if by_me else _RECENTLY
    if days <= 7:
        return SeenStatus("userStatusLastWeek", by_me=by_me)
    return SeenStatus("userStatusLastMonth", by_me=by_me) if days <= 30 else _EMPTY
