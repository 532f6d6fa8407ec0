"""Who may no longer do what: those who left a group or were put out of it, and those who are blocked."""

from typing import Any

from teamgram.domain.users.user import SERVICE_USER_ID
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import START, Device, House
from trial_tests.bff.test_chats import GroupTestCase
from trial_tests.bff.test_messages import TalkTestCase, error_of


def texts(history: Any) -> list[str]:
    """The words of a history, newest first."""
    return [message.message for message in history.messages if message.NAME == "message"]


def kinds(updates: list[Any]) -> list[str]:
    """What a device was told of."""
    return [update.NAME for update in updates]


@on_every_backend
class GoneFromTheGroupTests(GroupTestCase):
    """Boris wrote in the group, then left it or was put out."""

    async def gone(self, *, put_out: bool) -> tuple[House, Device, Device, Any, int, int]:
        house, anna, boris, _, chat_id = await self.group()
        peer = tl.inputPeerChat(chat_id=chat_id)
        sent = await boris.send(peer, "mine")
        await anna.send(peer, "hers")
        await self.remove(anna if put_out else boris, chat_id, boris)
        await anna.take(), await boris.take()
        return house, anna, boris, peer, chat_id, sent.updates[0].id

    async def check_changes_nothing(self, *, put_out: bool) -> None:
        _, anna, boris, peer, chat_id, mine = await self.gone(put_out=put_out)
        edit = tl.messages.editMessage(peer=peer, id=mine, message="forged")
        self.assertEqual(await error_of(boris.call(edit)), "CHAT_WRITE_FORBIDDEN")
        data = tl.messages.getMessageEditData(peer=peer, id=mine)
        self.assertEqual(await error_of(boris.call(data)), "CHAT_WRITE_FORBIDDEN")
        delete = tl.messages.deleteMessages(id=[mine], revoke=True)
        self.assertEqual(await error_of(boris.call(delete)), "MESSAGE_DELETE_FORBIDDEN")
        pin = tl.messages.updatePinnedMessage(peer=peer, id=mine)
        self.assertEqual(await error_of(boris.call(pin)), "CHAT_WRITE_FORBIDDEN")
        unpin = tl.messages.unpinAllMessages(peer=peer)
        self.assertEqual(await error_of(boris.call(unpin)), "CHAT_WRITE_FORBIDDEN")
        typing = tl.messages.setTyping(peer=peer, action=tl.sendMessageTypingAction())
        self.assertEqual(await error_of(boris.call(typing)), "CHAT_WRITE_FORBIDDEN")
        forward = tl.messages.forwardMessages(from_peer=peer, to_peer=boris.peer(anna), id=[mine], random_id=[8])
        self.assertEqual(await error_of(boris.call(forward)), "CHAT_FORBIDDEN")
        readers = tl.messages.getMessageReadParticipants(peer=peer, msg_id=mine)
        self.assertEqual(await error_of(boris.call(readers)), "CHAT_FORBIDDEN")
        self.assertEqual(await error_of(boris.call(tl.messages.getOnlines(peer=peer))), "CHAT_FORBIDDEN")
        title = tl.messages.editChatTitle(chat_id=chat_id, title="theirs")
        self.assertEqual(await error_of(boris.call(title)), "CHAT_WRITE_FORBIDDEN")
        self.assertEqual(texts(await anna.history(peer)), ["hers", "mine"])
        self.assertEqual(await anna.take(), [])

    async def test_links_of_who_was_an_administrator(self) -> None:
        """Who is put out, or made a member again, has left no door open: their links let nobody in any more."""
        house, anna, boris, _, chat_id = await self.group()
        peer, eve = tl.inputPeerChat(chat_id=chat_id), await house.sign_up("Eve")
        promote = tl.messages.editChatAdmin(chat_id=chat_id, user_id=anna.input_user(boris), is_admin=True)
        demote = tl.messages.editChatAdmin(chat_id=chat_id, user_id=anna.input_user(boris), is_admin=False)
        put_out = tl.messages.deleteChatUser(chat_id=chat_id, user_id=anna.input_user(boris))
        hers = (await anna.call(tl.messages.exportChatInvite(peer=peer))).link.rpartition("+")[2]
        for end in (demote, put_out):
            await anna.call(promote)
            his = (await boris.call(tl.messages.exportChatInvite(peer=peer))).link.rpartition("+")[2]
            await eve.call(tl.messages.checkChatInvite(hash=his))
            await anna.call(end)
            join = tl.messages.importChatInvite(hash=his)
            self.assertEqual(await error_of(eve.call(join)), "INVITE_HASH_EXPIRED", end.NAME)
        await eve.call(tl.messages.importChatInvite(hash=hers))

    async def test_put_out(self) -> None:
        """Who was put out changes nothing there any more, by no road, and nobody hears of them."""
        await self.check_changes_nothing(put_out=True)

    async def test_left(self) -> None:
        """Nor does who left."""
        await self.check_changes_nothing(put_out=False)

    async def test_reading_is_not_told(self) -> None:
        """They read what they still have; who wrote it hears nothing of it, now or when asking."""
        _, anna, boris, peer, _, _ = await self.gone(put_out=True)
        await boris.call(tl.messages.readHistory(peer=peer, max_id=0))
        self.assertEqual((await boris.dialogs()).dialogs[0].unread_count, 0)
        self.assertEqual(await anna.take(), [])
        (hers,) = [m for m in (await anna.history(peer)).messages if getattr(m, "message", "") == "hers"]
        readers = await anna.call(tl.messages.getMessageReadParticipants(peer=peer, msg_id=hers.id))
        self.assertEqual(readers, [])

    async def test_what_is_new_there_is_not_shown(self) -> None:
        """Neither who is in it, nor how it is described now."""
        _, anna, boris, peer, chat_id, _ = await self.gone(put_out=True)
        await anna.call(tl.messages.editChatAbout(peer=peer, about="without Boris"))
        full = (await boris.call(tl.messages.getFullChat(chat_id=chat_id))).full_chat
        self.assertEqual((full.about, full.participants.NAME), ("", "chatParticipantsForbidden"))

    async def test_what_they_have_stays_theirs(self) -> None:
        """They still see, and delete for themselves, what lies in their own box."""
        _, anna, boris, peer, _, mine = await self.gone(put_out=False)
        await boris.call(tl.messages.deleteMessages(id=[mine]))
        self.assertEqual(texts(await boris.history(peer)), ["hers"])
        self.assertEqual(texts(await anna.history(peer)), ["hers", "mine"])

    async def test_the_creator_closes_it_from_inside_only(self) -> None:
        """A creator who has left does not delete the group of those who stayed."""
        _, anna, boris, _, chat_id = await self.group()
        await self.remove(anna, chat_id, anna)
        self.assertEqual(await error_of(anna.call(tl.messages.deleteChat(chat_id=chat_id))), "CHAT_ADMIN_REQUIRED")
        await boris.send(tl.inputPeerChat(chat_id=chat_id), "still here")

    async def test_who_was_put_out_does_not_come_back_alone(self) -> None:
        """Neither by a link nor by a member; by an administrator, they do. Who left comes by the link."""
        _, anna, boris, clara, chat_id = await self.group()
        await self.add(anna, chat_id, clara)
        link = await anna.call(tl.messages.exportChatInvite(peer=tl.inputPeerChat(chat_id=chat_id)))
        hash_ = link.link.rpartition("+")[2]
        await self.remove(clara, chat_id, clara)
        await clara.call(tl.messages.importChatInvite(hash=hash_))
        await self.remove(anna, chat_id, clara)
        enter, look = tl.messages.importChatInvite(hash=hash_), tl.messages.checkChatInvite(hash=hash_)
        self.assertEqual(await error_of(clara.call(enter)), "INVITE_HASH_EXPIRED")
        self.assertEqual(await error_of(clara.call(look)), "INVITE_HASH_EXPIRED")
        self.assertEqual(await error_of(self.add(boris, chat_id, clara)), "CHAT_ADMIN_REQUIRED")
        await self.add(anna, chat_id, clara)
        await clara.send(tl.inputPeerChat(chat_id=chat_id), "back")


