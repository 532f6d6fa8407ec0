"""RPCChannels: what was done in a channel, for its administrators."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.channel_members import member_view
from teamgram.bff.views.chats import banned_rights_view, invite_view
from teamgram.bff.views.media import FileViews
from teamgram.bff.views.messages import message_view, peers_in
from teamgram.domain.channels import admin_log as log
from teamgram.domain.channels import invite_events as invites
from teamgram.domain.channels.admin_log import AdminEntry, AdminEvent, Wanted, people
from teamgram.domain.channels.channel import Seat
from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.ids.peer import marked_channel
from teamgram.domain.stickers.sticker_set import StickerSet
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_FILTERED: Mapping[str, tuple[type[AdminEvent], ...]] = {
    "join": (log.CameIn, invites.CameByLink, invites.CameByRequest),
    "invites": (invites.InviteRevoked, invites.InviteForgotten, invites.InviteChanged),
    "leave": (log.WentOut,),
    "invite": (log.Brought,),
    "ban": (log.BanToggled,),
    "unban": (log.BanToggled,),
    "kick": (log.BanToggled,),
    "unkick": (log.BanToggled,),
    "promote": (log.AdminToggled,),
    "demote": (log.AdminToggled,),
    "info": (
        log.TitleChanged,
        log.AboutChanged,
        log.UsernameChanged,
        log.PhotoChanged,
        log.LinkChanged,
        log.StickerSetChanged,
        log.EmojiSetChanged,
    ),
    "settings": (log.Switched, log.SlowModeChanged, log.LifetimeChanged, log.RightsChanged),
    "pinned": (log.MessagePinned,),
    "edit": (log.MessageChanged,),
    "delete": (log.MessageRemoved,),
}
"""Flags of ``channelAdminLogEventsFilter``, and the events that each may ask for."""

_OTHER_FLAGS = ("group_call", "send", "forums", "sub_extend", "edit_rank")

_SWITCHED: Mapping[str, Callable[..., Any]] = {
    "SIGNATURES": tl.channelAdminLogEventActionToggleSignatures,
    "SIGNATURE_PROFILES": tl.channelAdminLogEventActionToggleSignatureProfiles,
    "HIDDEN_PREHISTORY": tl.channelAdminLogEventActionTogglePreHistoryHidden,
    "NOFORWARDS": tl.channelAdminLogEventActionToggleNoForwards,
    "ANTISPAM": tl.channelAdminLogEventActionToggleAntiSpam,
    "FORUM": tl.channelAdminLogEventActionToggleForum,
    "AUTOTRANSLATION": tl.channelAdminLogEventActionToggleAutotranslation,
}
"""The settings that clients have a line for."""


class AdminLogService(RpcService):
    """``channels.getAdminLog``."""

    name = "RPCChannels"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.getAdminLog")
    async def get_admin_log(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getAdminLog#33ddf480 flags:# channel:InputChannel q:string ... = channels.AdminLogResults"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        asked = query.events_filter
        flags = {name for name in (*_FILTERED, *_OTHER_FLAGS) if asked is not None and getattr(asked, name, False)}
        kinds = frozenset(kind for name in flags & _FILTERED.keys() for kind in _FILTERED[name])
        admins = [(await shared.input_peers.user(caller, user)).id for user in (query.admins or [])[:100]]
        entries: list[AdminEntry] = []
        if kinds or not flags:
            # Before the page is cut, or a client that gets a short one believes that it has all.
            matches = partial(_is_of, flags=flags) if flags else None
            wanted = Wanted(query.q[:256], kinds, tuple(admins), query.max_id, query.min_id, query.limit, matches)
            entries = await shared.domain.admin_log.find(shared.actor(caller), seat.channel.id, wanted)
        files = shared.updates.files
        sets = await self._sets(entries)
        shown = [
            (entry, action) for entry in entries if (action := _action(entry.event, seat, files, sets)) is not None
        ]
        peers = {seat.channel.marked}
        for entry, _ in shown:
            peers |= people(entry) | _peers(entry.event)
        users, chats = await shared.peers(caller.user_id, peers)
        events = [
            tl.channelAdminLogEvent(id=entry.id, date=entry.date, user_id=entry.user_id, action=action)
            for entry, action in shown
        ]
        return tl.channels.adminLogResults(events=events, chats=chats, users=users)

    async def _sets(self, entries: list[AdminEntry]) -> dict[int, StickerSet]:
        """The sticker sets that events speak of, by id; those that are gone are missing."""
        named = {
            set_id
            for entry in entries
            if isinstance(entry.event, log.StickerSetChanged | log.EmojiSetChanged)
            for set_id in (entry.event.before, entry.event.after)
            if set_id
        }
        found = {set_id: await self._shared.domain.sticker_sets.by_id(set_id) for set_id in sorted(named)}
        return {set_id: one for set_id, one in found.items() if one is not None}


def _set_view(set_id: int, sets: Mapping[int, StickerSet]) -> Any:
    if set_id not in sets:
        return tl.inputStickerSetEmpty()
    return tl.inputStickerSetID(id=set_id, access_hash=sets[set_id].access_hash)


def _is_of(event: AdminEvent, flags: set[str]) -> bool:
    """Whether one of these flags asks for it: of bans and rights there are several ways."""
    if isinstance(event, log.BanToggled):
        before, after = event.before.membership, event.after.membership
        ways = set()
        if after.standing is Standing.REMOVED:
            ways.add("kick")
        elif before.standing is Standing.REMOVED:
            ways.add("unkick")
        if after.banned_rights and after.standing is not Standing.REMOVED:
            ways.add("ban")
        elif before.banned_rights and not after.banned_rights:
            ways.add("unban")
        return bool(ways & flags)
    if isinstance(event, log.AdminToggled):
        return ("demote" if event.after.membership.role is Role.MEMBER else "promote") in flags
    return any(isinstance(event, kind) for name in flags & _FILTERED.keys() for kind in _FILTERED[name])


def _action(event: AdminEvent, seat: Seat, files: FileViews, sets: Mapping[int, StickerSet]) -> Any | None:
    """``ChannelAdminLogEventAction``; None for what clients have no line for."""
    if isinstance(event, log.StickerSetChanged | log.EmojiSetChanged):
        of_stickers = isinstance(event, log.StickerSetChanged)
        changed = (
            tl.channelAdminLogEventActionChangeStickerSet
            if of_stickers
            else tl.channelAdminLogEventActionChangeEmojiStickerSet
        )
        return changed(prev_stickerset=_set_view(event.before, sets), new_stickerset=_set_view(event.after, sets))
    if isinstance(event, log.Switched):
        make = _SWITCHED.get(event.flag)
        return make(new_value=event.on) if make is not None else None
    return _DRAWN[type(event)](event, seat, files)


def _changed(make: Callable[..., Any]) -> Callable[[Any, Seat, FileViews], Any]:
    return lambda event, seat, files: make(prev_value=event.before, new_value=event.after)


def _toggled(make: Callable[..., Any]) -> Callable[[Any, Seat, FileViews], Any]:
    return lambda event, seat, files: make(
        prev_participant=member_view(event.before.member, seat), new_participant=member_view(event.after.member, seat)
    )


_DRAWN: Mapping[type[AdminEvent], Callable[[Any, Seat, FileViews], Any]] = {
    log.TitleChanged: _changed(tl.channelAdminLogEventActionChangeTitle),
    log.AboutChanged: _changed(tl.channelAdminLogEventActionChangeAbout),
    log.UsernameChanged: _changed(tl.channelAdminLogEventActionChangeUsername),
    log.PhotoChanged: lambda event, seat, files: tl.channelAdminLogEventActionChangePhoto(
        # Which it had before nobody can see any more.
        prev_photo=tl.photoEmpty(id=0),
        new_photo=files.of_channel(event.after, seat.channel.id),
    ),
    log.SlowModeChanged: _changed(tl.channelAdminLogEventActionToggleSlowMode),
    log.LifetimeChanged: _changed(tl.channelAdminLogEventActionChangeHistoryTTL),
    log.LinkChanged: _changed(tl.channelAdminLogEventActionChangeLinkedChat),
    log.RightsChanged: lambda event, seat, files: tl.channelAdminLogEventActionDefaultBannedRights(
        prev_banned_rights=banned_rights_view(event.before), new_banned_rights=banned_rights_view(event.after)
    ),
    log.CameIn: lambda event, seat, files: tl.channelAdminLogEventActionParticipantJoin(),
    log.WentOut: lambda event, seat, files: tl.channelAdminLogEventActionParticipantLeave(),
    invites.CameByLink: lambda event, seat, files: tl.channelAdminLogEventActionParticipantJoinByInvite(
        invite=invite_view(event.invite.invite)
    ),
    invites.CameByRequest: lambda event, seat, files: tl.channelAdminLogEventActionParticipantJoinByRequest(
        invite=tl.chatInvitePublicJoinRequests() if event.invite is None else invite_view(event.invite.invite),
        approved_by=event.approved_by,
    ),
    invites.InviteRevoked: lambda event, seat, files: tl.channelAdminLogEventActionExportedInviteRevoke(
        invite=invite_view(event.invite.invite)
    ),
    invites.InviteForgotten: lambda event, seat, files: tl.channelAdminLogEventActionExportedInviteDelete(
        invite=invite_view(event.invite.invite)
    ),
    invites.InviteChanged: lambda event, seat, files: tl.channelAdminLogEventActionExportedInviteEdit(
        prev_invite=invite_view(event.before.invite), new_invite=invite_view(event.after.invite)
    ),
    log.Brought: lambda event, seat, files: tl.channelAdminLogEventActionParticipantInvite(
        participant=member_view(event.member.member, seat)
    ),
    log.BanToggled: _toggled(tl.channelAdminLogEventActionParticipantToggleBan),
    log.AdminToggled: _toggled(tl.channelAdminLogEventActionParticipantToggleAdmin),
    log.MessagePinned: lambda event, seat, files: tl.channelAdminLogEventActionUpdatePinned(
        message=message_view(event.message, files)
    ),
    log.MessageChanged: lambda event, seat, files: tl.channelAdminLogEventActionEditMessage(
        prev_message=message_view(event.before, files), new_message=message_view(event.after, files)
    ),
    log.MessageRemoved: lambda event, seat, files: tl.channelAdminLogEventActionDeleteMessage(
        message=message_view(event.message, files)
    ),
}


def _peers(event: AdminEvent) -> set[int]:
    """The marked ids that an event speaks of beside its people."""
    if isinstance(event, log.LinkChanged):
        return {marked_channel(channel_id) for channel_id in (event.before, event.after) if channel_id}
    if isinstance(event, log.MessagePinned | log.MessageRemoved):
        return peers_in([event.message])
    if isinstance(event, log.MessageChanged):
        return peers_in([event.before, event.after])
    return set()
