"""Editing, deleting, reading, pinning, forwarding and finding messages."""

from typing import Any

from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_messages import TalkTestCase, error_of


def texts(answer: Any) -> list[str]:
    """The texts of an answer's messages."""
    return [message.message for message in answer.messages]


def search(peer: Any, **fields: Any) -> Any:
    """messages.search for everything in a dialog, unless told otherwise."""
    numbers = ("min_date", "max_date", "offset_id", "add_offset", "max_id", "min_id", "hash")
    defaults = {"q": "", "filter": tl.inputMessagesFilterEmpty(), "limit": 100, **dict.fromkeys(numbers, 0)}
    return tl.messages.search(peer=peer, **{**defaults, **fields})


@on_every_backend
class EditMessageTests(TalkTestCase):
    """messages.editMessage."""

    async def test_both_sides_see_the_edit(self) -> None:
        """The text changes in both histories, and the other side is told."""
        house, anna, boris, _ = await self.house()
        sent = await anna.send(anna.peer(boris), "befor")
        await boris.take()
        house.clock.advance(10)
        answer = await anna.call(tl.messages.editMessage(peer=anna.peer(boris), id=sent.id, message="before"))
        self.assertEqual(answer.updates[0].message.message, "before")
        (update,) = await boris.take()
        self.assertEqual((update.NAME, update.message.edit_date), ("updateEditMessage", house.shared.now()))
        self.assertEqual(texts(await boris.history(boris.peer(anna))), ["before"])

    async def test_what_is_refused(self) -> None:
        """The same text, another's message, one that is not there and one that is too old are not edited."""
        house, anna, boris, _ = await self.house()
        sent = await anna.send(anna.peer(boris), "text")

        def edit(device: Device, other: Device, message_id: int, text: str = "new") -> Any:
            return device.call(tl.messages.editMessage(peer=device.peer(other), id=message_id, message=text))

        self.assertEqual(await error_of(edit(anna, boris, sent.id, "text")), "MESSAGE_NOT_MODIFIED")
        self.assertEqual(await error_of(edit(boris, anna, 1)), "MESSAGE_AUTHOR_REQUIRED")
        self.assertEqual(await error_of(edit(anna, boris, 99)), "MESSAGE_ID_INVALID")
        self.assertEqual(await error_of(edit(anna, boris, sent.id, " ")), "MESSAGE_EMPTY")
        house.clock.advance(3 * 86_400)
        self.assertEqual(await error_of(edit(anna, boris, sent.id)), "MESSAGE_EDIT_TIME_EXPIRED")


