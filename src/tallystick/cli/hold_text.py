"""Brakes that hold or were let go, in words and as JSON: why, what they refuse, and how to let exactly that go."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tallystick.cli.output import number
from tallystick.cli.words import SideNames
from tallystick.core.brake import HeldWrite, Hold, Permit, Release
from tallystick.core.plan import PairPlan
from tallystick.core.record import Side, other

_AT_ONCE: Final = 20


def hold_words(hold: Hold, names: SideNames) -> str:
    """Say which brake holds what, and why."""
    return f"HELD by the brake '{hold.kind}' ({', '.join(hold.ops)} in {names[hold.side]}): {hold.reason}"


def refused_words(hold: Hold, names: SideNames) -> str:
    """Name what a brake refuses: the first records and how many there are."""
    if not hold.count:
        return "it refuses nothing of this plan"
    shown = ", ".join(write_words(write, hold.side, names) for write in hold.first)
    more = hold.count - len(hold.first)
    return f"it refuses {number(hold.count, 'write')}: {shown}{f' and {more:,} more' if more else ''}"


def write_words(write: HeldWrite, side: Side, names: SideNames) -> str:
    """Name one write: ``delete erp 14``, ``create from crm 3``."""
    if write.target is None:
        return f"{write.op} from {names[other(side)]} {write.source}"
    return f"{write.op} {names[side]} {write.target}"


def hold_lines(plan: PairPlan, names: SideNames, *, listed: bool = True) -> Iterator[str]:
    """Say of a pair which brakes hold and what they refuse; ``listed`` also names the records."""
    for hold in plan.holds:
        yield hold_words(hold, names)
        if listed or not hold.count:
            yield f"  {refused_words(hold, names)}"


def released_lines(plan: PairPlan, names: SideNames, by: str) -> Iterator[str]:
    """Say which brakes would have held and who let them go."""
    for hold in plan.released:
        if hold.count:
            yield f"let go by {by}: the brake '{hold.kind}' in {names[hold.side]}, {number(hold.count, 'write')}"


def narrow(plan: PairPlan) -> str:
    """Write the options that let go exactly what the brakes of a pair refuse."""
    return " ".join(f"--release {hold.id}" for hold in plan.holds if hold.count)


def wide(plan: PairPlan) -> str:
    """Write the options that let go what the brakes of a pair refuse, whichever records these are by then."""
    named = dict.fromkeys(Release(h.kind, plan.pair, h.side, h.count) for h in plan.holds if h.count)
    return " ".join(f"--release {word}" for word in named)


def idle_lines(plans: Sequence[PairPlan], permit: Permit) -> Iterator[str]:
    """Say which words of a person let nothing go, and why."""
    for word in permit.releases:
        if any(word.lets_go(plan.pair, hold) for plan in plans for hold in plan.released):
            continue
        alike = [h for p in plans for h in p.holds if h.kind == word.kind and word.pair in {"", p.pair}]
        counts = [h.count for h in alike if word.side in {None, h.side}]
        if word.id and counts:
            yield f"--release {word} let nothing go: what that brake refuses is not what it was; see tally plan"
        elif counts:
            yield f"--release {word} let nothing go: the brake refuses {number(max(counts), 'write')} now"
        else:
            yield f"--release {word} let nothing go: no such brake holds"


def hold_document(hold: Hold) -> dict[str, Any]:
    """Write a hold as JSON."""
    return {
        "brake": hold.kind,
        "side": hold.side,
        "operations": list(hold.ops),
        "reason": hold.reason,
        "id": hold.id,
        "count": hold.count,
        "refuses": [{"operation": w.op, "source": w.source, "target": w.target} for w in hold.first],
    }
