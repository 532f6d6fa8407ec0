"""The bff of a process: the domain, and every RPC service on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime

from teamgram.app import stage_settings
from teamgram.bff.authorization import AccountEnd, SignIns
from teamgram.bff.configuration.service import Configuration
from teamgram.bff.honest_empties import honest_empties
from teamgram.bff.people_services import People, people_services
from teamgram.bff.registry import RpcService, collect
from teamgram.bff.talk_services import Talking, talk_services
from teamgram.database import Database
from teamgram.domain.codes.codes import SignInCodes
from teamgram.domain.codes.delivery import CodeWebhook
from teamgram.domain.codes.sealing import KEY_FILE, CodeSeal, load_or_create_key
from teamgram.domain.codes.tokens import SignInTokens
from teamgram.domain.people import PeopleStores
from teamgram.domain.talk import TalkStores
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.expiry import AccountExpiry
from teamgram.domain.users.fresh import FreshDevices
from teamgram.session.service import SessionService

if TYPE_CHECKING:
    from teamgram.app.house import House


@dataclass(frozen=True)
class Services:
    """What the rest of the program needs of the bff.

    Attributes:
        rpc: every service, for the caller.
    """

    rpc: list[RpcService]
    people: People
    talking: Talking
    codes: SignInCodes
    fresh: FreshDevices
    configuration: Configuration
    expiry: AccountExpiry

    @property
    def fixed_code(self) -> str:
        """The code that signs anybody in, or empty."""
        settings = self.codes.settings
        return settings.fixed_code if settings.allow_fixed_code else ""

    def start(self) -> None:
        """Keep who is online online, and end accounts that want to be forgotten, from now on."""
        self.people.presence.start()
        self.talking.start()
        self.expiry.start()

    async def stop(self) -> None:
        """Let go of what is still being drawn for clients that are gone anyway; remember who was here."""
        self.expiry.stop()
        await self.talking.stop()
        await self.people.presence.stop()


def build_people(database: Database, fanout: Fanout, clock: IReactorTime) -> People:
    """What is true of people: session tells their presence, and the services ask about them."""
    return People.build(PeopleStores.open(database, fanout, clock))


def build_services(house: House, session: SessionService, fanout: Fanout, people: People) -> Services:
    """Every RPC service of the process ``house`` is about to start.

    Args:
        session: is told about keys, and pushes what happens.
    """
    configuration, clock = house.configuration, house._reactor
    talking = Talking.build(TalkStores.open(house.database, fanout, clock), clock, people, session)
    people.watchers.dialog_peers = talking.talk.dialogs.private_peers
    code_settings = stage_settings.codes(configuration.bff.Code, stage_settings.only_loopback(house.listeners))
    codes = SignInCodes(
        house.database,
        house.cache,
        CodeSeal(load_or_create_key(house.data_dir / KEY_FILE)),
        code_settings,
        talking.service_messages,
        CodeWebhook(code_settings, clock),
        clock.seconds,
    )
    sign_ins = SignIns(
        house.auth_sessions,
        session,
        fanout,
        talking.service_messages,
        people.account_settings,
        session,
        clock,
        FreshDevices(
            stage_settings.fresh_session_delay(configuration.bff, stage_settings.only_loopback(house.listeners))
        ),
    )
    lang_packs = configuration.bff.LangPacks
    services = people_services(
        people,
        sign_ins=sign_ins,
        codes=codes,
        auth_sessions=house.auth_sessions,
        session_control=session,
        push=session,
        tokens=SignInTokens(house.cache, clock.seconds),
        service_messages=talking.service_messages,
        fanout=fanout,
        clock=clock,
        configuration=stage_settings.configuration(configuration.bff, configuration.gnetway, house.listeners),
        langpacks=house.data_dir / lang_packs if lang_packs else None,
        conversations=talking.conversations,
    )
    services += talk_services(talking)
    services += honest_empties(collect(services))
    account_end = AccountEnd(people.users, people.contacts, people.watchers, sign_ins, fanout)
    expiry = AccountExpiry(house.database, clock, people.presence.is_online, account_end)
    configuration_service = next(service for service in services if isinstance(service, Configuration))
    return Services(services, people, talking, codes, sign_ins.fresh, configuration_service, expiry)
