"""Signing a key in and out, in the right order: stored, then told to session, then to the user's other devices."""

from math import ceil

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from teamgram.domain.codes.delivery import CodeMessages
from teamgram.domain.updates.events import NewAuthorization
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.fresh import FreshDevices
from teamgram.domain.users.settings import AccountSettings
from teamgram.interfaces.authsession import AuthSessions
from teamgram.interfaces.bus import Bus
from teamgram.interfaces.keys import Authorization, ClientInfo
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.interfaces.session import UserSignedIn, UserSignedOut
from teamgram.interfaces.updates import PushedUpdates
from teamgram.mtproto.tl import encode, tl

DEFAULT_AUTHORIZATION_TTL_DAYS = 180
_DAY = 86_400


class SignIns:
    """Which key is whose."""

    _log = Logger()

    def __init__(
        self,
        auth_sessions: AuthSessions,
        fanout: Fanout,
        service_messages: CodeMessages,
        account_settings: AccountSettings,
        bus: Bus,
        clock: IReactorTime,
        fresh: FreshDevices,
    ) -> None:
        self._auth_sessions = auth_sessions
        self._fanout = fanout
        self._service_messages = service_messages
        self._account_settings = account_settings
        self._bus = bus
        self._clock = clock
        self.fresh = fresh

    def now(self) -> int:
        """Unix seconds."""
        return int(self._clock.seconds())

    async def days_of_inactivity(self, user_id: int) -> int:
        """After how many days a device that was not seen is signed out."""
        days: int = await self._account_settings.get(user_id, "authorization_ttl_days", DEFAULT_AUTHORIZATION_TTL_DAYS)
        return days

    async def set_days_of_inactivity(self, user_id: int, days: int) -> None:
        """Choose after how many days a device that was not seen is signed out."""
        await self._account_settings.set(user_id, "authorization_ttl_days", days)

    async def devices(self, user_id: int, present_perm_auth_key_id: int = 0) -> list[Authorization]:
        """The user's signed-in devices, most recently active first.

        Those that were not seen for too long are signed out here and now. Keys
        that a device's authorization was carried to are no devices, and are
        signed out with it; one whose device destroyed its own key is, so that
        nothing is signed in without being listed.

        Args:
            present_perm_auth_key_id: a device that is here, whatever is noted of it.
        """
        found = await self._auth_sessions.authorizations(user_id)
        keys = {device.perm_auth_key_id for device in found}
        devices = [device for device in found if device.carried_from not in keys]
        oldest = self.now() - _DAY * await self.days_of_inactivity(user_id)
        for device in [*devices]:
            if device.active_at < oldest and device.perm_auth_key_id != present_perm_auth_key_id:
                devices.remove(device)
                await self.sign_out(device.perm_auth_key_id)
        return devices

    async def signed_in_at(self, caller: RpcMetadata) -> int:
        """When the caller's device signed in (unix seconds); for a key that it carried its authorization to, too."""
        found = await self._auth_sessions.authorizations(caller.user_id)
        keys = {device.perm_auth_key_id: device for device in found}
        mine = keys.get(caller.perm_auth_key_id)
        # Signed out in this moment: as fresh as can be.
        return self.now() if mine is None else keys.get(mine.carried_from, mine).created_at

    async def check_ends_others(self, caller: RpcMetadata) -> None:
        """Whether the caller's device may end others.

        Raises:
            FreshResetForbidden.
        """
        self.fresh.check_ends_others(await self.signed_in_at(caller), self.now())

    async def check_ends_account(self, caller: RpcMetadata, account_created_at: int) -> None:
        """Whether the caller's device may end the account.

        Args:
            account_created_at: unix seconds.

        Raises:
            FreshResetForbidden.
        """
        self.fresh.check_ends_account(await self.signed_in_at(caller), account_created_at, self.now())

    async def check_changes_phone(self, caller: RpcMetadata) -> None:
        """Whether the caller's device may change the account's number.

        Raises:
            FreshChangePhoneForbidden.
        """
        self.fresh.check_changes_phone(await self.signed_in_at(caller), self.now())

    async def seconds_fresh(self, caller: RpcMetadata) -> int:
        """For how many seconds more the caller's device counts as fresh; 0: it does not."""
        left = self.fresh.delay - (self.now() - await self.signed_in_at(caller))
        return max(0, ceil(left))

    async def sign_in_caller(self, caller: RpcMetadata, user_id: int) -> None:
        """Sign the caller's key in.

        Raises:
            RpcError: ``AUTH_KEY_PERM_EMPTY``, a temporary key that is not bound.
        """
        if not caller.perm_auth_key_id:
            raise RpcError(401, "AUTH_KEY_PERM_EMPTY")
        await self.sign_in(caller.perm_auth_key_id, user_id, caller.client, caller.client_addr)

    async def carry(self, from_perm_auth_key_id: int, user_id: int, caller: RpcMetadata) -> bool:
        """Sign the caller's key in with the authorization of another one; False when that one has none any more.

        The device is known already, so nobody is told of a new one.

        Raises:
            RpcError: ``AUTH_KEY_PERM_EMPTY``, a temporary key that is not bound.
        """
        if not caller.perm_auth_key_id:
            raise RpcError(401, "AUTH_KEY_PERM_EMPTY")
        keys = {found.perm_auth_key_id: found for found in await self._auth_sessions.authorizations(user_id)}
        exporter = keys.get(from_perm_auth_key_id)
        if exporter is None:
            return False
        origin = exporter.carried_from or exporter.perm_auth_key_id
        await self._auth_sessions.bind_user(caller.perm_auth_key_id, user_id, self.now(), origin)
        self._bus.publish(UserSignedIn(caller.perm_auth_key_id, user_id))
        self._log.info(
            "authorization of user {user_id} carried from auth key {origin} to {perm_auth_key_id}, from {client}",
            user_id=user_id,
            origin=origin,
            perm_auth_key_id=caller.perm_auth_key_id,
            client=caller.client_addr,
        )
        return True

    async def sign_in(self, perm_auth_key_id: int, user_id: int, client: ClientInfo, client_addr: str) -> None:
        """Sign a key in as a user and tell their other devices about it."""
        now = self.now()
        others = [
            device
            for device in await self.devices(user_id, perm_auth_key_id)
            if device.perm_auth_key_id != perm_auth_key_id
        ]
        await self._auth_sessions.bind_user(perm_auth_key_id, user_id, now)
        self._bus.publish(UserSignedIn(perm_auth_key_id, user_id))
        self._log.info(
            "user {user_id} signed in: auth key {perm_auth_key_id}, layer {layer}, from {client}",
            user_id=user_id,
            perm_auth_key_id=perm_auth_key_id,
            layer=client.layer,
            client=client_addr,
        )
        if not others:
            return
        name = device_name(client)
        self._fanout.publish(
            [user_id],
            NewAuthorization(
                hash=await self._hash_of(user_id, perm_auth_key_id), date=now, device=name, location=client_addr
            ),
            perm_auth_key_id,
        )
        try:
            await self._service_messages.send(user_id, sign_in_notice(name, client_addr))
        except Exception:
            # The device is signed in; a notice that got lost must not tell it otherwise.
            self._log.failure("a sign-in notice could not be sent to {user_id}", user_id=user_id)

    async def _hash_of(self, user_id: int, perm_auth_key_id: int) -> int:
        for device in await self._auth_sessions.authorizations(user_id):
            if device.perm_auth_key_id == perm_auth_key_id:
                return device.hash
        return 0

    async def sign_out(self, perm_auth_key_id: int, *, by_itself: bool = False) -> int:
        """Sign a key out, and those that its authorization was carried to. The keys themselves stay.

        Who is signed out by another hears ``updatesTooLong``: it asks for the difference, and the answer (401)
        brings the app back to sign-in at once. TDLib would not ask anything by itself while nobody touches it.

        Returns:
            The user_id that it was signed in as, or 0.
        """
        user_id, signed_out = await self._auth_sessions.unbind_user(perm_auth_key_id)
        for key in signed_out or [perm_auth_key_id]:
            if user_id and not by_itself:
                self._bus.publish(PushedUpdates.for_device(encode(tl.updatesTooLong()), user_id, key))
            self._bus.publish(UserSignedOut(key))
        for key in signed_out:
            self._log.info(
                "user {user_id} signed out: auth key {perm_auth_key_id}", user_id=user_id, perm_auth_key_id=key
            )
        return user_id

    async def sign_out_others(self, user_id: int, except_perm_auth_key_id: int) -> None:
        """Sign out every device of a user but one (0: every one), named by any of its keys."""
        found = await self._auth_sessions.authorizations(user_id)
        origins = {key.perm_auth_key_id: key.carried_from for key in found}
        kept = (except_perm_auth_key_id, origins.get(except_perm_auth_key_id))
        for key, origin in origins.items():
            if key not in kept and origin not in origins:
                await self.sign_out(key)


def device_name(client: ClientInfo) -> str:
    """A device in a few words, as it called itself."""
    return ", ".join(part for part in (client.device_model, client.system_version, client.app_version) if part)


def sign_in_notice(device: str, client_addr: str) -> str:
    """What the service account writes when another device signed in."""
    host = client_addr.rpartition(":")[0] or client_addr
    return (
        f"A new device signed in to your account.\n\nDevice: {device or 'unknown'}\nAddress: {host or 'unknown'}\n\n"
        "If this was not you, end that session now in Settings, Devices."
    )