@on_every_backend
class DeleteMessagesTests(TalkTestCase):
    """messages.deleteMessages and deleteHistory."""

    async def test_for_oneself_and_for_both(self) -> None:
        """Without revoke the other side keeps the message; with it nobody does."""
        _, anna, boris, _ = await self.house()
        first = await anna.send(anna.peer(boris), "first")
        second = await anna.send(anna.peer(boris), "second")
        await boris.take()
        affected = await anna.call(tl.messages.deleteMessages(id=[first.id]))
        self.assertEqual((affected.pts, affected.pts_count), (4, 1))
        self.assertEqual(await boris.take(), [])
        await anna.call(tl.messages.deleteMessages(id=[second.id], revoke=True))
        (update,) = await boris.take()
        self.assertEqual((update.NAME, update.messages), ("updateDeleteMessages", [2]))
        self.assertEqual(texts(await boris.history(boris.peer(anna))), ["first"])
        self.assertEqual(texts(await anna.history(anna.peer(boris))), [])
        self.assertEqual((await boris.dialogs()).dialogs[0].unread_count, 1)

    async def test_a_resend_of_a_deleted_message_makes_no_second_one(self) -> None:
        """random_id goes on being known when the message is gone from every box."""
        _, anna, boris, _ = await self.house()
        sent = await anna.send(anna.peer(boris), "gone", random_id=9)
        await anna.call(tl.messages.deleteMessages(id=[sent.id], revoke=True))
        again = await anna.send(anna.peer(boris), "gone", random_id=9)
        self.assertEqual([update.id for update in again.updates if update.NAME == "updateMessageID"], [1])
        self.assertEqual(texts(await boris.history(boris.peer(anna))), [])

    async def test_history(self) -> None:
        """deleteHistory empties one side, both sides, or leaves an empty dialog."""
        _, anna, boris, _ = await self.house()
        for text in "abc":
            await anna.send(anna.peer(boris), text)
        affected = await boris.call(tl.messages.deleteHistory(peer=boris.peer(anna), max_id=0, just_clear=True))
        self.assertEqual(affected.offset, 0)
        (note,) = (await boris.history(boris.peer(anna))).messages
        self.assertEqual(note.action, tl.messageActionHistoryClear())
        self.assertEqual(len((await boris.dialogs()).dialogs), 1)
        self.assertEqual(texts(await anna.history(anna.peer(boris))), ["c", "b", "a"])
        await anna.send(anna.peer(boris), "d")
        # Her own side is empty by now.
        await anna.call(tl.messages.deleteHistory(peer=anna.peer(boris), max_id=0, revoke=True))
        self.assertEqual((await anna.dialogs()).dialogs, [])
        self.assertEqual((await boris.history(boris.peer(anna))).messages, [note])

    async def test_what_only_the_other_side_has(self) -> None:
        """revoke reaches what the owner cleared from their own side before, and nothing beyond a date bound."""
        house, anna, boris, _ = await self.house()
        for text in "abc":
            await anna.send(anna.peer(boris), text)
            await boris.send(boris.peer(anna), text.upper())
        house.clock.advance(100)
        await anna.send(anna.peer(boris), "later")
        await anna.call(tl.messages.deleteHistory(peer=anna.peer(boris), max_id=0))
        self.assertEqual((await anna.history(anna.peer(boris))).messages, [])
        until = int(house.clock.seconds()) - 50
        bounded = tl.messages.deleteHistory(peer=anna.peer(boris), max_id=0, revoke=True, max_date=until)
        await anna.call(bounded)
        self.assertEqual(texts(await boris.history(boris.peer(anna))), ["later"])
        await anna.call(tl.messages.deleteHistory(peer=anna.peer(boris), max_id=0, revoke=True))
        self.assertEqual((await boris.history(boris.peer(anna))).messages, [])
        self.assertEqual((await boris.take())[-1].NAME, "updateDeleteMessages")

    async def test_out_of_the_hands_of_who_has_blocked_them(self) -> None:
        """What only the other side has stays there when it has blocked who would take it."""
        house, anna, boris, _ = await self.house()
        await anna.send(anna.peer(boris), "evidence")
        await anna.call(tl.messages.deleteHistory(peer=anna.peer(boris), max_id=0))
        await house.contacts.block(boris.user.id, anna.user.id, 1)
        await anna.call(tl.messages.deleteHistory(peer=anna.peer(boris), max_id=0, revoke=True))
        self.assertEqual(texts(await boris.history(boris.peer(anna))), ["evidence"])

    async def test_forwarding_what_is_partly_gone(self) -> None:
        """Of several messages those that are there are sent on; when none is it fails."""
        _, anna, boris, _ = await self.house()
        ids = []
        for number, text in enumerate("abc", start=101):
            sent = await anna.send(anna.peer(boris), text, random_id=number)
            ids.append(sent.id)
        await anna.call(tl.messages.deleteMessages(id=[ids[1]]))
        for from_peer in (anna.peer(boris), tl.inputPeerEmpty()):
            forward = tl.messages.forwardMessages(
                from_peer=from_peer, id=[ids[1], ids[0], ids[2]], random_id=[1, 2, 3], to_peer=tl.inputPeerSelf()
            )
            answer = await anna.call(forward)
            named = [one.random_id for one in answer.updates if one.NAME == "updateMessageID"]
            said = [one.message.message for one in answer.updates if one.NAME == "updateNewMessage"]
            self.assertEqual((named, said), ([2, 3], ["a", "c"]))
        gone = tl.messages.forwardMessages(
            from_peer=anna.peer(boris), id=[ids[1]], random_id=[9], to_peer=tl.inputPeerSelf()
        )
        self.assertEqual(await error_of(anna.call(gone)), "MESSAGE_ID_INVALID")

    async def test_long_history_goes_in_steps(self) -> None:
        """One call deletes a bounded part and says how much is left."""
        from teamgram.domain.messages import deleting

        self.patch(deleting, "HISTORY_STEP", 2)
        _, anna, boris, _ = await self.house()
        for text in "abcde":
            await anna.send(anna.peer(boris), text)
        left: list[int] = []
        while not left or left[-1]:
            affected = await anna.call(tl.messages.deleteHistory(peer=anna.peer(boris), max_id=0))
            left.append(affected.offset)
        self.assertEqual(left, [3, 1, 0])


