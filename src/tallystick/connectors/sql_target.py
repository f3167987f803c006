"""Brings together what a manifest says of an object and what the database says of its table."""

from collections.abc import Iterator
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Final

from tallystick.connectors.sighting import Sight
from tallystick.connectors.sql_request import Target
from tallystick.connectors.sql_rows import UNREADABLE, RowReader
from tallystick.connectors.sql_table import MOMENTS, RETURNS_ROWS, Dialect, TableShape, join_id, key_columns, nearest
from tallystick.connectors.sql_values import Binder
from tallystick.core.error import DataError, ProjectError
from tallystick.core.path import parse
from tallystick.core.ports import Capabilities
from tallystick.core.record import Raw
from tallystick.project.manifest import Limits, Network, ObjectSpec

BULK: Final = 1000
_DAY: Final = 86_400


def object_capabilities(spec: ObjectSpec, network: Network, limits: Limits, dialect: Dialect) -> Capabilities:
    """Say what can be done with a table, by its manifest alone: reads are strong, writes conditional and atomic."""
    claims = spec.claims
    writable = not spec.fields or any(not field.read_only for field in spec.fields.values())
    by_day = spec.since is not None and spec.since.param in spec.fields and spec.fields[spec.since.param].type == "date"
    unique = [path for path, field in spec.fields.items() if field.unique]
    return Capabilities(
        create=writable,
        update=writable,
        delete=writable,
        read_by_id=True,
        since=spec.since is not None and bool(spec.modified),
        sort=False,
        cas_write=_is_conditional(spec, dialect),
        create_idem=claims.create_idem,
        searchable=tuple(dict.fromkeys((*spec.filters, *unique))),
        consistency=claims.consistency_seconds or 0,
        # A transaction may set its time stamp long before it becomes visible.
        late_commit=5 if claims.late_commit_seconds is None else claims.late_commit_seconds,
        granularity=max(claims.granularity_seconds, _DAY if by_day else 0),
        skew=claims.skew_seconds or 0,
        timeout=network.timeout_seconds,
        in_flux=2 * network.timeout_seconds,
        tombstones="yes" if spec.deleted else "no",
        list_order="keyset",
        returns_record=True,
        version="field" if spec.version else "none",
        bulk=BULK if writable else 0,
        in_flight=1 if dialect == "sqlite" else limits.in_flight,
        tokens=spec.changes is not None,
    )


def _is_conditional(spec: ObjectSpec, dialect: Dialect) -> bool:
    """Whether nobody can change a row between our look and our write: that takes transactions."""
    if dialect in RETURNS_ROWS:
        return True
    # Elsewhere a table may do without them; whoever described it knows.
    return spec.claims.cas_write or (dialect != "odbc" and "cas_write" not in spec.claims.model_fields_set)


def column_of(path: str) -> str:
    """Give the column that a manifest's path begins with: the whole path, or its first step inside a JSON column."""
    steps = parse(path)
    return str(steps[0]) if steps else ""


def make_target(shape: TableShape, spec: ObjectSpec, here: tzinfo, place: str) -> Target:
    """Make a table ready. A field whose column is not there is left out: it is unknown and never blank (R-15.2).

    Raises ``ProjectError`` where a column is not there by which rows are told apart, asked for or compared, or where
    the object goes on with no change of its fields (``on_new_field: freeze`` and ``stop``).
    """
    key = _key(shape, spec, place)
    roles = [column_of(path) for path in (spec.version, spec.modified, spec.created) if path]
    roles += [column_of(spec.deleted.path)] if spec.deleted else []
    roles += [spec.since.param] if spec.since else []
    wanted = [column_of(path) for path in spec.fields]
    for name in (*key, *roles):
        if name not in shape.columns:
            raise _no_column(name, shape, place)
    lost = frozenset(wanted) - shape.columns.keys()
    if lost and spec.on_new_field in {"freeze", "stop"}:
        raise _frozen(min(lost), shape, spec, place)
    stamps = tuple(_stamps(shape, spec))
    version = column_of(spec.version)
    counts = version and shape.columns[version].kind == "integer" and _is_ours(version, shape, spec)
    born = (*stamps, *([created] if (created := column_of(spec.created)) and _is_ours(created, shape, spec) else ()))
    counter = version if counts else ""
    defaults = {name for name, column in shape.columns.items() if column.default or column.generated}
    return Target(
        shape=shape,
        key=key,
        reader=RowReader(shape, (*wanted, *key, *roles) if wanted else ()),
        binder=Binder(shape, here, place),
        sight=Sight(spec, place, here, _identify(key, place), digest=True),
        place=place,
        time_spelling=spec.modified_format,
        stamps=stamps,
        born=tuple(name for name in born if not shape.columns[name].default),
        counter=counter,
        filled=frozenset({*defaults, *born, counter}),
        tombstone=spec.deleted,
        has_version=bool(spec.version),
        writable=frozenset(name for name, column in shape.columns.items() if not column.generated),
        lost=lost,
    )


