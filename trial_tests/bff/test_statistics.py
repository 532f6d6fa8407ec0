"""Channels in numbers through the bff's door."""

import json
from typing import Any

from teamgram.domain.ids.peer import marked_channel
from teamgram.domain.statistics.counting import DAY
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_channels import ChannelTestCase
from trial_tests.bff.test_messages import error_of


def lines(graph: Any) -> dict[str, list[int]]:
    """The values of a graph by the names of its lines, and ``x``; what apps need to draw it is there."""
    drawn = json.loads(graph.json.data)
    columns = {column[0]: column[1:] for column in drawn["columns"]}
    times = columns.pop("x")
    assert (
        drawn["types"].keys() == {*columns, "x"} and drawn["names"].keys() == columns.keys() == drawn["colors"].keys()
    )
    assert all("#" in colour for colour in drawn["colors"].values())
    assert drawn["subchart"]["defaultZoom"] == [times[0], times[-1]]
    return {"x": times, **{drawn["names"][key]: values for key, values in columns.items()}}


class CountedTestCase(ChannelTestCase):
    """Anna's channel."""

    async def loaded(self, device: Device, graph: Any) -> dict[str, list[int]]:
        """What a graph that is asked for apart shows."""
        self.assertEqual(graph.NAME, "statsGraphAsync")
        return lines(await device.call(tl.stats.loadAsyncGraph(token=graph.token)))


@on_every_backend
class BroadcastStatisticsTests(CountedTestCase):
    """stats.getBroadcastStats, getMessageStats and getMessagePublicForwards."""

    async def test_counted(self) -> None:
        """Readers, posts, looks, what was sent on and reactions: as many as there were, on their days."""
        house, anna, boris, clara = await self.house()
        channel = await self.founded(anna, "News", broadcast=True)
        address, peer = self.address(channel), self.peer(channel)
        await anna.call(tl.channels.updateUsername(channel=address, username="news_here"))
        house.clock.advance(40 * DAY)
        for reader in (boris, clara):
            await reader.call(tl.channels.joinChannel(channel=address))
        house.clock.advance(2 * DAY)
        await clara.call(tl.channels.leaveChannel(channel=address))
        ids = []
        for number in range(3):
            ids.append((await anna.send(peer, f"post {number}")).updates[1].message.id)
        await boris.call(tl.messages.getMessagesViews(peer=peer, id=ids[:1], increment=True))
        await boris.call(tl.messages.sendReaction(peer=peer, msg_id=ids[0], reaction=[tl.reactionEmoji(emoticon="👍")]))
        await boris.call(
            tl.messages.forwardMessages(from_peer=peer, id=ids[:1], to_peer=boris.peer(anna), random_id=[1])
        )
        scope = str(marked_channel(channel.id))
        await house.domain.notifications.change(boris.user.id, scope, mute_until=2**31 - 1)
        query = tl.stats.getBroadcastStats(channel=address)
        stats = await anna.call(query)
        self.assertEqual((stats.followers.current, stats.followers.previous), (2, 1))
        self.assertAlmostEqual(stats.views_per_post.current, 4 / 3)
        self.assertAlmostEqual(stats.shares_per_post.current, 1 / 3)
        self.assertAlmostEqual(stats.reactions_per_post.current, 1 / 3)
        self.assertEqual((stats.enabled_notifications.part, stats.enabled_notifications.total), (1, 2))
        self.assertEqual([post.msg_id for post in stats.recent_posts_interactions], ids[::-1])
        first = stats.recent_posts_interactions[-1]
        self.assertEqual((first.views, first.forwards, first.reactions), (2, 1, 1))
        growth = lines(stats.growth_graph)
        self.assertEqual((len(growth["x"]), growth["x"][1] - growth["x"][0]), (30, 1000 * DAY))
        self.assertEqual(growth["Members"], [1] * 27 + [3, 3, 2])
        moves = lines(stats.followers_graph)
        self.assertEqual((moves["Joined"][-3:], moves["Left"][-3:]), ([2, 0, 0], [0, 0, 1]))
        interactions = await self.loaded(anna, stats.interactions_graph)
        self.assertEqual((interactions["Views"][-1], interactions["Shares"][-1]), (4, 1))
        reactions = await self.loaded(anna, stats.reactions_by_emotion_graph)
        self.assertEqual(reactions["👍"][-1], 1)
        of_post = await anna.call(tl.stats.getMessageStats(channel=address, msg_id=ids[0]))
        self.assertEqual(lines(of_post.reactions_by_emotion_graph)["👍"][-1], 1)
        of_post = await anna.call(tl.stats.getMessageStats(channel=address, msg_id=ids[1]))
        self.assertEqual(of_post.reactions_by_emotion_graph.NAME, "statsGraphError")
        full = (await anna.call(tl.channels.getFullChannel(channel=address))).full_chat
        self.assertEqual((full.can_view_stats, full.stats_dc), (True, 2))

    async def test_who_is_told(self) -> None:
        """Administrators; a token opens nothing to anybody else."""
        _, anna, boris, _ = await self.house()
        channel = await self.founded(anna, "News", broadcast=True)
        address = self.address(channel)
        await anna.call(tl.channels.updateUsername(channel=address, username="news_here"))
        await boris.call(tl.channels.joinChannel(channel=address))
        sent = (await anna.send(self.peer(channel), "a post")).updates[1].message
        stats = await anna.call(tl.stats.getBroadcastStats(channel=address))
        token = stats.interactions_graph.token
        for query in (
            tl.stats.getBroadcastStats(channel=address),
            tl.stats.getMessageStats(channel=address, msg_id=sent.id),
            tl.stats.getMessagePublicForwards(channel=address, msg_id=sent.id, offset="", limit=10),
            tl.stats.loadAsyncGraph(token=token),
        ):
            self.assertEqual(await error_of(boris.call(query)), "CHAT_ADMIN_REQUIRED")
        full = (await boris.call(tl.channels.getFullChannel(channel=address))).full_chat
        self.assertFalse(full.can_view_stats)
        for wrong in ("", "x", "interactions:", "interactions:-1", f"views:{channel.id}", "interactions:" + "9" * 40):
            self.assertEqual(await error_of(anna.call(tl.stats.loadAsyncGraph(token=wrong))), "GRAPH_INVALID_RELOAD")
        missing = tl.stats.getMessageStats(channel=address, msg_id=sent.id + 7)
        self.assertEqual(await error_of(anna.call(missing)), "MESSAGE_ID_INVALID")
        self.assertEqual(await error_of(anna.call(tl.stats.getMegagroupStats(channel=address))), "MEGAGROUP_ID_INVALID")

    async def test_sent_on_in_public(self) -> None:
        """Where a post was sent on to, of the public channels that the administrator may see; in pages."""
        _, anna, boris, _ = await self.house()
        news = await self.founded(anna, "News", broadcast=True)
        await anna.call(tl.channels.updateUsername(channel=self.address(news), username="news_here"))
        sent = (await anna.send(self.peer(news), "read this")).updates[1].message
        places = []
        for number, title in enumerate(("First", "Second", "Hidden")):
            place = await self.founded(boris, title, broadcast=True)
            places.append(place)
            if title != "Hidden":
                await boris.call(tl.channels.updateUsername(channel=self.address(place), username=f"place_{number}"))
            await boris.call(
                tl.messages.forwardMessages(
                    from_peer=self.peer(news), id=[sent.id], to_peer=self.peer(place), random_id=[number + 1]
                )
            )
        query = tl.stats.getMessagePublicForwards
        page = await anna.call(query(channel=self.address(news), msg_id=sent.id, offset="", limit=1))
        self.assertEqual((page.count, page.forwards[0].message.peer_id.channel_id), (2, places[0].id))
        page = await anna.call(query(channel=self.address(news), msg_id=sent.id, offset=page.next_offset, limit=5))
        self.assertEqual([one.message.peer_id.channel_id for one in page.forwards], [places[1].id])
        self.assertEqual((page.forwards[0].message.message, page.next_offset), ("read this", None))
        bad = query(channel=self.address(news), msg_id=sent.id, offset="1_x", limit=1)
        self.assertEqual(await error_of(anna.call(bad)), "OFFSET_INVALID")
        banned = tl.chatBannedRights(view_messages=True, until_date=0)
        await boris.call(
            tl.channels.editBanned(channel=self.address(places[0]), participant=boris.peer(anna), banned_rights=banned)
        )
        page = await anna.call(query(channel=self.address(news), msg_id=sent.id, offset="", limit=5))
        self.assertEqual([one.message.peer_id.channel_id for one in page.forwards], [places[1].id])


