"""``tally plan --validate``: systems that can check a write without carrying it out look at each planned one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tallystick.cli.output import number
from tallystick.core.error import Error
from tallystick.core.plan import PHASES
from tallystick.core.ports import Flow, Trying, Update
from tallystick.core.record import decode_raw
from tallystick.engine.line import Line, Step, decode_line

if TYPE_CHECKING:
    from tallystick.cli.carry import Survey
    from tallystick.engine.pair import Pair
    from tallystick.engine.session import Session
    from tallystick.wiring import House

_BATCH: Final = 500
_KEPT: Final = 1000


@dataclass(frozen=True, slots=True)
class Refusal:
    """One planned write that a system says no to; ``record`` is its id, that of its origin for one to be created."""

    pair: str
    system: str
    op: str
    record: str
    message: str


@dataclass(slots=True)
class Trials:
    """What systems say of the planned writes. ``untried`` are writes that cannot be checked beforehand."""

    house: "House"
    tried: int = 0
    untried: int = 0
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    def run(self, session: "Session", surveys: "Mapping[str, Survey]") -> None:
        """Have all planned creates and updates checked, while the plan's lines are still there."""
        for pair in self.house.pairs:
            if pair.name in surveys:
                for bodies in session.scratch(pair).lines(sorted(set(PHASES.values())), _BATCH):
                    self._try(pair, [decode_line(body) for body in bodies])

    def lines(self, limit: int) -> Iterator[str]:
        """Say it in words."""
        left = f"; {self.untried:,} cannot be checked beforehand" if self.untried else ""
        yield f"{number(self.tried, 'write')} checked by the systems, {self.refused:,} refused{left}"
        for each in self.refusals[:limit]:
            yield f"  {each.pair}: {each.system} refuses to {each.op} {each.record}: {each.message}"

    def document(self) -> dict[str, Any]:
        """Say it as JSON."""
        rows = [{"mapping": r.pair, "system": r.system, "op": r.op, "record": r.record, "message": r.message}
                for r in self.refusals]  # fmt: skip
        return {"tried": self.tried, "refused": self.refused, "untried": self.untried, "refusals": rows}

    def _try(self, pair: "Pair", lines: list[Line]) -> None:
        of_system: dict[str, list[tuple[Line, Step, Flow[None]]]] = {}
        for line in lines:
            for step in line.steps:
                flow = _flow(pair, line, step)
                if flow is not None:
                    of_system.setdefault(pair.end(step.side).system, []).append((line, step, flow))
                elif step.op in {"create", "update"}:
                    self.untried += 1
        for system, asked in of_system.items():
            answers = self.house.systems[system].transport.run_all([flow for _, _, flow in asked])
            for (line, step, _), answer in zip(asked, answers, strict=True):
                self._note(pair, system, line, step, answer)

    def _note(self, pair: "Pair", system: str, line: Line, step: Step, answer: Error | None) -> None:
        self.tried += 1
        if answer is None:
            return
        self.refused += 1
        if len(self.refusals) < _KEPT:
            record = line.seen(step.side).id or line.left.id or line.right.id or "?"
            said = f"{answer.message} ({answer.detail})" if answer.detail else answer.message
            self.refusals.append(Refusal(pair.name, system, step.op, record, said))


def _flow(pair: "Pair", line: Line, step: Step) -> Flow[None] | None:
    """Give the check of a write; ``None`` where the system has none, or a record that it points to is still to come."""
    end = pair.end(step.side)
    connector = end.connector
    if line.is_pending or not isinstance(connector, Trying) or step.op not in connector.can_try(end.object):
        return None
    if step.op == "create":
        return connector.try_create(end.object, decode_raw(step.body))
    target = line.seen(step.side).id
    return (
        None
        if target is None
        else connector.try_update(end.object, Update(target, decode_raw(step.body), step.pre_version))
    )
