"""``tally reconcile``: compare both live systems and say how far they agree; write nothing, nowhere."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import Json, Names, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.reconcile_text import Comparison
    from tallystick.cli.start import Start
    from tallystick.core.ports import Sink


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally reconcile",
        "tally reconcile companies --sample 500",
        "tally reconcile --fail-under 99.5 --html in-step.html",
    )
    app.command(epilog=shown, short_help="Prove how far both systems agree; change nothing.")(reconcile)


def reconcile(
    ctx: typer.Context,
    mappings: Names = None,
    *,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", min=1, help="Compare N pairs drawn at random, read by id, not all."),
    ] = None,
    fail_under: Annotated[
        float | None,
        typer.Option(
            "--fail-under", metavar="PERCENT", min=0, max=100, help="Exit with 5 if a mapping's score is below this."
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the comparison as one web page.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, max=20, help="How many examples of each kind to show.")
    ] = 3,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show values as they are; else all but their shape is hidden.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Compare all records of both live systems and say how far they are in step, by mapping, side and field.

    Every record has exactly one verdict: in step, in flight, waiting for somebody, lost, only on one side. Neither a
    system nor the state is changed. Exit code 3 if a mapping could not be compared wholly.
    """
    from tallystick.cli.complaint import error_lines
    from tallystick.cli.progress import shown_progress
    from tallystick.cli.reconcile_text import comparison_document, show_comparison

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with shown_progress(screen) as sink:
        comparison = _compare(start, mappings or [], sample, fail_under, sink, reveal=show_values)
    screen.document(comparison_document(comparison))
    show_comparison(screen, comparison, limit)
    for name, failure in comparison.failures.items():
        screen.say("\n".join([f"{name}: could not be compared", *error_lines(failure)]))
    if html is not None:
        _keep(comparison, html)
        screen.note(f"wrote {html}")
    return comparison.code


def _compare(
    start: "Start", names: list[str], sample: int | None, fail_under: float | None, sink: "Sink | None", *, reveal: bool
) -> "Comparison":
    from tallystick.cli.reconcile_text import Comparison
    from tallystick.core.error import ProjectError
    from tallystick.engine.compare import Comparing
    from tallystick.engine.effects import drive
    from tallystick.engine.run import run
    from tallystick.wiring import open_house

    with open_house(start.folder, start.environment, sink=sink) as house:
        pairs = house.chosen(names)
        if not pairs:
            raise ProjectError("the project has no mapping", hint="propose one with `tally map draft`")
        comparing = Comparing(sample)
        session = house.session("plan", full=True)
        try:
            result = drive(run(session, pairs, alone=house.alone, patience=0, look=comparing.observe), house.boundary())
        finally:
            session.close()
        return Comparison(
            house.loaded.project.name,
            house.loaded.environment or "",
            result.plan.made,
            [comparing.agreements[p.name] for p in pairs if p.name in comparing.agreements],
            result.failures,
            fail_under,
            reveal,
        )


def _keep(comparison: "Comparison", html: Path) -> None:
    from tallystick.cli.reconcile_html import render_html
    from tallystick.core.error import ProjectError

    try:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render_html(comparison), encoding="utf-8")
    except OSError as cause:
        raise ProjectError(
            f"the page cannot be written: {cause.strerror}", hint="check its folder", place=str(html)
        ) from cause
