"""What content deltas mean, without any network: words, thinking, halves, repetitions."""

import json

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent.providers.openai import _Chunks
from teamgram.openclaw.agent.providers.reply_text import Deltas, ThinkingTags
from teamgram.openclaw.agent.providers.tool_calls import GrowingCalls
from trial_tests.openclaw.agent.fake_provider import openai_chunk


def heard(*deltas: object) -> tuple[str, str]:
    """(words, thinking) of a completion with these contents."""
    said: list[str] = []
    told = _Chunks(said.append)
    for delta in deltas:
        told.event("", json.dumps(openai_chunk(**(delta if isinstance(delta, dict) else {"content": delta}))))
    told.event("", json.dumps(openai_chunk("stop")))
    reply = told.reply("m")
    assert "".join(said) == reply.text, (said, reply.text)
    return reply.text, reply.thinking


class ContentTests(SynchronousTestCase):
    """The forms that content has."""

    def test_forms(self) -> None:
        """Text, a list of parts, null; reasoning under its names."""
        self.assertEqual(heard("a", None, [{"type": "text", "text": "b"}, "c"], {}), ("abc", ""))
        parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "x"}]
        self.assertEqual(heard(parts), ("x", "hm"))
        self.assertEqual(heard({"reasoning_content": "hm", "content": None}, "x"), ("x", "hm"))
        self.assertEqual(heard({"reasoning": "hm", "reasoning_content": "hm"}, "x"), ("x", "hm"))

    def test_halves_of_a_pair(self) -> None:
        """Two halves of an emoji in two deltas are one; a half without its other can be written all the same."""
        self.assertEqual(heard("x\ud83d", "\ude00y"), ("x\U0001f600y", ""))
        text, _ = heard("x\ud83d", "y")
        self.assertEqual(text, "x\ufffdy")
        self.assertEqual(heard("z\ud83d")[0], "z\ufffd")

    def test_data_null_and_done(self) -> None:
        """``data: null`` says nothing, ``[DONE]`` ends it."""
        told = _Chunks(lambda text: None)
        told.event("", "null")
        told.event("ping", "")
        self.assertFalse(told.is_complete)
        told.event("", "[DONE]")
        self.assertTrue(told.ended)


class ThinkingTagsTests(SynchronousTestCase):
    """``<think>`` in the content."""

    def split(self, text: str, size: int) -> tuple[str, str]:
        """(words, thinking) when the text comes in pieces of that size."""
        words: list[str] = []
        thoughts: list[str] = []
        tags = ThinkingTags(words.append, thoughts.append)
        for at in range(0, len(text), size):
            tags.add(text[at : at + size])
        tags.finish()
        return "".join(words), "".join(thoughts)

    def test_every_split(self) -> None:
        """However it is cut, thinking is no word; a tag in a sentence or in code is no thinking."""
        for text, expected in (
            ("<think>a < b</think>\n\nYes.", ("Yes.", "a < b")),
            ("\n<THINKING>a</thinking> b\n<think>c</think>d", ("b\nd", "ac")),
            ("Use <think> and </think> tags.", ("Use <think> and </think> tags.", "")),
            ("Code:\n```\n<think>x</think>\n```\nend", ("Code:\n```\n<think>x</think>\n```\nend", "")),
            ("<table>\n<thin", ("<table>\n<thin", "")),
            ("<think>never closed", ("", "never closed")),
            ("  \n indented\n", ("  \n indented\n", "")),
        ):
            for size in (1, 2, 3, 5, 100):
                self.assertEqual(self.split(text, size), expected, (text, size))

    def test_only_the_end_of_it(self) -> None:
        """A template that opens the block in the prompt: all before a closing tag on its own line was thinking."""
        for size in (1, 3, 7, 100):
            said: list[str] = []
            told = _Chunks(said.append, said.clear)
            text = "Hm, so\n</think>\n\nYes </think> no."
            for at in range(0, len(text), size):
                told.event("", json.dumps(openai_chunk(content=text[at : at + size])))
            told.event("", json.dumps(openai_chunk("stop")))
            reply = told.reply("m")
            self.assertEqual((reply.text, reply.thinking.strip()), ("Yes </think> no.", "Hm, so"), size)
            self.assertEqual(("".join(said), told.thinks_first), (reply.text, True))

    def test_known_to_think_first(self) -> None:
        """The next replies of that model show no thinking; one without the tag is words."""
        for text, expected in (
            ("Hm, so\n</think>\n\nYes.", ("Yes.", "Hm, so\n")),
            ("Just words.", ("Just words.", "")),
        ):
            said: list[str] = []
            told = _Chunks(said.append, self.fail, thinks_first=True)
            for at in range(0, len(text), 3):
                told.event("", json.dumps(openai_chunk(content=text[at : at + 3])))
            told.event("", json.dumps(openai_chunk("stop")))
            reply = told.reply("m")
            self.assertEqual((reply.text, reply.thinking), expected)
            self.assertEqual("".join(said), reply.text)

    def test_nothing_is_cut_up(self) -> None:
        """What is no tag comes as it came."""
        words: list[str] = []
        tags = ThinkingTags(words.append, words.append)
        for piece in ("Hel", "lo\nyou ", "there"):
            tags.add(piece)
        self.assertEqual(words, ["Hel", "lo\nyou ", "there"])


