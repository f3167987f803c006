"""From a database's catalogue to a manifest: tables and views as objects, columns as fields.

What the catalogue states is declared; which column keeps the time of change or the version is inferred, with the
reason. The address is written down as the caller refers to it, so that no password gets into a file.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from tallystick.connectors.describe.check_rules import ColumnRule, read_check
from tallystick.connectors.describe.column_roles import CHANGED, CREATED, Guess, guess_time, guess_version
from tallystick.connectors.describe.lookup_tables import option_list
from tallystick.connectors.sql_engine import open_engine, passwords, read_address
from tallystick.connectors.sql_errors import explain
from tallystick.connectors.sql_inspect import inspect_table, table_names
from tallystick.connectors.sql_table import ColumnShape, ForeignKey, Kind, TableShape, nearest
from tallystick.core.error import ProjectError
from tallystick.core.path import render
from tallystick.core.schema import Type
from tallystick.project.manifest import Claims, Fact, FieldSpec, Filter, Manifest, ObjectSpec, Since, Table
from tallystick.project.manifest_shapes import OptionsFrom

_TYPES: Final[dict[Kind, tuple[Type, str]]] = {
    "text": ("text", ""),
    "integer": ("integer", ""),
    "number": ("number", ""),
    "float": ("number", ""),
    "boolean": ("boolean", ""),
    "date": ("date", ""),
    "instant": ("instant", ""),
    "local_time": ("local_time", ""),
    "time": ("text", "time"),
    "binary": ("text", "base64"),
    "uuid": ("text", "uuid"),
    "json": ("any", "json"),
    "array": ("list", ""),
    "other": ("any", ""),
}

_UNTRIED: Final = {"mssql": "SQL Server", "oracle": "Oracle"}


def describe_database(
    name: str,
    url_reference: str,
    url: str,
    *,
    schema: str | None = None,
    tables: Sequence[str] | None = None,
    on: str = "",
    timeout: float = 30,
) -> Manifest:
    """Describe a database as a manifest.

    ``url`` is the address with its secrets, ``url_reference`` what the manifest says instead (``${env:DB_URL}``).
    ``schema`` and ``tables`` narrow it down; ``on`` is the date that the facts carry. Views are read-only.

    Raises:
        ProjectError: an address that cannot be used, a table that is not there, a reference that is the password.
        AccessError: the database does not let us in.
        Unavailable: it does not answer.
    """
    address = read_address(url, name)
    if any(password in url_reference for password in passwords(address)):
        raise ProjectError(
            "the password would stand in the manifest",
            hint="keep the address in an environment variable and refer to it: ${env:DATABASE_URL}",
            place=name,
        )
    engine = open_engine(address, name, timeout=timeout, connect_timeout=timeout, connections=1)
    try:
        with engine.connect() as connection:
            shapes, samples = _look(connection, schema or "", tables, name)
            notes = _doubts(connection, shapes)
    except SQLAlchemyError as error:
        raise explain(error, name) from error
    finally:
        engine.dispose()
    return _Description(shapes, samples, on, notes).manifest(name, url_reference)


def _look(
    connection: Connection, schema: str, tables: Sequence[str] | None, place: str
) -> tuple[list[TableShape], dict[str, dict[str, Any]]]:
    known, views = table_names(connection, schema)
    for table in tables or ():
        if table not in known and table not in views:
            raise ProjectError(f"there is no table '{table}'", hint=nearest(table, [*known, *views]), place=place)
    wanted = [each for each in (*known, *views) if tables is None or each in tables]
    shapes = [inspect_table(connection, each, schema, place=place) for each in wanted]
    return shapes, {shape.name: _sample(connection, shape) for shape in shapes}


def _doubts(connection: Connection, shapes: Sequence[TableShape]) -> list[str]:
    """Say what a reader of the manifest should know about the way in which the database was described."""
    notes = []
    if connection.dialect.name == "odbc":
        system = getattr(connection.dialect, "system", "") or "an unnamed system"
        notes.append(
            f"Described through ODBC ({system}), which tells no rules of values, and times without their offset."
        )
        if not getattr(connection.dialect, "clock", ""):
            notes.append("Its clock cannot be asked: a trigger or default must keep the times of change.")
    if connection.dialect.name in _UNTRIED:
        notes.append(f"{_UNTRIED[connection.dialect.name]} was never tried on a live server: compare with care.")
    loose = [shape.name for shape in shapes if not shape.is_atomic]
    if loose:
        notes.append(
            f"Without transactions: {', '.join(loose)}. Somebody else's change in the same moment can be lost."
        )
    return notes


def _sample(connection: Connection, shape: TableShape) -> dict[str, Any]:
    """Give one value of each column that may keep times without a type for them."""
    found = {}
    for column in shape.columns.values():
        untyped = column.kind in {"text", "integer", "number", "float"}
        if untyped or (shape.dialect == "sqlite" and column.kind in {"local_time", "date"}):
            source = shape.table.c[column.name]
            found[column.name] = connection.execute(select(source).where(source.is_not(None)).limit(1)).scalar()
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in found.items()}


class _Description:
    """Builds a manifest from the shapes of its tables."""

    def __init__(
        self, shapes: Sequence[TableShape], samples: dict[str, dict[str, Any]], on: str, notes: Sequence[str] = ()
    ) -> None:
        self._shapes = shapes
        self._samples = samples
        self._on = on
        self._facts: dict[str, Fact] = {}
        self._notes: list[str] = list(notes)

    def manifest(self, name: str, url_reference: str) -> Manifest:
        objects = {shape.name: spec for shape in self._shapes if (spec := self._object(shape)) is not None}
        local = [
            table for table, spec in objects.items()
            if any(field.type == "local_time" for field in spec.fields.values())
        ]  # fmt: skip
        if local:
            tables = ", ".join(local)
            self._notes.append(
                f"Times in {tables} carry no offset and are taken as UTC: set 'timezone' if they are local."
            )
        return Manifest(
            protocol="sql",
            title=name,
            url=url_reference,
            objects=objects,
            facts=self._facts,
            notes=tuple(self._notes),
        )

    def _object(self, shape: TableShape) -> ObjectSpec | None:
        key = self._key(shape)
        if not key:
            what = "view" if shape.is_view else "table"
            why = "nothing tells its rows apart. Add it with 'id' if you know better."
            self._notes.append(f"The {what} '{shape.name}' was left out: {why}")
            return None
        samples = self._samples[shape.name]
        changed, created = guess_time(shape, samples, CHANGED), guess_time(shape, samples, CREATED)
        version = guess_version(shape)
        place = f"objects.{shape.name}"
        self._facts[place] = Fact(label="declared", because="the catalogue of the database", on=self._on)
        self._infer(f"{place}.since", changed)
        self._infer(f"{place}.version", version)
        same_spelling = created is not None and (changed is None or created.spelling == changed.spelling)
        spelling = changed or created
        return ObjectSpec(
            id=key[0] if len(key) == 1 else ",".join(key),
            id_type="integer" if len(key) == 1 and shape.columns[key[0]].kind == "integer" else "text",
            table=Table(name=shape.name, schema=shape.schema) if shape.schema else None,
            since=Since(param=changed.column) if changed else None,
            modified=render((changed.column,)) if changed else "",
            modified_format=spelling.spelling if spelling else "iso",
            created=render((created.column,)) if created and same_spelling else "",
            version=render((version.column,)) if version else "",
            filters={render((each,)): Filter(param=each) for each in self._searchable(shape)},
            fields=self._fields(shape, key, (changed, created if same_spelling else None, version)),
            claims=Claims(
                cas_write=shape.is_atomic,
                create_idem=_idempotency(shape, key),
                returns_record=True,
                list_order="keyset",
            ),
        )  # fmt: skip

    def _key(self, shape: TableShape) -> tuple[str, ...]:
        if shape.key:
            return shape.key
        place = f"objects.{shape.name}.id"
        whole = [each for each in shape.uniques if not any(shape.columns[name].nullable for name in each)]
        if whole:
            key = min(whole, key=len)
            self._infer(place, Guess(",".join(key), "iso", "the table has no primary key, but a unique constraint"))
            return key
        # A view has no keys; the column that most views take from their main table is worth a guess.
        named = [name for name in shape.columns if name.lower() in {"id", f"{shape.name.lower()}_id"}]
        if shape.is_view and named:
            self._infer(place, Guess(named[0], "iso", "its name"))
            return (named[0],)
        return ()

    def _infer(self, place: str, guess: Guess | None) -> None:
        if guess is not None:
            self._facts[place] = Fact(label="inferred", because=f"'{guess.column}': {guess.because}", on=self._on)

    def _searchable(self, shape: TableShape) -> list[str]:
        alone = [each[0] for each in shape.uniques if len(each) == 1]
        every = dict.fromkeys((*alone, *shape.indexed, *(name for each in shape.uniques for name in each)))
        return [name for name in every if shape.columns[name].kind not in {"json", "array", "binary"}]

    def _fields(self, shape: TableShape, key: tuple[str, ...], roles: Sequence[Guess | None]) -> dict[str, FieldSpec]:
        rules = [rule for _, check in shape.checks for rule in read_check(check)]
        references = {each.columns[0]: each for each in shape.foreign_keys if self._points_to_id(shape, each)}
        # Who writes to the table keeps these up to date, so nobody has to map them.
        kept = {guess.column for guess in roles if guess}
        lists = {each.columns[0]: listed for each in shape.foreign_keys if (listed := self._option_list(shape, each))}
        return {
            render((name,)): self._field(
                shape,
                column,
                [rule for rule in rules if rule.column.lower() == name.lower()],
                references.get(name),
                lists.get(name),
                read_only=shape.is_view or column.generated or (name in key and column.numbered),
                needed=not column.default and name not in kept and (not column.nullable or name in key),
            )
            for name, column in shape.columns.items()
        }

    def _option_list(self, shape: TableShape, found: ForeignKey) -> OptionsFrom | None:
        """Give the list of options that a column takes its values from, if it is one."""
        if len(found.columns) != 1:
            return None
        beside = [
            other for other in self._shapes if other.schema == shape.schema and found.schema in {"", other.schema}
        ]
        return next((option_list(other, found) for other in beside if other.name == found.table), None)

    def _points_to_id(self, shape: TableShape, found: ForeignKey) -> bool:
        """Whether a column holds ids of another object; some foreign keys point to other unique columns."""
        return len(found.columns) == 1 and any(
            found.table == other.name and found.schema in {"", other.schema} and found.referred == other.key
            for other in self._shapes
            if other.schema == shape.schema
        )

    def _field(
        self,
        shape: TableShape,
        column: ColumnShape,
        rules: list[ColumnRule],
        reference: ForeignKey | None,
        listed: OptionsFrom | None,
        *,
        read_only: bool,
        needed: bool,
    ) -> FieldSpec:
        kind, form = _TYPES[column.kind]
        spelling = shape.spellings.get(column.name)
        if spelling is not None and spelling.unit:
            kind = "integer"
        elif spelling is not None and spelling.suffix and kind == "local_time":
            kind = "instant"
        integers = column.kind == "integer"
        return FieldSpec(
            type=kind,
            format=form,
            required=needed and not read_only,
            nullable=column.nullable,
            read_only=read_only,
            unique=(column.name,) in shape.uniques,
            min_length=max((rule.min_length for rule in rules if rule.min_length is not None), default=None),
            max_length=_least([column.max_length, *(rule.max_length for rule in rules)]),
            minimum=_bound([rule for rule in rules if rule.minimum is not None], integers=integers),
            maximum=_bound([rule for rule in rules if rule.maximum is not None], integers=integers, upper=True),
            options=next((rule.options for rule in rules if rule.options), column.options),
            options_from=listed,
            reference=reference.table if reference is not None else "",
            cascades=reference is not None and reference.cascades,
            label=column.comment,
        )


def _idempotency(shape: TableShape, key: tuple[str, ...]) -> Any:
    """Say how a repeated create is recognised: by the key, where we give it, or by another unique column."""
    if shape.is_view:
        return "none"
    if not any(shape.columns[name].default or shape.columns[name].generated for name in key):
        return "client_id"
    return "extid" if any(set(each) != set(key) for each in shape.uniques) else "none"


def _least(lengths: Sequence[int | None]) -> int | None:
    return min((each for each in lengths if each is not None), default=None)


def _bound(rules: Sequence[ColumnRule], *, integers: bool, upper: bool = False) -> float | None:
    """Give the narrowest inclusive bound; an exclusive one is inclusive of the next integer, or cannot be told."""
    bounds = []
    for rule in rules:
        bound = rule.maximum if upper else rule.minimum
        if bound is not None and (integers or not rule.exclusive):
            bounds.append(float(bound) + (0 if not rule.exclusive else -1 if upper else 1))
    return (min(bounds) if upper else max(bounds)) if bounds else None
