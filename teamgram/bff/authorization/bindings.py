"""Temporary keys, authorizations carried to another key, and ending sessions."""

from typing import Any

from teamgram.bff.authorization.sign_ins import SignIns
from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.users import UserViews
from teamgram.domain.codes.tokens import SignInTokens
from teamgram.interfaces.authsession import AuthSessions, BindTempAuthKeyError
from teamgram.interfaces.bus import Bus
from teamgram.interfaces.rpc import RpcError, RpcMetadata, RpcRequest
from teamgram.interfaces.session import KeyBound, KeyDestroyed
from teamgram.mtproto import data_centres
from teamgram.mtproto.tl import tl


class Bindings(RpcService):
    """What keys are to each other."""

    name = "RPCAuthorization"

    def __init__(
        self,
        auth_sessions: AuthSessions,
        bus: Bus,
        sign_ins: SignIns,
        views: UserViews,
        tokens: SignInTokens,
        dc_id: int,
    ) -> None:
        self._auth_sessions = auth_sessions
        self._bus = bus
        self._sign_ins = sign_ins
        self._views = views
        self._tokens = tokens
        self._dc_id = dc_id

    @rpc("auth.bindTempAuthKey", login=False)
    async def bind_temp_auth_key(self, caller: RpcMetadata, query: Any, request: RpcRequest) -> bool:
        """auth.bindTempAuthKey#cdd42a05 perm_auth_key_id:long nonce:long expires_at:int encrypted_message:bytes
        = Bool
        """
        try:
            key = await self._auth_sessions.bind_temp_auth_key(
                temp_auth_key_id=caller.auth_key_id,
                temp_session_id=caller.session_id,
                msg_id=request.msg_id,
                perm_auth_key_id=query.perm_auth_key_id,
                nonce=query.nonce,
                expires_at=query.expires_at,
                encrypted_message=query.encrypted_message,
                now=self._sign_ins.now(),
            )
        except BindTempAuthKeyError as error:
            raise bad_request(error.reason) from None
        self._bus.publish(KeyBound.of(key))
        return True

    @rpc("auth.dropTempAuthKeys", login=False)
    async def drop_temp_auth_keys(self, caller: RpcMetadata, query: Any) -> bool:
        """auth.dropTempAuthKeys#8e48a188 except_auth_keys:Vector<long> = Bool"""
        dropped = await self._auth_sessions.drop_temp_auth_keys(caller.perm_auth_key_id, query.except_auth_keys)
        for auth_key_id in dropped:
            self._bus.publish(KeyDestroyed(auth_key_id))
        return True

    @rpc("auth.exportAuthorization")
    async def export_authorization(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.exportAuthorization#e5bfffcd dc_id:int = auth.ExportedAuthorization"""
        if query.dc_id not in data_centres.served(self._dc_id):
            raise bad_request("DC_ID_INVALID")
        token = await self._tokens.export(caller.perm_auth_key_id, caller.user_id)
        return tl.auth.exportedAuthorization(id=caller.user_id, bytes=token)

    @rpc("auth.importAuthorization", login=False)
    async def import_authorization(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.importAuthorization#a57a7dad id:long bytes:bytes = auth.Authorization"""
        exporter = await self._tokens.take_exported(query.id, query.bytes)
        if not exporter or not await self._sign_ins.carry(exporter, query.id, caller):
            raise bad_request("AUTH_BYTES_INVALID")
        (view,) = await self._views.render(query.id, [query.id])
        return tl.auth.authorization(user=view)

    @rpc("auth.resetAuthorizations")
    async def reset_authorizations(self, caller: RpcMetadata, query: Any) -> bool:
        """auth.resetAuthorizations#9fab0d1a = Bool"""
        await self._sign_ins.check_ends_others(caller)
        await self._sign_ins.sign_out_others(caller.user_id, caller.perm_auth_key_id)
        return True

    @rpc("account.setAuthorizationTTL")
    async def set_authorization_ttl(self, caller: RpcMetadata, query: Any) -> bool:
        """account.setAuthorizationTTL#bf899aa0 authorization_ttl_days:int = Bool"""
        if not 1 <= query.authorization_ttl_days <= 366:
            raise RpcError(400, "TTL_DAYS_INVALID")
        await self._sign_ins.check_ends_others(caller)
        await self._sign_ins.set_days_of_inactivity(caller.user_id, query.authorization_ttl_days)
        return True
