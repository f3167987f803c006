"""What a run is limited to on the command line: records by id or by value, or one field; found before anything runs."""

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tallystick.core.error import ProjectError

if TYPE_CHECKING:
    from tallystick.core.selection import Selection
    from tallystick.engine.pair import Pair
    from tallystick.wiring import House

Records = Annotated[
    list[str] | None,
    typer.Option("--records", metavar="ID,...", help="Only these records, looked at anew: ID or SYSTEM/OBJECT/ID."),
]
RecordsFile = Annotated[
    Path | None, typer.Option("--records-file", metavar="FILE", help="Only the records named in a file, one on a line.")
]
OfSide = Annotated[
    str | None, typer.Option("--side", metavar="left|right", help="Whose ids the records are named by. [either]")
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="FIELD=VALUE", help="Only records that hold this value, by the mapping's name."),
]
Field = Annotated[
    str | None, typer.Option("--field", metavar="NAME", help="Let only this field of the mapping move, nothing else.")
]
_ASKED_AT_ONCE: Final = 200
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed to limit a run."""

    records: Sequence[str] = ()
    file: Path | None = None
    side: str | None = None
    where: Sequence[str] = ()
    field: str | None = None

    @property
    def is_limited(self) -> bool:
        """Whether anything was typed."""
        return bool(self.records or self.file or self.where or self.field)

    def options(self) -> str:
        """Write it again as it is typed."""
        parts = [("--records", ",".join(self.records)), ("--records-file", str(self.file or ""))]
        parts += [("--side", self.side or ""), *(("--where", w) for w in self.where), ("--field", self.field or "")]
        return " ".join(f"{name} {shlex.quote(value)}" for name, value in parts if value)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was found for it: the limits, and the mappings that they concern."""

    selection: "Selection"
    mappings: list[str] = field(default_factory=list)


def choose(house: "House", names: Sequence[str], wanted: Wanted) -> Chosen:
    """Find what was meant in the project and in both systems; the systems are only read.

    Raises:
        ProjectError: no such mapping, field or record, or a record that can be several.
    """
    from tallystick.core.selection import Selection

    if wanted.side not in {None, "left", "right"}:
        raise ProjectError(f"there is no side '{wanted.side}'", hint="the sides are left and right")
    pairs = list(house.chosen(names))
    if wanted.field:
        pairs = _with_field(pairs, wanted.field)
    where = tuple(_condition(text) for text in wanted.where)
    for name, _ in where:
        pairs = _with_field(pairs, name)
        _refuse_reference(pairs, name)
    words = [*_split(wanted.records), *(_lines(wanted.file) if wanted.file else ())]
    if (wanted.records or wanted.file) and not words:
        raise ProjectError("no record was named", hint="give ids, separated by commas, or one on a line of the file")
    records = Finder(house, pairs, wanted.side).find(list(dict.fromkeys(words))) if words else frozenset()
    meant = [p.name for p in pairs if not records or any(r[0] == p.name for r in records)]
    return Chosen(Selection(records, where, wanted.field or ""), meant)