def _key(shape: TableShape, spec: ObjectSpec, place: str) -> tuple[str, ...]:
    if "id" not in spec.model_fields_set and spec.id not in shape.columns:
        key = shape.key
    else:
        key = key_columns(spec.id, shape.columns)
    for name in key:
        if name not in shape.columns:
            raise _no_column(name, shape, place)
    if not key or not (shape.is_view or shape.is_unique(key)):
        raise ProjectError(
            f"'{', '.join(key) or spec.id}' does not tell the rows of the table apart",
            hint="set 'id' to the column (or columns, joined by commas) of a primary key or unique constraint",
            place=place,
        )
    return key


def _no_column(name: str, shape: TableShape, place: str) -> ProjectError:
    known = nearest(name, shape.columns)
    hint = f"{known}{'' if known.endswith('.') else '.'} `tally drift` shows what changed in the table"
    return ProjectError(f"the table has no column '{name}'", hint=hint, place=place)


def _frozen(name: str, shape: TableShape, spec: ObjectSpec, place: str) -> ProjectError:
    return ProjectError(
        f"the table has no column '{name}', and 'on_new_field: {spec.on_new_field}' lets nothing go on without it",
        hint=f"tally drift {place.partition('/')[0]} shows what changed; {nearest(name, shape.columns)}",
        place=place,
    )


def _is_ours(name: str, shape: TableShape, spec: ObjectSpec) -> bool:
    """Whether a column must be kept by us: the manifest does not call it read-only, and the database can be told."""
    fields = {column_of(path): field for path, field in spec.fields.items()}
    return not shape.columns[name].generated and not (name in fields and fields[name].read_only)


def _stamps(shape: TableShape, spec: ObjectSpec) -> Iterator[str]:
    for name in dict.fromkeys((column_of(spec.modified), column_of(spec.version))):
        if not name or not _is_ours(name, shape, spec):
            continue
        counts_time = name == column_of(spec.modified) and shape.columns[name].kind in {"integer", "number", "float"}
        if shape.columns[name].kind in MOMENTS or counts_time or name in shape.spellings:
            yield name


class _Identify:
    """Reads the id of a decoded row."""

    def __init__(self, key: tuple[str, ...], place: str) -> None:
        self._key = key
        self._first = key[0] if len(key) == 1 else ""
        self._place = place

    def __call__(self, record: Raw) -> str:
        """Give the id, or raise ``DataError``."""
        # Most keys are one column of text or integers.
        only = record.get(self._first)
        if type(only) is int or (type(only) is str and only):
            return str(only)
        if UNREADABLE in record:
            columns = ", ".join(map(str, record[UNREADABLE]))
            raise DataError("a row holds bytes that are no text", field=columns, place=self._place)
        parts = [_part(record.get(name)) for name in self._key]
        if None in parts or parts == [""]:
            raise DataError("a row has no id", field=", ".join(self._key), place=self._place)
        return join_id([part for part in parts if part is not None])


def _part(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | Decimal) else None


def _identify(key: tuple[str, ...], place: str) -> _Identify:
    return _Identify(key, place)
