"""The entry point: options before the verb, the verbs, and the one place where errors become words and exit codes.

Verbs import what is heavy inside their functions, so that ``tally --help`` stays quick.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tallystick.cli.exits import DONE, FAILED, MEANINGS, STOPPED, WRONG, code_of
from tallystick.cli.start import Start
from tallystick.core.error import Error
from tallystick.wiring import spare_collector

VERBS: Final = (
    "init",
    "catalog",
    "describe",
    "login",
    "lint",
    "test",
    "check",
    "testkit",
    "map",
    "plan",
    "apply",
    "run",
    "status",
    "reconcile",
    "problems",
    "options",
    "drift",
    "capture",
    "predict",
    "refusals",
    "conflicts",
    "why",
    "history",
    "undo",
    "demo",
)
# Typer brings its own copy of click in newer versions, so the class is found by its place rather than by its home.
_UsageError: Final[Any] = typer.BadParameter.__mro__[1]


def build_app() -> typer.Typer:
    """Put the command together from its verbs; each has a module that registers it."""
    codes = "\n".join(f"  {code:>3}  {meaning}" for code, (meaning, _) in MEANINGS.items())
    app = typer.Typer(
        name="tally",
        add_completion=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        epilog=f"\b\nExit codes:\n{codes}",
    )
    app.callback()(start)
    for verb in VERBS:
        module = f"tallystick.cli.{verb}"
        if find_spec(module) is not None:
            import_module(module).register(app)
    return app


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        from importlib.metadata import version

        print(f"tally {version('tallystick')}")
        raise typer.Exit(DONE)


def start(
    ctx: typer.Context,
    *,
    project: Annotated[
        Path | None,
        typer.Option("--project", "-p", metavar="DIR", help="The project's folder. [the nearest with a tally.yaml]"),
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", "-e", metavar="NAME", help="Which environment of the project to use.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes, only results.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a trace when tally itself breaks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """Keep the records of two business systems in step, in both directions, and prove it."""
    del debug, version  # the first is looked for before anything is parsed, so that it holds for parsing too
    ctx.obj = Start(project, environment, quiet)


def run_command(arguments: Sequence[str]) -> int:
    """Run one command line (without the program's name) and give its exit code. Never raises but for ``SystemExit``."""
    as_json = "--json" in arguments
    command = typer.main.get_command(build_app())
    try:
        code = command.main(args=list(arguments) or ["--help"], prog_name="tally", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _end_quietly()
    except Error as error:
        return _tell_error(error, arguments, as_json=as_json)
    except _UsageError as error:
        return _tell_usage(error, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        code = STOPPED
    except Exception as error:  # noqa: BLE001 - the last place where anything can be told to a person
        return _tell_break(error, as_json=as_json, debug="--debug" in arguments)
    if code == STOPPED:
        print("stopped; what was confirmed is remembered, run again to go on", file=sys.stderr)
    return code if isinstance(code, int) else DONE


def _tell_error(error: Error, arguments: Sequence[str], *, as_json: bool) -> int:
    from tallystick.cli.complaint import complain
    from tallystick.cli.output import Screen

    complain(error, Screen(as_json=as_json), _folder(arguments))
    return code_of(error)


def _folder(arguments: Sequence[str]) -> Path:
    """Find the project's folder again for showing its lines; errors come from where no options are known."""
    for at, argument in enumerate(arguments[:-1]):
        if argument in {"--project", "-p"}:
            return Path(arguments[at + 1])
        if argument.startswith("--project="):
            return Path(argument.partition("=")[2])
    return Start().folder


def _tell_usage(error: Any, *, as_json: bool) -> int:
    from tallystick.cli.output import Screen

    screen = Screen(as_json=as_json)
    message = error.format_message()
    where = error.ctx.command_path if error.ctx is not None else "tally"
    hint = f"see {where} --help"
    screen.document({"error": {"code": "usage", "message": message, "hint": hint, "place": where}})
    if not as_json:
        screen.complain(f"error: {message}\n  what to do: {hint}")
    return WRONG


def _tell_break(error: Exception, *, as_json: bool, debug: bool) -> int:
    """Tell that tally itself broke. The text of a foreign exception may hold anything, so only its kind is shown."""
    import traceback

    from tallystick.cli.output import Screen

    if debug:
        traceback.print_exception(error)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "tallystick" in f.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    message = f"tally itself broke: {type(error).__name__}"
    hint = "nothing that was confirmed is lost; run it again with --debug before the verb and report the trace"
    screen = Screen(as_json=as_json)
    screen.document({"error": {"code": "bug", "message": message, "hint": hint, "place": place}})
    if not as_json:
        screen.complain(f"error: {message} at {place}\n  what to do: {hint}\n  code: bug (for the developer)")
    return FAILED


def _end_quietly() -> int:
    """The reader of our output went away; keep Python from complaining about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    spare_collector()
    sys.exit(run_command(sys.argv[1:]))
