"""``tally predict``: what the systems will refuse of each other's records, before anything is written."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import Json, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.predict_look import Forecast
    from tallystick.cli.start import Start
    from tallystick.core.ports import Sink


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally predict",
        "tally predict companies --side right --sample 5000",
        "tally predict --markdown refusals.md --show-values",
    )
    app.command(epilog=shown, short_help="Say which records would be refused, before anything is written.")(predict)


def predict(
    ctx: typer.Context,
    mappings: Annotated[
        list[str] | None, typer.Argument(metavar="MAPPING", help="Mappings; all if none is named.")
    ] = None,
    *,
    side: Annotated[
        str, typer.Option("--side", metavar="SIDE", help="Only what left or right will refuse, or the system's name.")
    ] = "",
    sample: Annotated[
        int | None, typer.Option("--sample", metavar="N", min=1, help="Judge the first N records of a side, not all.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write the prediction as a Markdown page.")
    ] = None,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Show values as they are; else all but their shape is hidden.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Read all records of both systems and say which of them the other system would refuse, by rule, and what helps.

    Rules are those of the manifests (types, lengths, patterns, options, required fields) and those of the mappings.
    A record that is not paired yet is judged as a new one. Nothing is written. Exit code 4 if anything is refused.
    """
    from tallystick.cli.exits import DECIDE, DONE
    from tallystick.cli.predict_text import markdown_page, prediction_document, show_prediction
    from tallystick.cli.progress import shown_progress

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with shown_progress(screen) as sink:
        found = _look(start, mappings or [], side, sample, sink)
    screen.document({"mappings": [prediction_document(each, reveal=show_values) for each in found]})
    for each in found:
        show_prediction(screen, each, reveal=show_values)
    if markdown is not None:
        markdown.write_text(markdown_page(found, reveal=show_values), encoding="utf-8")
        screen.note(f"wrote {markdown}")
    return DECIDE if any(each.refused for each in found) else DONE


def _look(start: "Start", names: list[str], side: str, sample: int | None, sink: "Sink") -> "list[Forecast]":
    from tallystick.cli.near_mapping import chosen_mappings
    from tallystick.cli.predict_look import foresee, written_sides
    from tallystick.wiring import open_house

    with open_house(start.folder, start.environment, sink=sink) as house:
        wanted = set(chosen_mappings(house.loaded, names))
        pairs = [pair for pair in house.pairs if pair.name in wanted]
        return [foresee(house, pair, at, sample) for pair in pairs for at in written_sides(pair, side)]
