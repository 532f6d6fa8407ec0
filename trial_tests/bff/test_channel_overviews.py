"""Lists of channels, posts of all public ones, and what owners do with the whole of theirs, through the bff's door."""

from typing import Any

from teamgram.domain.channels.overviews import QUIET_SECONDS
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_channels import ChannelTestCase
from trial_tests.bff.test_messages import error_of
from trial_tests.bff.test_stickers import item, still

_SRP = tl.inputCheckPasswordEmpty()


class PublicTestCase(ChannelTestCase):
    """Channels that anybody may read."""

    async def public(self, device: Device, username: str, *readers: Device) -> Any:
        """A public channel of that name, with these in it."""
        channel = await self.founded(device, username, broadcast=True)
        await device.call(tl.channels.updateUsername(channel=self.address(channel), username=username))
        for reader in readers:
            await reader.call(tl.channels.joinChannel(channel=self.address(channel)))
        return channel


@on_every_backend
class OverviewTests(PublicTestCase):
    """channels.getInactiveChannels, getLeftChannels and getChannelRecommendations."""

    async def test_quiet_ones(self) -> None:
        """Those without anything new for a month, the quietest first."""
        house, anna, _, _ = await self.house()
        old = await self.founded(anna, "Old")
        house.clock.advance(10)
        older_but_used = await self.founded(anna, "Used")
        house.clock.advance(10)
        second = await self.founded(anna, "Second")
        house.clock.advance(QUIET_SECONDS)
        await anna.send(self.peer(older_but_used), "news")
        answer = await anna.call(tl.channels.getInactiveChannels())
        self.assertEqual([chat.id for chat in answer.chats], [old.id, second.id])
        self.assertEqual(answer.dates, sorted(answer.dates))

    async def test_left_ones(self) -> None:
        """For whoever takes their data out, the latest first; not those that are no more."""
        house, anna, boris, _ = await self.house()
        gone, left = [await self.public(anna, name, boris) for name in ("gone_channel", "left_channel")]
        for channel in (gone, left):
            house.clock.advance(1)
            await boris.call(tl.channels.leaveChannel(channel=self.address(channel)))
        query = tl.channels.getLeftChannels(offset=0)
        self.assertEqual(await error_of(boris.call(query)), "TAKEOUT_REQUIRED")
        await house.domain.takeouts.begin(boris.user.id, boris.caller.perm_auth_key_id, int(house.clock.seconds()))
        self.assertEqual([chat.id for chat in (await boris.call(query)).chats], [left.id, gone.id])
        rest = await boris.call(tl.channels.getLeftChannels(offset=1))
        self.assertEqual((rest.count, [chat.id for chat in rest.chats]), (2, [gone.id]))
        await anna.call(tl.channels.deleteChannel(channel=self.address(gone)))
        self.assertEqual([chat.id for chat in (await boris.call(query)).chats], [left.id])

    async def test_similar_ones(self) -> None:
        """What others read who read the same: public ones, the most shared first, and none that one is in or was put
        out of."""
        house, anna, boris, clara = await self.house()
        dora = await house.sign_up("Dora")
        seed = await self.public(anna, "seed_channel", boris, clara, dora)
        one = await self.public(boris, "one_channel", clara)
        both = await self.public(boris, "both_channel", clara, dora)
        hidden = await self.founded(boris, "Hidden", broadcast=True)
        await boris.call(tl.channels.inviteToChannel(channel=self.address(hidden), users=[boris.input_user(clara)]))
        ask = tl.channels.getChannelRecommendations
        found = await anna.call(ask(channel=self.address(seed)))
        self.assertEqual([chat.id for chat in found.chats], [both.id, one.id])
        self.assertEqual([chat.id for chat in (await anna.call(ask())).chats], [both.id, one.id])
        banned = tl.chatBannedRights(view_messages=True, until_date=0)
        await boris.call(
            tl.channels.editBanned(channel=self.address(both), participant=boris.peer(anna), banned_rights=banned)
        )
        self.assertEqual([chat.id for chat in (await anna.call(ask(channel=self.address(seed)))).chats], [one.id])
        self.assertEqual((await clara.call(ask(channel=self.address(seed)))).chats, [])
        self.assertEqual(await error_of(dora.call(ask(channel=self.address(hidden)))), "CHANNEL_PRIVATE")


