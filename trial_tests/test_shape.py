"""What a reader counts on: files of a readable length, one meaning for a class's name, a test where one looks for it.

The exceptions are debts: a list may only get shorter, and says so when one of its entries is paid.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "teamgram"
TESTS = PROJECT / "trial_tests"

MAX_LINES = 400
#: Of all files, by folder, how many percent keep it.
MOST_PERCENT = 95

#: Folders of code without a test of their own.
UNTESTED = {
    "bff/views",
    "domain",
}

#: Folders that have protocols and dataclasses only, or generated modules; whoever uses them is tested.
NOTHING_TO_RUN = {"interfaces", "cluster/protos"}


def files(folder: str) -> list[Path]:
    """All of Python in it."""
    return sorted((PROJECT / folder).rglob("*.py"))


def class_names(path: Path) -> Iterator[str]:
    """Of the classes at a module's top that others may import."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


class ShapeTests(SynchronousTestCase):
    """The code as a text."""

    def test_files_are_short(self) -> None:
        """Of code and of tests 95 percent of the files have at most 400 lines."""
        for folder in ("teamgram", "trial_tests", "tools", "acceptance_tests"):
            long = [path for path in files(folder) if path.read_text().count("\n") > MAX_LINES]
            most = max(len(files(folder)) * (100 - MOST_PERCENT) // 100, 2)
            self.assertLessEqual(len(long), most, [str(path.relative_to(PROJECT)) for path in long])

    def test_a_name_is_one_class(self) -> None:
        """No two modules have a class of the same name: whoever reads or searches it finds the one that is meant."""
        found = defaultdict(list)
        for path in files("teamgram"):
            for name in class_names(path):
                found[name].append(str(path.relative_to(PACKAGE)))
        twice = {name: where for name, where in found.items() if len(where) > 1}
        self.assertEqual(twice, {})

    def test_every_migration_has_its_number(self) -> None:
        """Two with the same one, and no server starts."""
        numbers = [path.name[:4] for path in (PACKAGE / "database" / "migrations").glob("*.sql")]
        self.assertEqual(sorted(numbers), sorted(set(numbers)))

    def test_every_folder_has_its_tests(self) -> None:
        """In the folder of the same place, or for a small one in a file of its name."""
        untested = set()
        for folder in {path.parent for path in files("teamgram") if path.name != "__init__.py"}:
            place = folder.relative_to(PACKAGE)
            if str(place) not in NOTHING_TO_RUN and not _has_tests(TESTS / place):
                untested.add(str(place))
        self.assertEqual(untested - UNTESTED, set())
        self.assertEqual(UNTESTED - untested, set(), "paid: take them out of UNTESTED")


def _has_tests(place: Path) -> bool:
    return bool(list(place.glob("test_*.py")) or list(place.parent.glob(f"test_{place.name}*.py")))
