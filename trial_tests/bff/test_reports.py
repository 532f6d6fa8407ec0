"""What people report."""

from typing import Any

from twisted.logger import capturedLogs, formatEvent

from teamgram.app.moderation_methods import CannotDo, Moderation
from teamgram.domain.chats.limits import ChatLimits
from teamgram.domain.reports.reports import MAX_OPEN
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_channels import ChannelTestCase
from trial_tests.bff.test_chats import GroupTestCase
from trial_tests.bff.test_messages import error_of


def moderation(house: House) -> Moderation:
    """What the operator of a house has."""
    domain = house.domain
    return Moderation(domain.reports, domain.chats, domain.channels, domain.joining, domain.wiping)


@on_every_backend
class ReportTests(GroupTestCase):
    """RPCReports, and what the operator reads."""

    async def test_messages_by_choices(self) -> None:
        """What for is chosen step by step; the messages are copied as they were, and nobody else's."""
        house, anna, boris, clara = await self.house()
        await boris.send(boris.peer(anna), "buy my pills")
        await clara.send(clara.peer(anna), "hello")
        ids = [m.id for m in (await anna.history(anna.peer(boris))).messages]
        foreign = [m.id for m in (await anna.history(anna.peer(clara))).messages]

        def report(option: bytes, message: str = "") -> Any:
            return tl.messages.report(peer=anna.peer(boris), id=[*ids, *foreign], option=option, message=message)

        first = await anna.call(report(b""))
        self.assertEqual(first.NAME, "reportResultChooseOption")
        options = [one.option for one in first.options]
        self.assertIn(b"spam", options)
        asked = await anna.call(report(b"other"))
        self.assertEqual((asked.NAME, asked.option), ("reportResultAddComment", b"other"))
        self.assertEqual(await error_of(anna.call(report(b"nothing"))), "OPTION_INVALID")
        self.assertEqual(await house.domain.reports.listed(), [])
        with capturedLogs() as events:
            done = await anna.call(report(b"other", "secret words"))
        self.assertEqual(done, tl.reportResultReported())
        lines = [formatEvent(event) for event in events]
        self.assertTrue(any("reports" in line for line in lines))
        self.assertFalse(any("secret words" in line for line in lines))
        await boris.call(tl.messages.deleteMessages(id=[1], revoke=True))
        [listed] = await moderation(house).reports(all_of_them=False)
        shown = await moderation(house).report(listed["id"])
        self.assertEqual((shown["reporter"], shown["peer"]), (anna.user.id, boris.user.id))
        self.assertEqual((shown["reason"], shown["said"]), ("other", "secret words"))
        self.assertEqual([(m["sender"], m["text"]) for m in shown["messages"]], [(boris.user.id, "buy my pills")])

    async def test_older_layers_and_people(self) -> None:
        """A reason in the request, and true for an answer; people, photos and reactions too."""
        house, anna, boris, _, chat_id = await self.group()
        old = Device(house, anna.user, 158)
        await boris.send(tl.inputPeerChat(chat_id=chat_id), "nonsense")
        newest = (await anna.history(tl.inputPeerChat(chat_id=chat_id))).messages[0].id
        group = tl.inputPeerChat(chat_id=chat_id)
        violence = tl.inputReportReasonViolence()
        query = tl.messages.report(peer=group, id=[newest], option=b"", reason=violence, message="look")
        self.assertIs(await old.call(query), True)
        peer = anna.peer(boris)
        photo = tl.inputPhoto(id=99, access_hash=0, file_reference=b"")
        for query in (
            tl.messages.reportSpam(peer=peer),
            tl.account.reportPeer(peer=peer, reason=tl.inputReportReasonFake(), message="x" * 5000),
            tl.account.reportProfilePhoto(peer=peer, photo_id=photo, reason=violence, message=""),
            tl.messages.reportReaction(peer=group, id=newest, reaction_peer=peer),
        ):
            self.assertIs(await anna.call(query), True)
        listed = await moderation(house).reports(all_of_them=False)
        self.assertEqual(
            [(one["kind"], one["reason"], one["about"], one["messages"]) for one in listed],
            [
                ("reaction", "spam", boris.user.id, 1),
                ("photo", "violence", 99, 0),
                ("peer", "fake", 0, 0),
                ("spam", "spam", 0, 0),
                ("message", "violence", 0, 1),
            ],
        )
        self.assertEqual(len((await moderation(house).report(listed[2]["id"]))["said"]), 512)
        ids = [one["id"] for one in listed]
        self.assertEqual(await moderation(house).close_reports([ids[0], 4711], 5), {"closed": [ids[0]]})
        self.assertEqual(len(await moderation(house).reports(all_of_them=False)), 4)
        self.assertEqual(len(await moderation(house).reports(all_of_them=True)), 5)

    async def test_bounded(self) -> None:
        """Who reports without end waits until somebody has read it; a stranger's group cannot be reported."""
        house, anna, boris, clara, chat_id = await self.group()
        for _ in range(MAX_OPEN):
            await anna.call(tl.messages.reportSpam(peer=anna.peer(boris)))
        self.assertEqual(await error_of(anna.call(tl.messages.reportSpam(peer=anna.peer(boris)))), "FLOOD_WAIT_3600")
        foreign = tl.messages.reportSpam(peer=tl.inputPeerChat(chat_id=chat_id))
        self.assertEqual(await error_of(clara.call(foreign)), "PEER_ID_INVALID")
        self.assertEqual(len(await house.domain.reports.listed()), 100)


