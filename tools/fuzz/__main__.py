"""Hostile bytes for everything that reads bytes of peers: ``make fuzz INPUTS=10000000``.

Every target takes one input and may raise only its own kind of error. Inputs
are good ones with something done to them, cut into pieces where the target
takes a stream, and sometimes noise. The seed fixes all of it. What fails is
written to ``tools/fuzz/seeds/TARGET-HASH`` and tried first from then on, here
and by the tests. An input that takes more than 50 ms of CPU time counts as a
failure, and so does growth of the process by more than 64 MB.
"""

import argparse
import random
import sys
import time

from tools.fuzz.all_targets import ALL_TARGETS
from tools.fuzz.fuzzer import Fuzzer, resident_bytes

GROWTH_BYTES = 64 << 20


def main() -> int:
    """Exit code 0 when every input was taken as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000_000, help="in all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("targets", nargs="*", default=list(ALL_TARGETS), metavar="TARGET", help=", ".join(ALL_TARGETS))
    options = parser.parse_args()
    fuzzer = Fuzzer(options.seed)
    shares = {name: ALL_TARGETS[name].share for name in options.targets}
    for name in options.targets:
        ALL_TARGETS[name](random.Random(0))  # imports and caches are not growth
    before = resident_bytes()
    total = 0
    for name, share in shares.items():
        fuzzer.slowest = 0.0
        began = time.monotonic()
        inputs = fuzzer.run(name, round(options.inputs * share / sum(shares.values())))
        total += inputs
        print(
            f"{name:<22}{inputs:>10} inputs {time.monotonic() - began:>6.0f} s, slowest {fuzzer.slowest * 1e3:.1f} ms,"
            f" process grown by {(resident_bytes() - before) / 1e6:.1f} MB",
            flush=True,
        )
    grown = resident_bytes() - before
    print(f"{total} inputs, {len(fuzzer.failures)} failures, grown by {grown / 1e6:.1f} MB")
    return 1 if fuzzer.failures or grown > GROWTH_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
