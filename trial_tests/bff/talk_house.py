"""Conversations without sessions: users with devices that call methods and collect what is pushed to them."""

import itertools
from collections import defaultdict
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from teamgram.bff.caller import Caller
from teamgram.bff.channels.live_updates import ChannelUpdates
from teamgram.bff.contacts import ContactsService
from teamgram.bff.devices_here import DevicesHere
from teamgram.bff.live_updates import LiveUpdates
from teamgram.bff.services import conversation_services
from teamgram.bff.shared import Shared
from teamgram.bff.usernames import Usernames
from teamgram.cache.bus import MemoryBus
from teamgram.domain.chats.limits import EVERYTHING, ChatLimits
from teamgram.domain.domain import Domain
from teamgram.domain.flood.limits import FloodLimits, FloodSettings
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.user import User
from teamgram.domain.web_pages.fetching import PageFetcher
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.rpc import RpcError, RpcMetadata, RpcRequest
from teamgram.interfaces.updates import PushedUpdates, UpdatesSessionChanged
from teamgram.mtproto.tl import NEWEST_LAYER, decode, decode_result, encode, tl
from teamgram.session.fan_outs import Forms
from teamgram.session.service import to_layer
from trial_tests.backends import BackendTestCase
from trial_tests.domain.filing import open_filing

START = 1_700_000_000
_phones = itertools.count(10_000_000)


class FakePush:
    """Session: keeps what devices would have got; every update passes the codec on its way."""

    def __init__(self, bus: MemoryBus) -> None:
        self.devices: dict[int, list[Device]] = defaultdict(list)
        self._bus = bus
        bus.listen(PushedUpdates, self.push)

    def come(self, device: "Device") -> None:
        self.devices[device.user.id].append(device)
        self._tell(device, True)

    def go(self, device: "Device") -> None:
        self.devices[device.user.id].remove(device)
        self._tell(device, False)

    def _tell(self, device: "Device", is_here: bool) -> None:
        key = device.caller.perm_auth_key_id
        self._bus.publish(UpdatesSessionChanged("session", device.user.id, key, False, is_here))

    def push(self, updates: PushedUpdates) -> None:
        forms = Forms(updates, to_layer)
        for user_id, numbers in updates.receivers:
            for device in self.devices[user_id]:
                if device.caller.perm_auth_key_id != updates.except_perm_auth_key_id:
                    body = forms.body(device.caller.layer, numbers)
                    assert body is not None
                    device.bodies.append(body)
                    device.pushed.append(decode(body))


class Device:
    """A signed-in device of a user."""

    def __init__(self, house: "House", user: User, layer: int = NEWEST_LAYER) -> None:
        self._house = house
        self.user = user
        key = next(house.keys)
        self.caller = RpcMetadata(key, key, AuthKeyType.PERM, key, user.id, layer)
        self.pushed: list[Any] = []
        self.bodies: list[bytes] = []
        house.push.come(self)

    async def call(self, query: Any) -> Any:
        """The answer to a method, through the caller and the codec."""
        return await self.call_encoded(query.NAME, encode(query, self.caller.layer))

    async def call_encoded(self, method: str, body: bytes) -> Any:
        """As ``call``, of what a client has encoded its own way."""
        house = self._house
        answer = house.caller.call(RpcRequest(self.caller, next(house.keys), "", method, body))
        if not isinstance(answer, bytes):
            answer = await answer
        return decode_result(method, answer, self.caller.layer)

    def go_offline(self) -> None:
        """No more pushes."""
        self._house.push.go(self)

    async def take(self) -> list[Any]:
        """The single updates pushed since the last call."""
        await self._house.in_channels.settled()
        await self._house.live.settled()
        pushed, self.pushed = self.pushed, []
        return [update for updates in pushed for update in updates.updates]

    def peer(self, other: "Device") -> Any:
        """``InputPeer`` of another device's user."""
        if other.user.id == self.user.id:
            return tl.inputPeerSelf()
        return tl.inputPeerUser(user_id=other.user.id, access_hash=other.user.access_hash)

    def input_user(self, other: "Device") -> Any:
        """``InputUser`` of another device's user."""
        return tl.inputUser(user_id=other.user.id, access_hash=other.user.access_hash)

    async def send(self, peer: Any, text: str, **fields: Any) -> Any:
        """messages.sendMessage with a fresh random_id."""
        fields.setdefault("random_id", next(self._house.keys))
        return await self.call(tl.messages.sendMessage(peer=peer, message=text, **fields))

    async def history(self, peer: Any, **page: int) -> Any:
        """messages.getHistory, the first hundred unless told otherwise."""
        fields = dict.fromkeys(("offset_id", "offset_date", "add_offset", "max_id", "min_id", "hash"), 0)
        return await self.call(tl.messages.getHistory(peer=peer, **{**fields, "limit": 100, **page}))

    async def dialogs(self, **page: Any) -> Any:
        """messages.getDialogs from the top."""
        fields = {"offset_date": 0, "offset_id": 0, "offset_peer": tl.inputPeerEmpty(), "limit": 100, "hash": 0}
        return await self.call(tl.messages.getDialogs(**{**fields, **page}))

    async def difference(self, pts: int, **limits: int) -> Any:
        """updates.getDifference."""
        return await self.call(tl.updates.getDifference(pts=pts, date=START, qts=0, **limits))


