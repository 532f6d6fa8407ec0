"""What an operator does about reports and groups, from the control port and from a terminal."""

from datetime import UTC, datetime
from typing import Any

from teamgram.database import Database
from teamgram.domain.channels.channel import Channel, Flag
from teamgram.domain.channels.channels import Channels
from teamgram.domain.channels.joining import ChannelJoining
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.chats import Chats
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.messages.wiping import Wiping
from teamgram.domain.reports.reports import Report, ReportBook
from teamgram.domain.updates.fanout import Fanout
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method

_MOST = 1000


class CannotDo(ValueError):
    """What was asked for cannot be done; says why."""


class Moderation:
    """Whichever way it was asked for. Groups go by their marked id: -5, or -1000000000007 for a channel."""

    def __init__(
        self, reports: ReportBook, chats: Chats, channels: Channels, joining: ChannelJoining, wiping: Wiping
    ) -> None:
        self._reports = reports
        self._joining = joining
        self._chats = chats
        self._channels = channels
        self._wiping = wiping

    async def reports(self, *, all_of_them: bool) -> list[dict[str, Any]]:
        """The newest ones, without the messages."""
        listed = await self._reports.listed(closed=all_of_them, limit=_MOST)
        return [{**_report(one), "messages": len(one.copied)} for one in listed]

    async def report(self, report_id: int) -> dict[str, Any]:
        """One, with the messages as they were.

        Raises:
            CannotDo: there is none.
        """
        found = await self._reports.get(report_id)
        if found is None:
            raise CannotDo(f"there is no report {report_id}; teamgram reports list shows them")
        messages = [
            {
                "id": one.id,
                "sender": one.sender_id,
                "date": _time(one.date),
                "text": one.text,
                "carries": one.carries,
                "files": list(one.file_ids),
            }
            for one in found.copied
        ]
        return {**_report(found), "said": found.said, "messages": messages}

    async def close_reports(self, report_ids: list[int], now: int) -> dict[str, Any]:
        """``{"closed": [id, …]}``: those that were open."""
        return {"closed": await self._reports.close(report_ids, now)}

    async def groups(self) -> list[dict[str, Any]]:
        """The newest groups and channels."""
        chats, channels = await self._chats.listed(_MOST), await self._channels.listed(_MOST)
        listed = [_chat(one) for one in chats] + [_channel(one) for one in channels]
        return sorted(listed, key=lambda one: str(one["created"]), reverse=True)[:_MOST]

    async def group(self, marked: int) -> dict[str, Any]:
        """One of them, a basic group with its members.

        Raises:
            CannotDo: there is none.
        """
        peer = Peer.from_marked(marked)
        if peer.kind is PeerKind.CHANNEL:
            channel = (await self._channels.get([peer.id])).get(peer.id)
            if channel is not None:
                return {**_channel(channel), "about": channel.about}
        elif peer.kind is PeerKind.CHAT:
            chat = (await self._chats.get([peer.id])).get(peer.id)
            if chat is not None:
                return {**_chat(chat), "about": chat.about, "memberIds": chat.members}
        raise CannotDo(f"there is no group {marked}; teamgram chats list shows them")

    async def delete_group(self, marked: int, now: int, *, wipe: bool) -> dict[str, Any]:
        """``{"id", "closed", "deleted"}``: close a group or channel, and if so wished delete what was written there.

        Raises:
            CannotDo: there is none.
        """
        await self.group(marked)
        peer = Peer.from_marked(marked)
        if peer.kind is PeerKind.CHANNEL:
            closed = await self._joining.shut(peer.id, now)
        else:
            closed = await self._chats.shut(peer.id)
        deleted = await self._wiping.wipe(marked, now) if wipe else 0
        return {"id": marked, "closed": closed, "deleted": deleted}


