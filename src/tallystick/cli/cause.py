"""What waits for somebody, grouped by cause: the same code, field and mapping is one problem with many records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tallystick.cli.unknown_options import UnknownOption as FoundOption
from tallystick.cli.unknown_options import unknown_options
from tallystick.cli.words import QUESTIONS
from tallystick.core.binding import Quarantined, QueueItem
from tallystick.core.error import Error, UnknownOption
from tallystick.core.record import SIDES, Side
from tallystick.core.state import StoreTx

_SHOWN: Final = 5
_NONE: Final[Mapping[tuple[str, str], str]] = {}
_ASK_HINTS: Final[dict[str, str]] = {
    "conflict": "say which side is right with `tally conflicts`, make both equal, or set a conflict policy",
    "initial": "say which side is right with `tally conflicts`, make both equal, or set initial: left or right",
    "delete": "say with `tally conflicts` whether the deletion holds, or set on_delete in the mapping",
    "delete_update": "say with `tally conflicts` whether the deletion holds, or set on_delete_update",
    "duplicate": "remove the double in its system, or give it a key of its own",
    "match": "make the match fields unique, or add a stronger match rule",
    "keyless": "fill a field that the mapping matches on, or set on_keyless",
    "unmatched": "create it on the other side, or set on_unmatched in the mapping",
    "uncertain": "look for the record in its system, then: tally problems answer --as created:ID, or --as not-created",
    "restore": "set on_restore in the mapping, or delete the record again",
    "reference": "create or pair the record that it points to, let it point elsewhere, or set on_missing_ref",
    "contention": "let one of the two mappings write it (direction), or tell their records apart (where)",
    "cascade": "delete or move the records named, take a side with `tally conflicts`, or set on_cascade",
    "merge": "set on_merge in the mapping",
    "blank": "say which side is right with `tally conflicts`, or set blank: propagate for the field",
    "undo": "see both values with `tally conflicts` and take a side, or accept them: tally problems discard",
}


Row = Quarantined | QueueItem


@dataclass(slots=True)
class Cause:
    """One problem: its mapping, code and field, what it says, and the ``rows`` of every record that it holds up.

    ``key`` names it on the command line: ``MAPPING/CODE`` or ``MAPPING/CODE/FIELD``.
    """

    pair: str
    code: str
    field_name: str
    message: str
    hint: str
    audience: str
    is_question: bool
    since: float
    rows: list[Row] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The name of the cause."""
        return "/".join(p for p in (self.pair, self.code, self.field_name) if p)

    @property
    def records(self) -> list[tuple[Side, str]]:
        """The records, as (side, id)."""
        return [record_of(row) for row in self.rows]

    @property
    def samples(self) -> list[str]:
        """Some of the records, as ``side/id``."""
        return [f"{side}/{record}" for side, record in map(record_of, self.rows[:_SHOWN])]

    @property
    def groups(self) -> list[tuple[str, list[str]]]:
        """The records that share a key on their side: what is said of it, and who; the largest groups first."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            if isinstance(row, QueueItem) and row.kind in {"match", "duplicate"}:
                found.setdefault(row.detail, []).append("/".join(record_of(row)))
        return sorted(((said, ids) for said, ids in found.items() if len(ids) > 1), key=lambda g: (-len(g[1]), g[0]))

    @property
    def options(self) -> list[FoundOption]:
        """The select options that the mapping does not know, where that is the cause."""
        return unknown_options(row for row in self.rows if isinstance(row, Quarantined))

    def document(self) -> dict[str, Any]:
        """Write the cause as JSON."""
        return {
            "cause": self.key,
            "mapping": self.pair,
            "code": self.code,
            "field": self.field_name,
            "kind": "question" if self.is_question else "parked",
            "message": self.message,
            "hint": self.hint,
            "audience": self.audience,
            "since": self.since,
            "count": len(self.rows),
            "records": [f"{side}/{record}" for side, record in self.records],
            "options": [o.document() for o in self.options],
            "groups": [{"said": said, "count": len(ids), "records": ids} for said, ids in self.groups],
        }

    def narrowed(self, records: Sequence[str]) -> "Cause":
        """Keep only these records, given as ``ID`` or ``side/ID``."""
        wanted = set(records)
        return replace(self, rows=[r for r in self.rows if wanted & {record_of(r)[1], "/".join(record_of(r))}])


def record_of(row: Row) -> tuple[Side, str]:
    """Give the record that a row is about, as (side, id)."""
    if isinstance(row, Quarantined):
        return row.side, row.record
    side, _, record = row.subject.partition("/")
    return next((s for s in SIDES if s == side), "left"), record


def find_causes(tx: StoreTx, pairs: Sequence[str], asked_fields: Mapping[tuple[str, str], str] = _NONE) -> list[Cause]:
    """Group everything that waits in these pairs; the largest groups first.

    ``asked_fields`` are those, by mapping and name, whose unknown options are questions, each with whom to ask.
    """
    found: dict[tuple[str, str, str, bool], Cause] = {}
    for pair in pairs:
        questions = tx.queue(pair)
        asked = {(q.subject, q.field) for q in questions if q.kind == "reference"}
        for parked in tx.quarantine(pair):
            # What waited for so long that it became a question is listed as that.
            if not (parked.waits_for and (f"{parked.side}/{parked.record}", parked.field) in asked):
                _add_parked(found, parked)
        for question in questions:
            _add_question(found, question)
    for cause in found.values():
        if cause.code == UnknownOption.code and (cause.pair, cause.field_name) in asked_fields:
            cause.is_question, cause.audience = True, asked_fields[cause.pair, cause.field_name]
    return sorted(found.values(), key=lambda c: (-len(c.rows), c.key))


def _add_parked(found: dict[tuple[str, str, str, bool], Cause], row: Quarantined) -> None:
    key = (row.pair, row.code, row.field, False)
    if key not in found:
        audience = audience_of(row.code)
        hint = row.hint or "correct the value in its system; the next run takes it"
        found[key] = Cause(*key[:3], row.message, hint, audience, is_question=False, since=row.since)
    found[key].since = min(found[key].since, row.since)
    found[key].rows.append(row)


def _add_question(found: dict[tuple[str, str, str, bool], Cause], item: QueueItem) -> None:
    key = (item.pair, item.kind, item.field, True)
    if key not in found:
        words = QUESTIONS.get(item.kind, item.kind)
        message = f"{words}: {item.detail}" if item.detail else words
        hint = _ASK_HINTS.get(item.kind, "decide, and change the record or the policy in the mapping")
        found[key] = Cause(*key[:3], message, hint, "data owner", is_question=True, since=item.since)
    found[key].since = min(found[key].since, item.since)
    found[key].rows.append(item)


def audience_of(code: str) -> str:
    """Say who can do something about an error's code."""
    return _AUDIENCES.get(code, "operator")


def error_classes(start: type[Error] = Error) -> Iterable[type[Error]]:
    """Give the error tree, each class before its children."""
    yield start
    for child in start.__subclasses__():
        yield from error_classes(child)


_AUDIENCES: Final[dict[str, str]] = {cls.code: cls.audience for cls in error_classes()}
