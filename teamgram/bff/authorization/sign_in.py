"""Codes, signing in, signing up, signing out."""

from typing import Any

from twisted.logger import Logger

from teamgram.bff.authorization.sign_ins import SignIns
from teamgram.bff.authorization.welcome import Welcome
from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.users import UserViews
from teamgram.domain.codes.codes import CodePurpose, SentCode, SignInCodes
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.ids.phone import normalize_phone
from teamgram.domain.updates.events import PeerSettingsChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.names import check_first_name, check_last_name
from teamgram.domain.users.users import Users
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_LANG_CODE = 64


class SignIn(RpcService):
    """From a phone number to a signed-in key."""

    name = "RPCAuthorization"
    _log = Logger()

    def __init__(
        self,
        users: Users,
        contacts: Contacts,
        codes: SignInCodes,
        sign_ins: SignIns,
        views: UserViews,
        fanout: Fanout,
        welcome: Welcome,
    ) -> None:
        self._users = users
        self._contacts = contacts
        self._codes = codes
        self._sign_ins = sign_ins
        self._views = views
        self._fanout = fanout
        self._welcome = welcome

    @rpc("auth.sendCode", login=False)
    async def send_code(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.sendCode#a677244f phone_number:string api_id:int api_hash:string settings:CodeSettings
        = auth.SentCode
        """
        if not query.api_id:
            raise bad_request("API_ID_INVALID")
        phone = normalize_phone(query.phone_number)
        user = await self._users.by_phone(phone)
        sent = await self._codes.request(
            phone,
            purpose=CodePurpose.SIGN_IN,
            client_addr=caller.client_addr,
            user_id=user.id if user is not None else 0,
            in_app=user is not None and bool(await self._sign_ins.devices(user.id)),
        )
        return sent_code_view(sent)

    @rpc("auth.resendCode", login=False)
    async def resend_code(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.resendCode#cae47523 flags:# phone_number:string phone_code_hash:string reason:flags.0?string
        = auth.SentCode
        """
        phone = normalize_phone(query.phone_number)
        user = await self._users.by_phone(phone)
        sent = await self._codes.resend(phone, query.phone_code_hash, user_id=user.id if user is not None else 0)
        return sent_code_view(sent)

    @rpc("auth.cancelCode", login=False)
    async def cancel_code(self, caller: RpcMetadata, query: Any) -> bool:
        """auth.cancelCode#1f040578 phone_number:string phone_code_hash:string = Bool"""
        await self._codes.cancel(normalize_phone(query.phone_number), query.phone_code_hash)
        return True

    @rpc("auth.signIn", login=False)
    async def sign_in(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.signIn#8d52a951 flags:# phone_number:string phone_code_hash:string phone_code:flags.0?string
        email_verification:flags.1?EmailVerification = auth.Authorization
        """
        phone = normalize_phone(query.phone_number)
        user = await self._users.by_phone(phone)
        await self._codes.check(
            phone,
            query.phone_code_hash,
            query.phone_code or "",
            purpose=CodePurpose.SIGN_IN,
            use_up=user is not None,
        )
        if user is None:
            # The code stays, marked as entered: auth.signUp comes next, without it.
            return tl.auth.authorizationSignUpRequired()
        await self._sign_ins.sign_in_caller(caller, user.id)
        return await self._authorization(user.id)

    @rpc("auth.signUp", login=False)
    async def sign_up(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.signUp#aac7b717 flags:# no_joined_notifications:flags.0?true phone_number:string phone_code_hash:string
        first_name:string last_name:string = auth.Authorization
        """
        phone = normalize_phone(query.phone_number)
        first_name = check_first_name(query.first_name)
        last_name = check_last_name(query.last_name)
        await self._codes.use_verified(phone, query.phone_code_hash)
        now = self._sign_ins.now()
        user = await self._users.create(
            phone=phone,
            first_name=first_name,
            last_name=last_name,
            now=now,
            lang_code=caller.client.lang_code[:MAX_LANG_CODE],
        )
        self._log.info("user {user_id} signed up", user_id=user.id)
        owners = await self._contacts.adopt_phone(user, now)
        await self._sign_ins.sign_in_caller(caller, user.id)
        await self._welcome(user)
        if owners:
            self._fanout.publish(owners, PeerSettingsChanged((user.id,)))
        return await self._authorization(user.id)

    @rpc("auth.logOut", login=False)
    async def log_out(self, caller: RpcMetadata, query: Any) -> Any:
        """auth.logOut#3e72ba19 = auth.LoggedOut"""
        await self._sign_ins.sign_out(caller.perm_auth_key_id, by_itself=True)
        return tl.auth.loggedOut()

    async def _authorization(self, user_id: int) -> Any:
        (view,) = await self._views.render(user_id, [user_id])
        return tl.auth.authorization(user=view)


def sent_code_view(sent: SentCode) -> Any:
    """``auth.sentCode``."""
    kind = tl.auth.sentCodeTypeApp if sent.in_app else tl.auth.sentCodeTypeSms
    return tl.auth.sentCode(
        type=kind(length=sent.length),
        phone_code_hash=sent.phone_code_hash,
        next_type=tl.auth.codeTypeSms() if sent.can_resend else None,
        timeout=sent.resend_after if sent.can_resend else None,
    )
