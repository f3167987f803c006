"""The fields of an object as its system lists them, where a manifest says where (``fields_from``)."""

from collections.abc import Sequence
from typing import Any

from tallystick.core import path
from tallystick.core.error import DataError
from tallystick.core.ports import Connector, Flow, Position
from tallystick.core.record import UNKNOWN, Raw
from tallystick.core.schema import Field
from tallystick.project.manifest_shapes import FieldsFrom


def read_field_list(connector: Connector, source: FieldsFrom) -> Flow[tuple[Field, ...]]:
    """Read the list: path, id and label of each field. Raises what the system answers instead.

    Raises:
        DataError: a record of the list does not say what its field is called in records.
    """
    found: dict[str, Field] = {}
    position: Position | None = None
    while True:
        page = yield from connector.read(source.object, None, position)
        for row in page.rows:
            sighting = connector.sight(source.object, row)
            if not sighting.deleted and _belongs(sighting.record, source):
                field = _field(sighting.id, sighting.record, source)
                found.setdefault(field.path, field)
        if page.next is None or page.next == position:
            return tuple(found.values())
        position = page.next


def _field(record_id: str, record: Raw, source: FieldsFrom) -> Field:
    name = _at(record, source.name) if source.name else record_id
    if not isinstance(name, str) or not name:
        raise DataError(
            "a listed field has no name",
            detail=f"nothing usable stands at '{source.name}'",
            hint="fields_from.name: the path of what the field is called in records",
            place=source.object,
        )
    known = _at(record, source.id) if source.id else record_id
    label = _at(record, source.label) if source.label else ""
    where = (*path.parse(source.under), name) if source.under else (name,)
    return Field(path.render(where), id=_text(known), label=_text(label))


def _belongs(record: Raw, source: FieldsFrom) -> bool:
    return all(_at(record, where) in values for where, values in source.where.items())


def _at(record: Raw, where: str) -> Any:
    return path.read(record, path.parse(where)) if where else ""


def _text(value: Any) -> str:
    return "" if value is None or value is UNKNOWN else str(value)


def same_ids(written: Sequence[Field], listed: Sequence[Field]) -> dict[str, str]:
    """Give the new path of each written field that is listed under another one: its id says that it is the same."""
    paths = {f.path for f in listed}
    by_id = {f.id: f.path for f in listed if f.id}
    return {f.path: by_id[f.id] for f in written if f.id and f.path not in paths and f.id in by_id}
