"""What bots are told that is no message: who comes and goes, who asks to be let in, who reacts."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.domain.bot_news import news
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bots.methods.test_channels import ChannelBotTestCase

ALL = ["message", "my_chat_member", "chat_member", "chat_join_request", "message_reaction", "message_reaction_count"]


class NewsTestCase(ChannelBotTestCase):
    """A bot that takes every kind of update."""

    async def news(self, **more: Any) -> list[dict[str, Any]]:
        """What it is told since the last time that is no message, each with its ``kind``."""
        told = await self.ask("getUpdates", offset=getattr(self, "taken", 0), allowed_updates=ALL, **more)
        self.taken = told[-1]["update_id"] + 1 if told else getattr(self, "taken", 0)
        found = [(next(iter(one.keys() - {"update_id"})), one) for one in told]
        return [{"kind": kind, **one[kind]} for kind, one in found if kind != "message"]

    def steps(self, told: list[dict[str, Any]]) -> list[tuple[str, int, str, str]]:
        """(kind, whom, before, after) of each."""
        return [
            (
                one["kind"],
                one["new_chat_member"]["user"]["id"],
                one["old_chat_member"]["status"],
                one["new_chat_member"]["status"],
            )
            for one in told
        ]


@on_every_backend
class MemberNewsTests(NewsTestCase):
    """``chat_member`` and ``my_chat_member``."""

    async def test_supergroup(self) -> None:
        """Who comes, goes, is promoted, restricted and put out: told to a bot that administers it, with who did it."""
        bot, boris = self.bot.user.id, self.boris.user.id
        await self.ask("getUpdates", allowed_updates=ALL)
        to = await self.open(admin=True, other=True)
        mine = [one for one in self.steps(await self.news()) if one[1] == bot]
        self.assertEqual(mine, [("my_chat_member", bot, "left", "administrator")])
        await self.boris.call(tl.channels.leaveChannel(channel=self.channel))
        (left,) = await self.news()
        self.assertEqual(self.steps([left]), [("chat_member", boris, "member", "left")])
        self.assertEqual((left["from"]["id"], left["chat"]["id"]), (boris, to["chat_id"]))
        await self.appoint(self.boris, tl.chatAdminRights(pin_messages=True))
        await self.appoint(self.boris, tl.chatAdminRights())
        for rights in (
            tl.chatBannedRights(send_photos=True, until_date=0),
            tl.chatBannedRights(view_messages=True, until_date=0),
            tl.chatBannedRights(until_date=0),
        ):
            peer = self.anna.peer(self.boris)
            query = tl.channels.editBanned(channel=self.channel, participant=peer, banned_rights=rights)
            await self.anna.call(query)
        told = await self.news()
        self.assertEqual(
            self.steps(told),
            [
                ("chat_member", boris, "left", "administrator"),
                ("chat_member", boris, "administrator", "member"),
                ("chat_member", boris, "member", "restricted"),
                ("chat_member", boris, "restricted", "kicked"),
                ("chat_member", boris, "kicked", "left"),
            ],
        )
        self.assertEqual({one["from"]["id"] for one in told}, {self.anna.user.id})
        promoted = told[0]["new_chat_member"]
        self.assertEqual((promoted["can_pin_messages"], promoted["can_delete_messages"]), (True, False))
        self.assertFalse(told[2]["new_chat_member"]["can_send_photos"])

    async def test_only_what_is_asked_for(self) -> None:
        """Without a word only of itself; who does not administer it hears of itself alone."""
        await self.ask("getUpdates")
        await self.open(admin=True, other=True)
        await self.boris.call(tl.channels.leaveChannel(channel=self.channel))
        told = await self.ask("getUpdates")
        self.assertEqual(sum("my_chat_member" in one for one in told), 1)
        self.assertEqual([one for one in told if "chat_member" in one], [])
        self.taken = told[-1]["update_id"] + 1
        self.assertEqual(await self.news(), [])
        await self.appoint(self.bot, tl.chatAdminRights())
        self.assertEqual([one[3] for one in self.steps(await self.news())], ["member"])
        await self.appoint(self.boris, tl.chatAdminRights(other=True))
        self.assertEqual(await self.news(), [])

    async def test_group(self) -> None:
        """The same in a basic group, and of the bot itself to the end."""
        await self.ask("getUpdates", allowed_updates=ALL)
        chat_id, bot, boris = -await self.group(), self.bot.user.id, self.boris.user.id
        user = self.anna.input_user(self.bot)
        await self.anna.call(tl.messages.editChatAdmin(chat_id=chat_id, user_id=user, is_admin=True))
        steps = self.steps(await self.news())
        self.assertEqual(
            steps, [("my_chat_member", bot, "left", "member"), ("my_chat_member", bot, "member", "administrator")]
        )
        await self.boris.call(tl.messages.deleteChatUser(chat_id=chat_id, user_id=tl.inputUserSelf()))
        await self.anna.call(tl.messages.deleteChatUser(chat_id=chat_id, user_id=user))
        self.assertEqual(
            self.steps(await self.news()),
            [("chat_member", boris, "member", "left"), ("my_chat_member", bot, "administrator", "kicked")],
        )

    async def test_blocked(self) -> None:
        """Who blocks a bot puts it out of their chat."""
        await self.news()
        contacts, both = self.house.domain.contacts, (self.anna.user.id, self.bot.user.id, self.now())
        self.assertEqual([await contacts.block(*both), await contacts.block(*both)], [True, False])
        self.assertTrue(await contacts.unblock(*both))
        told = await self.news()
        self.assertEqual([one[2:] for one in self.steps(told)], [("member", "kicked"), ("kicked", "member")])
        self.assertEqual({(one["chat"]["id"], one["from"]["id"]) for one in told}, {(self.anna.user.id,) * 2})

    async def test_waiting(self) -> None:
        """Who waits is woken; what is confirmed is not told again, and what is older than a day not at all."""
        await self.open(admin=True, other=True)
        await self.news()
        waiting = Deferred.fromCoroutine(self.news(timeout=30))
        await self.boris.call(tl.channels.leaveChannel(channel=self.channel))
        told = await waiting
        self.assertEqual(len(told) + len(await self.news()), 1)
        await self.appoint(self.boris, tl.chatAdminRights(other=True))
        self.house.clock.advance(news.KEPT_SECONDS + 1)
        self.assertEqual(await self.news(), [])


@on_every_backend
class JoinRequestNewsTests(NewsTestCase):
    """``chat_join_request``, approved and declined over the Bot API."""

    async def test_asking(self) -> None:
        """The bot that makes the link hears of who asks by it, and decides."""
        to = await self.open(admin=True, other=True, invite_users=True)
        link = await self.ask("createChatInviteLink", name="door", creates_join_request=True, **to)
        await self.boris.call(tl.channels.leaveChannel(channel=self.channel))
        await self.news()
        ask = tl.messages.importChatInvite(hash=link["invite_link"].rpartition("+")[2])
        for approved in (False, True):
            try:
                await self.boris.call(ask)
            except Exception as error:
                self.assertIn("INVITE_REQUEST_SENT", str(error))
            (asked,) = await self.news()
            self.assertEqual((asked["kind"], asked["from"]["id"]), ("chat_join_request", self.boris.user.id))
            self.assertEqual((asked["invite_link"], asked["chat"]["id"]), (link, to["chat_id"]))
            whom = {"user_id": self.boris.user.id, **to}
            self.assertTrue(await self.ask("approveChatJoinRequest" if approved else "declineChatJoinRequest", **whom))
            wrong = "Bad Request: USER_ALREADY_PARTICIPANT" if approved else "Bad Request: HIDE_REQUESTER_MISSING"
            self.assertEqual(await self.refused("approveChatJoinRequest", **whom), wrong)
        came = next(one for one in await self.news() if one["kind"] == "chat_member")
        self.assertEqual((came["via_join_request"], came["new_chat_member"]["status"]), (True, "member"))


@on_every_backend
class ReactionNewsTests(NewsTestCase):
    """``message_reaction`` and ``message_reaction_count``."""

    async def react(self, by: Any, peer: Any, message_id: int, *emoji: str) -> None:
        """React with these."""
        given = [tl.reactionEmoji(emoticon=one) for one in emoji]
        await by.call(tl.messages.sendReaction(peer=peer, msg_id=message_id, reaction=given))

    async def test_supergroup(self) -> None:
        """What somebody had reacted with and what they do now; of itself and of others' posts nothing."""
        to = await self.open(admin=True, other=True)
        sent = await self.ask("sendMessage", text="hello", **to)
        await self.news()
        for given in (("👍",), ("❤",), ()):
            await self.react(self.boris, self.peer, sent["message_id"], *given)
        await self.ask(
            "setMessageReaction", reaction=[{"type": "emoji", "emoji": "👍"}], **to, message_id=sent["message_id"]
        )
        told = await self.news()
        changes = [
            ([one["emoji"] for one in each["old_reaction"]], [one["emoji"] for one in each["new_reaction"]])
            for each in told
        ]
        self.assertEqual(changes, [([], ["👍"]), (["👍"], ["❤"]), (["❤"], [])])
        self.assertEqual({one["message_id"] for one in told}, {sent["message_id"]})
        self.assertEqual({one["user"]["id"] for one in told}, {self.boris.user.id})
        await self.appoint(self.bot, tl.chatAdminRights())
        await self.news()
        await self.react(self.boris, self.peer, sent["message_id"], "👍")
        self.assertEqual(await self.news(), [])

    async def test_groups_and_people(self) -> None:
        """In a basic group that it administers, and in a private chat, by the bot's own ids."""
        await self.news()
        chat_id = -await self.group()
        user = self.anna.input_user(self.bot)
        await self.anna.call(tl.messages.editChatAdmin(chat_id=chat_id, user_id=user, is_admin=True))
        places: list[tuple[dict[str, Any], Any]] = [
            ({"chat_id": -chat_id}, tl.inputPeerChat(chat_id=chat_id)),
            ({"chat_id": self.anna.user.id}, self.anna.peer(self.bot)),
        ]
        for where, peer in places:
            sent = await self.ask("sendMessage", text="hello", **where)
            await self.news()
            (theirs,) = (await self.anna.history(peer, limit=1)).messages
            await self.react(self.anna, peer, theirs.id, "👍")
            (told,) = await self.news()
            self.assertEqual((told["kind"], told["message_id"]), ("message_reaction", sent["message_id"]))
            self.assertEqual(told["chat"]["id"], where["chat_id"])

    async def test_posts(self) -> None:
        """How often people reacted to a post, once for several that were not taken, and nobody's name."""
        to = await self.open(broadcast=True, admin=True, other=True, post_messages=True)
        sent = await self.ask("sendMessage", text="hello", **to)
        await self.news()
        await self.react(self.anna, self.peer, sent["message_id"], "👍")
        await self.react(self.boris, self.peer, sent["message_id"], "👍")
        (told,) = await self.news()
        self.assertEqual(told["kind"], "message_reaction_count")
        self.assertEqual(told["reactions"], [{"type": {"type": "emoji", "emoji": "👍"}, "total_count": 2}])
        self.assertNotIn("user", told)
