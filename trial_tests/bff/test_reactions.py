"""Reactions through the caller and the codec."""

from typing import Any

from teamgram.domain.reactions.allowed import MAX_PER_USER
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import BffTestCase, Device, House
from trial_tests.bff.test_files import downloaded

LIKE, LOVE, FIRE, PARTY = "👍", "❤", "🔥", "🎉"


def told(reactions: Any) -> dict[str, int]:
    """How many by emoji."""
    return {one.reaction.emoticon: one.count for one in reactions.results} if reactions is not None else {}


def chosen(reactions: Any) -> list[str]:
    """What the viewer reacted with, in order."""
    own = sorted((one for one in reactions.results if one.chosen_order is not None), key=lambda one: one.chosen_order)
    return [one.reaction.emoticon for one in own]


class ReactionsTestCase(BffTestCase):
    """Ann, Bob and Eve in a group."""

    async def setUp(self) -> None:
        self.house = House(self)
        self.ann = await self.house.sign_up("Ann")
        self.bob = await self.house.sign_up("Bob")
        self.eve = await self.house.sign_up("Eve")
        self.all = (self.ann, self.bob, self.eve)
        users = [self.ann.input_user(self.bob), self.ann.input_user(self.eve)]
        made = await self.ann.call(tl.messages.createChat(users=users, title="Group"))
        self.group = tl.inputPeerChat(chat_id=made.updates.chats[0].id)
        self.addCleanup(self.house.domain.reactions.stop)

    async def newest(self, device: Device, peer: Any = None) -> Any:
        """The newest message of a dialog; of the group if nothing else is said."""
        return (await device.history(peer or self.group)).messages[0]

    def reacting(self, message_id: int, *emoji: str, peer: Any = None, **fields: Any) -> Any:
        """``messages.sendReaction``."""
        reactions = [tl.reactionEmoji(emoticon=one) for one in emoji]
        return tl.messages.sendReaction(peer=peer or self.group, msg_id=message_id, reaction=reactions, **fields)

    async def react(self, device: Device, *emoji: str, peer: Any = None, **fields: Any) -> Any:
        """The message after a reaction to the newest one."""
        message = await self.newest(device, peer)
        answer = await device.call(self.reacting(message.id, *emoji, peer=peer, **fields))
        return next(update.message for update in answer.updates if update.NAME == "updateEditMessage")


