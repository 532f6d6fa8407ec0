"""RPCAccount, and the list of devices: what an account's owner decides about the account itself."""

from typing import Any

from teamgram.bff.authorization.account_end import AccountEnd
from teamgram.bff.authorization.sign_in import sent_code_view
from teamgram.bff.authorization.sign_ins import SignIns
from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.authorizations import authorization_view
from teamgram.bff.views.users import UserViews
from teamgram.domain.codes.codes import CodePurpose, SignInCodes
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.watchers import Watchers
from teamgram.domain.ids.phone import normalize_phone
from teamgram.domain.updates.events import UserPhoneChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.expiry import ACCOUNT_TTL
from teamgram.domain.users.settings import AccountSettings
from teamgram.domain.users.users import PhoneOccupied, Users
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

DEFAULT_ACCOUNT_TTL_DAYS = 365


class Account(RpcService):
    """The account: its number, its life time, its end, its other devices."""

    name = "RPCAccount"

    def __init__(
        self,
        users: Users,
        contacts: Contacts,
        watchers: Watchers,
        codes: SignInCodes,
        sign_ins: SignIns,
        account_end: AccountEnd,
        account_settings: AccountSettings,
        views: UserViews,
        fanout: Fanout,
    ) -> None:
        self._users = users
        self._contacts = contacts
        self._watchers = watchers
        self._codes = codes
        self._sign_ins = sign_ins
        self._account_end = account_end
        self._account_settings = account_settings
        self._views = views
        self._fanout = fanout

    @rpc("account.sendChangePhoneCode")
    async def send_change_phone_code(self, caller: RpcMetadata, query: Any) -> Any:
        """account.sendChangePhoneCode#82574ae5 phone_number:string settings:CodeSettings = auth.SentCode"""
        await self._sign_ins.check_changes_phone(caller)
        phone = normalize_phone(query.phone_number)
        if await self._users.by_phone(phone) is not None:
            raise PhoneOccupied(phone)
        sent = await self._codes.request(
            phone, purpose=CodePurpose.CHANGE_PHONE, client_addr=caller.client_addr, user_id=0, in_app=False
        )
        return sent_code_view(sent)

    @rpc("account.changePhone")
    async def change_phone(self, caller: RpcMetadata, query: Any) -> Any:
        """account.changePhone#70c32edb phone_number:string phone_code_hash:string phone_code:string = User"""
        await self._sign_ins.check_changes_phone(caller)
        phone = normalize_phone(query.phone_number)
        await self._codes.check(
            phone, query.phone_code_hash, query.phone_code, purpose=CodePurpose.CHANGE_PHONE, use_up=True
        )
        user = await self._users.update(caller.user_id, phone=phone)
        await self._contacts.adopt_phone(user, self._sign_ins.now())
        watchers = await self._watchers.of(caller.user_id)
        self._fanout.publish([caller.user_id, *watchers], UserPhoneChanged(user.id, phone), caller.perm_auth_key_id)
        (view,) = await self._views.render(caller.user_id, [caller.user_id])
        return view

    @rpc("account.deleteAccount")
    async def delete_account(self, caller: RpcMetadata, query: Any) -> bool:
        """account.deleteAccount#a2c0cf74 flags:# reason:string password:flags.0?InputCheckPasswordSRP = Bool"""
        user = await self._users.require(caller.user_id)
        await self._sign_ins.check_ends_account(caller, user.created_at)
        await self._account_end(caller.user_id)
        return True

    @rpc("account.getAccountTTL")
    async def get_account_ttl(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getAccountTTL#8fc711d = AccountDaysTTL"""
        days = await self._account_settings.get(caller.user_id, ACCOUNT_TTL, DEFAULT_ACCOUNT_TTL_DAYS)
        return tl.accountDaysTTL(days=days)

    @rpc("account.setAccountTTL")
    async def set_account_ttl(self, caller: RpcMetadata, query: Any) -> bool:
        """account.setAccountTTL#2442485e ttl:AccountDaysTTL = Bool"""
        if not 30 <= query.ttl.days <= 730:
            raise bad_request("TTL_DAYS_INVALID")
        await self._account_settings.set(caller.user_id, ACCOUNT_TTL, query.ttl.days)
        return True

    @rpc("account.resetAuthorization")
    async def reset_authorization(self, caller: RpcMetadata, query: Any) -> bool:
        """account.resetAuthorization#df77f3bc hash:long = Bool"""
        await self._sign_ins.check_ends_others(caller)
        for device in await self._sign_ins.devices(caller.user_id, caller.perm_auth_key_id):
            if device.hash == query.hash and device.perm_auth_key_id != caller.perm_auth_key_id:
                await self._sign_ins.sign_out(device.perm_auth_key_id)
                return True
        raise bad_request("HASH_INVALID")


class Devices(RpcService):
    """teamgram keeps the list of devices beside its passport methods, so the IDMap routes it there."""

    name = "RPCPassport"

    def __init__(self, sign_ins: SignIns) -> None:
        self._sign_ins = sign_ins

    @rpc("account.getAuthorizations")
    async def get_authorizations(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getAuthorizations#e320c158 = account.Authorizations"""
        devices = await self._sign_ins.devices(caller.user_id, caller.perm_auth_key_id)
        return tl.account.authorizations(
            authorization_ttl_days=await self._sign_ins.days_of_inactivity(caller.user_id),
            authorizations=[authorization_view(device, caller.perm_auth_key_id) for device in devices],
        )
