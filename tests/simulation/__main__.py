"""Play seeds from the command line.

python -m tests.simulation --seed 7 --trace          replay one seed and see everything that happens
python -m tests.simulation --seed 1 --count 200      play some
python -m tests.simulation --seconds 3600            search on all cores and write a report
"""

import argparse
import json
import os
import sys
from pathlib import Path

from tests.simulation.known import KNOWN
from tests.simulation.play import play
from tests.simulation.soak import describe, soak, write_report


def main() -> int:
    """Play what was asked for; the exit code tells whether everything held."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=1, help="how many")
    parser.add_argument("--trace", action="store_true", help="print everything that happens")
    parser.add_argument("--strict", action="store_true", help="stop at known defects too")
    parser.add_argument("--seconds", type=float, default=0.0, help="search for so long, on all cores")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many processes search")
    parser.add_argument("--report", type=Path, default=Path("simulation-report.json"), help="where the report goes")
    asked = parser.parse_args()
    if asked.seconds:
        report = soak(asked.seed, asked.seconds, asked.jobs)
        write_report(report, asked.report)
        sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
        return bool(report["found"])
    forgiven = frozenset() if asked.strict else frozenset(KNOWN)
    trace = (lambda line: sys.stdout.write(line + "\n")) if asked.trace else None
    bad = steps = 0
    for seed in range(asked.seed, asked.seed + asked.count):
        found = play(seed, trace=trace, forgiven=forgiven)
        steps += found.steps
        if found.law:
            bad += 1
            sys.stdout.write(describe(found, " --strict" if asked.strict else "") + "\n")
    sys.stdout.write(f"{asked.count} seeds, {steps} steps, {bad} where something is wrong\n")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