@on_every_backend
class ReactionsTests(ReactionsTestCase):
    """Reacting to messages."""

    async def test_everybody_sees(self) -> None:
        """Live, by the difference and in the history, each with their own choice."""
        await self.ann.send(self.group, "hello")
        state = await self.eve.call(tl.updates.getState())
        for device in self.all:
            await device.take()
        mine = await self.react(self.bob, LIKE)
        self.assertEqual((told(mine.reactions), chosen(mine.reactions)), ({LIKE: 1}, [LIKE]))
        self.assertTrue(mine.edit_hide)
        self.assertEqual(await self.bob.take(), [])
        changed, edited = await self.eve.take()
        self.assertEqual((changed.NAME, edited.NAME), ("updateMessageReactions", "updateEditMessage"))
        self.assertEqual((edited.pts, edited.pts_count), (state.pts + 1, 1))
        self.assertEqual((changed.msg_id, told(changed.reactions)), (edited.message.id, {LIKE: 1}))
        self.assertFalse(changed.reactions.min)
        self.assertEqual(chosen(changed.reactions), [])
        (reactor,) = changed.reactions.recent_reactions
        self.assertEqual((reactor.peer_id.user_id, reactor.unread), (self.bob.user.id, False))
        await self.react(self.eve, LIKE, LOVE)
        difference = await self.eve.difference(state.pts)
        self.assertEqual([told(one.message.reactions) for one in difference.other_updates], [{LIKE: 2, LOVE: 1}] * 2)
        self.assertEqual(difference.new_messages, [])
        for device, own in ((self.ann, []), (self.bob, [LIKE]), (self.eve, [LIKE, LOVE])):
            reactions = (await self.newest(device)).reactions
            self.assertEqual((told(reactions), chosen(reactions)), ({LIKE: 2, LOVE: 1}, own))
        self.assertEqual((await self.newest(self.ann)).message, "hello")

    async def test_changed_and_taken_back(self) -> None:
        """Another one in place of the first, several, none."""
        await self.ann.send(self.group, "hello")
        await self.react(self.bob, LIKE)
        self.assertEqual(told((await self.react(self.bob, LOVE)).reactions), {LOVE: 1})
        self.assertEqual(chosen((await self.react(self.bob, FIRE, LOVE)).reactions), [FIRE, LOVE])
        self.assertEqual(chosen((await self.react(self.bob, LOVE, FIRE)).reactions), [LOVE, FIRE])
        self.assertIsNone((await self.react(self.bob)).reactions)
        (changed, _), id_ = (await self.ann.take())[-2:], (await self.newest(self.bob)).id
        self.assertEqual(changed.reactions.results, [])
        await self.refused("REACTION_EMPTY", self.bob, self.reacting(id_))
        await self.react(self.bob, LIKE)
        await self.refused("MESSAGE_NOT_MODIFIED", self.bob, self.reacting(id_, LIKE))

    async def test_what_is_refused(self) -> None:
        """Each by its name."""
        await self.ann.send(self.group, "hello")
        id_ = (await self.newest(self.bob)).id
        await self.refused("REACTION_INVALID", self.bob, self.reacting(id_, "🫖"))
        await self.refused("REACTION_INVALID", self.bob, self.reacting(id_, "no emoji"))
        paid = tl.messages.sendReaction(peer=self.group, msg_id=id_, reaction=[tl.reactionPaid()])
        await self.refused("REACTION_INVALID", self.bob, paid)
        custom = tl.messages.sendReaction(
            peer=self.group, msg_id=id_, reaction=[tl.reactionCustomEmoji(document_id=77)]
        )
        await self.refused("REACTION_INVALID", self.bob, custom)
        many = [LIKE, LOVE, FIRE, PARTY][: MAX_PER_USER + 1]
        await self.refused("REACTIONS_TOO_MANY", self.bob, self.reacting(id_, *many))
        await self.refused("MESSAGE_ID_INVALID", self.bob, self.reacting(id_ + 1, LIKE))
        await self.refused("MESSAGE_ID_INVALID", self.bob, self.reacting(1, LIKE))  # the group's beginning
        chat = {"chat_id": self.group.chat_id}
        await self.ann.call(tl.messages.deleteChatUser(**chat, user_id=self.ann.input_user(self.bob)))
        await self.refused("CHAT_FORBIDDEN", self.bob, self.reacting(id_, LIKE))
        await self.refused("CHAT_FORBIDDEN", self.bob, tl.messages.getMessagesReactions(peer=self.group, id=[id_]))

    async def test_across_a_block(self) -> None:
        """Who is blocked changes nothing that the other sees."""
        await self.ann.send(self.ann.peer(self.bob), "hello")
        message = await self.newest(self.bob, self.bob.peer(self.ann))
        await self.house.contacts.block(self.ann.user.id, self.bob.user.id, 1)
        query = self.reacting(message.id, LIKE, peer=self.bob.peer(self.ann))
        await self.refused("CHAT_WRITE_FORBIDDEN", self.bob, query)

    async def test_many_reactors(self) -> None:
        """More than are kept with the message: everybody's own choice is right, and the pages are whole."""
        self.patch(__import__("teamgram.domain.reactions.reacting", fromlist=["KEPT"]), "KEPT", 1)
        await self.ann.send(self.group, "hello")
        for device, emoji in ((self.bob, [LIKE]), (self.eve, [LIKE, FIRE]), (self.ann, [LOVE])):
            self.house.clock.advance(1)
            await self.react(device, *emoji)
        for device, own in ((self.ann, [LOVE]), (self.bob, [LIKE]), (self.eve, [LIKE, FIRE])):
            self.assertEqual(chosen((await self.newest(device)).reactions), own)
        id_ = (await self.newest(self.ann)).id

        async def page(offset: str | None, reaction: Any = None, limit: int = 3) -> Any:
            query = tl.messages.getMessageReactionsList(
                peer=self.group, id=id_, offset=offset, limit=limit, reaction=reaction
            )
            return await self.ann.call(query)

        first = await page(None)
        self.assertEqual((first.count, len(first.reactions)), (4, 3))
        self.assertEqual(first.reactions[0].peer_id.user_id, self.ann.user.id)
        self.assertTrue(first.reactions[0].my)
        rest = await page(first.next_offset)
        self.assertEqual([one.peer_id.user_id for one in rest.reactions], [self.bob.user.id])
        self.assertIsNone(rest.next_offset)
        of_one = await page(None, tl.reactionEmoji(emoticon=LIKE))
        self.assertEqual([one.peer_id.user_id for one in of_one.reactions], [self.eve.user.id, self.bob.user.id])
        for offset in ("9" * 40, "_", "1_1_", "x"):
            self.assertEqual((await page(offset)).count, 4)

    async def test_asked_for(self) -> None:
        """``messages.getMessagesReactions`` of messages with and without."""
        await self.ann.send(self.group, "one")
        await self.react(self.bob, LIKE)
        await self.ann.send(self.group, "two")
        id_ = (await self.newest(self.ann)).id
        answer = await self.ann.call(tl.messages.getMessagesReactions(peer=self.group, id=[id_, id_ - 1, id_ + 1]))
        self.assertEqual({one.msg_id: told(one.reactions) for one in answer.updates}, {id_ - 1: {LIKE: 1}, id_: {}})

    async def test_unread(self) -> None:
        """Reactions to what one wrote wait to be seen: counted by dialog, listed, and marked on all devices."""
        phone = Device(self.house, self.ann.user)
        for words in ("one", "two"):
            await self.ann.send(self.group, words)
            await self.react(self.bob, LIKE)
        await self.react(self.ann, FIRE)  # one's own is no news
        await self.react(self.eve, LOVE)
        (dialog,) = [one for one in (await self.ann.dialogs()).dialogs if one.peer.NAME == "peerChat"]
        self.assertEqual(dialog.unread_reactions_count, 2)
        page = {"offset_id": 0, "add_offset": 0, "limit": 10, "max_id": 0, "min_id": 0}
        unread = await self.ann.call(tl.messages.getUnreadReactions(peer=self.group, **page))
        self.assertEqual([message.message for message in unread.messages], ["two", "one"])
        newest = unread.messages[0]
        waiting = {one.peer_id.user_id for one in newest.reactions.recent_reactions if one.unread}
        self.assertEqual(waiting, {self.bob.user.id, self.eve.user.id})
        older = await self.ann.call(tl.messages.getUnreadReactions(peer=self.group, **{**page, "offset_id": newest.id}))
        self.assertEqual([message.message for message in older.messages], ["one"])
        (other,) = [one for one in (await self.bob.dialogs()).dialogs if one.peer.NAME == "peerChat"]
        self.assertEqual(other.unread_reactions_count, 0)
        await phone.take()
        await self.ann.call(tl.messages.readMessageContents(id=[newest.id]))
        _, edited = await phone.take()
        self.assertFalse(any(one.unread for one in edited.message.reactions.recent_reactions))
        self.assertEqual(await self.count(), 1)
        answer = await self.ann.call(tl.messages.readReactions(peer=self.group))
        self.assertEqual(answer.pts_count, 1)
        self.assertEqual(await self.count(), 0)
        # Taking one back that nobody has seen leaves nothing to see.
        await self.ann.send(self.group, "three")
        await self.react(self.bob, LIKE)
        await self.react(self.bob)
        self.assertEqual(await self.count(), 0)

    async def count(self) -> int:
        """Messages of Ann's in the group with news."""
        (dialog,) = [one for one in (await self.ann.dialogs()).dialogs if one.peer.NAME == "peerChat"]
        return int(dialog.unread_reactions_count)

    async def test_what_a_group_allows(self) -> None:
        """All, some, none: said by who may, told to everybody, and held to."""
        await self.ann.send(self.group, "hello")
        id_ = (await self.newest(self.bob)).id
        full = await self.bob.call(tl.messages.getFullChat(chat_id=self.group.chat_id))
        self.assertEqual(full.full_chat.available_reactions.NAME, "chatReactionsAll")
        some = tl.chatReactionsSome(reactions=[tl.reactionEmoji(emoticon=LOVE)])
        allow = tl.messages.setChatAvailableReactions(peer=self.group, available_reactions=some)
        rights = tl.chatBannedRights(change_info=True, until_date=0)
        await self.ann.call(tl.messages.editChatDefaultBannedRights(peer=self.group, banned_rights=rights))
        await self.refused("CHAT_ADMIN_REQUIRED", self.bob, allow)
        await self.bob.take()
        await self.ann.call(allow)
        self.assertEqual([update.NAME for update in await self.bob.take()], ["updateChat"])
        await self.refused("CHAT_NOT_MODIFIED", self.ann, allow)
        full = await self.bob.call(tl.messages.getFullChat(chat_id=self.group.chat_id))
        self.assertEqual([one.emoticon for one in full.full_chat.available_reactions.reactions], [LOVE])
        await self.refused("REACTION_INVALID", self.bob, self.reacting(id_, LIKE))
        await self.react(self.bob, LOVE)
        allow.available_reactions = tl.chatReactionsNone()
        await self.ann.call(allow)
        await self.refused("REACTION_INVALID", self.eve, self.reacting(id_, LOVE))
        self.assertIsNone((await self.react(self.bob)).reactions)  # what is there may be taken back

    async def test_who_is_not_there_any_more(self) -> None:
        """Whoever left hears nothing of what goes on below messages that they keep, and does not see it there."""
        await self.ann.send(self.group, "hello")
        await self.react(self.eve, FIRE)
        await self.bob.call(
            tl.messages.deleteChatUser(chat_id=self.group.chat_id, user_id=self.bob.input_user(self.bob))
        )
        await self.bob.take()
        await self.ann.call(self.reacting((await self.ann.history(self.group)).messages[1].id, LIKE))
        self.assertEqual(await self.bob.take(), [])
        (kept,) = [one for one in (await self.bob.history(self.group)).messages if one.NAME == "message"]
        self.assertEqual((kept.message, kept.reactions), ("hello", None))

    async def test_deleted(self) -> None:
        """With the message goes all of it."""
        sent = await self.ann.send(self.group, "hello")
        await self.react(self.bob, LIKE)
        id_ = next(one.id for one in sent.updates if one.NAME == "updateMessageID")
        await self.ann.call(tl.messages.deleteMessages(id=[id_], revoke=True))
        self.assertEqual(await self.count(), 0)
        for table in ("message_reactions", "message_marks"):
            self.assertEqual(await self.house.database.read("left", _count_txn, table), 0, table)

    async def test_kept_through_an_edit(self) -> None:
        """An edit keeps them, and what was edited is not hidden afterwards."""
        sent = await self.ann.send(self.group, "hello")
        await self.react(self.bob, LIKE)
        id_ = next(one.id for one in sent.updates if one.NAME == "updateMessageID")
        await self.ann.call(tl.messages.editMessage(peer=self.group, id=id_, message="good-bye"))
        message = await self.react(self.eve, LIKE)
        self.assertEqual((message.message, told(message.reactions), message.edit_hide), ("good-bye", {LIKE: 2}, False))

    async def test_old_layers(self) -> None:
        """135 knows nothing of them, 144 strings, 158 all; each reacts as it can."""
        for layer in (135, 137, 144, 158):
            old = await self.house.sign_up("Old", layer=layer)
            to_old, to_ann = self.ann.peer(old), old.peer(self.ann)
            await old.send(to_ann, "hello")
            await old.take()
            await self.react(self.ann, LIKE, peer=to_old)
            names = [update.NAME for update in await old.take()]
            self.assertEqual(names, ["updateMessageReactions", "updateEditMessage"][layer == 135 :])
            seen = await self.newest(old, to_ann)
            self.assertEqual(seen.message, "hello")
            if layer > 135:
                self.assertEqual(told(seen.reactions), {LIKE: 1}, layer)
                reaction = LOVE if layer < 145 else [tl.reactionEmoji(emoticon=LOVE)]
                await old.call(tl.messages.sendReaction(peer=to_ann, msg_id=seen.id, reaction=reaction))
                self.assertEqual(told((await self.newest(self.ann, to_old)).reactions), {LIKE: 1, LOVE: 1})


