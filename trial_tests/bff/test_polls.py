"""Polls and to-do lists through the caller and the codec."""

from typing import Any

from teamgram.domain.polls.telling import REST
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import START, BffTestCase, Device, House
from trial_tests.bff.test_files import sent

A, B, C = b"a", b"b", b"c"


def text(words: str) -> Any:
    """``textWithEntities`` without any."""
    return tl.textWithEntities(text=words, entities=[])


def asked(*, options: tuple[bytes, ...] = (A, B, C), solution: str | None = None, **fields: Any) -> Any:
    """``inputMediaPoll``; ``correct`` makes it a quiz."""
    correct = fields.pop("correct", None)
    answers = [tl.pollAnswer(text=text(option.decode().upper()), option=option) for option in options]
    fields = {"id": 0, "question": text("Which?"), "answers": answers, "hash": 0, **fields}
    poll = tl.poll(quiz=correct is not None, **fields)
    return tl.inputMediaPoll(
        poll=poll,
        correct_answers=correct,
        solution=solution,
        solution_entities=None if solution is None else [],
    )


class PollsTestCase(BffTestCase):
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
        self.house.domain.polls.start()
        self.addCleanup(self.house.domain.polls.stop)

    async def newest(self, device: Device, peer: Any = None) -> Any:
        """The newest message of a dialog; of the group if nothing else is said."""
        return (await device.history(peer or self.group)).messages[0]

    async def vote(self, device: Device, *options: bytes, message_id: int = 0, peer: Any = None) -> Any:
        """The update in the answer to a vote, in the newest message if nothing else is said."""
        message_id = message_id or (await self.newest(device, peer)).id
        answer = await device.call(
            tl.messages.sendVote(peer=peer or self.group, msg_id=message_id, options=list(options))
        )
        (update,) = answer.updates
        return update

    async def take_all(self) -> dict[str, list[Any]]:
        """What everybody was pushed."""
        await self.house.domain.polls.settled()
        return {device.user.first_name: await device.take() for device in self.all}


def counted(results: Any) -> list[int] | None:
    """Votes by answer, None when they are not told."""
    return None if results.results is None else [one.voters for one in results.results]


def chosen(results: Any) -> list[bytes]:
    """What the viewer voted."""
    return [one.option for one in results.results or () if one.chosen]


