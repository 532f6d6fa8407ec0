"""Run trial on the given tests and close with one plain line: ``N passed, N failed``.

    python tools/run_trial.py trial_tests [more …]

Trial's own summary counts in its own words (``PASSED (skips=1, successes=7)``);
what reads our output wants numbers it knows.
"""

import re
import subprocess
import sys

_COUNT = re.compile(r"(skips|failures|errors|successes|expectedFailures|unexpectedSuccesses|todos)=(\d+)")


def main(arguments: list[str]) -> int:
    """Trial's exit code; non-zero too when nothing ran."""
    command = [sys.executable, "-m", "twisted.trial", *arguments]
    summary = ""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    assert process.stdout is not None
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        if line.startswith(("PASSED", "FAILED")):
            summary = line
    code = process.wait()
    counts = {name: int(number) for name, number in _COUNT.findall(summary)}
    failed = counts.get("failures", 0) + counts.get("errors", 0) + counts.get("unexpectedSuccesses", 0)
    passed = counts.get("successes", 0) + counts.get("expectedFailures", 0)
    if code and not failed:
        failed = 1
    skipped = f", {counts['skips']} skipped" if counts.get("skips") else ""
    print(f"{passed} passed, {failed} failed{skipped}", flush=True)
    return code or (0 if passed else 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
