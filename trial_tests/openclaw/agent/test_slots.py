"""Whose turn it is: the owners' lane, everybody's shares, and what rests."""

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent.slots import OWNERS, Slots


class SlotsTests(SynchronousTestCase):
    """Slots that are asked for by number: the person is the first letter."""

    def setUp(self) -> None:
        self.most = 8
        self.slots = Slots(lambda: self.most)
        self.begun: list[str] = []

    def granted(self, run: str) -> Callable[[], None]:
        """What is called when it gets its slot."""
        return lambda: self.begun.append(run)

    def ask(self, *runs: str, person: str | None = None) -> None:
        """Ask for runs; ``O1`` is an owner's."""
        for run in runs:
            whose = (OWNERS if run[0] == "O" else run[0]) if person is None else person
            self.slots.ask(run, whose, self.granted(run))

    def held(self) -> set[str]:
        """Who has a slot."""
        return {run for run in self.begun if self.slots.holds(run)}

    def test_share(self) -> None:
        """A quarter for one person; what is left stays for others."""
        self.ask(*(f"A{n}" for n in range(8)))
        self.assertEqual(self.begun, ["A0", "A1"])
        self.ask("B0", "B1", "B2")
        self.assertEqual(self.begun, ["A0", "A1", "B0", "B1"])
        self.slots.leave("A1")
        self.assertEqual(self.begun[-1], "A2")

    def test_a_share_is_one_at_least(self) -> None:
        """Also where there is one slot for everybody."""
        self.most = 1
        self.ask("A0", "A1", "B0")
        self.assertEqual(self.begun, ["A0"])
        self.slots.leave("A0")
        self.slots.leave("A1")
        self.assertEqual(self.begun, ["A0", "A1", "B0"])

    def test_in_turn(self) -> None:
        """Whoever was served waits behind everybody else."""
        self.most = 1
        self.ask("A0", "A1", "A2", "B0", "C0", "B1")
        for run in ("A0", "A1", "B0", "C0", "A2"):
            self.slots.leave(run)
        self.assertEqual(self.begun, ["A0", "A1", "B0", "C0", "A2", "B1"])

    def test_owners(self) -> None:
        """Their lane is as large, and nobody else's."""
        self.ask(*(f"{person}{n}" for person in "ABCDEF" for n in range(2)))
        self.assertEqual(len(self.begun), 8)
        self.ask(*(f"O{n}" for n in range(9)))
        self.assertEqual(len(self.held()), 16)
        self.assertFalse(self.slots.holds("O8"))
        self.slots.leave("A0")
        self.assertFalse(self.slots.holds("O8"))
        self.slots.leave("O3")
        self.assertTrue(self.slots.holds("O8"))

    def test_all_owners_leave_the_others_theirs(self) -> None:
        """The owners do not take what is for everybody else."""
        self.ask(*(f"O{n}" for n in range(20)))
        self.ask("A0")
        self.assertTrue(self.slots.holds("A0"))

    def test_rest(self) -> None:
        """What rests holds nothing, and comes before what begins."""
        self.ask("A0", "A1", "A2", "A3")
        self.slots.rest("A0")
        self.assertEqual(self.begun[-1], "A2")
        self.ask("A0")
        self.assertFalse(self.slots.holds("A0"))
        self.slots.leave("A1")
        self.assertEqual(self.begun, ["A0", "A1", "A2", "A0"])

    def test_one_person_rests_so_often(self) -> None:
        """Every run that has begun is in memory: one person may have a lane's number of them, owners any."""
        self.ask(*(f"A{n}" for n in range(20)))
        for n in range(20):
            self.slots.rest(f"A{n}")
        self.assertEqual(len(self.begun), 8)
        self.slots.leave("A0")
        self.assertEqual(len(self.begun), 9)
        self.begun.clear()
        self.ask(*(f"O{n}" for n in range(20)))
        for n in range(20):
            self.slots.rest(f"O{n}")
        self.assertEqual(len(self.begun), 20)

    def test_leave_the_queue(self) -> None:
        """Who gives up is not served, also after a rest."""
        self.ask("A0", "A1", "A2", "A3")
        self.slots.leave("A2")
        self.slots.rest("A0")
        self.assertEqual(self.begun[-1], "A3")
        self.ask("A0")
        self.slots.leave("A0")
        self.slots.leave("A1")
        self.slots.leave("A3")
        self.assertEqual(self.held(), set())
        self.ask("A4", "A5")
        self.assertEqual(self.held(), {"A4", "A5"})

    def test_move(self) -> None:
        """A stranger's run that an owner waits for is served in the owners' lane."""
        self.ask("A0", "A1", "A2")
        self.slots.move("A2", OWNERS)
        self.assertEqual(self.begun[-1], "A2")
        self.slots.move("A1", OWNERS)
        self.slots.leave("A1")
        self.ask("A3")
        self.assertTrue(self.slots.holds("A3"))

    def test_nothing_is_kept(self) -> None:
        """Of people who are gone."""
        for n in range(100):
            self.slots.ask(n, f"person {n}", lambda: None)
        for n in range(100):
            self.slots.leave(n)
        kept = [vars(self.slots)[name] for name in ("_holding", "_held", "_resting", "_rest", "_persons", "_queues")]
        self.assertEqual([len(each) for each in kept], [0] * 6)
