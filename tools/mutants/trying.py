"""Run tests in a copied tree, and say what a mutant did to them."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tools.mutants.mutant import Mutant, Unusable, put_into

#: Seconds that a test may take, and that its process may take to begin (more on a busy machine).
TEST_SECONDS = 10.0
START_SECONDS = 60.0

#: What a snippet written for other code than there is now says; None where something should be is a check less.
_BROKEN = re.compile(r"NameError: name .* is not defined|AttributeError: '(?!NoneType)\w+' object has no attribute.*")


@dataclass(slots=True)
class Outcome:
    """What became of some tests.

    Attributes:
        passed: seconds, by test.
        noticed: why it did not pass, by test.
        printed: by the process that ran them.
    """

    passed: dict[str, float] = field(default_factory=dict)
    noticed: dict[str, str] = field(default_factory=dict)
    printed: str = ""


def run_tests(tree: Path, tests: Sequence[str], seconds: float | None = None, keep_compiled: bool = False) -> Outcome:
    """Run them in one process of the copied tree.

    Args:
        seconds: for all of it; by default what the tests may take.
        keep_compiled: write compiled modules, which the next processes read.
    """
    limit = START_SECONDS + TEST_SECONDS * len(tests) if seconds is None else seconds
    # Not the copy's environment: all of ours is installed there. The path says that the copy comes first, also to a
    # server that a test starts.
    environment = os.environ | {"PYTHONPATH": str(tree), "TEAMGRAM_TEST_GRACE": str(limit)}
    environment |= {} if keep_compiled else {"PYTHONDONTWRITEBYTECODE": "1"}
    outcome = Outcome()
    with tempfile.TemporaryFile() as events:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.trial_worker", str(events.fileno()), "_trial_temp"],
            cwd=tree,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(events.fileno(),),
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(_told(tests), timeout=limit)
        except subprocess.TimeoutExpired:
            _kill(process.pid)
            said, _ = process.communicate()
        # Children of a test that a mutant kept from ending.
        _kill(process.pid)
        events.seek(0)
        outcome.printed = said.decode(errors="replace")[-3000:]
        _read(outcome, events.read().decode())
    return outcome


def _kill(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _told(tests: Sequence[str]) -> bytes:
    by_class: dict[str, list[str]] = {}
    for test in tests:
        name, _, method = test.rpartition(".")
        by_class.setdefault(name, []).append(method)
    return "".join(json.dumps({"class": name, "methods": each}) + "\n" for name, each in by_class.items()).encode()


def _read(outcome: Outcome, events: str) -> None:
    begun = ""
    # Whoever was killed may have left half a line.
    for line in events.split("\n")[:-1]:
        event = json.loads(line)
        if "start" in event:
            begun = event["start"]
        elif "done" in event:
            begun = ""
            if event["outcome"] == "passed":
                outcome.passed[event["done"]] = float(event["seconds"])
            else:
                outcome.noticed[event["done"]] = f"{event['outcome']}: {event['text']}"
    if begun:
        outcome.noticed[begun] = "did not end"


def try_mutant(tree: Path, mutant: Mutant) -> str:
    """Why it counts as survived, or "" when its tests noticed it."""
    try:
        with put_into(tree, mutant):
            outcome = run_tests(tree, mutant.tests)
    except Unusable as error:
        return str(error)
    if outcome.passed:
        return f"survived {', '.join(sorted(outcome.passed))}"
    # A mutant may keep the first of its tests from ending, and so the others from beginning.
    if not outcome.noticed:
        return f"its tests could not be run:\n{outcome.printed}"
    broken = [_BROKEN.search(text) for text in outcome.noticed.values()]
    if first := next((found for found in broken if found and all(broken)), None):
        return f"breaks the program instead of the check: {first[0]}"
    return ""


def without_mutants(tree: Path, tests: Sequence[str]) -> dict[str, str]:
    """What is wrong with tests in the tree as it is, by test; a mutant that "fails" a test of these shows nothing."""
    outcome = run_tests(tree, tests, seconds=START_SECONDS + TEST_SECONDS * len(tests), keep_compiled=True)
    wrong = dict(outcome.noticed)
    for test in tests:
        if outcome.passed.get(test, 0.0) > TEST_SECONDS:
            wrong[test] = f"takes {outcome.passed[test]:.0f} s, more than {TEST_SECONDS:.0f}"
        elif test not in outcome.passed and test not in wrong:
            wrong[test] = f"does not run: {outcome.printed[-1500:]}"
    return wrong
