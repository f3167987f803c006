"""The product at work on one project folder: what a scheduled ``tally run`` (or ``plan``) does, start included.

    python benchmarks/product.py FOLDER run|plan [--full] [--profile FILE]

Prints what came of it as one line of JSON. Brakes are released, because each workload trips one on purpose.
"""

import argparse
import cProfile
import json
import time
from pathlib import Path
from typing import Any

from tallystick.engine.effects import drive
from tallystick.engine.run import run
from tallystick.wiring import open_house, spare_collector

RELEASED = frozenset({"first_contact", "deletes", "updates", "creates", "blanks", "duplicates", "shrink"})


def work(folder: Path, mode: str, *, full: bool) -> dict[str, Any]:
    """Run all mappings of a project once and count what was planned and done."""
    writes = mode != "plan"
    spare_collector()
    with open_house(folder, writing=writes) as house:
        session = house.session("run" if writes else "plan", released=RELEASED, full=full)
        try:
            result = drive(run(session, house.pairs, alone=house.alone, patience=0), house.boundary())
        finally:
            session.close()
    if result.failures:
        raise SystemExit(str(result.failures))
    [pair] = result.plan.pairs
    return {"done": result.done, "planned": pair.actions, "counts": pair.dispositions, "problem": pair.problem}


def main() -> None:
    """Read the command line, work, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("mode", choices=("run", "plan"))
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--profile", default="")
    arguments = parser.parse_args()
    profile = cProfile.Profile(time.process_time) if arguments.profile else None
    if profile:
        profile.enable()
    outcome = work(arguments.folder, arguments.mode, full=arguments.full)
    if profile:
        profile.disable()
        profile.dump_stats(arguments.profile)
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
