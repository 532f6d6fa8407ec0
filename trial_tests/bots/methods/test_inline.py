"""Inline mode over the Bot API, and over MTProto for whoever asks."""

from typing import Any

from twisted.internet.defer import Deferred

import msgspec

from teamgram.domain.bots.inline import ANSWER_SECONDS, LATEST_SECONDS
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.test_files import picture
from trial_tests.bff.test_messages import error_of
from trial_tests.bots.methods.test_methods import ApiTestCase, uploaded


def article(result_id: str, **more: Any) -> dict[str, Any]:
    """An ``InlineQueryResultArticle``."""
    content = {"message_text": f"<b>{result_id}</b>", "parse_mode": "HTML"}
    return {"type": "article", "id": result_id, "title": result_id, "input_message_content": content, **more}


BUTTON = {"inline_keyboard": [[{"text": "Go", "callback_data": "go"}]]}


class InlineTestCase(ApiTestCase):
    """A bot that is asked from other chats, and told of all that is chosen."""

    async def setUp(self) -> None:
        await super().setUp()
        domain = self.house.domain
        await domain.bots.set_inline(self.bot.user.id, "Ask...")
        await domain.bots.change(self.bot.user.id, lambda details: msgspec.structs.replace(details, feedback=100))
        await self.ask("getUpdates", offset=-1)
        self.taken = (await self.ask("getUpdates"))[-1]["update_id"] + 1
        await self.anna.send(self.anna.peer(self.boris), "hello")

    async def next(self) -> dict[str, Any]:
        """The next update."""
        told: dict[str, Any] = (await self.ask("getUpdates", offset=self.taken, timeout=5))[0]
        self.taken = told["update_id"] + 1
        return told

    def asking(self, text: str, offset: str = "", who: Any = None, to: Any = None) -> "Deferred[Any]":
        """Somebody asks from a chat."""
        who = who or self.anna
        peer = to or self.anna.peer(self.boris)
        bot = who.input_user(self.bot)
        query = tl.messages.getInlineBotResults(bot=bot, peer=peer, query=text, offset=offset)
        return Deferred.fromCoroutine(who.call(query))

    async def offered(self, *results: dict[str, Any], text: str = "q", **more: Any) -> Any:
        """What is shown to who asked, after the bot has answered."""
        asking = self.asking(text)
        query = (await self.next())["inline_query"]
        self.assertTrue(await self.ask("answerInlineQuery", inline_query_id=query["id"], results=list(results), **more))
        return await asking

    async def choose(self, found: Any, result_id: str, to: Any = None, random_id: int = 77) -> Any:
        """Send one of them."""
        return await self.anna.call(
            tl.messages.sendInlineBotResult(
                peer=to or self.anna.peer(self.boris), random_id=random_id, query_id=found.query_id, id=result_id
            )
        )


