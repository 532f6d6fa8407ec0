"""The people half of bff over a real database, with fakes for what lies around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from teamgram.bff.authorization import SignIns
from teamgram.bff.caller import Caller
from teamgram.bff.configuration import ConfigurationSettings
from teamgram.bff.honest_empties import honest_empties
from teamgram.bff.registry import collect
from teamgram.bff.services import people_services
from teamgram.bff.shared import Shared
from teamgram.cache import Cache
from teamgram.cache.bus import MemoryBus
from teamgram.database import Database
from teamgram.domain.codes import CodeSettings, SignInCodes
from teamgram.domain.codes.delivery import CodeWebhook
from teamgram.domain.codes.sealing import CodeSeal
from teamgram.domain.codes.tokens import SignInTokens
from teamgram.domain.domain import Domain
from teamgram.domain.flood.limits import FloodLimits, FloodSettings
from teamgram.domain.ids.phone import normalize_phone
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.fresh import FreshDevices
from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType, Authorization, ClientInfo
from teamgram.interfaces.rpc import RpcError, RpcMetadata, RpcRequest
from teamgram.interfaces.session import KeyBound, KeyDestroyed, UserSignedIn, UserSignedOut
from teamgram.interfaces.updates import PushedUpdates
from teamgram.mtproto.tl import NEWEST_LAYER, decode, decode_result, encode, tl
from trial_tests.domain.filing import unused_filing

NOW = 1_700_000_000


@dataclass
class FakeAuthSessions:
    """Bindings of keys to users, in a dict."""

    users: dict[int, int] = field(default_factory=dict)
    active_at: dict[int, int] = field(default_factory=dict)
    origins: dict[int, int] = field(default_factory=dict)
    created_at: dict[int, int] = field(default_factory=dict)

    async def get_client(self, perm_auth_key_id: int) -> tuple[int, ClientInfo]:
        return self.users.get(perm_auth_key_id, 0), ClientInfo(device_model="Phone", client_addr="192.0.2.9:1")

    async def bind_user(self, perm_auth_key_id: int, user_id: int, now: int, carried_from: int = 0) -> None:
        self.users[perm_auth_key_id] = user_id
        self.origins[perm_auth_key_id] = carried_from
        self.created_at[perm_auth_key_id] = now

    async def unbind_user(self, perm_auth_key_id: int) -> tuple[int, Sequence[int]]:
        user_id = self.users.pop(perm_auth_key_id, 0)
        carried = [key for key, origin in self.origins.items() if origin == perm_auth_key_id and key in self.users]
        for key in carried:
            del self.users[key]
        return user_id, [perm_auth_key_id, *carried] if user_id else []

    async def authorizations(self, user_id: int) -> Sequence[Authorization]:
        return [
            Authorization(
                key,
                user,
                ClientInfo(device_model=f"device {key}"),
                self.created_at.get(key, NOW),
                self.active_at.get(key, NOW),
                key * 1000,
                self.origins.get(key, 0),
            )
            for key, user in self.users.items()
            if user == user_id
        ]

    async def bind_temp_auth_key(self, **binding: Any) -> AuthKeyInfo:
        return AuthKeyInfo(
            binding["temp_auth_key_id"], b"", AuthKeyType.TEMP, binding["perm_auth_key_id"], binding["expires_at"]
        )

    async def drop_temp_auth_keys(self, perm_auth_key_id: int, except_auth_key_ids: Sequence[int]) -> Sequence[int]:
        return [key for key in (71, 72, 73) if key not in except_auth_key_ids]


@dataclass
class ToldOfKeys:
    """Remembers what session was told."""

    told: list[tuple[Any, ...]] = field(default_factory=list)

    def listen(self, bus: MemoryBus) -> None:
        bus.listen(UserSignedIn, lambda told: self.told.append(("in", told.perm_auth_key_id, told.user_id)))
        bus.listen(UserSignedOut, lambda told: self.told.append(("out", told.perm_auth_key_id)))
        bus.listen(KeyBound, lambda told: self.told.append(("bound", told.auth_key_id, told.perm_auth_key_id)))
        bus.listen(KeyDestroyed, lambda told: self.told.append(("destroyed", told.auth_key_id)))


@dataclass
class FakePush:
    """Remembers what was pushed past the fan-out."""

    pushed: list[tuple[int, Any, int]] = field(default_factory=list)

    def push(self, updates: PushedUpdates) -> None:
        for user_id, _ in updates.receivers:
            self.pushed.append((user_id, decode(updates.body), updates.only_perm_auth_key_id))


@dataclass
class FakeCodeMessages:
    """Remembers what the service account wrote."""

    sent: list[tuple[int, str]] = field(default_factory=list)

    async def send(self, user_id: int, text: str, entities: Sequence[Any] = (), reply_markup: bytes = b"") -> None:
        self.sent.append((user_id, text))


@dataclass
class Events:
    """A subscriber of the fan-out that remembers."""

    published: list[tuple[tuple[int, ...], Any, int]] = field(default_factory=list)

    def transient(self, user_ids: Sequence[int], event: Any, except_perm_auth_key_id: int) -> None:
        self.published.append((tuple(user_ids), event, except_perm_auth_key_id))

    def logged(self, entries: Any, content: Any, except_perm_auth_key_id: int) -> None:
        raise AssertionError("people log no events")

    def of(self, kind: type) -> list[tuple[tuple[int, ...], Any, int]]:
        return [entry for entry in self.published if isinstance(entry[1], kind)]


class Device:
    """One client: a key, and whoever it is signed in as."""

    def __init__(self, house: "House", key: int) -> None:
        self.house = house
        self.metadata = RpcMetadata(
            key,
            key,
            AuthKeyType.PERM,
            1,
            0,
            NEWEST_LAYER,
            ClientInfo(1),
            f"192.0.2.{key % 200}:4000",
            "127.0.0.1:10443",
        )

    async def call(self, query: Any, **changes: Any) -> Any:
        """Call through the door as session does; the decoded result.

        Raises:
            RpcError: what the client would see.
        """
        user_id = self.house.auth_sessions.users.get(self.metadata.perm_auth_key_id, 0)
        self.metadata = replace(self.metadata, user_id=user_id, **changes)
        request = RpcRequest(self.metadata, 7, "", query.NAME, encode(query, self.metadata.layer))
        answer = self.house.caller.call(request)
        if not isinstance(answer, bytes):
            answer = await answer
        return decode_result(query.NAME, answer, self.metadata.layer)

    async def error(self, query: Any) -> str:
        """The error's name that the call ends with."""
        try:
            answer = await self.call(query)
        except RpcError as error:
            return error.message
        raise AssertionError(f"{query.NAME} answered {answer.NAME if hasattr(answer, 'NAME') else answer}")

    async def send_code(self, phone: str) -> Any:
        return await self.call(tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="x", settings=tl.codeSettings()))

    async def sign_up(self, phone: str, first_name: str, last_name: str = "") -> Any:
        """Make an account; its ``user``."""
        sent = await self.send_code(phone)
        (code,) = [code.code for code in await self.house.codes.pending() if code.phone == normalize_phone(phone)]
        required = await self.call(
            tl.auth.signIn(phone_number=phone, phone_code_hash=sent.phone_code_hash, phone_code=code)
        )
        assert required.NAME == "auth.authorizationSignUpRequired", required.NAME
        signed = await self.call(
            tl.auth.signUp(
                phone_number=phone,
                phone_code_hash=sent.phone_code_hash,
                first_name=first_name,
                last_name=last_name,
            )
        )
        return signed.user


