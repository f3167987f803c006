"""Which records and which field a run shall be limited to (backfill), and what is left of a decision then. Pure.

A record is chosen by id or by values that either side holds. A field narrows every decision to itself: everything else
about the record stays as it is and stays known as different, so that the next ordinary run finds it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from tallystick.core.decision import Decision, Disposition, Write
from tallystick.core.record import UNKNOWN, Fields, Money, Ref, Side, Value

Record = tuple[str, Side, str]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run is limited to. ``records`` are (pair, side, id), ``where`` (field, text) of which all must hold.

    Empty means everything; ``field`` is the one field that may move.
    """

    records: frozenset[Record] = frozenset()
    where: tuple[tuple[str, str], ...] = ()
    field: str = ""

    @property
    def chooses_records(self) -> bool:
        """Whether only some records are meant."""
        return bool(self.records or self.where)

    def takes(
        self, pair: str, names: Sequence[str], ids: Iterable[tuple[Side, str | None]], seen: Iterable[Fields]
    ) -> bool:
        """Tell whether the records with these ids are chosen; ``seen`` are the values that the sides hold."""
        if self.records and not any((pair, side, record) in self.records for side, record in ids if record is not None):
            return False
        return not self.where or any(self._fits(names, fields) for fields in seen if fields)

    def _fits(self, names: Sequence[str], fields: Fields) -> bool:
        held = dict(zip(names, fields, strict=False))
        return all(name in held and is_spelled(held[name], text) for name, text in self.where)


def is_spelled(value: Value, text: str) -> bool:
    """Tell whether a person who writes ``text`` means this value: blank by nothing, a set by any member.

    >>> is_spelled(Decimal("5.00"), "5"), is_spelled(None, ""), is_spelled(True, "yes")
    (True, True, False)
    """
    if value is None or value is UNKNOWN or isinstance(value, Ref):
        return value is None and not text
    if isinstance(value, bool):
        return text.lower() == str(value).lower()
    if isinstance(value, frozenset):
        return text in value
    if isinstance(value, Money):
        return text in {f"{value.amount} {value.currency}", str(value)}
    if isinstance(value, datetime | date):
        return text in {value.isoformat(), str(value)}
    if isinstance(value, int | Decimal | float):
        return _number(text) == Decimal(str(value))
    return str(value) == text


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def narrow(decision: Decision, index: int, sides: tuple[Fields, Fields]) -> Decision:
    """Leave of a decision only what it says about one field; ``sides`` are the values seen, left and right.

    Creates, deletions and changes of the pairing itself are no matter of one field, so nothing is left of them.
    """
    if decision.disposition in {"unchanged", "deferred", "unreadable"}:
        return decision
    if any(w.op != "update" for w in decision.writes) or not all(sides):
        return Decision(decision.reason, "unasked", settled=False)
    writes = tuple(_narrowed(w, index, sides[w.side == "right"]) for w in decision.writes if index in w.which)
    questions = tuple(q for q in decision.questions if q.index == index)
    faults = tuple(f for f in decision.faults if f[1] == index)
    agree = tuple(i for i in decision.agree if i == index)
    drift = tuple(i for i in decision.drift if i == index)
    disposition: Disposition = (
        "written" if writes else "queued" if questions else "quarantined" if faults else
        "drift" if drift else "converged" if agree else "unasked"
    )  # fmt: skip
    return replace(
        decision,
        disposition=disposition,
        state=None,
        writes=writes,
        agree=agree,
        journal=tuple(j for j in decision.journal if j[1] == index) if writes else (),
        questions=questions,
        faults=faults,
        drift=drift,
        settled=False,
    )


def _narrowed(write: Write, index: int, seen: Fields) -> Write:
    fields = tuple(value if i == index else was for i, (value, was) in enumerate(zip(write.fields, seen, strict=True)))
    return replace(write, fields=fields, which=(index,), rules=(write.rules[write.which.index(index)],))
