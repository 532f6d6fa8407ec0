"""What no bot's library sends: numbers beyond 64 bits, other people's ids, copies of what is protected."""

from typing import Any

from teamgram.bots import api as limits
from teamgram.bots.api import BotApi
from teamgram.bots.errors import ApiError
from teamgram.bots.table import declared_methods
from teamgram.mtproto.tl import tl
from teamgram.net.token_buckets import Limit
from trial_tests.backends import on_every_backend
from trial_tests.bots.methods.test_methods import ApiTestCase

HUGE = 10**40
_DIGITS = "9" * 5000


def entity(kind: str, **more: Any) -> list[dict[str, Any]]:
    """One that covers a letter."""
    return [{"type": kind, "offset": 0, "length": 1, **more}]


@on_every_backend
class HostileValueTests(ApiTestCase):
    """They are refused, or taken as what they are: nothing else is raised, then or when it is read."""

    async def test_values(self) -> None:
        """One parameter is hostile, the others are as they should be."""
        group = await self.group()
        one: dict[str, Any] = {"chat_id": group, "text": "a"}
        many: dict[str, Any] = {"chat_id": group, "from_chat_id": group}
        attacks: tuple[tuple[str, dict[str, Any], str, tuple[Any, ...]], ...] = (
            ("sendMessage", one, "reply_parameters", ({"message_id": HUGE}, {"message_id": 2**63 - 1}, "[" * 3000)),
            ("sendMessage", one, "entities", (
                entity("bold", length=HUGE), entity("custom_emoji", custom_emoji_id="9" * 19),
                entity("custom_emoji", custom_emoji_id=str(2**63 - 1)), entity("text_mention", user={"id": 2**64 - 1}),
                entity("text_mention", user={"id": 2**63 - 1}), entity("text_link", url=HUGE),
            )),
            ("sendMessage", {**one, "parse_mode": "HTML"}, "text", (
                f'<a href="tg://user?id={"9" * 19}">a</a>', f'<a href="tg://user?id={_DIGITS}">a</a>',
                f'<tg-emoji emoji-id="{"9" * 19}">a</tg-emoji>', f'<tg-emoji emoji-id="{_DIGITS}">a</tg-emoji>',
                f"&#{_DIGITS};",
            )),
            ("sendMessage", {**one, "parse_mode": "MarkdownV2"}, "text", (
                f"![a](tg://emoji?id={_DIGITS})", f"[a](tg://user?id={'9' * 19})",
            )),
            ("sendMessage", one, "reply_markup", (
                {"inline_keyboard": [[{"text": HUGE, "url": []}]]}, {"keyboard": [[HUGE, [], {}]]},
                {"inline_keyboard": [[{"text": "a", "url": f"tg://user?id={_DIGITS}"}]]},
            )),
            ("copyMessages", many, "message_ids", ([HUGE], f"[{HUGE}]", [2**63 - 1], [-(2**63)])),
            ("deleteMessages", one, "message_ids", ([HUGE], [2**63 - 1])),
            ("setMyCommands", {"commands": []}, "scope", ({"type": "chat", "chat_id": HUGE}, {"type": []})),
            ("getUpdates", {}, "offset", (-(2**63), 2**63 - 1, HUGE, str(-HUGE))),
        )  # fmt: skip
        for method, given, name, values in attacks:
            for value in values:
                try:
                    await self.ask(method, **{**given, name: value})
                except ApiError as refusal:
                    self.assertLess(refusal.code, 500, (method, name, value))
                # Whoever is shown it reads on.
                await self.anna.history(tl.inputPeerChat(chat_id=-group), limit=3)

    async def test_any_parameter(self) -> None:
        """Each parameter of each method is what no library sends, and all the others what fits them."""
        self.patch(limits, "CALLS", Limit(10**6, 10**6))
        self.api = BotApi(self.house.domain, self.house.clock, b"k" * 32)
        group = await self.group()
        user = self.anna.input_user(self.bot)
        await self.anna.call(tl.messages.editChatAdmin(chat_id=-group, user_id=user, is_admin=True))
        sent = await self.ask("sendMessage", chat_id=group, text="a")
        usual = {
            "chat_id": group, "from_chat_id": group, "message_id": sent["message_id"], "user_id": self.anna.user.id,
            "text": "a", "message_ids": [sent["message_id"]], "timeout": 0, "url": "", "latitude": 1, "longitude": 1,
        }  # fmt: skip
        nested: list[Any] = []
        for _ in range(50):
            nested = [nested]
        junk: tuple[Any, ...] = (
            HUGE,
            -1,
            "\x00\x01",
            [HUGE],
            {"type": HUGE, "media": []},
            [{}],
            {"message_id": {}},
            nested,
            "[{}]",
            True,
        )
        passed_over = {"getupdates", "logout", "close", "leavechat", "setwebhook"}
        for name in sorted(self.api.handlers):
            declared = declared_methods()[name]
            for parameter in declared.kinds if name not in passed_over else ():
                for value in junk:
                    given = {each: usual[each] for each in declared.kinds if each in usual} | {parameter: value}
                    try:
                        await self.ask(name, **given)
                    except ApiError as refusal:
                        self.assertLess(refusal.code, 500, (name, parameter, value))
                    except Exception as error:
                        raise AssertionError((name, parameter, value)) from error


@on_every_backend
class TakingFromOthersTests(ApiTestCase):
    """What is not the bot's to know or to carry away."""

    async def test_strangers(self) -> None:
        """Ids can be guessed: whom a bot has not met it is told nothing of, and cannot name to others."""
        chat_id = await self.group()
        stranger = (await self.house.sign_up("Stranger", username="stranger_s")).user.id
        for method in ("getChatMember", "banChatMember"):
            self.assertEqual(
                await self.refused(method, chat_id=chat_id, user_id=stranger), "Bad Request: user not found"
            )
        text = f'<a href="tg://user?id={stranger}">one</a> <a href="tg://user?id={self.boris.user.id}">two</a>'
        told = await self.ask("sendMessage", chat_id=chat_id, text=text, parse_mode="HTML")
        self.assertEqual([one["user"]["id"] for one in told["entities"]], [self.boris.user.id])
        edited = await self.ask(
            "editMessageText", chat_id=chat_id, message_id=told["message_id"], text=text + "!", parse_mode="HTML"
        )
        self.assertEqual([one["user"]["id"] for one in edited["entities"]], [self.boris.user.id])

    async def test_copies_of_protected(self) -> None:
        """A caption or keyboard of one's own takes nothing out of a protected group."""
        chat_id = await self.group()
        sent = await self.ask("sendMessage", chat_id=chat_id, text="secret")
        await self.anna.call(tl.messages.toggleNoForwards(peer=tl.inputPeerChat(chat_id=-chat_id), enabled=True))
        which: dict[str, Any] = {
            "chat_id": self.anna.user.id, "from_chat_id": chat_id, "message_id": sent["message_id"],
        }  # fmt: skip
        for more in ({}, {"caption": "mine"}, {"reply_markup": {"remove_keyboard": True}}):
            self.assertEqual(
                await self.refused("copyMessage", **which, **more), "Bad Request: message can't be forwarded"
            )
