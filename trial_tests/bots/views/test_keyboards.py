"""Keyboards as they are kept, and told again."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.bots.errors import ApiError
from teamgram.bots.views.keyboards import MAX_BUTTONS, keyboard_from, keyboard_json


class KeyboardTests(SynchronousTestCase):
    """JSON to what is kept, and back."""

    def test_there_and_back(self) -> None:
        """Every button that is kept is told as it was given."""
        rows = [
            [{"text": "a", "callback_data": "x"}, {"text": "b", "url": "http://example.org/"}],
            [{"text": "c", "copy_text": {"text": "copied"}}, {"text": "d", "switch_inline_query": "q"}],
            [{"text": "e", "switch_inline_query_current_chat": ""}, {"text": "f", "url": "tg://user?id=5"}],
            [{"text": "g", "web_app": {"url": "https://example.org/app"}}],
            [{"text": "h", "callback_data": "y", "style": "danger"}],
        ]
        self.assertEqual(keyboard_json(keyboard_from({"inline_keyboard": rows})), {"inline_keyboard": rows})

    def test_none(self) -> None:
        """Nothing, and keyboards that are not told."""
        nothing: tuple[Any, ...] = (None, {}, {"inline_keyboard": []}, {"keyboard": []}, {"unknown": 1})
        for given in nothing:
            self.assertEqual(keyboard_from(given), b"", given)
        self.assertIsNone(keyboard_json(keyboard_from({"keyboard": [["x"]]})))
        self.assertIsNone(keyboard_json(b"nonsense"))

    def test_refused(self) -> None:
        """What is no keyboard."""
        button = {"text": "x", "callback_data": "y"}
        wrong: tuple[Any, ...] = (
            [],
            {"inline_keyboard": {}},
            {"inline_keyboard": [button]},
            {"inline_keyboard": [[button] * (MAX_BUTTONS + 1)]},
            {"inline_keyboard": [[{"text": "x", "url": "a b"}]]},
            {"inline_keyboard": [[{"text": "x", "url": "tg://user?id=x"}]]},
            {"keyboard": [[{"text": "x", "request_poll": {}}]]},
        )
        for given in wrong:
            self.assertRaises(ApiError, keyboard_from, given)
