"""Who asks to be let in, as administrators and bots are told of it."""

from collections.abc import Iterable
from typing import Any

from teamgram.bff.views.messages import peer_view
from teamgram.domain.chats.invite import PREFIX
from teamgram.domain.chats.join_requests import JoinRequest
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.sight import sees
from teamgram.domain.privacy.keys import ABOUT
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.updates.events import AskedByLink, JoinRequested
from teamgram.domain.users.users import Users
from teamgram.mtproto.tl import tl


class JoinRequestViews:
    """What administrators see of who waits: of what people say of themselves what they let the viewer see."""

    def __init__(self, users: Users, contacts: Contacts, privacy: Privacy) -> None:
        self._users = users
        self._contacts = contacts
        self._privacy = privacy

    async def importers(self, viewer_id: int, requests: Iterable[JoinRequest]) -> list[Any]:
        """``chatInviteImporter`` of each."""
        requests = list(requests)
        abouts = await self._abouts(viewer_id, [request.user_id for request in requests])
        return [
            tl.chatInviteImporter(
                requested=True,
                user_id=request.user_id,
                date=request.requested_at,
                about=abouts.get(request.user_id) or None,
            )
            for request in requests
        ]

    async def _abouts(self, viewer_id: int, user_ids: list[int]) -> dict[int, str]:
        book = await self._contacts.book(viewer_id)
        rules = await self._privacy.get(user_ids)
        users = await self._users.get(user_ids)
        return {user.id: user.about for user in users.values() if sees(book, user.id, rules[user.id], ABOUT)}

    def handles(self, event: object) -> bool:
        """Whether ``render`` knows this kind of event."""
        return isinstance(event, JoinRequested)

    async def render(self, viewer_id: int, event: Any) -> tuple[list[Any], tuple[int, ...]]:
        """(each ``Update``, the peers that have to come with them) for a bot.

        Nothing here counts ``qts``: 0 says so.
        """
        abouts = await self._abouts(viewer_id, [event.user_id])
        update = tl.updateBotChatInviteRequester(
            peer=peer_view(event.peer),
            date=event.date,
            user_id=event.user_id,
            about=abouts.get(event.user_id, ""),
            invite=_asked_view(event.invite),
            qts=0,
        )
        return [update], (event.user_id, event.peer)


def _asked_view(invite: AskedByLink | None) -> Any:
    if invite is None:
        return tl.chatInvitePublicJoinRequests()
    return tl.chatInviteExported(
        revoked=invite.revoked,
        permanent=invite.permanent,
        request_needed=True,
        link=PREFIX + invite.hash,
        admin_id=invite.admin_id,
        date=invite.created_at,
        expire_date=invite.expires_at or None,
        title=invite.title or None,
    )