@on_every_backend
class InlineTests(InlineTestCase):
    """Asking, choosing, changing."""

    async def test_ask_and_choose(self) -> None:
        """A question is told, the answer shown, the choice sent by way of the bot, and the bot told of it."""
        asking = self.asking("cats")
        query = (await self.next())["inline_query"]
        self.assertEqual((query["query"], query["offset"], query["chat_type"]), ("cats", "", "private"))
        self.assertEqual(query["from"]["id"], self.anna.user.id)
        results = [article("one"), article("two", reply_markup=BUTTON)]
        button = {"text": "Sign in", "start_parameter": "in"}
        answer: dict[str, Any] = {"results": results, "next_offset": "50", "button": button, "cache_time": 10}
        await self.ask("answerInlineQuery", inline_query_id=query["id"], **answer)
        found = await asking
        self.assertEqual([(one.id, one.type, one.title) for one in found.results],
                         [("one", "article", "one"), ("two", "article", "two")])  # fmt: skip
        self.assertEqual((found.next_offset, found.cache_time, found.switch_pm.start_param), ("50", 10, "in"))
        self.assertEqual([user.id for user in found.users], [self.bot.user.id])
        self.assertEqual(found.users[0].bot_inline_placeholder, "Ask...")
        await self.choose(found, "two")
        (message,) = (await self.boris.history(self.boris.peer(self.anna), limit=1)).messages
        self.assertEqual((message.message, message.via_bot_id), ("two", self.bot.user.id))
        self.assertEqual(message.entities[0].NAME, "messageEntityBold")
        chosen = (await self.next())["chosen_inline_result"]
        self.assertEqual((chosen["result_id"], chosen["query"]), ("two", "cats"))
        # Changed by the bot, which is in no chat with either.
        which: dict[str, Any] = {"inline_message_id": chosen["inline_message_id"]}
        self.assertIs(await self.ask("editMessageText", text="three", reply_markup=BUTTON, **which), True)
        (message,) = (await self.boris.history(self.boris.peer(self.anna), limit=1)).messages
        self.assertEqual(message.message, "three")
        refusal = await self.refused("editMessageText", text="three", reply_markup=BUTTON, **which)
        self.assertTrue(refusal.startswith("Bad Request: message is not modified"))
        # And pressed by either.
        press = tl.messages.getBotCallbackAnswer(peer=self.boris.peer(self.anna), msg_id=message.id, data=b"go")
        pressed = Deferred.fromCoroutine(self.boris.call(press))
        asked = (await self.next())["callback_query"]
        self.assertEqual((asked["inline_message_id"], "message" in asked), (which["inline_message_id"], False))
        await self.ask("answerCallbackQuery", callback_query_id=asked["id"], text="done")
        self.assertEqual((await pressed).message, "done")
        self.assertIs(await self.ask("editMessageReplyMarkup", **which), True)
        (message,) = (await self.boris.history(self.boris.peer(self.anna), limit=1)).messages
        self.assertIsNone(message.reply_markup)

    async def test_others_messages(self) -> None:
        """Only the bot itself changes what was sent by way of it, and only what had buttons."""
        found = await self.offered(article("plain"), article("open", reply_markup=BUTTON))
        await self.choose(found, "plain")
        self.assertNotIn("inline_message_id", (await self.next())["chosen_inline_result"])
        await self.choose(found, "open", random_id=78)
        named = (await self.next())["chosen_inline_result"]["inline_message_id"]
        _, token = await self.house.domain.bots.create(0, "Other", "other_bot", self.now())
        self.token = token
        for wrong in (named, named[:-2] + "AA", "x", "A" * 32, ""):
            refusal = await self.refused("editMessageText", text="mine", inline_message_id=wrong)
            self.assertIn(refusal, ("Bad Request: message not found", "Bad Request: MESSAGE_ID_INVALID",
                                    "Bad Request: chat_id is empty"))  # fmt: skip

    async def test_cached(self) -> None:
        """The same question gets what was said to it; what is personal only for who asked, and not for ever."""
        first = await self.offered(article("one"), text="shared", cache_time=60)
        again = await self.asking("shared", who=self.anna)
        other = await self.asking("shared", who=self.boris, to=self.boris.peer(self.anna))
        self.assertEqual({again.query_id, other.query_id}, {first.query_id})
        # Somebody else may send what both were shown.
        await self.boris.call(
            tl.messages.sendInlineBotResult(
                peer=self.boris.peer(self.anna), random_id=5, query_id=other.query_id, id="one"
            )
        )
        await self.next()
        mine = await self.offered(article("mine"), text="own", is_personal=True, cache_time=60)
        self.assertEqual((await self.asking("own")).query_id, mine.query_id)
        theirs = self.asking("own", who=self.boris, to=self.boris.peer(self.anna))
        query = (await self.next())["inline_query"]
        await self.ask("answerInlineQuery", inline_query_id=query["id"], results=[article("theirs")])
        self.assertEqual([one.id for one in (await theirs).results], ["theirs"])
        taken = tl.messages.sendInlineBotResult(
            peer=self.boris.peer(self.anna), random_id=6, query_id=mine.query_id, id="mine"
        )
        self.assertEqual(await error_of(self.boris.call(taken)), "QUERY_ID_INVALID")
        self.house.clock.advance(61)
        late = self.asking("shared")
        self.assertEqual((await self.next())["inline_query"]["query"], "shared")
        self.house.clock.advance(ANSWER_SECONDS + 1)
        self.assertEqual(await error_of(late), "BOT_RESPONSE_TIMEOUT")

    async def test_too_late(self) -> None:
        """Who asked waits no longer than so; the bot may still answer for a while, once."""
        asking = self.asking("slow")
        query = (await self.next())["inline_query"]
        self.house.clock.advance(ANSWER_SECONDS + 1)
        self.assertEqual(await error_of(asking), "BOT_RESPONSE_TIMEOUT")
        answer: dict[str, Any] = {"inline_query_id": query["id"], "results": [article("one")]}
        self.assertTrue(await self.ask("answerInlineQuery", **answer))
        too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
        self.assertEqual(await self.refused("answerInlineQuery", **answer), too_old)
        self.assertEqual([one.id for one in (await self.asking("slow")).results], ["one"])
        again = self.asking("slower")
        query = (await self.next())["inline_query"]
        self.house.clock.advance(LATEST_SECONDS + 1)
        self.assertEqual(await error_of(again), "BOT_RESPONSE_TIMEOUT")
        self.assertEqual(await self.refused("answerInlineQuery", inline_query_id=query["id"], results=[]), too_old)

    async def test_not_asked(self) -> None:
        """A bot that is not asked from other chats, people, and choices that nobody offered."""
        found = await self.offered(article("one"))
        for query_id, result_id, error in (
            (found.query_id, "two", "RESULT_ID_INVALID"),
            (found.query_id + 1, "one", "QUERY_ID_INVALID"),
        ):
            chosen = tl.messages.sendInlineBotResult(
                peer=self.anna.peer(self.boris), random_id=9, query_id=query_id, id=result_id
            )
            self.assertEqual(await error_of(self.anna.call(chosen)), error)
        await self.house.domain.bots.set_inline(self.bot.user.id, None)
        self.assertEqual(await error_of(self.asking("x")), "BOT_INLINE_DISABLED")
        people = tl.messages.getInlineBotResults(
            bot=self.anna.input_user(self.boris), peer=tl.inputPeerEmpty(), query="x", offset=""
        )
        self.assertEqual(await error_of(self.anna.call(people)), "BOT_INVALID")

    async def test_in_groups(self) -> None:
        """Members send it where the group lets them, the bot need not be there."""
        created = await self.anna.call(tl.messages.createChat(users=[self.anna.input_user(self.boris)], title="G"))
        peer = tl.inputPeerChat(chat_id=created.updates.chats[0].id)
        asking = self.asking("g", to=peer)
        query = (await self.next())["inline_query"]
        self.assertEqual(query["chat_type"], "group")
        await self.ask("answerInlineQuery", inline_query_id=query["id"], results=[article("one")])
        found = await asking
        await self.choose(found, "one", to=peer)
        no_inline = tl.chatBannedRights(send_inline=True, until_date=0)
        await self.anna.call(tl.messages.editChatDefaultBannedRights(peer=peer, banned_rights=no_inline))
        chosen = tl.messages.sendInlineBotResult(peer=peer, random_id=9, query_id=found.query_id, id="one")
        self.assertEqual(await error_of(self.boris.call(chosen)), "CHAT_SEND_INLINE_FORBIDDEN")

    async def test_in_supergroups(self) -> None:
        """The same where one box is everybody's: chosen, pressed, changed."""
        chat = (await self.anna.call(tl.channels.createChannel(title="S", about="", megagroup=True))).chats[0]
        peer = tl.inputPeerChannel(channel_id=chat.id, access_hash=chat.access_hash)
        asking = self.asking("s", to=peer)
        query = (await self.next())["inline_query"]
        self.assertEqual(query["chat_type"], "supergroup")
        results = [article("one", reply_markup=BUTTON)]
        await self.ask("answerInlineQuery", inline_query_id=query["id"], results=results)
        await self.choose(await asking, "one", to=peer)
        named = (await self.next())["chosen_inline_result"]["inline_message_id"]
        (message, *_) = (await self.anna.history(peer, limit=1)).messages
        self.assertEqual((message.message, message.via_bot_id), ("one", self.bot.user.id))
        press = tl.messages.getBotCallbackAnswer(peer=peer, msg_id=message.id, data=b"go")
        pressed = Deferred.fromCoroutine(self.anna.call(press))
        asked = (await self.next())["callback_query"]
        self.assertEqual(asked["inline_message_id"], named)
        await self.ask("answerCallbackQuery", callback_query_id=asked["id"], text="ok")
        self.assertEqual((await pressed).message, "ok")
        self.assertIs(await self.ask("editMessageText", text="two", inline_message_id=named), True)
        self.assertEqual((await self.anna.history(peer, limit=1)).messages[0].message, "two")


