"""Records of one side that share a match key, in words and as JSON."""

from collections.abc import Callable, Iterator
from typing import Any

from tallystick.cli.output import number
from tallystick.cli.words import SideNames
from tallystick.core.plan import Doubles, PairPlan, shown
from tallystick.core.record import Value


def doubles_counts(plan: PairPlan, names: SideNames) -> Iterator[str]:
    """Count by side and rule the records that share their key with another one of their side."""
    for (side, rule), (groups, records) in sorted(plan.doubled.items()):
        yield f"{number(records, 'record')} of {names[side]} in {number(groups, 'group')} with the same {rule}"


def doubles_words(doubles: Doubles, names: SideNames, cell: Callable[[Value], str]) -> str:
    """Name the records of one group, their key, and what made differing spellings equal; ``cell`` writes a value."""
    more = ", ..." if doubles.count > len(doubles.ids) else ""
    ids = f"{names[doubles.side]} {', '.join(doubles.ids)}{more}"
    spelled = f", spelled differently and equal by '{doubles.made_equal}'" if doubles.made_equal else ""
    return f"{doubles.count:,} with {doubles.rule} {' + '.join(map(cell, doubles.values))}: {ids}{spelled}"


def doubles_lines(plan: PairPlan, names: SideNames, cell: Callable[[Value], str], limit: int = 3) -> Iterator[str]:
    """Say who shares a key on the same side, with the largest groups; ``cell`` writes a value."""
    if not plan.doubled:
        return
    yield f"Doubles, which wait for a person unless they are cleaned up: {'; '.join(doubles_counts(plan, names))}"
    for doubles in plan.doubles[:limit]:
        yield f"  {doubles_words(doubles, names, cell)}"
    more = sum(groups for groups, _ in plan.doubled.values()) - min(limit, len(plan.doubles))
    if more > 0:
        yield f"  and {more:,} more groups"


def doubles_document(plan: PairPlan) -> dict[str, Any]:
    """Write who shares a key as JSON: counts, and the largest groups."""
    return {
        "counts": [
            {"side": side, "rule": rule, "groups": groups, "records": records}
            for (side, rule), (groups, records) in sorted(plan.doubled.items())
        ],
        "groups": [
            {
                "side": d.side,
                "rule": d.rule,
                "count": d.count,
                "records": list(d.ids),
                "made_equal_by": d.made_equal or None,
                "key": [shown(v) for v in d.values],
            }
            for d in plan.doubles
        ],
    }
