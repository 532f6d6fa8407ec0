"""The timing wheel, with numbers for a clock."""

import random

from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.time_wheel import TimeWheel


class Entry:
    """A connection as the wheel sees it; counts how often its date is looked at."""

    def __init__(self, close_date: float) -> None:
        self.date = close_date
        self.looked_at = 0
        self.wheel_slot = -1

    @property
    def close_date(self) -> float:
        self.looked_at += 1
        return self.date

    @close_date.setter
    def close_date(self, date: float) -> None:
        self.date = date


class TimeWheelTests(SynchronousTestCase):
    def test_entry_is_due_after_its_date_and_at_most_a_tick_late(self) -> None:
        """Nothing is reported early, and nothing waits a second longer than it must."""
        wheel: TimeWheel[Entry] = TimeWheel(1000.0, slots=64)
        entry = Entry(1030.5)
        wheel.schedule(entry)
        self.assertEqual(wheel.advance(1030.4), [])
        self.assertEqual(wheel.advance(1030.6), [])
        self.assertEqual(wheel.advance(1031.0), [entry])
        self.assertEqual(len(wheel), 0)

    def test_later_date_by_assignment_keeps_the_entry(self) -> None:
        """A frame moves close_date without telling the wheel, and the entry outlives its first slot."""
        wheel: TimeWheel[Entry] = TimeWheel(0.0, slots=512)
        entry = Entry(30.0)
        wheel.schedule(entry)
        wheel.advance(20.0)
        entry.date = 320.0
        self.assertEqual(wheel.advance(319.0), [])
        self.assertEqual(wheel.advance(321.0), [entry])

    def test_earlier_date_by_schedule(self) -> None:
        """A close with a deadline takes effect although the entry sat far ahead."""
        wheel: TimeWheel[Entry] = TimeWheel(0.0)
        entry = Entry(300.0)
        wheel.schedule(entry)
        entry.date = 5.0
        wheel.schedule(entry)
        self.assertEqual(len(wheel), 1)
        self.assertEqual(wheel.advance(6.0), [entry])
        self.assertEqual(wheel.advance(400.0), [])

    def test_date_beyond_the_last_slot(self) -> None:
        """An entry due in ten turns of the wheel is due then and not before."""
        wheel: TimeWheel[Entry] = TimeWheel(0.0, slots=8)
        entry = Entry(80.0)
        wheel.schedule(entry)
        for now in range(1, 81):
            self.assertEqual(wheel.advance(float(now)), [])
        self.assertEqual(wheel.advance(81.0), [entry])

    def test_discarded_entry_is_never_reported(self) -> None:
        """A closed connection leaves the wheel at once and for good."""
        wheel: TimeWheel[Entry] = TimeWheel(0.0)
        entry = Entry(3.0)
        wheel.schedule(entry)
        wheel.discard(entry)
        wheel.discard(entry)
        self.assertEqual(len(wheel), 0)
        self.assertEqual(wheel.advance(10.0), [])

    def test_past_date_is_due_at_the_next_tick(self) -> None:
        """A date that is already over does not wait for the wheel to come round."""
        wheel: TimeWheel[Entry] = TimeWheel(100.0, slots=16)
        entry = Entry(1.0)
        wheel.schedule(entry)
        self.assertEqual(wheel.advance(101.0), [entry])

    def test_long_pause_reports_everything_that_is_due_once(self) -> None:
        """A process that slept through many turns reports each due entry once and keeps the others."""
        wheel: TimeWheel[Entry] = TimeWheel(0.0, slots=16)
        early, late = Entry(3.0), Entry(2000.0)
        wheel.schedule(early)
        wheel.schedule(late)
        self.assertEqual(wheel.advance(1000.0), [early])
        self.assertEqual(wheel.advance(2001.0), [late])

    def test_idle_ticks_look_at_no_entry(self) -> None:
        """Two thousand idle connections cost a tick nothing until their slot comes."""
        wheel: TimeWheel[Entry] = TimeWheel(0.0)
        entries = [Entry(300.0 + number % 10) for number in range(2000)]
        for entry in entries:
            wheel.schedule(entry)
        before = sum(entry.looked_at for entry in entries)
        for now in range(1, 300):
            self.assertEqual(wheel.advance(float(now)), [])
        self.assertEqual(sum(entry.looked_at for entry in entries), before)
        self.assertEqual(len(wheel.advance(311.0)), 2000)

    def test_random_moves_agree_with_a_sorted_list(self) -> None:
        """Whatever is put in, moved and taken out, exactly what is due comes out, within a tick."""
        rng = random.Random(20261120)
        wheel: TimeWheel[Entry] = TimeWheel(0.0, slots=32)
        alive: set[Entry] = set()
        for now in range(1, 500):
            for _ in range(rng.randrange(4)):
                entry = Entry(now + rng.random() * 60)
                wheel.schedule(entry)
                alive.add(entry)
            for entry in rng.sample(sorted(alive, key=lambda e: e.date), min(len(alive), 2)):
                action = rng.randrange(3)
                if action == 0:
                    entry.date += rng.random() * 50
                elif action == 1:
                    entry.date = now + rng.random()
                    wheel.schedule(entry)
                else:
                    wheel.discard(entry)
                    alive.discard(entry)
            due = set(wheel.advance(float(now)))
            self.assertTrue(all(entry.date <= now for entry in due))
            alive -= due
            self.assertTrue(all(entry.date > now - 1 for entry in alive))
            self.assertEqual(len(wheel), len(alive))