@on_every_backend
class ResultTests(InlineTestCase):
    """Every kind of result."""

    async def test_files(self) -> None:
        """Photos and documents of the bot's own are shown and sent; another bot's ids open nothing."""
        to: dict[str, Any] = {"chat_id": self.anna.user.id}
        photo = await self.ask("sendPhoto", {"photo": uploaded(picture(200, 100), "p.jpg")}, **to)
        file = await self.ask("sendDocument", {"document": uploaded(b"text", "a.txt", "text/plain")}, **to)
        results = [
            {"type": "photo", "id": "p", "photo_file_id": photo["photo"][-1]["file_id"], "caption": "*p*",
             "parse_mode": "Markdown"},
            {"type": "document", "id": "d", "title": "D", "document_file_id": file["document"]["file_id"]},
        ]  # fmt: skip
        found = await self.offered(*results)
        self.assertEqual([one.NAME for one in found.results], ["botInlineMediaResult"] * 2)
        reference = found.results[0].photo
        place = tl.inputPhotoFileLocation(
            id=reference.id, access_hash=reference.access_hash, file_reference=reference.file_reference, thumb_size="m"
        )
        read = await self.anna.call(tl.upload.getFile(location=place, offset=0, limit=4096))
        self.assertGreater(len(read.bytes), 100)
        await self.choose(found, "p")
        await self.choose(found, "d", random_id=78)
        document, shown = (await self.boris.history(self.boris.peer(self.anna), limit=2)).messages
        self.assertEqual((shown.message, shown.media.photo.id), ("p", reference.id))
        self.assertEqual(document.media.document.attributes[-1].file_name, "a.txt")

    async def test_places(self) -> None:
        """Places, venues, contacts, and other content in the place of a result's own."""
        results: list[dict[str, Any]] = [
            {"type": "location", "id": "l", "latitude": 1, "longitude": 2, "title": "L"},
            {"type": "venue", "id": "v", "latitude": 1, "longitude": 2, "title": "V", "address": "A"},
            {"type": "contact", "id": "c", "phone_number": "+1", "first_name": "C"},
            {"type": "contact", "id": "t", "phone_number": "+1", "first_name": "C",
             "input_message_content": {"message_text": "text"}},
        ]  # fmt: skip
        found = await self.offered(*results)
        kinds = [one.send_message.NAME.removeprefix("botInlineMessage") for one in found.results]
        self.assertEqual(kinds, ["MediaGeo", "MediaVenue", "MediaContact", "Text"])
        for number, result in enumerate(results):
            await self.choose(found, result["id"], random_id=100 + number)
        said = (await self.boris.history(self.boris.peer(self.anna), limit=4)).messages
        self.assertEqual([one.media.NAME if one.media else one.message for one in reversed(said)],
                         ["messageMediaGeo", "messageMediaVenue", "messageMediaContact", "text"])  # fmt: skip

    async def test_by_address(self) -> None:
        """A file of another server is shown from there; where nothing is fetched, it is not sent."""
        gif = {"type": "gif", "id": "g", "gif_url": "https://example.org/a.gif", "thumbnail_url": "https://example.org/t",
               "gif_width": 10, "gif_height": 20}  # fmt: skip
        found = await self.offered(gif)
        self.assertTrue(found.gallery)
        self.assertEqual(found.results[0].content.url, "https://example.org/a.gif")
        chosen = tl.messages.sendInlineBotResult(
            peer=self.anna.peer(self.boris), random_id=9, query_id=found.query_id, id="g"
        )
        self.assertEqual(await error_of(self.anna.call(chosen)), "EXTERNAL_URL_INVALID")

    async def test_refusals(self) -> None:
        """What is no result."""
        self.asking("x").addErrback(lambda _: None)
        query = (await self.next())["inline_query"]
        wrong: tuple[Any, ...] = (
            "x", [1], [{}], [{"type": "article", "id": "a"}], [{"type": "odd", "id": "a"}],
            [article("a"), article("a")],
            [article("a" * 65)], [article(str(number)) for number in range(51)], [{"type": "game", "id": "a"}],
            [{"type": "gif", "id": "g", "gif_url": "ftp://x"}], [{"type": "sticker", "id": "s"}],
            [article("a", input_message_content={"message_text": "x" * 5000})],
            [{"type": "photo", "id": "p", "photo_file_id": "AAAA"}],
        )  # fmt: skip
        for results in wrong:
            refusal = await self.refused("answerInlineQuery", inline_query_id=query["id"], results=results)
            self.assertTrue(refusal.startswith("Bad Request: "), (results, refusal))
        for more in ({"next_offset": "x" * 65}, {"button": {"text": "x", "start_parameter": "a b"}}):
            refusal = await self.refused("answerInlineQuery", inline_query_id=query["id"], results=[], **more)
            self.assertTrue(refusal.startswith("Bad Request: "), (more, refusal))
        self.house.clock.advance(ANSWER_SECONDS + 1)

    async def test_prepared(self) -> None:
        """A message that is kept for one person, who alone gets it."""
        made = await self.ask(
            "savePreparedInlineMessage", user_id=self.anna.user.id, result=article("one"), allow_user_chats=True
        )
        query = tl.messages.getPreparedInlineMessage(bot=self.anna.input_user(self.bot), id=made["id"])
        found = await self.anna.call(query)
        self.assertEqual((found.result.id, found.peer_types[0].NAME), ("one", "inlineQueryPeerTypePM"))
        await self.choose(found, "one")
        (message,) = (await self.boris.history(self.boris.peer(self.anna), limit=1)).messages
        self.assertEqual((message.message, message.via_bot_id), ("one", self.bot.user.id))
        theirs = tl.messages.getPreparedInlineMessage(bot=self.boris.input_user(self.bot), id=made["id"])
        self.assertEqual(await error_of(self.boris.call(theirs)), "RESULT_ID_INVALID")
        refusal = await self.refused("savePreparedInlineMessage", user_id=self.anna.user.id, result=article("x"))
        self.assertEqual(refusal, "Bad Request: at least one chat type must be allowed")


