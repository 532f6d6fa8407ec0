"""docs/conformance.md: as many rules as it says, and every test that it names is there."""

import re
from importlib import import_module
from pathlib import Path

from twisted.trial import unittest

TABLE = Path(__file__).parents[2] / "docs" / "conformance.md"
PAGES = {
    "Detailed Description", "Transports", "Transport obfuscation", "Creating an Authorization Key", "Service Messages",
    "Service Messages about Messages", "Perfect Forward Secrecy", "Security Guidelines", "Error handling",
    "Invoking API methods",
}  # fmt: skip


def rows() -> list[list[str]]:
    """page, rule, tests, decision of each row."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


class TableTests(unittest.SynchronousTestCase):
    def test_every_page_has_its_rules(self) -> None:
        """At least 150 in all, none twice, as many as the page says."""
        found = rows()
        self.assertEqual({row[0] for row in found}, PAGES)
        self.assertGreaterEqual(len(found), 150)
        self.assertEqual(len({(row[0], row[1]) for row in found}), len(found))
        self.assertIn(f"\n{len(found)} rules.\n", TABLE.read_text())

    def test_every_test_is_there(self) -> None:
        """As a method of a test case that trial would run."""
        missing = set()
        for _, rule, tests, _ in rows():
            names = re.findall(r"`([\w.]+)`", tests)
            self.assertTrue(names, rule)
            for name in names:
                module, case, method = name.rsplit(".", 2)
                found = getattr(import_module(f"trial_tests.{module}"), case, None)
                if not callable(getattr(found, method, None)):
                    missing.add(name)
        self.assertEqual(sorted(missing), [])

    def test_every_rule_is_held_by_the_running_server(self) -> None:
        """A test of this package comes first; those of the parts stand behind it."""
        others = [rule for _, rule, tests, _ in rows() if not tests.startswith("`conformance.")]
        self.assertEqual(others, [])

    def test_every_conformance_test_is_named(self) -> None:
        """A test without a rule is a rule that the table forgot."""
        named = " ".join(row[2] for row in rows())
        for path in sorted(Path(__file__).parent.glob("test_*.py")):
            if path.stem in ("test_table", "test_faults", "test_fuzz"):
                continue
            for method in re.findall(r"def (test_\w+)", path.read_text()):
                self.assertIn(f"{method}`", named, path.stem)