@on_every_backend
class ReadHistoryTests(TalkTestCase):
    """Reading marks on both sides."""

    async def test_both_marks_move(self) -> None:
        """The reader's other devices and the writer learn what is read, each in their own ids."""
        house, anna, boris, _ = await self.house()
        await boris.send(tl.inputPeerSelf(), "so that ids differ")
        for text in "abc":
            await anna.send(anna.peer(boris), text)
        await boris.take(), await anna.take()
        other = Device(house, boris.user)
        affected = await boris.call(tl.messages.readHistory(peer=boris.peer(anna), max_id=3))
        self.assertEqual((affected.pts, affected.pts_count), (6, 1))
        (inbox,) = await other.take()
        self.assertEqual((inbox.NAME, inbox.max_id, inbox.still_unread_count), ("updateReadHistoryInbox", 3, 1))
        (outbox,) = await anna.take()
        self.assertEqual((outbox.NAME, outbox.max_id), ("updateReadHistoryOutbox", 2))
        dialog = (await boris.dialogs()).dialogs[0]
        self.assertEqual((dialog.read_inbox_max_id, dialog.unread_count), (3, 1))
        self.assertEqual((await anna.dialogs()).dialogs[0].read_outbox_max_id, 2)
        again = await boris.call(tl.messages.readHistory(peer=boris.peer(anna), max_id=3))
        self.assertEqual((again.pts, again.pts_count), (6, 0))
        self.assertEqual((await anna.take(), await other.take()), ([], []))

    async def test_the_writer_learns_when(self) -> None:
        """getOutboxReadDate tells when a message was read, and says so while it is not."""
        house, anna, boris, _ = await self.house()
        first = await anna.send(anna.peer(boris), "a")
        await boris.call(tl.messages.readHistory(peer=boris.peer(anna), max_id=0))
        when = house.shared.now()
        house.clock.advance(60)
        second = await anna.send(anna.peer(boris), "b")
        ask = tl.messages.getOutboxReadDate(peer=anna.peer(boris), msg_id=first.id)
        self.assertEqual((await anna.call(ask)).date, when)
        ask = tl.messages.getOutboxReadDate(peer=anna.peer(boris), msg_id=second.id)
        self.assertEqual(await error_of(anna.call(ask)), "MESSAGE_NOT_READ_YET")
        house.clock.advance(8 * 86_400)
        await house.domain.trimming.trim()
        await boris.call(tl.messages.readHistory(peer=boris.peer(anna), max_id=0))
        ask = tl.messages.getOutboxReadDate(peer=anna.peer(boris), msg_id=first.id)
        self.assertEqual(await error_of(anna.call(ask)), "MESSAGE_TOO_OLD")


