"""``tally apply``: carry out the lines of an approved plan, and no others."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import PATIENCE_SECONDS, By, Json, Patience, Release, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.carry import Carried
    from tallystick.cli.output import Screen
    from tallystick.cli.plan_file import PlanFile
    from tallystick.cli.stale import StaleLine
    from tallystick.core.brake import Permit

_NAMED = 20


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples(
        "tally apply", "tally apply monday.json --release deletes@0123456789ab", "tally apply --only 3f2a91bc,77d0e1a4"
    )
    app.command(epilog=shown, short_help="Carry out an approved plan.")(apply)


def apply(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="The plan. [.tally/plan.json]")] = None,
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="FINGERPRINT,...",
            help="Carry out only these lines, by their fingerprints or how these begin. No brake holds a named line.",
        ),
    ] = None,
    release: Release = None,
    by: By = None,
    patience: Patience = PATIENCE_SECONDS,
    as_json: Json = False,
) -> int:
    """Carry out a plan that `tally plan` made: exactly its lines, as far as they still stand.

    Both sides are observed again. A line whose records changed since is stale: it is left alone and named, with what
    changed. Who let a brake go, and what, goes into the audit trail.
    """
    from tallystick.cli.carry import carry
    from tallystick.cli.plan_file import DEFAULT, read_plan, write_plan
    from tallystick.cli.progress import shown_progress
    from tallystick.cli.selecting import look_of, selection_of
    from tallystick.cli.stale import Stale
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    path = file or start.folder / DEFAULT
    with (
        shown_progress(screen) as sink,
        open_house(start.folder, start.environment, writing=True, sink=sink) as house,
    ):
        plan = read_plan(path, house.loaded.project.name, house.loaded.environment)
        permit = _permit(plan, release, only, [p.name for p in house.pairs], by)
        look = look_of(selection_of(plan.selection))
        approved = permit.named if only else plan.approved
        stale = Stale(plan, house, approved)
        write_plan(path, plan.begun())
        carried = carry(
            house,
            "apply",
            list(plan.lines),
            full=plan.full,
            approved=approved,
            permit=permit,
            patience=patience,
            look=look,
            command=f"tally apply {path.name if file is None else path}",
            review=stale.review,
        )
        tried = {p for found in carried.surveys.values() for p in found.carried_out}
        write_plan(path, plan.with_applied(tried))
    return _tell(screen, carried, plan, approved, stale.lines)


def _permit(
    plan: "PlanFile",
    release: Sequence[str] | None,
    only: Sequence[str] | None,
    mappings: Sequence[str],
    by: str | None,
) -> "Permit":
    """Give what the person lets pass; an id must be one that the plan shows, and counts for the plan's own lines."""
    from dataclasses import replace

    from tallystick.cli.brakes import permit_of

    permit = permit_of(release, mappings, by)
    words = tuple(plan.release(word) if word.id else word for word in permit.releases)
    texts = [part.strip() for text in only or () for part in text.split(",") if part.strip()]
    return replace(permit, releases=words, named=plan.find_lines(texts))


def lost_lines(carried: "Carried", plan: "PlanFile", approved: frozenset[int]) -> list[int]:
    """Give the approved lines that no longer stand and were not carried out before, of pairs that could be observed."""
    return [
        print_
        for pair, prints in plan.lines.items()
        if pair in carried.surveys and pair not in carried.result.failures
        for print_ in sorted((set(prints) & approved) - set(carried.surveys[pair].prints) - plan.applied)
    ]


def _tell(
    screen: "Screen", carried: "Carried", plan: "PlanFile", approved: frozenset[int], found: "Iterable[StaleLine]"
) -> int:
    from tallystick.cli.carried_text import carried_document, show_carried
    from tallystick.cli.exits import DECIDE, worst
    from tallystick.cli.output import number
    from tallystick.cli.stale import show_stale, stale_document
    from tallystick.cli.words import side_names

    lost = lost_lines(carried, plan, approved)
    stale = [] if plan.is_interrupted else lost
    new = sum(len(found.unapproved - plan.approved) for found in carried.surveys.values())
    left = len(plan.approved - approved - plan.applied)
    named = [line for line in found if line.line["mapping"] not in carried.result.failures] if stale else []
    code = worst([carried.code, DECIDE] if stale else [carried.code])
    document = carried_document(carried) | {
        "stale": len(stale),
        "stale_lines": [stale_document(line) for line in named],
        "not_in_plan": new,
        "not_named": left,
    }
    screen.document(document | {"outcome": "stale"} if stale and carried.outcome == "done" else document)
    show_carried(screen, carried)
    if stale:
        names = {p.pair: side_names(p.left, p.right) for p in carried.result.plan.pairs}
        show_stale(screen, len(stale), named, names, _NAMED)
    elif lost:
        words = number(len(lost), "line")
        screen.say(f"{words} of the plan were carried out before the last apply was interrupted, or no longer fit.")
    if left:
        screen.say(f"{number(left, 'line')} of the plan were not named and wait.")
    if new:
        screen.say(f"{number(new, 'line')} came up since the plan was made and are not part of it.")
    if lost or new:
        screen.say("See what is left: tally plan")
    return code
