"""RPCChannels: founding channels and supergroups, and looking at them."""

from secrets import randbits
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.chats import invite_view
from teamgram.bff.views.messages import peers_in
from teamgram.bff.views.notifications import notify_settings_view
from teamgram.bff.views.reactions import allowed_view
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.channels.channel import AdminRight, Flag, Kind
from teamgram.domain.channels.channels import NewChannel
from teamgram.domain.channels.errors import ChannelNotFound
from teamgram.domain.channels.rights import sees_members
from teamgram.domain.channels.usernames import MAX_PUBLIC
from teamgram.domain.chats.join_requests import Pending
from teamgram.domain.ids.peer import CHANNEL_MARK, marked_chat
from teamgram.domain.users.notifications import UNCHANGED
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.mtproto.tl import tl

MAX_CHANNEL_IDS = 100


class ChannelsService(RpcService):
    """The channels that the caller may see."""

    name = "RPCChannels"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.createChannel")
    async def create_channel(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.createChannel#91006707 flags:# broadcast:flags.0?true megagroup:flags.1?true ... = Updates"""
        shared = self._shared
        if query.geo_point is not None or query.address:
            # Groups of a place are founded nowhere any more.
            raise bad_request("CHANNELS_ADMIN_LOCATED_TOO_MUCH")
        megagroup = query.megagroup or query.forum
        new = NewChannel(
            Kind.MEGAGROUP if megagroup else Kind.BROADCAST,
            query.title,
            query.about,
            int(Flag.FORUM) if query.forum else 0,
            max(0, query.ttl_period or 0),
        )
        channel_id, change = await shared.domain.channels.create(shared.actor(caller), new)
        return await self._founded(change, channel_id)

    async def _founded(self, change: OwnChange, channel_id: int) -> Any:
        # TDLib gives a channel up whose first message comes without a random_id: the server makes one here.
        [first] = change.messages
        updates = await self._shared.updates.answer(change, [(randbits(63), first)])
        updates.updates.insert(1, tl.updateChannel(channel_id=channel_id))
        return updates

    @rpc("channels.getAdminedPublicChannels")
    async def get_admined_public_channels(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getAdminedPublicChannels#f8b036af flags:# by_location:flags.0?true check_limit:flags.1?true ..."""
        shared = self._shared
        ids = await shared.domain.channel_usernames.public_of(caller.user_id)
        if query.check_limit and len(ids) >= MAX_PUBLIC:
            raise bad_request("CHANNELS_ADMIN_PUBLIC_TOO_MUCH")
        _, chats = await shared.peers(caller.user_id, {-CHANNEL_MARK - channel_id for channel_id in ids})
        return tl.messages.chats(chats=[] if query.by_location else chats)

    @rpc("channels.getChannels")
    async def get_channels(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getChannels#a7f6bbb id:Vector<InputChannel> = messages.Chats"""
        shared = self._shared
        channel_ids = []
        failed: Exception | None = None
        for view in query.id[:MAX_CHANNEL_IDS]:
            try:
                channel_ids.append((await shared.input_peers.channel(caller, view)).id)
            except (ChannelNotFound, RpcError) as error:
                failed = error
        if failed is not None and not channel_ids:
            raise failed
        _, chats = await shared.peers(caller.user_id, {-CHANNEL_MARK - channel_id for channel_id in channel_ids})
        return tl.messages.chats(chats=chats)

    @rpc("channels.getFullChannel")
    async def get_full_channel(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getFullChannel#8736a09 channel:InputChannel = messages.ChatFull"""
        shared, viewer_id = self._shared, caller.user_id
        seat = await shared.seat(caller, query.channel)
        channel = seat.channel
        dialog = await shared.domain.dialogs.get(viewer_id, channel.marked)
        chosen = (await shared.domain.notifications.get(viewer_id)).get(str(channel.marked), UNCHANGED)
        counts = await shared.domain.channels.counts(seat)
        photo = await shared.domain.filing.files.photo(channel.photo.photo_id) if channel.photo is not None else None
        allowed = await shared.domain.reaction_choices.allowed(channel.marked)
        # Up to where the old group's history goes, which everybody has in a box of their own.
        before = None
        if channel.migrated_from_chat_id:
            before = await shared.domain.dialogs.get(viewer_id, marked_chat(channel.migrated_from_chat_id))
        # Without one Telegram Desktop's box for it is empty, and its buttons are dead.
        invite, waiting = None, Pending()
        if seat.has(AdminRight.INVITE_USERS):
            invite = await shared.domain.invites.permanent_of(shared.actor(caller), channel.marked)
            waiting = await shared.domain.join_requests.pending(channel.marked)
        full = tl.channelFull(
            available_reactions=allowed_view(allowed),
            reactions_limit=allowed.limit,
            id=channel.id,
            about=channel.about,
            can_view_participants=sees_members(seat),
            can_set_username=seat.is_owner,
            can_set_stickers=not channel.is_broadcast and seat.has(AdminRight.CHANGE_INFO),
            hidden_prehistory=channel.has(Flag.HIDDEN_PREHISTORY),
            can_delete_channel=seat.is_owner,
            can_view_stats=seat.is_admin,
            # TDLib wants to be told where they are.
            stats_dc=shared.updates.files.dc_id if seat.is_admin else None,
            antispam=channel.has(Flag.ANTISPAM),
            participants_hidden=channel.has(Flag.PARTICIPANTS_HIDDEN),
            participants_count=channel.members,
            admins_count=counts.admins if seat.is_admin else None,
            kicked_count=counts.put_out if seat.has(AdminRight.BAN_USERS) else None,
            banned_count=counts.restricted if seat.has(AdminRight.BAN_USERS) else None,
            read_inbox_max_id=dialog.read_inbox_max_id,
            read_outbox_max_id=dialog.read_outbox_max_id,
            unread_count=dialog.unread_count,
            chat_photo=shared.updates.files.of_channel(photo, channel.id),
            notify_settings=notify_settings_view(chosen),
            stickerset=await self._set(viewer_id, channel.sticker_set_id),
            emojiset=await self._set(viewer_id, channel.emoji_set_id),
            exported_invite=invite_view(invite) if invite is not None else None,
            requests_pending=waiting.count or None,
            recent_requesters=list(waiting.recent) or None,
            bot_info=[],
            migrated_from_chat_id=channel.migrated_from_chat_id or None,
            migrated_from_max_id=before.top_message_id if before is not None else None,
            pinned_msg_id=counts.pinned_message_id or None,
            available_min_id=seat.hidden_up_to or None,
            folder_id=dialog.folder_id or None,
            linked_chat_id=channel.linked_id or None,
            slowmode_seconds=channel.slowmode_seconds or None,
            slowmode_next_send_date=await shared.domain.messages.next_turn(seat) or None,
            ttl_period=channel.ttl_seconds or None,
            has_scheduled=await shared.domain.scheduled.has_any(viewer_id, channel.marked),
            pts=counts.pts,
        )
        peers = {channel.marked, *waiting.recent}
        if channel.linked_id:
            peers.add(-CHANNEL_MARK - channel.linked_id)
        users, chats = await shared.peers(viewer_id, peers)
        return tl.messages.chatFull(full_chat=full, chats=chats, users=users)

    async def _set(self, viewer_id: int, set_id: int) -> Any | None:
        """``stickerSet`` of the group's own; None where there is none, or it is gone."""
        found = await self._shared.domain.sticker_sets.by_id(set_id) if set_id else None
        if found is None:
            return None
        (view,) = await self._shared.updates.stickers.sets(viewer_id, [found])
        return view


class Migration(RpcService):
    """Basic groups that become supergroups; by its name a matter of chats."""

    name = "RPCChats"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.migrateChat")
    async def migrate_chat(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.migrateChat#a2875319 chat_id:long = Updates"""
        shared = self._shared
        done = await shared.domain.migration.migrate(shared.actor(caller), query.chat_id)
        updates = await shared.updates.answer(done.left)
        entered = await shared.updates.answer(done.entered)
        updates.updates += [tl.updateChannel(channel_id=done.channel_id), *entered.updates]
        peers = peers_in([*done.left.messages.values(), *done.entered.messages.values()])
        updates.users, updates.chats = await shared.peers(caller.user_id, peers)
        return updates
