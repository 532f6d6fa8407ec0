"""What administrators set channels to: by their names matters of several services."""

from typing import Any

from teamgram.bff.channels.members import channel_changed
from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.channels.channel import Flag
from teamgram.domain.ids.peer import marked_channel
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class ChannelSettingsService(RpcService):
    """RPCChannels."""

    name = "RPCChannels"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def _switch(self, caller: RpcMetadata, channel: Any, wanted: dict[Flag, bool]) -> Any:
        return await switch(self._shared, caller, channel, wanted)

    @rpc("channels.toggleSignatures")
    async def toggle_signatures(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.toggleSignatures#418d549c flags:# signatures_enabled:flags.0?true ... = Updates"""
        # Layers before 187 write a Bool.
        enabled = query.signatures_enabled or bool(getattr(query, "enabled", False))
        wanted = {Flag.SIGNATURES: enabled, Flag.SIGNATURE_PROFILES: enabled and query.profiles_enabled}
        return await self._switch(caller, query.channel, wanted)

    @rpc("channels.togglePreHistoryHidden")
    async def toggle_pre_history_hidden(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.togglePreHistoryHidden#eabbb94c channel:InputChannel enabled:Bool = Updates"""
        return await self._switch(caller, query.channel, {Flag.HIDDEN_PREHISTORY: query.enabled})

    @rpc("channels.toggleParticipantsHidden")
    async def toggle_participants_hidden(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.toggleParticipantsHidden#6a6e7854 channel:InputChannel enabled:Bool = Updates"""
        return await self._switch(caller, query.channel, {Flag.PARTICIPANTS_HIDDEN: query.enabled})

    @rpc("channels.toggleSlowMode")
    async def toggle_slow_mode(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.toggleSlowMode#edd49ef0 channel:InputChannel seconds:int = Updates"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        await shared.domain.channel_settings.set_slow_mode(shared.actor(caller), seat.channel.id, query.seconds)
        return await channel_changed(shared, caller, seat)

    @rpc("channels.setDiscussionGroup")
    async def set_discussion_group(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.setDiscussionGroup#40582bb2 broadcast:InputChannel group:InputChannel = Bool"""
        shared = self._shared
        ids = [
            (await shared.seat(caller, written)).channel.id if written.NAME != "inputChannelEmpty" else 0
            for written in (query.broadcast, query.group)
        ]
        if not any(ids):
            raise bad_request("LINK_NOT_MODIFIED")
        await shared.domain.channel_settings.link(shared.actor(caller), *ids)
        return True

    @rpc("channels.getGroupsForDiscussion")
    async def get_groups_for_discussion(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getGroupsForDiscussion#f5dad378 = messages.Chats"""
        shared = self._shared
        ids = await shared.domain.channel_settings.groups_to_link(caller.user_id)
        _, chats = await shared.peers(caller.user_id, set(map(marked_channel, ids)))
        return tl.messages.chats(chats=chats)


class JoiningSettings(RpcService):
    """Who may come in, and write; by its name a matter of invitations."""

    name = "RPCChatInvites"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.toggleJoinToSend")
    async def toggle_join_to_send(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.toggleJoinToSend#e4cb9580 channel:InputChannel enabled:Bool = Updates"""
        return await switch(self._shared, caller, query.channel, {Flag.JOIN_TO_SEND: query.enabled})

    @rpc("channels.toggleJoinRequest")
    async def toggle_join_request(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.toggleJoinRequest#ecc2618 flags:# apply_to_invites:flags.1?true ... = Updates"""
        if query.guard_bot is not None:
            # No bot of this server looks after who comes in.
            raise bad_request("BOT_INVALID")
        wanted = {Flag.JOIN_REQUEST: query.enabled}
        return await switch(self._shared, caller, query.channel, wanted, links_too=query.apply_to_invites)


class AntiSpam(RpcService):
    """The switch of what a client calls aggressive anti-spam."""

    name = "RPCAntiSpam"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.toggleAntiSpam")
    async def toggle_anti_spam(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.toggleAntiSpam#68f3e4eb channel:InputChannel enabled:Bool = Updates"""
        return await switch(self._shared, caller, query.channel, {Flag.ANTISPAM: query.enabled})


async def switch(
    shared: Shared, caller: RpcMetadata, channel: Any, wanted: dict[Flag, bool], *, links_too: bool = False
) -> Any:
    """Switch settings of a channel, and answer with it."""
    seat = await shared.seat(caller, channel)
    await shared.domain.channel_settings.switch(shared.actor(caller), seat.channel.id, wanted, links_too=links_too)
    return await channel_changed(shared, caller, seat)
