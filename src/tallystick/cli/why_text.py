"""Why a record is as it is, in words: the true cause first, then what both sides say, what follows, what happened."""

from collections.abc import Iterator
from typing import Any, Final

from tallystick.cli.moment import moment
from tallystick.cli.output import Screen, number
from tallystick.cli.plan_file import spell
from tallystick.cli.value_text import brief_value
from tallystick.cli.why_look import Leg, Sight
from tallystick.cli.words import QUESTIONS, RULES, STATES, SideNames, reason_words, side_names
from tallystick.core.decision import Decision, Write
from tallystick.core.observation import Gone, Merged, Missing, OutOfScope, Present, Unreadable
from tallystick.core.plan import shown
from tallystick.core.record import SIDES, UNKNOWN, Side, Value, decode_fields, other, same

_LISTED: Final = 10
SAID: Final = frozenset({"discard", "answer"})  # what a person did; its reason is in that person's words
DOES: Final = {
    "create": "created",
    "update": "changed",
    "delete": "deleted",
    "archive": "archived",
    "undelete": "brought back",
    "discard": "taken off the list",
    "answer": "answered",
}


def cause_of(sight: Sight) -> str:
    """Say in one sentence why the record is as it is: what stands in its way, else what follows from both sides."""
    names = sides_of(sight)
    if sight.intents:
        intent = sight.intents[0]
        return f"An earlier {intent.op} in {names[intent.side]} has an unknown outcome; the next run finds out."
    if sight.parked:
        first = sight.parked[0]
        what = f"The field '{first.field}' is parked" if first.field else "The record is parked"
        return f"{what}: {first.message}."
    if sight.questions:
        first_question = sight.questions[0]
        where = f" in the field '{first_question.field}'" if first_question.field else ""
        detail = f" ({first_question.detail})" if first_question.detail else ""
        return f"A person must decide{where}: {QUESTIONS.get(first_question.kind, first_question.kind)}{detail}."
    return _decided(sight, names) if sight.decision is not None else _unpaired(sight, names)


def _decided(sight: Sight, names: SideNames) -> str:
    decision = sight.decision
    assert decision is not None
    for side in SIDES:
        seen = sight.legs[side].seen
        if isinstance(seen, Unreadable):
            return f"The record cannot be read in {names[side]}: {seen.cause.message}."
    if decision.writes:
        parts = [_write_words(sight, write, names) for write in decision.writes]
        return f"The next run will {' and '.join(parts)}: {reason_words(decision.reason, names)}."
    if decision.questions:
        return f"The next run will ask a person: {reason_words(decision.reason, names)}."
    if decision.faults:
        return _fault_words(sight, decision, names)
    if decision.disposition == "unchanged":
        return "Both sides are in step: no mapped field differs from what was agreed."
    if decision.disposition == "converged":
        return f"Both sides agree by themselves: {reason_words(decision.reason, names)}."
    if decision.disposition == "drift":
        fields = ", ".join(sight.pair.mapping.names[i] for i in decision.drift)
        why = reason_words(decision.reason, names)
        return f"They differ in {fields}, and the mapping's direction leaves it so: {why}."
    return f"Nothing is written: {reason_words(decision.reason, names)}."


def _fault_words(sight: Sight, decision: Decision, names: SideNames) -> str:
    side, index, fault = decision.faults[0]
    name = sight.pair.mapping.names[index]
    if sight.is_unread(other(side), index):
        return f"'{name}' cannot be read in {names[other(side)]}: {fault.message}."
    return f"{names[side]} cannot hold '{name}': {fault.message}."


def _write_words(sight: Sight, write: Write, names: SideNames) -> str:
    if write.op == "update":
        fields = ", ".join(sight.pair.mapping.names[i] for i in write.which)
        return f"change {fields} in {names[write.side]}"
    return f"{write.op} it in {names[write.side]}"


