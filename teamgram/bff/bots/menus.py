"""RPCBotMenuButton and RPCBotAdminRight: the button beside the field, and what a bot asks for as an administrator."""

from typing import Any

from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.bots import menu_button_view
from teamgram.domain.bots.bot import MenuButton
from teamgram.domain.channels.channel import AdminRight
from teamgram.interfaces.rpc import RpcMetadata


class BotMenuButtons(RpcService):
    """What a bot shows beside the field of its private chats."""

    name = "RPCBotMenuButton"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def _viewer(self, caller: RpcMetadata, view: Any) -> int:
        """Whose menu button is meant, 0 for everybody's."""
        if view.NAME in ("inputUserEmpty", "inputUserSelf"):
            return 0
        return (await self._shared.input_peers.user(caller, view)).id

    @rpc("bots.setBotMenuButton")
    async def set_menu_button(self, caller: RpcMetadata, query: Any) -> bool:
        """bots.setBotMenuButton#4504d54f user_id:InputUser button:BotMenuButton = Bool"""
        viewer_id, view = await self._viewer(caller, query.user_id), query.button
        if view.NAME == "botMenuButton":
            button = MenuButton("web_app", view.text, view.url)
        else:
            button = MenuButton("commands" if view.NAME == "botMenuButtonCommands" else "default")
        await self._shared.domain.bots.set_menu(caller.user_id, viewer_id, button)
        return True

    @rpc("bots.getBotMenuButton")
    async def get_menu_button(self, caller: RpcMetadata, query: Any) -> Any:
        """bots.getBotMenuButton#9c60eb28 user_id:InputUser = BotMenuButton"""
        viewer_id = await self._viewer(caller, query.user_id)
        button = await self._shared.domain.bots.menu(caller.user_id, viewer_id)
        return menu_button_view(button, ())


class BotAdminRights(RpcService):
    """What apps offer to give a bot that is made an administrator."""

    name = "RPCBotAdminRight"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("bots.setBotGroupDefaultAdminRights")
    async def set_group_rights(self, caller: RpcMetadata, query: Any) -> bool:
        """bots.setBotGroupDefaultAdminRights#925ec9ea admin_rights:ChatAdminRights = Bool"""
        return await self._set_rights(caller, query, channels=False)

    @rpc("bots.setBotBroadcastDefaultAdminRights")
    async def set_broadcast_rights(self, caller: RpcMetadata, query: Any) -> bool:
        """bots.setBotBroadcastDefaultAdminRights#788464e1 admin_rights:ChatAdminRights = Bool"""
        return await self._set_rights(caller, query, channels=True)

    async def _set_rights(self, caller: RpcMetadata, query: Any, *, channels: bool) -> bool:
        rights = sum(right for right in AdminRight if getattr(query.admin_rights, str(right.name).lower(), False))
        await self._shared.domain.bots.set_default_rights(caller.user_id, int(rights), channels=channels)
        return True
