"""Who in a supergroup has read a message, and how many are online."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.domain.channels import members
from teamgram.domain.messages import channel_reading
from teamgram.domain.messages.reading import KEEP_READ_DATES
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_channels import JoinedTestCase
from trial_tests.bff.test_messages import error_of


@on_every_backend
class ReadersTests(JoinedTestCase):
    """messages.getMessageReadParticipants, messages.getOnlines."""

    async def readers(self, device: Device, channel: Any, message_id: int) -> list[tuple[int, int]]:
        ask = tl.messages.getMessageReadParticipants(peer=self.peer(channel), msg_id=message_id)
        return [(reader.user_id, reader.date) for reader in await device.call(ask)]

    async def refusal(self, device: Device, channel: Any, message_id: int) -> str:
        ask = tl.messages.getMessageReadParticipants(peer=self.peer(channel), msg_id=message_id)
        return str(await error_of(device.call(ask)))

    async def read(self, device: Device, channel: Any, max_id: int) -> None:
        await device.call(tl.channels.readHistory(channel=self.address(channel), max_id=max_id))

    async def test_who_has_read(self) -> None:
        """Each reader with the time at which their mark came over it; who has left is not named."""
        house, anna, boris, clara, channel = await self.joined()
        await clara.call(tl.channels.joinChannel(channel=self.address(channel)))
        first = (await anna.send(self.peer(channel), "first")).updates[0].id
        second = (await anna.send(self.peer(channel), "second")).updates[0].id
        self.assertEqual(await self.readers(anna, channel, first), [])
        await self.read(boris, channel, first)
        at = house.shared.now()
        house.clock.advance(60)
        await self.read(boris, channel, second)
        await self.read(clara, channel, second)
        self.assertEqual(await self.readers(anna, channel, first), [(boris.user.id, at), (clara.user.id, at + 60)])
        self.assertEqual(
            await self.readers(anna, channel, second), [(boris.user.id, at + 60), (clara.user.id, at + 60)]
        )
        await clara.call(tl.channels.leaveChannel(channel=self.address(channel)))
        self.assertEqual(await self.readers(anna, channel, first), [(boris.user.id, at)])

    async def test_who_may_ask(self) -> None:
        """Of one's own messages, for a week, where one may see who is there, and there are not too many."""
        house, anna, boris, clara, channel = await self.joined()
        hers = (await anna.send(self.peer(channel), "hers")).updates[0].id
        mine = (await boris.send(self.peer(channel), "mine")).updates[0].id
        self.assertEqual(await self.refusal(boris, channel, hers), "MESSAGE_ID_INVALID")
        self.assertEqual(await self.refusal(clara, channel, mine), "CHAT_ADMIN_REQUIRED")
        await anna.call(tl.channels.toggleParticipantsHidden(channel=self.address(channel), enabled=True))
        self.assertEqual(await self.refusal(boris, channel, mine), "CHAT_ADMIN_REQUIRED")
        self.assertEqual(await self.readers(anna, channel, hers), [])
        forum = await self.founded(anna, "Forum", megagroup=True, forum=True)
        self.assertEqual(await self.refusal(anna, forum, 1), "CHAT_TOO_BIG")
        self.patch(channel_reading, "MOST_READERS", 1)
        self.assertEqual(await self.refusal(anna, channel, hers), "CHAT_TOO_BIG")
        await self.read(boris, channel, hers)
        self.patch(channel_reading, "MOST_READERS", 200)
        self.assertEqual(await self.readers(anna, channel, hers), [])
        house.clock.advance(KEEP_READ_DATES + 1)
        self.assertEqual(await self.refusal(anna, channel, hers), "MSG_TOO_OLD")
        news = await self.founded(anna, "News", broadcast=True)
        self.assertEqual(await self.refusal(anna, news, 1), "PEER_ID_INVALID")

    async def test_online(self) -> None:
        """Those who are here and let the asker see it, and the asker; one where nobody counts."""
        house, anna, boris, clara, channel = await self.joined()

        presence = house.domain.presence
        self.addCleanup(lambda: Deferred.fromCoroutine(presence.settled()))
        for device in (anna, boris, clara):
            presence.device_connected(device.user.id, device.caller.perm_auth_key_id)

        async def online() -> Any:
            return (await anna.call(tl.messages.getOnlines(peer=self.peer(channel)))).onlines

        self.assertEqual(await online(), 2)
        await clara.call(tl.channels.joinChannel(channel=self.address(channel)))
        self.assertEqual(await online(), 3)
        presence.device_disconnected(boris.user.id, boris.caller.perm_auth_key_id)
        self.assertEqual(await online(), 2)
        self.patch(members, "MAX_COUNTED", 2)
        self.assertEqual(await online(), 1)
        news = await self.founded(anna, "News", broadcast=True)
        self.assertEqual(await error_of(anna.call(tl.messages.getOnlines(peer=self.peer(news)))), "CHAT_ID_INVALID")