@on_every_backend
class PostSearchTests(PublicTestCase):
    """channels.searchPosts."""

    async def search(self, device: Device, **what: Any) -> Any:
        fields = {"offset_rate": 0, "offset_peer": tl.inputPeerEmpty(), "offset_id": 0, "limit": 10, **what}
        return await device.call(tl.channels.searchPosts(**fields))

    async def test_in_all_public_channels(self) -> None:
        """By a hashtag or words, in pages, whoever reads them; private channels' never, nor where one was put out."""
        house, anna, boris, clara = await self.house()
        cats, dogs = await self.public(anna, "cats_channel"), await self.public(boris, "dogs_channel")
        hidden = await self.founded(anna, "Hidden", broadcast=True)
        texts = []
        for number in range(3):
            for device, channel in ((anna, cats), (boris, dogs), (anna, hidden)):
                house.clock.advance(1)
                text = f"a #breakfast picture {number} in {channel.title}"
                await device.send(self.peer(channel), text)
                if channel is not hidden:
                    texts.append(text)
            await anna.send(self.peer(cats), f"breakfast, only the word {number}")
        texts.reverse()
        found = await self.search(clara, hashtag="breakfast")
        self.assertEqual([message.message for message in found.messages], texts)
        self.assertEqual({chat.id for chat in found.chats}, {cats.id, dogs.id})
        seen: list[str] = []
        place: dict[str, Any] = {}
        for _ in range(6):
            page = await self.search(clara, hashtag="breakfast", limit=1, **place)
            (message,) = page.messages
            seen.append(message.message)
            channel = next(chat for chat in page.chats if chat.id == message.peer_id.channel_id)
            place = {"offset_rate": message.date, "offset_peer": self.peer(channel), "offset_id": message.id}
        self.assertEqual(seen, texts)
        self.assertEqual((await self.search(clara, hashtag="breakfast", **place)).messages, [])
        words = await self.search(clara, query="word breakfast")
        self.assertEqual(len(words.messages), 3)
        self.assertEqual(await error_of(self.search(clara)), "QUERY_TOO_SHORT")
        banned = tl.chatBannedRights(view_messages=True, until_date=0)
        await anna.call(
            tl.channels.editBanned(channel=self.address(cats), participant=anna.peer(clara), banned_rights=banned)
        )
        found = await self.search(clara, hashtag="breakfast")
        self.assertEqual({chat.id for chat in found.chats}, {dogs.id})
        flood = await clara.call(tl.channels.checkSearchPostsFlood(query="x"))
        self.assertTrue(flood.query_is_free)