def _unpaired(sight: Sight, names: SideNames) -> str:
    here, there = names[sight.side], names[other(sight.side)]
    policy = sight.pair.mapping.policy
    wish = policy.on_unmatched_left if sight.side == "left" else policy.on_unmatched_right
    match sight.legs[sight.side].seen:
        case Unreadable(cause):
            return f"The record cannot be read in {here}: {cause.message}."
        case OutOfScope():
            return f"The record does not belong to the mapping: the filter (where) of {here} does not match it."
        case Missing() | Gone():
            return f"The record is not there in {here}, and it is paired with nobody."
        case Present() if sight.is_keyless:
            return f"The record has no value by which a counterpart in {there} could be found."
        case Present() if sight.rivals:
            return (
                f"The record is not paired yet; in {there} there is {', '.join(sight.rivals[:_LISTED])} with its key."
            )
        case Present():
            outcome = {
                "create": f"it will be created in {there}, unless the next run finds its counterpart there",
                "ignore": "the policy on_unmatched is to leave it alone",
                "ask": "the next run will ask a person, unless it finds its counterpart",
            }
            return f"The record is not paired yet: {outcome[wish]}."
        case _:
            return f"The record is not paired, and {here} cannot be asked for a single record."


def sides_of(sight: Sight) -> dict[Side, str]:
    """Name the sides of the record's pair."""
    left, right = sight.pair.left, sight.pair.right
    return side_names(f"{left.system}/{left.object}", f"{right.system}/{right.object}")


def leg_words(leg: Leg) -> str:
    """Say what is seen of a record on one side."""
    match leg.seen:
        case Present():
            return "there"
        case Gone(evidence):
            return f"deleted: {evidence}"
        case Missing():
            return "not found, once; a second look decides"
        case OutOfScope():
            return "there, but out of the mapping's scope"
        case Merged(to):
            return f"merged into {to}"
        case Unreadable(cause):
            return f"cannot be read: {cause.message}"
        case None:
            return "no record" if leg.id is None else "cannot be asked for by id"


def show_sight(screen: Screen, sight: Sight) -> None:
    """Show everything about a record; the first line is the cause."""
    names = sides_of(sight)
    screen.title(cause_of(sight))
    state = STATES.get(sight.binding.state, sight.binding.state) if sight.binding else "not paired"
    screen.say(f"  mapping {sight.pair.name}: {state}")
    for side in SIDES:
        leg = sight.legs[side]
        end = sight.pair.end(side)
        screen.say(f"  {end.system}/{end.object}/{leg.id if leg.id is not None else '-'}: {leg_words(leg)}")
    screen.table(("field", "agreed", names["left"], names["right"], "next"), list(field_rows(sight, names)), indent=2)
    if sight.decision is not None:
        screen.say(f"  reason {sight.decision.reason}: {reason_words(sight.decision.reason, names)}")
    for question in sight.questions:
        screen.say(
            f"  question since {moment(question.since)}: {question.kind} {question.field} {question.detail}".rstrip()
        )
    for row in sight.parked:
        screen.say(f"  parked since {moment(row.since)} ({row.code}): {row.field} {row.message}")
        if row.hint:
            screen.say(f"    {row.hint}")
    for entry in sight.journal[:_LISTED]:
        old = brief_value(decode_fields(entry.value)[0])
        screen.say(f"  {moment(entry.at)} {names[entry.side]} lost {entry.field} {old} (run {entry.run})")
    for line in sight.ledger[:_LISTED]:
        why = line.reason if line.op in SAID else reason_words(line.reason, names)
        screen.say(f"  {moment(line.at)} {names[line.side]} {DOES.get(line.op, line.op)}: {why} (run {line.run})")


def field_rows(sight: Sight, names: SideNames) -> Iterator[tuple[str, str, str, str, str]]:
    """Give for each field what was agreed, what both sides hold now, and what happens next."""
    for i, name in enumerate(sight.pair.mapping.names):
        bases = [_at(sight.legs[s].base, i) for s in SIDES]
        now = [_at(sight.legs[s].fields, i) for s in SIDES]
        unread = [sight.is_unread(s, i) for s in SIDES]
        if all(v is UNKNOWN for v in (*bases, *now)) and not any(unread):
            continue
        agreed = _cell(bases[0]) if same(bases[0], bases[1]) else f"{_cell(bases[0])} / {_cell(bases[1])}"
        left, right = ("(cannot be read)" if bad else _cell(v) for bad, v in zip(unread, now, strict=True))
        yield name, agreed, left, right, next_words(sight, i, names)