@on_every_backend
class ModerationTests(GroupTestCase, ChannelTestCase):
    """``teamgram chats``."""

    async def test_closed_and_wiped(self) -> None:
        """A deleted group is closed, and members keep what they have; of a banned one nothing is left with anybody."""
        house, anna, boris, _, chat_id = await self.group()
        group = tl.inputPeerChat(chat_id=chat_id)
        for number in range(30):
            await boris.send(group, f"words {number}")
        await boris.send(boris.peer(anna), "elsewhere")
        await anna.take()
        operator = moderation(house)
        [listed] = await operator.groups()
        self.assertEqual((listed["id"], listed["title"], listed["members"]), (-chat_id, "The group", 2))
        told = await operator.delete_group(-chat_id, 5, wipe=False)
        self.assertEqual((told["closed"], told["deleted"]), (True, 0))
        self.assertEqual(await error_of(boris.send(group, "x")), "CHAT_WRITE_FORBIDDEN")
        self.assertEqual((await anna.history(group)).messages[0].message, "words 29")
        told = await operator.delete_group(-chat_id, 5, wipe=True)
        self.assertEqual((told["closed"], told["deleted"]), (False, 31))
        for device in (anna, boris):
            self.assertEqual((await device.history(group)).messages, [])
            self.assertIn("updateDeleteMessages", [u.NAME for u in await device.take()])
        self.assertEqual((await anna.history(anna.peer(boris))).messages[0].message, "elsewhere")
        self.assertEqual((await operator.group(-chat_id))["closed"], True)
        for marked in (-4711, 5, -(10**12) - 5):
            with self.assertRaises(CannotDo):
                await operator.delete_group(marked, 5, wipe=True)

    async def test_channels_too(self) -> None:
        """Of any size: nobody is in it any more, and of a banned one nothing is left."""
        house, anna, _, _ = await self.house()
        channel = await self.founded(anna, "Bad")
        await anna.send(self.peer(channel), "words")
        operator = moderation(house)
        [listed] = await operator.groups()
        self.assertEqual((listed["kind"], listed["title"], listed["closed"]), ("supergroup", "Bad", False))
        told = await operator.delete_group(listed["id"], 5, wipe=True)
        self.assertEqual((told["closed"], told["deleted"]), (True, 2))
        self.assertEqual(await error_of(anna.send(self.peer(channel), "x")), "CHANNEL_PRIVATE")
        self.assertTrue((await operator.group(listed["id"]))["closed"])


class LimitTests(BackendTestCase):
    """``ChatLimits`` of bff.yaml."""

    async def test_who_founds_and_how_many_come(self) -> None:
        """Nobody founds what the operator wants none of, and no more come in than they let."""
        house = House(self, chat_limits=ChatLimits(channels=False, group_members=2))
        anna, boris, clara = [await house.sign_up(name) for name in ("Anna", "Boris", "Clara")]
        channel = tl.channels.createChannel(title="x", about="", megagroup=True)
        self.assertEqual(await error_of(anna.call(channel)), "USER_RESTRICTED")
        both = tl.messages.createChat(users=[anna.input_user(boris), anna.input_user(clara)], title="x")
        self.assertEqual(await error_of(anna.call(both)), "USERS_TOO_MUCH")
        made = await anna.call(tl.messages.createChat(users=[anna.input_user(boris)], title="x"))
        add = tl.messages.addChatUser(chat_id=made.updates.chats[0].id, user_id=anna.input_user(clara), fwd_limit=0)
        self.assertEqual(await error_of(anna.call(add)), "USERS_TOO_MUCH")

    async def test_none_at_all(self) -> None:
        """Basic groups neither; and one may own so many channels."""
        house = House(self, chat_limits=ChatLimits(groups=False, channels_of_one=1))
        anna = await house.sign_up("Anna")
        self.assertEqual(await error_of(anna.call(tl.messages.createChat(users=[], title="x"))), "USER_RESTRICTED")
        channel = tl.channels.createChannel(title="x", about="", megagroup=True)
        await anna.call(channel)
        self.assertEqual(await error_of(anna.call(channel)), "CHANNELS_TOO_MUCH")
