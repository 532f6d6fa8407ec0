"""RPCQrCode: signing in by a code on the screen that a signed-in device scans.

The new device shows a token; a signed-in device accepts it, which signs the
new device's key in and pushes ``updateLoginToken`` to it; the new device asks
once more and gets its authorization.
"""

from typing import Any

from teamgram.bff.authorization.sign_ins import SignIns
from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.authorizations import authorization_view
from teamgram.bff.views.users import UserViews
from teamgram.domain.codes.tokens import SignInTokens, WaitingDevice
from teamgram.interfaces.authsession import AuthSessions
from teamgram.interfaces.bus import Bus
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.interfaces.updates import PushedUpdates
from teamgram.mtproto.tl import encode, tl


class QrCode(RpcService):
    """Login tokens."""

    name = "RPCQrCode"

    def __init__(
        self,
        sign_ins: SignIns,
        auth_sessions: AuthSessions,
        views: UserViews,
        tokens: SignInTokens,
        bus: Bus,
    ) -> None:
        self._sign_ins = sign_ins
        self._auth_sessions = auth_sessions
        self._views = views
        self._tokens = tokens
        self._bus = bus

    @rpc("auth.exportLoginToken", login=False)
    async def export_login_token(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.exportLoginToken#b7e085fe api_id:int api_hash:string except_ids:Vector<long> = auth.LoginToken"""
        if not query.api_id:
            raise bad_request("API_ID_INVALID")
        if not caller.perm_auth_key_id:
            raise RpcError(401, "AUTH_KEY_PERM_EMPTY")
        done = await self._success(caller)
        if done is not None:
            return done
        token, expires_at = await self._tokens.show(caller.perm_auth_key_id, query.except_ids)
        return tl.auth.loginToken(expires=expires_at, token=token)

    @rpc("auth.acceptLoginToken")
    async def accept_login_token(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.acceptLoginToken#e894ad4d token:bytes = Authorization"""
        waiting = await self._waiting(query.token)
        if caller.user_id in waiting.except_user_ids:
            raise bad_request("AUTH_TOKEN_EXCEPTION")
        key = waiting.perm_auth_key_id
        present, client = await self._auth_sessions.get_client(key)
        if present:
            raise bad_request("AUTH_TOKEN_ALREADY_ACCEPTED")
        await self._tokens.accept(query.token, key, caller.user_id)
        await self._sign_ins.sign_in(key, caller.user_id, client, client.client_addr)
        update = tl.updateShort(update=tl.updateLoginToken(), date=self._sign_ins.now())
        self._bus.publish(PushedUpdates.for_device(encode(update), caller.user_id, key))
        for device in await self._sign_ins.devices(caller.user_id, caller.perm_auth_key_id):
            if device.perm_auth_key_id == key:
                return authorization_view(device, caller.perm_auth_key_id)
        raise bad_request("AUTH_TOKEN_EXPIRED")  # the new device went away in this moment

    @rpc("auth.importLoginToken", login=False)
    async def import_login_token(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.importLoginToken#95ac5ce4 token:bytes = auth.LoginToken"""
        done = await self._success(caller)
        if done is not None:
            return done
        waiting = await self._waiting(query.token)
        if waiting.perm_auth_key_id != caller.perm_auth_key_id:
            raise bad_request("AUTH_TOKEN_INVALID")
        return tl.auth.loginToken(expires=waiting.expires_at, token=query.token)

    async def _waiting(self, token: bytes) -> WaitingDevice:
        """Who shows a token.

        Raises:
            RpcError: ``AUTH_TOKEN_EXPIRED``.
        """
        waiting = await self._tokens.waiting(token)
        if waiting is None:
            raise bad_request("AUTH_TOKEN_EXPIRED")
        return waiting

    async def _success(self, caller: RpcMetadata) -> Any:
        """``auth.loginTokenSuccess`` once, when the caller's token was accepted; else None."""
        user_id = await self._tokens.take_accepted(caller.perm_auth_key_id)
        if not user_id:
            return None
        signed_in, _client = await self._auth_sessions.get_client(caller.perm_auth_key_id)
        if signed_in != user_id:
            return None
        (view,) = await self._views.render(user_id, [user_id])
        return tl.auth.loginTokenSuccess(authorization=tl.auth.authorization(user=view))