@on_every_backend
class GroupStatisticsTests(CountedTestCase):
    """stats.getMegagroupStats."""

    async def test_counted(self) -> None:
        """Who wrote, read, brought people and put them out; by hour and day of the week."""
        house, anna, boris, clara = await self.house()
        channel = await self.founded(anna)
        address, peer = self.address(channel), self.peer(channel)
        await anna.call(tl.channels.inviteToChannel(channel=address, users=[anna.input_user(boris)]))
        await anna.call(tl.channels.inviteToChannel(channel=address, users=[anna.input_user(clara)]))
        for text in ("one", "three"):
            await boris.send(peer, text)
        sent = (await anna.send(peer, "mine")).updates[1].message
        await boris.call(tl.channels.readHistory(channel=address, max_id=sent.id))
        banned = tl.chatBannedRights(view_messages=True, until_date=0)
        await anna.call(tl.channels.editBanned(channel=address, participant=anna.peer(clara), banned_rights=banned))
        query = tl.stats.getMegagroupStats(channel=address)
        self.assertEqual(await error_of(boris.call(query)), "CHAT_ADMIN_REQUIRED")
        stats = await anna.call(query)
        self.assertEqual((stats.members.current, stats.messages.current, stats.posters.current), (2, 3, 2))
        self.assertEqual((stats.messages.previous, stats.posters.previous), (0, 0))
        self.assertEqual(
            [(one.user_id, one.messages, one.avg_chars) for one in stats.top_posters],
            [(boris.user.id, 2, 4), (anna.user.id, 1, 4)],
        )
        self.assertEqual([(one.user_id, one.invitations) for one in stats.top_inviters], [(anna.user.id, 1)])
        self.assertEqual(
            [(one.user_id, one.deleted, one.kicked, one.banned) for one in stats.top_admins],
            [(anna.user.id, 0, 1, 0)],
        )
        self.assertEqual(stats.viewers.current, 1)
        self.assertEqual({user.id for user in stats.users}, {anna.user.id, boris.user.id})
        hours = lines(stats.top_hours_graph)
        hour = int(house.clock.seconds()) % DAY // 3600
        self.assertEqual((hours["x"], hours["Messages"][hour]), (list(range(24)), 3))
        week = lines(stats.weekdays_graph)
        # 14 November 2023 was a Tuesday.
        self.assertEqual((week["Tuesday"][-1], sum(week["Tuesday"]), sum(week["Monday"])), (3, 3, 0))
        messages = await self.loaded(anna, stats.messages_graph)
        self.assertEqual(messages["Messages"][-1], 3)
        self.assertEqual(await error_of(anna.call(tl.stats.getBroadcastStats(channel=address))), "BROADCAST_ID_INVALID")
