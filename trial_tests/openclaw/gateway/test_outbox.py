"""What waits for a client: order, numbers, merging, and asking again."""

import json
from collections.abc import Callable
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.net import websocket
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.outbox import Event, Outbox

EVERYTHING = 1 << 30


def taken(outbox: Outbox, most_bytes: int = EVERYTHING) -> list[Any]:
    """What leaves, parsed."""
    data, found, at = outbox.take(most_bytes), [], 0
    while at < len(data):
        size, body = data[at + 1], at + 2
        if size == 126:
            size, body = int.from_bytes(data[body : body + 2], "big"), body + 2
        found.append(json.loads(data[body : body + size]))
        at = body + size
    return found


def text(number: int) -> bytes:
    return websocket.frame(json.dumps({"res": number}).encode())


def delta(word: str, run: str = "run") -> Event:
    return Event(
        "chat",
        {"runId": run, "text": word},
        group=run,
        merge=lambda a, b: {**b, "text": a["text"] + b["text"]},
        size=10,
    )


class Counted:
    """A function that counts its calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.calls = 0
        self._function = function

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self._function(*args)


class OutboxTests(SynchronousTestCase):
    """The queue of one client."""

    def test_order_and_numbers(self) -> None:
        """Frames and events leave in order; only events are numbered, from 1, without holes."""
        outbox = Outbox()
        outbox.add_event(Event("a", 1))
        outbox.add_frame(text(1))
        outbox.add_event(Event("b", 2))
        found = taken(outbox)
        self.assertEqual([f.get("seq") for f in found], [1, None, 2])
        outbox.add_event(Event("c", 3))
        self.assertEqual(taken(outbox)[0]["seq"], 3)
        self.assertEqual(outbox.waiting_bytes, 0)

    def test_waiting_deltas_become_one(self) -> None:
        """A newer delta swallows the waiting one of its run, and no number is lost."""
        outbox = Outbox()
        for word in ("one ", "two ", "three"):
            outbox.add_event(delta(word))
        outbox.add_event(delta("other", "run2"))
        self.assertEqual(outbox.waiting_bytes, 40)
        found = taken(outbox)
        self.assertEqual([(f["payload"]["text"], f["seq"]) for f in found], [("one two three", 1), ("other", 2)])
        self.assertEqual(outbox.waiting_bytes, 0)

    def test_one_event_for_many(self) -> None:
        """An event is encoded once, and each client gets its own number, also where that is longer."""
        outboxes = [Outbox() for _ in range(3)]
        for number in range(9):
            outboxes[2].add_event(Event("x", number))
        taken(outboxes[2])
        event = Event("presence", {"n": 1}, state_version=b',"stateVersion":{}')
        self.patch(frames, "encode_event_head", counted := Counted(frames.encode_event_head))
        for outbox in outboxes:
            outbox.add_event(event)
        expected = {"type": "event", "event": "presence", "payload": {"n": 1}, "stateVersion": {}}
        self.assertEqual([taken(outbox) for outbox in outboxes], [[{**expected, "seq": n}] for n in (1, 1, 10)])
        self.assertEqual(counted.calls, 1)

    def test_nothing_is_merged_across_an_event_of_the_run(self) -> None:
        """Text before and after a tool call stays before and after it."""
        outbox = Outbox()
        outbox.add_event(delta("before"))
        outbox.add_event(Event("agent", {"tool": 1}, group="run"))
        outbox.add_event(delta("after"))
        self.assertEqual([f["event"] for f in taken(outbox)], ["chat", "agent", "chat"])

    def test_a_delta_that_left_is_not_touched(self) -> None:
        """After a delta went out the next one stands alone."""
        outbox = Outbox()
        outbox.add_event(delta("one"))
        taken(outbox)
        outbox.add_event(delta("two"))
        self.assertEqual(taken(outbox)[0]["payload"]["text"], "two")

    def test_merging_is_done_once_for_all_clients(self) -> None:
        """Two clients with the same two deltas share the merged one."""
        first, second = delta("one"), delta("two")
        self.assertIs(second.swallow(first), second.swallow(first))

    def test_pieces(self) -> None:
        """``take`` stops after the bytes asked for, at a frame's end."""
        outbox = Outbox()
        for number in range(10):
            outbox.add_event(Event("x", {"n": number}))
        self.assertEqual(len(taken(outbox, 1)), 1)
        self.assertEqual([f["seq"] for f in taken(outbox)], list(range(2, 11)))

    def test_overflow(self) -> None:
        """More than the limit waiting is said, not dropped."""
        outbox = Outbox(limit_bytes=100)
        outbox.add_event(Event("x", 1, size=90))
        self.assertFalse(outbox.overflowed)
        outbox.add_frame(text(1))
        self.assertTrue(outbox.overflowed)

    def test_rewind(self) -> None:
        """Everything after a number comes again, then what waits; old responses do not."""
        outbox = Outbox()
        outbox.retain(10_000)
        for number in range(5):
            outbox.add_event(Event("x", number))
        taken(outbox)
        outbox.add_frame(text(1))
        outbox.add_event(Event("x", 5))
        self.assertTrue(outbox.rewind(2))
        self.assertEqual([(f["payload"], f["seq"]) for f in taken(outbox)], [(2, 3), (3, 4), (4, 5), (5, 6)])

    def test_rewind_too_far(self) -> None:
        """What is no longer kept cannot be asked for, nor what was never sent."""
        outbox = Outbox()
        outbox.retain(100)
        for number in range(50):
            outbox.add_event(Event("x", number))
        taken(outbox)
        self.assertFalse(outbox.rewind(1))
        self.assertFalse(outbox.rewind(51))
        self.assertTrue(outbox.rewind(50))
