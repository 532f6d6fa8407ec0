"""With whom somebody has most to do."""

from typing import Any

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_channels import ChannelTestCase
from trial_tests.bff.test_chats import GroupTestCase
from trial_tests.bff.test_messages import error_of

DAY = 86_400


class TopPeersTestCase(GroupTestCase, ChannelTestCase):
    """contacts.getTopPeers."""

    async def top(self, device: Device, hash: int = 0, offset: int = 0, limit: int = 20, **categories: bool) -> Any:
        categories = categories or {"correspondents": True}
        return await device.call(tl.contacts.getTopPeers(offset=offset, limit=limit, hash=hash, **categories))

    def ids(self, answer: Any) -> dict[str, list[int]]:
        """By category whose ids stand there, in that order."""
        return {
            one.category.NAME.removeprefix("topPeerCategory"): [
                getattr(top.peer, "user_id", None) or getattr(top.peer, "chat_id", None) or top.peer.channel_id
                for top in one.peers
            ]
            for one in answer.categories
        }


@on_every_backend
class TopPeersTests(TopPeersTestCase):
    """Counted from what was written."""

    async def test_by_what_was_written(self) -> None:
        """Whoever gets most stands first, and what is older counts less; what others write counts nothing."""
        house, anna, boris, clara = await self.house()
        for _ in range(2):
            await anna.send(anna.peer(boris), "old")
        house.clock.advance(60 * DAY)
        await anna.send(anna.peer(clara), "new")
        await anna.send(tl.inputPeerSelf(), "a note")
        for _ in range(5):
            await boris.send(boris.peer(anna), "answer me")
        answer = await self.top(anna)
        self.assertEqual(self.ids(answer), {"Correspondents": [clara.user.id, boris.user.id]})
        [category] = answer.categories
        self.assertEqual(category.count, 2)
        self.assertEqual(category.peers[0].rating, 1)
        self.assertAlmostEqual(category.peers[1].rating, 2 * 2.718281828 ** (-60 / 28), places=6)
        self.assertEqual({user.id for user in answer.users}, {boris.user.id, clara.user.id})
        self.assertEqual(self.ids(await self.top(anna, offset=1)), {"Correspondents": [boris.user.id]})
        self.assertEqual(self.ids(await self.top(anna, limit=1)), {"Correspondents": [clara.user.id]})

    async def test_bots_groups_and_channels(self) -> None:
        """Each has a category of its own; a channel counts when it is read to the end."""
        house, anna, boris, _, chat_id = await self.group()
        bot = await house.sign_up("Bot", username="the_bot", is_bot=True)
        await anna.send(anna.peer(bot), "/start")
        await anna.send(tl.inputPeerChat(chat_id=chat_id), "hello")
        channel = await self.founded(anna, "News", broadcast=True)
        unread = await self.founded(boris, "Unread", broadcast=True)
        bring = tl.channels.inviteToChannel(channel=self.address(unread), users=[boris.input_user(anna)])
        await boris.call(bring)
        await boris.send(self.peer(unread), "hear this")
        await anna.call(tl.channels.readHistory(channel=self.address(channel), max_id=100))
        answer = await self.top(anna, correspondents=True, bots_pm=True, groups=True, channels=True)
        self.assertEqual(
            self.ids(answer),
            {"Correspondents": [], "BotsPM": [bot.user.id], "Groups": [chat_id], "Channels": [channel.id]},
        )
        self.assertEqual({chat.id for chat in answer.chats}, {chat_id, channel.id})

    async def test_forwards(self) -> None:
        """To whom something was forwarded."""
        _, anna, boris, clara = await self.house()
        sent = await anna.send(anna.peer(boris), "to pass on")
        await anna.call(
            tl.messages.forwardMessages(
                from_peer=anna.peer(boris), to_peer=anna.peer(clara), id=[sent.id], random_id=[77]
            )
        )
        answer = await self.top(anna, forward_users=True, forward_chats=True)
        self.assertEqual(self.ids(answer), {"ForwardUsers": [clara.user.id], "ForwardChats": []})

    async def test_forgotten(self) -> None:
        """What was written to one before does not count any more; what comes later does."""
        house, anna, boris, clara = await self.house()
        await anna.send(anna.peer(boris), "one")
        await anna.send(anna.peer(clara), "two")
        reset = tl.contacts.resetTopPeerRating(category=tl.topPeerCategoryCorrespondents(), peer=anna.peer(boris))
        self.assertTrue(await anna.call(reset))
        self.assertEqual(self.ids(await self.top(anna)), {"Correspondents": [clara.user.id]})
        house.clock.advance(10)
        await anna.send(anna.peer(boris), "three")
        self.assertEqual(self.ids(await self.top(anna)), {"Correspondents": [boris.user.id, clara.user.id]})
        wrong = tl.inputPeerUser(user_id=boris.user.id, access_hash=boris.user.access_hash ^ 1)
        reset = tl.contacts.resetTopPeerRating(category=tl.topPeerCategoryCorrespondents(), peer=wrong)
        self.assertEqual(await error_of(anna.call(reset)), "PEER_ID_INVALID")

    async def test_switched_off(self) -> None:
        """Whoever does not want them is told none."""
        _, anna, boris, _ = await self.house()
        await anna.send(anna.peer(boris), "one")
        self.assertTrue(await anna.call(tl.contacts.toggleTopPeers(enabled=False)))
        self.assertTrue(await anna.call(tl.contacts.toggleTopPeers(enabled=False)))
        self.assertEqual((await self.top(anna)).NAME, "contacts.topPeersDisabled")
        self.assertTrue(await anna.call(tl.contacts.toggleTopPeers(enabled=True)))
        self.assertEqual(self.ids(await self.top(anna)), {"Correspondents": [boris.user.id]})

    async def test_not_modified(self) -> None:
        """Who knows the order is told that it is the same (the hash is over the ids in their order)."""
        _, anna, boris, _ = await self.house()
        await anna.send(anna.peer(boris), "one")
        known = _hash([boris.user.id])
        self.assertEqual((await self.top(anna, hash=known)).NAME, "contacts.topPeersNotModified")
        self.assertEqual((await self.top(anna, hash=known + 1)).NAME, "contacts.topPeers")


def _hash(ids: list[int]) -> int:
    """As core.telegram.org/api/offsets#hash-generation has it."""
    found = 0
    for one in ids:
        found ^= found >> 21
        found ^= (found << 35) & (2**64 - 1)
        found ^= found >> 4
        found = (found + one) & (2**64 - 1)
    return found - 2**64 if found >= 2**63 else found
