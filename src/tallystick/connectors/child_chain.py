"""The records above one that lies below others: their ids, and those of their fields that calls are filled with.

A field is read when it is needed and kept for the length of one listing at most: an address made of a name that changed
meanwhile could lead to another record.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from tallystick.connectors.sighting import scalar_text
from tallystick.core.error import Absent, DataError
from tallystick.core.path import Path, parse, read
from tallystick.core.ports import Connector, Flow, NotThere
from tallystick.core.record import UNKNOWN, Raw
from tallystick.project.children import ancestors, fields_above, shares_ids
from tallystick.project.manifest import ObjectSpec

_MARK: Final = "/"
_MOVES: Final = frozenset({"", ".", ".."})  # steps of an address that lead elsewhere

Said = Mapping[str, Any]
"""What a record says in the fields that calls are filled with, by their names in braces."""


class Level(NamedTuple):
    """One record above: what stands for its id, its object, and which of its fields are asked for."""

    holder: str
    object: str
    id_type: str
    shares_ids: bool
    fields: tuple[tuple[str, Path], ...]

    def said(self, record: Raw) -> Said:
        """Give what a record says in the fields that are asked for; what it does not show is ``UNKNOWN``."""
        return {name: read(record, path) for name, path in self.fields}

    def typed(self, own: str) -> str | int:
        """Give an id as the system types it in a body."""
        return int(own) if self.id_type == "integer" and own.isdecimal() else own


class Chain:
    """All records above one of an object. ``above`` reads them."""

    def __init__(self, name: str, objects: Mapping[str, ObjectSpec], above: Connector, place: str) -> None:
        self._above = above
        self._name = name
        self._place = place
        named = [(text, parse(text)) for text in fields_above(name, objects)]
        self._levels = tuple(
            Level(
                holder,
                each,
                objects[each].id_type,
                shares_ids(each, objects),
                tuple((text, path[1:]) for text, path in named if path[0] == holder),
            )
            for each, holder in reversed(ancestors(name, objects))
        )

    @property
    def nearest(self) -> Level:
        """The level that the object lies directly below."""
        return self._levels[0]

    def fill(
        self, parent_id: str, said: Said | None = None, known: MutableMapping[str, Said] | None = None
    ) -> Flow[dict[str, str | int]]:
        """Give what calls about records below one parent are filled with, by the names in braces.

        ``said`` is what a listing shows of that parent; ``known`` keeps what is read of those further up.

        Raises:
            Absent: a record above is not there.
            DataError: it lacks a field that is asked for.
        """
        filled: dict[str, str | int] = {}
        for level, whole, own in self._steps(parent_id):
            filled[level.holder] = level.typed(own)
            if level.fields:
                shown = said if level is self.nearest else known and known.get(f"{level.holder}{_MARK}{whole}")
                if not shown or UNKNOWN in shown.values():
                    shown = yield from self._read(level, whole)
                if known is not None and level is not self.nearest:
                    known[f"{level.holder}{_MARK}{whole}"] = shown
                filled |= {name: self._usable(level, whole, name, value) for name, value in shown.items()}
        return filled

    def _steps(self, parent_id: str) -> Iterator[tuple[Level, str, str]]:
        """Give each level, the nearest first, with the id of its record and the part of it that is its own."""
        left = parent_id
        for level in self._levels:
            whole = left
            left, own = split(left) if level.shares_ids else ("", left)
            yield level, whole, own
            if not level.shares_ids:
                break  # its id says nothing of what is above it, and its calls need nothing of that

    def _read(self, level: Level, record_id: str) -> Flow[Said]:
        if not self._above.capabilities(level.object).read_by_id:
            return dict.fromkeys((name for name, _ in level.fields), UNKNOWN)
        found = yield from self._above.get(level.object, record_id)
        if isinstance(found, NotThere):
            raise Absent(
                f"the {level.object} record that it belongs below is not there",
                detail=found.evidence,
                hint="it is tried again when that record is there",
                place=f"{self._place}/{record_id}",
            )
        return level.said(found.record)

    def _usable(self, level: Level, record_id: str, name: str, value: Any) -> str | int:
        """Take a value for an address. Raises ``DataError`` for none, and for one that would lead elsewhere."""
        if isinstance(value, Decimal) and value == value.to_integral_value():
            value = int(value)
        text = scalar_text(value)
        if text is None or text in _MOVES:
            spelled = "nothing" if value is UNKNOWN or value is None or value == "" else f"{type(value).__name__}"
            raise DataError(
                f"{level.object} {record_id} does not say {{{name}}}, so nobody knows where its {self._name} are",
                detail=f"there is {spelled if text is None else repr(text)}",
                hint=f"fill that field, or let the calls of {self._name} name another one",
                place=f"{self._place}/{record_id}",
                field=name,
            )
        return value if isinstance(value, int) else text


def join(parent_id: str, own: str) -> str:
    """Write two ids as one; ``split`` takes them apart whatever characters they have."""
    return f"{_spelled(parent_id)}{_MARK}{_spelled(own)}"


def split(record_id: str) -> tuple[str, str]:
    """Take an id apart: the parent's, and the record's own."""
    parent, mark, own = record_id.rpartition(_MARK)
    return (_plain(parent), _plain(own)) if mark else ("", _plain(own))


def _spelled(text: str) -> str:
    return text.replace("%", "%25").replace(_MARK, "%2F")


def _plain(text: str) -> str:
    return text.replace("%2F", _MARK).replace("%25", "%")
