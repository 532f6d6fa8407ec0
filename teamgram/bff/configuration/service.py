"""The RPCs. ``help.getConfig`` is the first thing every client asks: it is encoded once a second at most."""

from typing import Any

from twisted.internet.interfaces import IReactorTime

from teamgram.bff.configuration.app_config import app_config, json_hash, json_value
from teamgram.bff.configuration.countries import countries_view
from teamgram.bff.configuration.dc_options import dc_options
from teamgram.bff.configuration.settings import ConfigurationSettings
from teamgram.bff.langpack import ENGLISH
from teamgram.bff.registry import EncodedResult, RpcService, rpc
from teamgram.bff.views.reactions import reaction_view
from teamgram.bff.views.users import UserViews
from teamgram.domain.reactions.choices import DEFAULT_REACTION
from teamgram.domain.saved_files.saved_files import LIMITS
from teamgram.domain.users.settings import AccountSettings
from teamgram.domain.users.user import SERVICE_USER_ID
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.data_centres import served
from teamgram.mtproto.tl import encode_result, tl

CONFIG_LIFETIME = 3600
"""Seconds after which a client asks again."""

_REACTION = "❤"
"""What a double tap reacts with where nothing else was chosen."""

_MAX_CACHED = 1024
_MAX_INT = 2**31 - 1


class ConfigurationService(RpcService):
    """Facts about the server."""

    name = "RPCConfiguration"

    def __init__(
        self,
        settings: ConfigurationSettings,
        views: UserViews,
        clock: IReactorTime,
        account_settings: AccountSettings | None = None,
    ) -> None:
        self._views = views
        self._account_settings = account_settings
        self._seconds = clock.seconds
        self.use(settings)

    def use(self, settings: ConfigurationSettings) -> None:
        """Tell these from now on."""
        self._settings = settings
        self._configs: dict[tuple[int, str, str, int, str], tuple[int, EncodedResult]] = {}
        self._app_config = json_value(app_config(settings))
        self._app_config_hash = json_hash(app_config(settings))

    @rpc("help.getConfig", login=False)
    async def get_config(self, caller: RpcMetadata, query: Any) -> EncodedResult:
        """help.getConfig#c4f9186b = Config"""
        reaction = ""
        if caller.user_id and self._account_settings is not None:
            reaction = await self._account_settings.get(caller.user_id, DEFAULT_REACTION, "")
        now = int(self._seconds())
        key = (caller.layer, caller.local_addr, caller.transport, caller.dc_id, reaction)
        cached = self._configs.get(key)
        if cached is not None and cached[0] == now:  # ``date`` in it is right to the second
            return cached[1]
        if len(self._configs) >= _MAX_CACHED:
            self._configs.clear()
        encoded = EncodedResult(
            encode_result("help.getConfig", self._config(caller, now, reaction or _REACTION), caller.layer)
        )
        self._configs[key] = (now, encoded)
        return encoded

    def _dc_of(self, caller: RpcMetadata) -> int:
        # TDLib asks again at once, for ever, while a configuration comes from another one than its main data centre.
        return caller.dc_id or self._settings.dc_id

    def _config(self, caller: RpcMetadata, now: int, reaction: str) -> Any:
        settings = self._settings
        own_port = None if caller.transport == "tcp" else settings.tcp_port
        this_dc = self._dc_of(caller)
        all_dcs = tuple(dict.fromkeys((*served(settings.dc_id), this_dc)))
        if settings.addresses:
            options = dc_options(all_dcs, settings.addresses, None)
        else:
            options = dc_options(all_dcs, [caller.local_addr], own_port)
        return tl.config(
            revoke_pm_inbox=True,
            date=now,
            expires=now + CONFIG_LIFETIME,
            test_mode=settings.test_mode,
            this_dc=this_dc,
            dc_options=options,
            dc_txt_domain_name="",
            chat_size_max=settings.chat_size_max,
            megagroup_size_max=settings.megagroup_size_max,
            forwarded_count_max=100,
            online_update_period_ms=210_000,
            offline_blur_timeout_ms=5_000,
            offline_idle_timeout_ms=30_000,
            online_cloud_timeout_ms=300_000,
            notify_cloud_delay_ms=30_000,
            notify_default_delay_ms=1_500,
            push_chat_period_ms=60_000,
            push_chat_limit=2,
            edit_time_limit=settings.edit_time_limit_seconds,
            revoke_time_limit=_MAX_INT,
            revoke_pm_time_limit=_MAX_INT,
            rating_e_decay=2_419_200,
            stickers_recent_limit=LIMITS["recent"],
            channels_read_media_period=604_800,
            call_receive_timeout_ms=20_000,
            call_ring_timeout_ms=90_000,
            call_connect_timeout_ms=30_000,
            call_packet_timeout_ms=10_000,
            me_url_prefix=settings.me_url_prefix,
            caption_length_max=settings.caption_length_max,
            message_length_max=settings.message_length_max,
            webfile_dc_id=settings.dc_id,
            suggested_lang_code=ENGLISH.lang_code,  # Web K asks for strings in an empty language without it
            lang_pack_version=ENGLISH.version,
            base_lang_pack_version=ENGLISH.version,
            reactions_default=reaction_view(reaction),
        )

    @rpc("help.getNearestDc", login=False)
    def get_nearest_dc(self, caller: RpcMetadata, query: Any) -> Any:
        """help.getNearestDc#1fb33026 = NearestDc"""
        this_dc = self._dc_of(caller)
        return tl.nearestDc(country=self._settings.country, this_dc=this_dc, nearest_dc=this_dc)

    @rpc("help.getAppConfig", login=False)
    def get_app_config(self, caller: RpcMetadata, query: Any) -> Any:
        """help.getAppConfig#61e3f854 hash:int = help.AppConfig"""
        if query.hash == self._app_config_hash:
            return tl.help.appConfigNotModified()
        return tl.help.appConfig(hash=self._app_config_hash, config=self._app_config)

    @rpc("help.getAppUpdate", login=False)
    def get_app_update(self, caller: RpcMetadata, query: Any) -> Any:
        """help.getAppUpdate#522d5a7d source:string = help.AppUpdate"""
        return tl.help.noAppUpdate()

    @rpc("help.getCountriesList", login=False)
    def get_countries_list(self, caller: RpcMetadata, query: Any) -> Any:
        """help.getCountriesList#735787a8 lang_code:string hash:int = help.CountriesList"""
        return countries_view(query.hash)

    @rpc("help.getInviteText", login=False)
    def get_invite_text(self, caller: RpcMetadata, query: Any) -> Any:
        """help.getInviteText#4d392343 = help.InviteText"""
        return tl.help.inviteText(message=self._settings.invite_text)

    @rpc("help.getSupport")
    async def get_support(self, caller: RpcMetadata, query: Any) -> Any:
        """help.getSupport#9cdf08cd = help.Support"""
        (view,) = await self._views.render(caller.user_id, [SERVICE_USER_ID])
        return tl.help.support(phone_number=self._settings.support_phone, user=view)

    @rpc("help.dismissSuggestion")
    def dismiss_suggestion(self, caller: RpcMetadata, query: Any) -> bool:
        """help.dismissSuggestion#f50dbaa1 peer:InputPeer suggestion:string = Bool"""
        return False  # nothing is ever suggested, so nothing is dismissed
