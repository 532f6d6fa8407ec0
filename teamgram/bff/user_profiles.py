"""RPCUserChannelProfiles: what people say about themselves, and whether they are here."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.full_users import birthday_view
from teamgram.bff.views.users import UserViews
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.sight import sees
from teamgram.domain.contacts.watchers import Watchers
from teamgram.domain.presence.presence import Presence
from teamgram.domain.privacy.keys import BIRTHDAY
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.updates.events import UserChanged, UserNameChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.names import check_about, check_first_name, check_last_name
from teamgram.domain.users.users import Users
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_LEAP_YEAR = 2024


class UserProfiles(RpcService):
    """Names, bio, birthday, status."""

    name = "RPCUserChannelProfiles"

    def __init__(
        self,
        users: Users,
        contacts: Contacts,
        watchers: Watchers,
        privacy: Privacy,
        presence: Presence,
        views: UserViews,
        fanout: Fanout,
    ) -> None:
        self._users = users
        self._contacts = contacts
        self._watchers = watchers
        self._privacy = privacy
        self._presence = presence
        self._views = views
        self._fanout = fanout

    async def _tell(self, caller: RpcMetadata, *events: UserNameChanged | UserChanged) -> None:
        watchers = await self._watchers.of(caller.user_id)
        for event in events:
            self._fanout.publish([caller.user_id, *watchers], event, caller.perm_auth_key_id)

    @rpc("account.updateProfile")
    async def update_profile(self, caller: RpcMetadata, query: Any) -> Any:
        """account.updateProfile#78515775 flags:# first_name:flags.0?string last_name:flags.1?string
        about:flags.2?string = User
        """
        changes: dict[str, str] = {}
        if query.first_name is not None:
            changes["first_name"] = check_first_name(query.first_name)
        if query.last_name is not None:
            changes["last_name"] = check_last_name(query.last_name)
        if query.about is not None:
            changes["about"] = check_about(query.about)
        if changes:
            await self._users.update(caller.user_id, **changes)
            if "first_name" in changes or "last_name" in changes:
                await self._tell(caller, UserNameChanged(caller.user_id))
            if "about" in changes:
                # A new name does not make TDLib ask for the full profile again.
                await self._tell(caller, UserChanged(caller.user_id))
        (view,) = await self._views.render(caller.user_id, [caller.user_id])
        return view

    @rpc("account.updateStatus")
    def update_status(self, caller: RpcMetadata, query: Any) -> bool:
        """account.updateStatus#6628562c offline:Bool = Bool"""
        self._presence.device_says(caller.user_id, caller.perm_auth_key_id, query.offline)
        return True

    @rpc("account.updateBirthday")
    async def update_birthday(self, caller: RpcMetadata, query: Any) -> bool:
        """account.updateBirthday#cc6e0c11 flags:# birthday:flags.0?Birthday = Bool"""
        written = query.birthday
        birthday = ""
        if written is not None:
            try:
                date(written.year or _LEAP_YEAR, written.month, written.day)
            except ValueError:
                raise bad_request("BIRTHDAY_INVALID") from None
            birthday = f"{written.year or 0:04d}-{written.month:02d}-{written.day:02d}"
        await self._users.update(caller.user_id, birthday=birthday)
        await self._tell(caller, UserChanged(caller.user_id))
        return True

    @rpc("contacts.getBirthdays")
    async def get_birthdays(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.getBirthdays#daeda864 = contacts.ContactBirthdays"""
        book = await self._contacts.book(caller.user_id)
        users = await self._users.get(book.contacts)
        today = date.fromtimestamp(self._presence.now())
        near = {(day.month, day.day) for day in _days_around(today)}
        rules = await self._privacy.get(users)
        born = [
            user
            for user in users.values()
            if user.birthday
            and (int(user.birthday[5:7]), int(user.birthday[8:10])) in near
            and sees(book, user.id, rules[user.id], BIRTHDAY)
        ]
        return tl.contacts.contactBirthdays(
            contacts=[tl.contactBirthday(contact_id=user.id, birthday=birthday_view(user.birthday)) for user in born],
            users=await self._views.render(caller.user_id, [user.id for user in born]),
        )


def _days_around(today: date) -> Iterable[date]:
    """Yesterday, today and tomorrow: the caller's clock may be in another time zone."""
    return (date.fromordinal(today.toordinal() + offset) for offset in (-1, 0, 1))
