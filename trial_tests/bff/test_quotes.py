"""Quotes, forwards' headers and random ids through the door."""

from typing import Any

from teamgram.domain.privacy.keys import FORWARDS
from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_chats import GroupTestCase
from trial_tests.bff.test_messages import TalkTestCase, error_of

NOBODY = [Rule(RuleKind.DISALLOW_ALL)]


def quoting(message_id: int, text: str, peer: Any = None, offset: int | None = None, entities: Any = None) -> Any:
    """``inputReplyToMessage`` with a quote."""
    return tl.inputReplyToMessage(
        reply_to_msg_id=message_id,
        reply_to_peer_id=peer,
        quote_text=text,
        quote_offset=offset,
        quote_entities=entities,
    )


@on_every_backend
class QuoteTests(GroupTestCase):
    """messages.sendMessage with a quote."""

    async def test_words_that_were_written(self) -> None:
        """A part of the answered message is quoted, its place and formatting being the server's."""
        _, anna, boris, _ = await self.house()
        bold = tl.messageEntityBold(offset=5, length=4)
        await anna.send(anna.peer(boris), "😀 so bold of you", entities=[tl.messageEntityBold(offset=6, length=4)])
        await boris.send(boris.peer(anna), "is it?", reply_to=quoting(1, "so bold of", offset=0))
        header = (await anna.take())[-1].message.reply_to
        self.assertEqual((header.quote, header.quote_text, header.quote_offset), (True, "so bold of", 3))
        self.assertEqual(header.quote_entities, [tl.messageEntityBold(offset=3, length=4)])
        forged = quoting(1, "so bold of", entities=[bold])
        self.assertEqual(await error_of(boris.send(boris.peer(anna), "x", reply_to=forged)), "QUOTE_TEXT_INVALID")

    async def test_forged_words(self) -> None:
        """Words that nobody wrote there, a message that is not there, and one of a third chat quote nothing."""
        _, anna, boris, clara = await self.house()
        await anna.send(anna.peer(boris), "I owe you nothing")
        await clara.send(clara.peer(boris), "I owe you everything")
        peer = boris.peer(anna)
        for reply in (
            quoting(1, "I owe you everything"),
            quoting(1, "i owe you"),
            quoting(2, "I owe you"),
            quoting(99, "I owe you"),
            quoting(1, "I owe you everything", boris.peer(anna)),
            quoting(1, "I owe you everything", boris.peer(clara)),
            quoting(2, "I owe you nothing", boris.peer(clara)),
            quoting(99, "I owe you", boris.peer(clara)),
            quoting(1, "I owe you nothing", boris.peer(clara)),
        ):
            self.assertEqual(await error_of(boris.send(peer, "you said", reply_to=reply)), "QUOTE_TEXT_INVALID")
        await boris.send(peer, "she said", reply_to=quoting(2, "owe you everything", boris.peer(clara)))
        header = (await anna.take())[-1].message.reply_to
        self.assertEqual(header.reply_from.from_id, tl.peerUser(user_id=clara.user.id))
        self.assertEqual((header.quote_text, header.quote_offset), ("owe you everything", 2))

    async def test_from_a_group_that_one_has_left(self) -> None:
        """What is said in a group is quoted elsewhere by its members alone, unless it is protected."""
        _, anna, boris, clara, chat_id = await self.group()
        peer = tl.inputPeerChat(chat_id=chat_id)
        await anna.send(peer, "between us")
        (message,) = [m for m in (await boris.history(peer)).messages if m.NAME == "message"]
        quote = quoting(message.id, "between us", peer)
        await boris.send(boris.peer(clara), "look", reply_to=quote)
        self.assertEqual((await clara.take())[-1].message.reply_to.quote_text, "between us")
        await anna.call(tl.messages.toggleNoForwards(peer=peer, enabled=True))
        self.assertEqual(
            await error_of(boris.send(boris.peer(clara), "look", reply_to=quote)), "CHAT_FORWARDS_RESTRICTED"
        )
        await anna.call(tl.messages.toggleNoForwards(peer=peer, enabled=False))
        await self.remove(anna, chat_id, boris)
        self.assertEqual(await error_of(boris.send(boris.peer(clara), "look", reply_to=quote)), "QUOTE_TEXT_INVALID")


