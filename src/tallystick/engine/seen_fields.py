"""Which fields live records have: custom fields appear in answers without anybody announcing them (C7.5)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from tallystick.core.error import DataError
from tallystick.core.path import Path, parse, render
from tallystick.core.ports import Connector, Flow, Position
from tallystick.core.protocol_members import protocol_members
from tallystick.core.record import Raw
from tallystick.core.schema import Field, ObjectType, Type

_KINDS: Final[tuple[tuple[type, Type], ...]] = (
    (bool, "boolean"), (int, "integer"), (float, "number"), (Decimal, "number"), (str, "text"), (list, "list"),
    (dict, "object"),
)  # fmt: skip


@dataclass(slots=True)
class SeenFields:
    """What records showed: how many there were, in how many each path stood, and the types of its values."""

    records: int = 0
    counts: dict[Path, int] = field(default_factory=dict)
    kinds: dict[Path, set[Type]] = field(default_factory=dict)

    def add(self, record: Raw) -> None:
        """Note the paths of one record; what lies in lists belongs to the list."""
        self.records += 1
        for path, value in _entries(record, ()):
            self.counts[path] = self.counts.get(path, 0) + 1
            kinds = self.kinds.setdefault(path, set())
            if value is not None:
                kinds.add(_kind(value))

    def paths(self) -> dict[str, Type]:
        """Give every path that was seen, with the type of its values."""
        return {render(path): self.kind(path) for path in self.counts}

    def kind(self, path: Path) -> Type:
        """Give the type that all values at a path have, ``any`` where they differ or none was seen."""
        kinds = self.kinds.get(path, set())
        if kinds == {"integer", "number"}:
            return "number"
        return next(iter(kinds)) if len(kinds) == 1 else "any"

    def unannounced(self, written: ObjectType, known: frozenset[str]) -> Iterator[Field]:
        """Give the fields that stand in records and are not written down, nor lie in or around one that is.

        ``known`` are further paths that have a meaning of their own: id, version, times. What belongs to the protocol
        is left out.
        """
        declared = [parse(path) for path in (*written.by_path, *known)]
        own = self._protocols()
        for path in self.counts:
            if any(path[:end] in own for end in range(1, len(path) + 1)):
                continue
            inside = any(path[: len(each)] == each or each[: len(path)] == path for each in declared)
            above = path[:-1] in self.counts and self.kind(path[:-1]) == "object"
            if (
                not inside
                and not (self.kind(path) == "object" and self._has_inside(path))
                and (above or len(path) == 1)
            ):
                yield Field(render(path), self.kind(path))

    def _protocols(self) -> set[Path]:
        """Give the paths that belong to the protocol, and those of objects that hold nothing else."""
        beside: dict[Path, list[str]] = {}
        for path in self.counts:
            beside.setdefault(path[:-1], []).append(str(path[-1]))
        found = {above: protocol_members(names) for above, names in beside.items()}
        whole = {above for above, names in beside.items() if above and found[above] >= set(names)}
        return whole | {(*above, name) for above, names in found.items() for name in names}

    def vanished(self, written: ObjectType) -> Iterator[Field]:
        """Give the written fields of which no record shows anything, not even a null, beside others that are shown."""
        for text, declared in written.by_path.items():
            path = parse(text)
            around = len(path) == 1 or self.kind(path[:-1]) == "object"
            if around and not any(isinstance(step, int) for step in path) and path not in self.counts:
                yield declared

    def _has_inside(self, path: Path) -> bool:
        return any(len(each) > len(path) and each[: len(path)] == path for each in self.counts)


def see_fields(connector: Connector, object_name: str, most: int) -> Flow[SeenFields]:
    """Read up to ``most`` records and note their fields."""
    seen = SeenFields()
    position: Position | None = None
    while True:
        page = yield from connector.read(object_name, None, position)
        for row in page.rows:
            if seen.records >= most:
                return seen
            try:
                sighting = connector.sight(object_name, row)
            except DataError:
                continue  # what is no record has no fields
            if not sighting.deleted:
                seen.add(sighting.record)
        if page.next is None or page.next == position:
            return seen
        position = page.next


def _entries(value: dict[str, Any], above: Path) -> Iterator[tuple[Path, Any]]:
    for key, each in value.items():
        yield (*above, key), each
        if isinstance(each, dict):
            yield from _entries(each, (*above, key))


def _kind(value: Any) -> Type:
    return next((kind for cls, kind in _KINDS if isinstance(value, cls)), "any")
