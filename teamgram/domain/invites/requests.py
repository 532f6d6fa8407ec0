"""Who asks to be let in: looked at, let in or turned away by administrators. What a *group id* is says ``place``."""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.message import Action
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.channels.errors import ChannelsTooMany, OtherInTooManyChannels
from teamgram.domain.channels.invite_events import CameByRequest, InviteRow
from teamgram.domain.channels.join_requests import end_in_channel_txn
from teamgram.domain.channels.joining import ChannelJoining
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.chats.errors import (
    JoinRequestMissing,
    JoinRequestSearchInvalid,
    UserAlreadyParticipant,
    UsersTooMany,
)
from teamgram.domain.chats.invite import invite_txn
from teamgram.domain.chats.join_requests import JoinRequest, Pending, end_in_chat_txn, pending_txn, request_txn
from teamgram.domain.chats.store import chat_txn
from teamgram.domain.contacts.relations import PeerDeactivated
from teamgram.domain.ids.peer import channel_id_of, is_channel
from teamgram.domain.invites.links import use_link_txn
from teamgram.domain.invites.lists import MAX_PAGE
from teamgram.domain.invites.place import check_lets_in, invite_for_txn, place_txn
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.store import users_by_id_txn

_AT_ONCE = 100
_SEARCHED = 1_000


@dataclass(frozen=True, slots=True)
class WaitingToJoin:
    """A page of those who wait.

    Attributes:
        count: how many there are in all, up to ``MAX_COUNTED``.
    """

    count: int
    requests: tuple[JoinRequest, ...]


class JoinRequests:
    """What became of everybody's wish to be let in."""

    def __init__(self, database: Database, chats: Chats, joining: ChannelJoining, fanout: Fanout) -> None:
        self._database = database
        self._chats = chats
        self._joining = joining
        self._fanout = fanout

    async def pending(self, group_id: int) -> Pending:
        """Who waits for a group; whoever asks has looked whether that is theirs to know."""
        return await self._database.read("pending join requests", pending_txn, group_id)

    async def listed(
        self, actor: Actor, group_id: int, *, hash_: str, words: str, limit: int, after: tuple[int, int] | None
    ) -> WaitingToJoin:
        """Who waits, the latest first.

        Args:
            hash_: only who asked by this link; empty for all.
            words: only whose names or username begin so, among the latest thousand.
            after: (date, user id) of the last one of the page before.

        Raises:
            ChatNotFound, ChannelNotFound, ChannelPrivate, ChatAdminRequired.
            InviteHashInvalid.
            JoinRequestSearchInvalid: both, a link and words.
        """
        if hash_ and words:
            raise JoinRequestSearchInvalid(words)
        return await self._database.read(
            "join requests", _listed_txn, actor, group_id, hash_, words, min(max(limit, 1), MAX_PAGE), after
        )

    async def settle(self, actor: Actor, group_id: int, user_id: int, *, approved: bool) -> Pending:
        """Let somebody in, or turn them away; who waits then.

        Raises:
            ChatNotFound, ChannelNotFound, ChannelPrivate, ChatAdminRequired.
            JoinRequestMissing, UserAlreadyParticipant, PeerDeactivated.
            UsersTooMany, OtherInTooManyChannels.
        """
        return await self._database.write("settle join request", self._settle_txn, actor, group_id, user_id, approved)

    def _settle_txn(self, txn: Transaction, actor: Actor, group_id: int, user_id: int, approved: bool) -> Pending:
        place = place_txn(txn, actor.user_id, group_id, actor.now, lock=True)
        check_lets_in(place, actor.user_id)
        request = request_txn(txn, group_id, user_id)
        if is_channel(group_id):
            self._settle_in_channel_txn(txn, actor, channel_id_of(group_id), user_id, request if approved else None)
        elif isinstance(place, Chat):
            self._settle_in_chat_txn(txn, actor, place.id, user_id, request if approved else None)
        if request is None:
            raise JoinRequestMissing(str(user_id))
        return pending_txn(txn, group_id)

    def _settle_in_channel_txn(
        self, txn: Transaction, actor: Actor, channel_id: int, user_id: int, approved: JoinRequest | None
    ) -> None:
        seat = seat_txn(txn, channel_id, user_id, actor.now)
        if seat.is_present:
            raise UserAlreadyParticipant(str(user_id))
        if approved is None:
            end_in_channel_txn(txn, self._fanout, channel_id, user_id)
            return
        _check_there_txn(txn, user_id)
        invite = invite_txn(txn, approved.hash) if approved.hash else None
        newcomer = Actor(user_id, actor.now)
        if invite is not None:
            use_link_txn(txn, newcomer, invite.hash, actor.user_id)
        came = CameByRequest(actor.user_id, InviteRow.of(invite) if invite is not None else None)
        action = Action("chatJoinedByRequest", user_ids=(user_id,))
        try:
            self._joining.enter_txn(txn, newcomer, seat, actor.user_id, action, came)
        except ChannelsTooMany:
            raise OtherInTooManyChannels(str(user_id)) from None

    def _settle_in_chat_txn(
        self, txn: Transaction, actor: Actor, chat_id: int, user_id: int, approved: JoinRequest | None
    ) -> None:
        chat = chat_txn(txn, chat_id, (actor.user_id, user_id))
        assert chat is not None, "it was read before, and is locked"
        if chat.member(user_id) is not None:
            raise UserAlreadyParticipant(str(user_id))
        if approved is None:
            end_in_chat_txn(txn, self._fanout, chat_id, user_id)
            return
        _check_there_txn(txn, user_id)
        newcomer = Actor(user_id, actor.now)
        if invite_txn(txn, approved.hash) is not None:
            use_link_txn(txn, newcomer, approved.hash, actor.user_id)
        action = Action("chatJoinedByRequest", user_ids=(user_id,))
        self._chats.put_in_txn(txn, newcomer, chat, user_id, action, actor.user_id)

    async def settle_all(self, actor: Actor, group_id: int, hash_: str, *, approved: bool) -> Pending:
        """Let everybody in who waits, or who asked by a link, or turn them all away; who waits then.

        Each comes in by a transaction of their own, as they would one by one: who cannot come stays where they are.

        Raises:
            ChatNotFound, ChannelNotFound, ChannelPrivate, ChatAdminRequired, InviteHashInvalid.
            JoinRequestMissing: nobody waits.
        """
        after: tuple[int, int] | None = None
        found = 0
        while True:
            waiting = await self._database.read(
                "all join requests", _listed_txn, actor, group_id, hash_, "", _AT_ONCE, after
            )
            requests = waiting.requests
            if not requests:
                break
            found += len(requests)
            after = (requests[-1].requested_at, requests[-1].user_id)
            if not approved:
                ids = tuple(request.user_id for request in requests)
                await self._database.write("turn away", self._turn_away_txn, actor, group_id, ids)
                continue
            # The first who asked comes first.
            for request in reversed(requests):
                try:
                    await self.settle(actor, group_id, request.user_id, approved=True)
                except (
                    JoinRequestMissing,
                    UserAlreadyParticipant,
                    PeerDeactivated,
                    OtherInTooManyChannels,
                ):
                    continue
                except UsersTooMany:
                    # There is room for nobody else either.
                    return await self.pending(group_id)
        if not found:
            raise JoinRequestMissing(str(group_id))
        return await self.pending(group_id)

    def _turn_away_txn(self, txn: Transaction, actor: Actor, group_id: int, user_ids: tuple[int, ...]) -> None:
        check_lets_in(place_txn(txn, actor.user_id, group_id, actor.now, lock=True), actor.user_id)
        if is_channel(group_id):
            end_in_channel_txn(txn, self._fanout, channel_id_of(group_id), *user_ids)
        else:
            end_in_chat_txn(txn, self._fanout, group_id, *user_ids)


