"""A plan in words and as JSON: what was read, what is linked, what would be written where, what waits, what is held.

First contact is told as the adoption plan: who stands on both sides, who only on one, who is ambiguous, what differs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tallystick.cli.again import again_document
from tallystick.cli.carry import Carried, Survey, Waiting
from tallystick.cli.complaint import error_document
from tallystick.cli.doubles_text import doubles_document, doubles_lines
from tallystick.cli.drift_text import drift_document, drift_lines
from tallystick.cli.forecast import forecast_document
from tallystick.cli.hold_text import hold_document, hold_lines
from tallystick.cli.output import Screen, number
from tallystick.cli.plan_file import short, spell
from tallystick.cli.sign_text import sign_document
from tallystick.cli.value_text import brief_value
from tallystick.cli.words import COMPLETE, DISPOSITIONS, QUESTIONS, SideNames, reason_words, side_names
from tallystick.core.plan import WRITES, Asked, Operation, PairPlan, shown
from tallystick.core.record import SIDES, Side, Value, other
from tallystick.core.rule import LIKELY

_VERBS: Final[dict[str, str]] = {
    "create": "create",
    "undelete": "bring back",
    "update": "change",
    "archive": "archive",
    "delete": "delete",
}
_ASKED_ALONE: Final = frozenset({"unmatched", "match", "duplicate", "keyless"})


def show_pair(
    screen: Screen, plan: PairPlan, found: Survey | None, samples: Sequence[Operation], beside: Iterable[str] = ()
) -> None:
    """Show what is planned for one pair. ``found`` is ``None`` for a pair that could not be observed.

    ``beside`` are lines under the title: what the run was limited to, who signed the mapping off.
    """
    names = side_names(plan.left, plan.right)
    screen.title(f"{plan.pair}: {plan.left} <-> {plan.right}")
    for line in beside:
        screen.say(f"  {line}")
    if found is not None:
        for line in reading_lines(plan, names):
            screen.say(f"  {line}")
        adopted = adoption_rows(plan, found, names) if plan.first_contact else []
        if adopted:
            screen.say("  First contact: these records were never in step before.")
            screen.table(("", ""), adopted, indent=4)
        screen.table(("", *(f"in {names[s]}" for s in SIDES)), write_rows(plan), indent=4)
        for line in other_lines(plan, found, names):
            screen.say(f"  {line}")
    doubles = doubles_lines(plan, names, brief_value)
    for line in (*doubles, *drift_lines(plan, names), *hold_lines(plan, names)):
        screen.say(f"  {line}")
    if plan.problem and found is not None:
        screen.say(f"  Not all could be read: {plan.problem}")
    for operation in samples:
        show_operation(screen, operation, names)
    screen.say()


def reading_lines(plan: PairPlan, names: SideNames) -> Iterator[str]:
    """Say what each side listed, and what became of it."""
    for side in (s for s in SIDES if s in plan.listed):
        counts = plan.dispositions.get(side, {})
        parts = [f"{n:,} {DISPOSITIONS.get(d, d)}" for d, n in counts.items() if n]
        completeness = COMPLETE.get(plan.complete.get(side, ""), "")
        told = f": {', '.join(parts)}" if parts else ""
        yield f"{names[side]} lists {number(plan.listed.get(side, 0), 'record')} ({completeness}){told}"
        if side in plan.lost:
            yield f"{names[side]} could not tell what changed, so everything was compared: {plan.lost[side]}"


def adoption_rows(plan: PairPlan, found: Survey, names: SideNames) -> list[tuple[str, str]]:
    """Say of a first contact, in rows of (count, words), who meets whom."""
    rows = [(found.links, _linked_words(plan, found, names))]
    for side in SIDES:
        here, there = names[side], names[other(side)]
        created = plan.actions.get(other(side), {}).get("create", 0)
        rows.append((created, f"only in {here}: to be created in {there}"))
        rows.append((found.asks[("unmatched", side)], f"only in {here}: a person decides what becomes of them"))
        rows.append((found.asks[("match", side)], f"ambiguous in {here}: several in {there} fit, nobody guesses"))
        rows.append((found.asks[("duplicate", side)], f"in {here} with a counterpart that belongs to another record"))
        rows.append((found.asks[("keyless", side)], f"in {here} without any value to find a counterpart by"))
    rows.append((sum(found.faults.values()), "values or records that cannot be carried over as they are (parked)"))
    return [(f"{n:,}", words) for n, words in rows if n]


def _linked_words(plan: PairPlan, found: Survey, names: SideNames) -> str:
    if not found.differing:
        return "on both sides and alike: to be linked"
    changed = [f"{n:,} get values in {names[s]}" for s in SIDES if (n := plan.actions.get(s, {}).get("update", 0))]
    asked = found.asks[("initial", "left")] + found.asks[("initial", "right")]
    if asked:
        changed.append(f"{number(asked, 'difference')} a person must settle")
    told = f": {', '.join(changed)}" if changed else ""
    return f"on both sides: to be linked; {found.differing:,} of them differ{told}"


def write_rows(plan: PairPlan) -> list[tuple[str, str, str]]:
    """Count the planned writes by action and side."""
    rows = []
    for action, verb in _VERBS.items():
        counts = [plan.actions.get(side, {}).get(action, 0) for side in SIDES]
        if any(counts):
            rows.append((verb, f"{counts[0]:,}", f"{counts[1]:,}"))
    return rows


def other_lines(plan: PairPlan, found: Survey, names: SideNames) -> Iterator[str]:
    """Say what else the plan does: new links, questions, parked values."""
    both = plan.actions.get("both", {})
    if found.links and not plan.first_contact:
        yield f"{number(found.links, 'pair')} to be linked, {found.differing:,} of them differ"
    if both.get("converge"):
        yield f"{number(both['converge'], 'record')} agree by themselves; only remembered"
    if both.get("unlink"):
        yield f"{number(both['unlink'], 'pair')} to be separated"
    for (kind, side), count in sorted(found.asks.items()):
        if not (plan.first_contact and kind in _ASKED_ALONE):
            yield f"{number(count, 'question')} for a person ({names[side]}): {QUESTIONS.get(kind, kind)}"
    for (code, field_name), count in sorted(found.faults.items()):
        yield f"{number(count, 'value')} parked: {code}{f' in {field_name}' if field_name else ''}"
    for (side, words), count in plan.warned.items():
        told = words if words.startswith(LIKELY) else f"although a rule says: {words}"
        yield f"{number(count, 'write')} to {names[side]} {told}"


def show_operation(screen: Screen, operation: Operation, names: SideNames) -> None:
    """Show one line of a plan with its old and new values."""
    screen.say(f"    {operation_words(operation, names)} [{short(operation.fingerprint)}]")
    for change in operation.changes:
        old, new = brief_value(change.old), brief_value(change.new)
        screen.say(f"      {change.field}: {new if operation.action == 'create' else f'{old} -> {new}'}")
    for asked in operation.asked:
        screen.say(f"      {asked_words(asked, names, brief_value)}")
    if operation.note:
        screen.say(f"      {operation.note}")


def asked_words(asked: Asked, names: SideNames, cell: Callable[[Value], str]) -> str:
    """Say what a person is asked about a field; ``cell`` writes a value."""
    values = f"{names['left']} has {cell(asked.left)}, {names['right']} has {cell(asked.right)}"
    why = f" ({asked.detail})" if asked.detail else ""
    return f"{asked.field}: {values}; {QUESTIONS.get(asked.kind, asked.kind)}{why}"


def operation_words(operation: Operation, names: SideNames) -> str:
    """Say in one line what an operation does and why."""
    is_met = operation.binding is None and operation.reason.startswith("linked.")
    why = "their match fields agree" if is_met else reason_words(operation.reason, names)
    opposite: Side = other(operation.side)
    is_own = operation.reason.startswith(("undo.", "flip."))  # the value comes from our own memory
    has_source = operation.source is not None and not is_own
    source = f"{names[opposite]} {operation.source}" if has_source else ""
    target = f"{names[operation.side]} {operation.target}" if operation.target is not None else ""
    match operation.action:
        case "create":
            return f"create in {names[operation.side]}{f' from {source}' if source else ''}: {why}"
        case "link" | "converge" | "unlink":
            return f"{operation.action} {' and '.join(p for p in (target, source) if p)}: {why}"
        case "ask" | "park" | "wait":
            return f"{operation.action} {target or source}: {why}"
        case action:
            return f"{_VERBS.get(action, action)} {target}{f' from {source}' if source else ''}: {why}"


def samples(operations: Sequence[Operation], pair: str, limit: int) -> list[Operation]:
    """Choose lines to show: each kind of action gets its turn, writes before questions."""
    by_kind: dict[tuple[str, str], list[Operation]] = {}
    for operation in operations:
        if operation.pair == pair:
            by_kind.setdefault((operation.action, operation.side), []).append(operation)
    ordered = sorted(by_kind.values(), key=lambda of_kind: of_kind[0].action not in WRITES)
    chosen: list[Operation] = []
    for turn in range(max(map(len, ordered), default=0)):
        chosen += [of_kind[turn] for of_kind in ordered if turn < len(of_kind)]
        if len(chosen) >= limit:
            break
    return sorted(chosen[:limit], key=lambda o: (o.action not in WRITES, o.action, o.side))


def pair_document(carried: Carried, plan: PairPlan) -> dict[str, Any]:
    """Write the numbers of one pair as JSON."""
    found = carried.surveys.get(plan.pair)
    failure = carried.failure(plan)
    left = carried.waiting.get(plan.pair, Waiting())
    return {
        "mapping": plan.pair,
        "left": plan.left,
        "right": plan.right,
        "chosen": plan.chosen,
        "signed": sign_document(carried.sign_offs, plan.pair),
        "first_contact": plan.first_contact,
        "listed": plan.listed,
        "complete": plan.complete,
        "lost": plan.lost,
        "dispositions": plan.dispositions,
        "actions": plan.actions,
        "links": found.links if found else 0,
        "differing": found.differing if found else 0,
        "questions": [{"kind": k, "side": s, "count": n} for (k, s), n in sorted(found.asks.items())] if found else [],
        "parked": [{"code": c, "field": f, "count": n} for (c, f), n in sorted(found.faults.items())] if found else [],
        "warned": [{"side": s, "rule": words, "count": n} for (s, words), n in plan.warned.items()],
        "holds": [hold_document(h) for h in plan.holds],
        "released": [hold_document(h) for h in plan.released],
        "doubles": doubles_document(plan),
        "drift": drift_document(plan),
        "problem": plan.problem,
        "failure": error_document(failure) if failure else None,
        "waiting": {"questions": left.questions, "parked": left.parked, **again_document(left.again)},
    }


def plan_document(carried: Carried) -> dict[str, Any]:
    """Write a whole plan as JSON: numbers, lines, fingerprint."""
    plan = carried.result.plan
    return {
        "run": plan.run,
        "fingerprint": spell(plan.fingerprint),
        "lines": plan.lines,
        "writes": plan.writes,
        "is_empty": plan.is_empty and not any_failed(carried),
        "mappings": [pair_document(carried, p) for p in plan.pairs],
        "forecast": forecast_document(carried.forecast) if carried.forecast else None,
        "operations": [operation_document(o) for o in plan.operations],
    }


def any_failed(carried: Carried) -> bool:
    """Tell whether any pair could not be observed wholly."""
    return bool(carried.result.failures) or any(p.problem for p in carried.result.plan.pairs)


def operation_document(operation: Operation) -> Mapping[str, Any]:
    """Write one line of a plan as JSON."""
    return {
        "mapping": operation.pair,
        "action": operation.action,
        "side": operation.side,
        "source": operation.source,
        "target": operation.target,
        "reason": operation.reason,
        "changes": [{"field": c.field, "old": shown(c.old), "new": shown(c.new)} for c in operation.changes],
        "asked": [
            {"field": a.field, "kind": a.kind, "left": shown(a.left), "right": shown(a.right)} for a in operation.asked
        ],
        "note": operation.note,
        "fingerprint": spell(operation.fingerprint),
    }