class House:
    """Everything about people and conversations over one database.

    Args:
        fetcher: asks for pages.
        file_fetcher: asks for files that people send by their address.
        chat_limits: who may found groups, and how large they grow.
        files: settings of files.

    Attributes:
        new_bus: makes what carries its events.
        gated: what only people, or only bots, may call is refused to the others.
    """

    new_bus: type[MemoryBus] = MemoryBus
    gated = True

    def __init__(
        self,
        case: BackendTestCase,
        *,
        fetcher: PageFetcher | None = None,
        file_fetcher: PageFetcher | None = None,
        chat_limits: ChatLimits = EVERYTHING,
        **files: Any,
    ) -> None:
        self.clock = Clock()
        self.clock.advance(START)
        self.keys = itertools.count(1000)
        self.bus = self.new_bus()
        self.push = FakePush(self.bus)
        self.database = case.open_database()
        self.fanout = Fanout(self.bus)
        domain = self.domain = Domain.open(
            self.database,
            self.fanout,
            self.clock,
            open_filing(case, self.database, self.clock, **files),
            fetcher=fetcher,
            file_fetcher=file_fetcher,
            chat_limits=chat_limits,
        )
        self.users, self.contacts, self.privacy = domain.users, domain.contacts, domain.privacy
        self.shared = Shared.over(domain, self.clock)
        self.devices = DevicesHere(self.bus, domain.presence)
        self.live = LiveUpdates(self.shared.updates, self.devices, self.bus, self.clock, seconds=self.clock.seconds)
        self.fanout.subscribe(self.live)
        self.in_channels = ChannelUpdates(
            self.shared.updates,
            domain.channels,
            domain.users,
            self.devices,
            self.live,
            self.fanout,
            self.bus,
            self.clock,
        )
        # Before the database closes: what is still being drawn reads it.
        case.addCleanup(lambda: Deferred.fromCoroutine(self.live.settled()))
        case.addCleanup(lambda: Deferred.fromCoroutine(self.in_channels.settled()))
        accounts = self.domain.users if self.gated else None
        limits = FloodLimits(FloodSettings(), self.clock.seconds)
        contacts = ContactsService(
            domain.users,
            domain.contacts,
            domain.privacy,
            domain.presence,
            domain.account_settings,
            self.shared.input_peers,
            self.shared.user_views,
            self.shared.updates.groups,
            self.fanout,
        )
        self.caller = Caller([*conversation_services(self.shared), Usernames(self.shared), contacts], limits, accounts)

    async def sign_up(
        self, first_name: str, *, username: str = "", is_bot: bool = False, layer: int = NEWEST_LAYER
    ) -> Device:
        """A new user with one device."""
        phone = "" if is_bot else f"4915{next(_phones)}"
        user = await self.users.create(phone=phone, first_name=first_name, now=START, is_bot=is_bot)
        if username:
            user = await self.users.set_username(user.id, username)
        return Device(self, user, layer)


class BffTestCase(BackendTestCase):
    """What tests of methods ask of a call."""

    async def refused(self, error: str, device: Device, query: Any) -> None:
        """The call ends with that error."""
        with self.assertRaises(RpcError) as caught:
            await device.call(query)
        self.assertEqual(caught.exception.message, error)
