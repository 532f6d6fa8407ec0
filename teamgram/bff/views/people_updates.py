"""What happened to users, as ``Update`` for one viewer."""

from typing import Any

from teamgram.bff.views.full_users import peer_settings_view
from teamgram.bff.views.notifications import notify_settings_view
from teamgram.bff.views.privacy import privacy_rule_view
from teamgram.bff.views.users import UserViews, status_view
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.presence.presence import Presence
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.privacy.rules import rules_for
from teamgram.domain.updates import events
from teamgram.domain.users.notifications import NotificationSettings, in_scope
from teamgram.domain.users.users import Users
from teamgram.mtproto.tl import tl

_PEER = {
    PeerKind.USER: ("peerUser", "user_id"),
    PeerKind.CHAT: ("peerChat", "chat_id"),
    PeerKind.CHANNEL: ("peerChannel", "channel_id"),
}


class PeopleUpdates:
    """Renders the transient events about users. Finishes without waiting when all it needs is in memory."""

    def __init__(
        self,
        users: Users,
        contacts: Contacts,
        presence: Presence,
        privacy: Privacy,
        notifications: NotificationSettings,
        views: UserViews,
    ) -> None:
        self._users = users
        self._contacts = contacts
        self._presence = presence
        self._privacy = privacy
        self._notifications = notifications
        self._views = views
        self._renderers: dict[type[Any], Any] = {
            events.UserStatusChanged: self._status,
            events.UserNameChanged: self._name,
            events.UserPhoneChanged: self._phone,
            events.UserChanged: self._user,
            events.PeerBlockedChanged: self._blocked,
            events.PeerSettingsChanged: self._settings,
            events.NotifySettingsChanged: self._notify,
            events.PrivacyChanged: self._privacy_changed,
            events.NewAuthorization: self._new_authorization,
            events.LoginTokenAccepted: self._login_token,
        }

    def handles(self, event: object) -> bool:
        """Whether ``render`` knows this kind of event."""
        return type(event) in self._renderers

    async def render(self, viewer_id: int, event: Any) -> tuple[list[Any], tuple[int, ...]]:
        """(each ``Update``, the users that have to come with them) for one viewer."""
        renderer: Any = self._renderers[type(event)]
        update, users = await renderer(viewer_id, event)
        return update if isinstance(update, list) else [update], users

    async def _status(self, viewer_id: int, event: events.UserStatusChanged) -> tuple[Any, tuple[int, ...]]:
        user_id = event.user_id
        book = await self._contacts.book(viewer_id)
        status = (await self._presence.get([user_id]))[user_id]
        rules = await self._privacy.get([user_id, viewer_id])
        seen = status_view(user_id, book, rules[viewer_id], status, rules[user_id], self._presence.now())
        return tl.updateUserStatus(user_id=user_id, status=seen), ()

    async def _name(self, viewer_id: int, event: events.UserNameChanged) -> tuple[Any, tuple[int, ...]]:
        (view,) = await self._views.render(viewer_id, [event.user_id])
        # As the viewer saved them, so that a contact keeps the viewer's name for them.
        update = tl.updateUserName(
            user_id=event.user_id,
            first_name=view.first_name or "",
            last_name=view.last_name or "",
            usernames=[tl.username(editable=True, active=True, username=view.username)] if view.username else [],
        )
        return update, (event.user_id,)

    async def _phone(self, viewer_id: int, event: events.UserPhoneChanged) -> tuple[Any, tuple[int, ...]]:
        (view,) = await self._views.render(viewer_id, [event.user_id])
        if view.phone != event.phone:  # not for this viewer's eyes
            return tl.updateUser(user_id=event.user_id), (event.user_id,)
        return tl.updateUserPhone(user_id=event.user_id, phone=event.phone), (event.user_id,)

    async def _user(self, viewer_id: int, event: events.UserChanged) -> tuple[Any, tuple[int, ...]]:
        return tl.updateUser(user_id=event.user_id), (event.user_id,)

    async def _blocked(self, viewer_id: int, event: events.PeerBlockedChanged) -> tuple[Any, tuple[int, ...]]:
        update = tl.updatePeerBlocked(peer_id=tl.peerUser(user_id=event.user_id), blocked=event.blocked)
        return update, (event.user_id,)

    async def _settings(self, viewer_id: int, event: events.PeerSettingsChanged) -> tuple[list[Any], tuple[int, ...]]:
        book = await self._contacts.book(viewer_id)
        users = await self._users.get(event.user_ids)
        updates = [
            tl.updatePeerSettings(peer=tl.peerUser(user_id=user_id), settings=peer_settings_view(book, users[user_id]))
            for user_id in event.user_ids
            if user_id in users
        ]
        return updates, tuple(users)

    async def _notify(self, viewer_id: int, event: events.NotifySettingsChanged) -> tuple[Any, tuple[int, ...]]:
        chosen = in_scope(await self._notifications.get(viewer_id), event.scope)
        users: tuple[int, ...] = ()
        kinds = {"users": tl.notifyUsers, "chats": tl.notifyChats, "broadcasts": tl.notifyBroadcasts}
        if event.scope in kinds:
            where = kinds[event.scope]()
        else:
            peer = Peer.from_marked(int(event.scope))
            constructor, field = _PEER[peer.kind]
            where = tl.notifyPeer(peer=getattr(tl, constructor)(**{field: peer.id}))
            users = (peer.id,) if peer.kind is PeerKind.USER else ()
        return tl.updateNotifySettings(peer=where, notify_settings=notify_settings_view(chosen)), users

    async def _privacy_changed(self, viewer_id: int, event: events.PrivacyChanged) -> tuple[Any, tuple[int, ...]]:
        rules = rules_for((await self._privacy.get([viewer_id]))[viewer_id], event.key)
        update = tl.updatePrivacy(
            key=getattr(tl, f"privacyKey{event.key}")(), rules=[privacy_rule_view(rule) for rule in rules]
        )
        return update, tuple(user_id for rule in rules for user_id in rule.user_ids)

    async def _new_authorization(self, viewer_id: int, event: events.NewAuthorization) -> tuple[Any, tuple[int, ...]]:
        update = tl.updateNewAuthorization(
            unconfirmed=event.unconfirmed,
            hash=event.hash,
            date=event.date,
            device=event.device,
            location=event.location,
        )
        return update, ()

    async def _login_token(self, viewer_id: int, event: events.LoginTokenAccepted) -> tuple[Any, tuple[int, ...]]:
        return tl.updateLoginToken(), ()
