"""RPCContacts: the address book and the block list."""

from collections.abc import Sequence
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.peers import InputPeers
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.channels import GroupViews
from teamgram.bff.views.full_users import peer_settings_view
from teamgram.bff.views.users import UserViews, status_view
from teamgram.domain.contacts.contacts import ContactIdInvalid, Contacts, PhoneContact
from teamgram.domain.contacts.sight import sees
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.ids.phone import PhoneNumberInvalid, normalize_phone
from teamgram.domain.presence.presence import Presence
from teamgram.domain.privacy.keys import ADDED_BY_PHONE
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.privacy.rules import Rule, RuleKind, rules_for
from teamgram.domain.updates.events import PeerBlockedChanged, PeerSettingsChanged, UserStatusChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.names import MAX_NAME, check_first_name, check_last_name
from teamgram.domain.users.settings import AccountSettings
from teamgram.domain.users.user import User
from teamgram.domain.users.users import Users
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_IMPORT = 500
"""Entries of a phone book taken in one call; the client is asked to send the rest again."""

MAX_NOTE = 128
MAX_SEARCH_RESULTS = 100
MIN_GLOBAL_SEARCH = 3
"""Letters needed before usernames of strangers are searched."""


class ContactsService(RpcService):
    """Who the caller knows, and whom they do not want to hear from."""

    name = "RPCContacts"

    def __init__(
        self,
        users: Users,
        contacts: Contacts,
        privacy: Privacy,
        presence: Presence,
        account_settings: AccountSettings,
        peers: InputPeers,
        views: UserViews,
        groups: GroupViews,
        fanout: Fanout,
    ) -> None:
        self._users = users
        self._contacts = contacts
        self._groups = groups
        self._privacy = privacy
        self._presence = presence
        self._account_settings = account_settings
        self._peers = peers
        self._views = views
        self._fanout = fanout

    @rpc("contacts.getContacts")
    async def get_contacts(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.getContacts#5dd69e12 hash:long = contacts.Contacts"""
        book = await self._contacts.book(caller.user_id)
        return tl.contacts.contacts(
            contacts=[
                tl.contact(user_id=contact.user_id, mutual=contact.is_mutual) for contact in book.contacts.values()
            ],
            saved_count=0,
            users=await self._views.render(caller.user_id, book.contacts),
        )

    @rpc("contacts.getContactIDs")
    async def get_contact_ids(self, caller: RpcMetadata, query: Any) -> list[int]:
        """contacts.getContactIDs#7adc669d hash:long = Vector<int>"""
        return sorted((await self._contacts.book(caller.user_id)).contacts)

    @rpc("contacts.getStatuses")
    async def get_statuses(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """contacts.getStatuses#c4a353ee = Vector<ContactStatus>"""
        book = await self._contacts.book(caller.user_id)
        statuses = await self._presence.get(book.contacts)
        rules = await self._privacy.get({*book.contacts, caller.user_id})
        own, now = rules[caller.user_id], self._presence.now()
        return [
            tl.contactStatus(user_id=user_id, status=status_view(user_id, book, own, status, rules[user_id], now))
            for user_id, status in statuses.items()
        ]

    @rpc("contacts.importContacts")
    async def import_contacts(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.importContacts#2c800be5 contacts:Vector<InputContact> = contacts.ImportedContacts"""
        entries: list[PhoneContact] = []
        for written in query.contacts[:MAX_IMPORT]:
            try:
                phone = normalize_phone(written.phone)
            except PhoneNumberInvalid:
                continue  # a phone book holds much that is no number
            first_name, last_name = written.first_name.strip()[:MAX_NAME], written.last_name.strip()[:MAX_NAME]
            if not first_name:
                first_name, last_name = last_name or phone, ""
            entries.append(PhoneContact(written.client_id, phone, first_name, last_name))
        users = await self._users.by_phones(sorted({entry.phone for entry in entries}))
        hidden = await self._hidden_phones(caller, list(users.values()))
        entries = [entry for entry in entries if entry.phone not in hidden]
        imported = await self._contacts.import_phones(caller.user_id, entries, users, self._presence.now())
        contacts = tuple(sorted({user_id for user_id in imported.imported.values() if user_id != caller.user_id}))
        if contacts:
            # Also to the device that imports: the answer names the users, and nothing in it says what became of them.
            self._fanout.publish([caller.user_id], PeerSettingsChanged(contacts))
        return tl.contacts.importedContacts(
            imported=[
                tl.importedContact(user_id=user_id, client_id=client_id)
                for client_id, user_id in imported.imported.items()
            ],
            popular_invites=[
                tl.popularContact(client_id=client_id, importers=importers)
                for client_id, importers in imported.popular.items()
                if importers > 1
            ],
            retry_contacts=[written.client_id for written in query.contacts[MAX_IMPORT:]],
            users=await self._views.render(caller.user_id, imported.imported.values()),
        )

    async def _hidden_phones(self, caller: RpcMetadata, users: Sequence[User]) -> set[str]:
        """Numbers whose owners do not want to be found by number."""
        rules = await self._privacy.get([user.id for user in users])
        book = await self._contacts.book(caller.user_id)
        return {user.phone for user in users if not sees(book, user.id, rules[user.id], ADDED_BY_PHONE)}

    @rpc("contacts.addContact")
    async def add_contact(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.addContact#d9ba2e54 flags:# add_phone_privacy_exception:flags.0?true id:InputUser first_name:string
        last_name:string phone:string note:flags.1?TextWithEntities = Updates
        """
        user = await self._peers.user(caller, query.id)
        phone = ""
        if query.phone:
            try:
                phone = normalize_phone(query.phone)
            except PhoneNumberInvalid:
                phone = ""
        first_name = query.first_name.strip() and check_first_name(query.first_name)
        last_name = check_last_name(query.last_name)
        note = query.note.text[:MAX_NOTE] if query.note is not None else ""
        await self._contacts.add(caller.user_id, user, first_name, last_name, phone, self._presence.now(), note)
        if query.add_phone_privacy_exception:
            await self._show_phone_to(caller.user_id, user.id)
        return await self._relation_changed(caller, [user])

    async def _show_phone_to(self, owner_id: int, user_id: int) -> None:
        """Add a user to the exceptions of the owner's phone number rules."""
        own = (await self._privacy.get([owner_id]))[owner_id]
        rules = list(rules_for(own, "PhoneNumber"))
        allowed = {user_id}
        for rule in [rule for rule in rules if rule.kind is RuleKind.ALLOW_USERS]:
            allowed.update(rule.user_ids)
            rules.remove(rule)
        await self._privacy.set(owner_id, "PhoneNumber", [Rule(RuleKind.ALLOW_USERS, tuple(sorted(allowed))), *rules])

    @rpc("contacts.deleteContacts")
    async def delete_contacts(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.deleteContacts#96a0e00 id:Vector<InputUser> = Updates"""
        users = [await self._peers.user(caller, written) for written in query.id[:MAX_IMPORT]]
        await self._contacts.remove(caller.user_id, [user.id for user in users])
        return await self._relation_changed(caller, users)

    async def _relation_changed(self, caller: RpcMetadata, users: Sequence[User]) -> Any:
        """The answer to, and the event of, a change in the caller's book."""
        book = await self._contacts.book(caller.user_id)
        if users:
            changed = PeerSettingsChanged(tuple(user.id for user in users))
            self._fanout.publish([caller.user_id], changed, caller.perm_auth_key_id)
        return tl.updates(
            updates=[
                tl.updatePeerSettings(peer=tl.peerUser(user_id=user.id), settings=peer_settings_view(book, user))
                for user in users
            ],
            users=await self._views.render(caller.user_id, [user.id for user in users]),
            chats=[],
            date=self._presence.now(),
            seq=0,
        )

    @rpc("contacts.deleteByPhones")
    async def delete_by_phones(self, caller: RpcMetadata, query: Any) -> bool:
        """contacts.deleteByPhones#1013fd9e phones:Vector<string> = Bool"""
        phones = set()
        for written in query.phones[:MAX_IMPORT]:
            try:
                phones.add(normalize_phone(written))
            except PhoneNumberInvalid:
                continue
        book = await self._contacts.book(caller.user_id)
        known = [contact.user_id for contact in book.contacts.values() if contact.phone in phones]
        removed = await self._contacts.remove(caller.user_id, known)
        if removed:
            self._fanout.publish([caller.user_id], PeerSettingsChanged(tuple(removed)))
        return bool(removed)

    @rpc("contacts.search")
    async def search(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.search#5f58d0f flags:# broadcasts:flags.0?true bots:flags.1?true q:string limit:int
        = contacts.Found
        """
        words = query.q.strip().lstrip("@").casefold()
        if not words:
            raise bad_request("SEARCH_QUERY_EMPTY")
        limit = max(1, min(query.limit, MAX_SEARCH_RESULTS))
        book = await self._contacts.book(caller.user_id)
        known = await self._users.get(book.contacts)
        mine = [
            user_id
            for user_id, contact in book.contacts.items()
            if user_id in known
            and _begins_a_word(words, contact.first_name, contact.last_name, known[user_id].username)
        ][:limit]
        found: list[int] = []
        channels: list[int] = []
        if len(words) >= MIN_GLOBAL_SEARCH:
            peers = await self._users.search_usernames(words, limit)
            found = [peer.id for peer in peers if peer.kind is PeerKind.USER and peer.id not in book.contacts]
            channels = [peer.marked for peer in peers if peer.kind is PeerKind.CHANNEL]
        if query.bots:
            channels = []
        elif query.broadcasts:
            mine, found = [], []
        chats = [
            chat
            for chat in await self._groups.render(caller.user_id, channels)
            if chat.NAME == "channel" and (chat.broadcast or not query.broadcasts)
        ]
        users = await self._views.render(caller.user_id, [*mine, *found])
        if query.bots:
            bots = {view.id for view in users if view.bot}
            mine = [user_id for user_id in mine if user_id in bots]
            found = [user_id for user_id in found if user_id in bots]
        return tl.contacts.found(
            my_results=[tl.peerUser(user_id=user_id) for user_id in mine],
            results=[
                *(tl.peerUser(user_id=user_id) for user_id in found),
                *(tl.peerChannel(channel_id=chat.id) for chat in chats),
            ],
            chats=chats,
            users=users,
        )

    @rpc("contacts.editCloseFriends")
    async def edit_close_friends(self, caller: RpcMetadata, query: Any) -> bool:
        """contacts.editCloseFriends#ba6705f0 id:Vector<long> = Bool"""
        await self._contacts.set_close_friends(caller.user_id, query.id[:MAX_IMPORT])
        return True

    @rpc("contacts.updateContactNote")
    async def update_contact_note(self, caller: RpcMetadata, query: Any) -> bool:
        """contacts.updateContactNote#139f63fb id:InputUser note:TextWithEntities = Bool"""
        user = await self._peers.user(caller, query.id)
        if not await self._contacts.set_note(caller.user_id, user.id, query.note.text[:MAX_NOTE]):
            raise bad_request("CONTACT_ID_INVALID")
        return True

    @rpc("account.getContactSignUpNotification")
    async def get_contact_sign_up_notification(self, caller: RpcMetadata, query: Any) -> bool:
        """account.getContactSignUpNotification#9f07c728 = Bool"""
        silent: bool = await self._account_settings.get(caller.user_id, "contact_sign_up_silent", False)
        return silent

    @rpc("account.setContactSignUpNotification")
    async def set_contact_sign_up_notification(self, caller: RpcMetadata, query: Any) -> bool:
        """account.setContactSignUpNotification#cff43f61 silent:Bool = Bool"""
        await self._account_settings.set(caller.user_id, "contact_sign_up_silent", query.silent)
        return True


class Blocks(RpcService):
    """The block list."""

    name = "RPCContacts"

    def __init__(
        self, contacts: Contacts, presence: Presence, peers: InputPeers, views: UserViews, fanout: Fanout
    ) -> None:
        self._contacts = contacts
        self._presence = presence
        self._peers = peers
        self._views = views
        self._fanout = fanout

    @rpc("contacts.block")
    async def block(self, caller: RpcMetadata, query: Any) -> bool:
        """contacts.block#2e2e8734 flags:# my_stories_from:flags.0?true id:InputPeer = Bool"""
        user_id = await self._blockable(caller, query.id)
        return not query.my_stories_from and await self._block(caller, user_id)

    @rpc("contacts.unblock")
    async def unblock(self, caller: RpcMetadata, query: Any) -> bool:
        """contacts.unblock#b550d328 flags:# my_stories_from:flags.0?true id:InputPeer = Bool"""
        user_id = await self._blockable(caller, query.id)
        return not query.my_stories_from and await self._unblock(caller, user_id)

    @rpc("contacts.getBlocked")
    async def get_blocked(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.getBlocked#9a868f80 flags:# my_stories_from:flags.0?true offset:int limit:int = contacts.Blocked"""
        # There are no stories, so nobody is kept from them.
        book = await self._contacts.book(caller.user_id)
        newest = sorted(book.blocked.items(), key=lambda item: -item[1]) if not query.my_stories_from else []
        offset, limit = max(0, query.offset), max(1, min(query.limit, 100))
        page = newest[offset : offset + limit]
        blocked = [tl.peerBlocked(peer_id=tl.peerUser(user_id=user_id), date=date) for user_id, date in page]
        users = await self._views.render(caller.user_id, [user_id for user_id, _ in page])
        if len(page) == len(newest):
            return tl.contacts.blocked(blocked=blocked, chats=[], users=users)
        return tl.contacts.blockedSlice(count=len(newest), blocked=blocked, chats=[], users=users)

    @rpc("contacts.setBlocked")
    async def set_blocked(self, caller: RpcMetadata, query: Any) -> bool:
        """contacts.setBlocked#94c65c76 flags:# my_stories_from:flags.0?true id:Vector<InputPeer> limit:int = Bool"""
        if query.my_stories_from:
            return False
        wanted = {await self._blockable(caller, written) for written in query.id[:MAX_IMPORT]}
        book = await self._contacts.book(caller.user_id)
        newest = sorted(book.blocked, key=lambda user_id: -book.blocked[user_id])
        for user_id in newest[: max(0, query.limit)]:
            if user_id not in wanted:
                await self._unblock(caller, user_id)
        for user_id in wanted:
            await self._block(caller, user_id)
        return True

    async def _blockable(self, caller: RpcMetadata, written: Any) -> int:
        peer = await self._peers.peer(caller, written)
        if peer.kind is not PeerKind.USER:
            raise bad_request("PEER_ID_INVALID")
        if peer.id == caller.user_id:
            raise ContactIdInvalid()
        return peer.id

    async def _block(self, caller: RpcMetadata, user_id: int) -> bool:
        changed = await self._contacts.block(caller.user_id, user_id, self._presence.now())
        return self._tell(caller, user_id, blocked=True) if changed else False

    async def _unblock(self, caller: RpcMetadata, user_id: int) -> bool:
        changed = await self._contacts.unblock(caller.user_id, user_id, self._presence.now())
        return self._tell(caller, user_id, blocked=False) if changed else False

    def _tell(self, caller: RpcMetadata, user_id: int, *, blocked: bool) -> bool:
        self._fanout.publish([caller.user_id], PeerBlockedChanged(user_id, blocked), caller.perm_auth_key_id)
        # The other one sees the caller's status no longer, or again.
        self._fanout.publish([user_id], UserStatusChanged(caller.user_id))
        return True


def _begins_a_word(words: str, *names: str) -> bool:
    """Whether the searched text begins the full name, or a word of it, in any case."""
    full = " ".join(name for name in names if name).casefold()
    return full.startswith(words) or f" {words}" in full
