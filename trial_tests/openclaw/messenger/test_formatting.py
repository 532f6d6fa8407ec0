"""What models write, as messages: formatted, and cut where nothing is cut through."""

import random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.messages.text import MAX_ENTITIES, MAX_LENGTH, clean, cut_utf16, utf16_length
from teamgram.openclaw.agent.outcome import ABORTED, ERROR, OK, Outcome
from teamgram.openclaw.messenger import reply
from teamgram.openclaw.messenger.formatting import as_messages
from teamgram.openclaw.messenger.markdown import formatted
from teamgram.openclaw.messenger.turns import shown_of
from trial_tests.openclaw.messenger.messenger import MessengerTestCase


class MarkdownTests(SynchronousTestCase):
    """One text."""

    def check(self, markdown: str, text: str, *parts: tuple[Any, ...]) -> None:
        """What is read of it: kind, the words, and where a link leads or the language."""
        found = formatted(markdown)
        self.assertEqual(found.text, text)
        read = [(one.kind, found.text[one.start : one.end], one.url or one.language) for one in found.spans]
        self.assertEqual(
            sorted(read), sorted((kind, words, *more, *[""] * (1 - len(more))) for kind, words, *more in parts)
        )

    def test_words(self) -> None:
        """Bold, italic, struck, code, links; within one another."""
        self.check("**a** *b* _c_ ~~d~~ `e*`", "a b c d e*", ("bold", "a"), ("italic", "b"), ("italic", "c"),
                   ("strike", "d"), ("code", "e*"))  # fmt: skip
        self.check("***both*** __so *and* so__", "both so and so", ("bold", "both"), ("italic", "both"),
                   ("bold", "so and so"), ("italic", "and"))  # fmt: skip
        self.check("[a **b**](https://x.y/z_(1))", "a b", ("textUrl", "a b", "https://x.y/z_(1)"), ("bold", "b"))
        self.check("``a ` b`` ![alt](http://i.j)", "a ` b alt", ("code", "a ` b"), ("textUrl", "alt", "http://i.j"))
        self.check("这是**粗体**文字", "这是粗体文字", ("bold", "粗体"))

    def test_what_is_none(self) -> None:
        """Signs without an end, within names and in sums stay; a link that no app opens is written out."""
        for text in ("**a and [x](", "2*3*4", "snake_case_name", "a * b * c", "`a", "**** a ****"):
            self.check(text, text)
        self.check(r"\*a\* <b>", "*a* <b>")
        self.check("[f](src/f.py) [g](javascript:x)", "f (src/f.py) g (javascript:x)")
        self.check("**see https://x.y/a_b_c**", "see https://x.y/a_b_c", ("bold", "see https://x.y/a_b_c"))

    def test_blocks(self) -> None:
        """Headings, lists, quotes, rules; code, also while its end has not come."""
        self.check(
            "# A *b*\n- x\n  * y\n- [x] z\n1. w\n---",
            "A b\n• x\n  • y\n☑ z\n1. w\n———",
            ("bold", "A b"),
            ("italic", "b"),
        )
        self.check("> a\n> **b**\nc", "a\nb\nc", ("blockquote", "a\nb"), ("bold", "b"))
        self.check("x\n```py\na\n\tb **c**\n```\ny", "x\na\n    b **c**\ny", ("pre", "a\n    b **c**", "py"))
        self.check("```\nopen **x", "open **x", ("pre", "open **x"))
        self.check("~~~\n```\n~~~", "```", ("pre", "```"))
        self.check("  ```\n  a\n  ```", "a", ("pre", "a"))

    def test_tables(self) -> None:
        """In columns, wide characters as two; a wide one row by row."""
        drawn = "a    | b\n-----+--\n1    | x\n日本 | 3"
        self.check("| a | b |\n|---|:-:|\n| 1 | **x** |\n| 日本 | 3 |\nend", f"{drawn}\nend", ("pre", drawn))
        long = "word " * 20
        text = f"A|B\n-|-\nx|{long}"
        self.check(text, f"• x\n   B: {long.strip()}", ("bold", "x"), ("bold", "B:"))
        self.check("a | b\nno table", "a | b\nno table")

    def test_hostile(self) -> None:
        """Whatever a model writes is read once: what takes a second here would take hours if it were not."""
        for piece in ("*a ", "**a", "[a", "`a``", "[a](b", "***a", "|-", "> ", "# " + " " * 100, "<https:", "]("):
            formatted(piece * (30_000 // len(piece)))


class MessagesTests(SynchronousTestCase):
    """Cut into messages."""

    def test_random(self) -> None:
        """Whatever is written: each fits, its parts are whole and in it, and no word is lost."""
        choice = random.Random(15)
        code, table = "\n```py\nprint('👍')\n", "| a | b |\n|---|---|\n| 1 | 2 |\n"
        atoms = ["word ", "👍🏽 ", "**bold words** ", "`code` ", "[a link](https://x.y/z) ", "line\n", code * 3, table]
        atoms += ["\n```\n", "é́ ", "_it_ ", "- item\n", "> said\n"]
        for _ in range(40):
            text = "".join(choice.choice(atoms) for _ in range(choice.randrange(1, 1500)))
            messages = as_messages(text)
            for message in messages:
                self.assertLessEqual(utf16_length(message.text), MAX_LENGTH)
                self.assertLessEqual(len(message.entities), MAX_ENTITIES)
                # It raises where a part begins or ends inside a character, or outside of the text.
                self.assertEqual(clean(message.text, message.entities)[0], message.text)
                for one in message.entities:
                    words = cut_utf16(message.text, one.offset, one.length)
                    expected = {"bold": "bold words", "italic": "it", "textUrl": "a link", "code": "code"}
                    self.assertEqual(words, expected.get(one.kind, words))
            self.assertEqual("".join("".join(m.text for m in messages).split()), "".join(formatted(text).text.split()))

    def test_block_over_two_messages(self) -> None:
        """A block that is longer than a message goes on in the next one, in the same language."""
        code = "\n".join(f"line {number} 👍" for number in range(800))
        first, second, third = as_messages(f"See:\n```py\n{code}\n```\nDone.")
        for message in (first, second, third):
            self.assertEqual([(one.kind, one.language) for one in message.entities], [("pre", "py")])
            self.assertTrue(message.text.split("\n")[1].startswith("line "))
        self.assertTrue(third.text.endswith("799 👍\nDone."))

    def test_note(self) -> None:
        """A word of ours is never inside what the model had not ended."""
        (message,) = as_messages("```\nopen", "⚠️ It *broke*")
        self.assertEqual((message.text, message.entities), ("open\n\n⚠️ It *broke*", (Entity("pre", 0, 4),)))

    def test_found(self) -> None:
        """Links and names that nobody marked, as in what people write."""
        (message,) = as_messages("see https://a.b, @ann")
        self.assertEqual([one.kind for one in message.entities], ["url", "mention"])
        self.assertEqual(as_messages(" \n "), [])


class EndTests(SynchronousTestCase):
    """The word below a reply."""

    def shown(self, status: str, text: str = "", **more: Any) -> tuple[str, str]:
        """Of a run that ended so."""
        return shown_of(Outcome(status, "It broke.", 0, 0, text=text, **more))

    def test_words(self) -> None:
        """Failed, stopped, without words; nothing where another run's reply answers, or the agent wants none."""
        self.assertEqual(self.shown(ERROR, "so far"), ("so far", "⚠️ It broke."))
        self.assertEqual(self.shown(ABORTED), ("", "⏹ Stopped."))
        self.assertEqual(self.shown(ABORTED, "so far"), ("so far", "⏹ Stopped."))
        self.assertEqual(self.shown(OK, "done", model="one/a"), ("done", ""))
        self.assertEqual(self.shown(OK, model="one/a"), ("", "✓ Done, without words."))
        self.assertEqual(self.shown(OK, " NO_REPLY ", model="one/a"), ("", ""))
        self.assertEqual(self.shown(OK), ("", ""))


class ShownTests(MessengerTestCase):
    """In a chat."""

    async def test_formatted(self) -> None:
        """The answer has its parts, in the first message and after each edit."""
        await self.write("**hello** `there`")
        self.assertEqual(await self.answers(1), ["hello there"])
        (message, *_) = (await self.talk.messages.page(Search(self.ann.id, self.bot), Page(limit=5))).messages
        self.assertEqual(message.extra.entities, (Entity("bold", 0, 5), Entity("code", 6, 5)))

    async def test_stopped(self) -> None:
        """/stop: what was said stays, and a word says that no more comes."""
        await self.write("hi chunks=100 delay=0.1", 1)

        async def begun() -> bool:
            return any("word1" in text for out, text in await self.box() if not out)

        await self.until(begun)
        await self.write("/stop", 2)
        (said,) = await self.answers(1)
        self.assertTrue(said.startswith("word0 word1"))
        self.assertTrue(said.endswith("⏹ Stopped."))

    async def test_takes_back(self) -> None:
        """What was shown in more messages than the reply has in the end is taken away."""
        words = "word " * 1000
        live = [words]
        shown = reply.MessengerReply(
            self.talk.messages, self.messenger._reactor, sender_id=self.bot, peer=self.ann.id, run_id="r",
            text=lambda: live[0],
        )  # fmt: skip
        shown.say(words)

        async def two() -> bool:
            return len(await self.box()) == 2

        await self.until(two)
        await shown.end("short", "⏹ Stopped.")
        self.assertEqual(await self.box(), [(False, "short\n\n⏹ Stopped.")])

    async def test_no_reply(self) -> None:
        """Nobody is shown that an agent has nothing to say."""
        await self.write("NO_REPLY")
        await self.quiet(0.2)
        self.assertEqual(await self.box(), [(True, "NO_REPLY")])
