"""tools/mutants: what it says of mutants that are noticed, survive, are stale or break more than the check."""

import subprocess
from importlib import import_module
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tools.mutants import mutant as mutants
from tools.mutants import trying
from tools.mutants.mutant import PROJECT, Mutant, Unusable
from tools.mutants.trying import try_mutant, without_mutants

_CHECK = """
import time

def may(age: int, name: str) -> bool:
    if age < 18:
        return False
    return name != "root"
"""
_TESTS = """
import time
from twisted.trial.unittest import SynchronousTestCase
from teamgram.check import may

class CheckTests(SynchronousTestCase):
    def test_age(self):
        self.assertFalse(may(17, "ada"))

    def test_adult(self):
        self.assertTrue(may(18, "ada"))

    def test_fails_anyway(self):
        self.fail()

    def test_skipped(self):
        pass
    test_skipped.skip = "no"
"""
_NAME = "trial_tests.test_check.CheckTests."


class TryingTests(SynchronousTestCase):
    """Mutants of a tree with one check, tried by the real worker."""

    def setUp(self) -> None:
        self.tree = Path(self.mktemp()).absolute()
        for package, module, source in (("teamgram", "check.py", _CHECK), ("trial_tests", "test_check.py", _TESTS)):
            (self.tree / package).mkdir(parents=True)
            (self.tree / package / "__init__.py").touch()
            (self.tree / package / module).write_text(source)
        (self.tree / "tools").mkdir()
        for name in ("__init__.py", "trial_worker.py"):
            (self.tree / "tools" / name).write_text((PROJECT / "tools" / name).read_text())

    def tried(self, old: str, new: str, *tests: str, file: str = "teamgram/check.py") -> str:
        """What is said of this mutant; the tree is the same before and after."""
        said = try_mutant(self.tree, Mutant("sample", file, old, new, tuple(_NAME + test for test in tests)))
        self.assertEqual((self.tree / "teamgram" / "check.py").read_text(), _CHECK)
        return said

    def test_noticed(self) -> None:
        """The test fails with it."""
        self.assertEqual(self.tried("age < 18", "age < 17", "test_age"), "")

    def test_of_the_same_length(self) -> None:
        """Two of the same size one after the other in one second: each is run, not what was compiled before."""
        self.assertEqual(without_mutants(self.tree, [_NAME + "test_age", _NAME + "test_adult"]), {})
        for number in ("10", "17", "99"):
            noticed_by = "test_adult" if number == "99" else "test_age"
            self.assertEqual(self.tried("age < 18", f"age < {number}", noticed_by), "")

    def test_survives(self) -> None:
        """Every test that it names must notice it, or it says which did not."""
        self.assertEqual(self.tried('name != "root"', "True", "test_adult"), f"survived {_NAME}test_adult")
        self.assertEqual(self.tried("age < 18", "age < 17", "test_age", "test_adult"), f"survived {_NAME}test_adult")

    def test_stale(self) -> None:
        """The snippet must be there, once, and its file too."""
        self.assertIn("found 0 times", self.tried("age < 21", "False", "test_age"))
        self.assertIn("found 2 times", self.tried("return", "pass", "test_age"))
        self.assertIn("no such file", self.tried("age", "x", "test_age", file="teamgram/gone.py"))

    def test_breaks_the_program(self) -> None:
        """What is no Python, cannot be imported or changes nothing shows nothing about the test."""
        self.assertIn("no Python any more", self.tried("if age < 18:", "if age <:", "test_age"))
        self.assertIn("could not be run", self.tried("import time", "import no_such_thing", "test_age"))
        self.assertIn("breaks the program", self.tried("age < 18", "years < 18", "test_age"))
        self.assertIn("breaks the program", self.tried("age < 18", "name.years < 18", "test_age"))
        self.assertIn("changes nothing", self.tried("import time", "import time  # at last", "test_age"))

    def test_hangs(self) -> None:
        """A test that does not come back has noticed it."""
        self.patch(trying, "START_SECONDS", 1.0)
        self.patch(trying, "TEST_SECONDS", 2.0)
        self.assertEqual(
            self.tried("if age < 18:", "while age < 18:\n        time.sleep(9)\n    if False:", "test_age"), ""
        )

    def test_tests_that_can_show_nothing(self) -> None:
        """One that fails or is skipped without any mutant, and one that is not there."""
        names = [_NAME + name for name in ("test_age", "test_fails_anyway", "test_skipped")]
        wrong = without_mutants(self.tree, names)
        self.assertEqual(sorted(wrong), names[1:])
        missing = without_mutants(self.tree, [_NAME + "test_missing"])
        self.assertIn("does not run", missing[_NAME + "test_missing"])


class ListTests(SynchronousTestCase):
    """The lists themselves."""

    def test_each_applies(self) -> None:
        """Each old snippet is in its file once, the file stays Python, and its tests are there."""
        found = mutants.load()
        self.assertGreaterEqual(len(found), 60)
        self.assertEqual(len(set(found)), len(found))
        stale = []
        for one in found:
            try:
                one.applied((PROJECT / one.file).read_text())
            except (OSError, Unusable) as error:
                stale.append(f"{one}: {error}")
            for test in one.tests:
                module, case, method = test.rsplit(".", 2)
                found_case = getattr(import_module(module), case, None)
                self.assertTrue(callable(getattr(found_case, method, None)), test)
        self.assertEqual(stale, [])

    def test_a_copy_is_complete(self) -> None:
        """A test of the real tree passes in a copy, and the copy's own code is what runs there."""
        tree = Path(self.mktemp()).absolute()
        mutants.copy_tree(tree)
        test = "trial_tests.session.test_salts.ServerSaltsTests.test_current_is_the_newest_valid"
        self.assertEqual(without_mutants(tree, [test]), {})
        (tree / "teamgram" / "session" / "salts.py").write_text("raise SystemError('the copy')\n")
        self.assertIn("SystemError: the copy", without_mutants(tree, [test])[test])
        code = "import teamgram; print(teamgram.__file__)"
        where = subprocess.run([".venv/bin/python", "-c", code], cwd=tree, capture_output=True, text=True).stdout
        self.assertEqual(Path(where.strip()).parent.parent, tree)
