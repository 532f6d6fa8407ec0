"""Conversations as programs send them, in the words of transcripts."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.methods.chat import clean
from teamgram.openclaw.openai_api.conversation import BadConversation, from_items, from_messages, tools_of

_PIXEL = "data:image/png;base64,aGVsbG8="


class ConversationTests(SynchronousTestCase):
    """Messages and items."""

    def test_messages(self) -> None:
        """Instructions apart, calls and results paired, what follows the assistant's last word is the turn."""
        call = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": '{"zone":"UTC"}'}}
        found = from_messages(
            [
                {"role": "system", "content": "Be brief."},
                {"role": "developer", "content": [{"type": "text", "text": "In German."}]},
                {"role": "user", "content": "What time is it?"},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": "noon"},
                {"role": "user", "content": [{"type": "text", "text": "And"}, {"type": "text", "text": "here?"}]},
            ],
            1,
            clean,
        )
        self.assertEqual(found.system, "Be brief.\n\nIn German.")
        self.assertEqual([message["role"] for message in found.earlier], ["user", "assistant"])
        self.assertEqual(
            found.earlier[1]["content"],
            [{"type": "toolCall", "id": "c1", "name": "clock", "arguments": {"zone": "UTC"}}],
        )
        self.assertEqual([message["role"] for message in found.turn], ["toolResult", "user"])
        self.assertEqual((found.turn[0]["toolCallId"], found.turn[0]["toolName"]), ("c1", "clock"))
        self.assertEqual(found.turn[1]["content"], "And\nhere?")

    def test_images(self) -> None:
        """As data: URLs; no address is fetched."""
        part = {"type": "image_url", "image_url": {"url": _PIXEL}}
        (message,) = from_messages([{"role": "user", "content": [part]}], 1, clean).turn
        self.assertEqual(message["content"], [{"type": "image", "mimeType": "image/png", "data": "aGVsbG8="}])
        (message,) = from_items(
            [{"role": "user", "content": [{"type": "input_image", "image_url": _PIXEL}]}], None, 1, clean
        ).turn
        self.assertEqual(message["content"][0]["type"], "image")
        for url in (
            "https://example.org/a.png",
            "file:///etc/passwd",
            "data:text/html;base64,aGVsbG8=",
            "data:image/png;base64,a",
            7,
        ):
            part = {"type": "image_url", "image_url": {"url": url}}
            with self.assertRaises(BadConversation, msg=str(url)):
                from_messages([{"role": "user", "content": [part]}], 1, clean)

    def test_items(self) -> None:
        """A response's input, as text or items; words and calls of one answer are one message."""
        found = from_items("hi", "Be brief.", 1, clean)
        self.assertEqual((found.system, found.turn[0]["content"]), ("Be brief.", "hi"))
        found = from_items(
            [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "time?"}]},
                {"type": "reasoning", "summary": []},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
                {"type": "function_call", "call_id": "c1", "name": "clock", "arguments": ""},
                {"type": "function_call_output", "call_id": "c1", "output": "noon"},
            ],
            None,
            1,
            clean,
        )
        self.assertEqual([part["type"] for part in found.earlier[1]["content"]], ["text", "toolCall"])
        self.assertEqual(found.turn[0]["content"], [{"type": "text", "text": "noon"}])

    def test_refused(self) -> None:
        """What is none."""
        user = {"role": "user", "content": "x"}
        wrong: list[Any] = [
            None,
            [],
            [user] * 2001,
            [{"role": "user"}],
            [{"role": "king", "content": "x"}],
            [user, {"role": "assistant", "content": "y"}],
            [{"role": "user", "content": [{"type": "input_audio"}]}],
            [{"role": "user", "content": 7}],
            [{"role": "user", "content": "nul \0"}],
            [{"role": "tool", "content": "x"}],
            [{"role": "assistant", "tool_calls": [{"id": "a"}]}, user],
            [{"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "b", "arguments": "[1]"}}]}, user],
            [{"role": "assistant", "tool_calls": [{"function": {"name": "b", "arguments": "{"}}]}, user],
        ]
        for messages in wrong:
            with self.assertRaises(BadConversation, msg=str(messages)[:100]):
                from_messages(messages, 1, clean)
        for items in (None, 7, [], [{"type": "computer_call"}]):
            with self.assertRaises(BadConversation):
                from_items(items, None, 1, clean)

    def test_tools(self) -> None:
        """Of both forms; none where the program wants none; nonsense is refused."""
        nested = {"type": "function", "function": {"name": "a", "description": "d", "parameters": {"type": "object"}}}
        flat = {"type": "function", "name": "b"}
        self.assertEqual([tool.name for tool in tools_of([nested, flat], "auto")], ["a", "b"])
        self.assertEqual(tools_of([nested], "none"), ())
        self.assertEqual(tools_of(None, None), ())
        named = [{**flat, "name": "x y"}]
        wrong: tuple[Any, ...] = (
            7, [{"type": "web_search"}], [{"type": "function"}], [flat] * 129, named, [{**flat, "parameters": 7}]
        )  # fmt: skip
        for tools in wrong:
            with self.assertRaises(BadConversation):
                tools_of(tools, None)