@on_every_backend
class PinMessageTests(TalkTestCase):
    """messages.updatePinnedMessage and unpinAllMessages."""

    async def test_pinned_for_both(self) -> None:
        """Both sides have it pinned, and a service message answers the pinned one."""
        _, anna, boris, _ = await self.house()
        sent = await anna.send(anna.peer(boris), "important")
        await boris.take()
        answer = await anna.call(tl.messages.updatePinnedMessage(peer=anna.peer(boris), id=sent.id))
        self.assertEqual([update.NAME for update in answer.updates], ["updatePinnedMessages", "updateNewMessage"])
        pinned, note = await boris.take()
        self.assertEqual((pinned.messages, pinned.pinned), ([1], True))
        self.assertEqual(note.message.action.NAME, "messageActionPinMessage")
        self.assertEqual(note.message.reply_to.reply_to_msg_id, 1)
        found = await boris.call(search(boris.peer(anna), filter=tl.inputMessagesFilterPinned()))
        self.assertEqual(texts(found), ["important"])
        again = anna.call(tl.messages.updatePinnedMessage(peer=anna.peer(boris), id=sent.id))
        self.assertEqual(await error_of(again), "CHAT_NOT_MODIFIED")
        await boris.call(tl.messages.unpinAllMessages(peer=boris.peer(anna)))
        (unpinned,) = await anna.take()
        self.assertEqual((unpinned.messages, unpinned.pinned), ([1], False))

    async def test_for_oneself(self) -> None:
        """pm_oneside pins without telling the other side."""
        _, anna, boris, _ = await self.house()
        sent = await anna.send(anna.peer(boris), "important")
        await boris.take()
        await anna.call(tl.messages.updatePinnedMessage(peer=anna.peer(boris), id=sent.id, pm_oneside=True))
        self.assertEqual(await boris.take(), [])
        self.assertTrue((await anna.history(anna.peer(boris))).messages[0].pinned)