def moderation_over(database: Database, fanout: Fanout) -> Moderation:
    """One over a database that no server has open."""
    channels = Channels(database, fanout)
    joining = ChannelJoining(database, channels, fanout)
    return Moderation(ReportBook(database), Chats(database, fanout), channels, joining, Wiping(database, fanout))


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _report(report: Report) -> dict[str, Any]:
    return {
        "id": report.id,
        "reporter": report.reporter_id,
        "peer": report.peer,
        "about": report.about_id,
        "kind": report.kind,
        "reason": report.reason,
        "date": _time(report.reported_at),
        "closed": _time(report.closed_at) if report.closed_at else "",
    }


def _chat(chat: Chat) -> dict[str, Any]:
    return {
        "id": Peer.chat(chat.id).marked,
        "kind": "group",
        "title": chat.title,
        "creator": chat.creator_id,
        "members": len(chat.members),
        "created": _time(chat.created_at),
        "closed": chat.deactivated,
    }


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.marked,
        "kind": "channel" if channel.is_broadcast else "supergroup",
        "title": channel.title,
        "creator": channel.creator_id,
        "members": channel.members,
        "created": _time(channel.created_at),
        "closed": channel.has(Flag.DELETED),
    }


class ModerationMethods:
    """``teamgram.reports.*`` and ``teamgram.chats.*``; register with the control plane's router."""

    def __init__(self, moderation: Moderation, seconds: Any) -> None:
        """Args:
        seconds: says what time it is (unix seconds).
        """
        self._moderation = moderation
        self._seconds = seconds

    @method("teamgram.reports.list", scopes.ADMIN)
    async def list_reports(self, call: Call) -> dict[str, Any]:
        """``{"all"}``: those that nobody has dealt with, or all."""
        return {"reports": await self._moderation.reports(all_of_them=call.params.get("all") is True)}

    @method("teamgram.reports.show", scopes.ADMIN)
    async def show_report(self, call: Call) -> dict[str, Any]:
        """``{"id"}``: one with the messages that were reported."""
        try:
            return await self._moderation.report(_number(call, "id"))
        except CannotDo as error:
            raise invalid(str(error)) from None

    @method("teamgram.reports.close", scopes.ADMIN)
    async def close_reports(self, call: Call) -> dict[str, Any]:
        """``{"ids"}``: they are dealt with."""
        ids = call.params.get("ids")
        if not isinstance(ids, list) or len(ids) > _MOST or not all(type(one) is int for one in ids):
            raise invalid("ids must be a list of numbers")
        return await self._moderation.close_reports(ids, int(self._seconds()))

    @method("teamgram.chats.list", scopes.ADMIN)
    async def list_chats(self, call: Call) -> dict[str, Any]:
        """The newest groups and channels."""
        return {"chats": await self._moderation.groups()}

    @method("teamgram.chats.show", scopes.ADMIN)
    async def show_chat(self, call: Call) -> dict[str, Any]:
        """``{"id"}``: one of them."""
        try:
            return await self._moderation.group(_number(call, "id"))
        except CannotDo as error:
            raise invalid(str(error)) from None

    @method("teamgram.chats.delete", scopes.ADMIN)
    async def delete_chat(self, call: Call) -> dict[str, Any]:
        """``{"id"}``: close a group; its members keep what they have."""
        return await self._delete(call, wipe=False)

    @method("teamgram.chats.ban", scopes.ADMIN)
    async def ban_chat(self, call: Call) -> dict[str, Any]:
        """``{"id"}``: close a group, and delete from everybody what was written there."""
        return await self._delete(call, wipe=True)

    async def _delete(self, call: Call, *, wipe: bool) -> dict[str, Any]:
        try:
            return await self._moderation.delete_group(_number(call, "id"), int(self._seconds()), wipe=wipe)
        except CannotDo as error:
            raise invalid(str(error)) from None


def _number(call: Call, name: str) -> int:
    number = call.params.get(name)
    if type(number) is not int or not -(2**53) < number < 2**53:
        raise invalid(f"{name} must be a number")
    return number
