"""Lines of the log are Twisted's, made once."""

import io
from typing import Any

from twisted.logger import (
    LogEvent,
    Logger,
    LogLevel,
    formatEventAsClassicLogText,
    jsonFileLogObserver,
    textFileLogObserver,
)
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from teamgram.app.log_lines import log_line, share_lines


class Shown:
    """Has a form of its own."""

    def __init__(self) -> None:
        self.times = 0

    def __str__(self) -> str:
        self.times += 1
        return "shown"


class LogLineTests(SynchronousTestCase):
    def event(self, format: Any, **values: Any) -> LogEvent:
        """What a logger makes of that."""
        made: list[LogEvent] = []
        Logger("teamgram.test", observer=made.append).emit(LogLevel.info, format, **values)  # type: ignore[arg-type]
        return made[0]

    def test_it_is_twisted_s(self) -> None:
        """For plain fields and for whatever is not as plain."""
        for format, values in (
            ("connection {conn_id} closed: {reason}", {"conn_id": 5, "reason": "idle"}),
            ("{number:>5} of {what!r}, {{not this}}", {"number": 5, "what": "five"}),
            ("two\nlines", {}),
            ("{call()} and {thing.times}", {"call": lambda: "called", "thing": Shown()}),
            ("{missing}", {}),
            ("{bad.attribute}", {"bad": 5}),
            ("", {}),
            (None, {}),
            (b"bytes", {}),
            ("{what} failed", {"what": "it", "log_failure": Failure(ValueError("why"))}),
            ("{what}", {"what": "it", "log_system": "-"}),
        ):
            event = self.event(format, **values)
            self.assertEqual(log_line(dict(event)), formatEventAsClassicLogText(dict(event)), format)

    def test_it_is_made_once(self) -> None:
        """However many write it."""
        thing = Shown()
        event = self.event("{thing}", thing=thing)
        self.assertEqual(log_line(event), log_line(event))
        self.assertEqual(thing.times, 1)

    def test_observers(self) -> None:
        """The one that writes text shares its lines, the one that writes JSON goes on as it did."""
        thing = Shown()
        event = self.event("{thing}", thing=thing)
        text, json = io.StringIO(), io.StringIO()
        writes_text, writes_json = textFileLogObserver(text), jsonFileLogObserver(json)
        share_lines(writes_text)
        share_lines(writes_json)
        writes_text(event)
        log_line(event)
        self.assertIn("[teamgram.test#info] shown\n", text.getvalue())
        self.assertEqual(thing.times, 1)
        writes_json(event)
        self.assertIn('"log_format": "{thing}"', json.getvalue())