@on_every_backend
class ChoicesTests(ReactionsTestCase):
    """What there is to react with."""

    async def test_documents(self) -> None:
        """Each reaction has its pictures, which can be had; a client that has the list is told so."""
        answer = await self.ann.call(tl.messages.getAvailableReactions(hash=0))
        self.assertGreater(len(answer.reactions), 60)
        first = answer.reactions[0]
        self.assertEqual(first.reaction, LIKE)
        self.assertTrue((await self.fetched(first.static_icon)).startswith(b"RIFF"))
        for name in ("appear", "select", "activate", "effect"):
            document = getattr(first, f"{name}_animation")
            self.assertEqual(document.mime_type, "application/x-tgsticker")
            self.assertTrue((await self.fetched(document)).startswith(b"\x1f\x8b"), name)
        again = await self.bob.call(tl.messages.getAvailableReactions(hash=answer.hash))
        self.assertEqual(again.NAME, "messages.availableReactionsNotModified")

    async def fetched(self, document: Any) -> bytes:
        """The bytes of a document."""
        where = tl.inputDocumentFileLocation(
            id=document.id,
            access_hash=document.access_hash,
            file_reference=document.file_reference,
            thumb_size="",
        )
        return await downloaded(self.bob, where)

    async def test_used(self) -> None:
        """Recent ones the last first, until they are forgotten; top ones by how often."""
        await self.ann.send(self.group, "hello")
        for emoji in (LOVE, FIRE, LOVE, PARTY):
            self.house.clock.advance(1)
            await self.react(self.bob, emoji, add_to_recent=True)
        recent = await self.bob.call(tl.messages.getRecentReactions(limit=10, hash=0))
        self.assertEqual([one.emoticon for one in recent.reactions], [PARTY, LOVE, FIRE])
        same = await self.bob.call(tl.messages.getRecentReactions(limit=10, hash=recent.hash))
        self.assertEqual(same.NAME, "messages.reactionsNotModified")
        top = await self.bob.call(tl.messages.getTopReactions(limit=20, hash=0))
        self.assertEqual([one.emoticon for one in top.reactions[:4]], [LOVE, PARTY, FIRE, LIKE])
        self.assertEqual(len(top.reactions), 20)
        phone = Device(self.house, self.bob.user)
        await self.bob.call(tl.messages.clearRecentReactions())
        self.assertEqual([one.NAME for one in await phone.take()], ["updateRecentReactions"])
        self.assertEqual((await self.bob.call(tl.messages.getRecentReactions(limit=10, hash=0))).reactions, [])

    async def test_default(self) -> None:
        """Only what exists can be one."""
        await self.ann.call(tl.messages.setDefaultReaction(reaction=tl.reactionEmoji(emoticon=FIRE)))
        query = tl.messages.setDefaultReaction(reaction=tl.reactionEmoji(emoticon="🫖"))
        await self.refused("REACTION_INVALID", self.ann, query)

    async def test_notifications(self) -> None:
        """What was chosen is kept."""
        before = await self.ann.call(tl.account.getReactionsNotifySettings())
        self.assertEqual(before.messages_notify_from.NAME, "reactionNotificationsFromAll")
        settings = tl.reactionsNotifySettings(
            messages_notify_from=tl.reactionNotificationsFromContacts(),
            sound=tl.notificationSoundNone(),
            show_previews=False,
        )
        await self.ann.call(tl.account.setReactionsNotifySettings(settings=settings))
        after = await self.ann.call(tl.account.getReactionsNotifySettings())
        self.assertEqual(after.messages_notify_from.NAME, "reactionNotificationsFromContacts")
        self.assertIsNone(after.stories_notify_from)
        self.assertEqual((after.sound.NAME, after.show_previews), ("notificationSoundNone", False))


