"""``tally lint``: everything that can be said about the project files without talking to any system."""

from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import Json, Start, examples, start_of

if TYPE_CHECKING:
    from tallystick.core.error import Problem


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples("tally lint", "tally lint --strict", "tally --environment production lint --json")
    app.command(epilog=shown, short_help="Find what is wrong in the project files.")(lint)


def lint(
    ctx: typer.Context,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail too.")] = False,
    as_json: Json = False,
) -> int:
    """Read the project and tell everything wrong or doubtful in it at once, each with file, line and column."""
    from tallystick.cli.complaint import problem_document, problem_lines
    from tallystick.cli.exits import DONE, WRONG
    from tallystick.cli.output import number

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    problems = _find(start)
    errors = sum(p.severity == "error" for p in problems)
    warnings = len(problems) - errors
    screen.document({"errors": errors, "warnings": warnings, "problems": [problem_document(p) for p in problems]})
    if not as_json:
        for line in problem_lines(problems, start.folder):
            screen.say(line)
    screen.say(f"{number(errors, 'error')}, {number(warnings, 'warning')}" if problems else "nothing to complain about")
    return WRONG if errors or (strict and warnings) else DONE


def _find(start: Start) -> "list[Problem]":
    from tallystick.core.error import ProjectError
    from tallystick.project.lint import lint_project
    from tallystick.project.load import load_project

    try:
        return lint_project(load_project(start.folder, environment=start.environment))
    except ProjectError as error:
        if not error.problems:
            raise
        return list(error.problems)
