"""Gather what is known of the select fields of a mapping: both lists as they are now, and what live records hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tallystick.core import path
from tallystick.core.option_table import OptionList, OptionTable, lay_options, plain_pairs, urgent_rows
from tallystick.core.record import SIDES, Side
from tallystick.core.schema import Option
from tallystick.engine.effects import call, drive
from tallystick.engine.option_list import count_options, read_options
from tallystick.engine.pair import Pair
from tallystick.project.manifest import FieldSpec
from tallystick.wiring import House


@dataclass(frozen=True, slots=True)
class SelectField:
    """One select field of a mapping: its table, the policy for what is not in it, and where each list comes from."""

    pair: str
    name: str
    policy: str
    sources: Mapping[Side, str]
    names: Mapping[Side, str]
    table: OptionTable
    is_two_way: bool

    @property
    def urgent(self) -> int:
        """How many options stop records."""
        return len(urgent_rows(self.table))

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {
            "mapping": self.pair,
            "field": self.name,
            "unknown": self.policy,
            "lists": dict(self.sources),
            "two_way": self.is_two_way,
            "injective": self.table.is_injective,
            "urgent": self.urgent,
            "coverage": {side: {"mapped": n, "values": of} for side, (n, of) in self.table.coverage.items()},
            "options": [
                {
                    "left": _cell_document(row.left),
                    "right": _cell_document(row.right),
                    "marks": [{"side": side, "mark": mark} for side, mark in row.marks],
                }
                for row in self.table.rows
            ],
        }


def _cell_document(cell: Any) -> dict[str, Any] | None:
    if cell is None:
        return None
    return {"key": cell.key, "label": cell.label, "records": cell.count, "within": cell.within}


def look_at_options(house: House, pair: Pair, *, counted: bool, only: str = "") -> list[SelectField]:
    """Gather every select field of a mapping, or the one named ``only``; ``counted`` reads all live records as well.

    Raises what a system answers instead.
    """
    spec = house.loaded.mappings[pair.name]
    chosen = [
        i for i, name in enumerate(pair.mapping.names) if (not only or name == only) and _is_select(house, pair, i)
    ]
    counts = {side: _counts(house, pair, side, chosen) if counted else {} for side in SIDES}
    found = []
    for index in chosen:
        name = pair.mapping.names[index]
        options = spec.fields[name].options
        lists: dict[Side, OptionList] = {}
        sources: dict[Side, str] = {}
        for side in SIDES:
            declared = declared_field(house, pair, side, index)
            known, sources[side] = listed_options(house, pair, side, declared)
            said = declared.options if declared and isinstance(declared.options, dict) else {}
            lists[side] = OptionList(known, counts[side].get(index), said)
        pairs = (*options.map.items(), *((left, key) for key, left in options.also.items())) if options else ()
        found.append(
            SelectField(
                pair.name,
                name,
                options.unknown if options else "pass",
                sources,
                {side: pair.end(side).system for side in SIDES},
                lay_options(pairs or plain_pairs(lists), lists),
                pair.mapping.fields[index].policy.direction == "both",
            )
        )
    return found


def listed_options(
    house: House, pair: Pair, side: Side, declared: FieldSpec | None
) -> tuple[tuple[Option, ...] | None, str]:
    """Give the options that a side lists, read from it where its manifest says how, and where they come from."""
    end = pair.end(side)
    if declared is not None and declared.options_from is not None:
        flow = read_options(end.connector, declared.options_from)
        return drive(call(end.system, flow), house.boundary()), f"{end.system}/{declared.options_from.object}"
    if declared is not None and declared.options:
        written = declared.options if isinstance(declared.options, dict) else dict.fromkeys(declared.options, "")
        return tuple(Option(key, label) for key, label in written.items()), f"systems/{end.system}.yaml"
    return None, ""


def _counts(house: House, pair: Pair, side: Side, fields: list[int]) -> Mapping[int, Mapping[str, int]]:
    if not fields:
        return {}
    end = pair.end(side)
    _, counts = drive(call(end.system, count_options(end, fields)), house.boundary())
    return counts


def _is_select(house: House, pair: Pair, index: int) -> bool:
    written = house.loaded.mappings[pair.name].fields[pair.mapping.names[index]]
    if written.options or written.reference:
        return not written.reference  # what points to a record is translated by the pairs of that record
    declared = [declared_field(house, pair, side, index) for side in SIDES]
    return any(d is not None and (d.options or d.options_from) for d in declared)


def declared_field(house: House, pair: Pair, side: Side, index: int) -> FieldSpec | None:
    """Give what the manifest says about a field, as far as one path leads to it."""
    end = pair.end(side)
    place = end.places[index]
    fields = house.loaded.manifests[end.system].objects[end.object].fields
    wanted = place.path or None
    return next((spec for text, spec in fields.items() if path.parse_or_none(text) == wanted), None) if wanted else None