@on_every_backend
class TagsTests(ReactionsTestCase):
    """Tags of saved messages."""

    async def test_tags(self) -> None:
        """They are the owner's alone: counted, named, searched by, and gone with the message."""
        me = self.ann.peer(self.ann)
        for words in ("red apple", "green apple", "pear"):
            await self.ann.send(me, words)
            if "apple" in words:
                tagged = await self.react(self.ann, LOVE, FIRE, peer=me)
        self.assertTrue(tagged.reactions.reactions_as_tags)
        self.assertEqual(chosen(tagged.reactions), [LOVE, FIRE])
        self.assertEqual(await self.tags(), [(LOVE, 2, None), (FIRE, 2, None)])
        name = tl.messages.updateSavedReactionTag(reaction=tl.reactionEmoji(emoticon=LOVE), title="fruit")
        await self.ann.call(name)
        self.assertEqual({one[0]: one[2] for one in await self.tags()}[LOVE], "fruit")
        self.assertEqual(await self.found([LOVE]), ["green apple", "red apple"])
        self.assertEqual(await self.found([LOVE, FIRE], "red"), ["red apple"])
        self.assertEqual(await self.found([PARTY]), [])
        await self.house.domain.indexer.tidy()
        self.assertEqual(await self.found([FIRE]), ["green apple", "red apple"])
        await self.ann.call(tl.messages.deleteMessages(id=[tagged.id]))
        self.assertEqual([one[:2] for one in await self.tags()], [(LOVE, 1), (FIRE, 1)])
        unknown = tl.messages.updateSavedReactionTag(reaction=tl.reactionEmoji(emoticon=PARTY), title="x")
        await self.refused("REACTION_INVALID", self.ann, unknown)
        defaults = await self.ann.call(tl.messages.getDefaultTagReactions(hash=0))
        self.assertEqual(defaults.reactions[0].emoticon, LIKE)

    async def tags(self) -> list[tuple[str, int, str | None]]:
        """Ann's."""
        answer = await self.ann.call(tl.messages.getSavedReactionTags(hash=0))
        found = [(one.reaction.emoticon, one.count, one.title) for one in answer.tags]
        return sorted(found, key=lambda one: [LOVE, FIRE, PARTY].index(one[0]))

    async def found(self, tags: list[str], words: str = "") -> list[str]:
        """What a search by tags finds."""
        search = {"min_date": 0, "max_date": 0, "offset_id": 0, "add_offset": 0, "limit": 9, "max_id": 0, "min_id": 0}
        query = tl.messages.search(
            peer=self.ann.peer(self.ann),
            q=words,
            filter=tl.inputMessagesFilterEmpty(),
            saved_reaction=[tl.reactionEmoji(emoticon=tag) for tag in tags],
            hash=0,
            **search,
        )
        return [message.message for message in (await self.ann.call(query)).messages]


def _count_txn(txn: Any, table: str) -> int:
    txn.execute(f"SELECT COUNT(*) FROM {table}")
    return int(txn.fetchone()[0])