def _at(fields: tuple[Value, ...] | None, i: int) -> Value:
    return fields[i] if fields is not None and i < len(fields) else UNKNOWN


def _cell(value: Value) -> str:
    return "" if value is UNKNOWN else brief_value(value)


def next_words(sight: Sight, i: int, names: SideNames) -> str:
    """Say what the next plan does about the field at position ``i``."""
    decision = sight.decision
    if decision is None:
        return ""
    for write in decision.writes:
        if i in write.which:
            rule = write.rules[write.which.index(i)]
            return f"to {names[write.side]} ({rule}: {RULES.get(rule, rule)})"
    for question in decision.questions:
        if question.index == i:
            return f"asks: {QUESTIONS.get(question.kind, question.kind)}"
    for side, index, fault in decision.faults:
        if index == i and sight.is_unread(other(side), i):
            return f"left alone: {fault.message}"
        if index == i:
            return f"{names[side]} cannot hold it: {fault.message}"
    if i in decision.drift:
        return "differs; the direction forbids the write"
    return "agreed" if i in decision.agree else ""


def sight_document(sight: Sight) -> dict[str, Any]:
    """Write everything about a record as JSON."""
    names = sides_of(sight)
    decision = sight.decision
    return {
        "cause": cause_of(sight),
        "mapping": sight.pair.name,
        "state": sight.binding.state if sight.binding else None,
        "binding": sight.binding.id if sight.binding else None,
        "records": {side: _leg_document(sight, side) for side in SIDES},
        "fields": list(_field_documents(sight, names)),
        "next": {
            "reason": decision.reason,
            "words": reason_words(decision.reason, names),
            "disposition": decision.disposition,
            "writes": [{"side": w.side, "operation": w.op} for w in decision.writes],
        }
        if decision
        else None,
        "candidates": sight.rivals,
        "questions": [
            {"kind": q.kind, "field": q.field, "detail": q.detail, "since": q.since} for q in sight.questions
        ],
        "parked": [
            {"code": q.code, "field": q.field, "message": q.message, "hint": q.hint, "since": q.since}
            for q in sight.parked
        ],
        "unknown_writes": [{"side": i.side, "operation": i.op, "sent": i.sent_at} for i in sight.intents],
        "journal": [
            {"side": e.side, "field": e.field, "value": shown(decode_fields(e.value)[0]), "at": e.at, "run": e.run}
            for e in sight.journal
        ],
        "ledger": [
            {"side": r.side, "operation": r.op, "reason": r.reason, "at": r.at, "run": r.run, "after": _print(r.after)}
            for r in sight.ledger
        ],
    }


def _print(digest: int | None) -> str | None:
    return None if digest is None else spell(digest)


def _leg_document(sight: Sight, side: Side) -> dict[str, Any]:
    end, leg = sight.pair.end(side), sight.legs[side]
    return {"system": end.system, "object": end.object, "id": leg.id, "seen": leg_words(leg)}


def _field_documents(sight: Sight, names: SideNames) -> Iterator[dict[str, Any]]:
    for i, name in enumerate(sight.pair.mapping.names):
        legs = {side: sight.legs[side] for side in SIDES}
        yield {
            "field": name,
            "agreed": {side: shown(_at(leg.base, i)) for side, leg in legs.items()},
            "now": {side: shown(_at(leg.fields, i)) for side, leg in legs.items()},
            "next": next_words(sight, i, names),
        }


def many_words(sights: list[Sight]) -> str:
    """Say that a word fits several records."""
    return f"{number(len(sights), 'record')} fit; name the mapping or the system to choose one"
