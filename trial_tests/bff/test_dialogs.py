"""The list of conversations: order, pages, pins, marks and drafts."""

from typing import Any

from twisted.logger import capturedLogs, formatEvent

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_messages import TalkTestCase, error_of


def users_of(answer: Any) -> list[int]:
    """Whom an answer's dialogs are with."""
    return [dialog.peer.user_id for dialog in answer.dialogs]


@on_every_backend
class DialogsTests(TalkTestCase):
    """messages.getDialogs and its neighbours."""

    async def test_newest_first_and_pinned_on_top(self) -> None:
        """Dialogs are ordered by their newest message; pinned ones are above, in their own order."""
        house, anna, boris, clara = await self.house()
        other = Device(house, anna.user)
        for device in (boris, clara):
            house.clock.advance(5)
            await device.send(device.peer(anna), "hi")
        await anna.send(tl.inputPeerSelf(), "note")
        a, b, c = anna.user.id, boris.user.id, clara.user.id
        self.assertEqual(users_of(await anna.dialogs()), [a, c, b])
        await other.take()
        pin = tl.messages.toggleDialogPin(peer=tl.inputDialogPeer(peer=anna.peer(boris)), pinned=True)
        self.assertTrue(await anna.call(pin))
        (update,) = await other.take()
        self.assertEqual((update.NAME, update.pinned), ("updateDialogPinned", True))
        self.assertEqual(users_of(await anna.dialogs()), [b, a, c])
        self.assertEqual(users_of(await anna.dialogs(exclude_pinned=True)), [a, c])
        order = [tl.inputDialogPeer(peer=peer) for peer in (anna.peer(clara), anna.peer(boris))]
        await anna.call(tl.messages.reorderPinnedDialogs(folder_id=0, order=order, force=True))
        pinned = await anna.call(tl.messages.getPinnedDialogs(folder_id=0))
        self.assertEqual(users_of(pinned), [c, b])
        self.assertEqual(pinned.state.pts, (await anna.call(tl.updates.getState())).pts)
        nobody = await house.sign_up("Nobody")
        empty = tl.messages.toggleDialogPin(peer=tl.inputDialogPeer(peer=anna.peer(nobody)), pinned=True)
        self.assertEqual(await error_of(anna.call(empty)), "PEER_HISTORY_EMPTY")

    async def test_pages(self) -> None:
        """Going on from the last dialog of a page leads through all of them once."""
        house, anna, _, _ = await self.house()
        for number in range(7):
            device = await house.sign_up(f"User {number}")
            house.clock.advance(number % 2)
            await device.send(device.peer(anna), "hi")
        seen: list[int] = []
        page = await anna.dialogs(limit=3)
        self.assertEqual((page.NAME, page.count), ("messages.dialogsSlice", 7))
        while page.dialogs:
            seen += users_of(page)
            last = next(m for m in page.messages if m.id == page.dialogs[-1].top_message)
            page = await anna.dialogs(limit=3, offset_date=last.date, offset_id=last.id)
        self.assertEqual(seen, users_of(await anna.dialogs()))
        self.assertEqual(len(set(seen)), 7)

    async def test_peer_dialogs_of_strangers_are_empty(self) -> None:
        """getPeerDialogs answers for every peer that was asked, also when nothing was ever said."""
        _, anna, boris, _ = await self.house()
        answer = await anna.call(tl.messages.getPeerDialogs(peers=[tl.inputDialogPeer(peer=anna.peer(boris))]))
        self.assertEqual([dialog.top_message for dialog in answer.dialogs], [0])
        self.assertEqual([user.id for user in answer.users], [boris.user.id])

    async def test_unread_mark(self) -> None:
        """The mark is listed, told to other devices, and gone after reading."""
        house, anna, boris, _ = await self.house()
        await boris.send(boris.peer(anna), "hi")
        await anna.take()
        other = Device(house, anna.user)
        await anna.call(tl.messages.markDialogUnread(peer=tl.inputDialogPeer(peer=anna.peer(boris)), unread=True))
        self.assertEqual([update.NAME for update in await other.take()], ["updateDialogUnreadMark"])
        self.assertEqual(len(await anna.call(tl.messages.getDialogUnreadMarks())), 1)
        await anna.call(tl.messages.readHistory(peer=anna.peer(boris), max_id=0))
        self.assertEqual(await anna.call(tl.messages.getDialogUnreadMarks()), [])

    async def test_drafts(self) -> None:
        """A draft is kept for the other devices until it is sent."""
        house, anna, boris, _ = await self.house()
        other = Device(house, anna.user)
        await anna.call(tl.messages.saveDraft(peer=anna.peer(boris), message="dear Bo"))
        (update,) = await other.take()
        self.assertEqual(update.draft.message, "dear Bo")
        self.assertEqual(len((await anna.call(tl.messages.getAllDrafts())).updates), 1)
        await anna.send(anna.peer(boris), "dear Boris", clear_draft=True)
        names = [update.NAME for update in await other.take()]
        self.assertEqual(sorted(names), ["updateDraftMessage", "updateNewMessage"])
        self.assertEqual((await anna.call(tl.messages.getAllDrafts())).updates, [])

    async def test_peer_settings(self) -> None:
        """The bar over a stranger's chat goes away for good when it is closed."""
        _, anna, boris, _ = await self.house()
        ask = tl.messages.getPeerSettings(peer=anna.peer(boris))
        settings = (await anna.call(ask)).settings
        self.assertTrue(settings.add_contact and settings.report_spam and settings.block_contact)
        await anna.call(tl.messages.hidePeerSettingsBar(peer=anna.peer(boris)))
        settings = (await anna.call(ask)).settings
        self.assertFalse(settings.add_contact or settings.report_spam)

    async def test_reporting(self) -> None:
        """Spam and other reports are the operator's to read, and the bar has done its work."""
        _, anna, boris, clara = await self.house()
        reason = tl.inputReportReasonViolence()
        with capturedLogs() as events:
            await anna.call(tl.messages.reportSpam(peer=anna.peer(boris)))
            await anna.call(tl.account.reportPeer(peer=anna.peer(clara), reason=reason, message="my words"))
        lines = [formatEvent(event) for event in events if "reports" in event.get("log_format", "")]
        self.assertEqual(
            lines,
            [
                f"user {anna.user.id} reports {boris.user.id}: spam (teamgram reports show 1)",
                f"user {anna.user.id} reports {clara.user.id}: violence (teamgram reports show 2)",
            ],
        )
        for other in (boris, clara):
            settings = (await anna.call(tl.messages.getPeerSettings(peer=anna.peer(other)))).settings
            self.assertFalse(settings.report_spam)


