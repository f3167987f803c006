"""``tally refusals``: which rules the systems seem to keep, learned from what they refused; make them rules, or not."""

from typing import TYPE_CHECKING, Annotated

import typer

from tallystick.cli.start import Json, Names, examples, start_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tallystick.cli.output import Screen
    from tallystick.engine.learn import Candidate

_SHOWN = 5
_Keys = Annotated[list[str], typer.Argument(metavar="REFUSAL...", help="As listed: MAPPING/SIDE/FIELD/KIND.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(rich_markup_mode=None)
    shown = examples("tally refusals", "tally refusals --json")
    group.callback(invoke_without_command=True, epilog=shown)(refusals)
    shown = examples("tally refusals list companies")
    group.command("list", epilog=shown, short_help="List the rules that fit what was refused.")(list_refusals)
    shown = examples("tally refusals accept companies/right/name/length")
    group.command("accept", epilog=shown, short_help="Make it a rule of the mapping; offenders wait.")(accept)
    shown = examples("tally refusals drop companies/right/name/length")
    group.command("drop", epilog=shown, short_help="Propose it no more until something new is refused.")(drop)
    app.add_typer(group, name="refusals", short_help="Learn rules from what systems refused.")


def refusals(ctx: typer.Context, *, as_json: Json = False) -> int:
    """List what systems refused, with the rule that tells it from what they accepted."""
    if ctx.invoked_subcommand is None:
        return list_refusals(ctx, None, as_json=as_json)
    return 0


def list_refusals(ctx: typer.Context, mappings: Names = None, *, as_json: Json = False) -> int:
    """List what systems refused, with the rule that tells it from what they accepted.

    The refused records are read again, the accepted ones are those that are linked. Such a rule blocks nothing: `tally
    plan` and `tally predict` name the writes that it makes unlikely, until it is accepted or dropped.
    """
    from tallystick.cli.exits import DONE
    from tallystick.cli.near_mapping import chosen_mappings
    from tallystick.cli.refusals_look import candidate_document, look_at_refusals
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_house(start.folder, start.environment) as house:
        found = look_at_refusals(house, chosen_mappings(house.loaded, mappings))
        systems = {(pair.name, end.side): end.system for pair in house.pairs for end in (pair.left, pair.right)}
    screen.document({"refusals": [candidate_document(each) for each in found]})
    for each in found:
        _show(screen, each, systems[each.pair, each.side])
    if found:
        screen.note("Who else is like that: tally predict. What to do: tally refusals accept REFUSAL, or drop REFUSAL")
    else:
        screen.say("nothing was refused of which anything could be learned")
    return DONE


def accept(ctx: typer.Context, keys: _Keys, *, as_json: Json = False) -> int:
    """Make what was learned a rule of the mapping: its file learns it, comments stay.

    From the next run on, records that break it wait with this reason and are not sent. What to do instead (leave the
    field out, fix it, warn) is one word in the file: then.
    """
    from tallystick.cli.exits import DONE
    from tallystick.cli.refusals_look import look_at_refusals
    from tallystick.core.error import ProjectError
    from tallystick.project.learn_rules import learn_rule
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    written: dict[str, str] = {}
    with open_house(start.folder, start.environment) as house:
        chosen = _chosen(look_at_refusals(house, list(house.loaded.mappings)), keys)
        for each in chosen:
            if each.guess is None:
                hint = f"write one by hand under fields.{each.field}.rules, or drop it"
                raise ProjectError(f"no rule is known that would explain '{each.key}'", hint=hint)
        for each in chosen:
            assert each.guess is not None
            written[each.key] = learn_rule(house.loaded, each.pair, each.field, each.guess.settings, each.side)
    screen.document({"accepted": written})
    for each in chosen:
        screen.say(f"mappings/{each.pair}.yaml: fields.{each.field}.rules has {written[each.key]}")
    screen.say("The next run lets such records wait. Who that is: tally predict")
    return DONE


def drop(ctx: typer.Context, keys: _Keys, *, as_json: Json = False) -> int:
    """Say that no rule follows from these refusals; they are proposed again only after another one."""
    from tallystick.cli.exits import DONE
    from tallystick.cli.refusals_look import look_at_refusals
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_house(start.folder, start.environment) as house:
        chosen = _chosen(look_at_refusals(house, list(house.loaded.mappings)), keys)
        reasons = [reason for each in chosen for reason in each.reasons]
        now = house.now()
        house.store.commit(lambda tx: tx.drop_refusals(reasons, now))
    screen.document({"dropped": [each.key for each in chosen]})
    for each in chosen:
        screen.say(f"{each.key} is proposed again only if another record is refused for it")
    return DONE


def _show(screen: "Screen", found: "Candidate", system: str) -> None:
    from tallystick.cli.output import number
    from tallystick.cli.refusals_look import rule_words

    screen.title(found.key)
    screen.say(f"  {system} refused {number(found.refused, 'record')}: {found.said}")
    if found.guess is None:
        screen.say("  no rule tells them from what was accepted")
    else:
        source = "in the system's own words" if found.guess.is_told else "found between refused and accepted values"
        screen.say(f"  rule: {rule_words(found)}  ({source})")
        screen.say(f"  refuses what was refused, and none of {number(found.accepted, 'accepted record')}")
    more = " ..." if len(found.examples) > _SHOWN else ""
    screen.say(f"  records: {', '.join(found.examples[:_SHOWN])}{more}")


def _chosen(found: "Sequence[Candidate]", keys: "Sequence[str]") -> "list[Candidate]":
    """Find what was named. Raises ``ProjectError``."""
    from tallystick.core.error import ProjectError
    from tallystick.project.near import suggest

    known = {each.key: each for each in found}
    for key in keys:
        if key not in known:
            hint = suggest(key, list(known), what="refusals") if known else "nothing was refused"
            raise ProjectError(f"no refusal is called '{key}'", hint=hint)
    return [known[key] for key in dict.fromkeys(keys)]
