"""What ``apply`` and ``run`` came to, in words and as JSON: done, failed, stale, held, and who must look next."""

from collections.abc import Iterator
from typing import Any, Final

from tallystick.cli.again import again_document, again_lines
from tallystick.cli.carry import Carried, Survey, Waiting
from tallystick.cli.complaint import error_document, error_lines
from tallystick.cli.drift_text import drift_lines
from tallystick.cli.field_text import news_document, news_lines
from tallystick.cli.hold_text import hold_lines, idle_lines, narrow, released_lines, wide
from tallystick.cli.output import Screen, number
from tallystick.cli.plan_text import pair_document
from tallystick.cli.selecting import chosen_words
from tallystick.cli.sign_text import sign_lines
from tallystick.cli.unknown_options import option_lines
from tallystick.cli.words import side_names, waiting_words
from tallystick.core.plan import PairPlan

_DONE: Final[dict[str, str]] = {
    "create": "created",
    "undelete": "brought back",
    "update": "changed",
    "archive": "archived",
    "delete": "deleted",
}


def show_carried(screen: Screen, carried: Carried) -> None:
    """Show for each pair what was done, and what keeps the rest from being done."""
    for plan in carried.result.plan.pairs:
        found = carried.surveys.get(plan.pair)
        if found is not None:
            screen.say(f"{plan.pair}: {_done_words(carried, plan, found)}")
            if carried.selection is not None:
                screen.say(f"  {chosen_words(plan, carried.selection)}")
            for line in _rest_lines(carried, plan):
                screen.say(f"  {line}")
    for line in (
        *failure_lines(carried),
        *unfound_lines(carried),
        *news_lines(carried.fields),
        *idle_lines(carried.result.plan.pairs, carried.permit),
    ):
        screen.say(line)


def _done_words(carried: Carried, plan: PairPlan, found: Survey) -> str:
    done = carried.result.done.get(plan.pair, {})
    parts = [f"{done[op]:,} {word}" for op, word in _DONE.items() if done.get(op)]
    if found.linked_now:
        parts.append(f"{found.linked_now:,} linked")
    if parts:
        return ", ".join(parts)
    if plan.pair in carried.result.failures:
        return "not done"
    return "nothing to do" if not found.prints else "nothing was written"


def _rest_lines(carried: Carried, plan: PairPlan) -> Iterator[str]:
    yield from sign_lines(carried.sign_offs, plan.pair)
    names = side_names(plan.left, plan.right)
    failed = carried.result.done.get(plan.pair, {}).get("failed", 0)
    if failed:
        yield f"{number(failed, 'write')} failed; tried again or parked, nothing is lost"
    waits = carried.result.done.get(plan.pair, {}).get("waits", 0)
    if waits:
        yield f"{number(waits, 'deletion')} held back: what would go along is still there; the next run looks again"
    for trouble in carried.result.troubles.get(plan.pair, []):
        yield from error_lines(trouble)
    yield from released_lines(plan, names, carried.permit.by)
    yield from hold_lines(plan, names)
    yield from _ways_on(carried, plan)
    yield from drift_lines(plan, names, limit=0)
    if plan.problem:
        yield f"not all could be read: {plan.problem}"
    left = carried.waiting.get(plan.pair, Waiting())
    yield from again_lines(again_document(left.again), names)
    yield from option_lines([o.document() for o in left.options], names)
    waiting = waiting_words(left.questions, left.parked)
    if waiting:
        yield f"{waiting}: tally problems"


def _ways_on(carried: Carried, plan: PairPlan) -> Iterator[str]:
    """Say how to let go what a brake refuses: exactly these records, or as many."""
    if not plan.holds:
        return
    again = carried.command or f"tally run {plan.pair} {carried.options}".rstrip()
    if not carried.command:
        yield f"look at it: tally plan {plan.pair}"
    if narrow(plan):
        yield f"let exactly these go: {again} {narrow(plan)}"
        yield f"or as many of them: {again} {wide(plan)}"


def unfound_lines(carried: Carried, most: int = 20) -> Iterator[str]:
    """Name the records that were asked for and that nobody showed."""
    if carried.unfound:
        more = len(carried.unfound) - most
        yield f"Not found: {', '.join(carried.unfound[:most])}{f' and {more:,} more' if more > 0 else ''}"


def failure_lines(carried: Carried) -> Iterator[str]:
    """Say why pairs could not go on."""
    for pair, failure in carried.result.failures.items():
        yield f"{pair} could not go on:"
        for line in error_lines(failure):
            yield f"  {line}"


def carried_document(carried: Carried) -> dict[str, Any]:
    """Write a finished run as JSON."""
    plan = carried.result.plan
    return {
        "run": plan.run,
        "outcome": carried.outcome,
        "by": carried.permit.by,
        "not_found": list(carried.unfound),
        "fields": news_document(carried.fields),
        "mappings": [
            pair_document(carried, p)
            | {
                "done": carried.result.done.get(p.pair, {}),
                "linked": _linked(carried, p),
                "troubles": [error_document(t) for t in carried.result.troubles.get(p.pair, [])],
                "unknown_options": [o.document() for o in carried.waiting.get(p.pair, Waiting()).options],
            }
            for p in plan.pairs
        ],
    }


def _linked(carried: Carried, plan: PairPlan) -> int:
    found = carried.surveys.get(plan.pair)
    return found.linked_now if found else 0
