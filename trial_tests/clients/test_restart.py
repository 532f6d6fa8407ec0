"""The server ends, drained or killed, and begins again: keys, sign-ins, sessions and requests live on."""

from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from teamgram.mtproto.container import RPC_RESULT
from teamgram.mtproto.tl import encode, tl
from trial_tests.backends import on_every_backend
from trial_tests.clients.asking import AskingTestCase
from trial_tests.clients.house import HouseTestCase
from trial_tests.peer.calls import PeerSession


@on_every_backend
class RestartTests(HouseTestCase):
    """Libraries that stay while the server goes."""

    async def test_libraries_go_on_with_their_keys(self) -> None:
        """After SIGTERM and after kill -9: signed in still, no new key, and what was asked meanwhile answered once."""
        ada = await self.sign_up("telethon", "Ada")
        cyd = await self.sign_up("kurigram", "Cyd")
        await self.acquaint(ada, cyd)
        sessions = await self.keys(ada)
        for number, end in enumerate((self.server.terminate, self.server.kill)):
            await end()
            # Asked while nobody is there: it waits in the library until the server is back.
            pending = ada.do("send", peer=["user", cyd.user["id"]], text=f"pending {number}", timeout=60)
            await self.server.start()
            await pending
            self.assertEqual((await cyd.do("me", timeout=60))["id"], cyd.user["id"])
            history = await cyd.do("history", peer=["user", ada.user["id"]])
            self.assertEqual([m["text"] for m in history], [f"pending {n}" for n in range(number, -1, -1)])
            await cyd.do("send", peer=["user", ada.user["id"]], text=f"back {number}")
            await ada.event("new_message", text=f"back {number}")
            await cyd.do("delete", peer=["user", ada.user["id"]], ids=[m["id"] for m in await self.own(cyd, ada)])
        self.assertEqual(await self.keys(ada), sessions)

    async def keys(self, client: Any) -> list[dict[str, Any]]:
        return [await client.do("auth_key"), await client.do("sessions")]

    async def own(self, one: Any, other: Any) -> list[dict[str, Any]]:
        return [m for m in await one.do("history", peer=["user", other.user["id"]]) if m["out"]]

    async def test_an_old_key_on_another_day(self) -> None:
        """A process that begins with a key file of before the restart is signed in at once."""
        libraries = ("telethon", "kurigram", "pyrogram", "telethon-old")
        before = {}
        for library in libraries:
            client = await self.sign_up(library, library, session=True)
            before[library] = (client.user["id"], await client.do("auth_key"))
            await client.do("disconnect")
            await client.stop()
        await self.server.kill()
        await self.server.start()
        for library in libraries:
            client = await self.connect(library, library, session=True)
            self.assertEqual((await client.do("me"))["id"], before[library][0])
            self.assertEqual(await client.do("auth_key"), before[library][1])


@on_every_backend
class DrainTests(AskingTestCase):
    """What is in flight when the operator stops the server."""

    async def test_requests_in_flight_are_answered(self) -> None:
        """Fifty messages sent as SIGTERM comes are answered, and are there after the restart."""
        session, _ = await self.sign_up_peer("Ada")
        to_self = tl.inputPeerSelf()
        answers = session.start_calls(
            encode(tl.messages.sendMessage(peer=to_self, message=f"number {n}", random_id=n + 1)) for n in range(50)
        )
        # The first answer shows that the rest of the container has arrived too.
        await answers[0]
        stopped: Deferred[Any] = Deferred.fromCoroutine(self.server.terminate())
        await gatherResults((*answers, stopped))
        await self.server.start()
        session.attach(await self.connection())
        history = await self.saved_messages(session)
        self.assertEqual(sorted(history), sorted(f"number {n}" for n in range(50)))

    async def test_the_same_session_goes_on_after_a_kill(self) -> None:
        """Same key, same session: the request of before, sent again, is answered once and not run a second time."""
        session, _ = await self.sign_up_peer("Ada")
        send = encode(tl.messages.sendMessage(peer=tl.inputPeerSelf(), message="once", random_id=77))
        message = session.core.message(send)
        await session.send_call(message)
        await self.server.kill()
        await self.server.start()
        session.attach(await self.connection())
        await session.send_call(message)
        self.assertEqual(await self.saved_messages(session), ["once"])
        self.assertEqual([m for m in session.received if m.constructor_id == RPC_RESULT], [])

    async def saved_messages(self, session: PeerSession) -> list[str]:
        page = {"offset_id": 0, "offset_date": 0, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0}
        history = await session.call(tl.messages.getHistory(peer=tl.inputPeerSelf(), **page))
        return [message.message for message in history.messages]