@on_every_backend
class ServiceAccountTests(TalkTestCase):
    """What the server itself writes."""

    async def test_a_notice_arrives(self) -> None:
        """It is pushed, lies in the history and is unread."""
        house, anna, _, _ = await self.house()
        await house.domain.service_messages.send(anna.user.id, "Login code: 12345")
        (update,) = await anna.take()
        self.assertEqual(update.message.from_id, tl.peerUser(user_id=777000))
        self.assertEqual((await anna.dialogs()).dialogs[0].unread_count, 1)

    async def test_agents_hear(self) -> None:
        """An observer hears of what is written to its account, after the commit, and of edits."""
        house, anna, _, _ = await self.house()
        bot = await house.sign_up("Helper", is_bot=True)
        heard: list[tuple[str, bool]] = []
        observers = house.domain.observers
        observers.observe(bot.user.id, lambda message, edited: heard.append((message.text, edited)))
        sent = await anna.send(anna.peer(bot), "/start")
        await anna.call(tl.messages.editMessage(peer=anna.peer(bot), id=sent.id, message="/help"))
        self.assertEqual(heard, [("/start", False), ("/help", True)])


@on_every_backend
class SavedDialogsTests(TalkTestCase):
    """Saved Messages by whom they are from."""

    async def test_sorted_by_origin(self) -> None:
        """Own notes and what was forwarded from each chat are dialogs of their own, with their own history."""
        _, anna, boris, _ = await self.house()
        await boris.send(boris.peer(anna), "keep this")
        await anna.call(
            tl.messages.forwardMessages(from_peer=anna.peer(boris), id=[1], random_id=[8], to_peer=tl.inputPeerSelf())
        )
        await anna.send(tl.inputPeerSelf(), "note")
        page = {"offset_date": 0, "offset_id": 0, "limit": 10, "hash": 0}
        ask = tl.messages.getSavedDialogs(offset_peer=tl.inputPeerEmpty(), **page)
        self.assertEqual(users_of(await anna.call(ask)), [anna.user.id, boris.user.id])
        from_boris = tl.inputDialogPeer(peer=anna.peer(boris))
        await anna.call(tl.messages.toggleSavedDialogPin(peer=from_boris, pinned=True))
        self.assertEqual(users_of(await anna.call(ask)), [boris.user.id, anna.user.id])
        self.assertEqual(users_of(await anna.call(tl.messages.getPinnedSavedDialogs())), [boris.user.id])
        history = tl.messages.getSavedHistory(peer=anna.peer(boris), add_offset=0, max_id=0, min_id=0, **page)
        self.assertEqual([message.message for message in (await anna.call(history)).messages], ["keep this"])
        await anna.call(tl.messages.deleteSavedHistory(peer=anna.peer(boris), max_id=0))
        self.assertEqual([m.message for m in (await anna.history(tl.inputPeerSelf())).messages], ["note"])
