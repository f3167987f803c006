"""``tally plan``: observe both sides, decide, show; write nothing to any system."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.selection import Field, OfSide, Records, RecordsFile, Wanted, Where
from tallystick.cli.start import Full, Json, Names, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.carry import Carried
    from tallystick.cli.output import Screen
    from tallystick.cli.plan_file import PlanFile
    from tallystick.cli.plan_page import Page
    from tallystick.cli.trials import Trials
    from tallystick.core.selection import Selection
    from tallystick.wiring import House


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally plan",
        "tally plan companies --full",
        "tally plan -o monday.json --html monday.html",
        "tally plan companies --where country=DE --markdown change.md",
    )
    app.command(epilog=shown, short_help="Show what a run would do; change nothing.")(plan)


def plan(
    ctx: typer.Context,
    mappings: Names = None,
    *,
    full: Full = False,
    file: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where the plan goes. [.tally/plan.json]")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="How many lines of each mapping to show.")
    ] = 10,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the plan as one web page.")] = None,
    markdown: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Write the plan as Markdown, as for a merge request."),
    ] = None,
    show_values: Annotated[
        bool,
        typer.Option(
            "--show-values", help="Show values in these pages as they are; else all but their shape is hidden."
        ),
    ] = False,
    records: Records = None,
    records_file: RecordsFile = None,
    side: OfSide = None,
    where: Where = None,
    field: Field = None,
    validate: Annotated[
        bool,
        typer.Option("--validate", help="Let systems that can do so check each write, without carrying it out."),
    ] = False,
    as_json: Json = False,
) -> int:
    """Show what a run would do, and keep it for `tally apply`; no system is changed.

    The first plan of a mapping is its adoption plan: who stands on both sides, who only on one, who is ambiguous,
    what differs. Terminal, JSON and the kept plan show values as they are; the pages hide them, because they are
    passed on.
    """
    from tallystick.cli.carry import carry
    from tallystick.cli.exits import DONE, SYSTEM, worst
    from tallystick.cli.plan_file import DEFAULT, write_plan
    from tallystick.cli.plan_page import page_of
    from tallystick.cli.progress import shown_progress
    from tallystick.cli.refusals_look import expect_refusals
    from tallystick.cli.selecting import limits_of
    from tallystick.cli.trials import Trials
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    wanted = Wanted(records or (), records_file, side, where or (), field)
    kept = file or start.folder / DEFAULT
    with shown_progress(screen) as sink, open_house(start.folder, start.environment, sink=sink) as house:
        limits = limits_of(house, mappings or [], wanted)
        expect_refusals(house, limits.mappings)
        trials = Trials(house)
        carried = carry(
            house, "plan", limits.mappings, full=full, look=limits.look, review=trials.run if validate else None
        )
        write_plan(kept, _to_keep(house, carried, limits.selection, full=full))
        if html or markdown:
            _keep_pages(page_of(house.loaded, carried, kept, limit, reveal=show_values), html, markdown, screen)
    _tell(screen, carried, kept, limit, trials if validate else None)
    return worst([carried.code, SYSTEM if trials.refused else DONE])


def _keep_pages(page: "Page", html: Path | None, markdown: Path | None, screen: "Screen") -> None:
    from tallystick.cli.plan_html import render_html
    from tallystick.cli.plan_markdown import render_markdown
    from tallystick.core.error import ProjectError

    for path, render in ((html, render_html), (markdown, render_markdown)):
        if path is None:
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render(page), encoding="utf-8", errors="backslashreplace")
        except OSError as cause:
            raise ProjectError(
                f"the page cannot be written: {cause.strerror}", hint="check its folder", place=str(path)
            ) from cause
        screen.note(f"wrote {path}")


def _to_keep(house: "House", carried: "Carried", selection: "Selection | None", *, full: bool) -> "PlanFile":
    from tallystick.cli.moment import moment
    from tallystick.cli.plan_file import PlanFile
    from tallystick.cli.plan_text import plan_document
    from tallystick.cli.selecting import selection_document

    made = carried.result.plan
    return PlanFile(
        project=house.loaded.project.name,
        environment=house.loaded.environment,
        run=made.run,
        made=moment(made.made),
        full=full,
        fingerprint=made.fingerprint,
        lines={name: tuple(found.prints) for name, found in carried.surveys.items()},
        shown=plan_document(carried),
        selection=selection_document(selection),
    )


def _tell(screen: "Screen", carried: "Carried", kept: Path, limit: int, trials: "Trials | None") -> None:
    from tallystick.cli.carried_text import failure_lines, unfound_lines
    from tallystick.cli.field_text import news_lines
    from tallystick.cli.forecast import HEADS, forecast_rows, forecast_words
    from tallystick.cli.output import number
    from tallystick.cli.plan_file import spell
    from tallystick.cli.plan_text import any_failed, plan_document, samples, show_pair
    from tallystick.cli.selecting import chosen_words
    from tallystick.cli.sign_text import sign_lines
    from tallystick.cli.words import waiting_words

    made = carried.result.plan
    document = {"plan": plan_document(carried), "file": str(kept)}
    screen.document(document | {"validated": trials.document()} if trials is not None else document)
    for of_pair in made.pairs:
        shown = samples(made.operations, of_pair.pair, limit)
        limits = chosen_words(of_pair, carried.selection)
        beside = (*([limits] if limits else []), *sign_lines(carried.sign_offs, of_pair.pair))
        show_pair(screen, of_pair, carried.surveys.get(of_pair.pair), shown, beside)
    for line in (*failure_lines(carried), *unfound_lines(carried), *news_lines(carried.fields)):
        screen.say(line)
    left = carried.waiting.values()
    waiting = waiting_words(sum(w.questions for w in left), sum(w.parked for w in left))
    if made.is_empty and not any_failed(carried):
        screen.say("Nothing to do." if waiting or made.drifts else "Nothing to do: both sides agree.")
    elif not made.is_empty:
        if made.writes and carried.forecast is not None:
            screen.say(forecast_words(carried.forecast))
            screen.table(HEADS, forecast_rows(carried.forecast), indent=2)
        screen.say(f"{number(made.lines, 'line')}, {number(made.writes, 'write')}. Plan {spell(made.fingerprint)}")
        screen.say(f"Carry out exactly this: tally apply {kept}")
    for line in trials.lines(limit) if trials is not None else ():
        screen.say(line)
    if waiting:
        screen.say(f"{waiting}: tally problems")
