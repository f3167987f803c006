"""``tally options``: the option lists of both systems beside the mapping; say what an unknown one is."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tallystick.cli.start import Json, Names, examples, start_of

if TYPE_CHECKING:
    from tallystick.wiring import State

_OfField = Annotated[str, typer.Option("--field", metavar="FIELD", help="Only this field of the mapping.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(rich_markup_mode=None)
    shown = examples("tally options", "tally options --json")
    group.callback(invoke_without_command=True, epilog=shown)(options)
    shown = examples("tally options list companies", "tally options list companies --field status --no-counts")
    group.command("list", epilog=shown, short_help="Show both option lists beside the mapping.")(list_options)
    shown = examples(
        "tally options answer companies status 'dormant=Ruhend'", "tally options answer companies status 'paused=Pause'"
    )
    group.command("answer", epilog=shown, short_help="Say which option is which; the mapping learns it.")(answer)
    shown = examples(
        "tally options create companies status dormant", "tally options create companies status X --of right"
    )
    group.command("create", epilog=shown, short_help="Make an option on the other side; the mapping learns it.")(create)
    app.add_typer(group, name="options", short_help="Compare the option lists of both systems.")


def options(ctx: typer.Context, *, as_json: Json = False) -> int:
    """Show the option lists of both systems beside the mapping, with the number of records that hold each."""
    if ctx.invoked_subcommand is None:
        return list_options(ctx, None, as_json=as_json)
    return 0


def list_options(
    ctx: typer.Context,
    mappings: Names = None,
    *,
    field: _OfField = "",
    counts: Annotated[
        bool, typer.Option("--counts/--no-counts", help="Read all records and count the options in use.")
    ] = True,
    as_json: Json = False,
) -> int:
    """Show the option lists of both systems beside the mapping, with the number of records that hold each.

    Lists come from where the system's file says (options_from, else options). Nothing is changed anywhere.
    """
    from tallystick.cli.exits import DONE
    from tallystick.cli.near_mapping import chosen_mappings
    from tallystick.cli.options_look import look_at_options
    from tallystick.cli.options_text import show_options
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_house(start.folder, start.environment, whole=True) as house:
        names = chosen_mappings(house.loaded, mappings)
        found = [
            each
            for pair in house.pairs
            if pair.name in names
            for each in look_at_options(house, pair, counted=counts, only=field)
        ]
    screen.document({"fields": [each.document() for each in found]})
    for each in found:
        show_options(screen, each)
    if not found:
        screen.say("no select field is mapped: neither side lists options, and no field has options in its mapping")
    return DONE


def answer(
    ctx: typer.Context,
    mapping: Annotated[str, typer.Argument(metavar="MAPPING", help="The mapping.")],
    field: Annotated[str, typer.Argument(metavar="FIELD", help="The field of the mapping.")],
    pairs: Annotated[list[str], typer.Argument(metavar="LEFT=RIGHT...", help="The left key and the right key.")],
    *,
    as_json: Json = False,
) -> int:
    """Say which option of the left is which option of the right; the mapping's file learns it, comments stay.

    Whatever waited for it is looked at again by the next run. A left key that is mapped already keeps its right key
    for writing; the new right key is read as it.
    """
    from tallystick.cli.exits import DONE
    from tallystick.cli.near_mapping import chosen_mappings
    from tallystick.cli.output import number
    from tallystick.project.learn_options import learn_options
    from tallystick.wiring import open_state

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    said = _read_pairs(pairs)
    with open_state(start.folder, start.environment) as state:
        chosen_mappings(state.loaded, [mapping])
        told = learn_options(state.loaded, mapping, field, said)
        waiting = _replay(state, mapping, field, said)
    file = f"mappings/{mapping}.yaml"
    screen.document({"file": file, "answered": said, "waiting": waiting})
    for line in told:
        screen.say(line)
    screen.say(f"Written to {file}. The next run takes {number(waiting, 'record')} that waited for it: tally run")
    return DONE


def create(
    ctx: typer.Context,
    mapping: Annotated[str, typer.Argument(metavar="MAPPING", help="The mapping.")],
    field: Annotated[str, typer.Argument(metavar="FIELD", help="The field of the mapping.")],
    keys: Annotated[list[str], typer.Argument(metavar="KEY...", help="Options that one side has.")],
    *,
    of: Annotated[Literal["left", "right"], typer.Option("--of", help="The side that has them.")] = "left",
    as_json: Json = False,
) -> int:
    """Make options of one side on the other one, under the same label; the mapping's file learns them.

    The other side's file has to say where its options are listed (options_from), and how one is made there (create).
    """
    from tallystick.cli.exits import DONE
    from tallystick.cli.options_create import create_options
    from tallystick.wiring import open_house

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_house(start.folder, start.environment, writing=True, whole=True) as house:
        [pair] = house.chosen([mapping])
        told = create_options(house, pair, field, of, keys)
    screen.document({"file": f"mappings/{mapping}.yaml", "created": list(told)})
    for line in told:
        screen.say(line)
    screen.say("The next run takes what waited for them: tally run")
    return DONE


def _read_pairs(texts: list[str]) -> dict[str, str]:
    """Read ``LEFT=RIGHT``. Raises ``ProjectError``."""
    from tallystick.core.error import ProjectError

    found: dict[str, str] = {}
    for text in texts:
        left, sign, right = text.partition("=")
        if not sign or not left or not right:
            raise ProjectError(
                f"'{text}' names no two options", hint="write the left key, =, and the right key: 'active=Aktiv'"
            )
        if found.setdefault(left, right) != right:
            raise ProjectError(f"'{left}' is named twice", hint="give the second pair in a command of its own")
    return found


def _replay(state: "State", mapping: str, field: str, said: dict[str, str]) -> int:
    """Let what waited for these options be looked at again; give the number of records."""
    from dataclasses import replace

    from tallystick.cli.cause import find_causes
    from tallystick.cli.retry import retry_records
    from tallystick.core.binding import Quarantined
    from tallystick.core.error import UnknownOption

    keys = {"left": set(said), "right": set(said.values())}
    causes = [
        replace(c, rows=[r for r in c.rows if isinstance(r, Quarantined) and r.option in keys[r.side]])
        for c in state.store.look(lambda tx: find_causes(tx, [mapping]))
        if c.code == UnknownOption.code and c.field_name == field
    ]
    state.store.commit(lambda tx: retry_records(tx, causes))
    return len({record for cause in causes for record in cause.records})