@on_every_backend
class PuttingOutTests(GroupTestCase):
    """messages.deleteChatUser by those who brought somebody in."""

    async def test_who_was_brought_in_and_rose(self) -> None:
        """A member puts out a member whom they brought, but neither an administrator nor the creator."""
        house, anna, boris, clara, chat_id = await self.group()
        await self.add(boris, chat_id, clara)
        appoint = tl.messages.editChatAdmin(chat_id=chat_id, user_id=anna.input_user(clara), is_admin=True)
        await anna.call(appoint)
        self.assertEqual(await error_of(self.remove(boris, chat_id, clara)), "CHAT_ADMIN_REQUIRED")
        await self.remove(anna, chat_id, anna)
        await house.contacts.add(anna.user.id, boris.user, "Boris", "", "", START)
        await self.add(boris, chat_id, anna)
        self.assertEqual(await error_of(self.remove(boris, chat_id, anna)), "CHAT_ADMIN_REQUIRED")
        self.assertEqual(await error_of(self.remove(clara, chat_id, anna)), "CHAT_ADMIN_REQUIRED")
        dora = await house.sign_up("Dora")
        await self.add(boris, chat_id, dora)
        await self.remove(boris, chat_id, dora)
        await self.add(anna, chat_id, dora)
        self.assertEqual(await error_of(self.remove(boris, chat_id, dora)), "CHAT_ADMIN_REQUIRED")
        await self.remove(clara, chat_id, dora)

    async def test_the_service_account_is_in_no_group(self) -> None:
        """777000 can be brought into none, old or new."""
        _, anna, boris, _, chat_id = await self.group()
        service = tl.inputUser(user_id=SERVICE_USER_ID, access_hash=0)
        add = tl.messages.addChatUser(chat_id=chat_id, user_id=service, fwd_limit=0)
        self.assertEqual(await error_of(anna.call(add)), "USER_ID_INVALID")
        create = tl.messages.createChat(users=[anna.input_user(boris), service], title="x")
        self.assertEqual(await error_of(anna.call(create)), "USER_ID_INVALID")


