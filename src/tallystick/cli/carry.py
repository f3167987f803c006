"""Drive the engine for ``plan``, ``apply`` and ``run`` and gather what people want to know of it.

The engine gives numbers and a sample of lines; who matched, who is asked about and which lines were left alone is
counted here over all lines, from the run's scratch paper, in constant memory.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tallystick.cli.again import Again, looked_at_again
from tallystick.cli.exits import DECIDE, DONE, SYSTEM, code_of, worst
from tallystick.cli.field_feed import FieldNews, keep_seen, watch_fields
from tallystick.cli.forecast import begin_paces, calls_left, forecast_of
from tallystick.cli.pace import Pacer
from tallystick.cli.person import actor
from tallystick.cli.sign_text import sign_words
from tallystick.cli.unknown_options import UnknownOption, unknown_options
from tallystick.core.brake import Hold, Permit
from tallystick.core.error import Error, ProjectError
from tallystick.core.forecast import Forecast
from tallystick.core.plan import PHASES, PairPlan
from tallystick.core.record import SIDES, Side
from tallystick.core.selection import Selection
from tallystick.core.state import StoreTx
from tallystick.engine.effects import drive
from tallystick.engine.line import Line, decode_line
from tallystick.engine.observe import observe
from tallystick.engine.pair import Pair
from tallystick.engine.release import is_approved, is_held
from tallystick.engine.run import Observer, Result, run
from tallystick.engine.session import Mode, Session
from tallystick.project.sign_off import SignOff, read_sign_offs
from tallystick.wiring import House

_BATCH = 1000


@dataclass(slots=True)
class Survey:
    """What all lines of one pair come to.

    ``asks`` counts by (kind, side of the subject), ``faults`` by (code, field). ``links`` are new pairings of which
    ``differing`` do not agree in everything and ``linked_now`` were allowed. ``prints`` are the lines' fingerprints,
    ``held`` and ``unapproved`` those that were not carried out.
    """

    asks: Counter[tuple[str, Side]] = field(default_factory=Counter)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    links: int = 0
    linked_now: int = 0
    differing: int = 0
    prints: list[int] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    unapproved: set[int] = field(default_factory=set)

    @property
    def carried_out(self) -> set[int]:
        """The lines that were tried."""
        return set(self.prints) - self.held - self.unapproved


Review = Callable[[Session, Mapping[str, Survey]], None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a pair leaves for later: open questions, parked records, and by reason the records to be looked at again.

    ``options`` are the select options that the mapping does not know.
    """

    questions: int = 0
    parked: int = 0
    again: Mapping[str, Again] = field(default_factory=dict)
    options: Sequence[UnknownOption] = ()


@dataclass(slots=True)
class Carried:
    """A finished run with the survey of each pair that could be observed, and what waits for somebody after it.

    ``command`` is the command line by which it is repeated, where that is not `tally run` with ``options``. ``permit``
    is what a person let pass, ``selection`` what the run was limited to, ``unfound`` the named records that nobody
    showed. Only a plan has a ``forecast``. ``sign_offs`` are the signatures under the mappings. ``fields`` is
    what was noticed of the systems' fields.
    """

    mode: Mode
    result: Result
    surveys: dict[str, Survey]
    waiting: dict[str, Waiting]
    command: str = ""
    options: str = ""
    permit: Permit = Permit()
    selection: Selection | None = None
    unfound: Sequence[str] = ()
    forecast: Forecast | None = None
    sign_offs: Mapping[str, SignOff] = field(default_factory=dict)
    fields: FieldNews = field(default_factory=FieldNews)

    @property
    def code(self) -> int:
        """The exit code: pairs that failed, writes badly answered, sides not wholly read, brakes that hold."""
        plans = self.result.plan.pairs
        codes = [code_of(f) for f in self.result.failures.values()]
        codes += [SYSTEM for troubles in self.result.troubles.values() if troubles]
        codes += [SYSTEM for p in plans if p.problem and p.pair not in self.result.failures]
        codes += [DECIDE for p in plans if self.mode != "plan" and self._is_held(p)]
        codes += [DECIDE] if self.mode != "plan" and self.fields.frozen else []
        return worst(codes)

    @property
    def outcome(self) -> str:
        """One word for the whole: done, held or failed."""
        return {DONE: "done", DECIDE: "held"}.get(self.code, "failed")

    def _is_held(self, plan: PairPlan) -> bool:
        """Of an approved plan a brake counts only if it refuses something of it."""
        return any(hold.count or self.mode != "apply" for hold in plan.holds)

    def failure(self, plan: PairPlan) -> Error | None:
        """Give why a pair could not go on, if so."""
        return self.result.failures.get(plan.pair)


