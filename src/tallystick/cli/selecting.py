"""From what was typed to limit a run to how it is observed; and the limits as a plan keeps them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tallystick.cli.selection import Wanted, choose
from tallystick.core.error import UnsafePlan
from tallystick.core.plan import PairPlan
from tallystick.core.record import SIDES, Side
from tallystick.core.selection import Selection
from tallystick.engine.backfill import Backfill
from tallystick.engine.observe import observe
from tallystick.engine.run import Observer
from tallystick.wiring import House


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run is limited to, the mappings it concerns, and how it observes."""

    selection: Selection | None = None
    mappings: Sequence[str] = field(default_factory=tuple)
    look: Observer = observe
    options: str = ""


def limits_of(house: House, names: Sequence[str], wanted: Wanted) -> Limits:
    """Find what was typed.

    Raises:
        ProjectError: no such mapping, field or record, or a record that can be several.
    """
    if not wanted.is_limited:
        return Limits(None, names)
    chosen = choose(house, names, wanted)
    return Limits(chosen.selection, chosen.mappings, look_of(chosen.selection), wanted.options())


def look_of(selection: Selection | None) -> Observer:
    """Give how a run with these limits observes."""
    return observe if selection is None else Backfill(selection).observe


def selection_document(selection: Selection | None) -> dict[str, Any]:
    """Write the limits of a plan as JSON."""
    if selection is None:
        return {}
    return {
        "records": sorted(list(record) for record in selection.records),
        "where": [list(condition) for condition in selection.where],
        "field": selection.field,
    }


def selection_of(document: Mapping[str, Any]) -> Selection | None:
    """Read the limits that a plan was made with.

    Raises:
        UnsafePlan: they are damaged.
    """
    if not document:
        return None
    sides: dict[str, Side] = {s: s for s in SIDES}
    try:
        records = frozenset((str(pair), sides[side], str(record)) for pair, side, record in document["records"])
        where = tuple((str(name), str(value)) for name, value in document["where"])
        return Selection(records, where, str(document["field"]))
    except (KeyError, TypeError, ValueError):
        raise UnsafePlan("what the plan is limited to is damaged", hint="make it again with `tally plan`") from None


def chosen_words(plan: PairPlan, selection: Selection | None) -> str:
    """Say what a run was limited to, and how many records there were; empty for an ordinary run."""
    if selection is None:
        return ""
    limits = ["the named records"] if selection.records else []
    limits += [f"{name} = '{value}'" if value else f"{name} is blank" for name, value in selection.where]
    found = f", {plan.chosen or 0:,} found (a pair counts once)" if selection.chooses_records else ""
    field_words = f"; only '{selection.field}' may move" if selection.field else ""
    return f"Limited to {' and '.join(limits) or 'paired records'}{found}{field_words}"