@on_every_backend
class BlockedTests(TalkTestCase):
    """Boris has blocked Anna, who wrote to him before."""

    async def blocked(self) -> tuple[House, Device, Device]:
        house, anna, boris, _ = await self.house()
        await anna.send(anna.peer(boris), "before")
        await boris.send(boris.peer(anna), "answer")
        await house.contacts.block(boris.user.id, anna.user.id, 1)
        await anna.take(), await boris.take()
        return house, anna, boris

    async def test_nothing_reaches_who_blocked(self) -> None:
        """What Anna edits, pins, deletes, types or reads changes nothing on Boris's side."""
        _, anna, boris = await self.blocked()
        mine, his = (message.id for message in reversed((await anna.history(anna.peer(boris))).messages))
        edit = tl.messages.editMessage(peer=anna.peer(boris), id=mine, message="forged")
        self.assertEqual(await error_of(anna.call(edit)), "CHAT_WRITE_FORBIDDEN")
        await anna.call(tl.messages.updatePinnedMessage(peer=anna.peer(boris), id=his))
        await anna.call(tl.messages.unpinAllMessages(peer=anna.peer(boris)))
        typing = tl.messages.setTyping(peer=anna.peer(boris), action=tl.sendMessageTypingAction())
        self.assertTrue(await anna.call(typing))
        await anna.call(tl.messages.readHistory(peer=anna.peer(boris), max_id=0))
        forward = tl.messages.forwardMessages(
            from_peer=anna.peer(boris), to_peer=anna.peer(boris), id=[mine], random_id=[9]
        )
        await anna.call(forward)
        await anna.call(tl.messages.deleteMessages(id=[mine], revoke=True))
        history = tl.messages.deleteHistory(peer=anna.peer(boris), max_id=0, revoke=True)
        await anna.call(history)
        self.assertEqual(texts(await boris.history(boris.peer(anna))), ["answer", "before"])
        self.assertEqual(texts(await anna.history(anna.peer(boris))), [])
        self.assertEqual(await boris.take(), [])

    async def test_who_blocks_is_told_to_unblock_first(self) -> None:
        """Boris neither writes to her nor changes what he wrote, and still takes his words back."""
        _, anna, boris = await self.blocked()
        his = (await boris.history(boris.peer(anna))).messages[0].id
        edit = tl.messages.editMessage(peer=boris.peer(anna), id=his, message="else")
        self.assertEqual(await error_of(boris.call(edit)), "YOU_BLOCKED_USER")
        pin = tl.messages.updatePinnedMessage(peer=boris.peer(anna), id=his)
        self.assertEqual(await error_of(boris.call(pin)), "YOU_BLOCKED_USER")
        await boris.call(tl.messages.deleteMessages(id=[his], revoke=True))
        self.assertEqual(texts(await anna.history(anna.peer(boris))), ["before"])

    async def test_an_unblocked_one_is_heard_again(self) -> None:
        """Once the block is lifted, edits reach him as before."""
        house, anna, boris = await self.blocked()
        await house.contacts.unblock(boris.user.id, anna.user.id, 1)
        mine = (await anna.history(anna.peer(boris))).messages[-1].id
        await anna.call(tl.messages.editMessage(peer=anna.peer(boris), id=mine, message="after"))
        self.assertEqual(kinds(await boris.take()), ["updateEditMessage"])

    async def test_bots_are_told(self) -> None:
        """A bot that is blocked hears so, when it sends and when it edits; and no bot writes to a bot."""
        house, anna, _, _ = await self.house()
        bot = await house.sign_up("Robot", username="robo_bot", is_bot=True)
        other = await house.sign_up("Other", username="other_bot", is_bot=True)
        sent = await bot.send(bot.peer(anna), "hello")
        await house.contacts.block(anna.user.id, bot.user.id, 1)
        await anna.take()
        self.assertEqual(await error_of(bot.send(bot.peer(anna), "again")), "USER_IS_BLOCKED")
        edit = tl.messages.editMessage(peer=bot.peer(anna), id=sent.id, message="again")
        self.assertEqual(await error_of(bot.call(edit)), "USER_IS_BLOCKED")
        self.assertEqual(await error_of(bot.send(bot.peer(other), "colleague")), "USER_IS_BOT")
        self.assertEqual(await anna.take(), [])
