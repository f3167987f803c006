"""Changes many rows of a PostgreSQL table at once: COPY into a temporary table, then one statement for all.

All or nothing: whatever goes wrong is raised, and the caller goes through the changes one by one instead.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Column, MetaData, Table, and_, select, update
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.sql.sqltypes import NullType

from tallystick.connectors.sql_request import Change, Target
from tallystick.connectors.sql_table import quote_name
from tallystick.connectors.sql_write import Outcome, Partial, RowWriter, Statements
from tallystick.core.error import Absent, Error, Stale
from tallystick.core.record import Raw

FROM: Final = 20  # fewer rows are cheaper one by one


def fits_copy(target: Target, changes: Sequence[Change]) -> bool:
    """Whether these changes can be made at once: enough of them, all alike, and each on a row of its own."""
    first = changes[0]
    if target.shape.dialect != "postgresql" or len(changes) < FROM or first.op == "delete":
        return False
    if any(change.op != first.op for change in changes):
        return False
    if first.op == "update":
        alike = all(change.values.keys() == first.values.keys() for change in changes)
        return alike and bool(first.values) and len({change.key for change in changes}) == len(changes)
    filled, needed = target.filled, {name for name in target.key if not target.shape.columns[name].default}
    alike = all(change.values.keys() & filled == first.values.keys() & filled for change in changes)
    return (
        alike and any(change.values for change in changes) and all(needed <= change.values.keys() for change in changes)
    )


def copy_changes(statements: Statements, target: Target, changes: Sequence[Change]) -> list[Outcome]:
    """Make the changes; one outcome each, in order. Raises ``Partial``, ``Refused`` and what the driver raises."""
    staging = _Staging(statements, target)
    if changes[0].op == "insert":
        return list(staging.insert(changes))
    return staging.update(changes)


class _Staging:
    """The temporary tables of one transaction. Their names and columns are quoted by the dialect."""

    def __init__(self, statements: Statements, target: Target) -> None:
        self._statements = statements
        self._target = target
        self._shape = target.shape
        self._writer = RowWriter(statements, target)
        self._real = target.shape.qualified
        self._count = _fresh("tally_n", target.shape.columns)

    def insert(self, changes: Sequence[Change]) -> list[bytes]:
        names, rows = self._writer.fresh_rows(changes)
        # The keys are drawn in the staging table, so that each row is known again after the insert.
        drawn = tuple(name for name in self._target.key if name not in names)
        staged = self._fresh_name("tally_rows")
        self._do("CREATE TEMP TABLE", quote_name(staged), "(LIKE", self._real, "INCLUDING DEFAULTS) ON COMMIT DROP")
        self._do("ALTER TABLE", self._staged(staged), "ADD COLUMN", quote_name(self._count), "integer")
        for name, column in self._shape.columns.items():
            if column.generated and name not in drawn:
                self._alter(staged, name, "DROP NOT NULL")
            elif name in drawn and name in self._shape.numbering:
                sequence = self._shape.numbering[name].replace("'", "''")
                self._alter(staged, name, f"SET DEFAULT nextval('{sequence}'::regclass)")
        self._copy(staged, names, ((at, *row) for at, row in enumerate(rows)))
        columns = ", ".join(map(quote_name, (*names, *drawn)))
        source, order = self._staged(staged), quote_name(self._count)
        self._do(
            "INSERT INTO",
            self._real,
            "(",
            columns,
            ") OVERRIDING SYSTEM VALUE",
            "SELECT",
            columns,
            "FROM",
            source,
            "ORDER BY",
            order,
        )
        stored = self._stored(staged)
        if len(stored) != len(changes):
            raise Partial
        return [row for _, row in stored]

    def update(self, changes: Sequence[Change]) -> list[Outcome]:
        wanted = self._fresh_name("tally_keys")
        self._stage_like(wanted, self._target.key)
        self._copy(wanted, self._target.key, ((at, *change.key) for at, change in enumerate(changes)))
        before = dict(self._stored(wanted, lock=True))
        standing = [self._standing(change, before.get(at)) for at, change in enumerate(changes)]
        outcomes: list[Outcome] = [each if isinstance(each, Error) else None for each in standing]
        good = [at for at, outcome in enumerate(outcomes) if outcome is None]
        patches = [
            self._writer.patched(change, record)
            for change, record in zip(changes, standing, strict=True)
            if not isinstance(record, Error)
        ]
        if not patches:
            return outcomes
        names = tuple(patches[0])
        staged = self._fresh_name("tally_rows")
        values = [f"tally_v{at}" for at in range(len(names))]
        self._stage_like(staged, self._target.key, dict(zip(values, names, strict=True)))
        rows = ((at, *changes[at].key, *patch.values()) for at, patch in zip(good, patches, strict=True))
        self._copy(staged, (*self._target.key, *values), rows)
        _, count = self._statements.run(("staged update", names), lambda: self._assign(staged, names, values))
        after = dict(self._stored(staged))
        if count != len(good) or len(after) != len(good):
            raise Partial
        for at in good:
            outcomes[at] = after[at]
        return outcomes

    def _standing(self, change: Change, row: bytes | None) -> Raw | Error:
        """Give the decoded row that an update may change, or what speaks against it."""
        if row is None:
            return Absent("there is no such row", place=change.place)
        try:
            return self._writer.compare(change, row)
        except (Absent, Stale) as error:
            return error

    def _stage_like(self, staged: str, key: Sequence[str], values: dict[str, str] | None = None) -> None:
        """Make a staging table with a count, the key, and columns typed like those of the real table."""
        columns = [f"0 AS {quote_name(self._count)}", *map(quote_name, key)]
        columns += [f"{quote_name(like)} AS {quote_name(name)}" for name, like in (values or {}).items()]
        self._do(
            "CREATE TEMP TABLE",
            quote_name(staged),
            "ON COMMIT DROP AS SELECT",
            ", ".join(columns),
            "FROM",
            self._real,
            "WITH NO DATA",
        )

    def _copy(self, staged: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        columns = ", ".join(map(quote_name, (self._count, *names)))
        with self._statements.cursor.copy(f"COPY {self._staged(staged)} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def _stored(self, staged: str, *, lock: bool = False) -> list[tuple[int, bytes]]:
        """Read the real rows that the staged keys name, in the order in which they were staged."""
        rows, _ = self._statements.run(("staged", staged, lock), lambda: self._select(staged, lock=lock))
        return list(zip((row[-1] for row in rows), self._target.reader.encode_all(rows), strict=True))

    def _select(self, staged: str, *, lock: bool) -> Any:
        stage, joined = self._stage(staged)
        count, real = stage.c[self._count], self._shape.table
        statement = select(*self._target.reader.selected(), count).select_from(real.join(stage, joined)).order_by(count)
        return statement.with_for_update(of=real) if lock else statement

    def _assign(self, staged: str, names: Sequence[str], values: Sequence[str]) -> Any:
        stage, joined = self._stage(staged, values)
        assigned: dict[Any, Any] = {
            self._shape.table.c[name]: stage.c[value] for name, value in zip(names, values, strict=True)
        }
        return update(self._shape.table).values(assigned).where(joined)

    def _stage(self, staged: str, values: Sequence[str] = ()) -> tuple[Table, Any]:
        """Give a staging table for statements, and the condition that joins it to the real one."""
        names = (self._count, *self._target.key, *values)
        columns = [Column(quoted_name(name, quote=True), NullType()) for name in names]
        stage = Table(quoted_name(staged, quote=True), MetaData(), *columns, schema="pg_temp")
        return stage, and_(*(self._shape.table.c[name] == stage.c[name] for name in self._target.key))

    def _alter(self, staged: str, name: str, action: str) -> None:
        self._do("ALTER TABLE", self._staged(staged), "ALTER COLUMN", quote_name(name), action)

    def _staged(self, name: str) -> str:
        return f"pg_temp.{quote_name(name)}"

    def _do(self, *words: str) -> None:
        """Run a statement put together from fixed words and quoted names."""
        self._statements.cursor.execute(" ".join(words))

    def _fresh_name(self, name: str) -> str:
        return _fresh(name, {self._shape.name})


def _fresh(name: str, taken: Iterable[str]) -> str:
    known = set(taken)
    while name in known:
        name += "_"
    return name
