"""``tally rules``: the rules that the systems seem to have, learned from what they refused; accept one as yours."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli.start import Json, Names, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.output import Screen
    from tallystick.cli.start import Start
    from tallystick.core.learned import Candidate
    from tallystick.core.record import Side
    from tallystick.engine.pair import Pair

    Found = tuple[Pair, Side, Candidate]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog=examples("tally rules", "tally rules --json"))(rules)
    shown = examples("tally rules learned companies")
    group.command("learned", epilog=shown, short_help="Show what the refusals so far have in common.")(learned)
    shown = examples("tally rules accept companies name", "tally rules accept companies name --then warn")
    group.command("accept", epilog=shown, short_help="Write what was learned of a field into the mapping.")(accept)
    app.add_typer(group, name="rules", short_help="Learn the systems' rules from what they refused.")


def rules(ctx: typer.Context, *, as_json: Json = False) -> int:
    """Show the rules that the systems seem to have beyond those that are written, with what speaks for each."""
    if ctx.invoked_subcommand is None:
        return learned(ctx, None, as_json=as_json)
    return 0


def learned(ctx: typer.Context, mappings: Names = None, *, as_json: Json = False) -> int:
    """Compare the records that were refused with those that were taken, and show the rules that tell them apart.

    They predict and block nothing: `tally predict` counts whom they concern, and `accept` makes one a rule. What was
    taken off the list with `tally problems discard` is not learned from.
    """
    from tallystick.cli.exits import DONE

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    found = _learn(start, mappings)
    screen.document({"rules": [_document(each) for each in found]})
    for each in found:
        _show(screen, each)
    if not found:
        screen.say("nothing to learn: no record waits because it was refused, or the refusals have nothing in common")
    return DONE


def accept(
    ctx: typer.Context,
    mapping: Annotated[str, typer.Argument(metavar="MAPPING", help="The mapping.")],
    field: Annotated[str, typer.Argument(metavar="FIELD", help="The field of the mapping.")],
    *,
    then: Annotated[
        str, typer.Option("--then", metavar="park|drop|warn|stop", help="What happens to a record that breaks it.")
    ] = "park",
    as_json: Json = False,
) -> int:
    """Write what was learned of a field into the mapping's file, as rules like any other; comments stay.

    From then on such records are parked before they are sent, and released by themselves when they are corrected.
    """
    from tallystick.cli.exits import DONE
    from tallystick.core.error import ProjectError
    from tallystick.core.rule import Then
    from tallystick.project.learn_rules import accept_rules, written_rule
    from tallystick.project.load import load_project
    from tallystick.project.near import suggest

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    known = [each for each in Then.__args__ if each != "fix"]  # type: ignore[attr-defined]  # a Literal
    if then not in known:
        raise ProjectError(f"there is no such answer as '{then}'", hint=suggest(then, known, what="answers"))
    found = _learn(start, [mapping])
    chosen = [(side, each) for _, side, each in found if each.field == field]
    if not chosen:
        fields = sorted({each.field for _, _, each in found})
        hint = suggest(field, fields, what="fields") if fields else "`tally rules` shows what was learned"
        raise ProjectError(f"nothing was learned of '{field}' in {mapping}", hint=hint)
    spelled = [written_rule(each.settings, side, "" if then == "park" else then) for side, each in chosen]
    loaded = load_project(start.folder, environment=start.environment)
    accept_rules(loaded, mapping, field, spelled)
    screen.document({"mapping": mapping, "field": field, "rules": spelled})
    for rule in spelled:
        screen.say(f"{mapping}.{field}: {', '.join(f'{name}: {value}' for name, value in rule.items())}")
    screen.note(f"written to mappings/{mapping}.yaml; the next run looks at what waits again")
    return DONE


def _learn(start: "Start", mappings: list[str] | None) -> "list[Found]":
    from tallystick.cli.near_mapping import chosen_mappings
    from tallystick.core.record import SIDES
    from tallystick.engine.effects import drive
    from tallystick.engine.refusals import learn_rules
    from tallystick.wiring import open_house

    with open_house(start.folder, start.environment, whole=True) as house:
        names = chosen_mappings(house.loaded, mappings or [])
        pairs = [pair for pair in house.pairs if pair.name in names]
        return [(p, s, each) for p in pairs for s in SIDES for each in drive(learn_rules(p, s), house.boundary())]


def _document(found: "Found") -> dict[str, Any]:
    from tallystick.project.learn_rules import written_rule

    pair, side, candidate = found
    return {
        "mapping": pair.name,
        "field": candidate.field,
        "side": side,
        "system": pair.end(side).system,
        "rule": candidate.rule.demand,
        "yaml": written_rule(candidate.settings, side),
        "refused": candidate.refused,
        "taken": candidate.taken,
        "told": candidate.is_told,
        "records": list(candidate.records),
    }


def _show(screen: "Screen", found: "Found") -> None:
    from tallystick.cli.output import number
    from tallystick.project.learn_rules import spelled_rule

    pair, side, candidate = found
    screen.title(f"{pair.name}.{candidate.field}: {pair.end(side).system} seems to ask: {candidate.rule.demand}")
    basis = "the limit is in its own words" if candidate.is_told else "the limit lies between the two"
    screen.say(f"  {number(candidate.refused, 'record')} refused, {number(candidate.taken)} taken; {basis}")
    screen.say(f"  for example {', '.join(candidate.records)} (`tally why {pair.name} {candidate.records[0]}`)")
    screen.say(f"  to make it a rule: tally rules accept {pair.name} {candidate.field}")
    screen.say(f"  which writes: {spelled_rule(candidate.settings, side)}")
