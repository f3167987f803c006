"""What really stands in the systems and in the store, in the names of a scenario instead of ids."""

from dataclasses import dataclass, field
from typing import Any

from scenario_door import Sent
from scenario_file import Rows
from scenario_stage import MAPPINGS, OBJECTS, READ_ONLY, Stage

from tallystick.core.plan import shown
from tallystick.core.record import SIDES, Side, decode_fields, other

KIND_OF = {name: kind for kind, name in OBJECTS.items()}
UNSEEN = {*READ_ONLY, "deleted", "ref", "lines"}
ADDRESS_OF = "address of "
END_OF_TIME = 1e12


@dataclass
class Belief:
    """What the story says stands in the systems: per side the records by name, and their ids."""

    rows: dict[Side, Rows] = field(default_factory=lambda: {s: {} for s in SIDES})
    ids: dict[Side, dict[str, tuple[str, str]]] = field(default_factory=lambda: {s: {} for s in SIDES})

    def name_of(self, side: Side, kind: str, record: str) -> str | None:
        """Give the name of a record."""
        return next((name for name, at in self.ids[side].items() if at == (kind, record)), None)


class Witness:
    """Tells what came of a run, in the words of the scenario."""

    def __init__(self, stage: Stage, belief: Belief) -> None:
        self.stage = stage
        self.belief = belief

    def table(self, side: Side) -> Rows:
        """Give the records of a side by name, without what only the system cares for."""
        found: Rows = {}
        for kind in self.stage.kinds(side):
            for row in self.stage.shelf(side, kind):
                if not row.get("deleted"):
                    name = self.belief.name_of(side, kind, str(row["id"])) or f"unexpected record {row['id']}"
                    found[name] = self.in_names(side, row)
        return found

    def planned(self, side: Side, operations: Any) -> list[str]:
        """Tell what a plan would write to a side: who, and which fields."""
        found = []
        for op in operations:
            if op.side == side and op.action in {"create", "update", "delete", "archive"}:
                record, at = (op.source, other(side)) if op.action == "create" else (op.target, side)
                name = self.belief.name_of(at, self.stage.kind_of(at, op.pair), record or "") or f"record {record}"
                fields = ", ".join(sorted(c.field for c in op.changes))
                found.append(f"{op.action} {name}" + (f": {fields}" if op.action != "delete" else ""))
        return sorted(found)

    def journal(self, side: Side, since: float) -> Rows:
        """Give the values of a side that were kept since then."""
        kept: Rows = {}
        for binding, name in self._bindings().items():
            for entry in self.stage.look(lambda tx, b=binding: tx.journal(b)):
                if entry.at >= since and entry.side == side:
                    kept.setdefault(name, {})[entry.field] = spell(decode_fields(entry.value)[0])
        return kept

    def in_ids(self, side: Side, values: dict[str, Any]) -> dict[str, Any]:
        """Put ids where the file has names."""
        found = dict(values)
        known = self.belief.ids[side].get(str(found.get("company")))
        if known:
            found["company"] = known[1]
        return found

    def in_names(self, side: Side, row: dict[str, Any], *, whole: bool = True) -> dict[str, Any]:
        """Put names where a record has ids; without what only the system cares for, and what is blank if ``whole``."""
        found = {k: v for k, v in row.items() if k not in UNSEEN and (v is not None or not whole)}
        if found.get("company"):
            found["company"] = self.belief.name_of(side, "company", str(found["company"])) or found["company"]
        return found

    def _bindings(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for pair in self.stage.pairs:
            for side in SIDES:
                at = self.stage.kind_of(side, pair.name)
                ids = [r for n, (k, r) in self.belief.ids[side].items() if k == at]
                for record, fact in self.stage.look(
                    lambda tx, p=pair.name, s=side, i=ids: tx.leg_facts(p, s, i)
                ).items():
                    name = self.belief.name_of(side, at, record)
                    found.setdefault(fact.binding, name or record)
        return found

    def _named(self, pair: str, subject: str) -> str:
        side, _, record = subject.partition("/")
        if record.startswith("row-"):
            return f"a row of the {side}"  # it has no id of its own
        if pair == MAPPINGS["contact"] and self.stage.kind_of(side, pair) == "company":  # type: ignore[arg-type] # a side
            side, record = self._anchor(pair, side, record)  # type: ignore[arg-type] # likewise
        return self.belief.name_of(side, self.stage.kind_of(side, pair), record) or subject  # type: ignore[arg-type] # a side

    def _anchor(self, pair: str, side: Side, record: str) -> tuple[Side, str]:
        """Give the contact that shares a record with a company, which has the name of the company already."""
        fact = self.stage.look(lambda tx: tx.leg_facts(pair, side, [record]))[record]
        return other(side), self.stage.look(lambda tx: tx.ids_of(pair, other(side), [fact.binding]))[fact.binding]

    def asked(self) -> list[str]:
        queue = self.stage.look(lambda tx: tx.queue())
        return sorted(f"{q.kind}: {q.field + ' of ' if q.field else ''}{self._named(q.pair, q.subject)}" for q in queue)

    def parked(self) -> list[str]:
        rows = self.stage.look(lambda tx: tx.quarantine())
        return sorted(
            f"{p.code}: {p.field + ' of ' if p.field else ''}{self._named(p.pair, f'{p.side}/{p.record}')}"
            for p in rows
        )

    def waiting(self) -> list[str]:
        return sorted({
            self._named(pair.name, f"{side}/{mark.id}")
            for pair in self.stage.pairs
            for side in SIDES
            for mark in self.stage.look(lambda tx, p=pair.name, s=side: tx.dirty(p, s, END_OF_TIME, 10_000))
        })  # fmt: skip

    def reasons(self, result: Any) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for op in result.plan.operations:
            ends = (
                {"left": op.target, "right": op.source}
                if op.side == "left"
                else {"right": op.target, "left": op.source}
            )
            for side, record in ends.items():
                kind = self.stage.kind_of(side, op.pair)  # type: ignore[arg-type] # a side
                name = self.belief.name_of(side, kind, record or "")  # type: ignore[arg-type] # a side
                if name:
                    found.setdefault(name, []).append(op.reason)
        for pair in self.stage.pairs:
            for side in SIDES:
                for mark in self.stage.look(lambda tx, p=pair.name, s=side: tx.dirty(p, s, END_OF_TIME, 10_000)):
                    found.setdefault(self._named(pair.name, f"{side}/{mark.id}"), []).append(mark.reason)
        return found

    def told(self, sent: Sent) -> str:
        return tell(sent.op, self.subject(sent), self.in_names(sent.side, sent.values, whole=False))

    def subject(self, sent: Sent) -> str:
        kind = KIND_OF[sent.kind]
        name = self.belief.name_of(sent.side, kind, sent.id) if sent.id else None
        if not name and kind == "address":
            owner = self.belief.name_of(sent.side, "company", str(sent.values.get("company")))
            return f"{ADDRESS_OF}{owner}"
        return name or str(sent.values.get("name") or f"record {sent.id}")


def named(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Give a record with its name, which is what the file calls it; an address has none, but an owner."""
    if name.startswith(ADDRESS_OF):
        return {"company": name.removeprefix(ADDRESS_OF), **row}
    return {"name": name, **row}


def without_blanks(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in row.items() if v is not None and k != "is"}


def tell(op: str, name: str, values: dict[str, Any]) -> str:
    changes = ", ".join(f"{k}: {spell(v)}" for k, v in sorted(values.items()) if k != "is")
    return f"{op} {name}" + (f" ({changes})" if op != "delete" else "")


def spell(value: Any) -> str:
    return "blank" if value is None else str(shown(value))
