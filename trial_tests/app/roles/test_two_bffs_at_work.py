"""What one of two bff processes does for both, asked for by way of the other."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

import treq

from teamgram.app.roles.bff import BffRole
from teamgram.mtproto.tl import tl
from trial_tests.app.roles.test_two_bffs import TwoBffTestCase


class WorkOfOneTests(TwoBffTestCase):
    """Messages that were put off, and bots."""

    async def test_what_was_put_off(self) -> None:
        """Put off through one it is seen and sent through the other; what is due is sent once, by who leads."""
        anna, boris = await self.sign_up("Anna"), await self.sign_up("Boris")
        to_boris = tl.inputPeerUser(user_id=boris.id, access_hash=boris.access_hash)
        to_anna = tl.inputPeerUser(user_id=anna.id, access_hash=anna.access_hash)

        async def waiting(bff: BffRole) -> list[str]:
            found = await self.call(bff, anna.id, tl.messages.getScheduledHistory(peer=to_boris, hash=0))
            return [message.message for message in found.messages]

        async def arrived(bff: BffRole) -> list[str]:
            page = tl.messages.getHistory(
                peer=to_anna, offset_id=0, offset_date=0, add_offset=0, limit=10, max_id=0, min_id=0, hash=0
            )
            return [message.message for message in (await self.call(bff, boris.id, page)).messages]

        self.assertEqual([await waiting(bff) for bff in (self.one, self.other)], [[], []])
        later = int(self.real_reactor.seconds()) + 3600
        put_off = tl.messages.sendMessage(peer=to_boris, message="later", random_id=6, schedule_date=later)
        sent = await self.call(self.other, anna.id, put_off)
        number = next(one for one in sent.updates if one.NAME == "updateNewScheduledMessage").message.id
        await self.until(lambda: waiting(self.one), ["later"])
        await self.call(self.one, anna.id, tl.messages.sendScheduledMessages(peer=to_boris, id=[number]))
        for bff in (self.one, self.other):
            await self.until(lambda bff=bff: arrived(bff), ["later"])  # type: ignore[misc]
            await self.until(lambda bff=bff: waiting(bff), [])  # type: ignore[misc]
        soon = int(self.real_reactor.seconds()) + 12
        for number, bff in enumerate((self.one, self.other)):
            query = tl.messages.sendMessage(
                peer=to_boris, message=f"soon {number}", random_id=7 + number, schedule_date=soon
            )
            await self.call(bff, anna.id, query)
        due = ["later", "soon 0", "soon 1"]

        async def all_of_them() -> list[str]:
            return sorted(await arrived(self.other))

        await self.until(all_of_them, due)
        await deferLater(self.real_reactor, 1)
        self.assertEqual(await all_of_them(), due)

    async def test_a_bot_hears_what_another_process_took(self) -> None:
        """Its poll, in the process that leads, ends at once with what was written to it through the other; a second
        poll ends the first one, wherever what it waits for is written."""
        self.assertTrue(self.one.leading.leads)
        anna = await self.sign_up("Anna")
        domain = self.one.backend.domain
        bot, token = await domain.bots.create(anna.id, "Echo", "echo_two_bot", int(self.real_reactor.seconds()))
        assert self.one._bot_api is not None and self.other._bot_api is None
        [(host, port)] = self.one._bot_api.addresses

        async def poll() -> Any:
            where = f"http://{host}:{port}/bot{token}/getUpdates?timeout=30"
            return await (await treq.get(where, persistent=False)).json()

        first = Deferred.fromCoroutine(poll())
        found = await self.call(self.other, anna.id, tl.contacts.resolveUsername(username="echo_two_bot"))
        to_bot = tl.inputPeerUser(user_id=bot.id, access_hash=found.users[0].access_hash)
        second = Deferred.fromCoroutine(poll())
        started = self.real_reactor.seconds()
        await self.call(self.other, anna.id, tl.messages.sendMessage(peer=to_bot, message="hello", random_id=8))
        answers = [await first, await second]
        self.assertLess(self.real_reactor.seconds() - started, 25)
        self.assertEqual(sorted(answer.get("error_code", 200) for answer in answers), [200, 409])
        [update] = next(answer["result"] for answer in answers if answer["ok"])
        self.assertEqual(update["message"]["text"], "hello")
