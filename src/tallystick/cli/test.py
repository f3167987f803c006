"""``tally test``: the tests that people wrote for their mappings."""

from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import Json, Start, examples, start_of

if TYPE_CHECKING:
    from tallystick.core.error import Problem
    from tallystick.project.user_tests import Outcome


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples("tally test", "tally test companies", "tally test --json")
    app.command("test", epilog=shown, short_help="Run the tests of the mappings in tests/*.yaml.")(run_tests)


def run_tests(
    ctx: typer.Context,
    mapping: Annotated[str, typer.Argument(metavar="MAPPING", help="Only the tests of this mapping.")] = "",
    *,
    as_json: Json = False,
) -> int:
    """Run the tests in tests/*.yaml: a record in, a record out. No system is asked, nothing is written.

    Each difference is told with file, line and column. Exit code 5 if any test fails.
    """
    from tallystick.cli.complaint import problem_document, problem_lines
    from tallystick.cli.exits import CHECK, DONE, WRONG
    from tallystick.cli.output import number
    from tallystick.project.user_tests import FOLDER

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    outcomes, problems = _run(start, mapping)
    failed = [one for one in outcomes if one.faults]
    document = [
        {"mapping": one.mapping, "test": one.name, "where": one.where, "faults": [*map(problem_document, one.faults)]}
        for one in outcomes
    ]
    screen.document({"tests": document, "failed": len(failed), "problems": [problem_document(p) for p in problems]})
    for one in failed:
        screen.title(f"failed: {one.mapping}, {one.name}")
        for line in problem_lines(one.faults, start.folder):
            screen.say(f"  {line}")
    for line in problem_lines(problems, start.folder):
        screen.say(line)
    if not outcomes and not problems:
        screen.say(f"there are no tests in {FOLDER}/")
    else:
        screen.say(f"{number(len(outcomes), 'test')}, {number(len(failed), 'failure')}")
    return WRONG if problems else CHECK if failed else DONE


def _run(start: Start, only: str) -> "tuple[list[Outcome], list[Problem]]":
    from tallystick.cli.near_mapping import chosen_mappings
    from tallystick.project.build import build_mappings
    from tallystick.project.load import load_project
    from tallystick.project.user_tests import Outcome, run_user_tests

    loaded = load_project(start.folder, environment=start.environment)
    chosen_mappings(loaded, [only] if only else None)
    built = {mapping.name: mapping for mapping in build_mappings(loaded)}
    found = list(run_user_tests(start.folder, built, only))
    return [x for x in found if isinstance(x, Outcome)], [x for x in found if not isinstance(x, Outcome)]
