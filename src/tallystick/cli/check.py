"""``tally check``: the check list, answered on the live systems. Nothing is written but the answers, and canaries."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tallystick.cli.start import Json, examples, start_of

_WIDTH: Final = 120
_HOUR: Final = 3600


class Language(StrEnum):
    """In which language letters are written."""

    de = "de"
    en = "en"


if TYPE_CHECKING:
    from tallystick.checklist.report import Report
    from tallystick.checklist.runner import Progress
    from tallystick.checklist.scene import Cage
    from tallystick.cli.output import Screen
    from tallystick.cli.start import Start
    from tallystick.wiring import House


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally check",
        "tally check --only C7.8,C7.9",
        "tally check --dry-run",
        "tally check --html report.html --markdown report.md",
        "tally check --calendar --ics endings.ics",
        "tally check --budget 500",
        "tally check --resume --max-age 48",
        "tally --environment staging check --canary",
    )
    app.command(epilog=shown, short_help="Answer the check list on the live systems.")(check)


def check(
    ctx: typer.Context,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID,...", help="Only these questions; C7.11 stands for C7.11a to C7.11d."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report as one web page.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write the report as Markdown.")
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", min=1, help="Records of each object to look at.")
    ] = 2000,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show sampled values as they are; else all but their shape is hidden.")
    ] = False,
    details: Annotated[
        bool, typer.Option("--details", help="Show what passed too, every reason, and what to ask of people.")
    ] = False,
    note: Annotated[
        bool,
        typer.Option("--note", help="Label in the manifests what was proven (confirmed) or disproven (contradicted)."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which requests would be made of which system. None is made.")
    ] = False,
    canary: Annotated[
        bool,
        typer.Option("--canary", help="Try writes too, on marked records that are removed again. On staging only."),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a check that was broken off; ask only what is not known.")
    ] = False,
    max_age: Annotated[
        float, typer.Option("--max-age", metavar="HOURS", min=0, help="With --resume: ask again what is older.")
    ] = 24,
    budget: Annotated[
        int, typer.Option("--budget", metavar="N", min=0, help="Make at most N requests; 0 is any number.")
    ] = 0,
    calendar: Annotated[
        bool, typer.Option("--calendar", help="Only say what will end by itself: certificates, tokens, secrets.")
    ] = False,
    ics: Annotated[
        Path | None, typer.Option("--ics", metavar="FILE", help="With --calendar: write it for a calendar, too.")
    ] = None,
    letter: Annotated[
        Language | None,
        typer.Option("--letter", metavar="de|en", help="Write the request for access to each system; ask nothing."),
    ] = None,
    as_json: Json = False,
) -> int:
    """Ask every question of the list and show what was found. Exit code 5 if one that gates a go-live has failed.

    The systems are only read, but for canaries on staging. What cannot be measured is said to be so, and what has to be
    asked of people is listed.
    """
    from tallystick.checklist.report import report_document
    from tallystick.cli.exits import CHECK, DONE

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    ids = [part for given in only or () for part in given.split(",") if part.strip()]
    if letter is not None:
        _write_letters(start, screen, letter)
        return DONE
    if calendar or ics is not None:
        from tallystick.cli.check_calendar import show_calendar

        return show_calendar(start, screen, ics)
    if dry_run:
        _declare(start, screen, ids, canary=canary)
        return DONE
    asked = _Asked(ids, sample, show_values, canary, resume, max_age * _HOUR, budget)
    report = _run(start, screen, asked)
    noted = _note(start, report) if note else None
    screen.document(report_document(report) | ({} if noted is None else {"noted": noted}))
    if not as_json:
        _show(report, details=details)
        _tell(screen, noted)
    _keep(report, html, markdown, screen)
    return CHECK if report.failed_gates else DONE


@dataclass(frozen=True)
class _Asked:
    """What was asked for on the command line."""

    ids: list[str]
    sample: int
    reveal: bool
    canary: bool
    resume: bool
    max_age: float
    budget: int


def _run(start: "Start", screen: "Screen", asked: _Asked) -> "Report":
    from tallystick.checklist.kept import keep_answers
    from tallystick.checklist.opening import open_scene
    from tallystick.checklist.questions import choose
    from tallystick.checklist.runner import run_checks, save_report
    from tallystick.checklist.wire import WireTransport
    from tallystick.wiring import open_house

    questions = choose(asked.ids)
    with open_house(start.folder, start.environment, whole=True) as house:
        readers = {name: system.connector for name, system in house.systems.items()}
        scene = open_scene(house.loaded, readers, house.pairs, sample=asked.sample)
        scene.cage = _cage(house) if asked.canary else None
        kept = keep_answers(scene, resume=asked.resume, max_age=asked.max_age)
        with _progress(screen) as progress:
            report = run_checks(
                scene, house.boundary(), WireTransport(), questions,
                reveal=asked.reveal, progress=progress, kept=kept, most=asked.budget,
            )  # fmt: skip
        save_report(report, house.store)
        return report


def _write_letters(start: "Start", screen: "Screen", language: Language) -> None:
    from tallystick.checklist.letter import write_letter
    from tallystick.checklist.opening import open_scene
    from tallystick.wiring import open_house

    with open_house(start.folder, start.environment) as house:
        readers = {name: system.connector for name, system in house.systems.items()}
        scene = open_scene(house.loaded, readers, house.pairs)
        used = sorted({end.system for end in scene.ends()})
        letters = {system: write_letter(scene, system, language.value) for system in used}
    screen.document({"letters": letters})
    if not screen.as_json:
        print("\n----\n\n".join(letters.values()), end="")


def _cage(house: "House") -> "Cage":
    import secrets

    from tallystick.checklist.staging import open_cage

    writers = {name: system.connector for name, system in house.systems.items()}
    return open_cage(house.loaded, writers, f"k{secrets.token_hex(3)}")


def _declare(start: "Start", screen: "Screen", ids: list[str], *, canary: bool) -> None:
    from tallystick.checklist.opening import open_scene
    from tallystick.checklist.questions import choose
    from tallystick.checklist.runner import declare_checks
    from tallystick.wiring import open_house

    with open_house(start.folder, start.environment) as house:
        readers = {name: system.connector for name, system in house.systems.items()}
        scene = open_scene(house.loaded, readers, house.pairs)
        scene.cage = _cage(house) if canary else None
        declared = declare_checks(scene, choose(ids))
    screen.document({"checks": declared})
    rows = [(one["question"], one["subject"], one["requests"]) for one in declared]
    screen.table(("question", "of", "requests"), rows)


@contextlib.contextmanager
def _progress(screen: "Screen") -> "Iterator[Progress | None]":
    """Show on a terminal which question is being asked of what."""
    if screen.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status("") as status:
        yield lambda question, subject: status.update(Text(f"{question.id} {question.title} {subject.name}"))


def _note(start: "Start", report: "Report") -> dict[str, list[str]]:
    """Write what was found into the manifests; give the entries whose label changed, by system."""
    from tallystick.checklist.proof import facts_of
    from tallystick.project.annotate import note_facts
    from tallystick.project.load import load_project

    loaded = load_project(start.folder, environment=start.environment)
    return {
        system: list(note_facts(start.folder / loaded.source("system", system).layers[-1].document.file, facts))
        for system, facts in facts_of(report).items()
    }


def _tell(screen: "Screen", noted: dict[str, list[str]] | None) -> None:
    for system, entries in (noted or {}).items():
        screen.note(f"{system}: {len(entries)} labels changed{': ' if entries else ''}{', '.join(entries)}")


def _show(report: "Report", *, details: bool) -> None:
    from rich.console import Console

    from tallystick.checklist.report_text import render_text

    # Piped into a file or a log there is no window to fit into.
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    console.print(render_text(report, details=details))


def _keep(report: "Report", html: Path | None, markdown: Path | None, screen: "Screen") -> None:
    from tallystick.checklist.report_html import render_html
    from tallystick.checklist.report_markdown import render_markdown
    from tallystick.core.error import ProjectError

    for path, render in ((html, render_html), (markdown, render_markdown)):
        if path is None:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render(report), encoding="utf-8")
        except OSError as cause:
            raise ProjectError(
                f"the report cannot be written: {cause.strerror}", hint="check its folder", place=str(path)
            ) from cause
        screen.note(f"wrote {path}")
