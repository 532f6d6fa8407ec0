"""Every method that a client can call: a result of that method's type or an RPC error, never a failure of ours."""

from random import Random
from typing import Any

from twisted.internet.defer import DeferredList

from teamgram.mtproto.tl import MIN_LAYER, NEWEST_LAYER, TLError, decode_result, encode, registry, tl
from teamgram.mtproto.tl.definitions import Definition
from trial_tests.backends import on_every_backend
from trial_tests.clients.asking import AskingTestCase
from trial_tests.mtproto.tl.random_objects import RandomObjects
from trial_tests.peer.calls import CallFailed, PeerSession

#: They end the session that asks, or what the others of this test need.
LAST = ("account.deleteAccount", "auth.resetAuthorizations", "auth.dropTempAuthKeys", "auth.logOut")
WITHIN = 20


class PlausibleArguments(RandomObjects):
    """Arguments that a client might send: people and chats that are there, texts and numbers that are small."""

    def __init__(self, random: Random, layer: int, density: float, user: Any, chat_id: int) -> None:
        super().__init__(random, NEWEST_LAYER, density, known_in=layer, tame=True)
        self.ints = (0, 1, 2, 20)
        self._user = user
        self._chat_id = chat_id

    def value(self, kind: str, depth: int) -> Any:
        match kind:
            case "InputPeer":
                return self.random.choice(
                    (tl.inputPeerSelf(), self._as_peer(), tl.inputPeerChat(chat_id=self._chat_id))
                )
            case "InputUser":
                return self.random.choice((tl.inputUserSelf(), self._as_user()))
            case "Vector<int>":
                return [1, 2, 3]
            case _:
                return super().value(kind, depth)

    def _as_peer(self) -> Any:
        return tl.inputPeerUser(user_id=self._user.id, access_hash=self._user.access_hash)

    def _as_user(self) -> Any:
        return tl.inputUser(user_id=self._user.id, access_hash=self._user.access_hash)


class TroubleTestCase(AskingTestCase):
    """Finds what was not answered as it must be."""

    async def troubles(self, session: PeerSession, queries: list[Any], layer: int) -> list[str]:
        """What was not answered as it must be; the queries go in containers of twenty."""
        found = []
        written = [(query, body) for query in queries if (body := self._written(query, layer))]
        for first in range(0, len(written), 20):
            batch = [query for query, _ in written[first : first + 20]]
            answers = session.start_calls(body for _, body in written[first : first + 20])
            results: list[tuple[bool, Any]] = await DeferredList(
                [answer.addTimeout(WITHIN, self.reactor) for answer in answers], consumeErrors=True
            )
            for query, (answered, result) in zip(batch, results, strict=True):
                trouble = self._trouble(query, result, layer) if answered else self._refusal(result.value)
                if trouble:
                    found.append(f"{query.NAME}: {trouble}")
        return found

    def _written(self, query: Any, layer: int) -> bytes:
        try:
            return encode(query, layer)
        except TLError:
            return b""  # chance took an argument that this layer cannot say

    def _trouble(self, query: Any, result: bytes, layer: int) -> str:
        try:
            decode_result(query.NAME, result, layer)
        except Exception as error:
            return f"unreadable answer: {error}"
        return ""

    def _refusal(self, error: Exception) -> str:
        if isinstance(error, CallFailed) and 400 <= error.code < 500:
            return ""
        return f"{type(error).__name__} {error}"


def methods_of(layer: int) -> list[Definition]:
    """Every method of a layer, as the newest layer has it, those that end a session last."""
    names = [name for name in registry.methods() if "." in name and registry.id_of(name, layer) is not None]
    names.sort(key=lambda name: LAST.index(name) + 1 if name in LAST else 0)
    return [registry.newest_of(name) for name in names]


@on_every_backend
class EveryMethodTests(TroubleTestCase):
    """All methods of a layer, several times with other arguments."""

    async def ask_everything(self, layer: int, density: float, seeds: range) -> None:
        _, friend = await self.sign_up_peer("Friend", layer)
        for seed in seeds:
            session, _ = await self.sign_up_peer(f"Asker {seed}", layer)
            contact = tl.inputPhoneContact(client_id=1, phone=friend.phone, first_name="Friend", last_name="")
            [known] = (await session.call(tl.contacts.importContacts(contacts=[contact]))).users
            members = [tl.inputUser(user_id=known.id, access_hash=known.access_hash)]
            created = await session.call(tl.messages.createChat(users=members, title="two"))
            [chat] = (created if hasattr(created, "chats") else created.updates).chats
            plausible = PlausibleArguments(Random(seed), layer, density, known, chat.id)
            wild = RandomObjects(Random(seed), NEWEST_LAYER, density, known_in=layer)
            for arguments in (wild, plausible):
                queries = [arguments.object(definition) for definition in methods_of(layer)]
                if arguments is wild:
                    queries = [query for query in queries if query.NAME not in LAST]
                self.assertEqual(await self.troubles(session, queries, layer), [], f"seed {seed}")

    async def test_layers(self) -> None:
        """The layers of Telegram Web A (all that it can call is in 227), GramJS, and the oldest and newest of ours."""
        for layer in (MIN_LAYER, 198, 227, NEWEST_LAYER):
            await self.ask_everything(layer, 0.5, range(1))


#: What TDLib and Telegram Web A ask right after sign-in beyond what the other clients do; all must be answered.
FIRST_REQUESTS = (
    "help.getNearestDc",
    "help.getConfig",
    "help.getAppConfig",
    "help.getCountriesList",
    "help.getPeerColors",
    "help.getPeerProfileColors",
    "help.getPromoData",
    "help.getTermsOfServiceUpdate",
    "updates.getState",
    "langpack.getLangPack",
    "langpack.getLanguage",
    "langpack.getStrings",
    "messages.getDialogFilters",
    "messages.getTopReactions",
    "messages.getAttachMenuBots",
    "messages.getAvailableReactions",
    "messages.getAvailableEffects",
    "messages.getDialogs",
    "messages.getPinnedDialogs",
    "messages.getHistory",
    "account.getChatThemes",
    "account.getAuthorizations",
    "account.getPassword",
    "account.updateStatus",
    "contacts.getContacts",
    "users.getFullUser",
)


class FirstRequestTests(AskingTestCase):
    """The start of the clients that no other test runs, without an error."""

    async def test_every_first_request_is_answered(self) -> None:
        """At Telegram Web A's layer and at TDLib's, the newest."""
        for layer in (227, NEWEST_LAYER):
            session, user = await self.sign_up_peer("Starter", layer)
            arguments = PlausibleArguments(Random(1), layer, 0.0, user, 1)
            for name in FIRST_REQUESTS:
                query = arguments.object(registry.newest_of(name))
                for field, value in {"lang_pack": "weba", "lang_code": "en", "peer": tl.inputPeerSelf()}.items():
                    if hasattr(query, field):
                        setattr(query, field, value)
                decode_result(name, await session.call_raw(encode(query, layer)), layer)
            login_token = tl.auth.exportLoginToken(api_id=1, api_hash="0" * 32, except_ids=[])
            stranger = await self.peer_session(layer)
            self.assertEqual((await stranger.call(login_token)).NAME, "auth.loginToken")
