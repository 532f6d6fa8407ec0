"""auth.importBotAuthorization."""

from typing import Any

from teamgram.bff.authorization.sign_ins import SignIns
from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.users import UserViews
from teamgram.domain.bots.bots import Bots
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class BotSignIn(RpcService):
    """A key becomes a bot's by its token."""

    name = "RPCAuthorization"

    def __init__(self, bots: Bots, sign_ins: SignIns, views: UserViews) -> None:
        self._bots = bots
        self._sign_ins = sign_ins
        self._views = views

    @rpc("auth.importBotAuthorization", login=False)
    async def import_bot_authorization(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.importBotAuthorization#67a3ff2c flags:int api_id:int api_hash:string bot_auth_token:string
        = auth.Authorization
        """
        bot = await self._bots.by_token(query.bot_auth_token)
        if caller.user_id and caller.user_id != bot.user_id:
            raise bad_request("ACCESS_TOKEN_INVALID")
        await self._sign_ins.sign_in_caller(caller, bot.user_id)
        (view,) = await self._views.render(bot.user_id, [bot.user_id])
        return tl.auth.authorization(user=view)
