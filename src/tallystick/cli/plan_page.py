"""A plan as a page to be passed on (HTML, Markdown): what both renderers say, in what order, with values hidden or not.

Deletions come first, then what is held and why, then every other kind of line with the first of each and how many more
there are. A page stays small however large the plan is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tallystick.checklist.sample import Sample
from tallystick.cli.carried_text import failure_lines, unfound_lines
from tallystick.cli.carry import Carried, Waiting
from tallystick.cli.doubles_text import doubles_counts, doubles_words
from tallystick.cli.drift_text import drift_counts, drift_words
from tallystick.cli.forecast import HEADS, bulk_words, forecast_rows, forecast_words
from tallystick.cli.hold_text import hold_words, narrow, refused_words
from tallystick.cli.moment import moment
from tallystick.cli.output import number, visible
from tallystick.cli.plan_file import short, spell
from tallystick.cli.plan_text import (
    adoption_rows,
    any_failed,
    asked_words,
    operation_words,
    other_lines,
    reading_lines,
    write_rows,
)
from tallystick.cli.selecting import chosen_words
from tallystick.cli.words import SideNames, side_names, waiting_words
from tallystick.core.plan import Operation, PairPlan
from tallystick.core.record import SIDES, Value
from tallystick.project.load import LoadedProject

_WRITES: Final = ("delete", "archive", "create", "undelete", "update")
_GONE: Final = frozenset({"delete", "archive"})
_OTHERS: Final = {
    "ask": "Questions for a person",
    "park": "Parked, with the reason",
    "link": "To be linked",
    "unlink": "To be separated",
    "converge": "Agree by themselves",
}
_TITLES: Final = {"delete": "Delete in", "archive": "Archive in", "create": "Create in", "update": "Change in"}
_TITLES_BACK: Final = "Bring back in"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a plan: what, its fields as (name, before, after), what a person has to know, and its fingerprint."""

    words: str
    fields: Sequence[tuple[str, str, str]] = ()
    notes: Sequence[str] = ()
    print: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one kind: some of them, and how many there are; ``total`` is 0 where the rest is counted elsewhere."""

    title: str
    entries: Sequence[Entry]
    total: int = 0
    is_deletion: bool = False
    note: str = ""

    @property
    def more(self) -> int:
        """How many lines are not shown."""
        return max(0, self.total - len(self.entries))


@dataclass(frozen=True, slots=True)
class Held:
    """What a brake holds: which and why, what it refuses, and how to let exactly that go."""

    words: str
    refuses: str
    command: str


@dataclass(frozen=True, slots=True)
class Section:
    """One mapping of a plan."""

    title: str
    limits: str
    reads: Sequence[str]
    adoption: Sequence[tuple[str, str]]
    heads: tuple[str, str, str]
    writes: Sequence[tuple[str, str, str]]
    others: Sequence[str]
    holds: Sequence[Held]
    groups: Sequence[Group]
    problem: str
    waiting: str


@dataclass(frozen=True, slots=True)
class Page:
    """A whole plan, ready to be written."""

    project: str
    environment: str
    made: str
    fingerprint: str
    headline: str
    deletions: int
    held: int
    is_empty: bool
    apply: str
    hides_values: bool
    forecast: str
    heads: Sequence[str]
    loads: Sequence[tuple[str, ...]]
    failures: Sequence[str]
    sections: Sequence[Section] = field(default_factory=tuple)


def page_of(loaded: LoadedProject, carried: Carried, kept: Path, limit: int, *, reveal: bool) -> Page:
    """Put a plan's page together: ``limit`` lines of each kind and side; ``kept`` is the plan's file."""
    plan = carried.result.plan
    gone = sum(n for p in plan.pairs for side in SIDES for op, n in p.actions.get(side, {}).items() if op in _GONE)
    has_writes = plan.writes and carried.forecast is not None
    return Page(
        project=loaded.project.name,
        environment=loaded.environment or "",
        made=moment(plan.made),
        fingerprint=spell(plan.fingerprint),
        headline=f"{number(plan.lines, 'line')}, {number(plan.writes, 'write')}",
        deletions=gone,
        held=sum(bool(p.holds) for p in plan.pairs),
        is_empty=plan.is_empty and not any_failed(carried),
        apply=f"tally apply {kept.name if kept.is_absolute() else kept}",
        hides_values=not reveal,
        forecast=forecast_words(carried.forecast) if carried.forecast is not None and has_writes else "",
        heads=HEADS,
        loads=forecast_rows(carried.forecast) if carried.forecast is not None and has_writes else (),
        failures=[visible(line) for line in (*failure_lines(carried), *unfound_lines(carried))],
        sections=[_section(carried, p, limit, reveal=reveal) for p in plan.pairs],
    )


def _section(carried: Carried, plan: PairPlan, limit: int, *, reveal: bool) -> Section:
    names, found = side_names(plan.left, plan.right), carried.surveys.get(plan.pair)
    left = carried.waiting.get(plan.pair, Waiting())
    waiting = waiting_words(left.questions, left.parked)
    mine = [o for o in carried.result.plan.operations if o.pair == plan.pair]
    groups = [
        *_groups(plan, mine, names, limit, _cell(reveal=reveal)),
        *_doubles(plan, names, limit, _cell(reveal=reveal)),
        *_drift(plan, names, limit, reveal=reveal),
    ]
    return Section(
        title=f"{plan.pair}: {plan.left} \u2194 {plan.right}",
        limits=chosen_words(plan, carried.selection),
        reads=list(reading_lines(plan, names)) if found else [],
        adoption=adoption_rows(plan, found, names) if found and plan.first_contact else [],
        heads=("", f"in {names['left']}", f"in {names['right']}"),
        writes=write_rows(plan),
        others=[*_bulk(carried, plan, names), *(other_lines(plan, found, names) if found else ())],
        holds=list(_holds(plan, names)),
        groups=groups,
        problem=plan.problem,
        waiting=f"{waiting}: tally problems" if waiting else "",
    )


def _bulk(carried: Carried, plan: PairPlan, names: SideNames) -> Iterator[str]:
    for side in SIDES:
        words = bulk_words(carried.forecast, plan.pair, side) if carried.forecast is not None else ""
        if words:
            yield f"writes to {names[side]}: {words}"


def _holds(plan: PairPlan, names: SideNames) -> Iterator[Held]:
    for hold in plan.holds:
        command = f"tally apply --release {hold.id}" if hold.count and narrow(plan) else ""
        yield Held(hold_words(hold, names), refused_words(hold, names), command)


def _cell(*, reveal: bool) -> Callable[[Value], str]:
    return lambda value: visible(Sample(value).shown(reveal=reveal))


def _groups(
    plan: PairPlan,
    mine: Sequence[Operation],
    names: SideNames,
    limit: int,
    cell: Callable[[Value], str],
) -> Iterator[Group]:
    """Give the lines by kind and side, deletions first."""
    for action in _WRITES:
        for side in SIDES:
            total = plan.actions.get(side, {}).get(action, 0)
            of_kind = [o for o in mine if (o.action, o.side) == (action, side)]
            if total:
                entries = [_entry(o, names, cell) for o in of_kind[:limit]]
                title = f"{_TITLES.get(action, _TITLES_BACK)} {names[side]}"
                yield Group(title, entries, total, is_deletion=action in _GONE)
    for action, title in _OTHERS.items():
        of_kind = [o for o in mine if o.action == action]
        if of_kind:
            yield Group(title, [_entry(o, names, cell) for o in of_kind[:limit]])


def _entry(operation: Operation, names: SideNames, cell: Callable[[Value], str]) -> Entry:
    # A record that is made has no values before, one that goes has none after.
    fields = [
        (
            c.field,
            "" if operation.action == "create" else cell(c.old),
            "" if operation.action in _GONE else cell(c.new),
        )
        for c in operation.changes
    ]
    notes = [asked_words(asked, names, cell) for asked in operation.asked]
    notes += [visible(operation.note)] if operation.note else []
    return Entry(visible(operation_words(operation, names)), fields, notes, short(operation.fingerprint))


def _doubles(plan: PairPlan, names: SideNames, limit: int, cell: Callable[[Value], str]) -> Iterator[Group]:
    if plan.doubled:
        entries = [Entry(visible(doubles_words(d, names, cell))) for d in plan.doubles[:limit]]
        total = sum(groups for groups, _ in plan.doubled.values())
        note = f"they wait for a person unless they are cleaned up: {'; '.join(doubles_counts(plan, names))}"
        yield Group("The same key on one side", entries, total, note=note)


def _drift(plan: PairPlan, names: SideNames, limit: int, *, reveal: bool) -> Iterator[Group]:
    if not plan.drift:
        return
    cell = _cell(reveal=reveal)
    entries = [
        Entry(
            visible(drift_words(d, names)),
            notes=[f"{names['left']} has {cell(d.left)}, {names['right']} has {cell(d.right)}"],
        )
        for d in plan.drifting[:limit]
    ]
    note = f"left as it is by the mapping's direction: {'; '.join(drift_counts(plan, names))}"
    yield Group("Drift", entries, sum(plan.drift.values()), note=note)