@on_every_backend
class PollsTests(PollsTestCase):
    """Votes."""

    async def test_one_poll_for_all(self) -> None:
        """Everybody has the same poll; how it stands is told who has voted, and nobody sees another's choice."""
        message = await sent(self.ann, self.group, asked())
        self.assertEqual((message.media.NAME, message.media.poll.question.text), ("messageMediaPoll", "Which?"))
        self.assertTrue(message.media.poll.creator)
        mine = await self.newest(self.bob)
        self.assertEqual(mine.media.poll.id, message.media.poll.id)
        self.assertFalse(mine.media.poll.creator)
        await self.take_all()
        update = await self.vote(self.bob, B)
        self.assertEqual((update.poll_id, update.msg_id), (message.media.poll.id, mine.id))
        self.assertEqual((counted(update.results), chosen(update.results)), ([0, 1, 0], [B]))
        self.assertFalse(update.results.min)
        pushed = await self.take_all()
        (told,) = pushed["Ann"]
        self.assertEqual((told.NAME, told.results.min, told.results.total_voters), ("updateMessagePoll", True, 1))
        self.assertIsNone(told.results.results)
        seen = (await self.newest(self.ann)).media.results
        self.assertEqual((seen.total_voters, seen.results), (1, None))
        await self.vote(self.ann, A)
        seen = (await self.newest(self.ann)).media.results
        self.assertEqual((counted(seen), chosen(seen)), ([1, 1, 0], [A]))

    async def test_updates_are_coalesced(self) -> None:
        """However many vote, each is told at once and then once a second."""
        await sent(self.ann, self.group, asked())
        await self.vote(self.ann, A)
        await self.take_all()
        self.house.clock.advance(REST)
        await self.take_all()
        await self.vote(self.bob, A)
        await self.vote(self.eve, B)
        await self.vote(self.eve)
        await self.vote(self.eve, C)
        (told,) = [update for update in (await self.take_all())["Ann"] if update.NAME == "updateMessagePoll"]
        self.assertEqual(counted(told.results), [2, 0, 0])
        self.house.clock.advance(REST)
        (told,) = [update for update in (await self.take_all())["Ann"] if update.NAME == "updateMessagePoll"]
        self.assertEqual((counted(told.results), chosen(told.results), told.results.min), ([2, 0, 1], [], True))

    async def test_own_devices(self) -> None:
        """The voter's other devices are told what was voted."""
        await sent(self.ann, self.group, asked())
        phone = Device(self.house, self.bob.user)
        await self.vote(self.bob, C)
        told = (await phone.take())[0]
        self.assertEqual((told.results.min, chosen(told.results)), (False, [C]))

    async def test_changed_and_taken_back(self) -> None:
        """A vote is changed and taken back; the same again changes nothing."""
        await sent(self.ann, self.group, asked(multiple_choice=True))
        self.assertEqual(counted((await self.vote(self.bob, A, C)).results), [1, 0, 1])
        self.assertEqual(counted((await self.vote(self.bob, B)).results), [0, 1, 0])
        update = await self.vote(self.bob, B)
        self.assertEqual((counted(update.results), update.results.total_voters), ([0, 1, 0], 1))
        update = await self.vote(self.bob)
        self.assertEqual((update.results.results, update.results.total_voters), (None, 0))

    async def test_what_is_no_vote(self) -> None:
        """Several where one is asked for, what is no answer, what is no poll, and from outside."""
        await sent(self.ann, self.group, asked())
        id_ = (await self.newest(self.bob)).id

        def vote(*options: bytes, msg_id: int = id_) -> Any:
            return tl.messages.sendVote(peer=self.group, msg_id=msg_id, options=list(options))

        await self.refused("OPTIONS_TOO_MUCH", self.bob, vote(A, B))
        await self.refused("OPTION_INVALID", self.bob, vote(b"x"))
        await self.refused("MESSAGE_ID_INVALID", self.bob, vote(A, msg_id=id_ + 1))
        await self.refused("MESSAGE_ID_INVALID", self.bob, vote(A, msg_id=id_ - 1))
        await self.ann.call(
            tl.messages.deleteChatUser(chat_id=self.group.chat_id, user_id=self.ann.input_user(self.bob))
        )
        await self.refused("CHAT_FORBIDDEN", self.bob, vote(A))
        await self.refused(
            "CHAT_FORBIDDEN", self.bob, tl.messages.getPollResults(peer=self.group, msg_id=id_, poll_hash=0)
        )
        # Nor is he told how it goes on.
        await self.bob.take()
        id_ = next(one.id for one in (await self.ann.history(self.group)).messages if one.NAME == "message")
        await self.vote(self.ann, A, message_id=id_)
        self.assertEqual((await self.take_all())["Bob"], [])
        kept = next(one for one in (await self.bob.history(self.group)).messages if one.NAME == "message")
        self.assertEqual(kept.media.results.total_voters, 0)

    async def test_quiz(self) -> None:
        """Right and wrong are told with the solution after the vote, which stays."""
        await sent(self.ann, self.group, asked(correct=[1], solution="Because."))
        unseen = (await self.newest(self.bob)).media
        self.assertTrue(unseen.poll.quiz)
        self.assertEqual((unseen.results.results, unseen.results.solution), (None, None))
        results = (await self.vote(self.bob, A)).results
        self.assertEqual([one.correct for one in results.results], [False, True, False])
        self.assertEqual(results.solution, "Because.")
        id_ = (await self.newest(self.bob)).id
        for options in ([B], []):
            query = tl.messages.sendVote(peer=self.group, msg_id=id_, options=options)
            await self.refused("REVOTE_NOT_ALLOWED", self.bob, query)

    async def test_hidden_until_the_end(self) -> None:
        """Voters see their own vote alone until it is closed."""
        message = await sent(self.ann, self.group, asked(hide_results_until_close=True))
        results = (await self.vote(self.bob, B)).results
        self.assertEqual((counted(results), chosen(results)), ([0, 0, 0], [B]))
        await self.close(message.id)
        results = (await self.newest(self.bob)).media.results
        self.assertEqual((counted(results), chosen(results)), ([0, 1, 0], [B]))

    async def close(self, message_id: int, device: Device | None = None) -> Any:
        """End the poll."""
        media = asked(closed=True)
        query = tl.messages.editMessage(peer=self.group, id=message_id, media=media)
        return await (device or self.ann).call(query)

    async def test_closed(self) -> None:
        """By its author, told live and by the difference; nobody votes any more, everybody sees how it ended."""
        message = await sent(self.ann, self.group, asked())
        await self.vote(self.bob, B)
        self.house.clock.advance(3 * 86_400)  # also when a text could not be edited any more
        state = await self.eve.call(tl.updates.getState())
        await self.take_all()
        closing = tl.messages.editMessage(
            peer=self.group, id=(await self.newest(self.bob)).id, media=asked(closed=True)
        )
        await self.refused("MESSAGE_AUTHOR_REQUIRED", self.bob, closing)
        ended, edited = (await self.close(message.id)).updates
        self.assertEqual((ended.NAME, ended.poll.closed, ended.poll.creator), ("updateMessagePoll", True, True))
        self.assertEqual((edited.NAME, edited.message.media.poll.closed), ("updateEditMessage", True))
        self.assertIsNone(edited.message.edit_date)
        pushed = await self.take_all()
        live = next(update for update in pushed["Eve"] if update.NAME == "updateEditMessage")
        self.assertEqual(counted(live.message.media.results), [0, 1, 0])
        self.assertIn("updateMessagePoll", [update.NAME for update in pushed["Eve"]])
        (again,) = (await self.eve.difference(state.pts)).other_updates
        self.assertTrue(again.message.media.poll.closed)
        vote = tl.messages.sendVote(peer=self.group, msg_id=live.message.id, options=[A])
        await self.refused("MESSAGE_POLL_CLOSED", self.eve, vote)
        query = tl.messages.editMessage(peer=self.group, id=message.id, media=asked(closed=True))
        await self.refused("MESSAGE_NOT_MODIFIED", self.ann, query)
        query = tl.messages.editMessage(peer=self.group, id=message.id, media=asked())
        await self.refused("MEDIA_NEW_INVALID", self.ann, query)

    async def test_closed_by_the_clock(self) -> None:
        """At its time, also when that came while the server was away."""
        for away in (False, True):
            message = await sent(self.ann, self.group, asked(close_period=60))
            self.assertEqual((message.media.poll.close_period, message.media.poll.close_date > START), (60, True))
            if away:
                await self.house.domain.polls.stop()
            self.house.clock.advance(61)
            id_ = (await self.newest(self.bob)).id
            if away:
                vote = tl.messages.sendVote(peer=self.group, msg_id=id_, options=[A])
                await self.refused("MESSAGE_POLL_CLOSED", self.bob, vote)
                self.house.domain.polls.start()
            await self.house.domain.polls.settled()
            self.assertTrue((await self.newest(self.bob)).media.poll.closed)
            if not away:
                told = [update for update in await self.bob.take() if update.NAME == "updateMessagePoll"]
                self.assertEqual([update.poll.closed for update in told], [True])

    async def test_sent_on(self) -> None:
        """What was sent on is the same poll, wherever it lies; whose vote it is, is one's own."""
        message = await sent(self.ann, self.group, asked())
        await self.vote(self.bob, B)
        to_self = self.ann.peer(self.ann)
        forward = tl.messages.forwardMessages(from_peer=self.group, to_peer=to_self, id=[message.id], random_id=[5])
        answer = await self.ann.call(forward)
        copy = answer.updates[-1].message
        self.assertEqual((copy.media.poll.id, copy.media.results.total_voters), (message.media.poll.id, 1))
        await self.vote(self.ann, C, message_id=copy.id, peer=to_self)
        results = (await self.newest(self.bob)).media.results
        self.assertEqual((counted(results), chosen(results)), ([0, 1, 1], [B]))
        # It stays while one message shows it, and no longer.
        await self.ann.call(tl.messages.deleteMessages(id=[message.id], revoke=True))
        self.assertEqual(counted((await self.newest(self.ann, to_self)).media.results), [0, 1, 1])
        await self.ann.call(tl.messages.deleteMessages(id=[copy.id], revoke=True))
        for table in ("polls", "poll_votes", "poll_places"):
            self.assertEqual(await self.house.database.read("left", _count_txn, table), 0, table)

    async def test_who_voted(self) -> None:
        """Of a public poll, page by page, for who has voted; of one answer if that is asked for."""
        await sent(self.ann, self.group, asked(public_voters=True, multiple_choice=True))
        ids = {device: (await self.newest(device)).id for device in self.all}

        def votes(device: Device, **fields: Any) -> Any:
            return tl.messages.getPollVotes(**{"peer": self.group, "id": ids[device], "limit": 10, **fields})

        await self.refused("POLL_VOTE_REQUIRED", self.ann, votes(self.ann))
        for device, options in ((self.bob, (A, B)), (self.eve, (B,)), (self.ann, (C,))):
            self.house.clock.advance(1)
            if device is self.eve:
                # Who has not voted is not told who has, nor given them as users.
                look = tl.messages.getPollResults(peer=self.group, msg_id=ids[device], poll_hash=0)
                answer = await device.call(look)
                self.assertEqual((answer.updates[0].results.recent_voters, answer.users), (None, []))
            results = (await self.vote(device, *options)).results
        self.assertEqual(
            [peer.user_id for peer in results.recent_voters], [d.user.id for d in (self.ann, self.eve, self.bob)]
        )
        first = await self.ann.call(votes(self.ann, limit=2))
        self.assertEqual((first.count, [vote.NAME for vote in first.votes]), (3, ["messagePeerVote"] * 2))
        self.assertEqual({user.id for user in first.users}, {self.ann.user.id, self.eve.user.id})
        last = await self.ann.call(votes(self.ann, limit=2, offset=first.next_offset))
        self.assertEqual([(v.NAME, v.options) for v in last.votes], [("messagePeerVoteMultiple", [A, B])])
        self.assertIsNone(last.next_offset)
        for offset in ("9" * 38, "1_" + "9" * 30, "_", "x_y"):
            self.assertEqual((await self.ann.call(votes(self.ann, offset=offset))).count, 3)
        of_b = await self.ann.call(votes(self.ann, option=B))
        self.assertEqual([v.peer.user_id for v in of_b.votes], [self.eve.user.id, self.bob.user.id])
        await sent(self.ann, self.group, asked())
        ids[self.ann] = (await self.newest(self.ann)).id
        await self.vote(self.ann, A)
        await self.refused("BROADCAST_FORBIDDEN", self.ann, votes(self.ann))

    async def test_what_is_no_poll(self) -> None:
        """Bounds, each by its name."""
        many = tuple(bytes([65 + place]) for place in range(13))
        for error, media in (
            ("POLL_QUESTION_INVALID", asked(question=text(" "))),
            ("POLL_QUESTION_INVALID", asked(question=text("?" * 301))),
            ("POLL_ANSWERS_INVALID", asked(options=(A,))),
            ("POLL_ANSWERS_INVALID", asked(options=many)),
            ("POLL_ANSWER_INVALID", asked(options=(A, b" "))),
            ("POLL_OPTION_DUPLICATE", asked(options=(A, A))),
            ("QUIZ_CORRECT_ANSWERS_EMPTY", asked(correct=[])),
            ("QUIZ_CORRECT_ANSWERS_TOO_MUCH", asked(correct=[0, 1])),
            ("QUIZ_CORRECT_ANSWER_INVALID", asked(correct=[3])),
            ("QUIZ_MULTIPLE_INVALID", asked(correct=[0], multiple_choice=True)),
            ("POLL_UNSUPPORTED", asked(open_answers=True)),
            ("POLL_CLOSE_DATE_INVALID", asked(close_date=START - 1)),
        ):
            query = tl.messages.sendMedia(peer=self.group, media=media, message="", random_id=9)
            await self.refused(error, self.ann, query)

    async def test_where_polls_are_forbidden(self) -> None:
        """A group may want none of its members."""
        rights = tl.chatBannedRights(send_polls=True, until_date=0)
        await self.ann.call(tl.messages.editChatDefaultBannedRights(peer=self.group, banned_rights=rights))
        query = tl.messages.sendMedia(peer=self.group, media=asked(), message="", random_id=9)
        await self.refused("CHAT_SEND_POLL_FORBIDDEN", self.bob, query)
        await sent(self.ann, self.group, asked())
        await self.vote(self.bob, A)

    async def test_across_a_block(self) -> None:
        """Who is blocked changes nothing that the other sees."""
        await sent(self.ann, self.ann.peer(self.bob), asked())
        message = await self.newest(self.bob, self.bob.peer(self.ann))
        await self.house.contacts.block(self.ann.user.id, self.bob.user.id, 1)
        query = tl.messages.sendVote(peer=self.bob.peer(self.ann), msg_id=message.id, options=[A])
        await self.refused("CHAT_WRITE_FORBIDDEN", self.bob, query)

    async def test_names_that_the_server_gives(self) -> None:
        """``inputPollAnswer`` has none."""
        media = asked()
        media.poll.answers = [tl.inputPollAnswer(text=text(word)) for word in ("yes", "no")]
        message = await sent(self.ann, self.group, media)
        self.assertEqual([answer.option for answer in message.media.poll.answers], [b"0", b"1"])

    async def test_found_by_what_is_asked(self) -> None:
        """By words of it, and by being a poll."""
        await sent(self.ann, self.group, asked())
        await self.ann.send(self.group, "Which nothing")
        await self.house.domain.indexer.tidy()
        search = {"peer": self.group, "min_date": 0, "max_date": 0, "offset_id": 0, "add_offset": 0, "limit": 9}
        search |= {"max_id": 0, "min_id": 0, "hash": 0}
        query = tl.messages.search(q="which", filter=tl.inputMessagesFilterPoll(), **search)
        (found,) = (await self.ann.call(query)).messages
        self.assertEqual(found.media.NAME, "messageMediaPoll")

    async def test_old_layers(self) -> None:
        """A client of layer 135 asks, votes and looks beside one of the newest."""
        old = await self.house.sign_up("Old", layer=135)
        to_old, to_ann = self.ann.peer(old), old.peer(self.ann)
        message = await sent(self.ann, to_old, asked(public_voters=True))
        seen = await self.newest(old, to_ann)
        self.assertEqual(seen.media.poll.question.text, "Which?")
        update = await self.vote(old, B, message_id=seen.id, peer=to_ann)
        self.assertEqual(chosen(update.results), [B])
        await self.vote(self.ann, B, message_id=message.id, peer=to_old)
        found = await old.call(tl.messages.getPollVotes(peer=to_ann, id=seen.id, limit=9))
        self.assertEqual(found.count, 2)
        media = asked(correct=[C])  # old layers name what is right by its option
        await sent(old, to_ann, media)
        results = (await self.vote(self.ann, A, peer=to_old)).results
        self.assertEqual([one.correct for one in results.results], [False, False, True])


