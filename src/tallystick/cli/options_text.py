"""Select options in words: both lists beside the mapping, and what is wrong with each option."""

from collections.abc import Iterator, Mapping
from typing import Final

from tallystick.cli.options_look import SelectField
from tallystick.cli.output import Screen, number
from tallystick.core.option_table import Mark, OptionCell, OptionRow
from tallystick.core.record import SIDES, Side, other

_MOST: Final = 200
_WORDS: Final[Mapping[Mark, str]] = {
    "unmapped": "not mapped",
    "unlisted": "{side} does not list it",
    "dead": "{side} does not list it any more",
    "retired": "{side} does not offer it any more",
    "relabelled": "{side} calls it '{label}' now",
    "shared": "shares '{key}', which comes back as another",
    "unused": "in no record",
}


def show_options(screen: Screen, field: SelectField) -> None:
    """Show one select field as a table, with what follows from it."""
    screen.title(f"{field.pair}: {field.name}")
    left, right = field.names["left"], field.names["right"]
    heads = [left, "label", "records", right, "label", "records", ""]
    rows = [
        [*_cells(row.left), *_cells(row.right), "; ".join(_marks(field, row)) or "mapped"]
        for row in field.table.rows[:_MOST]
    ]
    screen.table(heads, rows, indent=2)
    if len(field.table.rows) > _MOST:
        screen.say(f"  and {len(field.table.rows) - _MOST:,} more; --json has them all")
    if not rows:
        screen.say("  no option is listed, mapped or in use")
    for line in _lines(field):
        screen.say(f"  {line}")


def _cells(cell: OptionCell | None) -> list[str]:
    if cell is None:
        return ["", "", ""]
    label = f"{cell.label} (for {cell.within})" if cell.within else cell.label
    return [cell.key, label.strip(), "-" if cell.count is None else f"{cell.count:,}"]


def _marks(field: SelectField, row: OptionRow) -> Iterator[str]:
    for side, mark in row.marks:
        cell = row.cell(side)
        if mark == "shared" and cell is not None:
            if field.is_two_way:
                yield f"shares '{cell.key}' of {field.names[side]}, which comes back as the first"
        elif cell is not None:
            yield _WORDS[mark].format(side=field.names[side], label=cell.label, key=cell.key)


def _lines(field: SelectField) -> Iterator[str]:
    for side in SIDES:
        mapped, values = field.table.coverage.get(side, (0, 0))
        if values:
            share = "all" if mapped == values else f"{mapped:,} of"
            yield f"{field.names[side]}: {share} {number(values, 'value')} mapped"
    missing = [side for side in SIDES if not field.sources[side]]
    for side in missing:
        yield f"{field.names[side]} lists no options for this field: only what stands in its records is known"
    unmapped = [(side, row) for row in field.table.rows for side, mark in row.marks if mark == "unmapped"]
    if unmapped:
        side, row = next(((s, r) for s, r in unmapped if (c := r.cell(s)) and c.count), unmapped[0])
        yield f"unknown options: {field.policy}. Map one: {answer_command(field, side, row)}"


def answer_command(field: SelectField, side: Side, row: OptionRow) -> str:
    """Give the command that maps an option, its counterpart left open."""
    cell = row.cell(side)
    key = cell.key if cell else ""
    blank = other(side).upper()
    pair = f"{key}={blank}" if side == "left" else f"{blank}={key}"
    return f"tally options answer {field.pair} {field.name} '{pair}'"
