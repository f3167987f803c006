"""Make on one side the select options that only the other side has, and let the mapping learn them (X10)."""

from collections.abc import Sequence
from hashlib import blake2b

from tallystick.cli.cause import find_causes
from tallystick.cli.options_look import declared_field, listed_options
from tallystick.cli.retry import retry_records
from tallystick.core.binding import Quarantined
from tallystick.core.error import Error, ProjectError, UnknownOption
from tallystick.core.record import SIDES, Side, other
from tallystick.core.schema import Option
from tallystick.engine.effects import call, drive
from tallystick.engine.option_list import create_option
from tallystick.engine.pair import Pair
from tallystick.project.learn_options import learn_options
from tallystick.project.near import suggest
from tallystick.wiring import House


def create_options(house: House, pair: Pair, field: str, side: Side, keys: Sequence[str]) -> tuple[str, ...]:
    """Make options that ``side`` has on the other side, where they are not there yet; say what became of each.

    Raises:
        ProjectError: no such field, or nothing says how an option is made there.
    Raises what the system answers instead; what was made before is in the mapping by then.
    """
    if field not in pair.mapping.names:
        raise ProjectError(
            f"{pair.name} has no field '{field}'", hint=suggest(field, pair.mapping.names, what="fields")
        )
    index = pair.mapping.names.index(field)
    far = pair.end(other(side))
    source = declared_field(house, pair, far.side, index)
    place = source.options_from if source else None
    if place is None or not far.connector.capabilities(place.object).create:
        raise ProjectError(
            f"nothing says how an option of '{field}' is made in {far.system}",
            hint="options_from names the object that lists them, and that object needs a create",
            place=f"systems/{far.system}.yaml",
        )
    known, _ = listed_options(house, pair, side, declared_field(house, pair, side, index))
    labels = {option.key: option.label for option in known or ()}
    told: list[str] = []
    for key in keys:
        wanted = Option(key, labels.get(key) or key)
        token = blake2b(f"{pair.name}/{field}/{side}/{key}".encode(), digest_size=16).hexdigest()
        made = drive(call(far.system, create_option(far.connector, place, wanted, token)), house.boundary())
        told += learn_options(house.loaded, pair.name, field, {key: made} if side == "left" else {made: key})
        house.reread()
    return tuple(told)


def create_waiting(house: House, names: Sequence[str]) -> list[str]:
    """Make the options that parked fields wait for, where the field's policy is to create them; say what was made.

    What a system refuses is told and waits on.
    """
    told: list[str] = []
    for pair in [p for p in house.pairs if not names or p.name in names]:
        fields = house.loaded.mappings[pair.name].fields
        creating = {n for n, spec in fields.items() if spec.options and spec.options.unknown == "create"}
        if not creating:
            continue
        causes = [
            cause
            for cause in house.store.look(lambda tx, name=pair.name: find_causes(tx, [name]))  # type: ignore[misc]
            if cause.code == UnknownOption.code and cause.field_name in creating
        ]
        for cause in causes:
            rows = [row for row in cause.rows if isinstance(row, Quarantined) and row.option]
            for side in SIDES:
                for key in sorted({row.option for row in rows if row.side == side}):
                    told += _create_one(house, pair, cause.field_name, side, key)
        house.store.commit(lambda tx, found=causes: retry_records(tx, found))  # type: ignore[misc]
    return told


def _create_one(house: House, pair: Pair, field: str, side: Side, key: str) -> list[str]:
    try:
        return [f"option created for {field}: {line}" for line in create_options(house, pair, field, side, [key])]
    except Error as fault:
        return [f"option '{key}' of {field} cannot be created in {pair.end(other(side)).system}: {fault.message}"]