@on_every_backend
class SearchTests(TalkTestCase):
    """messages.search and searchGlobal."""

    async def test_words_whatever_their_case(self) -> None:
        """Words of texts are found in every script, in any order, by their beginnings; the rest is passed over."""
        _, anna, boris, _ = await self.house()
        for text in ("Привет, Мир", "hello World", "100% sure", "100 percent", "see https://example.org"):
            await anna.send(anna.peer(boris), text)
        peer = boris.peer(anna)
        self.assertEqual(texts(await boris.call(search(peer, q="МИР"))), ["Привет, Мир"])
        self.assertEqual(texts(await boris.call(search(peer, q="wor HEL"))), ["hello World"])
        self.assertEqual(texts(await boris.call(search(peer, q="orld"))), [])
        self.assertEqual(texts(await boris.call(search(peer, q="100%"))), ["100 percent", "100% sure"])
        self.assertEqual(texts(await boris.call(search(peer, q="%"))), [])
        links = await boris.call(search(peer, filter=tl.inputMessagesFilterUrl()))
        self.assertEqual(texts(links), ["see https://example.org"])
        mine = await boris.call(search(peer, from_id=tl.inputPeerSelf()))
        self.assertEqual(texts(mine), [])
        page = await boris.call(search(peer, limit=2))
        self.assertEqual((page.NAME, page.count, len(page.messages)), ("messages.messagesSlice", 5, 2))
        counters = await boris.call(
            tl.messages.getSearchCounters(
                peer=peer, filters=[tl.inputMessagesFilterUrl(), tl.inputMessagesFilterPhotos()]
            )
        )
        self.assertEqual([counter.count for counter in counters], [1, 0])

    async def test_pages_and_filters(self) -> None:
        """What is found comes in pages with a count and offsets, from one sender, of some days, and of one's notes."""
        house, anna, boris, clara = await self.house()
        sent, dates = [], []
        for number in range(6):
            device = boris if number % 2 else anna
            other = anna if number % 2 else boris
            sent.append((await device.send(device.peer(other), f"café number {number}")).id)
            dates.append(int(house.clock.seconds()))
            house.clock.advance(10)
            await device.send(device.peer(clara), "café elsewhere")
        peer = anna.peer(boris)
        first = await anna.call(search(peer, q="CAFE", limit=2))
        self.assertEqual((first.NAME, first.count, first.offset_id_offset or 0), ("messages.messagesSlice", 6, 0))
        self.assertEqual(texts(first), ["café number 5", "café number 4"])
        second = await anna.call(search(peer, q="CAFE", limit=2, offset_id=first.messages[-1].id))
        self.assertEqual(texts(second), ["café number 3", "café number 2"])
        self.assertEqual((second.count, second.offset_id_offset), (6, 2))
        self.assertEqual(
            texts(await anna.call(search(peer, q="cafe", from_id=tl.inputPeerSelf()))),
            [f"café number {number}" for number in (4, 2, 0)],
        )
        some = await anna.call(search(peer, q="cafe", min_date=dates[1], max_date=dates[3]))
        self.assertEqual(texts(some), [f"café number {number}" for number in (3, 2, 1)])
        await anna.send(tl.inputPeerSelf(), "café of mine")
        self.assertEqual(texts(await anna.call(search(tl.inputPeerSelf(), q="cafe"))), ["café of mine"])

    async def test_edited_and_deleted(self) -> None:
        """An edit is found by its new words only; what is deleted, for one or for all, is not found."""
        _, anna, boris, _ = await self.house()
        ids = [(await anna.send(anna.peer(boris), text)).id for text in ("first word", "second word", "third word")]
        peer = anna.peer(boris)
        self.assertEqual((await anna.call(search(peer, q="word"))).NAME, "messages.messages")
        await anna.call(tl.messages.editMessage(peer=peer, id=ids[0], message="changed"))
        self.assertEqual(texts(await anna.call(search(peer, q="first"))), [])
        self.assertEqual(texts(await boris.call(search(boris.peer(anna), q="changed"))), ["changed"])
        await anna.call(tl.messages.deleteMessages(id=[ids[1]]))
        self.assertEqual(texts(await anna.call(search(peer, q="second"))), [])
        self.assertEqual(texts(await boris.call(search(boris.peer(anna), q="second"))), ["second word"])
        await anna.call(tl.messages.deleteMessages(id=[ids[2]], revoke=True))
        self.assertEqual(texts(await boris.call(search(boris.peer(anna), q="word"))), ["second word"])

    async def test_everywhere(self) -> None:
        """searchGlobal looks into every conversation of the caller and no one else's."""
        _, anna, boris, clara = await self.house()
        await anna.send(anna.peer(boris), "needle one")
        await clara.send(clara.peer(boris), "needle two")
        await anna.send(anna.peer(clara), "needle three")
        query = tl.messages.searchGlobal(
            q="needle",
            filter=tl.inputMessagesFilterEmpty(),
            min_date=0,
            max_date=0,
            offset_rate=0,
            offset_peer=tl.inputPeerEmpty(),
            offset_id=0,
            limit=10,
        )
        self.assertEqual(texts(await boris.call(query)), ["needle two", "needle one"])


