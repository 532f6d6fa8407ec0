"""The list of conversations in a database."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from teamgram.cache.bus import MemoryBus
from teamgram.domain.boxes.message import Draft, pack_draft
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.dialogs.dialogs import MAX_PINNED, Dialogs
from teamgram.domain.dialogs.saved import SavedDialogs
from teamgram.domain.messages.errors import PeerHistoryEmpty, PinnedDialogsTooMany
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.sending import ForwardRequest, SendRequest
from teamgram.domain.updates.events import DialogPinnedChanged, DialogUnreadMarkChanged, DraftChanged, UserTyping
from teamgram.domain.users.user import SERVICE_USER_ID
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts
from trial_tests.domain.listening import Heard, listening

ANNA = 1
OTHERS = tuple(range(2, 9))


class DialogsTestCase(BackendTestCase):
    """Anna has written to seven people, one after the other."""

    async def dialogs(self) -> tuple[Dialogs, Messages, Heard]:
        self.database = self.open_database()
        await add_accounts(self.database, ANNA, *OTHERS)
        fanout, heard = listening()
        messages = Messages(self.database, fanout, Clock())
        for other in OTHERS:
            await messages.send(SendRequest(ANNA, other, f"to {other}", other, 1_000 + other))
        heard.take()
        return Dialogs(self.database, fanout), messages, heard

    async def refused(self, coroutine: Any, error: type[Exception]) -> None:
        """Whether it is."""
        await self.assertFailure(Deferred.fromCoroutine(coroutine), error)

    async def order(self, dialogs: Dialogs, **page: Any) -> list[int]:
        """Whom the list shows, from the top."""
        return [dialog.peer for dialog in (await dialogs.page(ANNA, **page)).dialogs]


@on_every_backend
class DialogsTests(DialogsTestCase):
    """``Dialogs``."""

    async def test_the_newest_on_top(self) -> None:
        """In pages that go on after the last one seen, all counted."""
        dialogs, _, _ = await self.dialogs()
        first = await dialogs.page(ANNA, limit=3)
        self.assertEqual(([dialog.peer for dialog in first.dialogs], first.count), ([8, 7, 6], 7))
        last = first.dialogs[-1]
        after = {"offset_date": last.top_sent_at, "offset_id": last.top_message_id}
        self.assertEqual(await self.order(dialogs, limit=3, **after), [5, 4, 3])

    async def test_pinned_ones(self) -> None:
        """Above all others, the last pinned first; only so many, and only where something was written."""
        dialogs, _, heard = await self.dialogs()
        for peer in (2, 3):
            await dialogs.pin(ANNA, peer, True, 77)
        self.assertEqual(heard.take()[0], ((ANNA,), DialogPinnedChanged(2, True, 0), 77))
        self.assertEqual(await self.order(dialogs, limit=4), [3, 2, 8, 7])
        self.assertEqual(await self.order(dialogs, limit=2, exclude_pinned=True), [8, 7])
        await dialogs.reorder_pinned(ANNA, 0, [2, 3], False)
        self.assertEqual([dialog.peer for dialog in (await dialogs.pinned(ANNA)).dialogs], [2, 3])
        await self.refused(dialogs.pin(ANNA, SERVICE_USER_ID, True), PeerHistoryEmpty)
        for peer in (4, 5, 6):
            await dialogs.pin(ANNA, peer, True)
        self.assertEqual(len((await dialogs.pinned(ANNA)).dialogs), MAX_PINNED)
        await self.refused(dialogs.pin(ANNA, 7, True), PinnedDialogsTooMany)
        await self.refused(dialogs.reorder_pinned(ANNA, 0, OTHERS, True), PinnedDialogsTooMany)
        await dialogs.reorder_pinned(ANNA, 0, [8], True)
        self.assertEqual([dialog.peer for dialog in (await dialogs.pinned(ANNA)).dialogs], [8])

    async def test_drafts_and_marks(self) -> None:
        """Kept by dialog, told to the owner's other devices, gone when sent or cleared."""
        dialogs, messages, heard = await self.dialogs()
        draft = Draft("to be", 5)
        await dialogs.save_draft(ANNA, 3, draft, 77)
        self.assertEqual(heard.take(), [((ANNA,), DraftChanged(3, pack_draft(draft)), 77)])
        self.assertEqual([(dialog.peer, dialog.draft) for dialog in await dialogs.drafts(ANNA)], [(3, draft)])
        await messages.send(SendRequest(ANNA, 3, "to be sent", 99, 2_000, clear_draft=True))
        self.assertEqual(await dialogs.drafts(ANNA), [])
        heard.take()
        await dialogs.mark_unread(ANNA, 4, True)
        self.assertEqual(heard.take()[0][1], DialogUnreadMarkChanged(4, True))
        self.assertEqual(await dialogs.unread_marks(ANNA), [4])
        await messages.read_history(ANNA, 4, 0, 2_000)
        self.assertEqual(await dialogs.unread_marks(ANNA), [])

    async def test_typing_passes_no_block(self) -> None:
        """The other side hears of it, but not the service account, oneself, or across a block in either direction."""
        dialogs, _, heard = await self.dialogs()
        contacts = Contacts(self.database, MemoryBus())
        await contacts.block(ANNA, 3, 1)
        await contacts.block(4, ANNA, 1)
        for peer in (2, 3, 4, ANNA, SERVICE_USER_ID):
            await dialogs.say_typing(ANNA, peer, "sendMessageTypingAction", 0)
        self.assertEqual(heard.take(), [((2,), UserTyping(ANNA, "sendMessageTypingAction", 0), 0)])

    async def test_of_nobody_else(self) -> None:
        """The other side has its own list, with its own unread count."""
        dialogs, _, _ = await self.dialogs()
        dialog = await dialogs.get(3, ANNA)
        self.assertEqual((dialog.owner_id, dialog.unread_count, dialog.draft), (3, 1, None))
        self.assertEqual(await dialogs.private_peers(3), [ANNA])
        self.assertEqual((await dialogs.page(3)).count, 1)


@on_every_backend
class SavedDialogsTests(DialogsTestCase):
    """``SavedDialogs``."""

    async def test_sorted_by_whom_it_was_saved_from(self) -> None:
        """Notes under the owner, forwards under where they were; pinned ones first, only so many."""
        _, messages, _ = await self.dialogs()
        saved = SavedDialogs(self.database, listening()[0])
        await messages.send(SendRequest(ANNA, ANNA, "a note", 100, 3_000))
        for number, other in enumerate(OTHERS):
            (message_id,) = [number + 1]
            await messages.forward(ForwardRequest(ANNA, other, ANNA, (message_id,), (200 + number,), 4_000 + number))

        async def order() -> list[int]:
            page = await saved.page(ANNA, offset_id=0, limit=10, exclude_pinned=False)
            return [dialog.peer for dialog in page.dialogs]

        self.assertEqual(await order(), [*reversed(OTHERS), ANNA])
        await saved.pin(ANNA, ANNA, True)
        self.assertEqual((await order())[0], ANNA)
        for other in OTHERS[: MAX_PINNED - 1]:
            await saved.pin(ANNA, other, True)
        await self.refused(saved.pin(ANNA, OTHERS[-1], True), PinnedDialogsTooMany)
        page = await saved.page(3, offset_id=0, limit=10, exclude_pinned=False)
        self.assertEqual(page.dialogs, ())