@on_every_backend
class ForwardsPrivacyTests(TalkTestCase):
    """Who does not want to be linked to is named only."""

    async def hidden(self) -> tuple[House, Device, Device, Device]:
        house, anna, boris, clara = await self.house()
        await house.privacy.set(anna.user.id, FORWARDS, NOBODY)
        await anna.send(anna.peer(boris), "from Anna")
        return house, anna, boris, clara

    def forward(self, device: Device, to: Any, of: Any, message_id: int, random_id: int) -> Any:
        return device.call(
            tl.messages.forwardMessages(from_peer=of, to_peer=to, id=[message_id], random_id=[random_id])
        )

    async def test_a_name_instead_of_a_link(self) -> None:
        """A forward says who it was by name alone, and so does a forward of that."""
        house, anna, boris, clara = await self.hidden()
        await self.forward(boris, boris.peer(clara), boris.peer(anna), 1, 5)
        (update,) = await clara.take()
        header = update.message.fwd_from
        self.assertEqual((header.from_id, header.from_name), (None, "Anna"))
        dora = await house.sign_up("Dora")
        await house.privacy.set(anna.user.id, FORWARDS, [Rule(RuleKind.ALLOW_ALL)])
        await self.forward(clara, clara.peer(dora), clara.peer(boris), update.message.id, 6)
        header = (await dora.take())[-1].message.fwd_from
        self.assertEqual((header.from_id, header.from_name), (None, "Anna"))

    async def test_who_sends_it_on_decides(self) -> None:
        """The rules are asked about who forwards: a contact may, a stranger who has it from the contact may not."""
        house, anna, boris, clara = await self.house()
        await house.privacy.set(anna.user.id, FORWARDS, [Rule(RuleKind.ALLOW_CONTACTS)])
        await house.contacts.add(anna.user.id, boris.user, "Boris", "", "", 1)
        await anna.send(anna.peer(boris), "from Anna")
        await self.forward(boris, boris.peer(clara), boris.peer(anna), 1, 5)
        (update,) = await clara.take()
        self.assertEqual(update.message.fwd_from.from_id, tl.peerUser(user_id=anna.user.id))
        await self.forward(clara, clara.peer(boris), clara.peer(boris), update.message.id, 6)
        header = (await boris.take())[-1].message.fwd_from
        self.assertEqual((header.from_id, header.from_name), (None, "Anna"))

    async def test_answers_in_another_chat(self) -> None:
        """The header of an answer elsewhere names by name alone, too; one's own words are always one's own."""
        _, anna, boris, clara = await self.hidden()
        await boris.send(boris.peer(clara), "she says", reply_to=quoting(1, "Anna", boris.peer(anna)))
        header = (await clara.take())[-1].message.reply_to
        self.assertEqual((header.reply_from.from_id, header.reply_from.from_name), (None, "Anna"))
        await self.forward(anna, anna.peer(clara), anna.peer(boris), 1, 7)
        self.assertEqual((await clara.take())[-1].message.fwd_from.from_id, tl.peerUser(user_id=anna.user.id))


@on_every_backend
class RandomIdTests(TalkTestCase):
    """One random id is one message of its sender."""

    async def test_used_again_for_somebody_else(self) -> None:
        """The same random id with another peer is refused, not taken for a resend; also when all is deleted."""
        _, anna, boris, clara = await self.house()
        first = await anna.send(anna.peer(boris), "for Boris", random_id=77)
        self.assertEqual(await error_of(anna.send(anna.peer(clara), "x", random_id=77)), "RANDOM_ID_DUPLICATE")
        self.assertEqual((await anna.send(anna.peer(boris), "for Boris", random_id=77)).id, first.id)
        forward = tl.messages.forwardMessages(
            from_peer=anna.peer(boris), to_peer=anna.peer(clara), id=[first.id], random_id=[77]
        )
        self.assertEqual(await error_of(anna.call(forward)), "RANDOM_ID_DUPLICATE")
        await anna.call(tl.messages.deleteMessages(id=[first.id], revoke=True))
        self.assertEqual(await error_of(anna.send(anna.peer(clara), "x", random_id=77)), "RANDOM_ID_DUPLICATE")
        again = await anna.send(anna.peer(boris), "for Boris", random_id=77)
        self.assertEqual(again.updates[0], tl.updateMessageID(id=first.id, random_id=77))
        self.assertEqual(await clara.take(), [])
        # Unique for each sender: another one may use it.
        await boris.send(boris.peer(clara), "mine", random_id=77)

    async def test_none_at_all(self) -> None:
        """0 is no random id, alone or among others, and there is one for each message."""
        _, anna, boris, _ = await self.house()
        self.assertEqual(await error_of(anna.send(anna.peer(boris), "x", random_id=0)), "RANDOM_ID_EMPTY")
        await anna.send(anna.peer(boris), "one")
        await anna.send(anna.peer(boris), "two")
        for random_ids, error in (([5, 0], "EMPTY"), ([5], "INVALID"), ([5, 5], "INVALID"), ([5, 6, 7], "INVALID")):
            forward = tl.messages.forwardMessages(
                from_peer=anna.peer(boris), to_peer=anna.peer(boris), id=[1, 2], random_id=random_ids
            )
            self.assertEqual(await error_of(anna.call(forward)), f"RANDOM_ID_{error}")
