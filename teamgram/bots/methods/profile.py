"""What a bot is, and what it says of itself."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.parameters import Parameters
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.chats import ADMIN_RIGHTS, admin_rights_json
from teamgram.bots.views.users import me_json
from teamgram.domain.bots.bot import BotCommand, CommandSet, MenuButton
from teamgram.domain.domain import Domain
from teamgram.domain.ids.peer import is_user
from teamgram.domain.updates.events import UserChanged

#: Of the Bot API's scopes, how the domain calls them.
_SCOPES = {
    "default": "default",
    "all_private_chats": "users",
    "all_group_chats": "chats",
    "all_chat_administrators": "chatAdmins",
    "chat": "peer",
    "chat_administrators": "peerAdmins",
    "chat_member": "peerUser",
}


class BotProfile:
    """``getMe``, commands, names and descriptions."""

    def __init__(self, domain: Domain, conversations: Conversations) -> None:
        self._domain = domain
        self._conversations = conversations

    @api_method("getMe")
    async def get_me(self, call: ApiCall) -> Any:
        """User."""
        return me_json(await self._domain.users.require(call.bot_id), call.bot)

    @api_method("setMyCommands")
    async def set_commands(self, call: ApiCall) -> bool:
        """True."""
        given = call.parameters.object("commands")
        if not isinstance(given, list):
            raise bad_request("can't parse commands JSON object: expected an Array of BotCommand")
        commands = []
        for one in given:
            if not isinstance(one, dict):
                raise bad_request("can't parse commands JSON object: expected an Object")
            command = str(one.get("command") or "").removeprefix("/")
            commands.append(BotCommand(command, str(one.get("description") or "")))
        place = _place(call.parameters)
        wanted = CommandSet(place.scope, place.peer, place.user_id, place.lang_code, tuple(commands))
        await self._domain.bots.set_commands(call.bot_id, wanted)
        return True

    @api_method("deleteMyCommands")
    async def delete_commands(self, call: ApiCall) -> bool:
        """True."""
        await self._domain.bots.set_commands(call.bot_id, _place(call.parameters))
        return True

    @api_method("getMyCommands")
    async def get_commands(self, call: ApiCall) -> Any:
        """Array of BotCommand."""
        place = _place(call.parameters).place
        bot = await self._domain.bots.require(call.bot_id)
        found = next((one.commands for one in bot.details.commands if one.place == place), ())
        return [{"command": one.command, "description": one.description} for one in found]

    @api_method("setMyName")
    async def set_name(self, call: ApiCall) -> bool:
        """True."""
        if call.parameters.text("language_code"):
            raise bad_request("names have one language on this server")
        user = await self._domain.users.require(call.bot_id)
        await self._domain.bots.set_profile(call.bot_id, name=call.parameters.text("name") or user.first_name)
        await self._tell(call.bot_id)
        return True

    @api_method("getMyName")
    async def get_name(self, call: ApiCall) -> Any:
        """BotName."""
        return {"name": (await self._domain.users.require(call.bot_id)).first_name}

    @api_method("setMyDescription")
    async def set_description(self, call: ApiCall) -> bool:
        """True."""
        language, description = call.parameters.text("language_code"), call.parameters.text("description")
        if language:
            await self._domain.bots.set_wording(call.bot_id, language, description=description)
        else:
            await self._domain.bots.set_description(call.bot_id, description)
        return True

    @api_method("getMyDescription")
    async def get_description(self, call: ApiCall) -> Any:
        """BotDescription."""
        details = (await self._domain.bots.require(call.bot_id)).details
        language = call.parameters.text("language_code")
        return {"description": details.wording(language).description if language else details.description}

    @api_method("setMyShortDescription")
    async def set_short_description(self, call: ApiCall) -> bool:
        """True."""
        language, about = call.parameters.text("language_code"), call.parameters.text("short_description")
        if language:
            await self._domain.bots.set_wording(call.bot_id, language, about=about)
            return True
        await self._domain.bots.set_profile(call.bot_id, about=about)
        await self._tell(call.bot_id)
        return True

    @api_method("getMyShortDescription")
    async def get_short_description(self, call: ApiCall) -> Any:
        """BotShortDescription."""
        language = call.parameters.text("language_code")
        if language:
            details = (await self._domain.bots.require(call.bot_id)).details
            return {"short_description": details.wording(language).about}
        return {"short_description": (await self._domain.users.require(call.bot_id)).about}

    @api_method("getChatMenuButton")
    async def get_menu_button(self, call: ApiCall) -> Any:
        """MenuButton."""
        button = await self._domain.bots.menu(call.bot_id, await self._viewer(call))
        if button.kind == "web_app":
            return {"type": "web_app", "text": button.text, "web_app": {"url": button.url}}
        return {"type": button.kind}

    @api_method("setChatMenuButton")
    async def set_menu_button(self, call: ApiCall) -> bool:
        """True."""
        given = call.parameters.object("menu_button") or {"type": "default"}
        kind = given.get("type") if isinstance(given, dict) else None
        if kind not in ("default", "commands", "web_app"):
            raise bad_request("can't parse MenuButton: unsupported type specified")
        inner = call.parameters.inner(given)
        app = inner.object("web_app")
        url = str(app.get("url") or "") if isinstance(app, dict) else ""
        button = MenuButton("web_app", inner.text("text"), url) if kind == "web_app" else MenuButton(kind)
        await self._domain.bots.set_menu(call.bot_id, await self._viewer(call), button)
        return True

    async def _viewer(self, call: ApiCall) -> int:
        """Whose button is meant, 0 for everybody's."""
        if not call.parameters.has("chat_id"):
            return 0
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        if not is_user(peer):
            raise bad_request("chat menu button can be changed in private chats only")
        return peer

    @api_method("setMyDefaultAdministratorRights")
    async def set_default_rights(self, call: ApiCall) -> bool:
        """True."""
        given = call.parameters.object("rights") or {}
        if not isinstance(given, dict):
            raise bad_request("can't parse rights: expected an Object")
        inner = call.parameters.inner(given)
        rights = sum(right for name, right in ADMIN_RIGHTS.items() if inner.flag(name))
        channels = call.parameters.flag("for_channels")
        await self._domain.bots.set_default_rights(call.bot_id, int(rights), channels=channels)
        return True

    @api_method("getMyDefaultAdministratorRights")
    async def get_default_rights(self, call: ApiCall) -> Any:
        """ChatAdministratorRights."""
        details = (await self._domain.bots.require(call.bot_id)).details
        channels = call.parameters.flag("for_channels")
        return admin_rights_json(details.channel_rights if channels else details.group_rights, channels=channels)

    async def _tell(self, bot_id: int) -> None:
        viewers = await self._domain.watchers.of(bot_id)
        self._domain.fanout.publish([bot_id, *viewers], UserChanged(bot_id))


def _place(parameters: Parameters) -> CommandSet:
    """The set of commands that a call means, empty."""
    scope = parameters.object("scope") or {"type": "default"}
    kind = _SCOPES.get(str(scope.get("type"))) if isinstance(scope, dict) else None
    if kind is None:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    peer, user_id = scope.get("chat_id", 0), scope.get("user_id", 0)
    if kind.startswith("peer") and not isinstance(peer, int):
        raise bad_request("chat not found")
    lang_code = parameters.text("language_code")
    if len(lang_code) > 2:
        raise bad_request("LANG_CODE_INVALID")
    return CommandSet(
        kind,
        peer if kind.startswith("peer") and isinstance(peer, int) else 0,
        user_id if kind == "peerUser" and isinstance(user_id, int) else 0,
        lang_code,
    )
