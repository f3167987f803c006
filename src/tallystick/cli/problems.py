"""``tally problems``: what waits for somebody, grouped by cause; try again, take off the list, or answer."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli.start import Json, Names, examples, start_of

if TYPE_CHECKING:
    from tallystick.cli.cause import Cause
    from tallystick.cli.output import Screen
    from tallystick.core.record import Side
    from tallystick.core.state import Store
    from tallystick.project.model import EndSpec, MappingSpec

_GROUPS = 5

Causes = Annotated[
    list[str] | None,
    typer.Argument(metavar="CAUSE", help="As listed: MAPPING, MAPPING/CODE or MAPPING/CODE/FIELD."),
]
Record = Annotated[
    list[str] | None, typer.Option("--record", metavar="ID", help="Only this record; may be given several times.")
]
Everything = Annotated[bool, typer.Option("--all", help="Everything that waits.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True, epilog=examples("tally problems", "tally problems --json"))(problems)
    shown = examples("tally problems list companies")
    group.command("list", epilog=shown, short_help="List what waits, grouped by cause.")(list_problems)
    shown = examples("tally problems retry companies/refused", "tally problems retry --all")
    group.command("retry", epilog=shown, short_help="Let the next run try again.")(retry)
    shown = examples(
        "tally problems edit companies/refused/name --record 4711 --value 'Müller GmbH'",
        "tally problems edit companies/invalid_value --record 4711 --field phone --value '' --dry-run",
    )
    group.command("edit", epilog=shown, short_help="Correct a record that waits, in its own system.")(edit)
    shown = examples("tally problems discard companies/conflict/phone --record 4711 --reason 'both are right'")
    group.command("discard", epilog=shown, short_help="Take off the list, with a reason.")(discard)
    shown = examples(
        "tally problems answer companies/uncertain --record 4711 --as created:P-0815",
        "tally problems answer companies/uncertain --record 4711 --as not-created",
    )
    group.command("answer", epilog=shown, short_help="Say what became of a create without an answer.")(answer)
    app.add_typer(group, name="problems", short_help="List what waits for somebody, grouped by cause.")


def problems(ctx: typer.Context, *, as_json: Json = False) -> int:
    """List what waits for somebody, grouped by cause: how many records, whose turn it is, what to do."""
    if ctx.invoked_subcommand is None:
        return list_problems(ctx, None, as_json=as_json)
    return 0


def list_problems(ctx: typer.Context, mappings: Names = None, *, as_json: Json = False) -> int:
    """List what waits for somebody, grouped by cause: how many records, whose turn it is, what to do."""
    from tallystick.cli.cause import find_causes
    from tallystick.cli.exits import DONE
    from tallystick.cli.field_text import problem_documents
    from tallystick.cli.near_mapping import chosen_mappings
    from tallystick.cli.refusals_look import refused_fields
    from tallystick.core.refused import REFUSED
    from tallystick.project.learn_options import asked_fields
    from tallystick.wiring import open_state

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_state(start.folder, start.environment) as state:
        names = chosen_mappings(state.loaded, mappings)
        asked = asked_fields(state.loaded)
        causes = state.store.look(lambda tx: find_causes(tx, names, asked))
        refused = state.store.look(lambda tx: refused_fields(tx, names))
        ends = {(end.system, end.object) for name in names for end in _ends(state.loaded.mappings[name])}
        standing = state.store.look(lambda tx: tx.standing_field_changes())
        drift = problem_documents(c for c in standing if c.is_open and (c.system, c.object) in ends)
        now = state.now()
    learnable = {c.key for c in causes if c.code in REFUSED and (c.pair, c.field_name) in refused}
    told = (c.document() | {"learnable": c.key in learnable} for c in causes)
    screen.document({"problems": [*told, *drift]})
    _show(screen, causes, drift, learnable, now)
    return DONE


def _ends(spec: "MappingSpec") -> "tuple[EndSpec, EndSpec]":
    return spec.left, spec.right


def _show_drift(screen: "Screen", each: dict[str, Any], now: float) -> None:
    from tallystick.cli.moment import ago
    from tallystick.cli.output import number

    screen.title(each["cause"])
    screen.say(f"  {number(each['count'], 'changed field')}, the oldest {ago(each['since'], now)}")
    screen.say(f"  {each['message']}")
    screen.say(f"  {each['hint']} (for the {each['audience']})")


def _show(
    screen: "Screen",
    causes: "Sequence[Cause]",
    drift: Sequence[dict[str, Any]],
    learnable: Collection[str],
    now: float,
) -> None:
    from tallystick.cli.moment import ago
    from tallystick.cli.output import number
    from tallystick.cli.unknown_options import option_lines
    from tallystick.core.record import SIDES

    for cause in causes:
        screen.title(cause.key)
        noun = "question about" if cause.is_question else "parked:"
        screen.say(f"  {noun} {number(len(cause.rows), 'record')}, the oldest {ago(cause.since, now)}")
        screen.say(f"  {cause.message}")
        screen.say(f"  {cause.hint} (for the {cause.audience})")
        if cause.key in learnable:
            screen.say("  which rule they break, and who else does: tally refusals")
        more = " ..." if len(cause.rows) > len(cause.samples) else ""
        sides: dict[Side, str] = {side: f"the {side}" for side in SIDES}
        for line in option_lines([o.document() for o in cause.options], sides):
            screen.say(f"  {line}")
        for said, ids in cause.groups[:_GROUPS]:
            some = ", ".join(ids[:_GROUPS]) + (", ..." if len(ids) > _GROUPS else "")
            screen.say(f"  {number(len(ids), 'record')} with the same key ({said}): {some}")
        if len(cause.groups) > _GROUPS:
            screen.say(f"  and {len(cause.groups) - _GROUPS:,} more groups with the same key")
        screen.say(f"  records: {', '.join(cause.samples)}{more}")
    for found in drift:
        _show_drift(screen, found, now)
    if not causes and not drift:
        screen.say("nothing waits for anybody")
    elif causes:
        screen.note("One record in detail: tally why MAPPING ID. After a correction: tally problems retry CAUSE")


def retry(
    ctx: typer.Context,
    causes: Causes = None,
    *,
    record: Record = None,
    everything: Everything = False,
    as_json: Json = False,
) -> int:
    """Let the next run look at these records again, as if nothing had been said about them."""
    from tallystick.cli.exits import DONE
    from tallystick.cli.output import number
    from tallystick.cli.retry import retry_records
    from tallystick.wiring import open_state

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_state(start.folder, start.environment) as state:
        chosen = _chosen(state.store, list(state.loaded.mappings), causes, record or [], everything=everything)
        state.store.commit(lambda tx: retry_records(tx, chosen))
    count = sum(len(c.rows) for c in chosen)
    screen.document({"retried": count, "causes": [c.key for c in chosen]})
    screen.say(f"{number(count, 'record')} will be looked at again by the next run: tally run")
    return DONE


def edit(
    ctx: typer.Context,
    causes: Causes = None,
    *,
    value: Annotated[
        str, typer.Option("--value", metavar="VALUE", help="What it shall be, as its system spells it; '' for blank.")
    ],
    record: Record = None,
    field: Annotated[
        str, typer.Option("--field", metavar="FIELD", help="The mapping's field, where the cause does not name it.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would come to.")] = False,
    as_json: Json = False,
) -> int:
    """Correct one field of a record that waits, in the system that it stands in; the next run carries it on.

    It is what you would do on that system's screen: the record is read, changed only if nobody changed it meanwhile
    (where the system can tell), and noted with its old value and your name. What the other system will say of the new
    value is told before.
    """
    from tallystick.cli.edit_record import edit_waiting
    from tallystick.cli.exits import DECIDE, DONE
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_house(start.folder, start.environment, writing=True) as house:
        chosen = _chosen(house.store, list(house.loaded.mappings), causes, record or [], everything=False)
        found = edit_waiting(house, chosen, field, value, is_dry=dry_run)
    done = found.done
    screen.document(
        {"system": found.system, "record": found.record, "field": found.field, "written": not dry_run,
         "refused": done.refused}
    )  # fmt: skip
    verb = "would be" if dry_run else "is"
    screen.say(f"{found.system} {found.record}: {found.field} {verb} {done.after!r}, it was {done.before!r}")
    if done.refused:
        screen.say(f"the other side will not take it: {done.refused}")
    elif not dry_run:
        screen.say("the next run carries it on: tally run")
    return DECIDE if done.refused else DONE


def discard(
    ctx: typer.Context,
    causes: Causes = None,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept in the audit trail.")],
    record: Record = None,
    everything: Everything = False,
    as_json: Json = False,
) -> int:
    """Take records off the list by accepting what both sides hold now; no system is changed.

    The sides may stay different. A record comes back when it changes on either side, when the mapping changes, or, if
    it is paired with nobody, at the next full compare. The reason is kept in the audit trail.
    """
    from tallystick.cli.accept import accept_causes
    from tallystick.cli.exits import DONE, FAILED
    from tallystick.cli.output import number
    from tallystick.core.error import ProjectError
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    if not reason.strip():
        raise ProjectError("a reason is needed", hint="--reason 'why these records need no answer'")
    with open_house(start.folder, start.environment, writing=True) as house:
        chosen = _chosen(house.store, list(house.loaded.mappings), causes, record or [], everything=everything)
        accepted = accept_causes(house, chosen, reason.strip())
    screen.document({"discarded": len(accepted.done), "refused": accepted.refused, "reason": reason.strip()})
    screen.say(f"{number(len(accepted.done), 'record')} taken off the list. Nothing was changed in any system.")
    for name, why in accepted.refused.items():
        screen.say(f"{name} stays on the list: {why}")
    screen.say("A record comes back when it changes on either side or its mapping changes.")
    return FAILED if accepted.refused else DONE


def answer(
    ctx: typer.Context,
    causes: Causes = None,
    *,
    said: Annotated[str, typer.Option("--as", metavar="ANSWER", help="created:ID or not-created.")],
    record: Record = None,
    as_json: Json = False,
) -> int:
    """Say what became of a create that got no answer: which record it made, or that it made none.

    A record that is named is read and paired; where it differs from what was sent, the next run merges or asks. Where
    none was made, the next run creates it.
    """
    from tallystick.cli.answer import answer_cause, read_answer
    from tallystick.cli.exits import DONE
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    made = read_answer(said)
    with open_house(start.folder, start.environment, writing=True) as house:
        chosen = _chosen(house.store, list(house.loaded.mappings), causes, record or [], everything=False)
        answered = answer_cause(house, chosen, made)
    screen.document({"answered": answered.done})
    for words in answered.done.values():
        screen.say(words)
    return DONE


def _chosen(
    store: "Store", pairs: Sequence[str], causes: list[str] | None, records: list[str], *, everything: bool
) -> "list[Cause]":
    """Find what was named. Raises ``ProjectError`` if nothing was, or nothing like it waits."""
    from tallystick.cli.cause import find_causes
    from tallystick.core.error import ProjectError
    from tallystick.project.near import suggest

    if not causes and not records and not everything:
        raise ProjectError("nothing was named", hint="name a cause as `tally problems` lists it, or give --all")
    waiting = store.look(lambda tx: find_causes(tx, pairs))
    for name in causes or ():
        if not any(c.key == name or c.key.startswith(f"{name}/") for c in waiting):
            hint = suggest(name, [c.key for c in waiting], what="what waits") if waiting else "nothing waits"
            raise ProjectError(f"nothing waits for the cause '{name}'", hint=hint)
    named = [c for c in waiting if not causes or any(c.key == n or c.key.startswith(f"{n}/") for n in causes)]
    found = [c for c in (c.narrowed(records) for c in named) if c.rows] if records else named
    if records and not found:
        raise ProjectError("none of these records waits", hint="give ids as `tally problems` lists them")
    return found