class House:
    """Everything together; ``device(key)`` makes clients."""

    def __init__(self, database: Database, cache: Cache, code_settings: CodeSettings | None = None) -> None:
        self.clock = Clock()
        self.clock.rightNow = NOW
        self.database = database
        self.auth_sessions = FakeAuthSessions()
        self.session_control = ToldOfKeys()
        self.service_messages = FakeCodeMessages()
        self.events = Events()
        self.bus = MemoryBus()
        self.session_control.listen(self.bus)
        self.push = FakePush()
        self.bus.listen(PushedUpdates, self.push.push)
        self.fanout = Fanout(self.bus)
        self.fanout.subscribe(self.events)
        settings = code_settings or CodeSettings()
        self.posts: list[tuple[str, bytes]] = []
        self.provider_says = 200
        self.codes = SignInCodes(
            database,
            cache,
            CodeSeal(b"k" * 32),
            settings,
            self.service_messages,
            CodeWebhook(settings, self.clock, self),
            self.clock.seconds,
        )
        self.people = Domain.open(database, self.fanout, self.clock, unused_filing(database, self.clock))
        self.shared = Shared.over(self.people, self.clock)
        sign_ins = self.sign_ins = SignIns(
            self.auth_sessions,  # type: ignore[arg-type]
            self.fanout,
            self.service_messages,
            self.people.account_settings,
            self.bus,
            self.clock,
            FreshDevices(),
        )
        services = people_services(
            self.shared,
            sign_ins=sign_ins,
            codes=self.codes,
            auth_sessions=self.auth_sessions,  # type: ignore[arg-type]
            bus=self.bus,
            tokens=SignInTokens(cache, self.clock.seconds),
            service_messages=self.service_messages,
            configuration=ConfigurationSettings(),
        )
        self.services = [*services, *honest_empties(collect(services))]
        self.caller = Caller(self.services, FloodLimits(FloodSettings(), self.clock.seconds))

    def device(self, key: int) -> Device:
        return Device(self, key)

    def post(self, url: str, data: bytes, headers: Any) -> Deferred[Any]:
        """In the place of treq: the operator's provider."""
        self.posts.append((url, data))
        response = FakeResponse(self.provider_says)
        done: Deferred[Any] = Deferred()
        done.callback(response)
        return done


@dataclass
class FakeResponse:
    code: int

    async def content(self) -> bytes:
        return b""