def _split(texts: Sequence[str]) -> list[str]:
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as cause:
        raise ProjectError(f"the list of records cannot be read: {cause.strerror}", place=str(path)) from cause
    except UnicodeDecodeError:
        raise ProjectError("the list of records is no UTF-8 text", hint="save it as UTF-8", place=str(path)) from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _condition(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ProjectError(f"'{text}' is no condition", hint="write FIELD=VALUE; FIELD= means that it is blank")
    return name.strip(), value.strip()


def _with_field(pairs: "Sequence[Pair]", name: str) -> "list[Pair]":
    from tallystick.project.near import suggest

    having = [p for p in pairs if name in p.mapping.names]
    if not having:
        known = sorted({n for p in pairs for n in p.mapping.names})
        raise ProjectError(f"no mapping has a field '{name}'", hint=suggest(name, known, what="fields"))
    return having


def _refuse_reference(pairs: "Sequence[Pair]", name: str) -> None:
    for pair in pairs:
        index = pair.mapping.names.index(name)
        pointed = pair.left.places[index].reference or pair.right.places[index].reference
        if pointed:
            raise ProjectError(
                f"'{name}' points to records of '{pointed}', so it holds no value to compare with",
                hint="choose by another field, or name the records",
            )


Place = tuple[str, str, str]


class Finder:
    """Finds records by the words of a person: in our own state first, then in the systems, where they can be asked."""

    def __init__(self, house: "House", pairs: "Sequence[Pair]", side: str | None) -> None:
        self._house = house
        self._pairs = {p.name: p for p in pairs}
        self._side = side

    def find(self, words: Sequence[str]) -> frozenset[Any]:
        """Give (pair, side, id) of every word.

        Raises:
            ProjectError: a word means no record, or several different ones.
        """
        meant = {word: list(self._meant(word)) for word in words}
        known = self._known({place for places in meant.values() for place in places})
        unknown = [w for w in words if not any(place in known for place in meant[w])]
        there = self._there({place for w in unknown for place in meant[w]})
        found = {w: [p for p in meant[w] if p in known or p in there] for w in words}
        lost = [w for w in words if not found[w]]
        if lost:
            named = ", ".join(f"'{word}'" for word in lost[:_NAMED])
            more = f" and {len(lost) - _NAMED:,} more" if len(lost) > _NAMED else ""
            raise ProjectError(
                f"no record is called {named}{more}",
                hint="name records by the id that their system gives them, or as SYSTEM/OBJECT/ID",
            )
        for word, places in found.items():
            self._refuse_ambiguous(word, places, known)
        return frozenset(place for places in found.values() for place in places)

    def _meant(self, word: str) -> Iterator[Place]:
        """Give every (pair, side, id) that a word can stand for, the closest reading only."""
        head, _, rest = word.partition("/")
        object_name, _, record = rest.partition("/")
        ends = [(p.name, end) for p in self._pairs.values() for end in (p.left, p.right)]
        ends = [(name, end) for name, end in ends if self._side in {None, end.side}]
        by_place = [(n, e.side, record) for n, e in ends if record and (e.system, e.object) == (head, object_name)]
        by_side = [(n, e.side, rest) for n, e in ends if rest and e.side == head]
        yield from by_place or by_side or [(n, e.side, word) for n, e in ends]

    def _known(self, places: set[Place]) -> dict[Place, Any]:
        """Look into our own state: give the binding of those that are paired, 0 for others that are known."""
        from tallystick.cli.cause import record_of

        found: dict[Place, Any] = {}
        for (pair, side), ids in _by_end(places).items():

            def look(tx: Any, pair: str = pair, side: str = side, ids: list[str] = ids) -> Mapping[str, int]:
                waiting = {r[1] for q in tx.queue(pair) if (r := record_of(q))[0] == side}
                waiting |= {q.record for q in tx.quarantine(pair) if q.side == side}
                facts = tx.leg_facts(pair, side, ids)
                return dict.fromkeys(waiting & set(ids), 0) | {i: fact.binding for i, fact in facts.items()}

            found |= {(pair, side, i): number for i, number in self._house.store.look(look).items()}
        return found

    def _there(self, places: set[Place]) -> set[Place]:
        """Ask the systems; where records cannot be read one by one, nobody knows before the side is listed."""
        from tallystick.core.error import AccessError, Garbled, Throttled, Unavailable
        from tallystick.core.ports import CallAll, Sighting

        found: set[Place] = set()
        boundary = self._house.boundary()
        for (pair, side), ids in _by_end(places).items():
            end = self._pairs[pair].left if side == "left" else self._pairs[pair].right
            if not end.can.read_by_id:
                found |= {(pair, side, i) for i in ids}
                continue
            for start in range(0, len(ids), _ASKED_AT_ONCE):
                chunk = ids[start : start + _ASKED_AT_ONCE]
                flows = [end.connector.get(end.object, i) for i in chunk]
                answers = boundary.perform(CallAll(end.system, flows))
                for failure in (a for a in answers if isinstance(a, AccessError | Unavailable | Throttled | Garbled)):
                    raise failure  # not that the record is not there
                found |= {(pair, side, i) for i, a in zip(chunk, answers, strict=True) if isinstance(a, Sighting)}
        return found

    def _refuse_ambiguous(self, word: str, places: Sequence[Place], known: Mapping[Place, Any]) -> None:
        named: dict[str, set[Any]] = defaultdict(set)
        for pair, side, record in places:
            end = self._pairs[pair].left if side == "left" else self._pairs[pair].right
            named[f"{end.system}/{end.object}/{record}"].add((pair, known.get((pair, side, record)) or record))
        is_one_pair = len({b for bindings in named.values() for b in bindings}) == 1 and all(p in known for p in places)
        if len(named) > 1 and not is_one_pair:
            raise ProjectError(
                f"'{word}' can be several records: {', '.join(sorted(named))}",
                hint="name it as SYSTEM/OBJECT/ID, or say whose ids they are with --side left or right",
            )


def _by_end(places: set[Place]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for pair, side, record in sorted(places):
        found[pair, side].append(record)
    return found
