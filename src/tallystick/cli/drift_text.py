"""What drifts, in words and as JSON: values that differ, and that the direction does not let be carried over."""

from collections.abc import Iterator
from typing import Any

from tallystick.cli.output import number
from tallystick.cli.value_text import brief_value
from tallystick.cli.words import SideNames
from tallystick.core.plan import Drift, PairPlan, shown


def drift_counts(plan: PairPlan, names: SideNames) -> Iterator[str]:
    """Count what drifts by field and side."""
    for (side, name), count in sorted(plan.drift.items()):
        yield f"{number(count, 'value')} of '{name}' in {names[side]}"


def drift_lines(plan: PairPlan, names: SideNames, limit: int = 3) -> Iterator[str]:
    """Say what drifts, with some records."""
    if not plan.drift:
        return
    yield f"Drift, left as it is by the mapping's direction: {'; '.join(drift_counts(plan, names))}"
    for drift in plan.drifting[:limit]:
        left, right = brief_value(drift.left), brief_value(drift.right)
        yield f"  {drift_words(drift, names)}: {names['left']} has {left}, {names['right']} has {right}"
    more = sum(plan.drift.values()) - min(limit, len(plan.drifting))
    if more > 0 and limit:
        yield f"  and {more:,} more"


def drift_words(drift: Drift, names: SideNames) -> str:
    """Name the field and both records."""
    return f"{drift.field} of {names['left']} {drift.left_id}, {names['right']} {drift.right_id}"


def drift_document(plan: PairPlan) -> dict[str, Any]:
    """Write what drifts as JSON: counts, and some of it."""
    return {
        "counts": [{"field": name, "side": side, "count": n} for (side, name), n in sorted(plan.drift.items())],
        "examples": [
            {
                "field": d.field,
                "side": d.side,
                "records": {"left": d.left_id, "right": d.right_id},
                "left": shown(d.left),
                "right": shown(d.right),
            }
            for d in plan.drifting
        ],
    }