@on_every_backend
class OwnershipTests(PublicTestCase):
    """Giving away, broadcast groups, authors, usernames."""

    async def test_given_away_with_a_password(self) -> None:
        """The owner alone, to a member; and nobody has a password here."""
        _, anna, boris, clara = await self.house()
        channel = await self.founded(anna)
        await anna.call(tl.channels.inviteToChannel(channel=self.address(channel), users=[anna.input_user(boris)]))

        def to(device: Device, other: Device) -> Any:
            edit = tl.messages.editChatCreator
            return device.call(edit(peer=self.peer(channel), user_id=device.input_user(other), password=_SRP))

        self.assertEqual(await error_of(to(boris, boris)), "CHAT_ADMIN_REQUIRED")
        self.assertEqual(await error_of(to(anna, clara)), "USER_NOT_PARTICIPANT")
        self.assertEqual(await error_of(to(anna, anna)), "PARTICIPANT_ID_INVALID")
        self.assertEqual(await error_of(to(anna, boris)), "PASSWORD_MISSING")
        old = Device(boris._house, anna.user, layer=214)
        query = tl.channels.editCreator(channel=self.address(channel), user_id=anna.input_user(boris), password=_SRP)
        self.assertEqual(await error_of(old.call(query)), "PASSWORD_MISSING")
        created = await anna.call(tl.messages.createChat(users=[anna.input_user(boris)], title="We"))
        peer = tl.inputPeerChat(chat_id=created.updates.chats[0].id)
        edit = tl.messages.editChatCreator
        group = edit(peer=peer, user_id=anna.input_user(boris), password=_SRP)
        self.assertEqual(await error_of(anna.call(group)), "PASSWORD_MISSING")
        mine = edit(peer=peer, user_id=boris.input_user(boris), password=_SRP)
        self.assertEqual(await error_of(boris.call(mine)), "CHAT_ADMIN_REQUIRED")

    async def test_a_broadcast_group(self) -> None:
        """Its owner makes one of a supergroup, for good: administrators alone write there."""
        _, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        await anna.call(tl.channels.inviteToChannel(channel=self.address(channel), users=[anna.input_user(boris)]))
        convert = tl.channels.convertToGigagroup(channel=self.address(channel))
        self.assertEqual(await error_of(boris.call(convert)), "CHAT_ADMIN_REQUIRED")
        self.assertTrue((await anna.call(convert)).chats[0].gigagroup)
        self.assertEqual(await error_of(anna.call(convert)), "CHAT_NOT_MODIFIED")
        self.assertEqual(await error_of(boris.send(self.peer(channel), "me?")), "CHAT_WRITE_FORBIDDEN")
        await anna.send(self.peer(channel), "I may")
        rights = tl.messages.editChatDefaultBannedRights(
            peer=self.peer(channel), banned_rights=tl.chatBannedRights(until_date=0)
        )
        self.assertEqual(await error_of(anna.call(rights)), "BANNED_RIGHTS_INVALID")
        news = await self.founded(anna, "News", broadcast=True)
        query = tl.channels.convertToGigagroup(channel=self.address(news))
        self.assertEqual(await error_of(anna.call(query)), "MEGAGROUP_ID_INVALID")

    async def test_who_wrote_a_post(self) -> None:
        """Administrators are told, and nobody else."""
        _, anna, boris, clara = await self.house()
        channel = await self.public(anna, "news_channel", boris, clara)
        rights = tl.chatAdminRights(post_messages=True)
        edit = tl.channels.editAdmin
        user = anna.input_user(boris)
        await anna.call(edit(channel=self.address(channel), user_id=user, admin_rights=rights, rank=""))
        sent = (await boris.send(self.peer(channel), "who am I?")).updates[1].message
        query = tl.channels.getMessageAuthor(channel=self.address(channel), id=sent.id)
        self.assertEqual((await anna.call(query)).id, boris.user.id)
        self.assertEqual(await error_of(clara.call(query)), "CHAT_ADMIN_REQUIRED")
        wrong = tl.channels.getMessageAuthor(channel=self.address(channel), id=sent.id + 5)
        self.assertEqual(await error_of(anna.call(wrong)), "MESSAGE_ID_INVALID")

    async def test_stickers_of_the_group(self) -> None:
        """Who may change the group chooses them; members see them, the log says so, and only real sets count."""
        _, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        address = self.address(channel)
        await anna.call(tl.channels.inviteToChannel(channel=address, users=[anna.input_user(boris)]))
        made = await anna.call(
            tl.stickers.createStickerSet(
                user_id=tl.inputUserSelf(), title="Ours", short_name="ours", stickers=[await item(anna, still(), "😀")]
            )
        )
        ours = tl.inputStickerSetShortName(short_name="ours")
        choose = tl.channels.setStickers
        self.assertEqual(await error_of(boris.call(choose(channel=address, stickerset=ours))), "CHAT_ADMIN_REQUIRED")
        self.assertTrue(await anna.call(choose(channel=address, stickerset=ours)))
        full = (await boris.call(tl.channels.getFullChannel(channel=address))).full_chat
        self.assertEqual((full.stickerset.id, full.emojiset), (made.set.id, None))
        none = tl.inputStickerSetShortName(short_name="nobodys")
        self.assertEqual(await error_of(anna.call(choose(channel=address, stickerset=none))), "STICKERSET_INVALID")
        emoji = tl.channels.setEmojiStickers
        self.assertEqual(await error_of(anna.call(emoji(channel=address, stickerset=ours))), "STICKERSET_INVALID")
        await anna.call(choose(channel=address, stickerset=tl.inputStickerSetEmpty()))
        log = await anna.call(tl.channels.getAdminLog(channel=address, q="", max_id=0, min_id=0, limit=2))
        named = [(event.action.prev_stickerset.NAME, event.action.new_stickerset.NAME) for event in log.events]
        self.assertEqual(
            named, [("inputStickerSetID", "inputStickerSetEmpty"), ("inputStickerSetEmpty", "inputStickerSetID")]
        )
        news = await self.founded(anna, "News", broadcast=True)
        query = choose(channel=self.address(news), stickerset=ours)
        self.assertEqual(await error_of(anna.call(query)), "MEGAGROUP_ID_INVALID")

    async def test_one_username(self) -> None:
        """There are no others; what apps ask when a channel becomes private is answered."""
        _, anna, boris, _ = await self.house()
        channel = await self.public(anna, "one_name", boris)
        address = self.address(channel)
        toggle = tl.channels.toggleUsername
        self.assertEqual(
            await error_of(anna.call(toggle(channel=address, username="one_name", active=True))),
            "USERNAME_NOT_MODIFIED",
        )
        self.assertEqual(
            await error_of(anna.call(toggle(channel=address, username="other", active=True))), "USERNAME_INVALID"
        )
        self.assertTrue(await anna.call(tl.channels.deactivateAllUsernames(channel=address)))
        self.assertEqual(
            await error_of(boris.call(tl.channels.deactivateAllUsernames(channel=address))), "CHAT_ADMIN_REQUIRED"
        )
        order = tl.channels.reorderUsernames
        self.assertEqual(await error_of(anna.call(order(channel=address, order=["one_name"]))), "USERNAME_NOT_MODIFIED")
        self.assertEqual(await error_of(anna.call(order(channel=address, order=["a", "b"]))), "ORDER_INVALID")