@on_every_backend
class MtprotoInlineTests(InlineTestCase):
    """The same for a bot that speaks MTProto."""

    async def test_answer(self) -> None:
        """A question comes as an update, is answered, and what is chosen is changed."""
        asking = self.asking("m")
        await self.next()
        (asked,) = [one for one in await self.bot.take() if one.NAME == "updateBotInlineQuery"]
        self.assertEqual((asked.query, asked.peer_type.NAME), ("m", "inlineQueryPeerTypePM"))
        buttons = [tl.keyboardInlineButton(text="Go", type=tl.inlineButtonTypeCallback(data=b"go"))]
        markup = tl.replyInlineMarkup(rows=[tl.keyboardInlineButtonRow(buttons=buttons)])
        results = [
            tl.inputBotInlineResult(
                id="1", type="article", title="T",
                send_message=tl.inputBotInlineMessageText(message="hello", reply_markup=markup),
            ),
            tl.inputBotInlineResult(
                id="2", type="geo", title="G",
                send_message=tl.inputBotInlineMessageMediaGeo(geo_point=tl.inputGeoPoint(lat=1.0, long=2.0)),
            ),
        ]  # fmt: skip
        answer = tl.messages.setInlineBotResults(query_id=asked.query_id, results=results, cache_time=0)
        self.assertEqual(await error_of(self.boris.call(answer)), "USER_BOT_REQUIRED")
        self.assertTrue(await self.bot.call(answer))
        found = await asking
        self.assertEqual([one.id for one in found.results], ["1", "2"])
        await self.choose(found, "1")
        (chosen,) = [one for one in await self.bot.take() if one.NAME == "updateBotInlineSend"]
        edit = tl.messages.editInlineBotMessage(id=chosen.msg_id, message="changed", reply_markup=markup)
        self.assertEqual(await error_of(self.boris.call(edit)), "USER_BOT_REQUIRED")
        self.assertTrue(await self.bot.call(edit))
        (message,) = (await self.boris.history(self.boris.peer(self.anna), limit=1)).messages
        self.assertEqual(message.message, "changed")
        press = tl.messages.getBotCallbackAnswer(peer=self.boris.peer(self.anna), msg_id=message.id, data=b"go")
        pressed = Deferred.fromCoroutine(self.boris.call(press))
        await self.next()
        await self.next()
        (asked,) = [one for one in await self.bot.take() if one.NAME == "updateInlineBotCallbackQuery"]
        self.assertEqual(asked.msg_id.access_hash, chosen.msg_id.access_hash)
        await self.bot.call(tl.messages.setBotCallbackAnswer(query_id=asked.query_id, message="ok", cache_time=0))
        self.assertEqual((await pressed).message, "ok")