def _count_txn(txn: Any, table: str) -> int:
    txn.execute(f"SELECT COUNT(*) FROM {table}")
    return int(txn.fetchone()[0])


@on_every_backend
class TodoListsTests(PollsTestCase):
    """Things to do."""

    def listed(self, *items: str, **fields: Any) -> Any:
        """``inputMediaTodo``."""
        things = [tl.todoItem(id=at, title=text(item)) for at, item in enumerate(items, 1)]
        return tl.inputMediaTodo(todo=tl.todoList(title=text("To do"), list=things, **fields))

    async def test_ticked_off(self) -> None:
        """By others where they may; everybody is told by the message and by a service message."""
        message = await sent(self.ann, self.group, self.listed("bread", "milk", others_can_complete=True))
        id_ = (await self.newest(self.bob)).id
        await self.take_all()
        tick = tl.messages.toggleTodoCompleted(peer=self.group, msg_id=id_, completed=[2], incompleted=[])
        edited, told = (await self.bob.call(tick)).updates
        self.assertEqual([one.id for one in edited.message.media.completions], [2])
        self.assertEqual((told.message.action.completed, told.message.reply_to.reply_to_msg_id), ([2], id_))
        edited, told = await self.ann.take()
        self.assertEqual((edited.message.id, told.message.reply_to.reply_to_msg_id), (message.id, message.id))
        (done,) = edited.message.media.completions
        self.assertEqual(done.completed_by.user_id, self.bob.user.id)
        await self.refused("TODO_NOT_MODIFIED", self.bob, tick)
        untick = tl.messages.toggleTodoCompleted(peer=self.group, msg_id=id_, completed=[], incompleted=[2])
        edited, _ = (await self.bob.call(untick)).updates
        self.assertIsNone(edited.message.media.completions)
        wrong = tl.messages.toggleTodoCompleted(peer=self.group, msg_id=id_, completed=[7], incompleted=[])
        await self.refused("OPTION_INVALID", self.bob, wrong)

    async def test_whose_it_is(self) -> None:
        """Who made it adds, ticks and edits; others what they are let, and nobody in what was sent on."""
        message = await sent(self.ann, self.group, self.listed("bread"))
        id_ = (await self.newest(self.bob)).id
        tick = tl.messages.toggleTodoCompleted(peer=self.group, msg_id=id_, completed=[1], incompleted=[])
        await self.refused("MESSAGE_AUTHOR_REQUIRED", self.bob, tick)
        more = [tl.todoItem(id=2, title=text("milk"))]
        await self.refused(
            "MESSAGE_AUTHOR_REQUIRED", self.bob, tl.messages.appendTodoList(peer=self.group, msg_id=id_, list=more)
        )
        append = tl.messages.appendTodoList(peer=self.group, msg_id=message.id, list=more)
        edited, told = (await self.ann.call(append)).updates
        self.assertEqual([item.id for item in edited.message.media.todo.list], [1, 2])
        self.assertEqual([item.title.text for item in told.message.action.list], ["milk"])
        await self.refused("TODO_ITEM_DUPLICATE", self.ann, append)
        tick.msg_id = message.id
        await self.ann.call(tick)
        new = tl.messages.editMessage(peer=self.group, id=message.id, media=self.listed("rye bread", "milk", "tea"))
        (edited,) = (await self.ann.call(new)).updates
        self.assertEqual([item.title.text for item in edited.message.media.todo.list], ["rye bread", "milk", "tea"])
        self.assertEqual([one.id for one in edited.message.media.completions], [1])
        forward = tl.messages.forwardMessages(
            from_peer=self.group, to_peer=self.ann.peer(self.ann), id=[message.id], random_id=[5]
        )
        copy = (await self.ann.call(forward)).updates[-1].message
        self.assertEqual(len(copy.media.todo.list), 3)
        tick = tl.messages.toggleTodoCompleted(
            peer=self.ann.peer(self.ann), msg_id=copy.id, completed=[2], incompleted=[]
        )
        await self.refused("MESSAGE_AUTHOR_REQUIRED", self.ann, tick)

    async def test_what_is_no_list(self) -> None:
        """Bounds, and old clients see that there is something."""
        for error, media in (
            ("TODO_ITEMS_EMPTY", self.listed()),
            ("TODO_ITEMS_EMPTY", self.listed(" ")),
            ("TODO_TITLE_INVALID", tl.inputMediaTodo(todo=tl.todoList(title=text(""), list=[]))),
        ):
            query = tl.messages.sendMedia(peer=self.group, media=media, message="", random_id=9)
            await self.refused(error, self.ann, query)
        old = await self.house.sign_up("Old", layer=158)
        await sent(self.ann, self.ann.peer(old), self.listed("bread"))
        seen = await self.newest(old, old.peer(self.ann))
        self.assertEqual(seen.media.NAME, "messageMediaUnsupported")
