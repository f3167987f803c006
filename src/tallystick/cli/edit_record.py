"""Correct one field of a record that waits, in its own system: find out what was meant, and do it."""

import json
import os
from dataclasses import dataclass
from typing import Any

from tallystick.cli.cause import Cause, record_of
from tallystick.cli.person import person
from tallystick.cli.retry import retry_records
from tallystick.core.binding import Run
from tallystick.core.error import ProjectError
from tallystick.core.path import render
from tallystick.core.record import Side, other
from tallystick.engine.editing import Corrected, Correction, correct
from tallystick.engine.effects import drive
from tallystick.engine.pair import Pair
from tallystick.project.near import suggest
from tallystick.wiring import House


@dataclass(frozen=True, slots=True)
class Edited:
    """What was corrected where: the ``system`` of the record, the mapping's ``field``, what it came to."""

    system: str
    record: str
    field: str
    done: Corrected


def edit_waiting(house: House, causes: list[Cause], field: str, spelled: str, *, is_dry: bool) -> Edited:
    """Correct the one record that these causes name.

    Raises:
        ProjectError: they name none or several, or the field cannot be told or written.
    """
    records = {(cause.pair, *record_of(row)) for cause in causes for row in cause.rows}
    if len(records) != 1:
        raise ProjectError(f"{len(records):,} records wait for this cause", hint="name one with --record ID")
    [(name, side, record)] = records
    pair = next(pair for pair in house.pairs if pair.name == name)
    index = _field(pair, side, field or next((c.field_name for c in causes if c.field_name), ""))
    started, run = house.now(), os.urandom(8).hex()
    wish = Correction(side, record, index, _value(pair, side, index, spelled), person(), run)
    if not is_dry:
        house.store.commit(lambda tx: tx.save_run(Run(run, "answer", started)))
    done = drive(correct(pair, wish, alone=house.alone, is_dry=is_dry), house.boundary())
    if not is_dry:
        house.store.commit(lambda tx: tx.save_run(Run(run, "answer", started, house.now(), "ok")))
        house.store.commit(lambda tx: retry_records(tx, causes))
    return Edited(pair.end(side).system, record, pair.mapping.names[index], done)


def _field(pair: Pair, side: Side, said: str) -> int:
    """Find the mapping's field by its name, or by what either system calls it: a refusal speaks of the target's."""
    names = pair.mapping.names
    if said in names:
        return names.index(said)
    for at in (other(side), side):
        paths = [render(place.path) if place.path else "" for place in pair.end(at).places]
        if said and said in paths:
            return paths.index(said)
    if not said:
        raise ProjectError("it is not known which field is to be corrected", hint=f"--field {' | '.join(names)}")
    raise ProjectError(f"'{pair.name}' has no field '{said}'", hint=suggest(said, names, what="fields"))


def _value(pair: Pair, side: Side, index: int, spelled: str) -> Any:
    """Read what was typed: as it stands where the system has texts there, else as JSON."""
    place = pair.end(side).places[index]
    declared = pair.mapping.end(side).schema.by_path.get(render(place.path)) if place.path else None
    if declared is not None and declared.type not in {"number", "integer", "boolean", "list", "object", "any"}:
        return None if spelled == "" else spelled
    try:
        return json.loads(spelled, parse_float=_exact) if spelled else None
    except ValueError:
        if declared is None or declared.type == "any":
            return spelled
        raise ProjectError(f"'{spelled}' is no {declared.type}", hint="write it as JSON does: 4.5, true") from None


def _exact(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)
