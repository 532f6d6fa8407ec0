"""RPCBots: commands, names and descriptions."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.bots import command_views
from teamgram.domain.bots.bot import BotCommand, CommandSet
from teamgram.domain.bots.errors import BotNotFound
from teamgram.domain.updates.events import UserChanged
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_SCOPE = "botCommandScope"
_MAX_LANG_CODE = 2


class BotSettings(RpcService):
    """What a bot, or its owner, says about it."""

    name = "RPCBots"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def _place(self, caller: RpcMetadata, query: Any) -> CommandSet:
        """The set that a query means, empty."""
        scope = query.scope
        kind = scope.NAME.removeprefix(_SCOPE)
        lang_code = query.lang_code or ""
        if len(lang_code) > _MAX_LANG_CODE:
            raise bad_request("LANG_CODE_INVALID")
        peer = user_id = 0
        if hasattr(scope, "peer"):
            peer = (await self._shared.peer(caller, scope.peer)).marked
        if hasattr(scope, "user_id"):
            user_id = (await self._shared.input_peers.user(caller, scope.user_id)).id
        return CommandSet(kind[0].lower() + kind[1:], peer, user_id, lang_code)

    @rpc("bots.setBotCommands")
    async def set_bot_commands(self, caller: RpcMetadata, query: Any) -> bool:
        """bots.setBotCommands#517165a scope:BotCommandScope lang_code:string commands:Vector<BotCommand> = Bool"""
        place = await self._place(caller, query)
        commands = tuple(BotCommand(one.command, one.description) for one in query.commands)
        wanted = CommandSet(place.scope, place.peer, place.user_id, place.lang_code, commands)
        await self._shared.domain.bots.set_commands(caller.user_id, wanted)
        return True

    @rpc("bots.resetBotCommands")
    async def reset_bot_commands(self, caller: RpcMetadata, query: Any) -> bool:
        """bots.resetBotCommands#3d8de0f9 scope:BotCommandScope lang_code:string = Bool"""
        await self._shared.domain.bots.set_commands(caller.user_id, await self._place(caller, query))
        return True

    @rpc("bots.getBotCommands")
    async def get_bot_commands(self, caller: RpcMetadata, query: Any) -> Any:
        """bots.getBotCommands#e34c0dd6 scope:BotCommandScope lang_code:string = Vector<BotCommand>"""
        bot = await self._shared.domain.bots.require(caller.user_id)
        place = (await self._place(caller, query)).place
        return command_views(next((one.commands for one in bot.details.commands if one.place == place), ()))

    async def _meant(self, caller: RpcMetadata, query: Any) -> int:
        """Whose profile a query is about: the caller's own, or that of a bot of theirs."""
        written = getattr(query, "bot", None)
        if written is None:
            return (await self._shared.domain.bots.require(caller.user_id)).user_id
        user = await self._shared.input_peers.user(caller, written)
        bot = (await self._shared.domain.bots.get([user.id])).get(user.id)
        if bot is None or caller.user_id not in (user.id, bot.owner_id):
            raise BotNotFound(str(user.id))
        return user.id

    @rpc("bots.setBotInfo")
    async def set_bot_info(self, caller: RpcMetadata, query: Any) -> bool:
        """bots.setBotInfo#10cf3123 flags:# bot:flags.2?InputUser lang_code:string name:flags.3?string
        about:flags.0?string description:flags.1?string = Bool
        """
        shared, bot_id = self._shared, await self._meant(caller, query)
        if query.lang_code:
            await shared.domain.bots.set_wording(
                bot_id, query.lang_code, description=query.description, about=query.about
            )
            return True
        if query.description is not None:
            await shared.domain.bots.set_description(bot_id, query.description)
        name = getattr(query, "name", None)
        if name is not None or query.about is not None:
            await shared.domain.bots.set_profile(bot_id, name=name, about=query.about)
            viewers = await shared.domain.watchers.of(bot_id)
            shared.domain.fanout.publish([bot_id, *viewers], UserChanged(bot_id))
        return True

    @rpc("bots.getBotInfo")
    async def get_bot_info(self, caller: RpcMetadata, query: Any) -> Any:
        """bots.getBotInfo#dcd914fd flags:# bot:flags.0?InputUser lang_code:string = bots.BotInfo"""
        bot_id = await self._meant(caller, query)
        user = await self._shared.domain.users.require(bot_id)
        bot = await self._shared.domain.bots.require(bot_id)
        about, description = user.about, bot.details.description
        if query.lang_code:
            wording = bot.details.wording(query.lang_code)
            about, description = wording.about, wording.description
        return tl.bots.botInfo(name=user.first_name, about=about, description=description)

    @rpc("bots.getAdminedBots")
    async def get_admined_bots(self, caller: RpcMetadata, query: Any) -> Any:
        """bots.getAdminedBots#b0711d83 = Vector<User>"""
        owned = await self._shared.domain.bots.owned(caller.user_id)
        return await self._shared.user_views.render(caller.user_id, [bot.user_id for bot in owned])
