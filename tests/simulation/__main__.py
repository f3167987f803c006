"""Play seeds from the command line: ``python -m tests.simulation --seed 7 --trace``."""

import argparse
import sys
import time

from tests.simulation.play import play


def main() -> int:
    """Play what was asked for; the exit code tells whether everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--trace", action="store_true")
    parser.add_argument("--forgive", action="append", default=[])
    asked = parser.parse_args()
    write = sys.stdout.write
    begun, steps, bad = time.perf_counter(), 0, 0
    for seed in range(asked.seed, asked.seed + asked.count):
        report = play(
            seed, trace=(lambda line: write(line + "\n")) if asked.trace else None, forgiven=frozenset(asked.forgive)
        )
        steps += report.steps
        if report.law:
            bad += 1
            write(f"seed {seed}: {report.law} {report.story}\n")
    took = time.perf_counter() - begun
    write(f"{asked.count} seeds, {bad} bad, {steps} steps, {steps / took:.0f} a second\n")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