def _check_there_txn(txn: Transaction, user_id: int) -> None:
    user = users_by_id_txn(txn, [user_id]).get(user_id)
    if user is None or user.is_deleted:
        raise PeerDeactivated(str(user_id))


def _listed_txn(
    txn: Transaction,
    actor: Actor,
    group_id: int,
    hash_: str,
    words: str,
    limit: int,
    after: tuple[int, int] | None,
) -> WaitingToJoin:
    check_lets_in(place_txn(txn, actor.user_id, group_id, actor.now), actor.user_id)
    where, params = "group_id = ?", [group_id]
    if hash_:
        invite_for_txn(txn, actor.user_id, group_id, hash_)
        txn.execute("SELECT COUNT(*) FROM join_requests WHERE group_id = ? AND hash = ?", (group_id, hash_))
        count = int((txn.fetchone() or (0,))[0])
    else:
        count = pending_txn(txn, group_id).count
    if after is not None:
        date, last_id = after
        where += " AND (requested_at < ? OR (requested_at = ? AND user_id < ?))"
        params += [date, date, last_id]
    by_link = " AND hash = ?" if hash_ else ""
    txn.execute(
        f"SELECT user_id, hash, requested_at FROM join_requests WHERE {where}{by_link}"
        " ORDER BY requested_at DESC, user_id DESC LIMIT ?",
        (*params, *((hash_,) if hash_ else ()), _SEARCHED if words else limit),
    )
    requests = [JoinRequest(*row) for row in txn.fetchall()]
    if words:
        requests = _named_txn(txn, requests, words)
        count = len(requests)
    return WaitingToJoin(count, tuple(requests[:limit]))


def _named_txn(txn: Transaction, requests: Sequence[JoinRequest], words: str) -> list[JoinRequest]:
    """Those whose names begin with the words."""
    names: dict[int, list[str]] = {}
    for some in chunks([request.user_id for request in requests]):
        txn.execute(f"SELECT id, first_name, last_name, username FROM users WHERE id IN ({marks(some)})", some)
        names.update((row[0], f"{row[1]} {row[2]} {row[3]}".casefold().split()) for row in txn.fetchall())
    sought = words.casefold().lstrip("@").split()
    return [
        request
        for request in requests
        if all(any(name.startswith(word) for name in names.get(request.user_id, ())) for word in sought)
    ]