@on_every_backend
class ForwardMessagesTests(TalkTestCase):
    """messages.forwardMessages."""

    def forward(self, device: Device, source: Any, ids: list[int], to_peer: Any, **fields: Any) -> Any:
        fields.setdefault("random_id", [1000 + id_ for id_ in ids])
        return device.call(tl.messages.forwardMessages(from_peer=source, id=ids, to_peer=to_peer, **fields))

    async def test_the_first_writer_is_named(self) -> None:
        """A forward of a forward names who wrote it first; drop_author names nobody."""
        _, anna, boris, clara = await self.house()
        for text in ("a", "b"):
            await anna.send(anna.peer(boris), text)
        answer = await self.forward(boris, boris.peer(anna), [1, 2], boris.peer(clara))
        self.assertEqual([update.NAME for update in answer.updates], ["updateMessageID"] * 2 + ["updateNewMessage"] * 2)
        got = [update.message for update in await clara.take()]
        self.assertEqual([message.message for message in got], ["a", "b"])
        self.assertEqual(got[0].fwd_from.from_id, tl.peerUser(user_id=anna.user.id))
        again = await self.forward(clara, clara.peer(boris), [got[0].id], clara.peer(anna))
        self.assertEqual(again.updates[1].message.fwd_from.from_id, tl.peerUser(user_id=anna.user.id))
        hidden = await self.forward(
            clara, clara.peer(boris), [got[1].id], clara.peer(anna), drop_author=True, random_id=[5]
        )
        self.assertIsNone(hidden.updates[1].message.fwd_from)

    async def test_repeated_and_refused(self) -> None:
        """Used random_ids get their first result; protected and missing messages are refused."""
        _, anna, boris, clara = await self.house()
        await anna.send(anna.peer(boris), "a")
        await anna.send(anna.peer(boris), "secret", noforwards=True)
        source, target = boris.peer(anna), boris.peer(clara)
        first = await self.forward(boris, source, [1], target)
        again = await self.forward(boris, source, [1], target)
        self.assertEqual(first.updates, again.updates)
        self.assertEqual(len((await clara.history(clara.peer(boris))).messages), 1)
        self.assertEqual(await error_of(self.forward(boris, source, [2], target)), "CHAT_FORWARDS_RESTRICTED")
        self.assertEqual(await error_of(self.forward(boris, source, [99], target)), "MESSAGE_ID_INVALID")
        self.assertEqual(await error_of(self.forward(boris, source, [1], target, random_id=[])), "RANDOM_ID_INVALID")

    async def test_saved_messages_remember_where_from(self) -> None:
        """In Saved Messages a forward says in which chat it was found."""
        _, anna, boris, _ = await self.house()
        await anna.send(anna.peer(boris), "keep this")
        answer = await self.forward(boris, boris.peer(anna), [1], tl.inputPeerSelf())
        header = answer.updates[1].message.fwd_from
        self.assertEqual((header.saved_from_peer, header.saved_from_msg_id), (tl.peerUser(user_id=anna.user.id), 1))
        self.assertEqual((header.saved_from_id, header.saved_date), (None, None))

    async def test_saved_forwards_remember_who_sent_them_on(self) -> None:
        """What had been sent on before keeps its author, and names who sent it on, as far as that may be named."""
        house, anna, boris, clara = await self.house()
        await clara.send(clara.peer(anna), "first words")
        [seen] = (await anna.history(anna.peer(clara))).messages
        house.clock.advance(60)
        for hidden in (False, True):
            if hidden:
                await house.privacy.set(anna.user.id, "Forwards", [Rule(RuleKind.DISALLOW_ALL)])
            await self.forward(anna, anna.peer(clara), [seen.id], anna.peer(boris), random_id=[300 + hidden])
            [got, *_] = (await boris.history(boris.peer(anna))).messages
            self.assertEqual(got.fwd_from.from_id, tl.peerUser(user_id=clara.user.id))
            answer = await self.forward(boris, boris.peer(anna), [got.id], tl.inputPeerSelf(), random_id=[400 + hidden])
            [header] = [one.message.fwd_from for one in answer.updates if one.NAME == "updateNewMessage"]
            self.assertEqual(header.from_id, tl.peerUser(user_id=clara.user.id))
            self.assertEqual(header.saved_date, got.date)
            named = None if hidden else tl.peerUser(user_id=anna.user.id)
            self.assertEqual((header.saved_from_id, header.saved_from_name), (named, "Anna" if hidden else None))
            self.assertFalse(header.saved_out)
            if not hidden:
                self.assertIn(anna.user.id, [user.id for user in answer.users])
