"""TDLib, the library of Telegram's own programs; its wheel speaks a layer newer than any published one."""

import re
import unittest
from collections import Counter
from typing import Any

from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

import treq

from teamgram.mtproto.tl import NEWEST_LAYER, registry
from trial_tests.clients.house import FIXED_CODE, have
from trial_tests.clients.process import PROJECT, ClientProcess
from trial_tests.clients.test_chat import SECONDS_TO_SEE, ChatScenario

NOT_CONSTRUCTED = frozenset({"boolFalse", "boolTrue", "true", "null", "statsURL"})
"""What TDLib reads without a class of its own, and the answer to a method that it does not have."""
ONLY_SENT = {"channelMessagesFilter"}
"""Inputs that are not called so; TDLib does not send them."""
MOST_TIMES = 12
"""So often a method is asked at most by one TDLib and one Telethon, each over several connections."""
SETTINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("getActiveSessions", {}),
    ("getPasswordState", {}),
    ("getAccountTtl", {}),
    ("getConnectedWebsites", {}),
    ("getDefaultMessageAutoDeleteTime", {}),
    ("getBlockedMessageSenders", {"block_list": {"@type": "blockListMain"}, "offset": 0, "limit": 100}),
    *(
        ("getUserPrivacySettingRules", {"setting": {"@type": f"userPrivacySetting{name}"}})
        for name in ("ShowStatus", "ShowPhoneNumber", "ShowProfilePhoto", "ShowBio", "AllowCalls", "AllowChatInvites")
    ),
    *(
        ("getScopeNotificationSettings", {"scope": {"@type": f"notificationSettingsScope{name}"}})
        for name in ("PrivateChats", "GroupChats", "ChannelChats")
    ),
    ("getSavedNotificationSounds", {}),
    ("getAutoDownloadSettingsPresets", {}),
    ("getAutosaveSettings", {}),
    ("getInstalledBackgrounds", {"for_dark_theme": False}),
    ("getRecommendedChatFolders", {}),
    ("getInstalledStickerSets", {"sticker_type": {"@type": "stickerTypeRegular"}}),
    ("getSavedAnimations", {}),
    ("getCountries", {}),
    ("getApplicationConfig", {}),
    ("getContacts", {}),
)
"""What the pages of an app's settings ask TDLib for."""


def read_library() -> bytes:
    """TDLib's machine code and the text in it."""
    [path] = PROJECT.glob(".test/tdlib/lib/python*/site-packages/tdjson.libs/libtdjson*")
    return path.read_bytes()


@unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
class TdlibSchemaTests(SynchronousTestCase):
    """Our newest layer against the classes in TDLib's library."""

    def test_ids(self) -> None:
        """TDLib has a class for every constructor that a server sends in that layer, and none that 230 had instead."""
        # get_id() of every class: mov eax, id; ret.
        found = {int.from_bytes(match, "little") for match in re.findall(rb"\xb8(....)\xc3", read_library(), re.S)}
        entries = {number: registry.entry(number) for number in registry.all_ids()}
        constructors = {number: entry for number, entry in entries.items() if not entry.definition.is_function}
        ours = {
            entry.definition.name: number
            for number, entry in constructors.items()
            if entry.is_in(NEWEST_LAYER) and not entry.is_in(0)  # what is in every layer is the service schema
        }
        unknown = {name for name, number in ours.items() if number not in found}
        self.assertEqual({name for name in unknown - NOT_CONSTRUCTED if not name.startswith("input")}, ONLY_SENT)
        replaced = {number for number, entry in entries.items() if entry.is_in(230) and not entry.is_in(NEWEST_LAYER)}
        self.assertEqual(len(replaced), 9)
        self.assertEqual(replaced & found, set())

    def test_names(self) -> None:
        """The library's text has the name of every definition that came after 229, and of each field."""
        texts = b"".join(re.findall(rb"[\w.]+\0", read_library()))
        entries = [registry.entry(number) for number in registry.all_ids()]
        newer = [entry for entry in entries if entry.is_in(NEWEST_LAYER) and not entry.is_in(229)]
        definitions = [entry.definition for entry in newer]
        names = {name for one in definitions for name in (one.name, *(field.name for field in one.fields))}
        self.assertGreater(len(names), 300)
        unknown = {name for name in names if name.encode() + b"\0" not in texts}
        self.assertEqual(unknown, {"auth.initFirebasePnvLogin"})  # a method that TDLib does not have


@unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
class TdlibTests(ChatScenario):
    """TDLib with Telethon; obfuscated, as it always is."""

    one_server = True

    async def test_a_conversation(self) -> None:
        """Sign up with a temporary key, write with quick acks, edit, delete, a group, lists, and sign out."""
        ada = await self.sign_up("tdlib", "Ada", pfs=True, quick_ack=True)
        bob = await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        to_ada, to_bob = ["user", ada.user["id"]], ["user", bob.user["id"]]

        first = await ada.do("send", peer=to_bob, text="good morning")
        await ada.event("quick_ack")
        seen = await bob.event("new_message", SECONDS_TO_SEE, text="good morning")
        await bob.do("typing", peer=to_ada)
        await ada.event("typing", SECONDS_TO_SEE, user=bob.user["id"])
        await bob.do("send", peer=to_ada, text="and to you", reply_to=seen["id"])
        answer = await ada.event("new_message", SECONDS_TO_SEE, text="and to you")
        await ada.do("edit", peer=to_bob, id=first["id"], text="good evening")
        await bob.event("edited", SECONDS_TO_SEE, text="good evening", id=seen["id"])
        await ada.do("read", peer=to_bob, max_id=answer["id"])
        await bob.event("read", SECONDS_TO_SEE, outbox=True)
        await bob.do("edit", peer=to_ada, id=answer["id"], text="and to you, too")
        await ada.event("edited", SECONDS_TO_SEE, text="and to you, too")
        await bob.do("delete", peer=to_ada, ids=[seen["id"]])
        self.assertEqual((await ada.event("deleted", SECONDS_TO_SEE))["ids"], [first["id"]])

        group = await ada.do("create_group", title="two", users=[bob.user["id"]])
        await bob.event("service_message", SECONDS_TO_SEE, peer=["chat", group])
        await bob.do("send", peer=["chat", group], text="hello, both")
        await ada.event("new_message", SECONDS_TO_SEE, text="hello, both")
        self.assertEqual(await ada.do("members", chat=group), sorted([ada.user["id"], bob.user["id"]]))
        await ada.do("rename_group", chat=group, title="the two of us")
        [dialog] = [dialog for dialog in await ada.do("dialogs") if dialog["peer"] == ["chat", group]]
        self.assertEqual(dialog["title"], "the two of us")

        sessions = await ada.do("sessions")
        self.assertEqual([session["current"] for session in sessions], [True])
        # It ends only when its destroy_auth_key has been answered.
        await ada.do("sign_out")

    async def test_it_asks_for_its_configuration_once(self) -> None:
        """The configuration as shipped (data centre 2) satisfies TDLib, which begins at 1: no loop of getConfig."""
        ada = await self.sign_up("tdlib", "Ada")
        bob = await self.sign_up("tdlib", "Bob", pfs=True)
        await self.acquaint(ada, bob)
        await ada.do("send", peer=["user", bob.user["id"]], text="hello")
        await bob.event("new_message", SECONDS_TO_SEE, text="hello")
        await deferLater(self.reactor, 2)
        # Each asks once before and once after it signed in, and may over another connection.
        self.assertIn(await self.asked("help.getConfig"), range(2, 13))

    async def test_nothing_is_asked_again_and_again(self) -> None:
        """A start, a sign-up, a chat, every page of settings: nothing unserved, no server's fault, no loop."""
        asked_before, refused_before = await self.counted("rpc_seconds_count"), await self.counted("rpc_errors_total")
        ada = await self.sign_up("tdlib", "Ada")
        bob = await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        await ada.do("send", peer=["user", bob.user["id"]], text="hello")
        await bob.event("new_message", SECONDS_TO_SEE, text="hello")
        await ada.do("history", peer=["user", bob.user["id"]])
        for method, arguments in SETTINGS:
            await ada.do("ask", method=method, arguments=arguments)
        await deferLater(self.reactor, 2)
        asked = await self.counted("rpc_seconds_count") - asked_before
        self.assertGreater(len(asked), 40)
        self.assertEqual({what: count for what, count in asked.items() if count > MOST_TIMES}, {})
        refused = await self.counted("rpc_errors_total") - refused_before
        codes = {int(re.findall(r'code="(\d+)"', what)[0]) for what in refused}
        self.assertLess(max(codes, default=0), 500)
        self.assertEqual([line for line in self.server.output.splitlines() if "is not served" in line], [])

    async def asked(self, method: str) -> int:
        """How often clients asked for that method so far."""
        return (await self.counted("rpc_seconds_count"))[f'method="{method}"']

    async def counted(self, metric: str) -> Counter[str]:
        """The metric's numbers by their labels."""
        counts: Counter[str] = Counter()
        for address in self.server.metrics_addresses:
            response = await treq.get(f"http://{address}/metrics", persistent=False)
            found = re.findall(rf"(?m)^{metric}\{{([^}}]*)\}} ([\d.]+)$", await response.text())
            counts.update({labels: int(float(number)) for labels, number in found})
        return counts

    async def test_members_as_they_come_and_go(self) -> None:
        """After every kind of change TDLib knows the members from the updates alone and refetches nothing."""
        ada = await self.sign_up("tdlib", "Ada", log=2)
        bob, cyd, dan = [await self.sign_up("telethon", name) for name in ("Bob", "Cyd", "Dan")]
        await self.acquaint(ada, bob, cyd, dan)
        group = await bob.do("create_group", title="three", users=[ada.user["id"], cyd.user["id"]])
        await ada.event("service_message", SECONDS_TO_SEE, peer=["chat", group])
        members = [one.user["id"] for one in (ada, bob, cyd)]
        await self.in_the_end(members, ada, "members", chat=group)
        before = await self.asked("messages.getFullChat")
        for title in ("four", "five"):
            await bob.do("rename_group", chat=group, title=title)
            await ada.event("service_message", SECONDS_TO_SEE, peer=["chat", group])
        await bob.do("add_member", chat=group, user=dan.user["id"])
        await ada.event("service_message", SECONDS_TO_SEE, peer=["chat", group])
        self.assertEqual(await ada.do("members", chat=group), [*members, dan.user["id"]])
        await bob.do("rename_group", chat=group, title="six")
        await ada.event("service_message", SECONDS_TO_SEE, peer=["chat", group])
        await bob.do("remove_member", chat=group, user=cyd.user["id"])
        await ada.event("service_message", SECONDS_TO_SEE, peer=["chat", group])
        self.assertEqual(await ada.do("members", chat=group), [*members[:2], dan.user["id"]])
        told = await ada.do("ask", method="getBasicGroup", arguments={"basic_group_id": group})
        self.assertEqual(told["member_count"], 3)
        self.assertEqual(await self.asked("messages.getFullChat"), before)
        self.assertEqual(self.complaints("Ada"), [])

    async def test_a_group_of_one(self) -> None:
        """It makes a group without anybody, and adds somebody afterwards."""
        ada = await self.sign_up("tdlib", "Ada", log=2)
        bob = await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        group = await ada.do("create_group", title="nobody yet", users=[])
        await self.in_the_end([ada.user["id"]], ada, "members", chat=group)
        await ada.do("add_member", chat=group, user=bob.user["id"])
        await bob.event("service_message", SECONDS_TO_SEE, peer=["chat", group])
        await self.in_the_end([ada.user["id"], bob.user["id"]], ada, "members", chat=group)
        self.assertEqual(self.complaints("Ada"), [])

    async def in_the_end(self, expected: Any, client: ClientProcess, command: str, **arguments: Any) -> None:
        """Ask until that is the answer: TDLib answers from what it has, and only then asks the server anew."""
        found = None
        for _ in range(10 * SECONDS_TO_SEE):
            if (found := await client.do(command, **arguments)) == expected:
                return
            await deferLater(self.reactor, 0.1)
        self.assertEqual(found, expected)

    def complaints(self, *names: str) -> list[str]:
        """What these clients logged as errors, and whatever they could not read."""
        lines = [line for name in names for line in (self.directory / name / "log").read_text().splitlines()]
        return [line for line in lines if re.match(r"\[ ?[01]\]", line) or re.search("parse|fetch|Unknown", line)]

    async def test_replies_quotes_and_profiles(self) -> None:
        """A reply's header and quote and a full profile are read on both sides, each in its layer."""
        ada = await self.sign_up("tdlib", "Ada", log=2)
        bob = await self.sign_up("telethon", "Bob")
        cyd = await self.sign_up("tdlib", "Cyd", log=2)
        await self.acquaint(ada, bob, cyd)
        for one, other in ((ada, bob), (bob, ada), (ada, cyd)):
            to_one, to_other = ["user", one.user["id"]], ["user", other.user["id"]]
            first = await one.do("send", peer=to_other, text="one two three")
            seen = await other.event("new_message", SECONDS_TO_SEE, text="one two three")
            await other.do("send", peer=to_one, text="yes", reply_to=seen["id"])
            answer = await one.event("new_message", SECONDS_TO_SEE, text="yes")
            self.assertEqual((answer["reply_to"], answer["quote"]), (first["id"], None))
        quote = {"text": "two", "position": 4}
        for other in (bob, cyd):
            to_ada = ["user", ada.user["id"]]
            asked = await other.do("send", peer=to_ada, text="one two three?")
            got = await ada.event("new_message", SECONDS_TO_SEE, text="one two three?")
            await ada.do("send", peer=["user", other.user["id"]], text="the second", reply_to=got["id"], quote=quote)
            answer = await other.event("new_message", SECONDS_TO_SEE, text="the second")
            self.assertEqual((answer["reply_to"], answer["quote"]), (asked["id"], "two"))
        kept = (await ada.do("history", peer=["user", bob.user["id"]]))[0]
        self.assertEqual((kept["text"], kept["quote"]), ("the second", "two"))

        self.assertEqual((await ada.do("full_user", user=ada.user["id"]))["about"], "")
        await ada.do("full_user", user=bob.user["id"])
        await bob.do("set_name", first_name="Bobby", about="about Bob")
        full = {"about": "about Bob", "user": {**bob.user, "username": None, "contact": True}}
        await self.in_the_end(full, ada, "full_user", user=bob.user["id"])
        self.assertEqual(self.complaints("Ada", "Cyd"), [])

    async def test_nothing_that_it_cannot_read(self) -> None:
        """A day with all kinds of updates, and the same from the difference, without an error in TDLib's log."""
        ada = await self.sign_up("tdlib", "Ada", log=2)
        bob = await self.sign_up("tdlib", "Bob", log=2)
        cyd = await self.sign_up("telethon", "Cyd")
        await self.acquaint(ada, bob, cyd)
        await self.private_chat(ada, bob)
        everybody = sorted(one.user["id"] for one in (ada, bob, cyd))
        group = await ada.do("create_group", title="two", users=[bob.user["id"]])
        await bob.event("service_message", SECONDS_TO_SEE, peer=["chat", group])
        await ada.do("add_member", chat=group, user=cyd.user["id"])
        await cyd.event("service_message", SECONDS_TO_SEE, peer=["chat", group])
        for one in (ada, bob):
            await self.in_the_end(everybody, one, "members", chat=group)
        said = await cyd.do("send", peer=["chat", group], text="hello, three")
        hello = await bob.event("new_message", SECONDS_TO_SEE, text="hello, three")

        await bob.do("disconnect")
        await bob.stop()
        reply = await cyd.do("send", peer=["chat", group], text="to myself", reply_to=said["id"])
        await cyd.do("edit", peer=["chat", group], id=said["id"], text="hello, you three")
        await cyd.do("pin", peer=["chat", group], id=reply["id"])
        await cyd.do("rename_group", chat=group, title="three")
        await cyd.do("set_name", first_name="Cid", about="about Cid")
        await ada.do("send", peer=["user", bob.user["id"]], text="while you were away")
        await ada.do("remove_member", chat=group, user=cyd.user["id"])
        bob_again = await self.connect("tdlib", "Bob", log=2)
        await bob_again.event("new_message", SECONDS_TO_SEE, text="to myself", reply_to=hello["id"])
        await bob_again.event("new_message", SECONDS_TO_SEE, text="while you were away")
        for one in (ada, bob_again):
            await self.in_the_end(everybody[:2], one, "members", chat=group)

        await bob_again.do("set_username", username="bob_of_the_day")
        self.assertEqual((await ada.do("resolve", username="bob_of_the_day"))["id"], bob.user["id"])
        rules = {"rules": [{"@type": "userPrivacySettingRuleAllowContacts"}]}
        setting = {"@type": "userPrivacySettingShowStatus"}
        await ada.do("ask", method="setUserPrivacySettingRules", arguments={"setting": setting, "rules": rules})
        told = await ada.do("ask", method="getUserPrivacySettingRules", arguments={"setting": setting})
        self.assertEqual([rule["@type"] for rule in told["rules"]], ["userPrivacySettingRuleAllowContacts"])
        myself = ["user", ada.user["id"]]
        await ada.do("send", peer=myself, text="to keep")
        # What another device keeps is not news to this one.
        other = await self.connect("telethon", "Ada's other")
        await other.do("sign_in", phone=ada.phone, code=FIXED_CODE)
        kept = await other.do("send", peer=myself, text="to keep, too")
        await ada.event("new_message", SECONDS_TO_SEE, text="to keep, too")
        await other.do("forward", peer=myself, from_peer=myself, ids=[kept["id"]])
        await ada.event("new_message", SECONDS_TO_SEE, text="to keep, too", forwarded=True)
        [saved] = [dialog for dialog in await ada.do("dialogs") if dialog["peer"] == myself]
        self.assertEqual(saved["unread"], 0)
        await other.do("sign_out")
        for one in (ada, bob_again):
            self.assertEqual([session["current"] for session in await one.do("sessions")], [True])
            self.assertIn(["chat", group], [dialog["peer"] for dialog in await one.do("dialogs")])
            await one.do("history", peer=["chat", group])
        self.assertEqual(self.complaints("Ada", "Bob"), [])
