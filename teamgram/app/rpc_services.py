"""The bff of a process: the domain, and every RPC service on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from teamgram.app import stage_settings
from teamgram.app.config.loader import Configuration
from teamgram.bff.authorization import AccountEnd, SignIns
from teamgram.bff.channels.live_updates import ChannelUpdates
from teamgram.bff.configuration.service import ConfigurationService
from teamgram.bff.devices_here import DevicesHere
from teamgram.bff.honest_empties import honest_empties
from teamgram.bff.live_updates import LiveUpdates
from teamgram.bff.registry import RpcService, collect
from teamgram.bff.services import conversation_services, people_services
from teamgram.bff.shared import Shared
from teamgram.cache import Cache
from teamgram.database import Database
from teamgram.domain.codes.codes import SignInCodes
from teamgram.domain.codes.delivery import CodeWebhook
from teamgram.domain.codes.sealing import KEY_FILE, CodeSeal, load_or_create_key
from teamgram.domain.codes.tokens import SignInTokens
from teamgram.domain.domain import Domain
from teamgram.domain.users.expiry import AccountExpiry
from teamgram.domain.users.fresh import FreshDevices
from teamgram.gnetway.settings import ListenerSettings
from teamgram.interfaces.authsession import AuthSessions
from teamgram.interfaces.bus import Bus


@dataclass(frozen=True)
class Bff:
    """The bff and the domain below it, as the rest of the program sees them.

    Attributes:
        rpc: every service, for the caller.
    """

    rpc: list[RpcService]
    domain: Domain
    devices: DevicesHere
    live: LiveUpdates
    in_channels: ChannelUpdates
    codes: SignInCodes
    sign_ins: SignIns
    configuration: ConfigurationService
    expiry: AccountExpiry

    @property
    def fixed_code(self) -> str:
        """The code that signs anybody in, or empty."""
        settings = self.codes.settings
        return settings.fixed_code if settings.allow_fixed_code else ""

    def start(self) -> None:
        """What the domain does by itself, and the end of accounts that want to be forgotten, from now on."""
        self.start_here()
        self.lead()

    def start_here(self) -> None:
        """Of that, what each of several processes does."""
        self.domain.start_here()
        self.devices.ask()

    def lead(self) -> None:
        """What one of several processes does."""
        self.domain.lead()
        self.expiry.start()

    async def follow(self) -> None:
        """Let another process do that."""
        self.expiry.stop()
        await self.domain.follow()

    async def stop(self) -> None:
        """Let go of what is still being drawn for clients that are gone anyway; remember who was here."""
        self.expiry.stop()
        await self.in_channels.settled()
        await self.live.settled()
        await self.domain.stop()


def build_bff(
    configuration: Configuration,
    data_dir: Path,
    clock: Any,
    *,
    listeners: list[ListenerSettings],
    database: Database,
    cache: Cache,
    auth_sessions: AuthSessions,
    domain: Domain,
    bus: Bus,
) -> Bff:
    """Every RPC service of the process.

    Args:
        listeners: what clients come in by; says whether everybody is on this machine.
        bus: to session and from it.
    """
    shared = Shared.over(domain, clock, configuration.gnetway.DcId)
    devices = DevicesHere(bus, domain.presence)
    live = LiveUpdates(shared.updates, devices, bus, clock)
    domain.fanout.subscribe(live)
    in_channels = ChannelUpdates(
        shared.updates, domain.channels, domain.users, devices, live, domain.fanout, bus, clock
    )
    on_loopback = stage_settings.only_loopback(listeners)
    code_settings = stage_settings.codes(configuration.bff.Code, on_loopback)
    codes = SignInCodes(
        database,
        cache,
        CodeSeal(load_or_create_key(data_dir / KEY_FILE)),
        code_settings,
        domain.service_messages,
        CodeWebhook(code_settings, clock),
        clock.seconds,
    )
    sign_ins = SignIns(
        auth_sessions,
        domain.fanout,
        domain.service_messages,
        domain.account_settings,
        bus,
        clock,
        FreshDevices(stage_settings.fresh_session_delay(configuration.bff, on_loopback)),
    )
    lang_packs = configuration.bff.LangPacks
    services = people_services(
        shared,
        sign_ins=sign_ins,
        codes=codes,
        auth_sessions=auth_sessions,
        bus=bus,
        tokens=SignInTokens(cache, clock.seconds),
        service_messages=domain.service_messages,
        configuration=stage_settings.configuration(
            configuration.bff,
            configuration.gnetway,
            listeners,
            stage_settings.files(configuration.dfs),
        ),
        langpacks=data_dir / lang_packs if lang_packs else None,
    )
    services += conversation_services(shared)
    services += honest_empties(collect(services))
    account_end = AccountEnd(domain.users, domain.contacts, domain.watchers, sign_ins, domain.fanout)
    expiry = AccountExpiry(database, clock, domain.presence.is_online, account_end)
    configuration_service = next(service for service in services if isinstance(service, ConfigurationService))
    return Bff(services, domain, devices, live, in_channels, codes, sign_ins, configuration_service, expiry)
