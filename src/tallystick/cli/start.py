"""What was said before the verb: which project, which environment, how much to say."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from tallystick.cli.output import Screen

PROJECT_FILE: Final = "tally.yaml"

Json = Annotated[bool, typer.Option("--json", help="Write one JSON document to stdout, and nothing else.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="MAPPING", help="Mappings; all if none is named.")]
Full = Annotated[bool, typer.Option("--full", help="Compare all records, not only what changed since the last run.")]
Release = Annotated[
    list[str] | None,
    typer.Option(
        "--release",
        metavar="WHAT",
        help=(
            "Let a brake go for this one run: by name (deletes, empty_side, shrink, updates, blanks, creates, "
            "duplicates), for at most so many writes (deletes:MAPPING:right:14), or by the id that the plan shows."
        ),
    ),
]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who lets go, for the audit trail. [the user of this computer]"),
]
Patience = Annotated[
    float,
    typer.Option(
        "--patience",
        metavar="SECONDS",
        min=0,
        help="How long to wait for earlier writes that may still be in flight. Longer ones wait for the next run.",
    ),
]
# Longer than the weakest claims of a system need, so that one run after a crash is enough.
PATIENCE_SECONDS: Final = 150.0


@dataclass(frozen=True, slots=True)
class Start:
    """The options before the verb. ``given`` is the folder that was named, if any."""

    given: Path | None = None
    environment: str | None = None
    quiet: bool = False

    @property
    def folder(self) -> Path:
        """The project's folder: the one that was named, else the nearest above here that has a ``tally.yaml``."""
        if self.given is not None:
            return self.given
        here = Path.cwd()
        return next((f for f in (here, *here.parents) if (f / PROJECT_FILE).is_file()), here)

    def screen(self, *, as_json: bool) -> Screen:
        """Make what a verb writes to."""
        return Screen(as_json=as_json, quiet=self.quiet)


def start_of(ctx: typer.Context) -> Start:
    """Give what was said before the verb."""
    return ctx.obj if isinstance(ctx.obj, Start) else Start()


def examples(*commands: str) -> str:
    """Write examples so that help shows them line by line."""
    return "\b\nExamples:\n" + "\n".join(f"  {command}" for command in commands)