def carry(
    house: House,
    mode: Mode,
    names: Sequence[str],
    *,
    full: bool = False,
    approved: frozenset[int] | None = None,
    released: frozenset[str] = frozenset(),
    permit: Permit | None = None,
    patience: float = 0,
    look: Observer = observe,
    command: str = "",
    options: str = "",
    review: Review | None = None,
) -> Carried:
    """Run the named pairs (all if none is named) to the end; ``look`` observes and decides each.

    ``command`` is what the person typed, where a held brake is not released by `tally run`, ``options`` what limits
    that. ``review`` may look into the run's scratch paper before it is thrown away.

    Raises:
        ProjectError: a mapping of that name does not exist, or there is none at all.
    """
    pairs = house.chosen(names)
    if not pairs:
        raise ProjectError(
            "the project has no mapping", hint="propose one with `tally map draft`, or write mappings/NAME.yaml"
        )
    sign_offs = read_sign_offs(house.loaded)
    by = sign_words(
        actor(command or f"tally {mode}"), {p.name: sign_offs[p.name] for p in pairs if p.name in sign_offs}
    )
    session = house.session(mode, approved=approved, released=released, permit=permit, full=full, actor=by)
    session.fields = watch_fields(house, pairs)
    paces = begin_paces(house)
    boundary = Pacer(house.boundary(), paces) if mode == "plan" else house.boundary()
    try:
        result = drive(run(session, pairs, alone=house.alone, patience=patience, look=look), boundary)
        holds = {p.pair: p.holds for p in result.plan.pairs}
        seen = [p for p in pairs if p.name in session.scratches and p.name not in _unseen(result)]
        surveys = {p.name: survey(session, p, holds.get(p.name, ())) for p in seen}
        for name in result.failures.keys() & surveys.keys():
            surveys[name].linked_now = 0  # where a pair broke off nobody counts how far it came
        unfound = _unfound(session, seen)
        if review is not None:
            review(session, surveys)
    finally:
        session.close()
    news = keep_seen(house, session.fields, session.run, durable=mode != "plan")
    if mode != "plan":
        house.tidy()
    waiting = {p.name: count_waiting(house, p.name) for p in pairs}
    forecast = forecast_of(result.plan, pairs, paces, calls_left(house)) if mode == "plan" else None
    return Carried(
        mode,
        result,
        surveys,
        waiting,
        command,
        options,
        session.permit,
        session.selection,
        unfound,
        forecast,
        sign_offs,
        news,
    )


def _unfound(session: Session, pairs: Sequence[Pair]) -> list[str]:
    """Name the records that a run was limited to and that nobody showed."""
    records = session.selection.records if session.selection is not None else frozenset()
    lost: list[str] = []
    for pair in pairs if records else ():
        for side in SIDES:
            mine = sorted(i for p, s, i in records if (p, s) == (pair.name, side))
            end, there = pair.end(side), session.scratch(pair).seen(side, mine)
            lost += [f"{end.system}/{end.object}/{i}" for i in mine if i not in there]
    return sorted(set(lost))


def _unseen(result: Result) -> set[str]:
    """The pairs of which so little could be observed that nothing was decided."""
    return {p.pair for p in result.plan.pairs if p.pair in result.failures and p.pair not in result.done}


def survey(session: Session, pair: Pair, holds: Sequence[Hold]) -> Survey:
    """Count over all planned lines of a pair."""
    found = Survey()
    for bodies in session.scratch(pair).lines(sorted(set(PHASES.values())), _BATCH):
        for body in bodies:
            _count(found, decode_line(body), session, pair, holds)
    return found


def _count(found: Survey, line: Line, session: Session, pair: Pair, holds: Sequence[Hold]) -> None:
    found.prints.append(line.print)
    if is_held(session, pair, holds, line):
        found.held.add(line.print)
    elif not is_approved(session, line):
        found.unapproved.add(line.print)
    subject: Side = "left" if line.left.id is not None else "right"
    found.asks.update((a.kind, subject) for a in line.asks)
    found.faults.update((f.code, f.field) for f in line.faults)
    if line.binding == 0 and all(line.seen(side).id is not None for side in SIDES):
        found.links += 1
        found.linked_now += session.writes and line.print not in found.held | found.unapproved
        found.differing += bool(line.steps or line.asks or line.faults)


def count_waiting(house: House, pair: str) -> Waiting:
    """Count what a pair leaves for later."""

    def work(tx: StoreTx) -> Waiting:
        parked = tx.quarantine(pair)
        return Waiting(
            len(tx.queue(pair)), len(parked), looked_at_again(tx, pair, house.now()), unknown_options(parked)
        )

    return house.store.look(work)
