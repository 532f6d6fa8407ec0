"""RPCStatistics: channels in numbers, for their administrators."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import message_view, peers_in
from teamgram.bff.views.statistics import graph_view, no_graph, trend_view
from teamgram.domain.boxes.message import Message
from teamgram.domain.channels.channel import Seat
from teamgram.domain.ids.peer import marked_channel
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_INTERACTIONS, _REACTIONS, _MESSAGES = "interactions", "reactions", "messages"
_MAX_TOKEN = 64
FORWARDS_LAYER = 169
"""From here on what was sent on is answered as ``stats.publicForwards``."""


class StatisticsService(RpcService):
    """What is counted. Some graphs are asked for apart: their tokens name them, and whoever comes with one is looked at
    again."""

    name = "RPCStatistics"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("stats.getBroadcastStats")
    async def get_broadcast_stats(self, caller: RpcMetadata, query: Any) -> Any:
        """stats.getBroadcastStats#ab42441a flags:# dark:flags.0?true channel:InputChannel = stats.BroadcastStats"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        numbers = await shared.domain.statistics.of_broadcast(shared.actor(caller), seat.channel.id)
        nothing = tl.statsAbsValueAndPrev(current=0, previous=0)
        return tl.stats.broadcastStats(
            period=tl.statsDateRangeDays(min_date=numbers.since, max_date=numbers.until),
            followers=trend_view(numbers.members),
            views_per_post=trend_view(numbers.views_per_post),
            shares_per_post=trend_view(numbers.forwards_per_post),
            reactions_per_post=trend_view(numbers.reactions_per_post),
            views_per_story=nothing,
            shares_per_story=nothing,
            reactions_per_story=nothing,
            enabled_notifications=tl.statsPercentValue(part=numbers.hearing, total=numbers.counted_members),
            growth_graph=graph_view(numbers.growth, "Growth"),
            followers_graph=graph_view(numbers.comings, "Followers", kind="bar"),
            # Of these nothing is kept: when somebody mutes, looks, by which way, and in which language.
            mute_graph=no_graph(),
            top_hours_graph=no_graph(),
            iv_interactions_graph=no_graph(),
            views_by_source_graph=no_graph(),
            new_followers_by_source_graph=no_graph(),
            languages_graph=no_graph(),
            interactions_graph=_later(seat, _INTERACTIONS),
            reactions_by_emotion_graph=_later(seat, _REACTIONS),
            story_interactions_graph=no_graph(),
            story_reactions_by_emotion_graph=no_graph(),
            recent_posts_interactions=[
                tl.postInteractionCountersMessage(
                    msg_id=post.message_id, views=post.views, forwards=post.forwards, reactions=post.reactions
                )
                for post in numbers.posts
            ],
        )

    @rpc("stats.getMegagroupStats")
    async def get_megagroup_stats(self, caller: RpcMetadata, query: Any) -> Any:
        """stats.getMegagroupStats#dcdf8607 flags:# dark:flags.0?true channel:InputChannel = stats.MegagroupStats"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        numbers = await shared.domain.statistics.of_group(shared.actor(caller), seat.channel.id)
        people = {one.user_id for one in numbers.top_posters} | {one.user_id for one in numbers.top_admins}
        users, _ = await shared.peers(caller.user_id, people | {user_id for user_id, _ in numbers.top_inviters})
        return tl.stats.megagroupStats(
            period=tl.statsDateRangeDays(min_date=numbers.since, max_date=numbers.until),
            members=trend_view(numbers.members),
            messages=trend_view(numbers.messages),
            viewers=trend_view(numbers.readers),
            posters=trend_view(numbers.posters),
            growth_graph=graph_view(numbers.growth, "Growth"),
            members_graph=graph_view(numbers.comings, "Members", kind="bar"),
            new_members_by_source_graph=no_graph(),
            languages_graph=no_graph(),
            messages_graph=_later(seat, _MESSAGES),
            actions_graph=no_graph(),
            top_hours_graph=graph_view(numbers.by_hour, "Top hours", unit="hour"),
            weekdays_graph=graph_view(numbers.by_weekday, "Top days of week", kind="area", unit="week"),
            top_posters=[
                tl.statsGroupTopPoster(user_id=one.user_id, messages=one.messages, avg_chars=one.average)
                for one in numbers.top_posters
            ],
            top_admins=[
                tl.statsGroupTopAdmin(
                    user_id=one.user_id, deleted=one.deleted, kicked=one.put_out, banned=one.restricted
                )
                for one in numbers.top_admins
            ],
            top_inviters=[
                tl.statsGroupTopInviter(user_id=user_id, invitations=count) for user_id, count in numbers.top_inviters
            ],
            users=users,
        )

    @rpc("stats.getMessageStats")
    async def get_message_stats(self, caller: RpcMetadata, query: Any) -> Any:
        """stats.getMessageStats#b6e0a3f5 flags:# dark:flags.0?true channel:InputChannel ... = stats.MessageStats"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        graph = await shared.domain.statistics.reactions(shared.actor(caller), seat.channel.id, query.msg_id)
        # When a post was looked at is not kept, only how often.
        return tl.stats.messageStats(
            views_graph=no_graph(), reactions_by_emotion_graph=graph_view(graph, "Reactions", kind="bar")
        )

    @rpc("stats.loadAsyncGraph")
    async def load_async_graph(self, caller: RpcMetadata, query: Any) -> Any:
        """stats.loadAsyncGraph#621d5fa0 flags:# token:string x:flags.0?long = StatsGraph"""
        shared = self._shared
        kind, _, number = query.token[:_MAX_TOKEN].partition(":")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            raise bad_request("GRAPH_INVALID_RELOAD")
        actor, channel_id = shared.actor(caller), int(number)
        if kind == _INTERACTIONS:
            return graph_view(await shared.domain.statistics.interactions(actor, channel_id), "Interactions")
        if kind == _REACTIONS:
            return graph_view(await shared.domain.statistics.reactions(actor, channel_id), "Reactions", kind="bar")
        if kind == _MESSAGES:
            return graph_view(await shared.domain.statistics.messages_by_day(actor, channel_id), "Messages")
        raise bad_request("GRAPH_INVALID_RELOAD")

    @rpc("stats.getMessagePublicForwards")
    async def get_message_public_forwards(self, caller: RpcMetadata, query: Any) -> Any:
        """stats.getMessagePublicForwards#5f150144 channel:InputChannel msg_id:int ... = stats.PublicForwards"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        # Layers before 169 page by a message, and get all at once.
        written = getattr(query, "offset", "") or ""
        after = None
        if written:
            parts = written[:_MAX_TOKEN].split("_")
            if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
                raise bad_request("OFFSET_INVALID")
            after = int(parts[0]), int(parts[1])
        count, copies = await shared.domain.statistics.public_copies(
            shared.actor(caller), seat.channel.id, query.msg_id, after, query.limit
        )
        messages: list[Message] = []
        for channel_id, message_id in copies:
            found, _ = await shared.domain.messages.in_channel(
                caller.user_id, marked_channel(channel_id), [message_id], 0
            )
            messages += found.values()
        if caller.layer < FORWARDS_LAYER:
            return await shared.messages_answer(caller.user_id, messages)
        users, chats = await shared.peers(caller.user_id, peers_in(messages))
        last = copies[-1] if len(copies) == query.limit and copies else None
        return tl.stats.publicForwards(
            count=count,
            forwards=[
                tl.publicForwardMessage(message=message_view(message, shared.updates.files)) for message in messages
            ],
            next_offset=f"{last[0]}_{last[1]}" if last is not None else None,
            chats=chats,
            users=users,
        )


def _later(seat: Seat, kind: str) -> Any:
    return tl.statsGraphAsync(token=f"{kind}:{seat.channel.id}")