class CumulativeTests(SynchronousTestCase):
    """Providers that repeat all they said in every delta."""

    def said(self, *deltas: str) -> str:
        """What comes of them."""
        found: list[str] = []
        told = Deltas(found.append)
        for delta in deltas:
            told.add(delta)
        told.finish()
        return "".join(found)

    def test_found_out(self) -> None:
        """Each word once."""
        self.assertEqual(self.said("Hel", "Hello", "Hello wor", "Hello wor", "Hello world"), "Hello world")
        self.assertEqual(self.said("Hello", "Hello you"), "Hello you")

    def test_not_suspected(self) -> None:
        """Words that only look alike stay."""
        self.assertEqual(self.said("1", "10", "0"), "1100")
        self.assertEqual(self.said("ha", "ha", "ha"), "hahaha")
        self.assertEqual(self.said("no", "no, ", "never"), "nono, never")
        self.assertEqual(self.said("!", "!!"), "!!!")

    def test_said_again_at_the_end(self) -> None:
        """A last chunk with the whole message adds nothing."""
        found: list[str] = []
        told = Deltas(found.append)
        for delta in ("It ", "is ", "late"):
            told.add(delta)
        told.add_whole("It is late.")
        self.assertEqual("".join(found), "It is late.")


class ToolCallTests(SynchronousTestCase):
    """The ways in which calls are cut."""

    def calls(self, *pieces: tuple[object, str, str, object]) -> list[tuple[str, str, object]]:
        """(id, name, arguments) of the calls."""
        growing = GrowingCalls(8)
        for piece in pieces:
            growing.add(*piece)
        made = iter("mnopqrstuvw")
        return [(call.id, call.name, call.arguments) for call in growing.whole(lambda: next(made))]

    def test_name_repeated(self) -> None:
        """The name in each piece is one name."""
        pieces = [(0, "a", "look", ""), (0, "a", "look", '{"n"'), (0, "", "look", ": 1}")]
        self.assertEqual(self.calls(*pieces), [("a", "look", {"n": 1})])
        self.assertEqual(self.calls((0, "a", "lo", ""), (0, "", "ok", "{}")), [("a", "look", {})])

    def test_index_missing_or_the_same(self) -> None:
        """Ids tell calls apart where places do not, and names where ids do not."""
        for index in (None, 0):
            pieces = [(index, "a", "look", '{"n":'), (index, "", "", "1}"), (index, "b", "look", '{"n":2}')]
            self.assertEqual(self.calls(*pieces), [("a", "look", {"n": 1}), ("b", "look", {"n": 2})])
        nameless = [(None, "", "look", "{}"), (None, "", "hear", ""), (None, "", "", '{"n":1}')]
        self.assertEqual(self.calls(*nameless), [("m", "look", {}), ("n", "hear", {"n": 1})])

    def test_interleaved(self) -> None:
        """Two calls whose pieces take turns."""
        pieces = [(0, "a", "x", '{"n"'), (1, "b", "y", '{"m"'), (0, "", "", ":1}"), (1, "", "", ":2}")]
        self.assertEqual(self.calls(*pieces), [("a", "x", {"n": 1}), ("b", "y", {"m": 2})])
        by_id = [(0, "a", "x", '{"n"'), (0, "b", "y", '{"m"'), (0, "a", "", ":1}"), (0, "b", "", ":2}")]
        self.assertEqual(self.calls(*by_id), [("a", "x", {"n": 1}), ("b", "y", {"m": 2})])

    def test_new_id_in_each_piece(self) -> None:
        """Pieces without a name go on with the call, whatever id the server makes up."""
        self.assertEqual(self.calls((0, "a", "x", '{"n"'), (0, "b", "", ":1}")), [("a", "x", {"n": 1})])

    def test_arguments(self) -> None:
        """An object, nothing, null, twice encoded, whole at the end once more, nonsense."""
        for given, expected in (
            ([{"n": 1}], {"n": 1}),
            ([""], {}),
            ([None], {}),
            (["null"], {}),
            (['"{\\"n\\": 1}"'], {"n": 1}),
            (['{"n":', "1}", '{"n":1}'], {"n": 1}),
            (['{"n', '{"n": 1', '{"n": 1}'], {"n": 1}),
            (["{nonsense"], {"_invalid": "{nonsense"}),
            (["[1]"], {"_invalid": "[1]"}),
            (['{"n":"\\ud83d"}'], {"n": "\ufffd"}),
        ):
            pieces = [(0, "a", "x", piece) for piece in given]
            self.assertEqual(self.calls(*pieces), [("a", "x", expected)], given)

    def test_ids_of_their_own(self) -> None:
        """No id, or the same twice."""
        growing = GrowingCalls(8)
        for call_id in ("a", "a", ""):
            growing.begin(None, call_id, "x")
        ids = [call.id for call in growing.whole()]
        self.assertEqual((ids[0], len(set(ids)), all(ids)), ("a", 3, True))

    def test_too_many(self) -> None:
        """There is a bound."""
        growing = GrowingCalls(2)
        growing.begin(0, "a", "x")
        growing.begin(1, "b", "x")
        self.assertRaises(ValueError, growing.add, 2, "c", "x")

    def test_old_function_call(self) -> None:
        """``function_call``, and ``tool_calls: []`` in every chunk."""
        told = _Chunks(lambda text: None)
        for part in ({"name": "look", "arguments": '{"n"'}, {"arguments": ":1}"}):
            told.event("", json.dumps(openai_chunk(tool_calls=[], function_call=part)))
        told.event("", json.dumps(openai_chunk("function_call", tool_calls=[])))
        (call,) = told.reply("m").tool_calls
        self.assertEqual((call.name, call.arguments), ("look", {"n": 1}))
